"""Does ``accelsim plot`` draw every kind by its name, into the file asked for, or say in a sentence why not?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accelsim.cli import run
from accelsim.report.plots.gallery import KINDS

CHIP = ("--on", "horowitz-45nm", "--mapping", "heuristic")
SWEEP = "scheme,array.rows,energy_pj,latency_s\nint8,8,1e9,0.01\nint8,16,2e9,0.005\nfp16,8,3e9,0.02\nfp16,16,,\n"


def test_the_list_names_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot", "--list"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()[1:]] == list(KINDS)


def test_a_plot_is_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "roofline.png"
    assert run(["plot", "roofline", "filter-3x3x256", *CHIP, "--schemes", "int8,fp16", "-o", str(place)]) == 0
    assert place.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err.strip() == f"wrote {place}"


def test_the_points_of_a_sweep_are_drawn_from_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = tmp_path / "points.csv"
    points.write_text(SWEEP)
    for kind in ("heat", "pareto"):
        assert run(["plot", kind, str(points), "-o", str(tmp_path / f"{kind}.svg")]) == 0
        assert (tmp_path / f"{kind}.svg").exists()
    assert run(["plot", "heat", str(points), "--x", "rows", "-o", str(tmp_path / "heat.svg")]) == 0
    assert run(["plot", "heat", str(points), "--x", "arry.rows", "-o", str(tmp_path / "no.svg")]) == 1
    assert "did you mean array.rows" in capsys.readouterr().err
    assert not (tmp_path / "no.svg").exists()


def test_a_sweep_is_asked_for_as_the_sweep_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def sweep(*names: Any, **options: Any) -> list[dict[str, Any]]:
        asked.update(options, names=names)
        return [
            {"array.rows": rows, "array.cols": cols, "energy_pj": rows * cols} for rows in (8, 16) for cols in (8, 16)
        ]

    monkeypatch.setattr("accelsim.explore.sweep.api.sweep", sweep)
    values = ("--set", "array.rows=8,16", "--set", "array.cols=8:16:x2")
    place = tmp_path / "heat.svg"
    assert run(["plot", "heat", "filter-3x3x256", *CHIP, "--scheme", "int8", *values, "-o", str(place)]) == 0
    assert asked["names"] == ("filter-3x3x256", ["horowitz-45nm"], ["int8"])
    assert asked["set"] == {"array.rows": [8, 16], "array.cols": "8:16:x2"}
    assert asked["mapping"] == "heuristic"
    assert place.stat().st_size < 150_000


def test_all_plots_go_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot", "all", "-o", str(tmp_path / "pictures"), *CHIP]) == 0
    said = capsys.readouterr().err
    assert "costs.svg" in said
    assert "note: roofline is left out: this plot is of a model" in said


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["plot"], "accelsim plot --list names them all", 2),
        (["plot", "rofline"], "did you mean roofline?", 2),
        (["plot", "roofline", "alexnet"], "--on must name a hardware profile", 2),
        (["plot", "roofline", *CHIP], "name one, such as resnet50", 2),
        (["plot", "costs", "--on", "horowitz-45nm,tpu-v1"], "takes one chip", 2),
        (["plot", "costs", "--on", "raspberry-pi-4"], "lists no costs", 1),
        (["plot", "costs", *CHIP, "-o", "x.jpg"], "-o must be a file ending in .svg, .png, .pdf", 2),
        (["plot", "tornado", "alexnet", *CHIP, "--unranged", "2"], "--unranged must be a share", 2),
        (["plot", "costs", *CHIP, "-o", "none/x.svg"], "there is no folder none", 1),
        (["plot", "costs", *CHIP, "--set", "array.rows=8,16"], "several make a sweep", 2),
        (["plot", "heat", "alexnet", *CHIP], "two parameters with values", 2),
        (["plot", "pareto", "none.csv"], "none.csv cannot be read", 1),
        (["plot", "uses", "alexnet", *CHIP, "--batches", "1,x"], "whole numbers of at least 1", 2),
        (["plot", "energy", "filter-3x3x256", *CHIP, "--by", "lvel"], "did you mean level?", 2),
        (["plot", "all", *CHIP], "into a folder", 2),
        (["plot", "all", *CHIP, "-o", "x.svg"], "must be a folder", 2),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(
    arguments: list[str], said: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
