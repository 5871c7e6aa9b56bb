"""Do Timeloop's files mean here what they mean there? The 45 reference cases, written as files of two versions."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from timeloop_files import DIMENSIONS, architecture, mapping, problem, texts

import accelsim as sim
from accelsim.engine.timeloop import timeloop_report
from accelsim.errors import AccelsimError, InfeasibleError
from accelsim.hardware.importers.timeloop import import_architecture
from accelsim.workload.importers.timeloop import import_problem
from accelsim.workload.shape import Window

DATA = Path(__file__).parents[1] / "mapping" / "data"
CASES = json.loads((DATA / "timeloop_cases.json").read_text())
STATS = list(csv.DictReader((DATA / "timeloop_stats.csv").read_text().splitlines()))
OPERAND = {"Weights": "W", "Inputs": "I", "Outputs": "O"}
FILES = ("problem.yaml", "arch.yaml", "mapping.yaml", "ERT.yaml")
VERSIONS = ("0.3", "0.4")


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def case_files(case: dict[str, Any], version: str, folder: Path) -> list[Path]:
    made = texts(case, version)
    return [write(folder, name, made[name]) for name in FILES]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_counts_cycles_and_energies_are_timeloops(case: dict[str, Any], version: str, tmp_path: Path) -> None:
    imported = sim.import_timeloop(*case_files(case, version, tmp_path))
    assert imported.network is not None
    assert imported.chip is not None
    assert imported.nest is not None
    shape = imported.network.layers[0].shape
    assert shape is not None
    report = timeloop_report(imported.chip, shape, imported.nest, word_bits=8)
    compared = 0
    for row in STATS:
        if row["case"] != case["case"]:
            continue
        if row["level"] == "MAC":
            assert (report.counts.macs, report.cycles) == (int(float(row["computes"])), int(float(row["cycles"])))
            continue
        moved = report.counts.levels[row["level"], OPERAND[row["tensor"]]]
        got = moved.reads, moved.fills, moved.updates_partial + moved.updates_final
        assert got == tuple(int(float(row[f"{what}_total"])) for what in ("reads", "fills", "updates"))
        assert report.energy_pj[row["level"], OPERAND[row["tensor"]]] == pytest.approx(
            float(row["energy_pJ"]), rel=1e-12
        )
        compared += 1
    assert compared == len(report.energy_pj) >= 4


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_written_reads_back_as_what_was_imported(version: str, tmp_path: Path) -> None:
    imported = sim.import_timeloop(*case_files(CASES[0], version, tmp_path))
    places = {name: write(tmp_path, name, text) for name, text in imported.files.items()}
    assert set(places) == {"workload.yaml", "profile.yaml", "mapping.yaml"}
    network = sim.load_workload(places["workload.yaml"])
    assert imported.network is not None
    assert network.layers == imported.network.layers
    assert sim.load_profile(places["profile.yaml"]) == replace(imported.chip, remarks=())  # type: ignore[type-var]
    result = sim.estimate(network, str(places["profile.yaml"]), "int8", mapping=str(places["mapping.yaml"]))
    assert result.layers[0].nest == imported.nest
    assert result.energy_pj is not None


# ---------------------------------------------------------------------- problems


def conv_problem(**instance: int) -> dict[str, Any]:
    layer = {"N": 1, "M": 64, "C": 3, "P": 55, "Q": 55, "R": 11, "S": 11, "st": 4}
    made = problem(layer, "0.3")
    made["instance"] |= instance
    return {"problem": made}


def refused(paths: list[Path], where: str, message: str) -> None:
    with pytest.raises(AccelsimError) as caught:
        sim.import_timeloop(*paths)
    assert message in caught.value.message
    assert where in str(caught.value.where)


def test_a_stride_under_another_name_is_refused_and_not_lost(tmp_path: Path) -> None:
    """With its stride of 4, AlexNet's first layer reads 227 x 227 inputs; ignored, it would read 65 x 65."""
    good = import_problem([write(tmp_path, "p.yaml", conv_problem())]).network().layers[0]
    assert good.input_elements == 3 * 227 * 227
    lost = conv_problem()
    lost["problem"]["instance"]["HStride"] = lost["problem"]["instance"].pop("Hstride")
    path = write(tmp_path, "q.yaml", lost)
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "HStride" in text)
    refused([path], f"q.yaml:{line}:", "did you mean Hstride?")


