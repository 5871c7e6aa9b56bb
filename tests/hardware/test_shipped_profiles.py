"""Do the shipped profiles of published chips say what was published, and where each number is from?"""

from __future__ import annotations

import csv
import io
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import log

import numpy as np
import pytest

from accelsim.errors import UnsupportedError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.provenance import Sourced, bibliography

CHIPS = ("eyeriss-v1", "tpu-v1", "tpu-v4i", "nvdla-full", "nvdla-small")
KIB = 1024 * 8
MIB = 1024 * KIB
GIB = 1024 * MIB


@cache
def chip(name: str) -> Chip:
    return load_profile(name)


@cache
def numbers(name: str) -> dict[str, Sourced]:
    return dict(chip(name).numbers())


# What was published: structure and peaks.


@pytest.mark.parametrize("name", CHIPS)
def test_it_loads_and_says_what_it_does_not_claim(name: str) -> None:
    assert chip(name).name == name
    assert "Not modeled" in chip(name).description
    assert set(chip(name).outermost.holds) == set("WIO")
    assert chip(name).outermost.depth == 0


@pytest.mark.parametrize(
    ("name", "format_name", "macs_per_cycle", "macs_per_s"),
    [
        ("eyeriss-v1", "int16", 168, 33.6e9),
        ("tpu-v1", "int8", 65_536, 92e12 / 2),
        ("tpu-v4i", "int8", 65_536, 138e12 / 2),
        ("tpu-v4i", "bf16", 65_536, 138e12 / 2),
        ("nvdla-full", "int8", 2048, 2.048e12),
        ("nvdla-full", "int16", 1024, 1.024e12),
        ("nvdla-full", "fp16", 1024, 1.024e12),
        ("nvdla-small", "int8", 64, 64e9),
    ],
)
def test_peak_rate_is_the_published_one(name: str, format_name: str, macs_per_cycle: int, macs_per_s: float) -> None:
    rate = chip(name).macs_per_pe_cycle(format_name, format_name)
    assert not rate.widened
    assert rate.value * chip(name).pes == macs_per_cycle
    # Peaks are published in two or three digits: 91.8 TOPS as 92, 137.6 as 138.
    assert macs_per_cycle * chip(name).clock_hz.value == pytest.approx(macs_per_s, rel=0.005)


def test_tpu_v1_halves_its_speed_for_each_16_bit_operand() -> None:
    rates = {(w, i): chip("tpu-v1").macs_per_pe_cycle(w, i).value for w in ("int8", "int16") for i in ("int8", "int16")}
    half = Fraction(1, 2)
    assert rates == {
        ("int8", "int8"): 1, ("int8", "int16"): half, ("int16", "int8"): half, ("int16", "int16"): Fraction(1, 4),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "level", "instances", "total_bits", "holds"),
    [
        ("eyeriss-v1", "filter-spad", 168, 168 * 448 * 8, "W"),
        ("eyeriss-v1", "ifmap-spad", 168, 168 * 24 * 8, "I"),
        ("eyeriss-v1", "psum-spad", 168, 168 * 48 * 8, "O"),
        ("eyeriss-v1", "filter-buffer", 1, 8 * KIB, "W"),
        ("eyeriss-v1", "GLB", 1, 25 * 512 * 64, "IO"),
        ("tpu-v1", "weight-register", 65_536, 2 * 65_536 * 16, "W"),
        ("tpu-v1", "accumulators", 1, 4096 * 256 * 32, "O"),
        ("tpu-v1", "weight-FIFO", 1, 4 * 64 * KIB, "W"),
        ("tpu-v1", "unified-buffer", 1, 24 * MIB, "IO"),
        ("tpu-v1", "DRAM", 1, 8 * GIB, "WIO"),
        ("tpu-v4i", "weight-register", 65_536, 2 * 65_536 * 16, "W"),
        ("tpu-v4i", "VMEM", 4, 16 * MIB, "WIO"),
        ("tpu-v4i", "CMEM", 1, 128 * MIB, "WIO"),
        ("tpu-v4i", "HBM", 1, 8 * GIB, "WIO"),
        ("nvdla-full", "weight-register", 2048, 2 * 2048 * 16, "W"),
        ("nvdla-full", "CACC", 1, 2 * 32 * 32 * 32, "O"),
        ("nvdla-full", "CBUF", 1, 16 * 64 * 8 * 512, "WI"),
        ("nvdla-small", "weight-register", 64, 2 * 64 * 8, "W"),
        ("nvdla-small", "CACC", 1, 2 * 16 * 8 * 32, "O"),
        ("nvdla-small", "CBUF", 1, 32 * 8 * 8 * 512, "WI"),
    ],
)
def test_capacities_and_operands(name: str, level: str, instances: int, total_bits: int, holds: str) -> None:
    found = chip(name).level(level)
    assert chip(name).instances(level) == instances
    assert found.capacity_bits is not None
    assert found.capacity_bits * instances == total_bits
    assert set(found.holds) == set(holds)


