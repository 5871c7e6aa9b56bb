"""Is the best point under constraints what brute force finds, and does an answer say what binds and what is nearest?"""

from __future__ import annotations

import operator
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError, UsageError
from accelsim.explore.best import best
from accelsim.explore.queries import Constraint, parse_constraints, parse_query
from accelsim.units import parse_amount

NUMBERS = st.sampled_from([1.0, 2.0, 3.0, 4.0, nan])
ROWS = st.lists(st.fixed_dictionaries({"energy_pj": NUMBERS, "latency_s": NUMBERS, "area_mm2": NUMBERS}), min_size=1)
HOLDS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


@given(ROWS, st.lists(st.tuples(st.sampled_from(["latency_s", "area_mm2"]), st.sampled_from(list(HOLDS))), max_size=3))
def test_the_best_is_what_brute_force_finds(rows: list[dict[str, float]], asked: list[tuple[str, str]]) -> None:
    constraints = [Constraint(name, relation, 2.0) for name, relation in dict.fromkeys(asked)]
    answer = best(rows, "least energy", constraints)

    def least(holding: list[Constraint]) -> float | None:
        values = [
            row["energy_pj"] for row in rows
            if row["energy_pj"] == row["energy_pj"] and all(HOLDS[one.relation](row[one.name], 2.0) for one in holding)
        ]  # fmt: skip
        return min(values, default=None)

    wanted = least(constraints)
    assert (None if answer.row is None else answer.row["energy_pj"]) == wanted
    for one, place in answer.without.items():
        freed = least([other for other in constraints if other != one])
        assert (None if place is None else rows[place]["energy_pj"]) == freed
    assert set(answer.binding) <= set(constraints)
    known = [row for row in rows if row["energy_pj"] == row["energy_pj"]]
    assert answer.excluded == len(rows) - len(known)
    if wanted is None and known:
        assert answer.nearest is not None
        missed = max(one.missed_by(rows[answer.nearest][one.name]) for one in constraints)
        assert missed == min(max(one.missed_by(row[one.name]) for one in constraints) for row in known)
    assert answer.text.endswith(".")


POINTS = [
    {"scheme": "fp32", "energy_pj": 8e9, "latency_s": 8e-3, "average_power_w": 1.0, "peak_memory_bytes": 2.0**31},
    {"scheme": "fp16", "energy_pj": 4e9, "latency_s": 6e-3, "average_power_w": 0.7, "peak_memory_bytes": 2.0**30},
    {"scheme": "int8", "energy_pj": 2e9, "latency_s": 2e-3, "average_power_w": 1.0, "peak_memory_bytes": 2.0**29},
    {"scheme": "w4a16", "energy_pj": 3e9, "latency_s": 4e-3, "average_power_w": 0.75, "peak_memory_bytes": 2.0**28},
]


def test_a_query_of_the_issue() -> None:
    answer = best(POINTS, "least energy with latency_s <= 5e-3, average_power_w <= 2, peak_memory_bytes <= 1GiB")
    assert answer.row == POINTS[2]
    assert answer.satisfying == 2
    assert answer.text == "int8 has the least energy, 2.00 mJ, of the 2 of 4 points that satisfy all 3 constraints."


def test_units_words_and_texts() -> None:
    answer = best(POINTS, "least energy where latency < 5 ms and power <= 1 W and scheme != int8")
    assert answer.row == POINTS[3]
    assert [str(one) for one in answer.binding] == ["scheme != int8"]
    assert best(POINTS, "lowest memory if scheme == fp16").row == POINTS[1]
    assert best(POINTS, "max latency_s").row == POINTS[0]
    fitting = [row | {"fits_memory": place > 1 or None} for place, row in enumerate(POINTS)]
    for told in ("== True", "== yes", "!= false"):
        assert best(fitting, f"least latency with fits_memory {told}").satisfying == len(POINTS) - 2
    with pytest.raises(InputError, match="energy_pj must be a number in pJ; got 'true'"):
        best(POINTS, "latency with energy == true")
    assert best(POINTS, "energy", "memory <= 300 MiB").row == POINTS[3]


