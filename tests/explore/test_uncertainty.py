"""Are intervals the extremes of all corners, and probabilities those of closed forms and numerical convolutions?"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from costed import NETWORK
from hypothesis import given, settings
from hypothesis import strategies as st

import accelsim as sim
from accelsim.errors import InputError, UsageError
from accelsim.explore.compare import Comparison
from accelsim.explore.ranges import Probability, Ranges
from accelsim.explore.spread import SPREADS, quantile, share_below
from accelsim.explore.uncertainty import METRICS
from accelsim.provenance import Sourced

DRAM = tuple(f"levels.DRAM.{way}_pj_per_bit" for way in ("read", "write"))
RANGED = {
    "multiply_pj.int32": (3.1, 3.1, 18.94), "multiply_pj.fp32": (3.7, 3.7, 35.3),
    "add_pj.int32": (0.0853, 0.1, 0.21), "add_pj.fp32": (0.9, 0.9, 16.68),
    **dict.fromkeys(DRAM, (1300 / 64, 1300 / 64, 2600 / 64)),
}  # fmt: skip
"""Least, value and most of every cost of horowitz-45nm that has a range."""
HOROWITZ = {path: str(ends[1]) for path, ends in RANGED.items() if path not in DRAM}
"""The operations as Horowitz alone has them."""


def ranges(*ends: tuple[float, float, float], spread: str = "triangular", **options: Any) -> Ranges:
    costs = tuple(Sourced(value, "a work", least, most) for least, value, most in ends)
    labels = tuple(f"cost {place}" for place in range(len(ends)))
    return Ranges(costs, labels, spread, **{"unranged": 0.0, "draws": 20_000, "seed": 0} | options)


def compared(chips: str | list[str], schemes: list[str], **overrides: Any) -> Comparison:
    names = [chips] if isinstance(chips, str) else chips
    on = [sim.load_profile(name, overrides) for name in names]
    return sim.compare(NETWORK, on, schemes, mapping="heuristic")


# ---------------------------------------------------------------------- distributions


@given(
    spread=st.sampled_from(SPREADS),
    least=st.floats(0.01, 10),
    rise=st.floats(0, 5),
    fall=st.floats(0.01, 5),
    share=st.floats(0.001, 0.999),
)
def test_quantiles_and_shares_are_inverse(spread: str, least: float, rise: float, fall: float, share: float) -> None:
    value, most = least + rise, least + rise + fall
    at = [np.array(end) for end in (share, least, value, most)]
    cost = float(quantile(spread, *at))
    assert least <= cost <= most
    assert share_below(spread, cost, least, value, most) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(("spread", "mean"), [
    ("triangular", (2 + 3 + 10) / 3), ("uniform", 6.0), ("log-uniform", 8 / np.log(5)),
])  # fmt: skip
def test_draws_have_the_mean_of_their_distribution(spread: str, mean: float) -> None:
    drawn = ranges((2, 3, 10), spread=spread, draws=200_000).drawn
    assert drawn.mean() == pytest.approx(mean, rel=0.005)
    assert drawn.min() >= 2
    assert drawn.max() <= 10


# ---------------------------------------------------------------------- exact intervals


ENDS = st.tuples(st.floats(0, 5), st.floats(0, 5), st.floats(0, 5)).map(lambda each: tuple(sorted(each)))


@given(ends=st.lists(ENDS, min_size=1, max_size=5), data=st.data())  # type: ignore[type-var]
def test_ends_are_those_of_all_corners(ends: list[tuple[float, float, float]], data: st.DataObject) -> None:
    units = np.array(data.draw(st.lists(st.floats(-100, 100), min_size=len(ends), max_size=len(ends))))
    found = ranges(*ends, draws=1)
    corners = [units @ np.array(corner) for corner in itertools.product(*((low, high) for low, _, high in ends))]
    assert found.ends(units) == pytest.approx((min(corners), max(corners)), abs=1e-9)


@pytest.mark.parametrize("scheme", ["int8", "fp32"])
def test_an_interval_is_what_estimates_at_its_ends_say(scheme: str) -> None:
    result = sim.estimate(NETWORK, "horowitz-45nm", scheme, mapping="heuristic")
    sure, nests = result.uncertainty().interval(), {one.layer.name: one.nest for one in result.layers if one.nest}
    for place, end in ((0, sure.least), (2, sure.most)):
        chip = sim.load_profile("horowitz-45nm", {path: str(ends[place]) for path, ends in RANGED.items()})
        assert end == pytest.approx(sim.estimate(NETWORK, chip, scheme, mapping=nests).energy_pj)


def test_parts_sum_to_the_energy_and_every_metric_is_the_energy_scaled() -> None:
    result = sim.estimate(NETWORK, "tpu-v4i", "int8", mapping="heuristic")
    sure = result.uncertainty(unranged=0.1)
    whole, parts = sure.interval(), sure.parts()
    for end in ("value", "least", "most"):
        assert sum(getattr(one, end) for one in parts.values()) == pytest.approx(getattr(whole, end))
    assert whole.value == pytest.approx(result.energy_pj)
    assert whole.least < whole.likely_least < whole.value < whole.likely_most < whole.most
    scales = {"energy_pj": 1, "edp_pj_s": result.latency_s, "average_power_w": 1e-12 / result.latency_s}
    scales["energy_per_item_j"] = 1e-12 / result.network.batch
    assert set(scales) == set(METRICS)
    for metric, scale in scales.items():
        assert sure.interval(metric=metric).most == pytest.approx(whole.most * scale)
    assert sure.interval(metric="average_power_w").value == pytest.approx(result.average_power_w)
    assert len(sure.to_frame()) == len(METRICS)


# ---------------------------------------------------------------------- probabilities


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("turn", [1.5, 2.0, 3.5])
def test_one_cost_decides_exactly(spread: str, turn: float) -> None:
    found = ranges((1, 2, 4), (5, 5, 5), spread=spread).negative(np.array([10.0, -2 * turn]))
    assert found == Probability(pytest.approx(share_below(spread, turn, 1, 2, 4)), 0.0, True)
    other = ranges((1, 2, 4), (5, 5, 5), spread=spread).negative(np.array([-10.0, 2 * turn]))
    assert other.value == pytest.approx(1 - found.value)


@pytest.mark.parametrize("spread", SPREADS)
def test_two_costs_agree_with_a_numerical_convolution(spread: str) -> None:
    """P(3 a < 2 b) = the integral of P(3 a < 2 b | b) over b."""
    shares = (np.arange(20_000) + 0.5) / 20_000
    b = quantile(spread, shares, np.array(2.0), np.array(3.0), np.array(6.0))
    exact = float(np.mean([share_below(spread, 2 * each / 3, 1, 2, 4) for each in b.tolist()]))
    found = ranges((1, 2, 4), (2, 3, 6), spread=spread, draws=100_000).negative(np.array([3.0, -2.0]))
    assert not found.exact
    assert 0.1 < exact < 0.9
    assert found.value == pytest.approx(exact, abs=4 * found.standard_error)
    assert found.standard_error == pytest.approx(np.sqrt(exact * (1 - exact) / 100_000), rel=0.02)


def test_what_the_ranges_decide_needs_no_draws() -> None:
    found = ranges((1, 2, 4), (1, 2, 4))
    assert found.negative(np.array([-1.0, 0.2])) == Probability(1.0, 0.0, True)
    assert found.negative(np.array([1.0, -0.2])) == Probability(0.0, 0.0, True)
    assert found.negative(np.array([0.0, 0.0])) == Probability(0.0, 0.0, True)
    assert [Probability(value, 0.0, True).text for value in (0.0, 0.25, 1.0)] == [
        "never", "with probability 25%", "always",
    ]  # fmt: skip
    assert [Probability(value, 0.01, False).text for value in (0.971, 0.999, 1.0, 0.001)] == [
        "in 97% of draws", "in more than 99% of draws", "in more than 99% of draws", "in less than 1% of draws",
    ]  # fmt: skip


def test_a_cost_that_both_use_is_drawn_once() -> None:
    wide = {"value": 20, "low": 1, "high": 4000, "source": "horowitz-isscc2014"}
    found = compared("horowitz-45nm", ["fp16", "int8"], **HOROWITZ, **dict.fromkeys(DRAM, wide))
    assert found.uncertainty().interval("int8").most > found.uncertainty().interval("fp16").least
    assert found.probability("int8", "fp16") == Probability(1.0, 0.0, True)
    assert "in 100%" not in " ".join(found.verdict)


def test_chips_of_different_sources_differ_by_chance() -> None:
    found = compared(["horowitz-45nm", "nvdla-small"], ["int8"])
    sure = found.uncertainty(unranged=0.5, spread="uniform")
    first, second = found.names
    there, back = sure.probability(first, second), sure.probability(second, first)
    assert there.value + back.value == pytest.approx(1)
    assert sure.least_energy[first] == pytest.approx(there.value)
    again = found.uncertainty(unranged=0.5, spread="uniform")
    assert again.probability(first, second) == there
    judged = sure.judgement(first, second)
    assert judged is not None
    assert judged.low <= judged.nominal <= judged.high


def test_a_verdict_that_is_too_close_says_how_likely() -> None:
    given_ = HOROWITZ | {"multiply_pj.int8": {"value": 0.2, "low": 0.1, "high": 30}}
    chip = sim.load_profile("horowitz-45nm", given_)
    found = sim.compare(NETWORK, chip, ["w8a8-dequant-fp32", "int8"], mapping="heuristic")
    odds = found.probability("int8", "w8a8-dequant-fp32")
    assert odds is not None
    assert odds.exact
    assert 0 < odds.value < 1
    assert f"int8 takes less than w8a8-dequant-fp32 {odds.text}." in found.verdict[0]
    record = found.to_dicts()[1]
    assert record["ratios"]["energy_pj"]["probability_of_less_energy"] == odds.value
    assert record["energy_least_pj"] < record["energy_pj"] < record["energy_most_pj"]
    row = found.to_frame().iloc[1]
    assert row["probability_of_less_energy"] == odds.value
    assert row["energy_most_pj"] == record["energy_most_pj"]


# ---------------------------------------------------------------------- bad input


def test_wrong_questions_are_refused() -> None:
    result = sim.estimate(NETWORK, "horowitz-45nm", "int8", mapping="heuristic")
    with pytest.raises(UsageError, match="did you mean uniform"):
        result.uncertainty(spread="uniforme")
    with pytest.raises(UsageError, match="share of at least 0 and less than 1"):
        result.uncertainty(unranged=20)
    with pytest.raises(UsageError, match="draws must be between"):
        result.uncertainty(draws=0)
    with pytest.raises(InputError, match="did you mean edp_pj_s"):
        result.uncertainty().interval(metric="edp_pj")
    with pytest.raises(InputError, match="a result must be one of int8"):
        result.uncertainty().interval("int9")
    with pytest.raises(InputError, match="must be known; a100-80gb"):
        sim.estimate(NETWORK, "a100-80gb", "int8", mapping="heuristic").uncertainty()
    with pytest.raises(InputError, match="range of cost 0 begins at 0"):
        ranges((0, 1, 2), spread="log-uniform")
    assert compared("a100-80gb", ["int8"]).probability("int8") is None
    with pytest.raises(InputError, match="must be known"):
        compared("a100-80gb", ["int8"]).uncertainty()


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 0.9), spread=st.sampled_from(SPREADS))
def test_draws_lie_within_the_exact_interval(share: float, spread: str) -> None:
    found = SURE.uncertainty(unranged=share, spread=spread, draws=500)
    interval = found.interval()
    tolerance = 1e-9 * interval.value
    assert interval.least - tolerance <= interval.likely_least <= interval.likely_most <= interval.most + tolerance


SURE = sim.estimate(NETWORK, "horowitz-45nm", "int8", mapping="heuristic")
