"""Is a training step the forward pass, both gradients and the updates, with exact counts?"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from accelsim.errors import InputError, UsageError
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.optimizers import OPTIMIZERS, optimizer_of
from accelsim.workload.training import training_step
from accelsim.workload.training_updates import Storage

FULL = Fraction(32)


def stored_in(bits: int) -> Storage:
    """Everything stored in ``bits``, states in 32."""
    width = Fraction(bits)
    return Storage(FULL, lambda layer: ((layer.weight_elements, width), (layer.parameters, width)))


def step(network: Network, optimizer: str = "adam", bits: int = 32) -> Network:
    """One step of training."""
    return training_step(network, OPTIMIZERS[optimizer], stored_in(bits))


def loaded(folder: Path, text: str, **options: object) -> Network:
    """The network of a workload file."""
    path = folder / "net.yaml"
    path.write_text(text)
    return load_workload(str(path), **options)  # type: ignore[arg-type]


MLP = """
name: mlp
input: {channels: 20}
layers:
  - {name: one, kind: linear, out: 12, activation: relu}
  - {name: two, kind: linear, out: 5}
"""


def test_a_network_of_two_layers_by_hand(tmp_path):
    made = step(loaded(tmp_path, MLP, batch=7))
    assert [layer.name for layer in made.layers] == [
        "one", "two", "loss", "two.dX", "two.dW", "one.dW", "one.update", "two.update",
    ]  # fmt: skip
    inputs = {layer.name: layer.inputs for layer in made.layers}
    assert inputs["two.dX"] == ("loss",)
    assert inputs["two.dW"] == ("one", "loss")
    assert inputs["one.dW"] == ("input", "two.dX")
    assert inputs["two.update"] == ("two.dW",)
    macs = {layer.name: layer.macs for layer in made.layers if layer.macs}
    one, two = 7 * 20 * 12, 7 * 12 * 5
    assert macs == {"one": one, "two": two, "two.dX": two, "two.dW": two, "one.dW": one}
    assert made["two.dX"].shape.extents | {"B": 7, "K": 12, "C": 5} == made["two.dX"].shape.extents
    assert made["one.dW"].output_elements == 20 * 12
    assert dict(made["one.dW"].vector_ops) == {"add": 2 * 7 * 12, "compare": 2 * 7 * 12}
    assert made.parameters == 20 * 12 + 12 + 12 * 5 + 5


@pytest.mark.parametrize(("optimizer", "states", "ops"), [("sgd", 0, 2), ("momentum", 1, 4), ("adam", 2, 12)])
def test_updates_pass_every_state_once_each_way(tmp_path, optimizer, states, ops):
    """With fp32 weights: the weights and each state are read and written; nothing else is kept."""
    made = step(loaded(tmp_path, MLP), optimizer)
    count = 20 * 12 + 12
    update = made["one.update"]
    assert update.input_elements == count
    moved = {side: sum(one.words * one.bits for one in update.extra if one.operand == side) for side in "IO"}
    assert moved == {"I": (states + 1) * count * 32, "O": (states + 1) * count * 32}
    assert sum(count for _, count in update.vector_ops) == ops * count
    assert made.state_bits == states * made.parameters * 32


def test_narrow_weights_have_a_master_copy(tmp_path):
    """With 16-bit weights: states and master copy are read and written, the narrow weights written besides."""
    made = step(loaded(tmp_path, MLP), "adam", bits=16)
    count = 20 * 12 + 12
    moved = {
        side: sum(one.words * one.bits for one in made["one.update"].extra if one.operand == side) for side in "IO"
    }
    assert moved == {"I": 3 * count * 32, "O": 3 * count * 32 + count * 16}
    assert made.state_bits == 3 * made.parameters * 32


def test_a_shortcut_adds_gradients_where_it_forks(tmp_path):
    made = step(
        loaded(
            tmp_path,
            """
name: fork
input: {channels: 4, height: 6, width: 6}
layers:
  - {name: stem, kind: conv, out: 4, kernel: 3, pad: 1}
  - {name: conv, kind: conv, out: 4, kernel: 3, pad: 1}
  - {name: add, kind: add, input: [conv, stem]}
  - {name: pool, kind: global_average_pool}
