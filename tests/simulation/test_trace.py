"""Is the trace of a layer written whole, as the counts have it, and refused where it means nothing?"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import InputError, UnsupportedError, UsageError
from accelsim.simulation.estimate import estimate_layer
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape

LAYER = "resnet8:conv"


def test_a_traced_level_moves_what_is_counted(tmp_path: Path) -> None:
    place, lines = sim.save_trace(
        sim.trace(LAYER, "eyeriss-v1", "int8", level="GLB", mapping="heuristic"), tmp_path / "glb.parquet"
    )
    frame = pd.read_parquet(place)
    counts = (
        estimate_layer(sim.load_workload("resnet8")["conv"], "eyeriss-v1", "int8", mapping="heuristic").layers[0].counts
    )
    found = frame.groupby(["level", "operand", "action"], observed=True).size().to_dict()
    glb, dram = counts["GLB", "I"], counts["DRAM", "I"]
    assert (found["GLB", "I", "fill"], found["DRAM", "I", "read"]) == (glb.fills, dram.reads)
    outputs = counts["GLB", "O"]
    assert found["GLB", "O", "drain"] == outputs.drains_partial + outputs.drains_final
    assert len(frame) == lines == sum(found.values())
    assert frame["cycle"].is_monotonic_increasing


@pytest.mark.parametrize("name", ["edge.csv", "edge.csv.gz"])
def test_the_edge_of_an_array_reads_every_window(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """K 16 on 256 columns, C FY FX 27 on 256 rows: one fold. A pixel of padding is not read."""
    place = tmp_path / name
    assert run(["trace", LAYER, "--on", "tpu-v1", "--scheme", "int8", "-o", str(place)]) == 0
    text = gzip.decompress(place.read_bytes()).decode() if name.endswith("gz") else place.read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == ["cycle", "level", "operand", "action", "address"]
    inside = (3 * 32 - 2) ** 2 * 3  # taps of 32 x 32 windows that fall on the 32 x 32 pixels, 3 channels
    assert Counter(row["operand"] for row in rows) == {"W": 27 * 16, "I": inside, "O": 1024 * 16}
    assert int(rows[-1]["cycle"]) + 1 == sim.systolic_cycles("ws", 256, 256, m=1024, n=16, k=27, overlap=True)
    assert f"wrote {place}: {len(rows)} lines" in capsys.readouterr().err


def test_what_cannot_be_traced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no systolic array"):
        sim.trace(LAYER, "eyeriss-v1")
    with pytest.raises(UsageError, match="did you mean GLB"):
        sim.trace(LAYER, "eyeriss-v1", level="GBL")
    with pytest.raises(InputError, match="has none"):
        sim.trace(Layer("add", "elementwise", None), "tpu-v1")
    grouped = Layer("grouped", "conv", Shape(G=2, K=4, C=4))
    with pytest.raises(UnsupportedError, match="one product at a time"):
        sim.trace(grouped, "tpu-v1")


def test_nothing_is_left_of_a_trace_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken():  # type: ignore[no-untyped-def]
        yield from list(sim.trace(LAYER, "tpu-v1"))[:1]
        raise RuntimeError("half way")

    for name in ("edge.csv", "edge.csv.gz", "edge.parquet"):
        with pytest.raises(RuntimeError):
            sim.save_trace(broken(), tmp_path / name)
    assert run(["trace", LAYER, "--on", "tpu-v1", "-o", str(tmp_path / "edge.txt")]) == 2
    assert run(["trace", LAYER, "--on", "tpu-v1", "-o", str(tmp_path / "none" / "edge.csv")]) == 1
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err
