"""Is a chip its content, and are the numbers of a level those of one instance?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from accelsim.hardware import Chip, FanOut, list_profiles, load_profile
from accelsim.hardware.check import facts

Load = Callable[..., Chip]

CHANGES: dict[str, Callable[[Chip], Chip]] = {
    "clock": lambda chip: replace(chip, clock_hz=replace(chip.clock_hz, value=2e9)),
    "a source": lambda chip: replace(chip, clock_hz=replace(chip.clock_hz, source="han-nips2015")),
    "a level": lambda chip: replace(chip, levels=(replace(chip.levels[0], capacity_bits=8), *chip.levels[1:])),
    "one level less": lambda chip: replace(chip, levels=chip.levels[1:]),
    "a fan-out's dimensions": lambda chip: replace(chip, fanouts=(replace(chip.fanouts[0], dims=frozenset("K")),)),
    "a fan-out's size": lambda chip: replace(chip, fanouts=(FanOut("rows", 5), *chip.fanouts[1:])),
    "no costs": lambda chip: replace(chip, multiply_table=()),
    "what if": lambda chip: replace(chip, what_if=True),
    "remarks": lambda chip: replace(chip, remarks=("changed",)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_another_chip(load: Load, change: str) -> None:
    """The heuristic keeps mappings by digest: a copy with the old one would get the mapping of another chip."""
    chip = load()
    digest = chip.digest
    changed = CHANGES[change](chip)
    assert changed != chip
    assert changed.digest != digest
    assert len({chip, changed}) == 2


def test_an_unchanged_copy_is_the_same_chip_and_one_changed_back_too(load: Load) -> None:
    chip = load()
    assert replace(chip) == chip == load()
    changed = replace(chip, title="other")
    assert replace(changed, title=chip.title) == chip
    assert hash(replace(chip)) == hash(chip)


def test_costs_asked_for_do_not_change_what_a_chip_is(load: Load) -> None:
    asked, fresh = load(), load()
    asked.multiply_pj("int4", "int4")
    assert asked.digest == fresh.digest
    assert {one.name for one in fields(Chip) if not one.init} == {"_memo"}


def test_a_set_hashes_alike_whatever_its_order(load: Load) -> None:
    """Eight dimensions put in from either end: equal sets that may list their members in another order."""
    dims = ("B", "G", "K", "C", "OY", "OX", "FY", "FX")
    chip = load()
    ways = [replace(chip, fanouts=(FanOut("rows", 4, frozenset(order)),)) for order in (dims, dims[::-1])]
    assert ways[0].digest == ways[1].digest


@pytest.mark.parametrize("name", [entry.name for entry in list_profiles()])
def test_the_digest_takes_less_than_a_millisecond(name: str) -> None:
    chip = load_profile(name)
    assert min(_seconds(replace(chip)) for _ in range(10)) < 1e-3


def _seconds(chip: Chip) -> float:
    start = time.perf_counter()
    assert chip.digest
    return time.perf_counter() - start


RF = "    capacity: 64 B\n"
INSTANCES = 4 * 8


def test_a_bandwidth_of_a_whole_level_is_shared_out_and_its_efficiency_kept_apart(load: Load) -> None:
    """64 GB/s at 1 GHz are 512 bits per cycle, 16 for each of 32 instances; the engine takes the half itself."""
    share = "{value: 0.5, source: han-nips2015}"
    chip = load(RF, f"{RF}    bandwidth_bytes_per_s: 6.4e+10\n    efficiency: {share}\n")
    level = chip.level("RF")
    assert chip.instances("RF") == INSTANCES
    assert (level.read_bits_per_cycle, level.write_bits_per_cycle, level.shared_port) == (16, 16, True)
    assert level.efficiency.value == 0.5
    known = next(one for one in facts(chip).levels if one.name == "RF")
    assert known.read_bytes_per_cycle == 16 * 0.5 * INSTANCES / 8
    assert known.read_bytes_per_s == 6.4e10 * 0.5


def test_a_width_is_that_of_one_instance_as_it_stands(load: Load) -> None:
    share = "{value: 0.25, source: han-nips2015}"
    level = load(RF, f"{RF}    read_bits_per_cycle: 48\n    efficiency: {share}\n").level("RF")
    assert (level.read_bits_per_cycle, level.write_bits_per_cycle, level.efficiency.value) == (48, None, 0.25)


def test_leakage_background_and_capacity_are_those_of_one_instance_as_they_stand(load: Load) -> None:
    han = "source: han-nips2015"
    powers = f"leakage_w: {{value: 0.001, low: 0.0005, {han}}}\n    background_w: {{value: 0.002, {han}}}"
    chip = load(RF, f"{RF}    {powers}\n")
    level = chip.level("RF")
    assert level.leakage_w is not None
    assert level.background_w is not None
    assert (level.leakage_w.value, level.leakage_w.least, level.background_w.value) == (0.001, 0.0005, 0.002)
    assert level.capacity_bits == 64 * 8
    assert chip.leakage_w is None
    assert dict(chip.numbers())["levels.RF.leakage_w"].value == 0.001
