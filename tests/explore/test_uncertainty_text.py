"""What do ``estimate --uncertainty`` and ``compare --uncertainty`` print, and what is refused?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelsim.cli import run

MODEL = str(Path(__file__).parent / "data" / "costed.yaml")
ESTIMATE = ["estimate", MODEL, "--on", "horowitz-45nm", "--scheme", "int8", "--mapping", "heuristic"]
COMPARE = ["compare", MODEL, "--on", "horowitz-45nm", "--schemes", "fp32,int8", "--mapping", "heuristic"]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(list(arguments)) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_an_estimate_ends_with_its_interval_and_the_costs_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    plain = answer(capsys, *ESTIMATE)
    page = answer(capsys, *ESTIMATE, "--uncertainty")
    assert page.startswith(plain)
    added = page.removeprefix(plain)
    assert "5 of 8 costs vary within their ranges" in added
    assert "The energy of int8 depends most on DRAM read and write: " in added
    assert "20.31 to 40.62" in added
    assert "Horowitz 2014" in added
    wider = answer(capsys, *ESTIMATE, "--uncertainty", "--unranged", "20%", "--spread", "uniform")
    assert "8 of 8 costs vary" in wider
    assert "uniform, seed 0" in wider
    assert max(len(line) for line in wider.splitlines()) <= 110


def test_a_comparison_says_what_is_robust_and_how_likely(capsys: pytest.CaptureFixture[str]) -> None:
    page = answer(capsys, *COMPARE, "--uncertainty").removeprefix(answer(capsys, *COMPARE))
    assert "less than fp32" in page
    assert "always" in page
    assert "- robust: int8 takes between " in page
    assert "it depends most on fp32 add and fp32 multiply." in " ".join(page.split())


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(answer(capsys, *ESTIMATE, "--uncertainty", "--json"))
    (one,) = told["uncertainty"]["results"]
    assert one["energy_pj"]["value"] == pytest.approx(told["energy_pj"])
    assert one["energy_pj"]["least"] <= one["energy_pj"]["value"] < one["energy_pj"]["most"]
    assert one["tornado"][0]["cost"] == "DRAM read and write"
    assert "uncertainty" not in json.loads(answer(capsys, *ESTIMATE, "--json"))
    fp32, int8 = json.loads(answer(capsys, *COMPARE, "--uncertainty", "--json"))
    assert int8["uncertainty"]["less_energy_than"]["fp32"] == {"value": 1.0, "standard_error": 0.0, "exact": True}
    assert fp32["uncertainty"]["draws"] == 20_000
    assert int8["energy_least_pj"] == pytest.approx(int8["uncertainty"]["energy_pj"]["least"])


@pytest.mark.parametrize(
    ("code", "said", "arguments"),
    [
        (2, "--spread needs --uncertainty", [*ESTIMATE, "--spread", "uniform"]),
        (2, "--unranged needs --uncertainty", [*COMPARE, "--unranged", "20%"]),
        (2, "did you mean log-uniform", [*ESTIMATE, "--uncertainty", "--spread", "lognormal"]),
        (2, "such as 20%; got 'lots'", [*ESTIMATE, "--uncertainty", "--unranged", "lots"]),
        (2, "such as 20%; got 'nan'", [*ESTIMATE, "--uncertainty", "--unranged", "nan"]),
        (2, "excludes --csv", [*COMPARE, "--uncertainty", "--csv"]),
        (2, "excludes --csv and --explain", [*ESTIMATE, "--uncertainty", "--explain", "fc"]),
        (1, "must be known; a100-80gb", [*ESTIMATE[:3], "a100-80gb", *ESTIMATE[4:], "--uncertainty"]),
    ],
)
def test_wrong_options_are_refused(
    capsys: pytest.CaptureFixture[str], code: int, said: str, arguments: list[str]
) -> None:
    assert said in answer(capsys, *arguments, code=code)