""",
        )
    )
    assert [layer.name for layer in made.layers if layer.name.startswith("stem")] == [
        "stem", "stem.grad", "stem.dW", "stem.update",
    ]  # fmt: skip
    assert set(made["stem.grad"].inputs) == {"conv.dX", "pool.d"}
    assert made["stem.grad"].vector_ops == (("add", 4 * 36),)
    assert made["conv.dW"].inputs == ("stem", "pool.d")
    assert made.macs == 3 * 2 * 36 * 4 * 4 * 9 - 36 * 4 * 4 * 9


def test_strided_convolutions_have_a_gradient_per_phase(tmp_path):
    made = step(
        loaded(
            tmp_path,
            """
name: strided
input: {channels: 3, height: 9, width: 9}
layers:
  - {name: one, kind: conv, out: 4, kernel: 3, pad: 1}
  - {name: two, kind: conv, out: 4, kernel: 2, stride: 3}
""",
        )
    )
    phases = [layer for layer in made.layers if layer.name.startswith("two.dX")]
    assert [layer.name for layer in phases] == ["two.dX.0", "two.dX.1", "two.dX.2", "two.dX.3", "two.dX.empty"]
    assert sum(layer.output_elements for layer in phases) == made["one"].output_elements
    assert sum(layer.macs for layer in phases) == made["two"].macs
    assert made["one.dW"].inputs == ("input", *(layer.name for layer in phases))


def test_a_product_of_activations_has_two_gradients_and_no_update(tmp_path):
    made = step(
        loaded(
            tmp_path,
            """
name: attention
input: {channels: 8, tokens: 5}
layers:
  - {name: core, kind: attention, heads: 2}
""",
        )
    )
    assert made["core.scores.dX"].inputs[-1] == "core.k_proj"
    assert made["core.scores.dX"].second_operand == "activation"
    assert made["core.k_proj.dW"].inputs[-1] == "core.scores.dW"
    assert made["core.softmax.d"].inputs == ("core.attend.dX", "core.softmax")
    assert "core.scores.update" not in {layer.name for layer in made.layers}
    forward = {layer.name: layer.macs for layer in made.layers if layer.name.count(".") == 1}
    first = sum(forward[f"core.{name}_proj"] for name in "qkv")
    assert made.macs == 3 * sum(forward.values()) - first


def test_a_decoder_costs_three_forward_passes_and_keeps_every_repeat(tmp_path):
    text = """
name: small
transformer: {hidden: 16, intermediate: 24, layers: 3, heads: 4, kv_heads: 2, vocabulary: 11, TIED}
"""
    path = tmp_path / "small.yaml"
    path.write_text(text.replace("TIED", "tied_embeddings: true"))
    forward = load_workload(f"{path}/prefill", tokens=9, all_logits=True)
    made = step(forward)
    assert made.macs == 3 * forward.macs
    assert {layer.repeat for layer in made.layers} == {1}
    assert {layer.output_role for layer in made.layers} == {"activation"}
    assert "layers.2.scores.dX" in {layer.name for layer in made.layers}
    assert "embed_tokens.update" not in {layer.name for layer in made.layers}, "tied to the head"
    assert made.state_bits == 2 * 32 * forward.parameters
    assert made.parameters == forward.parameters
    with pytest.raises(InputError, match="decode step"):
        step(load_workload(f"{path}/decode"))


@pytest.mark.parametrize("name", ["resnet8", "ds-cnn", "mobilenetv1-0.25", "autoencoder", "resnet18"])
def test_shipped_networks(name):
    """Every parameter is updated, and gradients by weights cost what the forward pass does."""
    forward = load_workload(name)
    made = step(forward)
    assert sum(layer.macs for layer in made.layers if layer.name.endswith(".dW")) == forward.macs
    assert sum(layer.input_elements for layer in made.layers if layer.name.endswith(".update")) == forward.parameters
    inner = sum(layer.macs for layer in made.layers if ".dX" in layer.name)
    first = next(layer for layer in forward.layers if layer.shape)
    assert inner == pytest.approx(forward.macs - first.macs, rel=0.1)


def test_unknown_optimizer():
    with pytest.raises(UsageError, match="did you mean adam"):
        optimizer_of("adan")


def test_reused_weights_are_stored_once():
    layer = Layer("x", "linear", load_workload("autoencoder")["encoder.1"].shape, reuses_weights=True)
    assert layer.weight_elements == 0
    assert layer.macs == 640 * 128