def shape_of(folder: Path, spaces: dict[str, Any], extents: dict[str, int], **more: Any) -> sim.Layer:
    *read, written = spaces
    made = {
        "shape": {
            "dimensions": [name for name in extents if name not in more.get("coefficients", [])],
            "coefficients": [{"name": name} for name in more.get("coefficients", [])],
            "data_spaces": [
                *({"name": name, "projection": spaces[name]} for name in read),
                {"name": written, "projection": spaces[written], "read_write": True},
            ],
        },
        "instance": extents,
    }
    return import_problem([write(folder, "p.yaml", {"problem": made})]).network().layers[0]


def test_a_matrix_product_is_one_in_lists_and_in_text(tmp_path: Path) -> None:
    extents = {"M": 7, "N": 5, "K": 3}
    lists = {"A": [[["M"]], [["K"]]], "B": [[["N"]], [["K"]]], "Z": [[["M"]], [["N"]]]}
    text = {"A": "[ M, K ]", "B": "[ N, K ]", "Z": "[ M, N ]"}
    one, other = shape_of(tmp_path, lists, extents), shape_of(tmp_path, text, extents)
    assert one.shape == other.shape == sim.Shape.gemm(M=7, N=5, K=3)
    assert one.kind == "linear"


def test_heads_are_groups_and_a_second_batch_is_an_image_axis(tmp_path: Path) -> None:
    spaces = {"Q": "[B, H, M, E]", "K": "[H, P, E]", "QK": "[B, H, M, P]"}
    layer = shape_of(tmp_path, spaces, {"B": 2, "H": 8, "M": 16, "P": 32, "E": 64})
    assert layer.shape is not None
    assert layer.shape.extents == {"B": 2, "G": 8, "K": 32, "C": 64, "OY": 16, "OX": 1, "FY": 1, "FX": 1}
    assert (layer.weight_elements, layer.input_elements) == (8 * 32 * 64, 2 * 8 * 16 * 64)


def test_strides_and_dilations_may_be_numbers_in_text(tmp_path: Path) -> None:
    spaces = {"Weights": "[K, C, R, S]", "Inputs": "[C, 2*P + 3*R, Q + S]", "Outputs": "[K, P, Q]"}
    layer = shape_of(tmp_path, spaces, {"K": 4, "C": 3, "P": 5, "Q": 6, "R": 3, "S": 2})
    assert layer.shape is not None
    assert (layer.shape.y, layer.shape.x) == (Window(2, 3, 0, 4 * 2 + 2 * 3 + 1), Window(1, 1, 0, 7))


def test_one_dimensional_convolutions_and_strides_without_taps(tmp_path: Path) -> None:
    spaces = {"Weights": [[["K"]], [["R"]]], "Inputs": [[["R"], ["P"]]], "Outputs": [[["K"]], [["P"]]]}
    layer = shape_of(tmp_path, spaces, {"K": 32, "R": 3, "P": 16})
    assert (layer.macs, layer.input_elements) == (32 * 3 * 16, 18)
    spaces = {"Weights": [[["K"]], [["C"]]], "Inputs": [[["C"]], [["P", "s"]]], "Outputs": [[["K"]], [["P"]]]}
    layer = shape_of(tmp_path, spaces, {"K": 4, "C": 3, "P": 5, "s": 2}, coefficients=["s"])
    assert (layer.macs, layer.input_elements) == (4 * 3 * 5, 3 * 9)


