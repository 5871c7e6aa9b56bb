"""Are the points of a sweep those that were asked for, and is a point known by its contents alone?"""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tiny_sweep import asked, swept, tiny

import accelsim as sim
from accelsim.errors import AccelsimError, InputError, UsageError
from accelsim.explore.sweep import identity
from accelsim.explore.sweep.outcome import INTERNAL, Failure, Outcome, metrics_of
from accelsim.explore.sweep.point import Point, evaluate
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.constraints import Constraints
from accelsim.simulation.estimate import estimate
from accelsim.workload.catalog import load_workload

SHIPPED = Path(__file__).parents[3] / "hw_profiles"


def key(folder: Path, **parameters: object) -> str:
    (point,) = asked(folder, **parameters).points()
    return point.key


# ---------------------------------------------------------------------- which points


def test_points_are_the_product_in_order(tmp_path: Path) -> None:
    sweep = asked(tmp_path, {"array.rows": [4, 8], "array.cols": [2, 16]}, batch=[1, 3], SRAM="64KiB:128KiB:x2")
    points = sweep.points()
    expected = [
        (("batch", batch), ("levels.SRAM.capacity", size), ("array.rows", rows), ("array.cols", cols))
        for batch, size, (rows, cols) in product([1, 3], ["64 KiB", "128 KiB"], [(4, 2), (8, 16)])
    ]
    assert [point.values for point in points] == expected
    assert len(points) == len(sweep)
    for point in points:
        values = dict(point.values)
        overrides = {name: values[name] for name in ("levels.SRAM.capacity", "array.rows", "array.cols")}
        assert point.job is not None
        assert point.job.chip == load_profile("horowitz-45nm", overrides)
        assert point.job.network.batch == values["batch"]


def test_capacity_rescales_energy_unless_it_is_set(tmp_path: Path) -> None:
    scaled, stated = (
        {point.job.chip.level("SRAM").read_pj_per_bit.value for point in asked(tmp_path, **more).points()}
        for more in ({"sram": ["64KiB", "1MiB"]}, {"sram": ["64KiB", "1MiB"], "SRAM__read_pj_per_access": 100})
    )
    assert len(scaled) == 2
    assert len(stated) == 1


@pytest.mark.parametrize(
    ("short", "value", "path", "full"),
    [
        ("rows", 4, "array.rows", 4),
        ("array.rows.size", 4, "array.rows", 4),
        ("SRAM", "64KiB", "levels.SRAM.capacity", "64KiB"),
        ("sram", "64KiB", "levels.SRAM.capacity", "64KiB"),
        ("dram.bandwidth_bytes_per_s", 1e9, "levels.DRAM.bandwidth_bytes_per_s", 1e9),
        ("clock_hz.value", 5e8, "clock_hz", 5e8),
    ],
)
def test_short_forms(tmp_path: Path, short: str, value: object, path: str, full: object) -> None:
    assert key(tmp_path, **{short: value}) == key(tmp_path, **{path: full}) != key(tmp_path)


@pytest.mark.parametrize(("value", "sizes"), [(8, (8, 8)), ("8x4", (8, 4)), ((8, 4), (8, 4)), ("8", (8, 8))])
def test_array_sets_the_two_innermost_fan_outs(tmp_path: Path, value: object, sizes: tuple[int, int]) -> None:
    (point,) = asked(tmp_path, array=[value]).points()
    assert point.job is not None
    assert tuple(fanout.size for fanout in point.job.chip.fanouts) == sizes
    (outer,) = asked(tmp_path, array=[value], profile="tpu-v4i").points()
    assert outer.job is not None
    assert tuple(fanout.size for fanout in outer.job.chip.fanouts) == (4, *sizes)


# ---------------------------------------------------------------------- keys


