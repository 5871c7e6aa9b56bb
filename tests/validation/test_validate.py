"""Does every comparison keep the bounds that were written down, and does the documentation show all of them?"""

from pathlib import Path

from accelsim.validation import bounds
from accelsim.validation.comparison import Bound
from accelsim.validation.statistics import verdict
from accelsim.validation.validate import Validation, study_of

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"


def test_bounds_are_met_unless_they_say_that_they_are_missed(everything: Validation) -> None:
    wrong = [
        (name, said.bound.statistic, said.bound.group, said.value, said.bound.limit)
        for name, verdicts in everything.verdicts.items()
        for said in verdicts
        if said.met == bool(said.bound.missed)
    ]
    assert wrong == []


def test_what_has_bounds_is_run_and_what_is_run_has_them(everything: Validation) -> None:
    assert sorted(one.name for one in everything.comparisons) == sorted(bounds.names())
    for one in everything.comparisons:
        assert one.bounds == bounds.bounds_of(one.name), one.name
        assert bool(one.judged) == bool(one.bounds), f"{one.name}: rows are judged by bounds, or shown without"
        assert study_of(one.name)


def test_every_comparison_has_rows_sources_and_says_what_it_cannot_capture(everything: Validation) -> None:
    for one in everything.comparisons:
        assert one.rows, one.name
        assert one.sources, one.name
        assert all(one.sources), one.name
        assert one.cannot, one.name


def test_a_bound_tightened_below_the_outcome_is_missed(everything: Validation) -> None:
    for one in everything.comparisons:
        for said in everything.verdicts[one.name]:
            bound = said.bound
            tighter = said.value * 0.99 if bound.statistic != "rank" else said.value + 0.01
            if tighter > 0:
                assert not verdict(Bound(bound.statistic, tighter, group=bound.group), one).met


def test_the_committed_page_has_every_comparison_as_it_comes_out(everything: Validation) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for one in everything.comparisons:
        stale = f"{one.name} has changed: python docs/refresh.py"
        assert f"## {one.name}\n\n{one.title}. " in page, stale
        said = everything.verdicts[one.name]
        met = f"{sum(verdict.met for verdict in said)} of {len(said)}" if said else "-"
        line = next(line for line in page.splitlines() if line.startswith(f"| [{one.name}]"))
        assert line.endswith(f" {met} |"), stale
        section = page.split(f"## {one.name}\n")[1].split("\n## ")[0]
        assert all(bound.missed in section for bound in one.bounds), stale
        assert all(f"| {row.label} |" in section for row in one.rows), stale