def test_the_shape_that_timeloop_knows_by_name(tmp_path: Path) -> None:
    made = {"problem": {"shape": "cnn-layer", "R": 3, "S": 5, "P": 8, "Q": 7, "C": 4, "K": 6, "N": 2, "Wstride": 2}}
    layer = import_problem([write(tmp_path, "p.yaml", made)]).network().layers[0]
    assert layer.shape is not None
    assert layer.shape.extents == {"B": 2, "G": 1, "K": 6, "C": 4, "OY": 8, "OX": 7, "FY": 3, "FX": 5}
    assert (layer.shape.y, layer.shape.x) == (Window(2, 1, 0, 17), Window(1, 1, 0, 11))


SPACES = [
    {"name": "Weights", "projection": "[K, C]"},
    {"name": "Inputs", "projection": "[C, P]"},
    {"name": "Outputs", "projection": "[K, P]", "read_write": True},
]
GEMM = {"dimensions": ["K", "C", "P"], "data_spaces": SPACES}


def changed(**fields: Any) -> dict[str, Any]:
    made = {"shape": dict(GEMM), "instance": {"K": 2, "C": 3, "P": 4}}
    for key, value in fields.items():
        part, _, inner = key.partition("__")
        made[part] = (made[part] | {inner: value}) if inner else value
    return {"problem": {key: value for key, value in made.items() if value is not None}}


def projected(place: int, projection: str) -> list[dict[str, Any]]:
    return [one | ({"projection": projection} if n == place else {}) for n, one in enumerate(SPACES)]


def whole(dimensions: str, *projections: str) -> dict[str, Any]:
    spaces = [one | {"projection": axes} for one, axes in zip(SPACES, projections, strict=True)]
    shape = {"dimensions": list(dimensions), "data_spaces": spaces}
    return {"problem": {"shape": shape, "instance": dict.fromkeys(dimensions, 2)}}


BROKEN_PROBLEMS = {
    "no shape": (changed(shape=None), "shape must be given"),
    "unknown field": (changed(shape__dimension=["K"]), "did you mean dimensions?"),
    "unknown shape": (changed(shape="cnn"), "is not a shape that is known by name"),
    "missing dimension": (changed(instance={"K": 2, "C": 3}), "P must be given"),
    "word": (changed(instance__K="many"), "must be a whole number of at least 1; got 'many'"),
    "arithmetic": (changed(instance__K="2*16"), "Nothing in a file is evaluated"),
    "zero": (changed(instance__K=0), "must be a whole number of at least 1; got 0"),
    "sparse": (changed(instance__densities={"Weights": 0.5}), "accelsim counts dense tensors"),
    "sparse as written": (changed(instance__densities={"Weights": {"density": 0.5}}), "accelsim counts dense tensors"),
    "two outputs": (changed(shape__data_spaces=[one | {"read_write": True} for one in SPACES]), "got 3 written of 3"),
    "two tensors": (changed(shape__data_spaces=SPACES[1:]), "got 1 written of 2"),
    "axis of an output": (changed(shape__data_spaces=projected(2, "[K + C, P]")), "must be one dimension; got K + C"),
    "unknown dimension": (changed(shape__data_spaces=projected(0, "[K, CC]")), "did you mean C?"),
    "used once": (changed(shape__dimensions=["K", "C", "P", "X"], instance__X=3), "X must index at least two"),
    "two channels": (whole("KLC", "[K, L, C]", "[C]", "[K, L]"), "K and L"),
    "three image axes": (whole("KPQTRSU", "[K, R, S, U]", "[P+R, Q+S, T+U]", "[K, P, Q, T]"), "at most 2 image axes"),
    "code": ("problem: !!python/object/apply:os.system ['touch owned']", "must not carry a tag"),
    "other tag": ("problem: !Secret {}", "must not carry a tag but !Component"),
    "unknown part": ("problems: {}", "did you mean problem?"),
    "old architecture": ("arch: {}", "version 0.1"),
    "variables": ("variables: {version: 0.4}", "expressions are not evaluated"),
    "nothing of use": ("mapping: []", "must hold a problem or an architecture"),
    "a list": ("- 1", "must be a mapping"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_PROBLEMS)
def test_a_broken_problem_is_refused(name: str, tmp_path: Path) -> None:
    content, message = BROKEN_PROBLEMS[name]
    refused([write(tmp_path, "p.yaml", content)], "p.yaml", message)
    assert list(tmp_path.iterdir()) == [tmp_path / "p.yaml"]


def test_a_part_in_two_files_is_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path, name, conv_problem()) for name in ("p.yaml", "q.yaml")]
    refused(paths, "q.yaml:1:", "must be given once")


