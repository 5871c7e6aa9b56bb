"""Does ``accelsim sweep`` do what its line or file asks, and say in one sentence with its place what is wrong?"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tiny_sweep import TINY, tiny

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import AccelsimError, InputError

FILE = """\
description: a small one
workload: tiny.yaml
profile: horowitz-45nm
scheme: [int8, fp32]
mapping: heuristic
batch: 1:4:x2
set:
  SRAM: {from: 64 KiB, to: 128 KiB, factor: 2}
together:
  array.rows: [4, 8]
  array.cols: [4, 16]
"""


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command that must end in ``code``; return its stdout and stderr."""
    found = run(["sweep", *arguments])
    printed = capsys.readouterr()
    assert found == code, printed.err
    return printed.out, printed.err


def line(folder: Path, *more: str) -> list[str]:
    return [tiny(folder), "--on", "horowitz-45nm", "--mapping", "heuristic", "--jobs", "1", *more]


def test_a_file_asks_the_same_as_python(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    (tmp_path / "sweep.yaml").write_text(FILE, "utf-8")
    asked = sim.load_sweep(tmp_path / "sweep.yaml")
    assert asked.names == ("scheme", "batch", "levels.SRAM.capacity", "array.rows", "array.cols")
    assert len(asked) == 2 * 3 * 2 * 2
    python = sim.sweep(
        tiny(tmp_path), "horowitz-45nm", ["int8"], mapping="heuristic", batch=[2], set={"SRAM": "64KiB"},
        together={"array.rows": [8], "array.cols": [16]}, jobs=1,
    )  # fmt: skip
    wanted = (
        ("scheme", "int8"),
        ("batch", 2),
        ("levels.SRAM.capacity", "64 KiB"),
        ("array.rows", 8),
        ("array.cols", 16),
    )
    (same,) = [point for point in asked.points() if point.values == wanted]
    assert same.key == python.points[0].key


def test_data_alone_on_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = line(tmp_path, "--schemes", "int8,fp32", "--set", "array.rows=4:8:4", "--set", "RF=1B,512B")
    record = json.loads(answer(capsys, *asked, "--json")[0])
    assert record["axes"] == {"scheme": ["int8", "fp32"], "array.rows": [4, 8], "levels.RF.capacity": ["1B", "512B"]}
    assert [point["status"] for point in record["points"]] == ["failed", "done"] * 4
    rows = list(csv.DictReader(io.StringIO(answer(capsys, *asked, "--csv", "-o", str(tmp_path / "o.csv"))[0])))
    assert [row["energy_pj"] for row in rows] == [
        "" if point["energy_pj"] is None else repr(point["energy_pj"]) for point in record["points"]
    ]
    assert list(csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text("utf-8")))) == rows
    page, _ = answer(capsys, *asked, "--best", "latency where energy_pj < 1e9", "--plot", str(tmp_path / "p.svg"))
    assert "4 failed.\n" in page
    assert "has the least time" in page
    assert (tmp_path / "p.svg").read_text("utf-8").startswith("<?xml")
    assert len(page.splitlines()) < 25


def test_several_zips_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = line(tmp_path, "--together", "array.rows=4,8", "--together", "array.cols=2,4", "--batch", "1,2", "--layers")
    record = json.loads(answer(capsys, *asked, "--json")[0])
    assert [(point["batch"], point["array.rows"], point["array.cols"]) for point in record["points"]] == [
        (1, 4, 2), (1, 8, 4), (2, 4, 2), (2, 8, 4),
    ]  # fmt: skip
    assert record["together"] == [["array.rows", "array.cols"]]
    assert record["points"][0]["layers"][0]["name"] == "fc"


def test_a_wrong_query_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "points.csv"
    _, err = answer(capsys, *line(tmp_path, "--best", "enrgy", "-o", str(file)), code=1)
    assert "did you mean energy" in err
    assert file.read_text("utf-8").count("done") == 1  # what was computed is there
    monkeypatch.setattr("accelsim.explore.sweep.api.answer", lambda *_, **__: pytest.fail("it has computed"))
    answer(capsys, *line(tmp_path, "--best", "energy where power <= 2 J"), code=1)


def test_exit_code_where_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, _ = answer(capsys, *line(tmp_path, "--set", "RF=1B,2B"), code=3)
    assert "2 failed" in page
    picture = tmp_path / "none.svg"
    _, err = answer(capsys, *line(tmp_path, "--set", "RF=1B", "--best", "energy", "--plot", str(picture)), code=3)
    assert err == "No point has numbers, so there is nothing to choose from or to draw.\n"
    assert not picture.exists()
    answer(capsys, tiny(tmp_path), "--on", "tpu-v1", "--schemes", "fp32", "--jobs", "1", code=3)


