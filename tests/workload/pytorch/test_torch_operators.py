"""What do operators without products cost, read and write, counted by hand?"""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn
from torch.nn import functional

import accelsim as sim
from accelsim.workload.importers.pytorch import walk


class Calls(nn.Module):
    """A module that calls a function on its inputs."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def whole(function, *shapes):
    """Return vector operations, words read and words written by all layers of a function together."""
    module = function if isinstance(function, nn.Module) else Calls(function)
    network = sim.from_torch(module, tuple(torch.empty(shape) for shape in shapes), strict=True)
    counts: Counter[str] = Counter()
    for layer in network.layers:
        counts.update(dict(layer.vector_ops))
    assert network.macs == 0
    return (
        dict(counts),
        sum(one.input_elements for one in network.layers),
        sum(one.output_elements for one in network.layers),
    )


X = (2, 3, 7, 7)
WORDS = 2 * 3 * 49
EACH = {
    "max pool": (nn.MaxPool2d(3, 2, 1, return_indices=True), {"compare": 6 * 16 * 9}, 6 * 16),
    "average pool, rounded up": (nn.AvgPool2d(2, ceil_mode=True), {"add": 6 * 16 * 4, "multiply": 6 * 16}, 6 * 16),
    "adaptive average": (nn.AdaptiveAvgPool2d((2, 3)), {"add": 6 * 8 * 9, "multiply": 6 * 6}, 36),  # rows 4 + 4, 3 x 3
    "adaptive maximum": (nn.AdaptiveMaxPool2d((2, 3)), {"compare": 6 * 8 * 9}, 36),
    "global": (nn.AdaptiveMaxPool2d(1), {"compare": WORDS}, 6),
    "mean": (lambda x: x.mean((2, 3), keepdim=True), {"add": WORDS, "multiply": 6}, 6),
    "largest": (lambda x: x.max(-1)[0], {"compare": WORDS}, 42),
    "length": (lambda x: x.norm(dim=1), {"multiply": WORDS, "add": WORDS, "sqrt": 98}, 98),
    "running sum": (lambda x: x.cumsum(-1), {"add": WORDS}, WORDS),
    "three largest": (lambda x: x.topk(3)[0], {"compare": 2 * WORDS}, 6 * 7 * 3),
    "softmax": (
        lambda x: x.softmax(1),
        {"compare": WORDS, "add": 2 * WORDS, "exp": WORDS, "divide": WORDS},
        WORDS,
    ),
    "bilinear": (
        lambda x: functional.interpolate(x, (14, 14), mode="bilinear"),
        {"multiply": 16 * WORDS, "add": 16 * WORDS},
        4 * WORDS,
    ),
    "nearest": (lambda x: functional.interpolate(x, scale_factor=2), {}, 4 * WORDS),
    "relu6": (nn.ReLU6(), {"compare": 2 * WORDS}, WORDS),
    "clamp": (lambda x: x.clamp(min=1), {"compare": WORDS}, WORDS),
    "square": (lambda x: x**2, {"multiply": WORDS}, WORDS),
    "power": (lambda x: x**2.5, {"exp": 2 * WORDS, "multiply": WORDS}, WORDS),
    "division by a number": (lambda x: x / 3, {"multiply": WORDS}, WORDS),
    "masked": (lambda x: x.masked_fill(torch.ones(7, 7).tril() == 0, 0), {"compare": WORDS}, WORDS),
    "prelu": (nn.PReLU(3), {"compare": WORDS, "multiply": WORDS}, WORDS),
    "windows": (lambda x: functional.unfold(x, 2), {}, 6 * 4 * 36),
}  # fmt: skip


@pytest.mark.parametrize("name", EACH)
def test_one_layer(name):
    function, counts, written = EACH[name]
    assert whole(function, X) == (counts, WORDS, written)


def test_views_cost_nothing():
    def views(x, y):
        x = torch.roll(x.transpose(1, 2).reshape(2, 7, -1), 1, 2).view(2, 7, 3, 7).permute(0, 2, 1, 3)
        x = functional.dropout(x.contiguous(), training=False).chunk(3, 1)[0].double()
        return x.squeeze(1).unsqueeze(-1).expand(2, 7, 7, 4) + y

    assert whole(views, X, (2, 7, 7, 4)) == ({"add": 392}, 98 + 392, 392)
    assert whole(lambda x: functional.pad(x, (1, 1)) * 2, X) == ({"multiply": 6 * 7 * 9}, WORDS, 6 * 7 * 9)


def test_two_operands_are_both_read_and_a_broadcast_one_once():
    assert whole(torch.add, X, X) == ({"add": WORDS}, 2 * WORDS, WORDS)
    assert whole(torch.mul, X, (3, 1, 1)) == ({"multiply": WORDS}, WORDS + 3, WORDS)
    assert whole(lambda x, y: torch.add(x, y, alpha=2), X, X)[0] == {"add": WORDS, "multiply": WORDS}
    assert whole(lambda x, y: torch.addcmul(x, x, y, value=2), X, X)[0] == {"add": WORDS, "multiply": 2 * WORDS}
    assert whole(lambda x, y: torch.lerp(x, y, 0.5), X, X)[0] == {"add": 2 * WORDS, "multiply": WORDS}
    assert whole(lambda x, y: torch.where(x > y, x, y), X, X)[0] == {"compare": 2 * WORDS}


def test_complex_products_are_four_multiplies_and_two_adds_of_two_words_each():
    def rotate(x, y):
        return torch.view_as_real(torch.view_as_complex(x) * torch.view_as_complex(y))

    assert whole(rotate, (5, 4, 2), (4, 2)) == ({"multiply": 80, "add": 40}, 48, 40)


NORMS = {
    "group": (nn.GroupNorm(3, 6), 6, 2 * 49),
    "instance": (nn.InstanceNorm2d(6, affine=True), 12, 49),
    "batch without statistics": (nn.BatchNorm2d(6, track_running_stats=False), 6, 2 * 49),
    "layer": (nn.LayerNorm((7, 7)), 12, 49),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms_over_any_axes(name):
    norm, rows, width = NORMS[name]
    network = sim.from_torch(norm, torch.empty(2, 6, 7, 7))
    (layer,) = network.layers
    assert layer.kind == "norm"
    assert dict(layer.vector_ops) == {
        "add": rows * (4 * width + 1), "multiply": rows * (3 * width + 2), "sqrt": rows, "divide": rows
    }  # fmt: skip
    assert network.parameters == sum(parameter.numel() for parameter in norm.parameters())


def test_look_ups_read_rows():
    table, bag = nn.Embedding(50, 8), nn.EmbeddingBag(50, 8, mode="mean")
    ids = torch.zeros(2, 3, dtype=torch.long)
    (layer,) = sim.from_torch(table, ids).layers
    assert (layer.kind, layer.gathered_elements, layer.parameters, layer.row_elements) == ("embedding", 48, 400, 8)
    rows, mean = sim.from_torch(bag, ids).layers
    assert (rows.gathered_elements, mean.output_elements) == (48, 16)
    assert dict(mean.vector_ops) == {"add": 48, "multiply": 16}
    chosen = sim.from_torch(Calls(lambda x, places: x[places]), (torch.empty(9, 4), ids))
    assert (chosen.layers[0].input_elements, chosen.layers[0].output_elements) == (24 + 6, 24)


def test_a_rotation_is_one_layer_only_if_nobody_reads_its_pieces():
    def rotate(x, read=False):
        half = torch.cat((-x[..., 4:], x[..., :4]), -1)
        made = x * torch.ones(8).cos() + half * torch.ones(8).sin()
        return (made, half) if read else made

    assert whole(rotate, (2, 5, 8)) == ({"multiply": 160, "add": 80}, 80, 80)
    in_pieces = whole(lambda x: rotate(x, read=True), (2, 5, 8))
    assert in_pieces == ({"multiply": 160, "add": 80}, 40 + 80 + 80 + 160, 40 + 80 + 80 + 80)


def test_a_result_of_other_extents_than_torchs_is_not_believed(monkeypatch):
    monkeypatch.setitem(walk.OPERATORS, "relu", lambda call: call.first.like((1,)))
    network = sim.from_torch(Calls(lambda x: x.relu() * 2), torch.empty(4, 5))
    assert network.uncounted == ("aten.relu (its result has other extents than here) (1 of 2 operators, 50.0%)",)
    assert network.layers[0].output_elements == 20


def test_an_operator_with_other_arguments_than_known_is_not_counted(monkeypatch):
    monkeypatch.setitem(walk.OPERATORS, "relu", lambda call: call["slope"])
    network = sim.from_torch(Calls(lambda x: x.relu() * 2), torch.empty(4, 5))
    assert network.uncounted == ("aten.relu (in a form that is not known here) (1 of 2 operators, 50.0%)",)