def test_names_are_no_part_of_a_key(tmp_path: Path) -> None:
    text = (SHIPPED / "horowitz-45nm.yaml").read_text(encoding="utf-8")
    copy = tmp_path / "copy.yaml"
    copy.write_text(text.replace("name: horowitz-45nm", "name: other").replace("title: ", "title: My "), "utf-8")
    model = tmp_path / "model.yaml"
    model.write_text(Path(tiny(tmp_path)).read_text("utf-8").replace("tiny", "model\ntitle: A model"), "utf-8")
    own = key(tmp_path)
    assert key(tmp_path, profile=str(copy)) == own
    assert key(tmp_path, workload=str(model)) == own
    assert key(tmp_path, scheme="w8a8") == own
    assert key(tmp_path, profile=load_profile("horowitz-45nm"), workload=load_workload(tiny(tmp_path))) == own
    assert key(tmp_path, mapping="ws") == key(tmp_path, mapping="weight-stationary") != own
    copy.write_text(text.replace("clock_hz: {value: 1.0e+9", "clock_hz: {value: 1.1e+9"), "utf-8")
    assert key(tmp_path, profile=str(copy)) != own


def test_everything_else_is_part_of_it(tmp_path: Path) -> None:
    changed = {
        "batch": 2, "scheme": "fp16", "objective": "latency", "mapping": "os", "keep_weights": True, "fuse": True,
        "residency": "optimal", "pass": "training", "clock_hz": 2e9, "multiply_pj.int8": 0.3, "array.rows": 8,
        "levels.DRAM.bandwidth_bytes_per_s": 1e9, "timing": "systolic",
    }  # fmt: skip
    keys = [key(tmp_path), *(key(tmp_path, **{name: value}) for name, value in changed.items())]
    assert len(set(keys)) == len(keys)
    layers = asked(tmp_path)
    assert {point.key for point in type(layers)(layers.fixed, layers.axes, per_layer=True).points()}.isdisjoint(keys)


def key_of_contents(folder: Path) -> str:
    """The key of a point on a chip whose fan-outs have sets, in a version of the code that does not change."""
    (point,) = asked(folder, profile="eyeriss-v1", mapping=Constraints(keeps={"RF": "WO"})).points()
    assert point.job is not None
    return identity.key(point.job, identity.Parts(), "now")


def test_key_is_the_same_in_another_process(tmp_path: Path) -> None:
    own = key_of_contents(tmp_path)
    program = (
        "import sys; from pathlib import Path; from test_sweep_points import key_of_contents;"
        "print(key_of_contents(Path(sys.argv[1])))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parent, capture_output=True, text=True,
        check=True, env=os.environ | {"PYTHONHASHSEED": "5"},
    )  # fmt: skip
    assert answer.stdout.strip() == own


def test_equal_points_are_computed_once(tmp_path: Path) -> None:
    found = swept(tmp_path, scheme=["int8", "w8a8", "int8"], sram=["1MiB", "1024KiB"])
    assert (found.computed, found.stored, len(found)) == (1, 0, 6)
    assert len(set(map(Outcome.to_text, found.outcomes))) == 1


# ---------------------------------------------------------------------- outcomes


def test_outcome_has_every_number_of_the_estimate(tmp_path: Path) -> None:
    found = swept(tmp_path, scheme=["int8", "fp32"], array__rows=[4, 16])
    for point, outcome in zip(found.points, found.outcomes, strict=True):
        values = dict(point.values)
        chip = load_profile("horowitz-45nm", {"array.rows": values["array.rows"]})
        record = estimate(tiny(tmp_path), chip, str(values["scheme"]), mapping="heuristic").to_dict()
        numbers = {name: value for name, value in record.items() if isinstance(value, int | float) and name != "batch"}
        assert len(numbers) > 15
        assert {name: outcome.metrics[name] for name in numbers} == numbers
        for part, energy_pj in record["energy_breakdown_pj"].items():
            assert outcome.metrics[f"energy_breakdown_pj.{part}"] == energy_pj
        assert Outcome.from_text(outcome.to_text()) == outcome


def test_metrics_are_plain_and_finite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (point,) = asked(tmp_path).points()
    assert point.job is not None
    result = point.job.estimate()
    odd = {
        "a": np.float64(2),
        "b": np.int64(3),
        "c": math.inf,
        "d": {"x": math.nan, "y": np.float32(0.5)},
        "e": np.True_,
    }
    monkeypatch.setattr("accelsim.explore.sweep.outcome.totals", lambda _: odd)
    metrics = metrics_of(result)
    plain = {"a": 2.0, "b": 3, "c": None, "d.x": None, "d.y": 0.5, "e": True}
    assert {name: metrics[name] for name in plain} == plain
    assert {type(value) for value in metrics.values()} <= {int, float, bool, str, type(None)}