@pytest.mark.parametrize(
    ("name", "bytes_per_cycle"),
    [
        ("eyeriss-v1", 8 * 60 / 200),
        ("tpu-v1", 34e9 / 0.7e9),
        ("tpu-v4i", 614e9 / 1.05e9),
        ("nvdla-full", 20.0),
        ("nvdla-small", 1.0),
    ],
)
def test_memory_bandwidth_in_bytes_per_cycle(name: str, bytes_per_cycle: float) -> None:
    memory = chip(name).outermost
    assert memory.shared_port
    assert memory.read_bits_per_cycle == pytest.approx(8 * bytes_per_cycle, rel=1e-12)
    assert memory.write_bits_per_cycle == pytest.approx(8 * bytes_per_cycle, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "level", "read_bits_per_cycle"),
    [
        ("tpu-v1", "weight-FIFO", 64 * KIB / 256),
        ("tpu-v1", "unified-buffer", 256 * 8),
        ("tpu-v1", "accumulators", 256 * 32),
        ("tpu-v4i", "CMEM", 2048e9 * 8 / 1.05e9),
        ("nvdla-full", "CBUF", 2 * 128 * 8),
        ("nvdla-small", "CBUF", 2 * 8 * 8),
    ],
)
def test_on_chip_bandwidth(name: str, level: str, read_bits_per_cycle: float) -> None:
    assert chip(name).level(level).read_bits_per_cycle == pytest.approx(read_bits_per_cycle, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "weight_bits", "cycles"),
    [("tpu-v4i", 16, 128), ("nvdla-full", 8, 16), ("nvdla-small", 8, 8)],
)
def test_cycles_to_load_one_set_of_stationary_weights(name: str, weight_bits: int, cycles: int) -> None:
    register = chip(name).levels[0]
    assert register.write_bits_per_cycle is not None
    assert weight_bits / register.write_bits_per_cycle == cycles


@pytest.mark.parametrize(
    ("name", "fanouts", "timing", "dataflow"),
    [
        ("eyeriss-v1", {"rows": (12, "FY C K OY"), "cols": (14, "OY K C")}, "broadcast", "row-stationary"),
        ("tpu-v1", {"rows": (256, "C FY FX"), "cols": (256, "K")}, "systolic", "weight-stationary"),
        (
            "tpu-v4i",
            {"mxu": (4, "B G K OY OX"), "rows": (128, "C FY FX"), "cols": (128, "K")},
            "systolic",
            "weight-stationary",
        ),
        ("nvdla-full", {"atomic_k": (32, "K"), "atomic_c": (64, "C FX")}, "broadcast", "weight-stationary"),
        ("nvdla-small", {"atomic_k": (8, "K"), "atomic_c": (8, "C FX")}, "broadcast", "weight-stationary"),
    ],
)
def test_array(name: str, fanouts: dict[str, tuple[int, str]], timing: str, dataflow: str) -> None:
    assert [(f.name, (f.size, f.dims)) for f in chip(name).fanouts] == [
        (axis, (size, frozenset(dims.split()))) for axis, (size, dims) in fanouts.items()
    ]
    assert chip(name).timing == timing
    assert chip(name).dataflows[0] == dataflow