# ---------------------------------------------------------------------- architectures

EYERISS = """
architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
    attributes: {technology: "32nm", global_cycle_seconds: 5e-9}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {type: LPDDR4, width: 64, datawidth: 8}
  - !Component
    name: shared_glb
    class: smartbuffer_SRAM
    attributes: {depth: 16384, width: 64, n_banks: 32, datawidth: 8, read_bandwidth: 16, write_bandwidth: 16}
    constraints:
      dataspace: {keep: [Inputs, Outputs], bypass: [Weights]}
  - !Container
    name: PE_column
    spatial: {meshX: 14}
    constraints: {spatial: {factors: [N=1], split: 7}}
  - !Container
    name: PE
    spatial: {meshY: 12}
  - !Parallel
    nodes:
    - !Component
      name: ifmap_spad
      class: smartbuffer_RF
      attributes: {depth: 12, width: 16, datawidth: 8, read_bandwidth: 2, write_bandwidth: 2}
      constraints: {dataspace: {keep: [Inputs]}}
    - !Component
      name: weights_spad
      class: smartbuffer_RF
      attributes: {depth: 192, width: 16, datawidth: 8, multiple_buffering: 2}
      constraints: {dataspace: {keep: [Weights]}}
    - !Component
      name: psum_spad
      class: smartbuffer_RF
      attributes: {depth: 16, width: 16, update_fifo_depth: 2, datawidth: 16}
      constraints: {dataspace: {keep: [Outputs]}}
  - !Component
    name: mac
    class: intmac
    attributes: {multiplier_width: 8, adder_width: 16}
"""


def test_an_architecture_of_version_4_becomes_levels_and_fan_outs(tmp_path: Path) -> None:
    imported = import_architecture([write(tmp_path, "eyeriss.yaml", EYERISS)])
    chip = imported.chip
    assert chip.hierarchy == (
        (("DRAM", 0), ("shared_glb", 0), ("ifmap_spad", 2), ("weights_spad", 2), ("psum_spad", 2)),
        (("PE_column", 14), ("PE", 12)),
    )
    assert {level.name: level.holds for level in chip.levels} == {
        "DRAM": "WIO", "shared_glb": "IO", "ifmap_spad": "I", "weights_spad": "W", "psum_spad": "O",
    }  # fmt: skip
    assert {level.name: level.capacity_bits for level in chip.levels} == {
        "DRAM": None, "shared_glb": 16384 * 64, "ifmap_spad": 12 * 16, "weights_spad": 192 * 16, "psum_spad": 16 * 16,
    }  # fmt: skip
    assert chip.level("shared_glb").read_bits_per_cycle == 16 * 8
    assert chip.level("weights_spad").buffering == "double"
    assert chip.clock_hz.value == pytest.approx(2e8)
    assert chip.node_nm is not None
    assert chip.node_nm.value == 32
    assert chip.accumulators == (("int8", "int8", "int16"),)
    assert not chip.has_costs
    assert any("energy is unknown" in remark for remark in imported.remarks)
    for attribute in ("n_banks", "update_fifo_depth", "spatial constraint of PE_column"):
        assert any(attribute in remark for remark in imported.remarks), attribute
    assert sim.estimate("filter-3x3x256", chip, "int8", mapping="os").energy_pj is None


