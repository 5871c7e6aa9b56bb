"""Does ``accelsim allocate`` answer in text, JSON, CSV, a scheme and a picture, and refuse in a sentence?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelsim.cli import run
from accelsim.quantization.allocation import allocator
from accelsim.report.facts.allocation import bits_per_layer
from accelsim.workload.catalog import load_workload

RESNET = ("allocate", "resnet8", "--on", "horowitz-45nm", "--choices", "w4a8,w8a8")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_json_is_what_the_page_and_the_scheme_say(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scheme, plot = tmp_path / "mixed.yaml", tmp_path / "bits.svg"
    asked = (*RESNET, "--budget", "error=30%")
    data = json.loads(answer(capsys, *asked, "--json", "-o", str(scheme), "--plot", str(plot)))
    assert data["proven"] is True
    assert data["added"]["error"] <= data["budget"]["error"]
    assert data["gap"]["energy_pj"] == data["simulated"]["energy_pj"] / data["added"]["energy_pj"] - 1
    assert {layer["choice"] for layer in data["layers"]} == {"w4a8", "w8a8"}
    assert plot.read_text().startswith("<?xml")
    text = scheme.read_text()
    assert text.startswith("# Made by accelsim allocate")
    assert "Costs: accelsim, heuristic mapping for energy" in text
    estimate = ("estimate", "resnet8", "--on", "horowitz-45nm", "--scheme", str(scheme), "--mapping", "heuristic")
    again = json.loads(answer(capsys, *estimate, "--json"))
    assert again["energy_pj"] == data["simulated"]["energy_pj"]
    page = answer(capsys, *asked)
    assert "Proven: no allocation" in page
    assert "accuracy is not known" in page
    rows = answer(capsys, *asked, "--csv").splitlines()
    assert rows[0].startswith("name,kind,repeat,choice,weight,activation,output,macs,energy_pj")
    assert len(rows) == len(data["layers"]) + 1


def test_errors_from_a_file_decide(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A layer that is said to lose most keeps its bits; with the table turned over, it gives them up."""
    convs = [layer.name for layer in load_workload("resnet8").layers if layer.kind == "conv"][1:3]
    for delicate, robust in (convs, convs[::-1]):
        table = tmp_path / "errors.csv"
        table.write_text(f"# measured\nlayer,w4a8,w8a8\n{delicate},9,0.1\n{robust},1,0.1\n")
        data = json.loads(answer(capsys, *RESNET, "--errors", str(table), "--budget", "error=1.1", "--json"))
        chosen = {layer["name"]: layer["choice"] for layer in data["layers"]}
        assert (chosen[delicate], chosen[robust]) == ("w8a8", "w4a8")


def test_a_front_lists_every_scheme(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = json.loads(answer(capsys, *RESNET, "--pareto", "2", "--json"))
    assert {"w4a8", "w8a8"} <= {row["name"] for row in rows}
    assert all(isinstance(row["dominated"], bool) for row in rows)
    place = tmp_path / "front.svg"
    assert "front" in answer(capsys, *RESNET, "--pareto", "2", "--plot", str(place))
    assert place.exists()


def test_what_cannot_be_done_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "nearest that can be reached" in refused(capsys, 3, *RESNET, "--budget", "error=1e-12")
    assert "must be MEASURE=MOST" in refused(capsys, 2, *RESNET, "--budget", "error")
    assert "must be given once" in refused(capsys, 2, *RESNET, "--budget", "error=1", "--budget", "error=2")
    assert "did you mean energy" in refused(capsys, 2, *RESNET, "--minimize", "enrgy")
    assert "leave --budget" in refused(capsys, 2, *RESNET, "--budget", "error=1", "--pareto", "2")
    assert "ending in .yaml" in refused(capsys, 2, *RESNET, "-o", str(tmp_path / "s.txt"))
    assert "no folder" in refused(capsys, 1, *RESNET, "-o", str(tmp_path / "none" / "s.yaml"))
    assert not list(tmp_path.iterdir())


def test_the_picture_shows_what_was_chosen() -> None:
    found = allocator("resnet8", "horowitz-45nm", ["w4a8", "w8a8"]).allocate("energy", {"error": "30%"})
    facts = bits_per_layer(found)
    assert len(facts.names) == len(facts.weights) == sum(1 for one in found.layers if one.weight)
    assert set(facts.weights) == {4.0, 8.0}
    assert set(facts.activations) == {8.0}
    assert set(facts.shares) == {"energy", "error"}
    assert sum(facts.shares["error"]) <= 1 + 1e-12
    assert "less energy than w8a8 throughout" in facts.title
    assert len(found.plot().axes) == 2
