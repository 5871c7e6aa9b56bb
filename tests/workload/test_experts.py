"""Does a mixture of experts store all experts, multiply with the active ones and read the touched ones?"""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload.catalog import load_workload
from accelsim.workload.dimensions import Transformer
from accelsim.workload.experts import mixture, touched
from accelsim.workload.stream import Stream
from accelsim.workload.transformer import decode, prefill


@pytest.mark.parametrize(
    ("count", "active", "tokens"), [(4, 1, 3), (4, 2, 3), (5, 2, 2), (3, 3, 2), (8, 2, 2), (6, 1, 4)]
)
def test_touched_experts_are_the_mean_over_all_choices(count, active, tokens):
    choices = list(product(combinations(range(count), active), repeat=tokens))
    mean = sum(len(set().union(*chosen)) for chosen in choices) / len(choices)
    assert touched(count, active, tokens) == round(mean)


@given(count=st.integers(1, 300), data=st.data(), tokens=st.integers(1, 10**7))
def test_touched_experts_are_possible(count, data, tokens):
    active = data.draw(st.integers(1, count))
    found = touched(count, active, tokens)
    assert active <= found <= min(count, active * tokens)
    assert found <= touched(count, active, tokens + 1)
    assert touched(count, active, 1) == active
    assert touched(count, active, 10**9) == count


@given(
    count=st.integers(1, 12), data=st.data(), tokens=st.integers(1, 30), batch=st.integers(1, 5), gated=st.booleans()
)
def test_stored_multiplied_and_read(count, data, tokens, batch, gated):
    active = data.draw(st.integers(1, count))
    source = Stream(("x",), 6, tokens=tokens, batch=batch)
    layers = {layer.name: layer for layer in mixture("", source, 10, count, active, "silu", gated).layers}
    experts = [layer for name, layer in layers.items() if name.endswith("_proj")]
    assert len(experts) == 2 + gated
    read = touched(count, active, tokens * batch)
    for layer in experts:
        assert layer.weight_elements == count * 60
        assert layer.shape.words("W") == read * 60
        assert layer.macs == tokens * batch * active * 60
        assert read == layer.shape.G
        assert 0 <= layer.shape.G * layer.shape.B - tokens * batch * active < layer.shape.G
    assert layers["router"].macs == tokens * batch * 6 * count
    assert dict(layers["expert_sum"].vector_ops) == dict.fromkeys(("multiply", "add"), tokens * batch * active * 6)
    assert layers["expert_sum"].output_elements == source.elements


def test_one_expert_of_one_is_an_mlp_behind_a_router():
    sizes = {"hidden": 8, "intermediate": 20, "layers": 3, "heads": 4, "vocabulary": 50}
    plain, mixed = prefill(Transformer(**sizes)), prefill(Transformer(**sizes, experts=1, experts_per_token=1))
    router = 3 * 8
    assert mixed.parameters == plain.parameters + router
    assert mixed.macs == plain.macs + router * 2048
    for name in ("up_proj", "gate_proj", "down_proj"):
        assert mixed[f"layers.expert_{name}"].shape == plain[f"layers.{name}"].shape


@pytest.mark.parametrize(("batch", "experts"), [(1, 2), (2, 4), (4, 5), (8, 7), (16, 8), (512, 8)])
def test_mixtral_reads_more_experts_as_the_batch_grows(batch, experts):
    network = load_workload("mixtral-8x7b/decode", batch=batch)
    layer = network["layers.expert_up_proj"]
    assert layer.shape.words("W") == experts * 4096 * 14336
    assert network.parameters == 46_702_792_704
    assert network.macs == batch * load_workload("mixtral-8x7b/decode").macs


SMALL = {"hidden": 8, "intermediate": 20, "layers": 3, "heads": 4, "vocabulary": 50, "rotary": 2}
KINDS = {
    "plain": {},
    "experts": {"experts": 4, "experts_per_token": 2},
    "window": {"window": 10**6},
    "parallel": {"parallel": True, "norm": "layer", "gated": False},
}


@pytest.mark.parametrize("kind", KINDS)
@given(context=st.integers(1, 10**5), step=st.integers(1, 10**5), batch=st.integers(1, 9))
def test_a_decode_step_is_affine_in_its_context(kind, context, step, batch):
    """What closed forms over growing contexts rest on: equal steps of context change every extent equally."""
    model = Transformer(**SMALL | KINDS[kind])
    one, two, three = (decode(model, batch, context + step * times) for times in range(3))
    for layers in zip(one.layers, two.layers, three.layers, strict=True):
        numbers = [[*layer.shape.extents.values(), layer.macs] if layer.shape else [] for layer in layers]
        for values, layer in zip(numbers, layers, strict=True):
            values += [layer.input_elements, layer.output_elements, sum(count for _, count in layer.vector_ops)]
        assert all(b - a == c - b for a, b, c in zip(*numbers, strict=True))
        assert len({(layer.name, layer.repeat, layer.inputs, layer.weight_elements) for layer in layers}) == 1


def test_beyond_its_window_a_decode_step_is_constant():
    model = Transformer(**SMALL, window=7)
    assert decode(model, context=7).layers == decode(model, context=8).layers == decode(model, context=10**9).layers
    assert decode(model, context=6).layers != decode(model, context=7).layers
    assert decode(model, context=100).kv_tokens == 7


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"experts": 4}, "experts_per_token: must be 1 to the 4 experts; got 0."),
        ({"experts": 4, "experts_per_token": 5}, "experts_per_token: must be 1 to the 4 experts; got 5."),
        ({"experts_per_token": 1}, "experts_per_token: must be 1 to the 0 experts; got 1."),
        ({"experts": 4, "experts_per_token": 1, "mlp_bias": True}, "mlp_bias: must be false"),
    ],
)
def test_a_wrong_mixture_cannot_exist(change, sentence):
    with pytest.raises(InputError, match=sentence):
        Transformer(**SMALL | change)