def test_an_interruption_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("accelsim.explore.sweep.api.answer", interrupted)
    _, err = answer(capsys, *line(tmp_path), code=130)
    assert err == "What was finished is stored; the same command goes on from there.\nerror: interrupted.\n"


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--set", "array.rows"], 2, "--set must be NAME=VALUES, such as array.rows=8,16,32; got 'array.rows'"),
        (["--set", "array.rows=8,,9"], 2, "--set array.rows must be a value, or values joined by commas; got '8,,9'"),
        (["--set", "array.rows=8", "--set", "array.rows=9,10"], 1, "array.rows is given twice"),
        (["--set", "scheme=int8", "--schemes", "fp32"], 1, "scheme is given twice"),
        (["--set", "array.rows=8:64"], 1, "array.rows: a range must say how it goes on"),
        (["--batch", "0"], 1, "batch must be a whole number of at least 1; got 0"),
        (["--jobs", "0"], 2, "it must be a whole number of at least 1; got 0"),
        (["-o", "points.xls"], 2, "the output must be a file ending in .csv, .json, .parquet; got 'points.xls'"),
        (["--json", "--csv"], 2, "--json and --csv exclude each other"),
        (["--best", "enrgy"], 1, "did you mean energy"),
        (["--best", "energy and time"], 2, "a query must be such as"),
        (["--best", "energy where power <= 2 J"], 1, "average_power_w must be in W; got '2 J'"),
    ],
)
def test_wrong_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: int, said: str) -> None:
    out, err = answer(capsys, *line(tmp_path, *more), code=code)
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_file_and_options_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sweep.yaml").write_text(FILE, "utf-8")
    _, err = answer(capsys, str(tmp_path / "sweep.yaml"), "--schemes", "int8", code=2)
    assert err == "error: a sweep file says all that is asked; --schemes goes with a workload and --on.\n"
    _, err = answer(capsys, "tiny", code=2)
    assert "--on must name the hardware profiles" in err
    _, err = answer(capsys, str(tmp_path / "none.yaml"), code=1)
    assert "none.yaml: there is no such file" in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("scheme:", "schem:", "4:1: schem is not a field of a sweep file; did you mean scheme?"),
        ("[int8, fp32]", "[int8, innt8]", "4:16: scheme[1]: 'innt8' is not a scheme; did you mean int8?"),
        ("[int8, fp32]", "[]", "4:1: scheme: an axis must have at least one value; scheme has none."),
        ("[int8, fp32]", "[int8, 8]", "4:16: scheme[1]: scheme must be a name; got 8."),
        ("horowitz-45nm", "horowitz-54nm", "3:10: profile: 'horowitz-54nm' is not a hardware profile"),
        ("tiny.yaml", "tiny.yml", "2:11: workload: there is no file tiny.yml"),
        ("heuristic", "heuristc", "5:10: mapping: mapping must be one of"),
        ("1:4:x2", "4:1:x2", "6:1: batch: a range that goes down must have a factor below 1"),
        ("1:4:x2", "one", "6:8: batch: batch must be a whole number of at least 1; got 'one'."),
        ("SRAM:", "SRAMM:", "8:3: set.SRAMM: SRAMM is not a parameter of a sweep; did you mean sram?"),
        ("factor: 2", "factr: 2", "8:3: set.SRAM: factr is not a field of a range"),
        ("set:", "set: {}\nsort:", "7:6: set: set must be a mapping of names and their values."),
        ("array.cols: [4, 16]", "array.cols: [4]", "11:3: together.array.cols: parameters that move together"),
        (
            "array.cols: [4, 16]",
            "array.rows.size: [4, 16]",
            "11:3: together.array.rows.size: a parameter must be given",
        ),
        ("array.cols: [4, 16]", "array.cols: [4, many]", "11:19: together.array.cols[1]: must be a whole number; got"),
        ("array.cols: [4, 16]", "array.rows: [4, 16]", "11:3: together: array.rows must be given once; it stands"),
        ("array.cols: [4, 16]", "array: [4, 16]", "11:3: together.array: array and array.rows must not both be given"),
        ("description: a small one", "layers: maybe", "1:9: layers: must be true or false; got 'maybe'."),
        ("profile: horowitz-45nm", "what_if: true", "1:1: a sweep must name its profile; none is given."),
        (
            "workload: tiny.yaml",
            "name: tiny",
            "1:1: a sweep file must name its workload; to sweep over a workload's own",
        ),
        ("tiny.yaml", "", "2:10: workload: workload must have a value, or a list of them; it has none."),
        (FILE, "- tiny", "1:1: a sweep file must be a mapping of fields."),
    ],
)
def test_wrong_files(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    path = tmp_path / "sweep.yaml"
    assert old in FILE
    path.write_text(FILE.replace(old, new, 1), "utf-8")
    with pytest.raises(AccelsimError) as caught:
        sim.load_sweep(path).points()
    assert str(caught.value).startswith(f"{path}:{said}")
    assert isinstance(caught.value, InputError) or "mapping" in said
