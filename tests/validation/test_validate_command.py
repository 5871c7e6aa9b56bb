"""Does ``accelsim validate`` print, list, draw and write what was compared, and refuse what it cannot do?"""

import csv
import io
import json
from pathlib import Path

import pytest

from accelsim.cli import run
from accelsim.report.facts.validation import validation_scatter
from accelsim.report.plots import draw_validation
from accelsim.report.validation_words import bound_words, number, share
from accelsim.validation import bounds
from accelsim.validation import validate as validating
from accelsim.validation.comparison import Bound, Comparison, Fitted, Row
from accelsim.validation.validate import Validation

MADE_UP = (
    Comparison(
        "eyeriss-dram-traffic", "Words moved", "traffic", "MB", "silicon", ("Somebody, 2017",),
        (Row("CONV1", 11, 10), Row("CONV2", 30, 20, note="why"), Row("CONV3", 7, 0, "shown")),
        (Bound("total", 0.4, "set"), Bound("each", 0.3, "set", missed="CONV2 is beyond us.")),
        (Fitted("clock", 102.4, "pJ", ("CONV4", "CONV5")),), ("The weather.",), "So it is.",
    ),
    Comparison(
        "eyeriss-glb-traffic", "Stalls", "share", "%", "software", ("Somebody",),
        (Row("a", 11, 10, group="x"), Row("b", 30, 20, group="y"), Row("c", 30, 30, group="y")),
        (Bound("points", 10, "set", group="*"),), (), ("Nothing.",),
    ),
)  # fmt: skip


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Validation:
    """A validation of two comparisons, which the command then runs."""
    monkeypatch.setattr(validating, "_compared", lambda study: list(MADE_UP) if study == "eyeriss" else [])
    return Validation(MADE_UP)


def test_text_says_everything_of_a_comparison(made_up: Validation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "eyeriss"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "CONV2 30 20 +50.0% judged why", "CONV3 7 0 - shown",
        "the total within 40%: met, 36.7%", "every row within 30%: MISSED, 50% why: CONV2 is beyond us.",
        "fitted: clock: 102 pJ, fitted to CONV4, CONV5.", "not captured: The weather.", "So it is.",
        "every row within 10 points, in every group by itself: met, 10", "x a 11 10 +1.0", "2 of 3 bounds are met",
        "Missed: eyeriss-dram-traffic.", "mean absolute error 30%, bias +30.0%", "y 2 25% +25.0% -",
    ):  # fmt: skip
        assert words in text, words


def test_data_alone_on_standard_output(made_up: Validation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    first = found["comparisons"][0]
    assert [row["error"] for row in first["rows"]] == [pytest.approx(0.1), pytest.approx(0.5), None]
    assert [bound["met"] for bound in first["bounds"]] == [True, False]
    assert first["fitted"][0] == {
        "name": "clock", "value": 102.4, "unit": "pJ", "rows": ["CONV4", "CONV5"], "group": "",
        "leave_one_out": False, "spread": None,
    }  # fmt: skip
    assert found["all"]["rows"] == 5
    assert run(["validate", "eyeriss-glb-traffic", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["comparison"], row["label"]) for row in rows] == [("eyeriss-glb-traffic", one) for one in "abc"]
    assert made_up.to_frame().attrs["units"] == {"eyeriss-dram-traffic": "MB", "eyeriss-glb-traffic": "%"}
    assert made_up.summary()["met"].tolist() == [1, 1, 2]


def test_a_page_and_its_picture_are_written(
    made_up: Validation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "validation.md"
    assert run(["validate", "--write", str(page), "--plot", str(tmp_path / "own.svg")]) == 0
    text = page.read_text(encoding="utf-8")
    for one in MADE_UP:
        assert f"## {one.name}\n\n{one.title}. " in text
    for words in (
        "| CONV2 | 30 | 20 | +50.0% | judged | why |", "Bound: every row within 30%: **missed**, 50%. CONV2 is beyond",
        "- Fitted: clock: 102 pJ, fitted to CONV4, CONV5.", "- Source: Somebody, 2017.", "(images/validation.svg)",
        "| [eyeriss-dram-traffic](#eyeriss-dram-traffic) | 2 | 30% | +30.0% | - | 1 of 2 |",
    ):  # fmt: skip
        assert words in text, words
    first = (tmp_path / "images" / "validation.svg").read_bytes()
    assert first == (tmp_path / "own.svg").read_bytes()
    assert str(page) in capsys.readouterr().err


def test_the_list_runs_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(validating, "_compared", lambda study: pytest.fail("run"))
    assert run(["validate", "--list", "--json"]) == 0
    found = {one["comparison"]: one for one in json.loads(capsys.readouterr().out)}
    assert tuple(found) == bounds.names()
    assert found["eyeriss-processing-latency"] == {
        "comparison": "eyeriss-processing-latency", "study": "eyeriss",
        "bounds": ["the total within 10%", "every row within 20%"],
    }  # fmt: skip
    assert run(["validate", "--list"]) == 0
    assert bounds.names()[-1] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["eyeris"], 1, "there is no comparison 'eyeris'; did you mean eyeriss?"),
        (["eyeriss-glb-trafic"], 1, "did you mean eyeriss-glb-traffic?"),
        (["qqq"], 1, "accelsim validate --list names them all"),
        (["--list", "eyeriss"], 2, "--list runs nothing; it excludes names"),
        (["--json", "--csv"], 2, "--json and --csv exclude each other"),
        (["--plot", "a.txt"], 2, "must be a file ending in .svg, .png, .pdf"),
        (["--write", "a.txt"], 2, "--write must be a file ending in .md; got 'a.txt'"),
        (["--write", "nowhere/a.md"], 1, "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validating, "_compared", lambda study: pytest.fail("run"))
    assert run(["validate", *arguments]) == code
    assert words in capsys.readouterr().err


def test_the_picture_shows_every_row_above_zero_and_the_bands(made_up: Validation) -> None:
    facts = validation_scatter(made_up)
    traffic, stalls = facts.lanes
    assert [(dot.label, dot.ratio) for dot in traffic.dots] == [("CONV1", 1.1), ("CONV2", 1.5)]
    assert (traffic.low, traffic.high) == (0.7, 1.3)
    assert (stalls.low, stalls.high) == (None, None)
    assert facts.title.startswith("2 of 3 bounds are met")
    assert "Rows at 0 are not drawn: 1." in facts.note
    left, right = draw_validation(facts).axes
    assert left.get_xscale() == left.get_yscale() == right.get_xscale() == "log"
    assert [label.get_text() for label in right.get_yticklabels()] == ["eyeriss-dram-traffic", "eyeriss-glb-traffic"]
    assert made_up.plot().heading == facts.title


def test_amounts_in_words() -> None:
    assert [share(value) for value in (0.1, 0.114, None, float("inf"))] == ["10%", "11.4%", "-", "-"]
    assert [share(value, sign=True) for value in (0.1, -0.00001, -0.114)] == ["+10.0%", "+0.0%", "-11.4%"]
    assert [number(value) for value in (0.0123, 16, 1234.5, 2.5e6)] == ["0.0123", "16", "1,234", "2.5e+06"]
    assert bound_words(Bound("factor", 2, group="x")) == "every row within a factor of 2, of x"
