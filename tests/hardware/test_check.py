"""Does `check` state what a profile implies, and point at what is odd?"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.hardware import Chip, list_profiles, load_profile, template
from accelsim.hardware.check import facts, lines

Load = Callable[..., Chip]


def test_facts_follow_from_the_numbers(load: Load) -> None:
    known = facts(load())
    assert known.pes == 32
    int8 = known.formats[0]
    assert int8.peak_macs_per_s == 32 * 4 * 1e9
    assert int8.mac_pj == pytest.approx(0.3)
    assert int8.macs_per_byte == pytest.approx(32 * 4 * 1e9 / 8e9)
    rf, buffer, dram = known.levels
    assert (rf.instances, rf.total_capacity_bits, rf.read_bytes_per_cycle) == (32, 32 * 512, None)
    assert (buffer.read_bytes_per_cycle, buffer.read_bytes_per_s) == (32, 32e9)
    assert dram.read_bytes_per_s == pytest.approx(8e9)
    assert dict(known.energy_ratios)["DRAM read (32 bits)"] == pytest.approx(20 * 32 / 2.0)
    assert known.remarks == ()


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"levels.DRAM.read_pj_per_bit": "500"}, "levels.DRAM.read_pj_per_bit looks high"),
        ({"levels.DRAM.read_pj_per_bit": "0.01"}, "a bit costs more in SRAM than in DRAM"),
        ({"multiply_pj.int8": "20"}, "multiply_pj.int8 looks high"),
        ({"multiply_pj.int8": "0.0001"}, "multiply_pj.int8 looks low"),
        ({"clock_hz": "2e10"}, "clock_hz looks high"),
        ({"levels.RF.capacity": "4KiB"}, "RF (128 KiB) is larger"),
        ({"levels.SRAM.read_bits_per_cycle": "8"}, "SRAM reads 1 bytes per cycle, less than DRAM"),
        ({"levels.DRAM.bandwidth_bytes_per_s": "1e5"}, "the balance point looks high"),
        ({"macs_per_pe_cycle.int16": "8"}, "int8 runs slower than the wider int16"),
        ({"tdp_w": "0.001"}, "above the TDP"),
        ({"levels.SRAM.read_pj_per_access": "5000"}, "times the table"),
    ],
)
def test_odd_numbers_are_remarked_on(load: Load, overrides: dict[str, str], says: str) -> None:
    assert any(says in remark for remark in facts(load(overrides=overrides)).remarks)


def test_a_profile_without_costs_says_so(load: Load) -> None:
    old = "multiply_pj: {source: horowitz-isscc2014, int8: 0.2, fp16: 1.1}\n"
    known = facts(load(old + "add_pj: {source: horowitz-isscc2014, int32: 0.1, fp32: 0.9}\n", ""))
    assert known.energy_ratios == ()
    assert any("energy is unknown" in remark for remark in known.remarks)


def test_the_template_loads_and_has_nothing_odd(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(template())
    chip = load_profile(path)
    assert facts(chip).remarks == ()
    assert chip.macs_per_pe_cycle("fp16", "fp16").value == pytest.approx(0.25)


def test_every_profile_in_the_catalog_prints_its_facts() -> None:
    names = [entry.name for entry in list_profiles()]
    assert "horowitz-45nm" in names
    for name in names:
        text = lines(load_profile(name))
        assert text[0].startswith(name)
        assert all("\n" not in line for line in text)


def test_the_catalog_survives_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torn.yaml").write_text("a: [")
    monkeypatch.setenv("ACCELSIM_PATH", str(tmp_path))
    (torn,) = [entry for entry in list_profiles() if entry.name == "torn"]
    assert "broken" in torn.title


def test_horowitz_is_honest_about_what_it_assumes() -> None:
    numbers = dict(load_profile("horowitz-45nm").numbers())
    assumed = {
        path for path, number in numbers.items() if number.status == "assumed" and number.source != "accelsim default"
    }
    assert {"clock_hz", "macs_per_pe_cycle.int8", "levels.RF.capacity", "levels.SRAM.capacity"} <= assumed
    assert numbers["levels.DRAM.read_pj_per_bit"].low == 1300 / 64
    assert numbers["levels.DRAM.read_pj_per_bit"].high == 2600 / 64
    assert all(number.note for path, number in numbers.items() if path in assumed)


def test_a_chip_travels_between_processes(load: Load) -> None:
    chip = load()
    chip.multiply_pj("bf16", "bf16")
    copy = pickle.loads(pickle.dumps(chip))
    assert copy == chip
    assert copy.multiply_pj("bf16", "bf16") == chip.multiply_pj("bf16", "bf16")


def test_loading_is_quick() -> None:
    """A profile takes less than 30 ms once imports and bibliography are done; the best of five counts."""
    load_profile("horowitz-45nm")
    best = min(_seconds() for _ in range(5))
    assert best < 0.03


def _seconds() -> float:
    start = time.perf_counter()
    load_profile("horowitz-45nm")
    return time.perf_counter() - start


def test_no_heavy_imports_and_the_same_digest_in_every_process() -> None:
    code = (
        "import json, sys; from accelsim.hardware import load_profile; c = load_profile('horowitz-45nm');"
        "print(json.dumps([c.digest, [m for m in ('numpy', 'pandas', 'matplotlib') if m in sys.modules]]))"
    )
    seen = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        seen.append(json.loads(done.stdout))
    assert seen[0] == seen[1]
    assert seen[0][1] == []