@pytest.mark.parametrize("version", VERSIONS)
def test_costs_come_from_the_ert_and_name_it(version: str, tmp_path: Path) -> None:
    imported = sim.import_timeloop(*case_files(CASES[0], version, tmp_path))
    chip = imported.chip
    assert chip is not None
    assert [level.capacity_bits for level in chip.levels] == [512 * 8, 128 * 1024 * 8, None]
    number = chip.level("GLB").read_pj_per_bit
    assert number is not None
    assert (number.value, number.source, number.status) == (20 / 64, "imported-ert", "seen")
    assert "ERT.yaml" in chip.sources["imported-ert"].title
    assert dict(chip.multiply_table)["int8"].value == 0.6


def test_of_several_energies_of_an_action_the_largest_counts(tmp_path: Path) -> None:
    """Tables of version 0.3 have one energy for each change of address and data."""
    actions = [
        {"name": "read", "arguments": {"data_delta": n}, "energy": value} for n, value in enumerate((0.1, 0.4, 0.2))
    ]
    tables = [
        {"name": "PE.RF", "actions": actions},
        {"name": "PE.MAC", "actions": [{"name": "mac_random", "energy": 1.5}]},
    ]
    paths = [write(tmp_path, "a.yaml", architecture(CASES[0], "0.3"))]
    paths.append(write(tmp_path, "e.yaml", {"ERT": {"version": 0.3, "tables": tables}}))
    imported = sim.import_timeloop(*paths)
    assert imported.chip is not None
    number = imported.chip.level("RF").read_pj_per_bit
    assert number is not None
    assert number.value == pytest.approx(0.4 / 8)
    assert dict(imported.chip.multiply_table)["int8"].value == 1.5
    assert "of the energies of read of RF the largest is taken." in imported.remarks


