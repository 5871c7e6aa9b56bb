"""Do bit-widths stand side by side truly: memory, speed and energy of estimates, errors of the right weights?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import InfeasibleError, UnsupportedError, UsageError
from accelsim.explore.bit_widths_table import BitWidth, BitWidths
from accelsim.report.bit_widths_text import bit_widths_page
from accelsim.report.facts import bit_width_bars
from accelsim.report.page import plain

MODEL, CHIP = "autoencoder", "horowitz-45nm"
COMMAND = ("bit-widths", MODEL, "--on", CHIP)


@pytest.fixture(scope="module")
def weights() -> Mapping[str, Any]:
    random = np.random.default_rng(0)
    named = [layer for layer in sim.load_workload(MODEL).layers if layer.weight_elements]
    return {layer.name: random.standard_normal((8, layer.weight_elements // 64)).astype(np.float32) for layer in named}


@pytest.fixture(scope="module")
def found(weights: Mapping[str, Any]) -> BitWidths:
    return sim.bit_widths(MODEL, CHIP, weights=weights)


def row(table: BitWidths, label: str) -> BitWidth:
    return next(one for one in table.rows if one.label == label)


def test_what_a_newcomer_looks_for(found: BitWidths) -> None:
    assert [one.label for one in found.rows] == ["FP32", "16-bit", "8-bit", "4-bit", "mixed"]
    saved = [found.memory_saved(one) for one in found.rows]
    assert saved[1] == 0.5
    assert saved[2] is not None
    assert 0.735 < saved[2] < 0.75, "a quarter, and a scale per output channel"
    times = [found.times_faster(one) or 0.0 for one in found.rows[:4]]
    energies = [found.times_less_energy(one) or 0.0 for one in found.rows[:4]]
    assert times == sorted(times)
    assert energies == sorted(energies)
    for one in found.rows[:4]:
        assert one.scheme is not None
        again = sim.estimate(MODEL, CHIP, one.scheme, mapping="heuristic")
        assert (one.energy_pj, one.latency_s) == (again.energy_pj, again.latency_s)
        assert one.weight_bytes == pytest.approx(again.memory.weight_bytes)


def test_errors_are_those_of_the_weights_given(found: BitWidths, weights: Mapping[str, Any]) -> None:
    table = sim.quantization_error(weights, ["int8", "int4"], clip="mse")
    assert row(found, "8-bit").weight_sqnr_db == table.sqnr_db("int8")
    assert row(found, "FP32").weight_sqnr_db == math.inf
    mixed = row(found, "mixed")
    assert mixed.weight_sqnr_db is not None
    assert table.sqnr_db("int4") < mixed.weight_sqnr_db < table.sqnr_db("int8")
    assert "noise of the tensors" in found.errors
    noise = [one.added_noise or 0.0 for one in found.rows]
    assert noise[0] < noise[1] < noise[2] < noise[4] < noise[3]


def test_the_mix_is_the_allocation(found: BitWidths, weights: Mapping[str, Any]) -> None:
    assert found.allocation is not None
    mixed, allocated = row(found, "mixed"), found.allocation
    assert mixed.scheme == allocated.scheme
    assert mixed.energy_pj == allocated.simulated["energy_pj"]
    assert mixed.added_noise == allocated.totals["error"]
    assert allocated.solution.proven
    again = sim.bit_widths(MODEL, CHIP, [allocated.scheme], weights=weights, mixed=False).rows[0]
    assert again.label == "allocated-autoencoder"
    assert (again.energy_pj, again.weight_sqnr_db) == (mixed.energy_pj, mixed.weight_sqnr_db)
    assert again.added_noise == pytest.approx(mixed.added_noise)
    assert again.weight_bytes == pytest.approx(mixed.weight_bytes)
    assert (row(found, "4-bit").energy_pj or 0) < (mixed.energy_pj or 0) < (row(found, "8-bit").energy_pj or 0)


def test_pages_frames_and_plots_say_the_same(found: BitWidths) -> None:
    page = plain(bit_widths_page(found))
    saved = found.memory_saved(row(found, "8-bit"))
    assert saved is not None
    assert f"8 bits take {100 * saved:.1f}% less memory than FP32" in " ".join(page.split())
    frame = found.to_frame()
    assert frame["memory_saved"].iloc[2] == found.memory_saved(found.rows[2])
    assert frame.attrs["units"]["energy_pj"] == "pJ"
    facts = bit_width_bars(found)
    assert [panel.name for panel in facts.panels] == ["weights in memory", "time", "energy", "added noise of formats"]
    assert f"8-bit, {saved:.0%} less memory than FP32" in facts.title
    assert found.plot().heading == facts.title
    assert "exact" in page, "fp32 keeps fp32 weights"
    assert repr(found) == "autoencoder on horowitz-45nm in FP32, 16-bit, 8-bit, 4-bit, mixed"


def test_what_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Without weights, on a chip that multiplies integers only."""
    assert run([*COMMAND[:3], "tpu-v1", "--schemes", "fp32,int8", "--no-mixed", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    first, second = data["rows"]
    assert first["latency_s"] is None
    assert "cannot multiply fp32" in first["reason"]
    assert first["weight_bytes"] > 0
    assert second["memory_saved"] > 0.73
    assert data["reference"] == "8-bit"
    assert second["weight_sqnr_db"] is None
    assert any("not available" in note for note in data["notes"])
    assert run([*COMMAND[:3], "tpu-v1", "--schemes", "fp32,int8", "--no-mixed"]) == 0
    page = capsys.readouterr().out
    assert "cannot run" in page
    assert page.count("not available") >= 3


def test_what_does_not_fit_the_device_says_so() -> None:
    table = sim.bit_widths("llama-2-7b/decode", "jetson-orin-nano", ["fp16", "w4g128a16"], mixed=False)
    assert table.to_frame()["fits_memory"].tolist() == [False, True]
    assert [one.energy_pj for one in table.rows] == [None, None]
    page = plain(bit_widths_page(table))
    assert page.count("does not fit") == 2, "in its row, and why"
    assert "unknown" in page
    assert "16-bit does not fit the memory of jetson-orin-nano." in bit_width_bars(table).note


def test_published_accuracy_stands_beside_its_own_baseline() -> None:
    table = sim.bit_widths("llama-3-8b/decode", CHIP, ["fp16", "int8"], mixed=False)
    assert [one.value for one in row(table, "8-bit").published] == [6.258]
    assert table.published == ("", "6.258 of 6.138 (WikiText2 perplexity, SmoothQuant's README: SmoothQuant)")
    lines = [line for line in plain(bit_widths_page(table)).splitlines() if "SmoothQuant" in line]
    assert lines[0].split()[-2:] == ["6.138", "6.258"]


def test_without_the_solver_the_rest_still_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "highspy", None)
    table = sim.bit_widths(MODEL, CHIP, ["fp16"])
    assert table.rows[1].result is None
    assert "pip install 'accelsim[optimize]'" in table.rows[1].reason


def test_weights_of_something_else_and_zeros_are_told() -> None:
    strange = {"a": np.ones((4, 64), np.float32), "b": np.zeros((4, 64), np.float32)}
    notes = sim.bit_widths(MODEL, CHIP, ["int8"], weights=strange, mixed=False).notes
    assert any("None of the weights (a, b) has the name of a layer of autoencoder" in note for note in notes)
    assert any(note.startswith("b: every value is zero") for note in notes)
    partly = {"encoder.1": np.random.default_rng(0).standard_normal((128, 640)).astype(np.float32)}
    notes = sim.bit_widths(MODEL, CHIP, ["int8"], weights=partly, mixed=False).notes
    assert any(note.startswith("no weights of encoder.2") for note in notes)


def test_bad_questions_get_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="schemes must be one or more, each once"):
        sim.bit_widths(MODEL, CHIP, ["int8", "int8"])
    with pytest.raises(UnsupportedError, match="tpu-v1 must run one of the schemes"):
        sim.bit_widths(MODEL, "tpu-v1", ["fp32", "fp16"])
    with pytest.raises(InfeasibleError, match="the nearest that can be reached"):
        sim.bit_widths(MODEL, CHIP, ["int8"], choices=["w4a8", "w8a8"], budget={"error": 1e-9})
    for arguments, code, words in (
        (("--no-mixed", "--budget", "error=20%"), 2, "leave --no-mixed out"),
        (("--weights", "gone.onnx"), 1, "gone.onnx"),
        (("--schemes", "int8,"), 2, "names joined by commas"),
        (("--csv", "--json"), 2, "exclude each other"),
    ):
        assert run([*COMMAND, *arguments]) == code
        captured = capsys.readouterr()
        assert captured.out == ""
        assert words in " ".join(captured.err.split())
