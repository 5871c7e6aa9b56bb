"""Do the profiles of whole devices say what was published, and is a time on them that of a roofline by hand?"""

from __future__ import annotations

from functools import cache

import pytest

from accelsim.errors import UnsupportedError
from accelsim.explore.compare import compare
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.precision.sparse import Pattern
from accelsim.provenance import bibliography
from accelsim.report.page import plain
from accelsim.report.text import compare_page
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.workload.catalog import load_workload

DEVICES = ("a100-80gb", "jetson-orin-nano", "raspberry-pi-4", "stm32-mcu", "gpu-140w", "edge-2w")
POINTS = ("gpu-140w", "edge-2w")
APPLE = tuple(f"apple-m{family}{size}" for family in (1, 2, 3, 4) for size in ("", "-pro", "-max", "-ultra"))[:-1]
OTHERS = (
    "h100", "rtx-3090", "rtx-4090", "jetson-agx-orin", "raspberry-pi-5", "edge-tpu", "gap9", "eie", "simba",
    "simba-package", "bitfusion-45nm", *APPLE,
)  # fmt: skip
"""Profiles of which only what they state is tested here."""
KIB, GIB = 2**10, 2**30


@cache
def chip(name: str) -> Chip:
    return load_profile(name)


@cache
def run(workload: str, device: str, scheme: str) -> Result:
    return estimate(workload, chip(device), scheme, mapping="heuristic", objective="latency")


def bandwidth(device: Chip) -> float:
    """Peak bytes per s of the outermost memory."""
    width = device.outermost.read_bits_per_cycle
    assert width is not None
    return width / 8 * device.clock_hz.value


@pytest.mark.parametrize(
    ("name", "format_name", "tera_ops_per_s"),
    [
        ("a100-80gb", "fp16", 312),
        ("a100-80gb", "bf16", 312),
        ("a100-80gb", "tf32", 156),
        ("a100-80gb", "fp32", 19.5),
        ("a100-80gb", "int8", 624),
        ("a100-80gb", "int4", 1248),
        ("jetson-orin-nano", "int8", 20),
        ("jetson-orin-nano", "fp16", 10),
        ("jetson-orin-nano", "fp32", 1.28),
        ("raspberry-pi-4", "fp32", 0.048),
        ("stm32-mcu", "int16", 2 * 2 * 120e-6),
        ("h100", "fp16", 989.4),
        ("h100", "fp32", 66.9),
        ("h100", "fp8e4m3", 1978.9),
        ("h100", "int8", 1978.9),
        ("rtx-3090", "fp16", 71),
        ("rtx-3090", "int8", 284),
        ("rtx-3090", "fp32", 35.6),
        ("rtx-4090", "fp16", 165.2),
        ("rtx-4090", "fp8e4m3", 330.3),
        ("rtx-4090", "int8", 660.6),
        ("rtx-4090", "fp32", 82.6),
        ("jetson-agx-orin", "int8", 85),
        ("jetson-agx-orin", "fp32", 5.3),
        ("apple-m1", "fp32", 2.6),
        ("apple-m1-max", "fp16", 10.4),
        ("apple-m2", "fp32", 3.6),
        ("apple-m2-max", "fp32", 13.6),
        ("apple-m3-max", "bf16", 14.1),
        ("apple-m4-max", "fp32", 18.4),
        ("raspberry-pi-5", "fp32", 0.1536),
        ("edge-tpu", "int8", 4),
        ("gap9", "int8", 0.1199),
        ("eie", "int4*int16", 0.102),
        ("simba", "int8", 4.01),
        ("simba-package", "int8", 127.8),
    ],
)
def test_peak_rates_are_the_published_ones(name: str, format_name: str, tera_ops_per_s: float) -> None:
    """Dense, two operations per MAC; to the digits of the data sheet."""
    weight, _, operand = format_name.partition("*")
    rate = chip(name).macs_per_pe_cycle(weight, operand or weight)
    assert not rate.widened
    peak = 2 * chip(name).pes * float(rate.value) * chip(name).clock_hz.value
    assert peak == pytest.approx(tera_ops_per_s * 1e12, rel=0.03)


@pytest.mark.parametrize(
    ("name", "tera_ops_per_s"),
    [("a100-80gb", 1248), ("h100", 3958), ("rtx-3090", 569), ("rtx-4090", 1321), ("jetson-agx-orin", 170),
     ("jetson-orin-nano", 40)],
)  # fmt: skip
def test_the_int8_rates_that_data_sheets_print_are_those_of_2_4_weights(name: str, tera_ops_per_s: float) -> None:
    unit, device = chip(name).sparsity, chip(name)
    assert unit is not None
    assert unit.speedup is not None
    assert unit.skips("W", Pattern(2, 4), "int8")
    dense = 2 * device.pes * float(device.macs_per_pe_cycle("int8", "int8").value) * device.clock_hz.value
    assert dense * unit.speedup.value == pytest.approx(tera_ops_per_s * 1e12, rel=0.03)


