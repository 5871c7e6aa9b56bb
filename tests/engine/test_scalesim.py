"""Does the report equal SCALE-Sim's on what it printed, to the last bit, and is the default one free of its slips?

``data/scalesim_calc.csv`` and ``data/scalesim_user.csv`` are what SCALE-Sim 3.0.0 printed on its own topologies
and on synthetic layers, in its CALC and USER modes; each row names its source.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import accelsim as sim
from accelsim.cli import run
from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.scalesim.reading import SETS, distinct_words, flushes
from accelsim.engine.scalesim.report import report_columns
from accelsim.errors import InputError, UsageError
from accelsim.hardware.importers.scalesim import read_config
from accelsim.hardware.importers.scalesim_machine import Machine
from accelsim.workload.importers.scalesim_layer import TopologyLayer

DATA = Path(__file__).parent / "data"
ROWS = [
    row for name in ("calc", "user") for row in csv.DictReader((DATA / f"scalesim_{name}.csv").read_text().splitlines())
]
REPORTED = list(ROWS[0])[list(ROWS[0]).index("Total Cycles (incl. prefetch)") :]
SHAPE = ("ifmap_h", "ifmap_w", "filter_h", "filter_w", "channels", "num_filter")


def layer_of(row: dict[str, str]) -> TopologyLayer:
    if row["kind"] == "gemm":
        return TopologyLayer.product(row["layer"], *(int(row[extent]) for extent in "MNK"))
    stride = int(float(row["stride"]))
    return TopologyLayer(row["layer"], *(int(float(row[column])) for column in SHAPE), (stride, stride))


def machine_of(row: dict[str, str]) -> Machine:
    numbers = [int(row[column]) for column in ("ifmap_sram_kb", "filter_sram_kb", "ofmap_sram_kb")]
    words = [int(row[column]) for column in ("ifmap_sram_bank_bw", "filter_sram_bank_bw", "bandwidth")]
    array = int(row["array_rows"]), int(row["array_cols"]), row["dataflow"]
    return Machine(*array, *numbers, row["interface_bandwidth"], *words)


def test_every_column_of_every_row_is_scale_sims() -> None:
    different = []
    for number, row in enumerate(ROWS):
        found = report_columns([layer_of(row)], machine_of(row), "scalesim")
        assert list(found) == REPORTED
        different += [
            (number, name, float(found[name][0]), row[name])
            for name in REPORTED
            if float(found[name][0]) != float(row[name])
        ]
    assert not different
    assert (len(ROWS), len(REPORTED)) == (131 + 53, 30)


@pytest.mark.parametrize("row", ROWS[::7], ids=lambda row: f"{row['layer']}-{row['dataflow']}-{row['array_rows']}")
def test_the_default_report_has_no_slips(row: dict[str, str]) -> None:
    layer, machine = layer_of(row), machine_of(row)
    found = {name: column[0] for name, column in report_columns([layer], machine).items()}
    theirs = {name: float(row[name]) for name in REPORTED}
    folding, (m, n, _) = Folding(layer, machine), layer.extents
    row_folds, column_folds = folding.folds
    assert found["Total Cycles"] == row_folds * column_folds * folding.fold_cycles + found["Stall Cycles"]
    if machine.mode == "CALC":
        assert (found["Total Cycles"], found["Stall Cycles"]) == (theirs["Total Cycles"] + 1, theirs["Stall Cycles"])
    assert found["SRAM OFMAP Writes"] == m * n * (1 if machine.dataflow == "os" else row_folds)
    assert found["DRAM OFMAP Writes"] == found["SRAM OFMAP Writes"]  # every word leaves once
    assert found["SRAM IFMAP Reads"] == theirs["SRAM IFMAP Reads"]
    assert found["DRAM IFMAP Reads"] == theirs["DRAM IFMAP Reads"]


LAYER = st.builds(
    lambda name, h, w, fh, fw, c, n, sy, sx: TopologyLayer(name, h, w, min(fh, h), min(fw, w), c, n, (sy, sx)),
    st.just("any"), st.integers(1, 14), st.integers(1, 14), st.integers(1, 4), st.integers(1, 4), st.integers(1, 9),
    st.integers(1, 40), st.integers(1, 3), st.integers(1, 3),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(LAYER, st.sampled_from(["ws", "os", "is"]), st.integers(1, 6), st.integers(1, 6))
def test_fill_and_flush_is_what_a_set_of_words_does(layer: TopologyLayer, flow: str, rows: int, columns: int) -> None:
    folding = Folding(layer, Machine(rows, columns, flow, 1, 1, 1))
    for operand in "IW":
        held: set[int] = set()
        words, last, every = 0, None, set()
        for cycles, addresses in folding.requests(operand):
            for cycle, address in zip(cycles.tolist(), addresses.tolist(), strict=True):
                every.add(address)
                if address not in held:
                    held.add(address)
                    words += 1
                    if len(held) == SETS * 10:
                        held, last = set(), cycle
        assert len(every) == distinct_words(folding, operand)
        assert flushes(folding, operand) == (last, words)


@settings(max_examples=60, deadline=None)
@given(LAYER, st.sampled_from(["ws", "os", "is"]), st.integers(1, 6), st.integers(1, 6))
def test_requests_are_as_many_as_reported(layer: TopologyLayer, flow: str, rows: int, columns: int) -> None:
    """Beyond the input nothing is asked for; SCALE-Sim counts it all the same."""
    machine = Machine(rows, columns, flow, 64, 64, 64)
    folding = Folding(layer, machine)
    found = report_columns([layer], machine)
    for operand, name in (("W", "SRAM Filter Reads"), ("I", "SRAM IFMAP Reads"), ("O", "SRAM OFMAP Writes")):
        asked = [len(addresses) for _, addresses in folding.requests(operand)]
        assert sum(asked) == found[name][0] or (operand == "I" and folding.beyond and sum(asked) < found[name][0])
        cycles = np.concatenate([cycles for cycles, _ in folding.requests(operand)])
        title = {"W": "SRAM Filter", "I": "SRAM IFMAP", "O": "SRAM OFMAP"}[operand]
        ends = found[f"{title} Start Cycle"][0], found[f"{title} Stop Cycle"][0]
        latency = operand != "O"
        assert (cycles.min() + latency, cycles.max() + latency) == ends


# ---- files ---------------------------------------------------------------------------------------

CONFIG = {
    "run_name": "example", "ArrayHeight": "8", "ArrayWidth": "4", "IfmapSramSzkB": "2", "FilterSramSzkB": "3",
    "OfmapSramSzkB": "4", "IfmapOffset": "0", "Dataflow": "ws", "Bandwidth": "5,6", "InterfaceBandwidth": "CALC",
    "SparsitySupport": "false", "IfmapSRAMBankBandwidth": "7", "FilterSRAMBankBandwidth": "9",
}  # fmt: skip
TOPOLOGY = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"


def config(folder: Path, **changes: str | None) -> Path:
    path = folder / "scale.cfg"
    entries = {**CONFIG, **changes}
    lines = [f"{key} : {value}" for key, value in entries.items() if value is not None]
    path.write_text("[general]\n# a remark\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_report_of_files(tmp_path: Path) -> None:
    topology = tmp_path / "net.csv"
    topology.write_text(f"{TOPOLOGY}\nconv,9,9,3,3,4,6,1,\nDP_1,9,9,3,3,3,1,2\n", encoding="utf-8")
    frame = sim.scalesim_report(topology, config(tmp_path))
    assert list(frame["Layer"]) == ["conv", "DP_1Channel_0", "DP_1Channel_1", "DP_1Channel_2"]
    assert list(frame.columns[1:]) == REPORTED
    assert frame["Total Cycles"].tolist() == [5 * 2 * (2 * 8 + 4 + 49 - 2), *[2 * (2 * 8 + 4 + 16 - 2)] * 3]
    theirs = sim.scalesim_report(topology, config(tmp_path), convention="scalesim")
    assert (theirs["Total Cycles"] == frame["Total Cycles"] - 1).all()
    with pytest.raises(UsageError, match="did you mean scalesim"):
        sim.scalesim_report(topology, config(tmp_path), convention="scale-sim")  # type: ignore[arg-type]


def test_a_depthwise_layer_has_no_millions_of_rows(tmp_path: Path) -> None:
    topology = tmp_path / "net.csv"
    topology.write_text(f"{TOPOLOGY}\nDP,1,1,1,1,1000000000,1,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"net.csv:2: Channels of DP: must be at most 65536 .*got 1000000000"):
        sim.scalesim_report(topology, config(tmp_path))


def test_a_configuration_is_read(tmp_path: Path) -> None:
    user = read_config(config(tmp_path, InterfaceBandwidth="USER"))
    assert user.machine == Machine(8, 4, "ws", 2, 3, 4, "USER", 7, 9, 5)
    assert user.remarks == ("not imported: IfmapOffset.",)
    old = read_config(config(tmp_path, InterfaceBandwidth="USER", IfmapSRAMBankBandwidth=None))
    assert old.machine.input_words == 5
    assert "IfmapSRAMBankBandwidth is not given; Bandwidth, 5, is taken." in old.remarks


@pytest.mark.parametrize("flow", ["ws", "os", "is"])
def test_a_configuration_makes_a_profile(tmp_path: Path, flow: str) -> None:
    profile = read_config(config(tmp_path, InterfaceBandwidth="USER", Dataflow=flow)).profile()
    chip = profile.chip
    path = tmp_path / "chip.yaml"
    path.write_text(profile.text(), encoding="utf-8")
    assert sim.load_profile(path).levels == chip.levels
    assert [fanout.size for fanout in chip.fanouts] == [8, 4]
    stays = {"ws": "weight", "os": "output", "is": "input"}[flow]
    assert (chip.timing, chip.dataflows) == ("systolic", (f"{stays}-stationary",))
    assert chip.levels[0].capacity_bits == (32 if flow == "os" else 8)  # one word: a partial sum, or an operand
    assert {level.name: level.capacity_bits for level in chip.levels if level.depth == 0} == {
        "ifmap-sram": 2 * 8192, "filter-sram": 3 * 8192, "ofmap-sram": 4 * 8192, "DRAM": None,
    }  # fmt: skip
    assert (chip.outermost.read_bits_per_cycle, chip.outermost.write_bits_per_cycle) == (8 * 16, 8 * 5)


def test_the_command_imports_both_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topology, folder = tmp_path / "net.csv", tmp_path / "imported"
    topology.write_text("Layer, M, N, K,\nfc,8,30,20\n", encoding="utf-8")
    assert run(["import", "scalesim", str(topology), "--config", str(config(tmp_path)), "-o", str(folder)]) == 0
    assert "not imported: IfmapOffset." in capsys.readouterr().err
    network, chip = sim.load_workload(folder / "workload.yaml"), sim.load_profile(folder / "profile.yaml")
    result = sim.estimate(network, chip, "int8", mapping="heuristic")
    assert result.layers[0].cycles == sim.systolic_cycles("ws", 8, 4, 8, 30, 20, whole_folds=True)
    assert run(["import", "scalesim", str(topology), "--config", str(config(tmp_path, Dataflow="xs"))]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "scale.cfg:10: Dataflow: must be ws or os or is; got 'xs'" in said.err


BROKEN: dict[str, tuple[dict[str, str | None], str, str]] = {
    "missing": ({"ArrayWidth": None}, "scale.cfg", "must have ArrayWidth"),
    "word": ({"ArrayHeight": "eight"}, "scale.cfg:4: ArrayHeight", "from 1 to 65536; got 'eight'"),
    "zero": ({"IfmapSramSzkB": "0"}, "scale.cfg:6: IfmapSramSzkB", "must be a whole number from 1"),
    "negative": ({"OfmapSramSzkB": "-4"}, "scale.cfg:8: OfmapSramSzkB", "got '-4'"),
    "dataflow": ({"Dataflow": "rs"}, "scale.cfg:10: Dataflow", "must be ws or os or is; got 'rs'"),
    "mode": ({"InterfaceBandwidth": "user"}, "scale.cfg:12: InterfaceBandwidth", "must be CALC or USER"),
    "bandwidth": ({"InterfaceBandwidth": "USER", "Bandwidth": "fast"}, "scale.cfg:11: Bandwidth", "got 'fast'"),
    "sparse": ({"SparsitySupport": "true"}, "scale.cfg:13: SparsitySupport", "must be False"),
    "typo": ({"ArrayHeigth": "3"}, "scale.cfg:16: ArrayHeigth", "did you mean ArrayHeight"),
    "twice": ({"arrayheight": "3"}, "scale.cfg:16: arrayheight", "stands in line 4"),
    "no value": ({"Dataflow": ""}, "scale.cfg:10: Dataflow", "got ''"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_is_refused_at_its_line(tmp_path: Path, name: str) -> None:
    changes, where, message = BROKEN[name]
    with pytest.raises(InputError) as caught:
        read_config(config(tmp_path, **changes))
    assert str(caught.value.where).startswith(str(tmp_path / where))
    assert message in caught.value.message
