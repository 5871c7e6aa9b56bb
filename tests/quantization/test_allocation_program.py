"""Is the choice the best one: against published allocations, brute force and a dynamic program?"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InfeasibleError, InputError, UsageError
from accelsim.quantization.allocation import program, trace_errors
from accelsim.quantization.allocation.problem import Item, Option, Problem
from accelsim.quantization.allocation.program import least
from accelsim.quantization.allocation.solve import among_equals, solve, totals

HAWQ: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "hawq_resnet18.json").read_text())
MEASURES = ("energy_pj", "latency_s", "error")


def hawq() -> Problem:
    """HAWQ-V3's problem: 4 or 8 bits in each of 19 layers of ResNet-18."""
    count = len(HAWQ["parameters"])
    squared = {str(n): {b: HAWQ[f"delta_weights_{b}bit_square"][n] for b in ("4", "8")} for n in range(count)}
    errors = trace_errors({str(n): HAWQ["Hutchinson_trace"][n] for n in range(count)}, squared)
    items = []
    for n in range(count):
        options = []
        for bits in (4, 8):
            measures = {
                "error": errors.rows[str(n)][str(bits)],
                "weight_bytes": HAWQ["parameters"][n] * bits / 8,
                "bops": HAWQ["bops"][n] * bits * bits,
                "latency_s": HAWQ[f"latency_int{bits}"][n] / 1e3,
            }
            options.append(Option(str(bits), measures))
        items.append(Item(str(n), tuple(options)))
    return Problem(tuple(items))


def budget(problem: Problem, measure: str, share: float) -> float:
    least, most = (problem.total(measure, [pick] * len(problem.items)) for pick in (0, 1))
    return least + share * (most - least)


