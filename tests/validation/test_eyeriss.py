"""Is the study of Eyeriss made of what was published: its layouts, its buffers, its energy per cycle?"""

import pytest

from accelsim.hardware.catalog import load_profile
from accelsim.mapping.occupied import active_pes
from accelsim.simulation.estimate import evaluate_mapping
from accelsim.validation.comparison import Comparison
from accelsim.validation.measurements import rows
from accelsim.validation.studies.eyeriss import chip, traffic
from accelsim.validation.studies.eyeriss.energy import chip_energy, known_pj

TABLE = {row["layer"]: row for row in rows(chip.MAPPING)}
MEASURED = {row["layer"]: row for row in rows(chip.MEASURED)}


@pytest.fixture(scope="module")
def glb() -> Comparison:
    return traffic.glb_traffic()


def test_published_layouts_have_the_published_pes() -> None:
    for name, one in chip.published().items():
        assert one.nest is not None
        assert one.layer.shape is not None
        assert active_pes(one.nest, one.layer.shape) == float(MEASURED[name]["active_pes"]), name


def test_published_layouts_fill_the_buffer_as_published() -> None:
    """KiB of inputs and of partial sums, to the digits of the table."""
    for name, one in chip.published().items():
        for operand, column in (("I", "glb_ifmap_kib"), ("O", "glb_psum_kib")):
            kib = one.boxes["GLB", operand] * 2 / 1024
            assert kib == pytest.approx(float(TABLE[name][column]), abs=0.1), (name, operand)


def test_shapes_are_those_of_the_table() -> None:
    for name, layer in chip.layers().items():
        shape, row = layer.shape, {key: int(value) for key, value in TABLE[name].items() if len(key) == 1}
        assert shape is not None
        assert shape.y is not None
        assert (shape.y.size, shape.FY, shape.OY, shape.C, shape.G * shape.K, shape.y.stride) == tuple(
            row[key] for key in "HRECMU"
        )


def test_traffic_on_the_array_side_is_the_published_one_to_its_digits(glb: Comparison) -> None:
    """The proof that CONV3 ran with 6 channels a pass: in the other four layers the count is known to be right."""
    found = [row for row in glb.rows if row.group == "array side alone"]
    assert [row.label for row in found] == list(MEASURED)
    assert max(abs(row.error) for row in found) < 0.004
    as_tabled = traffic._array_side(chip.published()["CONV3"])
    assert as_tabled > 1.3 * float(MEASURED["CONV3"]["glb_access_mb"])


def test_energy_leaves_dram_out_and_is_fitted_by_relative_error() -> None:
    for one in chip.published().values():
        dram_pj = one.energy_of("memory", place="DRAM")
        assert dram_pj
        assert one.energy_pj is not None
        assert known_pj(one) + dram_pj == pytest.approx(one.energy_pj, rel=1e-12)
    first = chip_energy().fitted[0]
    assert first.rows == ("CONV1", "CONV2")
    shares = [(1e-9 * known_pj(one) / measured, 1e-9 * one.cycles / measured) for one, measured in (
        (chip.published()["CONV1"], 0.332 * 20.9), (chip.published()["CONV2"], 0.288 * 41.9)
    )]  # fmt: skip
    best = sum(cycles * (1 - known) for known, cycles in shares) / sum(cycles**2 for _, cycles in shares)
    assert first.value == pytest.approx(best, rel=1e-9)


def test_the_fitted_energy_is_the_profiles_energy_per_cycle() -> None:
    """A row is what the profile gives with the fitted number as its clock_pj_per_cycle."""
    comparison = chip_energy()
    assert len(comparison.judged) == 30
    assert len(comparison.fitted) == 10
    for fit in (comparison.fitted[0], comparison.fitted[-1]):
        clocked = load_profile("eyeriss-v1", {"clock_pj_per_cycle": f"{fit.value!r}"})
        for row in comparison.judged:
            if row.group == fit.group:
                one = chip.published()[row.label]
                assert one.nest is not None
                whole = evaluate_mapping(one.layer, clocked, one.nest, chip.SCHEME)
                assert known_pj(whole) * 1e-9 == pytest.approx(row.predicted, rel=1e-9)
