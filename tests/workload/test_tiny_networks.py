"""Have the MLPerf Tiny networks the MACs, parameters and shapes of their reference models?"""

from __future__ import annotations

import pytest
from published import rows

from accelsim.workload.catalog import list_workloads, load_workload

FOLDED_AWAY = {"autoencoder"}
"""Networks whose batch norms leave no parameters: a linear layer has none to fold."""


@pytest.mark.parametrize("row", rows("mlperf_tiny"), ids=lambda row: row["model"])
def test_totals_are_those_of_the_reference_models(row):
    """Keras keeps four values a channel of a batch norm; two of them, running statistics, are not parameters."""
    network = load_workload(row["model"])
    not_ours = (4 if row["model"] in FOLDED_AWAY else 2) * int(row["norm_channels"])
    assert network.macs == int(row["macs"])
    assert network.macs == pytest.approx(float(row["macs_published"]), rel=2e-3)
    assert network.parameters + not_ours == int(row["parameters"])
    assert not network.uncounted


def shapes(name: str) -> dict[str, tuple[int, int, int]]:
    """Rows, columns and channels of the output of every convolution."""
    made = {layer.name: layer.shape for layer in load_workload(name).layers if layer.shape is not None}
    return {name: (shape.OY, shape.OX, shape.G * shape.K) for name, shape in made.items()}


def test_shapes_as_keras_pads_them():
    assert shapes("ds-cnn")["conv"] == shapes("ds-cnn")["blocks.4.pointwise"] == (25, 5, 64)
    assert shapes("resnet8")["stack3.shortcut"] == shapes("resnet8")["stack3.conv2"] == (8, 8, 64)
    halved = [
        rows for name, (rows, _, _) in shapes("mobilenetv1-0.25").items() if name == "conv" or "depthwise" in name
    ]
    assert halved == [48, 48, 24, 24, 12, 12, 6, 6, 6, 6, 6, 6, 3, 3]


def test_same_padding_puts_the_odd_row_behind():
    """Keras pads an even size for a stride of 2 by 0 before and 1 behind, an odd filter of 10 rows by 4 and 5."""
    first = load_workload("mobilenetv1-0.25")["conv"].shape
    assert first is not None
    assert first.y is not None
    assert (first.y.pad, first.y.size) == (0, 96)
    keywords = load_workload("ds-cnn")["conv"].shape
    assert keywords is not None
    assert keywords.y is not None
    assert keywords.x is not None
    assert (keywords.y.pad, keywords.x.pad) == (4, 1)


def test_they_are_listed():
    assert {row["model"] for row in rows("mlperf_tiny")} <= {entry.name for entry in list_workloads()}