# Which formats run, in which multiplier.


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        *[("eyeriss-v1", f) for f in ("fp32", "fp16", "bf16", "fp8e4m3", "int32")],
        *[("tpu-v1", f) for f in ("fp32", "fp16", "bf16", "fp8e4m3", "int32")],
        *[("tpu-v4i", f) for f in ("fp32", "fp16", "tf32", "int16")],
        *[("nvdla-full", f) for f in ("fp32", "bf16", "int32")],
        *[("nvdla-small", f) for f in ("fp32", "fp16", "fp8e4m3", "int16")],
    ],
)
def test_formats_that_the_chip_cannot_hold_are_refused(name: str, format_name: str) -> None:
    with pytest.raises(UnsupportedError, match=name):
        chip(name).macs_per_pe_cycle(format_name, format_name)


@pytest.mark.parametrize(
    ("name", "asked", "done_in"),
    [
        ("eyeriss-v1", "int8", "int16"),
        ("eyeriss-v1", "int4", "int16"),
        ("tpu-v1", "int4", "int8"),
        ("tpu-v4i", "int4", "int8"),
        ("tpu-v4i", "fp8e4m3", "bf16"),
        ("nvdla-full", "int4", "int8"),
        ("nvdla-full", "fp8e5m2", "fp16"),
        ("nvdla-small", "int4", "int8"),
    ],
)
def test_narrower_formats_are_widened(name: str, asked: str, done_in: str) -> None:
    rate = chip(name).macs_per_pe_cycle(asked, asked)
    assert rate.widened
    assert (rate.weight, rate.input) == (done_in, done_in)


@pytest.mark.parametrize(
    ("name", "format_name", "accumulator"),
    [
        ("eyeriss-v1", "int16", "int16"),
        ("tpu-v1", "int8", "int32"),
        ("tpu-v1", "int16", "int32"),
        ("tpu-v4i", "bf16", "fp32"),
        ("tpu-v4i", "int8", "int32"),
        ("nvdla-full", "fp16", "fp32"),
        ("nvdla-small", "int8", "int32"),
    ],
)
def test_accumulators(name: str, format_name: str, accumulator: str) -> None:
    assert chip(name).macs_per_pe_cycle(format_name, format_name).accumulator == accumulator


@pytest.mark.parametrize("name", CHIPS)
def test_each_supported_mac_and_each_memory_has_a_cost(name: str) -> None:
    for weight, operand, _, _ in chip(name).rates:
        rate = chip(name).macs_per_pe_cycle(weight, operand)
        assert chip(name).multiply_pj(weight, operand) is not None
        assert chip(name).add_pj(rate.accumulator) is not None
    for level in chip(name).levels:
        assert level.read_pj_per_bit is not None, level.name
        assert level.write_pj_per_bit is not None, level.name


# Where each number comes from.


@pytest.mark.parametrize("name", CHIPS)
def test_every_number_names_works_of_the_bibliography(name: str) -> None:
    known = bibliography()
    for path, number in numbers(name).items():
        for key in number.sources:
            assert key in known, path
            assert known[key].title, key


@pytest.mark.parametrize("name", CHIPS)
def test_every_number_that_was_not_read_says_why(name: str) -> None:
    for path, number in numbers(name).items():
        assert number.certain or number.status == "from memory" or number.note, path


FROM_MEMORY = {
    "eyeriss-v1": {
        "voltage_v",
        "levels.DRAM.bandwidth_bytes_per_s",
        "levels.GLB.access_bits",
        "levels.filter-buffer.access_bits",
        "levels.filter-buffer.read_bits_per_cycle",
    },
    "tpu-v1": set(),
    "tpu-v4i": {"tdp_w", "levels.HBM.capacity", "add_pj.int8", "add_pj.bf16"},
    "nvdla-full": set(),
    "nvdla-small": set(),
}