@pytest.mark.parametrize(
    ("name", "capacity_bytes", "bytes_per_s", "watts"),
    [
        ("a100-80gb", 80 * GIB, 2.039e12, 400),
        ("jetson-orin-nano", 8 * GIB, 6.8e10, 15),
        ("raspberry-pi-4", 8 * GIB, 3200e6 * 4, 6.4),
        ("stm32-mcu", 2 * 2**20, 120e6 * 128 / 6 / 8, 0.0471),
        ("gpu-140w", 16 * GIB, 4.5e11, 140),
        ("edge-2w", GIB, 4e9, 2),
        ("h100", 80 * GIB, 3.35e12, 700),
        ("rtx-3090", 24 * GIB, 9.362e11, 350),
        ("rtx-4090", 24 * GIB, 1.008e12, 450),
        ("jetson-agx-orin", 64 * GIB, 2.048e11, 60),
        ("apple-m1", 16 * GIB, 6.825e10, 39),
        ("apple-m1-ultra", 128 * GIB, 8e11, 215),
        ("apple-m2-ultra", 192 * GIB, 8e11, 295),
        ("apple-m4-pro", 64 * GIB, 2.73e11, 140),
        ("raspberry-pi-5", 8 * GIB, 4267e6 * 4, 9.8),
        ("edge-tpu", GIB, 5e8, 2),
    ],
)
def test_memory_bandwidth_and_power(name: str, capacity_bytes: int, bytes_per_s: float, watts: float) -> None:
    device = chip(name)
    assert device.outermost.capacity_bits == capacity_bytes * 8
    assert bandwidth(device) == pytest.approx(bytes_per_s, rel=1e-3)
    drawn = device.load_w or device.tdp_w
    assert drawn is not None
    assert drawn.value == watts


def test_chips_of_laptops_alone_state_no_power_of_another_computer() -> None:
    for name in ("apple-m1-pro", "apple-m3", "apple-m3-pro", "apple-m3-max"):
        assert (chip(name).tdp_w, chip(name).load_w, chip(name).idle_w) == (None, None, None)
    assert chip("rtx-4090").area_mm2 is not None  # stated anew, though its cache has another size


@pytest.mark.parametrize("name", DEVICES + OTHERS)
def test_every_number_has_a_source_and_what_was_not_read_says_why(name: str) -> None:
    known = bibliography()
    for path, number in chip(name).numbers():
        assert all(known[key].title for key in number.sources), path
        assert number.certain or number.status == "from memory" or number.note, path
    assert "Not modeled" in chip(name).description


@pytest.mark.parametrize("name", POINTS)
def test_reference_points_call_themselves_round_and_no_product(name: str) -> None:
    assert "No product" in chip(name).description
    stated = {number.status for _, number in chip(name).numbers()}
    assert stated == {"assumed"}


def test_a_raspberry_pi_is_no_two_watt_device() -> None:
    device = chip("raspberry-pi-4")
    assert device.load_w is not None
    assert device.idle_w is not None
    assert device.load_w.value > device.idle_w.value > 2
    assert "no 2 W device" in device.description
    assert "6.4 W" in chip("edge-2w").description


def test_formats_without_arithmetic_are_widened_or_refused() -> None:
    """The A72 and the M4 multiply no fp16; no device here multiplies fp8 as such."""
    assert chip("raspberry-pi-4").macs_per_pe_cycle("fp16", "fp16").weight == "fp32"
    assert chip("a100-80gb").macs_per_pe_cycle("fp8e4m3", "fp8e4m3").weight in ("fp16", "bf16")
    with pytest.raises(UnsupportedError):
        chip("stm32-mcu").macs_per_pe_cycle("int32", "int32")


# ---------------------------------------------------------------------- time against a roofline by hand


PARAMETERS, TABLE, KV_WORDS = 6_738_415_616, 32_000 * 4096, 262_144


