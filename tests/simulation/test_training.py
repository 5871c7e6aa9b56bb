"""What does a training step cost on a chip: traffic of the optimizer, memory of the stash, formats of both passes?"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError, UsageError
from accelsim.scheme import parse_scheme
from accelsim.simulation.estimate import estimate
from accelsim.simulation.training import Training

CHIP = "horowitz-45nm"
MLP = """
name: mlp
input: {channels: 20}
layers:
  - {name: one, kind: linear, out: 12, activation: relu}
  - {name: two, kind: linear, out: 5}
"""
ONE, TWO = 20 * 12 + 12, 12 * 5 + 5


@pytest.fixture
def mlp(tmp_path: Path) -> str:
    path = tmp_path / "mlp.yaml"
    path.write_text(MLP)
    return str(path)


@pytest.mark.parametrize(("optimizer", "states"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_optimizer_traffic_by_hand(mlp, optimizer, states):
    result = estimate(mlp, CHIP, "fp32", pass_="training", training=Training(optimizer), on_chip=False)
    update = result.layer("one.update")
    assert update.bits_of("DRAM", "read") == (states + 1) * ONE * 32 + ONE * 32, "and the gradient"
    assert update.bits_of("DRAM", "update") == (states + 1) * ONE * 32
    assert result.memory.state_bytes == states * (ONE + TWO) * 4
    assert result.memory.weight_bytes == (ONE + TWO) * 4


def test_low_precision_keeps_a_master_copy(mlp):
    result = estimate(mlp, CHIP, "fp16", pass_="training", on_chip=False)
    update = result.layer("one.update")
    assert update.bits_of("DRAM", "read") == 3 * ONE * 32 + ONE * 32
    assert update.bits_of("DRAM", "update") == 3 * ONE * 32 + ONE * 16
    assert result.memory.state_bytes == 3 * (ONE + TWO) * 4
    assert result.layer("one.dW").formats.output.name == "fp32"
    assert result.layer("two.dX").formats.output.name == "fp16"


def test_gradients_and_states_may_be_narrower(mlp):
    how = Training("momentum", gradients="bf16", states="bf16")
    result = estimate(mlp, CHIP, "fp32", pass_="training", training=how, on_chip=False)
    assert result.layer("one.update").bits_of("DRAM", "read") == ONE * (16 + 16 + 16)
    assert result.layer("one.dW").formats.output.name == "bf16"


def test_the_stash_is_memory(tmp_path):
    """Of ten equal layers, forward keeps one activation and training ten."""
    path = tmp_path / "deep.yaml"
    layers = "".join(f"  - {{name: l{place}, kind: linear, out: 64, bias: false}}\n" for place in range(10))
    path.write_text(f"name: deep\ninput: {{channels: 64}}\nlayers:\n{layers}")
    forward = estimate(path, CHIP, "fp32")
    stash = estimate(path, CHIP, "fp32", pass_="training", training=Training("sgd"))
    assert forward.memory.activation_bytes == 2 * 64 * 4
    gradients = 10 * 64 * 64 * 4
    assert stash.memory.activation_bytes >= gradients
    widest = estimate(path, CHIP, "fp32", pass_="training", training=Training("sgd"), on_chip=False)
    assert widest.memory.activation_bytes == stash.memory.activation_bytes
    alive = stash.residency.alive_bits
    places = {one.layer.name: place for place, one in enumerate(stash.layers)}
    assert alive[places["loss"]] / 8 == (1 + 10 + 1) * 64 * 4, "the input, all outputs, and the loss's gradient"


def test_formats_of_a_layer_are_those_of_its_gradients(tmp_path, mlp):
    scheme = tmp_path / "mixed.yaml"
    scheme.write_text(
        "name: mixed\nweights: int8\nactivations: int8\nlayers:\n  two: {weights: fp16, activations: fp16}\n"
    )
    result = estimate(mlp, CHIP, parse_scheme(scheme), pass_="training")
    for name in ("two", "two.dX", "two.dW"):
        assert result.layer(name).formats.compute_input.name == "fp16", name
    for name in ("one", "one.dW"):
        assert result.layer(name).formats.compute_input.name == "int8", name


def test_macs_are_three_forward_passes_less_the_first_input_gradient():
    forward = estimate("resnet8", CHIP, "int8", mapping="heuristic")
    training = estimate("resnet8", CHIP, "int8", pass_="training", mapping="heuristic")
    stem = forward.layer("conv").layer.macs
    assert training.macs == 3 * forward.macs - stem
    assert training.energy_pj > 2.5 * forward.energy_pj
    assert training.network.title == "ResNet-8, training step"


def test_refusals(mlp):
    with pytest.raises(UsageError, match="did you mean training"):
        estimate(mlp, CHIP, pass_="trainig")
    with pytest.raises(UsageError, match="change from pass to pass"):
        estimate(mlp, CHIP, pass_="training", keep_weights=True)
    with pytest.raises(InputError, match="bare float"):
        Training(states="int8")
    with pytest.raises(UsageError, match="optimizer must be one of"):
        Training("lion")