@pytest.mark.parametrize("name", CHIPS)
def test_unconfirmed_numbers_are_marked(name: str) -> None:
    marked = {path for path, number in numbers(name).items() if number.status == "from memory"}
    assert marked == FROM_MEMORY[name]


UNCONFIRMED_BEHIND = {
    "eyeriss-v1": {"levels.GLB.capacity"},
    "tpu-v1": {
        *(
            f"levels.{level}.{side}_pj_per_bit"
            for side in ("read", "write")
            for level in ("accumulators", "weight-FIFO")
        ),
        *(f"levels.{level}.{side}_pj_per_bit" for side in ("read", "write") for level in ("unified-buffer", "DRAM")),
    },
    "tpu-v4i": {"levels.VMEM.read_pj_per_bit", "levels.HBM.read_pj_per_bit", "levels.HBM.write_pj_per_bit"},
    "nvdla-full": {
        "multiply_pj.fp16",
        *(f"levels.{level}.{side}_pj_per_bit" for side in ("read", "write") for level in ("CACC", "CBUF", "DRAM")),
    },
    "nvdla-small": {
        *(f"levels.{level}.{side}_pj_per_bit" for side in ("read", "write") for level in ("CACC", "CBUF", "DRAM")),
    },
}


@pytest.mark.parametrize("name", CHIPS)
def test_numbers_that_rest_on_unconfirmed_ones_say_so(name: str) -> None:
    """Table 2 of Jouppi 2021 was read in part: its 7 nm SRAM, fp16 and lower HBM2 entries are from memory."""
    said = {p for p, number in numbers(name).items() if "from memory" in number.note and number.status != "from memory"}
    assert said == UNCONFIRMED_BEHIND[name]


def between_nodes(pj_45: float, pj_7: float, node_nm: float) -> float:
    """E(n) = E(45) (n/45)^p with p = ln(E(45)/E(7)) / ln(45/7), the law of the notes."""
    exponent: float = log(pj_45 / pj_7) / log(45 / 7)
    return float(pj_45 * (node_nm / 45) ** exponent)


def between_sizes(kib: float, low: tuple[float, float], high: tuple[float, float]) -> float:
    """Energy of an access to ``kib``, log-log through two (capacity, energy) points."""
    exponent: float = log(high[1] / low[1]) / log(high[0] / low[0])
    return float(low[1] * (kib / low[0]) ** exponent)


SRAM_45 = ((32, 20.0), (1024, 100.0))
SRAM_7 = ((32, 8.5), (1024, 14.0))


def sram_pj_per_bit(kib: float, node_nm: float) -> float:
    return between_nodes(between_sizes(kib, *SRAM_45), between_sizes(kib, *SRAM_7), node_nm) / 64


def unified_buffer(pj_4_mib: float, pj_128_mib: float) -> float:
    node = between_nodes(100, 14, 28) / 14
    return between_sizes(24, (4, pj_4_mib), (128, pj_128_mib)) * node


