"""All 45 Timeloop cases: reads, fills, updates, energy and cycles, exactly."""

import csv
import json
import re
from pathlib import Path

import pytest

from accelsim.engine.timeloop import TimeloopReport, timeloop_report
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.shape import Shape, Window

DATA = Path(__file__).parent / "data"
CASES = json.loads((DATA / "timeloop_cases.json").read_text())
STATS = list(csv.DictReader((DATA / "timeloop_stats.csv").read_text().splitlines()))
DIM = {"M": "K", "C": "C", "P": "OY", "Q": "OX", "R": "FY", "S": "FX", "N": "B"}
OPERAND = {"Weights": "W", "Inputs": "I", "Outputs": "O"}
BANDWIDTH = {"dram_bw": "DRAM", "glb_bw": "GLB"}


def shape_of(layer: dict[str, int]) -> Shape:
    y, x = (Window(stride=layer["st"], size=(layer[out] - 1) * layer["st"] + layer[taps]) for out, taps in ("PR", "QS"))
    return Shape(**{DIM[name]: size for name, size in layer.items() if name != "st"}, y=y, x=x)


def nest_of(text: str) -> Nest:
    """Read Timeloop's printed loop nest; its bounds divide, so tiles follow from the inside out."""
    lines: list[Loop | Keep] = []
    tile = dict.fromkeys(DIM.values(), 1)
    for line in reversed(text.splitlines()):
        node = re.match(r"(DRAM|GLB|RF) \[(.*)\]", line)
        loop = re.match(r"[| ]*for (\w) in \[0:(\d+)\)(?: \(Spatial-(\w)\))?", line)
        if node:
            lines.append(Keep(node[1], "".join(OPERAND[part.split(":")[0]] for part in node[2].split() if ":" in part)))
        elif loop:
            lines.append(Loop(DIM[loop[1]], tile[DIM[loop[1]]], loop[3]))
            tile[DIM[loop[1]]] *= int(loop[2])
    return Nest(tuple(reversed(lines)))


def report_of(case: dict) -> TimeloopReport:
    limits = {
        f"levels.{BANDWIDTH[key]}.{way}_bits_per_cycle": str(8 * words)
        for key, words in (case["arch"] or {}).items()
        for way in ("read", "write")
    }
    chip = load_profile(
        str(DATA / "timeloop_chip.yaml"), {"array.X": str(case["X"]), "array.Y": str(case["Y"]), **limits}
    )
    return timeloop_report(chip, shape_of(case["layer"]), nest_of(case["map"]), word_bits=8)


def test_there_are_45_cases_and_every_row_belongs_to_one():
    assert len(CASES) == 45
    assert {row["case"] for row in STATS} == {case["case"] for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_timeloop(case):
    report = report_of(case)
    rows = [row for row in STATS if row["case"] == case["case"]]
    for row in rows:
        if row["level"] == "MAC":
            assert report.counts.macs == int(float(row["computes"]))
            assert report.cycles == int(float(row["cycles"]))
            continue
        key = row["level"], OPERAND[row["tensor"]]
        moved = report.counts.levels[key]
        got = moved.reads, moved.fills, moved.updates_partial + moved.updates_final
        assert got == tuple(int(float(row[f"{what}_total"])) for what in ("reads", "fills", "updates")), key
        assert report.energy_pj[key] == pytest.approx(float(row["energy_pJ"]), rel=1e-12), key
    assert {
        ("RF" if r["level"] == "RF" else r["level"], OPERAND[r["tensor"]]) for r in rows if r["level"] != "MAC"
    } == set(report.energy_pj)


def test_the_default_convention_differs_only_in_halo_rows_and_outputs():
    """Under accelsim's own rules W and everything without a halo must agree with Timeloop too."""
    from accelsim.mapping.counts import count

    compared = 0
    for case in CASES:
        layer = case["layer"]
        ours = count(shape_of(layer), nest_of(case["map"])).levels
        for row in STATS:
            plain = row["tensor"] == "Weights" or (
                row["tensor"] == "Inputs" and layer["R"] == layer["S"] == layer["st"] == 1
            )
            if row["case"] == case["case"] and plain and row["level"] != "MAC":
                moved = ours[row["level"], OPERAND[row["tensor"]]]
                assert (moved.reads, moved.fills) == (int(float(row["reads_total"])), int(float(row["fills_total"])))
                compared += 1
    assert compared > 80