@pytest.mark.parametrize("device", [name for name in DEVICES if name != "stm32-mcu"])
@pytest.mark.parametrize(("scheme", "bits", "kv_bits"), [("fp16", 16, 16), ("int8", 8, 8), ("w8a16", 8, 16)])
def test_a_decoded_token_takes_its_bytes_over_the_bandwidth(device: str, scheme: str, bits: int, kv_bits: int) -> None:
    """Llama 2 7B at context 2048: every weight but the embedding table once, and the whole KV cache.

    Multiplies take less on all of these but the Raspberry Pi, where weights of 8 bits cost 16 or 32-bit multiplies.
    """
    result = run("llama-2-7b/decode", device, scheme)
    moved = (PARAMETERS - TABLE) * bits / 8 + 2048 * KV_WORDS * kv_bits / 8
    by_bandwidth = moved / bandwidth(chip(device))
    by_compute = result.macs / result.peak_macs_per_cycle / chip(device).clock_hz.value
    assert by_compute < by_bandwidth
    assert result.latency_s == pytest.approx(by_bandwidth, rel=0.02)
    assert result.latency_s >= by_bandwidth
    assert result.bound_by == chip(device).outermost.name


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scheme", ["fp32", "int8"])
def test_an_image_takes_at_least_its_roofline_and_not_twice_that(device: str, scheme: str) -> None:
    """ResNet-50: 4,089,184,256 MACs over the peak, or weights and what does not stay on chip over the bandwidth."""
    result, one = run("resnet50", device, scheme), chip(device)
    rate = one.macs_per_pe_cycle(scheme, scheme)
    by_compute = 4_089_184_256 / (one.pes * float(rate.value) * one.clock_hz.value)
    by_bandwidth = result.dram_bits / 8 / bandwidth(one)
    assert by_bandwidth >= 25.5e6 * {"fp32": 4, "int8": 1}[scheme] / bandwidth(one)
    roof = max(by_compute, by_bandwidth)
    assert roof <= result.latency_s < 2 * roof


@pytest.mark.parametrize(
    ("workload", "device", "scheme", "measured_s"),
    [
        # TinyChat README, FP16 of Hugging Face transformers, context 4: 92.85 tokens per s.
        ("llama-2-7b/decode", "a100-80gb", "fp16", 1 / 92.851),
        # NVIDIA Jetson generative AI playground, MLC int4, Llama 3.1 8B: 14 tokens per s.
        ("llama-3-8b/decode", "jetson-orin-nano", "w4g32a16", 1 / 14),
        # MLPerf Tiny v1.0, STMicroelectronics, NUCLEO-L4R5ZI: image classification and keyword spotting.
        ("resnet8", "stm32-mcu", "int8", 1 / 4.409),
        ("ds-cnn", "stm32-mcu", "int8", 1 / 13.314),
    ],
)
def test_measured_times_are_longer_by_less_than_five_times(
    workload: str, device: str, scheme: str, measured_s: float
) -> None:
    """A roofline is a lower bound; what is measured stays within the reach of it that software has."""
    network = load_workload(workload, **({"context": 128} if "decode" in workload else {}))
    result = estimate(network, chip(device), scheme, objective="latency")
    assert result.latency_s < measured_s < 5 * result.latency_s


# ---------------------------------------------------------------------- what they say of energy and of memory


@pytest.mark.parametrize("device", DEVICES)
def test_energy_is_power_times_time_and_marked_so(device: str) -> None:
    result, one = run("resnet50", device, "int8"), chip(device)
    drawn = one.load_w or one.tdp_w
    assert drawn is not None
    assert result.energy_pj is None
    assert result.power_energy_pj == pytest.approx(drawn.value * result.latency_s * 1e12)
    record = result.to_dict()
    assert (record["energy_pj"], record["power_energy_pj"]) == (None, result.power_energy_pj)
    (told,) = [warning for warning in result.warnings if "lists no cost of an operation" in warning]
    assert "cannot say" in told
    assert ("measured under load" if one.load_w else "TDP") in told


def test_a_comparison_shows_power_times_time() -> None:
    page = plain(compare_page(compare("resnet8", [chip("edge-2w")], ["fp16", "int8"])))
    assert "the TDP of 2 W x time" in page
    assert "Costs: the profile lists none." in page


def test_a_chip_with_costs_keeps_its_own_energy() -> None:
    result = run("resnet8", "tpu-v4i", "int8")
    assert result.energy_pj is not None
    assert result.power_energy_pj is None


def test_a_microcontroller_needs_its_weights_in_flash_and_the_rest_in_its_memory() -> None:
    """MLPerf Tiny's networks fit in int8; ResNet-18 does not, for its weights; a large image not, for activations."""
    device = chip("stm32-mcu")
    for name in ("resnet8", "ds-cnn", "autoencoder", "mobilenetv1-0.25"):
        assert run(name, "stm32-mcu", "int8").memory.fits, name
    result = run("resnet18", "stm32-mcu", "int8")
    assert result.memory.fits is False
    assert any("the model does not fit" in warning and "flash" in warning for warning in result.warnings)
    roomy = load_profile("stm32-mcu", {"levels.flash.capacity": "64 MiB"})
    tight = estimate("resnet18", roomy, "int8")
    assert tight.memory.fits is False
    assert any("activations need" in warning and "640 KiB" in warning for warning in tight.warnings)
    assert device.outermost.read_only
    small = estimate("autoencoder", load_profile("stm32-mcu", {"levels.flash.capacity": "128 KiB"}), "int8")
    assert small.memory.fits is False
    assert tight.memory.peak_bytes < 64 * 2**20