def test_points_travel(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    for mapping in ("os", str(file), Constraints(keeps={"RF": "WO"})):
        file.write_text("constraints: {keeps: {RF: WO}}\n", "utf-8")
        (point,) = asked(tmp_path, mapping=mapping).points()
        file.unlink(missing_ok=True)  # a job needs no file any more
        there = pickle.loads(pickle.dumps(point))
        assert there == point
        assert evaluate(there).failure is None


def test_failed_points_say_why_and_the_rest_go_on(tmp_path: Path) -> None:
    found = swept(tmp_path, scheme=["int8", "fp32"], array__rows=[0, 8], levels__RF__capacity=["1 B", "512 B"])
    failed = {point.values: outcome.failure for point, outcome in found.failures}
    assert len(found) - len(failed) == 2
    for (_, (_, rows), (_, room)), failure in failed.items():
        assert failure is not None
        expected = (
            ("InputError", "must be at least 1; got 0") if rows == 0 else ("InfeasibleError", "must fit its 8 bits")
        )
        assert room == "1 B" or rows == 0
        assert failure.kind == expected[0]
        assert expected[1] in failure.reason


def test_a_defect_is_an_outcome_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    (point,) = asked(tmp_path).points()
    monkeypatch.setattr("accelsim.explore.sweep.point.estimate", broken)
    outcome = evaluate(point)
    assert outcome.failure == Failure(INTERNAL, "internal error: ZeroDivisionError: division by zero")
    assert not outcome.lasting
    assert Outcome.from_text(outcome.to_text()) == outcome
    assert evaluate(Point("none", failure=Failure("InputError", "no."))).failure == Failure("InputError", "no.")


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"array.rows": []}, "an axis must have at least one value; array.rows has none"),
        ({"array.rows": [8, "many"]}, "array.rows=many: must be a whole number; got 'many'"),
        ({"array.row": [8, 9]}, "did you mean rows?"),
        ({"clok_hz": [8, 9]}, "clok_hz is not a parameter of a sweep; did you mean clock_hz?"),
        ({"levels.SRAM.capcity": ["8KiB"]}, "did you mean capacity?"),
        ({"schem": ["int8"]}, "schem is not a parameter of a sweep; did you mean scheme?"),
        ({"sram": ["64KB", "1MiB"]}, "1000 or 1024"),
        ({"array.rows": 8, "array.rows.size": [8, 9]}, "given twice, once as an axis and once as a fixed value"),
        ({"array": [8], "array.rows": 8}, "array and array.rows must not both be given"),
        ({"sram": ["8KiB"], "levels.SRAM.capacity_bits": 9000}, "must not both be given"),
        ({"DRAM.read_pj_per_bit": 9, "DRAM.read_pj_per_access": [9]}, "must not both be given"),
        ({"scheme": ["int8", "innt8"]}, "'innt8' is not a scheme; did you mean int8?"),
        ({"profile": ["horowitz-45nm", "eyeris-v1"]}, "did you mean eyeriss-v1?"),
        ({"workload": ["resnet8", "resnet51"]}, "did you mean resnet50?"),
        ({"objective": "enrgy"}, "did you mean energy?"),
        ({"mapping": ["ws", "heuristc"]}, "did you mean heuristic?"),
        ({"residency": "best"}, "residency must be greedy or optimal"),
        ({"pass": "trainin"}, "pass must be one of inference, training"),
        ({"keep_weights": "maybe"}, "keep_weights must be true or false; got 'maybe'"),
        ({"batch": [1, 0]}, "batch must be a whole number of at least 1; got 0"),
        ({"batch": "four"}, "batch must be a whole number of at least 1; got 'four'"),
        ({"context": [1, 2]}, "'context' is not an option of"),
        ({"array.rows": [0, -1]}, "array.rows=0: must be at least 1; got 0"),
        ({"array": ["8xfoo"]}, "array must be a size such as 16, or 16x32; got 'foo'"),
        ({"array": ["8x8x8"]}, "one for each of array.rows x array.cols"),
        ({"array.rows": "1:2000:1", "array.cols": "1:2000:1"}, "at most 100,000 points; 2000 x 2000 are 4,000,000"),
        ({"profile": load_profile("horowitz-45nm"), "array.rows": [8]}, "overrides need a profile's name or file"),
        ({"name": ["other"], "extends": "x"}, "extends cannot be set"),
        ({"clock_hz": [1e9, math.inf]}, "clock_hz must be a finite number; got inf"),
        ({"array.rows": {"a": 1}}, "array.rows must be a number or a text"),
    ],
)
def test_what_can_only_be_a_mistake_is_refused(tmp_path: Path, parameters: dict[str, object], said: str) -> None:
    with pytest.raises(AccelsimError) as caught:
        asked(tmp_path, **parameters).points()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_together_is_an_axis_of_equally_many_values(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"equally many values; array\.rows has 2, array\.cols has 3"):
        asked(tmp_path, {"array.rows": [1, 2], "array.cols": [1, 2, 3]})
    with pytest.raises(InputError, match=r"must each have a list of values; array\.cols has one value"):
        asked(tmp_path, {"array.rows": [1, 2], "array.cols": 3})
    with pytest.raises(InputError, match="at least two parameters"):
        asked(tmp_path, {"array.rows": [1, 2]})