OLD = architecture(CASES[0], "0.3")
BROKEN_ARCHITECTURES = {
    "unknown attribute": (EYERISS.replace("n_banks", "n_bank"), "did you mean n_banks?"),
    "misspelled": (EYERISS.replace("read_bandwidth: 2,", "read_bandwith: 2,"), "did you mean read_bandwidth?"),
    "unknown class": (EYERISS.replace("class: intmac", "class: alu"), "is not a class"),
    "untagged node": (EYERISS.replace("- !Container\n    name: PE\n", "- name: PE\n"), "must carry one of the tags"),
    "unknown tag": (EYERISS.replace("!Parallel", "!Fork"), "must not carry a tag but"),
    "arithmetic": (EYERISS.replace("depth: 16384", "depth: 128 * 128"), "Nothing in a file is evaluated"),
    "word": (EYERISS.replace("depth: 16384", "depth: large"), "must be a whole number"),
    "zero mesh": (EYERISS.replace("meshX: 14", "meshX: 0"), "must be a whole number of at least 1"),
    "no width of a word": (EYERISS.replace("width: 64, datawidth: 8}", "width: 64}"), "datawidth of DRAM"),
    "no keep": (EYERISS.replace("constraints: {dataspace: {keep: [Inputs]}}", ""), "must say what it keeps"),
    "unknown tensor": (EYERISS.replace("keep: [Inputs]}", "keep: [Input]}"), "did you mean Inputs?"),
    "no multiplier": (EYERISS[: EYERISS.index("  - !Component\n    name: mac")], "must have a multiplier"),
    "no node": (EYERISS.replace('"32nm"', '"small"'), "must be a node such as 45nm"),
    "width of none": (EYERISS.replace("multiplier_width: 8", "multiplier_width: 9000"), "no format has this width"),
    "ranges": (OLD.replace("PE[0..255]", "PE[255]"), "PE[0..15]"),
    "mesh": (OLD.replace("meshX: 16", "meshX: 7"), "must be its 256 instances"),
    "two branches": (OLD.replace("    - name: chip", "    - name: other\n    - name: chip"), "one branch"),
    "two sizes": (OLD.replace("sizeKB: 128,", "sizeKB: 128, entries: 5,"), "says the size too"),
    "no size": (OLD.replace("sizeKB: 128, ", ""), "the size of GLB must be given"),
    "widths that differ": (OLD.replace("sizeKB: 128, width: 64", "sizeKB: 128, width: 32"), "datawidth * block_size"),
    "neither tree": ("architecture: {version: 0.4}", "either subtree"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_ARCHITECTURES)
def test_a_broken_architecture_is_refused(name: str, tmp_path: Path) -> None:
    text, message = BROKEN_ARCHITECTURES[name]
    assert text not in (EYERISS, OLD)
    refused([write(tmp_path, "a.yaml", text)], "a.yaml", message)


# ---------------------------------------------------------------------- mappings


def with_mapping(folder: Path, edit: Any, version: str = "0.3") -> list[Path]:
    """Return the files of a case with one of its directives edited."""
    case = next(one for one in CASES if one["case"] == "alexnet_conv3__WS")
    directives = mapping(case, version)
    edit({(one["target"], one["type"]): one for one in directives}, directives)
    made = texts(case, version)
    made["mapping.yaml"] = yaml.safe_dump({"mapping": directives})
    return [write(folder, name, made[name]) for name in FILES]


def test_a_factor_of_zero_is_what_the_others_leave(tmp_path: Path) -> None:
    plain = sim.import_timeloop(*with_mapping(tmp_path, lambda by, _: None))

    def edit(by: dict[tuple[str, str], dict[str, Any]], _: object) -> None:
        by["DRAM", "temporal"]["factors"] = by["DRAM", "temporal"]["factors"].replace("M=24", "M0")

    assert sim.import_timeloop(*with_mapping(tmp_path, edit)).nest == plain.nest


def test_the_first_loop_of_a_permutation_is_the_innermost(tmp_path: Path) -> None:
    def edit(by: dict[tuple[str, str], dict[str, Any]], _: object) -> None:
        by["DRAM", "temporal"]["permutation"] = "MC" + "".join(name for name in DIMENSIONS if name not in "MC")

    nest = sim.import_timeloop(*with_mapping(tmp_path, edit)).nest
    assert nest is not None
    assert [line.dim for line in nest.loops[:2]] == ["C", "K"]


def set_to(target: str, kind: str, **fields: Any) -> Any:
    def edit(by: dict[tuple[str, str], dict[str, Any]], directives: list[dict[str, Any]]) -> None:
        if (target, kind) in by:
            by[target, kind].update(fields)
        else:
            directives.append({"target": target, "type": kind} | fields)

    return edit


BROKEN_MAPPINGS = {
    "unknown target": (set_to("GBL", "temporal", factors="C=1"), "did you mean GLB?"),
    "unknown type": (set_to("GLB", "temporl"), "did you mean temporal?"),
    "unknown field": (set_to("GLB", "temporal", spilt=3), "spilt is not a field"),
    "unknown dimension": (set_to("GLB", "temporal", factors="X=3"), "X' is not a dimension"),
    "no factor": (set_to("GLB", "temporal", factors="C<=3"), "factors must be such as C=3"),
    "factors that miss": (set_to("DRAM", "temporal", factors="M=2 C=12"), "must multiply to 384; they multiply to 32"),
    "no order": (set_to("DRAM", "temporal", permutation="M"), "permutation must name C"),
    "order twice": (set_to("DRAM", "temporal", permutation="MMC"), "each dimension once"),
    "unknown tensor": (set_to("RF", "bypass", keep=["Weight"]), "did you mean Weights?"),
    "kept and not": (set_to("RF", "bypass", keep=["Weights"], bypass=["Weights"]), "either keep or pass by"),
    "no mesh": (set_to("RF", "spatial", factors="C=2", permutation="C"), "no mesh follows it"),
}


@pytest.mark.parametrize("name", BROKEN_MAPPINGS)
def test_a_broken_mapping_is_refused(name: str, tmp_path: Path) -> None:
    edit, message = BROKEN_MAPPINGS[name]
    refused(with_mapping(tmp_path, edit), "mapping.yaml", message)


NODES = """
mapping:
  nodes:
  - {type: storage, target: DRAM, dspace: [Weights, Inputs, Outputs]}
  - {type: temporal, rank: M, tile_shape: 16}
  - {type: temporal, rank: C, factor: 12}
  - {type: storage, target: GLB, dspace: [Inputs, Outputs]}
  - {type: temporal, rank: R, tile_shape: 1}
  - {type: temporal, rank: S, tile_shape: 1}
  - {type: temporal, rank: P, tile_shape: 1}
  - {type: temporal, rank: Q, tile_shape: 1}
  - {type: temporal, rank: C, tile_shape: 1}
  - {type: spatial, rank: M, tile_shape: 1}
  - {type: storage, target: RF, dspace: [Weights]}
  - {type: compute, einsum: conv, target: MAC}
"""


def nodes_files(folder: Path, nodes: str = NODES) -> list[Path]:
    """Return the files of a case on one row of 16 multipliers, its mapping as nodes."""
    paths = with_mapping(folder, lambda by, _: None, "0.4")
    text = paths[1].read_text().replace("meshX: 16, meshY: 16", "meshX: 16")
    return [paths[0], write(folder, "arch.yaml", text), write(folder, "mapping.yaml", nodes), paths[3]]


def test_a_list_of_nodes_is_a_mapping_too(tmp_path: Path) -> None:
    """The same loops as directives and as nodes."""

    def on_one_row(by: dict[tuple[str, str], dict[str, Any]], directives: list[dict[str, Any]]) -> None:
        by["PE", "spatial"] |= {"factors": ["M=16"], "permutation": ["M"], "split": 1}
        inside = by["GLB", "temporal"]
        inside["factors"] = ["R=3", "S=3", "P=13", "Q=13", "C=16"]
        inside["permutation"] = ["C", "Q", "P", "S", "R"]

    paths = nodes_files(tmp_path)
    as_nodes = sim.import_timeloop(*paths).nest
    directives = with_mapping(tmp_path, on_one_row, "0.4")
    write(tmp_path, "arch.yaml", directives[1].read_text().replace("meshX: 16, meshY: 16", "meshX: 16"))
    assert sim.import_timeloop(*directives).nest == as_nodes


BROKEN_NODES = {
    "fused": (NODES.replace("type: spatial", "type: sequential"), "'sequential' is not a type of node"),
    "unknown memory": (NODES.replace("target: GLB", "target: GLB2"), "did you mean GLB?"),
    "unknown rank": (NODES.replace("rank: R", "rank: X"), "is not a dimension of the problem"),
    "growing tile": (NODES.replace("rank: C, tile_shape: 1", "rank: C, tile_shape: 20"), "must be at most 16"),
    "left over": (NODES.replace("rank: C, tile_shape: 1}", "rank: C, tile_shape: 2}"), "must end at a tile of 1"),
    "both": (NODES.replace("factor: 12", "factor: 12, tile_shape: 16"), "either tile_shape"),
    "no fan-out": (NODES.replace("type: temporal, rank: M", "type: spatial, rank: M"), "here: none"),
    "early compute": (NODES.replace("type: temporal, rank: R, tile_shape: 1", "type: compute"), "must be the last"),
}


@pytest.mark.parametrize("name", BROKEN_NODES)
def test_broken_nodes_are_refused(name: str, tmp_path: Path) -> None:
    text, message = BROKEN_NODES[name]
    refused(nodes_files(tmp_path, text), "mapping.yaml", message)


def test_a_mapping_needs_its_architecture_and_its_problem(tmp_path: Path) -> None:
    paths = with_mapping(tmp_path, lambda by, _: None)
    refused([paths[0], paths[2]], "mapping.yaml", "must come with its architecture")


def test_a_mapping_that_needs_more_instances_than_there_are_says_so(tmp_path: Path) -> None:
    paths = with_mapping(tmp_path, lambda by, _: None)
    text = paths[1].read_text().replace("PE[0..255]", "PE[0..127]").replace("meshX: 16", "meshX: 8")
    write(tmp_path, "arch.yaml", text)
    with pytest.raises(InfeasibleError, match="need 16 instances; it has 8"):
        sim.import_timeloop(*paths)
