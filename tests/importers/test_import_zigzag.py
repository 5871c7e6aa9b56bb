"""Do ZigZag's files mean here what they mean there? Its ResNet-18 and an accelerator, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from zigzag_files import ROWS, accelerator, resnet18

import accelsim as sim
from accelsim.errors import InputError
from accelsim.hardware.importers.zigzag import read_accelerator
from accelsim.workload.importers.zigzag import read_workload
from accelsim.workload.shape import Window


def write(folder: Path, content: Any, name: str = "file.yaml") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def test_resnet18_has_the_macs_that_its_loops_multiply_to(tmp_path: Path) -> None:
    network = read_workload(write(tmp_path, resnet18(), "resnet18.yaml")).network()
    assert len(network.layers) == len(ROWS) == 31
    for layer, row in zip(network.layers, ROWS, strict=True):
        if not row[0].startswith("Conv"):
            assert layer.macs == 0
            assert layer.kind == ("elementwise" if row[0] == "Add" else "pool")
            continue
        _, _, out, channels, size, taps, _ = row
        assert layer.macs == out * channels * size**2 * taps**2
    # ZigZag's file has 3x3 filters in the three shortcuts, where the network has 1x1: 8 more taps of 6,422,528 each.
    assert network.macs == sim.load_workload("resnet18").macs + 3 * 8 * 6_422_528 == 1_968_214_016


def test_layers_are_connected_as_the_file_says(tmp_path: Path) -> None:
    network = read_workload(write(tmp_path, resnet18())).network()
    assert network["Layer4"].inputs == ("Layer1", "Layer3")
    assert network["Layer10"].inputs == ("Layer7",)
    assert network["Layer0"].inputs == ("input",)
    by_name = {layer.name: layer for layer in network.layers}
    for layer in network.layers:
        made = sum(by_name[name].output_elements for name in layer.inputs if name != "input")
        assert made in (0, layer.input_elements), layer.name


def test_what_a_producer_lacks_is_padding(tmp_path: Path) -> None:
    """A 3x3 filter over 56 positions that makes 56 needs 58: one before, one after."""
    network = read_workload(write(tmp_path, resnet18())).network()
    shape = network["Layer2"].shape
    assert shape is not None
    assert shape.y == shape.x == Window(stride=1, dilation=1, pad=1, size=56)


def test_stated_sizes_and_padding_are_taken(tmp_path: Path) -> None:
    layers = resnet18()[:1]
    layers[0] |= {"pr_loop_dims": ["IX", "IY"], "pr_loop_sizes": [224, 222], "padding": [[3, 2], [4, 3]]}
    layer = read_workload(write(tmp_path, layers)).network().layers[0]
    assert layer.shape is not None
    assert (layer.shape.x, layer.shape.y) == (Window(2, 1, 3, 224), Window(2, 1, 4, 222))
    assert layer.input_elements == 3 * 224 * 222


def test_formats_of_the_file_are_stated_and_survive_the_workload_file(tmp_path: Path) -> None:
    imported = read_workload(write(tmp_path, resnet18()))
    network = imported.network()
    stated = network["Layer2"].stated
    assert stated is not None
    assert (stated.weights, stated.activations, stated.output, stated.accumulator) == ("int8", "int8", "int8", "int16")
    again = sim.load_workload(write(tmp_path, imported.text(), "again.yaml"))
    assert again.layers == network.layers


def test_a_product_of_two_activations_is_one(tmp_path: Path) -> None:
    layer = {
        "operator_type": "Gemm", "equation": "O[b][d][k]+=I[b][d][c]*W[b][c][k]", "loop_dims": ["B", "D", "K", "C"],
        "loop_sizes": [4, 16, 32, 8],
    }  # fmt: skip
    layers = [{"id": 0} | layer, {"id": 1} | layer | {"operand_source": {"I": 1, "W": 0}}]
    imported = read_workload(write(tmp_path, layers))
    first, second = imported.network().layers
    assert first.shape is not None
    assert (first.shape.G, first.shape.B, first.shape.K, first.shape.C) == (4, 16, 32, 8)
    assert (first.second_operand, second.second_operand) == ("weights", "activation")
    assert first.macs == second.macs == 4 * 16 * 32 * 8
    assert any("second operand of Layer1" in remark for remark in imported.remarks)


def test_layers_that_do_not_fit_together_are_not_connected_and_told(tmp_path: Path) -> None:
    layers = [resnet18()[0], resnet18()[8] | {"operand_source": {"I": 0, "W": 8}}]
    imported = read_workload(write(tmp_path, layers))
    assert imported.network()["Layer8"].inputs == ("input",)
    assert any("they are not connected" in remark for remark in imported.remarks)


# ---------------------------------------------------------------------- accelerators


def test_an_accelerator_becomes_a_profile(tmp_path: Path) -> None:
    imported = read_accelerator(write(tmp_path, accelerator(), "small.yaml"))
    chip = imported.chip
    levels, fanouts = chip.hierarchy
    assert fanouts == (("D1", 16), ("D2", 8))
    assert levels == (("dram", 0), ("sram", 0), ("rf_O", 1), ("rf_W", 2))
    assert {level.name: level.holds for level in chip.levels} == {"dram": "WIO", "sram": "IO", "rf_O": "O", "rf_W": "W"}
    assert chip.instances("rf_O") == 16
    assert chip.instances("rf_W") == 128
    sram = chip.level("sram")
    assert sram.read_pj_per_bit is not None
    assert sram.write_pj_per_bit is not None
    assert (sram.read_pj_per_bit.value, sram.write_pj_per_bit.value) == (20 / 128, 24 / 128)
    assert (sram.read_bits_per_cycle, sram.shared_port, sram.buffering) == (128, True, "double")
    assert sram.read_pj_per_bit.source == "imported-file"
    assert "small.yaml" in chip.sources["imported-file"].title
    assert dict(chip.multiply_table)["int8"].value == 0.04
    assert chip.clock_hz.status == "assumed"
    assert sim.load_profile(write(tmp_path, imported.text(), "again.yaml")) == chip
    assert sim.estimate("filter-3x3x256", chip, "int8").energy_pj is not None


def test_the_earlier_form_of_memories_says_the_same(tmp_path: Path) -> None:
    """Before ports were listed, a memory had r_bw and w_bw and counted its ports."""
    made = accelerator()
    old = copy.deepcopy(made)
    old["multipliers"] = old.pop("operational_array")
    old["multipliers"]["multiplier_energy"] = old["multipliers"].pop("unit_energy")
    old["multipliers"]["multiplier_area"] = old["multipliers"].pop("unit_area")
    for memory in old["memories"].values():
        ports = memory["ports"]
        both = len(ports) == 1
        memory |= {"r_bw": ports[0]["bandwidth_max"], "w_bw": ports[-1]["bandwidth_max"]}
        memory |= {
            "r_port": int(not both),
            "w_port": int(not both),
            "rw_port": int(both),
            "ports": [{"fh": "w_port_1"}],
        }
    one, other = (read_accelerator(write(tmp_path, content)).chip for content in (made, old))
    assert one == other


def test_ports_of_unequal_width_cost_a_range(tmp_path: Path) -> None:
    made = accelerator()
    made["memories"]["sram"]["ports"] += [
        {"name": "rw_port_2", "type": "read_write", "bandwidth_min": 8, "bandwidth_max": 512, "allocation": ["I1, tl"]}
    ]
    imported = read_accelerator(write(tmp_path, made))
    number = imported.chip.level("sram").read_pj_per_bit
    assert number is not None
    assert (number.low, number.value) == (20 / 512, 20 / 128)
    assert any("128 to 512 bits" in remark for remark in imported.remarks)


def test_unknown_costs_are_unknown_and_not_zero(tmp_path: Path) -> None:
    made = accelerator()
    made["memories"]["sram"] |= {"r_cost": None, "w_cost": None, "auto_cost_extraction": True}
    imported = read_accelerator(write(tmp_path, made))
    assert imported.chip.level("sram").read_pj_per_bit is None
    assert any("costs of sram are not in the file" in remark for remark in imported.remarks)


# ---------------------------------------------------------------------- broken files


def layer(**fields: Any) -> list[dict[str, Any]]:
    made = resnet18()[2] | {"operand_source": {}} | fields
    return [{key: value for key, value in made.items() if value is not None}]


def chip(path: str, value: Any) -> dict[str, Any]:
    made = accelerator()
    *way, last = path.split(".")
    inner = made
    for key in way:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return made


BROKEN = {
    "unknown field": (layer(strides=2), "strides is not a field of a ZigZag layer"),
    "missing field": (layer(loop_sizes=None), "loop_sizes must be given"),
    "unknown operator": (layer(operator_type="Softmax"), "'Softmax' is not an operator that can be imported"),
    "misspelled operator": (layer(operator_type="Convv"), "did you mean Conv?"),
    "equation": (layer(equation="O = W * I"), "must be such as O[b][k]+=W[k][c]*I[b][c]"),
    "unknown index": (layer(equation="O[k]+=W[k][c]*I[c][iz]"), "iz must be one of the loop_dims"),
    "added convolution": (layer(equation="O[b][k][oy][ox]+=W[k][c][fy][fx]+I[b][c][iy][ix]"), "must be multiplied"),
    "relation": (layer(dimension_relations=["ix=ox"]), "must be such as ix=2*ox+1*fx"),
    "zero stride": (layer(dimension_relations=["ix=0*ox+1*fx", "iy=1*oy+1*fy"]), "must be at least 1; got 0"),
    "sizes": (layer(loop_sizes=[1, 64]), "one size for each of the 7 loops"),
    "zero size": (layer(loop_sizes=[1, 0, 64, 56, 56, 3, 3]), "must be a whole number of at least 1; got 0"),
    "word": (layer(loop_sizes=[1, "many", 64, 56, 56, 3, 3]), "got 'many'"),
    "later source": (layer(operand_source={"I": 7}), "must be an earlier layer; got 7"),
    "same id": (layer() + layer(), "stands twice"),
    "padding alone": (layer(padding=[[1, 1], [1, 1]]), "must come with pr_loop_dims"),
    "unknown operand": (layer(operand_precision={"X": 8}), "X is not a field of operand_precision"),
    "pool of nothing": ([resnet18()[1] | {"operand_source": {}}], "must read an earlier layer"),
    "pool that does not fit": (
        [resnet18()[0], resnet18()[1] | {"loop_sizes": [1, 64, 50, 50, 3, 3]}], "must make 50 positions of the 112",
    ),
    "sum of one": ([resnet18()[4] | {"operand_source": {}}], "must be the sum of two earlier layers"),
    "a mapping": ([{"name": "default", "spatial_mapping": {"D1": ["K, 32"]}}], "this is a ZigZag mapping"),
    "nothing": ([], "at least one layer"),
    "unknown memory field": (chip("memories.sram.r_costs", 3), "did you mean r_cost?"),
    "negative cost": (chip("memories.dram.r_cost", -700), "must be a number from 0"),
    "cost in words": (chip("memories.dram.r_cost", "cheap"), "got 'cheap'"),
    "no size": (chip("memories.sram.size", None), "size must be given"),
    "zero size of a memory": (chip("memories.sram.size", 0), "must be a whole number of at least 1"),
    "unknown tensor": (chip("memories.sram.operands", ["I3"]), "is not an operand; it is one of I1, I2, O."),
    "unknown dimension": (chip("memories.sram.served_dimensions", ["D9"]), "is not a dimension of the array"),
    "ports": (chip("memories.sram.ports", []), "at least one port"),
    "not nested": (chip("memories.rf_W.served_dimensions", ["D1"]), "must nest"),
    "small outside": (chip("memories.dram.operands", ["I1", "O"]), "the last must serve all"),
    "in memory": (chip("operational_array.is_imc", True), "computes in memory"),
    "sizes of the array": (chip("operational_array.sizes", [4]), "one size for each of the 2 dimensions"),
    "no array": (chip("operational_array", None), "must have an operational_array"),
    "unknown top": (chip("core", 3), "core is not a field of a ZigZag accelerator"),
    "double key": ("name: a\nmemories: {}\nmemories: {}\n", "must be given once"),
    "code": ("!!python/object/apply:os.system ['touch owned']", "must not carry a tag"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    with pytest.raises(InputError) as caught:
        sim.import_zigzag(write(tmp_path, content))
    assert message in caught.value.message
    assert str(caught.value.where).startswith(f"{tmp_path / 'file.yaml'}:")
    assert list(tmp_path.iterdir()) == [tmp_path / "file.yaml"]


def test_two_workloads_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path, resnet18(), name) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(InputError, match="only one file can be the workload"):
        sim.import_zigzag(*paths)
