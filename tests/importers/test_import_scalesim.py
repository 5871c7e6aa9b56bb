"""Does a SCALE-Sim topology give the layers that SCALE-Sim computes, and is a broken one refused at its line?"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import accelsim as sim
from accelsim.errors import InputError
from accelsim.workload.importers.peers import ImportedWorkload
from accelsim.workload.importers.scalesim import read_topology

LAYERS = list(csv.DictReader((Path(__file__).parent / "data" / "scalesim_layers.csv").read_text().splitlines()))
CONV = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
GEMM = "Layer,M,N,K,"
COLUMNS = ("ifmap_h", "ifmap_w", "filter_h", "filter_w", "channels", "num_filter", "stride")


def topology(folder: Path, *lines: str) -> Path:
    path = folder / "net.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def written_back(imported: ImportedWorkload, folder: Path) -> sim.Network:
    path = folder / "net.yaml"
    path.write_text(imported.text(), encoding="utf-8")
    return sim.load_workload(path)


@pytest.mark.parametrize("comma", [",", ""])
def test_convolutions_are_those_that_scale_sim_computes(tmp_path: Path, comma: str) -> None:
    rows = [row for row in LAYERS if row["kind"] == "conv"]
    lines = [f"L{n}, {', '.join(row[column] for column in COLUMNS)}{comma}" for n, row in enumerate(rows)]
    imported = read_topology(topology(tmp_path, CONV, *lines))
    for layer, row in zip(imported.network().layers, rows, strict=True):
        shape = layer.shape
        assert shape is not None
        computed = (shape.OY * shape.OX, shape.K, shape.C * shape.FY * shape.FX)
        assert computed == tuple(int(row[extent]) for extent in "MNK")
        assert layer.macs == int(row["M"]) * int(row["N"]) * int(row["K"])
        assert layer.input_elements == int(row["ifmap_h"]) * int(row["ifmap_w"]) * int(row["channels"])
    assert len(rows) > 10
    assert written_back(imported, tmp_path).layers == imported.network().layers


@pytest.mark.parametrize("comma", [",", ""])
def test_matrix_products_are_those_that_scale_sim_computes(tmp_path: Path, comma: str) -> None:
    rows = [row for row in LAYERS if row["kind"] == "gemm"]
    lines = [f"L{n},{row['M']},{row['N']},{row['K']}{comma}" for n, row in enumerate(rows)]
    path = topology(tmp_path, GEMM, *lines)
    network = sim.load_workload(path)
    assert [layer.macs for layer in network.layers] == [int(row["M"]) * int(row["N"]) * int(row["K"]) for row in rows]
    assert len(rows) > 10
    assert written_back(read_topology(path), tmp_path).layers == network.layers


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.integers(1, 8), st.integers(1, 5)
)
def test_outputs_are_the_ceiling_that_scale_sim_takes(
    tmp_path_factory: pytest.TempPathFactory,
    height: int,
    width: int,
    rows: int,
    columns: int,
    channels: int,
    stride: int,
) -> None:
    """Every position of the input that a window can start at is one, the last window may reach beyond the input."""
    rows, columns = min(rows, height), min(columns, width)
    line = f"L,{height},{width},{rows},{columns},{channels},3,{stride}"
    layer = sim.load_workload(topology(tmp_path_factory.mktemp("t"), CONV, line)).layers[0]
    assert layer.shape is not None
    for outputs, size, taps in ((layer.shape.OY, height, rows), (layer.shape.OX, width, columns)):
        assert (outputs - 1) * stride + taps >= size  # SCALE-Sim leaves nothing at the end unread
        assert outputs == 1 or (outputs - 2) * stride + taps < size
    assert layer.input_elements == height * width * channels


def test_a_name_with_dp_is_depthwise(tmp_path: Path) -> None:
    """SCALE-Sim makes one layer of one channel for each: 64 of 14 x 14 inputs, 3 x 3 taps, 12 x 12 outputs."""
    network = sim.load_workload(topology(tmp_path, CONV, "DP_1,14,14,3,3,64,1,1,", "PW,14,14,3,3,64,1,1,"))
    depthwise, plain = network.layers
    assert (depthwise.kind, plain.kind) == ("depthwise", "conv")
    assert depthwise.macs == 64 * 12 * 12 * 9
    assert depthwise.output_elements == 64 * plain.output_elements == 64 * 144


def test_layers_keep_their_order_and_get_names_of_their_own(tmp_path: Path) -> None:
    path = topology(tmp_path, GEMM, "Test 1,2,3,4,", "", "QK,5,6,7,", ",,,", "QK,8,9,10,")
    imported = read_topology(path)
    assert [layer.name for layer in imported.network().layers] == ["Test_1", "QK", "QK-2"]
    assert imported.remarks == ("layer 'Test 1' is called Test_1.", "layer 'QK' is called QK-2.")
    assert [layer.inputs for layer in imported.network().layers] == [("input",)] * 3


def test_batch_multiplies_the_macs(tmp_path: Path) -> None:
    path = topology(tmp_path, CONV, "a,8,8,3,3,4,5,1,")
    assert sim.load_workload(path, batch=3).macs == 3 * sim.load_workload(path).macs


def test_dense_sparsity_columns_change_nothing(tmp_path: Path) -> None:
    plain = sim.load_workload(topology(tmp_path, GEMM, "a,2,3,4,")).macs
    assert sim.load_workload(topology(tmp_path, "Layer,M,N,K,Sparsity,", "a,2,3,4,1:1,", "b,2,3,4,")).macs == 2 * plain


ROW = "a,8,8,3,3,4,5,1,"
BROKEN = {
    "no header": ([ROW], "net.csv:1", "must be a header"),
    "nothing": ([""], "net.csv", "it is empty"),
    "no layers": ([CONV], "net.csv", "at least one layer"),
    "missing column": ([CONV.replace(" Channels,", ""), "a,8,8,3,3,5,1,"], "net.csv:1", "have a column 'Channels'"),
    "unknown column": ([CONV + "Paddings,", "a,8,8,3,3,4,5,1,0,"], "net.csv:1", "'Paddings', is not a column"),
    "misspelled column": ([CONV.replace("Channels", "Chanels"), ROW], "net.csv:1", "did you mean Channels?"),
    "column twice": ([GEMM + "M,", "a,1,2,3,4,"], "net.csv:1", "'M' stands twice"),
    "both kinds": ([GEMM + "Channels,", "a,1,2,3,4,"], "net.csv:1", "not both"),
    "short row": ([CONV, "", "Recommendation,"], "net.csv:3", "must have 8 values"),
    "long row": ([CONV, "a,8,8,3,3,4,5,1,NPU,"], "net.csv:2", "this has 10"),
    "zero stride": ([CONV, "a,8,8,3,3,4,5,0,"], "net.csv:2: Strides of a", "from 1 to"),
    "word": ([CONV, "a,eight,8,3,3,4,5,1,"], "net.csv:2: IFMAP Height of a", "got 'eight'"),
    "fraction": ([GEMM, "a,1.5,2,3,"], "net.csv:2: M of a", "got '1.5'"),
    "negative": ([GEMM, "a,1,-2,3,"], "net.csv:2: N of a", "got '-2'"),
    "nothing there": ([GEMM, "a,1,,3,"], "net.csv:2: N of a", "got ''"),
    "other digits": ([GEMM, "a,1,\u0662,3,"], "net.csv:2: N of a", "must be a whole number"),
    "huge": ([GEMM, f"a,1,{10**30},3,"], "net.csv:2: N of a", "must be a whole number"),
    "too many products": ([GEMM, f"a,{10**9},{10**9},{10**9},"], "net.csv:2", "must multiply to at most"),
    "large filter": ([CONV, ROW, "b,8,8,3,9,4,5,1,"], "net.csv:3: Filter Width of b", "at most the input's width, 8"),
    "no name": ([GEMM, ",1,2,3,"], "net.csv:2: Layer", "must be a name"),
    "sparse": (["Layer,M,N,K,Sparsity", "a,1,2,3,2:4"], "net.csv:2: Sparsity of a", "must be dense"),
    "wrong sparsity": (["Layer,M,N,K,Sparsity", "a,1,2,3,half"], "net.csv:2: Sparsity of a", "N:M"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_topology_is_refused_at_its_line(tmp_path: Path, name: str) -> None:
    lines, where, message = BROKEN[name]
    with pytest.raises(InputError) as caught:
        sim.load_workload(topology(tmp_path, *lines))
    assert str(caught.value.where).startswith(str(tmp_path / where))
    assert message in caught.value.message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.csv"
    path.write_bytes(b"Layer,M,N,K\n\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8 text"):
        sim.load_workload(path)
    with pytest.raises(InputError, match="has no phases"):
        sim.load_workload(f"{topology(tmp_path, GEMM, 'a,1,2,3')}/decode")
    with pytest.raises(InputError, match="'context' is not an option"):
        sim.load_workload(path.parent / "net.csv", context=3)
