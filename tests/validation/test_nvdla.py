"""What are NVIDIA's estimates made of? The formulas that give its numbers, and the configurations they are for."""

from math import ceil

import pytest

from accelsim.hardware.catalog import load_profile
from accelsim.validation.measurements import rows
from accelsim.validation.studies.nvdla.alexnet import TABLE as SHEET
from accelsim.validation.studies.nvdla.alexnet import bytes_per_cycle
from accelsim.validation.studies.nvdla.resnet50 import SHIPPED, configuration
from accelsim.validation.studies.nvdla.resnet50 import TABLE as PRIMER
from accelsim.workload.catalog import load_workload

POOLED = {"conv1": 27, "conv2": 13, "conv5": 6}


def of_sixteen(count: int) -> int:
    return 16 * ceil(count / 16)


def mac_cycles(row: dict[str, int], name: str, batch: int) -> float:
    """The sheet's formula (nvdla/hw, issue 51): MACs over 2048; a stride folds the image, and taps become fractions."""
    stride, outputs = row["stride"], row["h"]
    if name == "conv1":
        outputs = ceil((row["h"] - row["r"] + 1) / stride)
    elif name.startswith("fc"):
        outputs = 1
    kernels = of_sixteen(row["k"] * batch) / batch
    macs = of_sixteen(row["c"] * stride**2) * kernels * outputs**2 * row["r"] * row["s"] / stride**2
    return macs / (2.25 if row["r"] == 3 else 1) / 2048


def traffic_kib(row: dict[str, int], name: str, batch: int) -> float:
    """Weights, input and pooled output once; Winograd keeps 16 words for 9, a fully connected layer shares a batch."""
    stride = row["stride"]
    taps = ceil(row["r"] / stride) * ceil(row["s"] / stride)
    channels = of_sixteen(row["c"] * stride**2) if stride > 1 else row["c"]
    words = channels * row["k"] * taps
    weights = words * 16 / 9 if row["r"] == 3 else words / batch
    outputs = POOLED.get(name, 1 if name.startswith("fc") else row["h"])
    return (weights + row["c"] * row["h"] * row["w"] + of_sixteen(row["k"]) * outputs**2) / 1024


@pytest.mark.parametrize("row", rows(SHEET), ids=lambda row: row["layer"])
def test_the_sheet_is_a_formula_that_never_leaves_a_multiplier_idle(row: dict[str, str]) -> None:
    shape = {key: int(row[key]) for key in ("c", "h", "w", "k", "r", "s", "stride")}
    name, batch = row["layer"], int(row["batch"])
    assert float(row["mac_cycles"]) == pytest.approx(mac_cycles(shape, name, batch), rel=1e-12)
    assert float(row["dram_traffic_kib"]) == pytest.approx(traffic_kib(shape, name, batch), rel=1e-9)
    assert float(row["dram_cycles"]) == ceil(100 * traffic_kib(shape, name, batch) - 1e-9)
    assert float(row["max_cycles"]) == max(float(row["mac_cycles"]), float(row["dram_cycles"]))


def test_the_bandwidth_of_the_sheet_is_a_kibibyte_in_a_hundred_cycles() -> None:
    assert bytes_per_cycle() == pytest.approx(10.24, rel=1e-5)


def by_the_rule(macs: int, buffer_kib: int, gb_per_s: float) -> tuple[float, float]:
    """Frames/s of ResNet-50 if MACs and DRAM overlap in every layer, and if they do not.

    Every operand moves once, inputs once for each buffer full of weights (NVDLA Primer); 1 GHz.
    """
    overlapped = apart = 0.0
    for layer in load_workload("resnet50").layers:
        if layer.shape is None:
            moved, computing = layer.input_elements + layer.output_elements, 0.0
        else:
            weights = layer.shape.words("W")
            moved = weights + layer.input_elements * ceil(weights / (buffer_kib * 1024)) + layer.output_elements
            computing = layer.macs / macs
        overlapped += max(computing, moved / gb_per_s)
        apart += computing + moved / gb_per_s
    return 1e9 / overlapped, 1e9 / apart


@pytest.mark.parametrize("row", rows(PRIMER), ids=lambda row: row["macs"])
def test_the_primer_overlaps_macs_and_dram_but_in_its_small_configurations(row: dict[str, str]) -> None:
    overlapped, apart = by_the_rule(int(row["macs"]), int(row["conv_buffer_kib"]), float(row["dram_gb_per_s"]))
    published = float(row["fps"])
    if int(row["macs"]) > 64:
        assert overlapped == pytest.approx(published, rel=0.09)
        assert apart < 0.8 * published
    else:
        assert apart == pytest.approx(published, rel=0.05)
        assert overlapped > 1.35 * published


@pytest.mark.parametrize("row", rows(PRIMER), ids=lambda row: row["spec"])
def test_a_configuration_has_the_array_buffer_and_bandwidth_of_its_row(row: dict[str, str]) -> None:
    chip = configuration(row)
    assert [fanout.size for fanout in chip.fanouts] == [int(row["atomic_k"]), int(row["atomic_c"])]
    assert int(row["atomic_k"]) * int(row["atomic_c"]) == int(row["macs"])
    buffer, dram = chip.level("CBUF"), chip.outermost
    assert buffer.capacity_bits == 8192 * int(row["conv_buffer_kib"])
    assert dram.read_bits_per_cycle == pytest.approx(8 * float(row["dram_gb_per_s"]))  # 1 GHz
    assert chip.vector is not None
    assert chip.vector.lanes.value == 2 * int(row["outputs_per_cycle"])


def test_resizing_by_the_rule_gives_the_small_profile_that_ships() -> None:
    row = next(row for row in rows(PRIMER) if row["spec"] == "nv_small")
    ours, shipped = configuration(row | {"spec": "by rule"}), load_profile(SHIPPED["nv_small"])
    for level in shipped.levels:
        same = ours.level(level.name)
        assert same.capacity_bits == level.capacity_bits, level.name
        assert same.read_bits_per_cycle == level.read_bits_per_cycle, level.name
        assert same.write_bits_per_cycle == level.write_bits_per_cycle, level.name