def test_a_constraint_that_binds_is_named_with_its_price() -> None:
    answer = best(POINTS, "least energy with power <= 0.8")
    assert answer.text == (
        "w4a16 has the least energy, 3.00 mJ, of the 2 of 4 points that satisfy average_power_w <= 800 mW. "
        "Without average_power_w <= 800 mW it would be int8 with 2.00 mJ."
    )


def test_no_point_says_what_binds_and_the_nearest() -> None:
    answer = best(POINTS, "least energy with latency <= 1 ms, memory <= 1 GiB")
    assert answer.row is None
    assert "No point has latency_s <= 1 ms: the least is 2.00 ms." in answer.text
    assert "Dropping latency_s <= 1 ms would leave an answer." in answer.text
    assert answer.text.endswith("Nearest is int8: latency_s is 2.00 ms, 100% beyond latency_s <= 1 ms.")
    assert best(POINTS, "least energy with latency <= 1 ms").text == (
        "No point has latency_s <= 1 ms: the least is 2.00 ms. "
        "Nearest is int8: latency_s is 2.00 ms, 100% beyond latency_s <= 1 ms."
    )
    assert best([{"energy_pj": 1.0, "area_mm2": None}], "energy with area <= 1").text == (
        "No point has a known area_mm2, of which area_mm2 <= 1 mm2 is asked. "
        "Nearest is point 1: area_mm2 is unknown, where area_mm2 <= 1 mm2 was wanted."
    )
    assert "no known energy_pj" in best([{"energy_pj": None}], "least energy").text.replace("has a known", "no known")


@pytest.mark.parametrize(
    ("query", "kind", "said"),
    [
        ("least energy with latency_s <= 5 mm2", InputError, "latency_s must be in s; got '5 mm2'"),
        ("least energy with memory <= 1GB", InputError, "write 1 GiB"),
        ("least energy with latncy_s <= 5", InputError, "did you mean latency"),
        ("least enrgy", InputError, "did you mean energy"),
        ("least energy with scheme == int9", InputError, "did you mean int8"),
        ("least energy with scheme <= int8", UsageError, "can be == or !="),
        ("least energy with soon", UsageError, "must be NAME <= BOUND"),
        ("latency_s<=5", UsageError, "a query must be such as"),
        ("least latency_s <= 5", UsageError, "a query must be such as"),
        ("", UsageError, "a query must be such as"),
    ],
)
def test_bad_queries_are_one_sentence(query: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said.replace("=", "=").replace("?", r"\?")):
        best(POINTS, query)


def test_a_query_prints_as_it_is_read() -> None:
    query = parse_query("most throughput with energy <= 5 mJ, area <= 10")
    assert str(query) == "most throughput_per_s with energy_pj <= 5 mJ, area_mm2 <= 10 mm2"
    assert parse_query(str(query)) == query
    assert parse_constraints("latency <= 5ms, power <= 2") == parse_constraints(["latency_s<=0.005", "power <= 2 W"])


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("5 ms", "s", 0.005), ("1GiB", "B", 2**30), ("1 KiB", "bit", 8192), ("2", "W", 2), ("0.5 uJ", "pJ", 5e5),
        ("3 mJ*s", "pJ*s", 3e9), ("10 mm^2", "mm2", 10), ("1e3 cycles", "cycle", 1000), ("-1.5", "", -1.5),
        ("2 GHz", "Hz", 2e9),
    ],
)  # fmt: skip
def test_amounts_carry_their_units(text: str, unit: str, amount: float) -> None:
    assert parse_amount(text, unit) == pytest.approx(amount)


@pytest.mark.parametrize(
    ("text", "unit"), [("5 kg", "s"), ("five", "s"), ("5 s", ""), ("1 KB", "B"), ("5 kmm2", "mm2")]
)
def test_amounts_of_something_else_are_refused(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_amount(text, unit)
