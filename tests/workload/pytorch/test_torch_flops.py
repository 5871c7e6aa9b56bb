"""Are our multiply-accumulates half the FLOPs that PyTorch's own counter finds? It shares no code with us."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from torch_models import Bert, Llama, MobileNetV2, Tagger, resnet18

import accelsim as sim


class Calls(nn.Module):
    """A module that calls a function on its inputs and its own parameters."""

    def __init__(self, function, *shapes):
        super().__init__()
        self.function = function
        self.own = nn.ParameterList(nn.Parameter(torch.empty(shape)) for shape in shapes)

    def forward(self, *inputs):
        return self.function(*inputs, *self.own)


def flops(module, inputs):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(*inputs)
    return counter.get_total_flops()


def floats(*shapes):
    return tuple(torch.empty(shape) for shape in shapes)


def ids(*shape):
    return (torch.empty(shape, dtype=torch.long),)


MODULES = {
    "resnet18": (resnet18, lambda: floats((2, 3, 64, 64))),
    "mobilenetv2": (MobileNetV2, lambda: floats((1, 3, 96, 96))),
    "bert": (lambda: Bert(64, 4, 128, 2), lambda: ids(2, 9) * 2),
    "llama, products": (lambda: Llama(50, 64, 8, 2, 96, 2, style="matmul"), lambda: ids(2, 7)),
    "lstm, bidirectional": (Tagger, lambda: ids(3, 5)),
    "lstm, one sequence": (lambda: nn.LSTM(8, 16), lambda: floats((5, 8))),
    "gru": (lambda: nn.GRU(8, 16, bias=False, batch_first=True), lambda: floats((2, 5, 8))),
    "rnn": (lambda: nn.RNN(8, 16, 2), lambda: floats((5, 2, 8))),
    "lstm cell": (lambda: nn.LSTMCell(8, 16), lambda: floats((2, 8))),
    "self-attention": (lambda: nn.MultiheadAttention(64, 4), lambda: floats((5, 2, 64)) * 3),
    "cross-attention": (
        lambda: nn.MultiheadAttention(64, 4, kdim=32, vdim=48, batch_first=True),
        lambda: floats((2, 5, 64), (2, 7, 32), (2, 7, 48)),
    ),
    "transformer": (lambda: nn.Transformer(32, 4, 2, 1, 64, batch_first=True), lambda: floats((2, 5, 32), (2, 7, 32))),
    "addmm": (lambda: Calls(lambda x, w, b: torch.addmm(b, x, w), (8, 3), (3,)), lambda: floats((5, 8))),
    "weights on the left": (lambda: Calls(lambda x, w: w @ x, (3, 8)), lambda: floats((2, 8, 5))),
    "baddbmm": (lambda: Calls(torch.baddbmm), lambda: floats((2, 5, 4), (2, 5, 8), (2, 8, 4))),
    "broadcast": (lambda: Calls(torch.matmul), lambda: floats((3, 1, 5, 8), (2, 8, 4))),
    "einsum": (lambda: Calls(lambda x, w: torch.einsum("btd,dhk->bhtk", x, w), (8, 2, 4)), lambda: floats((2, 5, 8))),
    "einsum, ellipsis": (
        lambda: Calls(lambda x, y: torch.einsum("...id, ...jd -> ...ij", x, y)),
        lambda: floats((2, 3, 5, 4), (2, 3, 6, 4)),
    ),
    "tensordot": (
        lambda: Calls(lambda x, y: torch.tensordot(x, y, dims=([2, 1], [0, 1]))),
        lambda: floats((2, 5, 8), (8, 5, 4)),
    ),
    "masked attention": (
        lambda: Calls(lambda x, mask: functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)),
        lambda: floats((2, 4, 5, 8), (5, 5)),
    ),
    "attention of one head": (
        lambda: Calls(lambda x: functional.scaled_dot_product_attention(x, x, x)),
        lambda: floats((2, 5, 8)),
    ),
    "conv1d, same": (lambda: nn.Conv1d(4, 8, 4, padding="same", dilation=2), lambda: floats((2, 4, 11))),
    "conv3d": (lambda: nn.Conv3d(2, 4, 3, 2, 1), lambda: floats((2, 2, 8, 9, 10))),
    "conv, one image": (lambda: nn.Conv2d(4, 8, 3), lambda: floats((4, 7, 9))),
    "conv, reflected": (lambda: nn.Conv2d(4, 8, 3, padding=1, padding_mode="reflect"), lambda: floats((1, 4, 7, 9))),
    "transposed, U-Net": (lambda: nn.ConvTranspose2d(8, 4, 2, 2), lambda: floats((2, 8, 5, 6))),
    "transposed, DCGAN": (lambda: nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), lambda: floats((2, 8, 5, 6))),
    "transposed, grouped": (lambda: nn.ConvTranspose1d(8, 4, 2, 2, groups=2), lambda: floats((2, 8, 4))),
    "no gradient inside": (
        lambda: Calls(lambda x, w: torch.no_grad()(lambda y: 2 * y)(x) @ w, (4, 6)),
        lambda: floats((2, 4)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_macs_and_parameters_of_a_module(name):
    make, inputs = MODULES[name]
    with torch.device("meta"):
        module, example = make(), inputs()
        network = sim.from_torch(module, example, strict=True)
        assert 2 * network.macs == flops(module, example) > 0
    assert network.parameters == sum(parameter.numel() for parameter in module.parameters())


def test_experts_of_a_mixture_take_one_product_for_every_row_and_are_all_stored():
    rows, places = torch.empty(24, 16, dtype=torch.bfloat16), torch.zeros(8, dtype=torch.int32)
    module = Calls(lambda x, offsets, w: torch._grouped_mm(x, w, offsets), (8, 16, 32)).bfloat16()
    network = sim.from_torch(module, (rows, places), strict=True)
    assert network.macs == 24 * 16 * 32
    assert network.parameters == 8 * 16 * 32
    assert network.layers[0].unread_weights == 0
    few = sim.from_torch(module, (rows[:2], places))
    assert few.macs == 2 * 16 * 32
    assert few.layers[0].unread_weights == 6 * 16 * 32


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_convolution(data):
    axes = data.draw(st.sampled_from((1, 2, 2, 3)), "axes")
    groups = data.draw(st.integers(1, 3), "groups")
    before, after = (groups * data.draw(st.integers(1, 4), "channels") for _ in range(2))
    kernel, stride, dilation, pad = (
        tuple(data.draw(st.integers(least, most), what) for _ in range(axes))
        for what, least, most in (("kernel", 1, 4), ("stride", 1, 3), ("dilation", 1, 3), ("padding", 0, 2))
    )
    sizes = tuple(data.draw(st.integers(10, 14), "size") for _ in range(axes))
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    with torch.device("meta"):
        module = kind(before, after, kernel, stride, pad, dilation, groups, bias=data.draw(st.booleans(), "bias"))
        example = torch.empty((data.draw(st.integers(1, 3), "batch"), before, *sizes))
        network = sim.from_torch(module, example, strict=True)
        assert 2 * network.macs == flops(module, (example,))
        outputs = module(example).numel()
    (layer,) = network.layers
    assert layer.output_elements == outputs
    assert layer.input_elements == example.numel()
    assert layer.weight_elements + layer.parameters == sum(each.numel() for each in module.parameters())


@settings(max_examples=40, deadline=None)
@given(
    lead=st.lists(st.integers(1, 5), min_size=0, max_size=3),
    features=st.integers(1, 20),
    outputs=st.integers(1, 20),
    bias=st.booleans(),
)
def test_any_linear_layer(lead, features, outputs, bias):
    with torch.device("meta"):
        module, example = nn.Linear(features, outputs, bias=bias), torch.empty((*lead, features))
        (layer,) = sim.from_torch(module, example, strict=True).layers
        assert 2 * layer.macs == flops(module, (example,))
    assert layer.output_elements == example.numel() // features * outputs
    assert layer.weight_elements + layer.parameters == sum(each.numel() for each in module.parameters())
