"""Do parents and the command line reach every field, and does each change say what it did?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.errors import AccelsimError, InputError
from accelsim.hardware import Chip, load_profile, sram

Load = Callable[..., Chip]


def test_a_number_from_the_command_line_is_assumed(load: Load) -> None:
    chip = load(overrides={"levels.RF.read_pj_per_bit": "0.1", "clock_hz": "2e9", "multiply_pj.int8": "0.3"})
    for number, value in (
        (chip.level("RF").read_pj_per_bit, 0.1),
        (chip.clock_hz, 2e9),
        (chip.multiply_pj("int8", "int8"), 0.3),
    ):
        assert number is not None
        assert (number.value, number.source, number.status) == (value, "command line", "assumed")
    assert load().clock_hz.source == "horowitz-isscc2014"


def test_a_bandwidth_in_bytes_follows_the_clock(load: Load) -> None:
    assert load().level("DRAM").read_bits_per_cycle == 64
    assert load(overrides={"clock_hz": "2e9"}).level("DRAM").read_bits_per_cycle == 32
    chip = load(overrides={"levels.DRAM.read_bits_per_cycle": "128"})
    assert chip.level("DRAM").read_bits_per_cycle == 128
    assert chip.level("DRAM").write_bits_per_cycle is None


def test_the_size_of_a_fan_out_keeps_its_dimensions(load: Load) -> None:
    chip = load(overrides={"array.rows": "32"})
    assert chip.pes == 32 * 8
    assert chip.fanouts[0].dims == frozenset({"C"})
    assert chip.hierarchy == ((("DRAM", 0), ("SRAM", 0), ("RF", 2)), (("rows", 32), ("cols", 8)))


def test_capacity_rescales_an_sram_by_the_table_and_says_so(load: Load) -> None:
    before, after = load().level("SRAM"), load(overrides={"levels.SRAM.capacity": "256KiB"}).level("SRAM")
    assert before.read_pj_per_bit is not None
    assert after.read_pj_per_bit is not None
    # 65,536 and 262,144 bytes at 64 bits are tabulated: 45 nm, CACTI 7.
    table = sram.lookup("read_pj", 2**21, 64, 45) / sram.lookup("read_pj", 2**19, 64, 45)
    assert after.read_pj_per_bit.value == pytest.approx(before.read_pj_per_bit.value * table, rel=1e-12)
    assert after.read_pj_per_bit.status == "derived"
    assert "CACTI 7 ratio from 64 KiB" in after.read_pj_per_bit.note
    assert "extrapolated" not in after.read_pj_per_bit.note
    assert sram.SOURCE in after.read_pj_per_bit.sources
    assert before.read_pj_per_bit.status == "seen"


def test_beyond_the_table_the_extrapolation_is_stated(load: Load) -> None:
    cost = load(overrides={"levels.SRAM.capacity": "64 MiB"}).level("SRAM").read_pj_per_bit
    assert cost is not None
    assert "extrapolated beyond" in cost.note


def test_the_access_width_rescales_too(load: Load) -> None:
    before, after = load().level("SRAM"), load(overrides={"levels.SRAM.access_bits": "128"}).level("SRAM")
    assert before.read_pj_per_bit is not None
    assert after.read_pj_per_bit is not None
    table = sram.lookup("read_pj", 2**19, 128, 45) / sram.lookup("read_pj", 2**19, 64, 45)
    assert after.read_pj_per_bit.value == pytest.approx(before.read_pj_per_bit.value * table / 2, rel=1e-12)


def test_a_cost_given_with_the_capacity_is_not_rescaled(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text(
        "name: v\nextends: horowitz-45nm\nsource: horowitz-isscc2014\nlevels:\n  - name: SRAM\n    capacity: 32 KiB\n"
        "    read_pj_per_access: {value: 20, source: horowitz-isscc2014}\n"
    )
    level = load_profile(path).level("SRAM")
    assert level.read_pj_per_bit is not None
    assert level.write_pj_per_bit is not None
    assert level.read_pj_per_bit.value == 20 / 64
    assert level.read_pj_per_bit.status == "seen"
    assert level.write_pj_per_bit.status == "derived"


def test_dram_and_register_files_keep_their_costs(load: Load) -> None:
    chip = load(overrides={"levels.DRAM.capacity": "1GiB", "levels.RF.capacity": "1KiB"})
    assert chip.level("DRAM").read_pj_per_bit == load().level("DRAM").read_pj_per_bit
    assert chip.level("RF").read_pj_per_bit == load().level("RF").read_pj_per_bit
    assert [remark for remark in chip.remarks if remark.startswith("RF")]


def test_the_area_of_another_chip_is_not_known(load: Load) -> None:
    old, new = "node_nm: 45", "node_nm: 45\narea_mm2: 3"
    assert load(old, new).area_mm2 is not None
    for overrides in ({"levels.SRAM.capacity": "256KiB"}, {"array.cols": "2"}):
        chip = load(old, new, overrides=overrides)
        assert chip.area_mm2 is None
        assert any("area_mm2" in remark for remark in chip.remarks)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("clok_hz", "3", "clok_hz is not a field of a profile; did you mean clock_hz?"),
        ("levels.SRM.capacity", "1KiB", "'SRM' is not a level of this profile; did you mean SRAM?"),
        ("levels.SRAM.capacty", "1KiB", "did you mean capacity?"),
        ("levels.SRAM.capacity", "64KB", "write 64 KiB"),
        ("levels.SRAM", "3", "must be set field by field"),
        ("levels", "3", "must be set by name"),
        ("array", "3", "must be set by name, such as array.rows"),
        ("array.rowz", "3", "did you mean rows?"),
        ("array.rows", "0", "must be at least 1; got 0."),
        ("array.rows", "1e9", "must be a whole number; got 1000000000.0; write 1000000000."),
        ("array.rows", "1.5e0", "must be a whole number; got 1.5."),
        ("array.rows", "four", "must be a whole number; got 'four'."),
        ("clock_hz", "on", "can be read as text or as a boolean"),
        ("clock_hz", "1e400", "at most 1e+12"),
        ("levels.SRAM.read_pj_per_bit", "-3", "of at least 0; got -3."),
        ("multiply_pj.int9x", "3", "is not a number format"),
        ("sources.k", "3", "cannot be set from the command line"),
        ("extends", "x", "cannot be set from the command line"),
        ("levels.RF.name", "x", "cannot be renamed"),
        ("multiply_pj", "\ud800", "must be text in UTF-8"),
        ("a..b", "3", "field names joined by dots"),
        ("", "3", "field names joined by dots"),
        ("dataflows", "[ws", "the file must be YAML"),
    ],
)
def test_a_wrong_override_is_named(load: Load, path: str, value: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        load(overrides={path: value})
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"--set {path}=")
    assert str(caught.value).isprintable()


def test_each_number_keeps_the_source_of_the_file_that_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "child.yaml"
    path.write_text(
        "name: child\nextends: horowitz-45nm\nsource: mine\nclock_hz: 5.0e+8\n"
        "multiply_pj: {source: mine, status: assumed, int8: 0.1}\n"
        "levels:\n  - name: DRAM\n    read_pj_per_bit: {value: 5, source: mine}\n"
        "sources: {mine: {title: Mine}}\n"
    )
    chip = load_profile(path)
    numbers = dict(chip.numbers())
    assert numbers["clock_hz"].source == "mine"
    assert numbers["node_nm"].source == "horowitz-isscc2014"
    assert (numbers["multiply_pj.int8"].source, numbers["multiply_pj.int8"].status) == ("mine", "assumed")
    assert (numbers["multiply_pj.fp32"].source, numbers["multiply_pj.fp32"].status) == ("horowitz-isscc2014", "seen")
    assert numbers["levels.DRAM.read_pj_per_bit"].value == 5
    assert numbers["levels.DRAM.write_pj_per_bit"].value == 1300 / 64
    assert chip.title == "child"
    assert "mine" in chip.sources


def test_a_new_level_goes_outside_the_one_it_follows(tmp_path: Path) -> None:
    path = tmp_path / "child.yaml"
    path.write_text(
        "name: child\nextends: horowitz-45nm\nsource: horowitz-isscc2014\n"
        "levels:\n  - name: SRAM\n    capacity: 32 KiB\n  - name: L2\n    capacity: 4 MiB\n"
    )
    assert [level.name for level in load_profile(path).levels] == ["RF", "SRAM", "L2", "DRAM"]


def test_an_error_in_a_parent_names_the_parents_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("name: base\nsource: horowitz-isscc2014\nclock_hz: -1\n")
    (tmp_path / "child.yaml").write_text("name: child\nextends: base\n")
    with pytest.raises(InputError, match=r"child.yaml:1:1: macs_per_pe_cycle|base.yaml:3:11: clock_hz"):
        load_profile(tmp_path / "child.yaml")


def test_chips_are_equal_when_their_numbers_are(load: Load) -> None:
    assert load() == load()
    assert hash(load()) == hash(load())
    assert load() != load(overrides={"clock_hz": "2e9"})
    assert load() != load(what_if=True)


PATHS = (
    "levels.SRAM.capacity", "array.rows", "clock_hz", "levels.SRAM.access_bits", "node_nm", "multiply_pj.int8",
    "levels.DRAM.efficiency", "macs_per_pe_cycle.int4", "vector.lanes", "name", "array.rows.dims", "multiply_pj",
    "levels.SRAM.capacity.low", "vector", "levels.SRAM.read_pj_per_bit.low", "array.rows.size.value.x", "dataflows",
)  # fmt: skip
VALUES = (
    "1", "0", "-1", "256KiB", "1e9", "~", "{}", "[]", "x", "'", "{value: 3}", "{a: b}", "0x10", "true", "*a", "1/2",
    "1e-300", "1" * 30, "\n- a", "a: b", "[{name: RF}]", "{value: 1 MiB}", "{value: 3, source: nobody, note: 3}",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_any_value_for_any_field_is_taken_or_refused(load: Load, path: str) -> None:
    refused = []
    for value in VALUES:
        for what_if in (False, True):
            try:
                load(overrides={path: value}, what_if=what_if)
            except AccelsimError as error:
                refused.append(str(error))
    assert refused
    assert all(message.isprintable() for message in refused)