def test_a_profile_without_the_field_fails_alone(tmp_path: Path) -> None:
    points = asked(tmp_path, profile=["horowitz-45nm", "a100-80gb"], levels__RF__capacity=["256B", "512B"]).points()
    assert [point.failure is None for point in points] == [True, True, False, False]
    assert "'RF' is not a level of this profile" in str(points[2].failure)


def test_keywords_of_python(tmp_path: Path) -> None:
    """Short keywords, parameters that move together in place of others, and the same parameter from two sides."""
    usual = {"workload": tiny(tmp_path), "mapping": "heuristic", "jobs": 1}
    found = sim.sweep(
        together={"profile": ["horowitz-45nm", "tpu-v1"], "scheme": ["fp32", "int8"]}, batch=[1, 2], **usual
    )
    assert [dict(point.values) for point in found.points] == [
        {"batch": batch, "profile": profile, "scheme": scheme}
        for batch in (1, 2) for profile, scheme in (("horowitz-45nm", "fp32"), ("tpu-v1", "int8"))
    ]  # fmt: skip
    found = sim.sweep(profile="horowitz-45nm", clock_hz=[5e8, 1e9], rows=4, pass_="inference", **usual)
    assert found.axes == ("clock_hz",)
    assert found.fixed["array.rows"] == 4
    for wrong, said in (
        ({"schem": ["int8"]}, "did you mean scheme"),
        ({"sram": "64KiB", "set": {"sram": ["8KiB"]}}, "sram is given twice"),
        ({"set": {"array.rows": None}}, "must be a number or a text; got nothing"),
        ({"together": [{}]}, "at least two parameters"),
        ({"workload": None}, "must name its workload"),
    ):
        with pytest.raises(InputError, match=said):
            sim.sweep(**{"profile": "horowitz-45nm", **usual, **wrong})


def test_a_network_keeps_its_batch(tmp_path: Path) -> None:
    network = load_workload(tiny(tmp_path))
    with pytest.raises(UsageError, match="batch and options need a workload's name or file; got a Network"):
        asked(tmp_path, workload=network, batch=[1, 2]).points()
    mixed = asked(tmp_path, workload=[network, tiny(tmp_path)], batch=[1, 2]).points()
    assert [point.failure is None for point in mixed] == [False, False, True, True]
    assert [dict(point.values)["workload"] for point in mixed[::2]] == ["tiny", tiny(tmp_path)]


def test_options_of_the_workload(tmp_path: Path) -> None:
    names = ["llama-2-7b/decode", tiny(tmp_path)]
    points = asked(tmp_path, {"options.context": [512, 1024], "batch": [2, 1]}, workload=names, tokens="1").points
    with pytest.raises(InputError, match="'tokens' is not an option of llama-2-7b/decode"):
        points()
    found = asked(tmp_path, {"options.context": [512, 1024], "batch": [2, 1]}, workload=names).points()
    llama = [(point.job.network.options["context"], point.job.network.batch) for point in found[:2] if point.job]
    assert llama == [(512, 2), (1024, 1)]
    assert [dict(point.values)["context"] for point in found] == [512, 1024] * 2
    assert ["'context' is not an option of" in str(point.failure) for point in found] == [False, False, True, True]


def test_errors_of_usage_keep_their_kind(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        asked(tmp_path, objective=["energy", "speed"]).points()