@pytest.mark.parametrize(
    ("measure", "digits"), [("weight_bytes", "8888888888888884844"), ("bops", "8884888848884444844")]
)
def test_hawq_v3_chooses_the_same(measure: str, digits: str) -> None:
    problem = hawq()
    found = solve(problem, "error", {measure: budget(problem, measure, 0.5)})
    assert "".join("48"[pick] for pick in found.picks) == digits
    assert found.proven


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_size_budgets_agree_with_a_dynamic_program_over_bytes(share: float) -> None:
    """Sizes are whole multiples of 2048 bytes, so a table over them is exact and shares nothing with the solver."""
    problem = hawq()
    most = budget(problem, "weight_bytes", share)
    unit = 2048
    best = np.zeros(int(most // unit) + 1)
    for item in problem.items:
        following = np.full_like(best, np.inf)
        for option in item.options:
            size = int(option.measures["weight_bytes"]) // unit
            assert size * unit == option.measures["weight_bytes"]
            if size < len(best):
                following[size:] = np.minimum(
                    following[size:], best[: len(best) - size] + option.measures["error"]
                )  # fmt: skip
        best = following
    found = solve(problem, "error", {"weight_bytes": most})
    assert found.totals["error"] == pytest.approx(float(best[-1]), rel=1e-12)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    layers, choices = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    tied = draw(st.booleans())
    number = st.integers(0, 12)
    items = tuple(
        Item(
            f"l{layer}",
            tuple(
                Option(
                    f"c{choice}",
                    {name: float(draw(number)) for name in MEASURES},
                    ((f"tensor{layer // 2}", f"f{choice % 2}"),) if tied else (),
                )
                for choice in range(choices)
            ),
        )
        for layer in range(layers)
    )
    return Problem(items, {"energy_pj": float(draw(st.integers(1, 5))), "latency_s": float(draw(st.integers(1, 5)))})


@settings(max_examples=60, deadline=None)
@given(
    problem=problems(),
    minimize=st.sampled_from([*MEASURES, "edp_pj_s"]),
    limited=st.sampled_from([*MEASURES, "edp_pj_s"]),
    place=st.floats(0, 1),
    tighter=st.sampled_from([1.0, 1.0, 0.9, 0.3]),
)
def test_brute_force_finds_nothing_better(
    problem: Problem, minimize: str, limited: str, place: float, tighter: float
) -> None:
    every = [
        totals(problem, picks)
        for picks in itertools.product(*(range(len(item.options)) for item in problem.items))
        if problem.agrees(picks)
    ]
    reachable = sorted(one[limited] for one in every)
    most = reachable[int(place * (len(reachable) - 1))] * tighter
    within = [one[minimize] for one in every if one[limited] <= most]
    if not within:
        with pytest.raises(InfeasibleError, match=f"nearest that can be reached is {reachable[0]:.6g}\\."):
            solve(problem, minimize, {limited: most})
        return
    found = solve(problem, minimize, {limited: most})
    assert found.proven
    assert problem.agrees(found.picks)
    assert found.totals[limited] <= most
    assert found.totals[minimize] == pytest.approx(min(within), rel=1e-9)
    second = among_equals(problem, found, "error")
    assert second.totals[minimize] == pytest.approx(found.totals[minimize], rel=1e-9)
    assert second.totals["error"] <= found.totals["error"]


def test_the_least_product_is_not_at_the_end_of_either_sum() -> None:
    """(energy, latency): (1, 100), (10, 8), (100, 1): the middle one has the least product, neither least sum."""
    options = tuple(
        Option(name, {"energy_pj": e, "latency_s": t})
        for name, e, t in (("frugal", 1.0, 100.0), ("middle", 10.0, 8.0), ("quick", 100.0, 1.0))
    )
    found = solve(Problem((Item("l", options),)), "edp_pj_s")
    assert found.picks == (1,)
    assert (found.totals["edp_pj_s"], found.bound, found.proven) == (80.0, 80.0, True)


def test_a_budget_of_the_product_is_branched_on_time() -> None:
    """(energy, latency, error) under a product of 10: the chord admits (5, 5), which a branch cuts off; (10, 1) stays.

    The last lies on the curve at the end of the interval, where a chord that is too low would lose it.
    """
    options = tuple(
        Option(name, {"energy_pj": e, "latency_s": t, "error": lost})
        for name, e, t, lost in (("between", 5.0, 5.0, 0.0), ("quick", 10.0, 1.0, 1.0), ("frugal", 1.0, 9.0, 9.0))
    )
    found = solve(Problem((Item("l", options),)), "error", {"edp_pj_s": 10.0})
    assert (found.picks, found.proven, found.bound) == ((1,), True, 1.0)
    assert found.programs == 5, "both ends, the whole interval, and its two halves"


def test_equal_layers_are_one_item_with_a_count() -> None:
    """40 equal layers have 3^40 allocations and few distinct ones; a budget in between splits them."""
    options = tuple(Option(name, {"error": e, "energy_pj": c}) for name, e, c in (("a", 9.0, 1.0), ("b", 0.0, 2.0)))
    found = solve(Problem(tuple(Item(f"l{n}", options) for n in range(40))), "error", {"energy_pj": 57.0})
    assert found.picks.count(1) == 17
    assert found.totals["error"] == 23 * 9.0


def test_a_budget_that_is_met_exactly_is_met_and_one_unit_less_is_not() -> None:
    problem = hawq()
    most = budget(problem, "weight_bytes", 0.5)
    reached = solve(problem, "error", {"weight_bytes": most})
    same = solve(problem, "error", {"weight_bytes": reached.totals["weight_bytes"]})
    assert same.totals["error"] == pytest.approx(reached.totals["error"], rel=1e-12)
    less = solve(problem, "error", {"weight_bytes": reached.totals["weight_bytes"] - 1})
    assert less.totals["weight_bytes"] < reached.totals["weight_bytes"]
    assert less.totals["error"] > reached.totals["error"]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((), "there must be a layer"),
        ((Item("l", ()),), "layer l must have a choice"),
        ((Item("l", (Option("a", {"error": float("nan")}),)),), "finite"),
        ((Item("l", (Option("a", {"error": -1.0}),)),), "at least 0"),
        ((Item("l", (Option("a", {"error": 1.0}), Option("b", {"energy_pj": 1.0}))),), "measures must be error"),
        ((Item("l", (Option("a", {"error": 1.0}),)),) * 2, "'l' stands twice"),
    ],
)
def test_a_wrong_problem_cannot_be_built(items: tuple[Item, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Problem(items)


def test_unknown_measures_and_a_missing_solver_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = hawq()
    with pytest.raises(UsageError, match="did you mean error"):
        solve(problem, "eror")
    with pytest.raises(UsageError, match="finite"):
        solve(problem, "error", {"bops": float("nan")})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'accelsim\[optimize\]'"):
        least(problem, problem.columns["error"])
    assert "highspy" not in program.MISSING
