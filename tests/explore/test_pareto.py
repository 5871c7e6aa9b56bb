"""Is the front what brute force finds, whatever the points, and is the knee where the definition says?"""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError, UsageError
from accelsim.explore.compare import compare
from accelsim.explore.knee import knee
from accelsim.explore.metrics import Metric, metric, unit_of
from accelsim.explore.pareto import efficient, pareto
from accelsim.explore.points import points_of, read_points

VALUES = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, inf])


def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), max_size=40)))
def test_the_front_is_what_no_other_point_dominates(rows: list[tuple[float, ...]]) -> None:
    costs = np.array(rows, dtype=float).reshape(len(rows), len(rows[0]) if rows else 1)
    brute = [not any(dominates(other, own) for other in rows) for own in rows]
    assert efficient(costs).tolist() == brute


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0, nan]), st.sampled_from([1.0, 2.0, 3.0])), max_size=20))
def test_directions_unknown_points_and_places(rows: list[tuple[float, float]]) -> None:
    records = [{"latency_s": x, "throughput_per_s": y} for x, y in rows] or [{"latency_s": nan, "throughput_per_s": 1}]
    front = pareto(records, ["latency_s", "throughput_per_s"])
    assert [one.better for one in front.metrics] == ["min", "max"]
    assert sorted((*front.places, *front.dominated, *front.excluded)) == list(range(len(records)))
    costs = [(row["latency_s"], -row["throughput_per_s"]) for row in records]
    assert list(front.excluded) == [place for place, (x, _) in enumerate(costs) if x != x]
    known = [place for place in range(len(costs)) if place not in front.excluded]
    brute = {place for place in known if not any(dominates(costs[other], costs[place]) for other in known)}
    assert set(front.places) == brute
    assert [costs[place] for place in front.places] == sorted(costs[place] for place in front.places)


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6)), min_size=3, max_size=12), st.booleans())
def test_the_knee_is_farthest_from_the_chord(rows: list[tuple[float, float]], log: bool) -> None:
    points = np.array(rows)
    values = points[efficient(points)]
    values = values[np.argsort(values[:, 0], kind="stable")]
    found = knee(values, np.array([1.0, 1.0]), log)
    seen = np.log(values) if log else values
    if len(np.unique(values, axis=0)) < 3:
        assert found is None
        return
    scaled = (seen - seen.min(axis=0)) / (seen.max(axis=0) - seen.min(axis=0))
    (ax, ay), (bx, by) = scaled[0], scaled[-1]
    distance = ((bx - ax) * (ay - scaled[:, 1]) - (ax - scaled[:, 0]) * (by - ay)) / sqrt(2)
    if found is None:
        assert distance.max() < 1e-8
    else:
        assert distance[found] == pytest.approx(distance.max())


def test_a_straight_or_bulging_front_has_no_knee() -> None:
    ones = np.ones(2)
    assert knee(np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]]), ones) is None
    assert knee(np.array([[0.0, 2.0], [1.9, 1.9], [2.0, 0.0]]), ones) is None
    assert knee(np.array([[0.0, 2.0], [0.2, 0.2], [2.0, 0.0]]), ones) == 1
    assert knee(np.array([[1.0, 4.0], [2.0, 2.0], [4.0, 1.0]]), ones, log=True) is None


def test_a_comparison_has_a_front_and_refusals_are_excluded() -> None:
    found = compare("filter-3x3x256", ["horowitz-45nm", "tpu-v1"], ["fp32", "int8"], mapping="heuristic")
    front = pareto(found)
    assert len(front.excluded) == len(found.refusals) == 1
    assert "int8 on horowitz-45nm" in {front.points.label(place) for place in front.places}
    assert "1 excluded" in repr(front)
    assert list(front.to_frame().index) == list(front.places)


def test_what_a_front_cannot_be_of() -> None:
    records = [{"energy_pj": 1.0, "scheme": "int8"}]
    with pytest.raises(InputError, match="did you mean energy_pj"):
        pareto(records, ["enrgy_pj"])
    with pytest.raises(InputError, match="scheme must be numbers; row 1 has 'int8'"):
        pareto(records, ["scheme"])
    with pytest.raises(UsageError, match="at least one metric, each once"):
        pareto(records, ["energy", "energy_pj"])
    with pytest.raises(UsageError, match="min or max; got 'up'"):
        pareto(records, ["up:energy_pj"])
    with pytest.raises(UsageError, match="a comparison or a sweep; got int"):
        pareto(3)
    assert pareto(records, [("energy_pj", "max")]).metrics == (Metric("energy_pj", "max"),)


def test_names_say_their_units() -> None:
    assert [unit_of(name) for name in ("edp_pj_s", "latency_s", "throughput_per_s", "area_mm2")] == [
        "pJ*s", "s", "1/s", "mm2",
    ]  # fmt: skip
    assert metric("throughput").better == "max"
    assert metric("min:throughput").better == "min"


def test_points_come_from_tables_and_files(tmp_path: Any) -> None:
    frame = pd.DataFrame({"array.rows": [8, 16], "scheme": ["int8", "int8"], "energy_pj": [2.0, nan]})
    points = points_of(frame)
    assert points.varying == ("array.rows",)
    assert points.label(1) == "array.rows 16"
    frame.to_csv(tmp_path / "sweep.csv", index=False)
    again = read_points(tmp_path / "sweep.csv")
    assert again.numbers("energy").tolist()[0] == 2.0
    assert again.varying == ("array.rows",)
    with pytest.raises(InputError, match=r"none\.json cannot be read"):
        read_points(tmp_path / "none.json")
    (tmp_path / "empty.json").write_text('{"points": []}')
    with pytest.raises(InputError, match="holds no points"):
        read_points(tmp_path / "empty.json")
    with pytest.raises(UsageError, match=r"\.csv, \.json, \.parquet"):
        read_points(tmp_path / "sweep.txt")