INT16_MULTIPLY_45 = 0.2 * 2**1.977
REGISTER_16 = 1.0 / 32 * (16 / 45) ** (log(10 / 7.5) / log(45 / 7))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("eyeriss-v1", "multiply_pj.int16", 2.0 * INT16_MULTIPLY_45 / (INT16_MULTIPLY_45 + 0.05)),
        ("eyeriss-v1", "add_pj.int16", 2.0 * 0.05 / (INT16_MULTIPLY_45 + 0.05)),
        ("tpu-v1", "multiply_pj.int8", between_nodes(0.2, 0.07, 28)),
        ("tpu-v1", "multiply_pj.int8*int16", 2 * between_nodes(0.2, 0.07, 28)),
        ("tpu-v1", "multiply_pj.int16*int8", 2 * between_nodes(0.2, 0.07, 28)),
        ("tpu-v1", "multiply_pj.int16", 4 * between_nodes(0.2, 0.07, 28)),
        ("tpu-v1", "add_pj.int32", between_nodes(0.1, 0.03, 28)),
        (
            "tpu-v1",
            "levels.accumulators.read_pj_per_bit",
            between_nodes(between_sizes(16, (8, 10), (32, 20)), between_sizes(16, (8, 7.5), (32, 8.5)), 28) / 64,
        ),
        ("tpu-v1", "levels.weight-FIFO.read_pj_per_bit", sram_pj_per_bit(256, 28)),
        ("tpu-v1", "levels.unified-buffer.read_pj_per_bit", unified_buffer(0.249, 1.88)),
        ("tpu-v1", "levels.unified-buffer.write_pj_per_bit", unified_buffer(0.293, 2.36)),
        ("nvdla-full", "multiply_pj.int8", between_nodes(0.2, 0.07, 16)),
        ("nvdla-full", "multiply_pj.int16", between_nodes(0.2, 0.07, 16) * 2**1.977),
        ("nvdla-full", "multiply_pj.fp16", between_nodes(1.1, 0.34, 16)),
        ("nvdla-full", "add_pj.int32", between_nodes(0.1, 0.03, 16)),
        ("nvdla-full", "add_pj.fp32", between_nodes(0.9, 0.38, 16)),
        ("nvdla-full", "levels.CACC.read_pj_per_bit", REGISTER_16),
        ("nvdla-full", "levels.CBUF.read_pj_per_bit", between_nodes(20, 8.5, 16) / 64),
        ("nvdla-small", "multiply_pj.int8", between_nodes(0.2, 0.07, 16)),
        ("nvdla-small", "add_pj.int32", between_nodes(0.1, 0.03, 16)),
        ("nvdla-small", "levels.CACC.read_pj_per_bit", REGISTER_16),
        ("nvdla-small", "levels.CBUF.read_pj_per_bit", between_nodes(10, 7.5, 16) / 64),
    ],
)
def test_derived_numbers_follow_from_their_law(name: str, path: str, value: float) -> None:
    number = numbers(name)[path]
    assert number.status == "derived"
    assert number.value == pytest.approx(value, rel=0.005), "profiles state three digits"


@pytest.mark.parametrize(
    ("path", "published_7_nm", "published_45_nm"),
    [("multiply_pj.int8", 0.07, 0.2), ("add_pj.int32", 0.03, 0.1)],
)
@pytest.mark.parametrize("name", ["tpu-v1", "nvdla-full", "nvdla-small"])
def test_derived_costs_range_over_the_two_published_nodes(
    name: str, path: str, published_7_nm: float, published_45_nm: float
) -> None:
    number = numbers(name)[path]
    assert (number.least, number.most) == (published_7_nm, published_45_nm)


@pytest.mark.parametrize(
    ("level", "pj_per_16_bits", "normalized"),
    [("filter-spad", 1, 1), ("ifmap-spad", 1, 1), ("psum-spad", 1, 1), ("GLB", 15, 6), ("DRAM", 460, 200)],
)
def test_eyeriss_costs_span_both_published_tables(level: str, pj_per_16_bits: float, normalized: float) -> None:
    mac_pj = sum(float(numbers("eyeriss-v1")[path]) for path in ("multiply_pj.int16", "add_pj.int16"))
    assert mac_pj == pytest.approx(2.0, rel=1e-12)
    for cost in (chip("eyeriss-v1").level(level).read_pj_per_bit, chip("eyeriss-v1").level(level).write_pj_per_bit):
        assert cost is not None
        assert cost.value * 16 == pytest.approx(pj_per_16_bits)
        assert cost.least * 16 <= normalized * mac_pj * (1 + 1e-9)
        assert cost.most * 16 >= normalized * mac_pj * (1 - 1e-9)


