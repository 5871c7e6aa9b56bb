"""Can a number exist without its source?"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.provenance import Source, Sourced, bibliography, make_source


def test_a_number_without_a_source_cannot_be_built() -> None:
    for source in ("", "  "):
        with pytest.raises(InputError, match="must name its source"):
            Sourced(1.0, source)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"status": "guessed"}, "a status must be one of seen"),
        ({"low": 2.0}, "a range must hold its value"),
        ({"high": 0.5}, "a range must hold its value"),
        ({"value": float("nan")}, "must not be NaN"),
    ],
)
def test_a_wrong_number_cannot_be_built(fields: dict[str, float | str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Sourced(**{"value": 1.0, "source": "k", **fields})  # type: ignore[arg-type]


def test_scaling_moves_the_range_and_says_so() -> None:
    scaled = Sourced(2.0, "k", 1.0, 4.0, note="why").scaled(3.0, "law", also=("law-source", "k2"))
    assert (scaled.value, scaled.low, scaled.high) == (6.0, 3.0, 12.0)
    assert scaled.status == "derived"
    assert scaled.note == "law; why"
    assert scaled.sources == ("k", "law-source", "k2")
    assert float(scaled) == 6.0


def test_every_work_in_the_bibliography_can_be_found_again() -> None:
    for key, work in bibliography().items():
        assert work.key == key
        assert work.title
        if key in ("command line", "accelsim default"):
            continue
        assert work.url or work.doi or work.venue, key


def test_citations_are_one_line() -> None:
    work = Source("k", "On Things", "A. Author, B. Other", "Venue", 2020, "Table 1", doi="10.1/x")
    assert work.cite() == 'A. Author, B. Other, "On Things", Venue, 2020, Table 1, https://doi.org/10.1/x.'
    assert work.short() == "Author 2020"


@pytest.mark.parametrize(
    ("fields", "short"),
    [
        ({"title": "AccelForge, example architectures", "author": "Accelergy Project"}, "AccelForge"),
        ({"title": "Guide: part one", "author": "A. Author"}, "Guide"),
        ({"title": "Data sheet", "author": "NVIDIA Corporation", "year": 2020}, "NVIDIA Corporation 2020"),
        ({"title": "T", "author": "G.-Y. Wei et al.", "year": 2014}, "Wei 2014"),
        ({"title": "T", "year": 2014}, "k 2014"),
    ],
)
def test_a_short_form_tells_which_work(fields: dict[str, object], short: str) -> None:
    assert make_source("k", fields, "f:1:1: k").short() == short


def test_short_forms_of_works_without_a_year_differ() -> None:
    shipped = [work.short() for work in bibliography().values() if work.author and work.year is None]
    assert "NVDLA Primer" in shipped
    assert len(set(shipped)) == len(shipped)


def test_a_broken_bibliography_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "mine.yaml").write_text("k: {titel: x}\n")
    monkeypatch.setenv("ACCELSIM_PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"mine.yaml:1:4: k: titel is not a field of a source; did you mean title"):
        bibliography()


def test_a_source_needs_a_title_and_a_year_that_is_a_number() -> None:
    with pytest.raises(InputError, match="must have a title"):
        make_source("k", {"author": "A"}, "f:1:1: k")
    with pytest.raises(InputError, match="year must be a year; got '2020'"):
        make_source("k", {"title": "T", "year": "2020"}, "f:1:1: k")
    with pytest.raises(InputError, match="must be a mapping"):
        make_source("k", "T", "f:1:1: k")