def cacti_read_exponent() -> float:
    """Exponent of capacity in E ~ capacity^p * width^q, fitted to every 45 nm read energy of the CACTI table."""
    text = files("accelsim.hardware").joinpath("data/sram_cacti7.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(io.StringIO(text.partition("\n")[2])) if row["node_nm"] == "45"]
    given = np.log([[np.e, float(row["capacity_bytes"]), float(row["width_bits"])] for row in rows])
    return float(np.linalg.lstsq(given, np.log([float(row["read_pj"]) for row in rows]), rcond=None)[0][1])


def test_eyeriss_prefetch_buffer_is_at_least_its_share_of_the_whole_buffer() -> None:
    """The tool's 15 pJ is for 108 KB, of which the filters have 8: 15 x (8/108)^0.5457 = 3.62 pJ per 16 bits."""
    exponent = cacti_read_exponent()
    assert exponent == pytest.approx(0.5457, abs=5e-5)
    for side in ("read", "write"):
        cost = numbers("eyeriss-v1")[f"levels.filter-buffer.{side}_pj_per_bit"]
        assert cost.least * 16 == pytest.approx(15 * (8 / 108) ** exponent, rel=5e-4)
        assert "(8/108)^0.5457 = 3.62" in cost.note


def test_eyeriss_charges_its_network_once_per_delivered_word() -> None:
    rows, cols = chip("eyeriss-v1").fanouts
    assert rows.link_pj_per_bit is None
    assert cols.link_pj_per_bit is not None
    assert cols.link_pj_per_bit.value * 16 == pytest.approx(4.0)


# Do the costs agree with the published power? Bounds, not fits.


def peak_power_w(name: str, pair: str, bits_per_cycle: dict[str, tuple[float, float]]) -> float:
    """Dynamic power with every PE busy and (read, written) bits per cycle of each level, in W."""
    rate = chip(name).macs_per_pe_cycle(pair, pair)
    multiply, add = chip(name).multiply_pj(pair, pair), chip(name).add_pj(rate.accumulator)
    assert multiply is not None
    assert add is not None
    pj = float(rate.value) * chip(name).pes * (multiply.value + add.value)
    for level, costs in bits_per_cycle.items():
        found = chip(name).level(level)
        for bits, cost in zip(costs, (found.read_pj_per_bit, found.write_pj_per_bit), strict=True):
            assert cost is not None
            pj += bits * cost.value
    return pj * 1e-12 * chip(name).clock_hz.value


@pytest.mark.parametrize(
    ("name", "pair", "bits_per_cycle", "most_w"),
    [
        # Every MAC reads a weight, an input and a sum and writes the sum; measured on CONV1: 332 mW.
        (
            "eyeriss-v1",
            "int16",
            {"filter-spad": (168 * 16, 0), "ifmap-spad": (168 * 16, 0), "psum-spad": (168 * 16, 168 * 16)},
            0.332 - 0.030,
        ),
        # All rows fed, all columns accumulating, memory at full speed; TDP less idle.
        (
            "tpu-v1",
            "int8",
            {"unified-buffer": (2048, 2048), "accumulators": (8192, 8192), "DRAM": (34e9 * 8 / 0.7e9, 0)},
            75 - 28,
        ),
        (
            "tpu-v4i",
            "bf16",
            {"VMEM": (4 * 128 * (16 + 32), 4 * 128 * 32), "HBM": (614e9 * 8 / 1.05e9, 0)},
            175 - 55,
        ),
        # One atomic operation per cycle with the weights of the next stripe loading; the primer's peak, no DRAM.
        ("nvdla-full", "int8", {"CBUF": (1024, 0), "CACC": (1024, 1024)}, 0.766),
        ("nvdla-small", "int8", {"CBUF": (128, 0), "CACC": (256, 256)}, 0.055),
    ],
)
def test_busy_arrays_stay_within_published_power(
    name: str, pair: str, bits_per_cycle: dict[str, tuple[float, float]], most_w: float
) -> None:
    power_w = peak_power_w(name, pair, bits_per_cycle)
    assert most_w / 4 < power_w < most_w
