"""Does a mapping file say what was written, and does a wrong one say where it is wrong?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_nests import Knobs, cases

from accelsim.errors import AccelsimError, InputError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip, FanOut
from accelsim.mapping.constraint_check import ConstraintError, check_constraints
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.file import MappingFile, load_mapping
from accelsim.mapping.file_text import file_text
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import Shape

CHIP = load_profile("horowitz-45nm")
EYERISS = load_profile("eyeriss-v1")
CONV = Shape(K=64, C=32, OY=14, OX=14, FY=3, FX=3)
GOOD = """
      - DRAM keeps W I O
      - for K in tiles of 16
      - SRAM keeps W, I
      - for C in tiles of 2 across rows
      - for OY in tiles of 1
      - for OX in tiles of 1
      - RF keeps WO
      - for K in tiles of 1
      - for C in tiles of 1
      - for FY in tiles of 1
      - for FX in tiles of 1
"""
NEST = Nest(
    (
        *(Keep("DRAM", "WIO"), Loop("K", 16), Keep("SRAM", "WI"), Loop("C", 2, "rows"), Loop("OY", 1), Loop("OX", 1)),
        *(Keep("RF", "WO"), Loop("K", 1), Loop("C", 1), Loop("FY", 1), Loop("FX", 1)),
    )
)


def written(path: Path, text: str) -> MappingFile:
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def refusal(path: Path, text: str, shape: Shape = CONV, chip: Chip = CHIP) -> str:
    """Return what is said against a file that must be refused, from its line and column on."""

    def use() -> None:
        entry = written(path, text).entry("conv1")
        assert entry is not None
        (entry.nest_for if entry.nest else entry.constraints_for)("conv1", shape, chip)

    with pytest.raises(AccelsimError) as refused:
        use()
    said = str(refused.value)
    assert said.startswith(f"{path}:")
    return said.removeprefix(f"{path}:")


# ---------------------------------------------------------------------- mappings


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip) | st.sampled_from(
    ["on", "1e3", "null", "a: b", "conv[1]*", "layer1.0.conv1", "/net/Conv:0", "#", 'it\'s "quoted"']
)


@given(st.dictionaries(NAMES, cases(Knobs(max_macs=200)), min_size=1, max_size=3))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, layers: dict[str, tuple[Shape, Nest, Hierarchy]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "mapping.yaml"
    text = file_text({name: (shape, nest) for name, (shape, nest, _) in layers.items()}, ["what", "it\nis"])
    path.write_bytes(text.encode())
    file = load_mapping(path)
    for name, (shape, nest, _) in layers.items():
        entry = file.entry(name)
        assert entry is not None
        assert entry.nest == nest
        entry.check_extents(name, shape)
    file.check_patterns(list(layers))


def test_a_mapping_is_read_as_a_person_writes_it(tmp_path: Path) -> None:
    file = written(tmp_path / "m.yaml", f"layers:\n  conv1:\n    extents: {{K: 64}}\n    mapping:{GOOD}")
    entry = file.entry("conv1")
    assert entry is not None
    assert entry.nest == entry.nest_for("conv1", CONV, CHIP) == NEST
    assert file.entry("conv2") is None
    alone = written(tmp_path / "m.yaml", f"mapping:{GOOD}").entry("whatever it is called")
    assert alone is not None
    assert alone.nest == NEST


WRONG_LINES = {
    "SRAM keeps": "a line of a mapping must be 'LEVEL keeps W I O', 'for DIM in tiles of N'",
    "for K: 16": "got '{for K: ...}'",
    "for K in 16": "a line of a mapping must be",
    "SRAM keeps W Q": "operands must be some of W I O; got 'W Q'",
    "SRAM keeps W I W": "W stands twice",
    "for OYY in tiles of 2": "got 'OYY'; did you mean OY?",
    "for K in tiles of 0": "a tile must be a whole number of at least 1; got '0'",
    "for K in tiles of 65": "loop K: the tile must be a whole number from 1 to 64",
    "for K in tiles of 2.5": "got '2.5'",
    "for K in tiles of 2 across rws": "got 'rws'; did you mean rows?",
    "SRM keeps W": "got 'SRM'; did you mean SRAM?",
    "RF keeps I": "a node of RF must stand below the loops across cols",
    "for K in tiles of 1 across rows": "the spatial loops across cols need 64 instances; it has 16",
}


@pytest.mark.parametrize("line", WRONG_LINES)
def test_a_wrong_line_is_named_with_its_place(tmp_path: Path, line: str) -> None:
    """The wrong line is the third of the mapping; what comes after it is right by itself."""
    rest = (
        GOOD.replace("      - SRAM keeps W, I\n", "").replace("16\n", f"64\n      - {line}\n").replace("rows", "cols")
    )
    said = refusal(tmp_path / "m.yaml", f"layers:\n  conv*:\n    mapping:{rest}")
    if "RF" in line:
        assert said.startswith("7:9: layers.conv*.mapping[3]: "), said  # the loop across cols that comes below it
    else:
        assert said.startswith("6:9: layers.conv*.mapping[2]: "), said
    assert WRONG_LINES[line] in said


def test_what_the_chip_cannot_run_is_refused(tmp_path: Path) -> None:
    nest = "layers:\n  conv1:\n    mapping: [DRAM keeps W I O, {}]\n"
    said = refusal(tmp_path / "m.yaml", nest.format("GLB keeps W"), chip=EYERISS)
    assert said.startswith("3:33: layers.conv1.mapping[1]: GLB of eyeriss-v1 holds I O; it cannot keep W.")
    said = refusal(tmp_path / "m.yaml", nest.format("for FX in tiles of 1 across rows"), chip=EYERISS)
    assert "rows of eyeriss-v1 carries K C OY FY; FX cannot run across it." in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mapings: []\n", "1:1: mapings is not a field of a mapping file; did you mean mapping?"),
        ("description: none\n", "1:1: a mapping file must state a mapping, constraints or layers."),
        ("layers: {conv1: {maping: []}}\n", "1:18: layers.conv1.maping is not a field of an entry of a mapping file"),
        ("layers: {conv1: {extents: {K: 2}}}\n", "it states neither."),
        ("layers: {conv1: {mapping: [DRAM keeps W], constraints: {divisors: true}}}\n", "it states both."),
        ("layers: {conv1: {mapping: []}}\n", "1:27: layers.conv1.mapping: a mapping must have lines; it is empty."),
        (
            "layers: {conv1: {extents: {KK: 2}, mapping: [DRAM keeps W]}}\n",
            "layers.conv1.extents.KK: a loop must be over",
        ),
        (
            "layers: {conv1: {extents: {K: 2}, mapping: [DRAM keeps W I O]}}\n",
            "1:31: layers.conv1.extents.K: the entry is for K 2; conv1 has K 64.",
        ),
        (
            "layers: {conv1: {mapping: [DRAM keeps W I O]}}\n",
            "the loops over K must end at a tile of 1; they end at 64.",
        ),
        ("layers: {' ': {mapping: [DRAM keeps W]}}\n", "a pattern of layer names must not be empty."),
        ("mapping: 3\n", "1:10: mapping: must be a list; got 3."),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path / "m.yaml", text)


def test_the_first_pattern_that_matches_decides(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    file = written(
        path,
        "constraints: {divisors: true, keeps: {RF: W O}}\n"
        "layers:\n  conv1: {constraints: {keeps: {RF: I}}}\n  conv*: {constraints: {divisors: false}}\n"
        "  free: {constraints: {keeps: {}}}\n",
    )

    def stated(name: str) -> tuple[object, bool]:
        entry = file.entry(name)
        assert entry is not None
        return dict(entry.constraints.keeps), entry.constraints.divisors

    assert stated("conv1") == ({"RF": "I"}, True)  # what a pattern leaves out is the file's own
    assert stated("conv2") == ({"RF": "WO"}, False)
    assert stated("fc") == ({"RF": "WO"}, True)
    assert stated("free") == ({}, True)  # nothing, said of a field, is something said
    file.check_patterns(["conv1", "conv2", "free"])
    with pytest.raises(InputError, match=r"m.yaml:3:3: 'conv1' must match .*; did you mean conv2\?"):
        file.check_patterns(["conv2", "fc", "free"])
    file = written(path, "layers:\n  '*': {constraints: {divisors: true}}\n  fc: {constraints: {divisors: false}}\n")
    with pytest.raises(InputError, match=r"m.yaml:3:3: 'fc' must stand before"):
        file.check_patterns(["conv1", "fc"])


# ---------------------------------------------------------------------- constraints


def test_constraints_are_read_and_spelled_out(tmp_path: Path) -> None:
    text = """
constraints:
  keeps: {RF: W O, SRAM: nothing}
  order: [RF.O, RF.W]
  tiles: {RF: {K: 2}, RF.W: {C: 1}, DRAM.I: {K: 64}}
  spatial: {rows: {C: 16, FY: }, cols: K OY}
  loops: {RF.O: K C, RF.W: nothing}
  divisors: true
"""
    entry = written(tmp_path / "c.yaml", text).entry("conv1")
    assert entry is not None
    assert entry.constraints_for("conv1", CONV, CHIP) == Constraints(
        keeps={"RF": "WO", "SRAM": ""},
        nodes=(("RF", "O"), ("RF", "W")),
        tiles={("RF", "W"): {"K": 2, "C": 1}, ("RF", "O"): {"K": 2}},
        spatial={"rows": {"C": 16, "FY": None}, "cols": {"K": None, "OY": None}},
        loops={("RF", "O"): ("K", "C"), ("RF", "W"): ()},
        divisors=True,
    )


CONTRADICTIONS = {
    "keeps: {RF: W O}, tiles: {RF.I: {K: 2}}": "tiles of RF.I and keeps of RF (W O) contradict",
    "keeps: {RF: W O}, order: [SRAM.I, RF.I]": "order of RF.I and keeps of RF (W O) contradict",
    "keeps: {RF: W O}, loops: {RF.I: K}": "loops of RF.I and keeps of RF (W O) contradict",
    "keeps: {DRAM: W O}": "keeps of DRAM (W O) contradicts the chip",
    "tiles: {DRAM.W: {K: 8}}": "tiles of K at DRAM.W (8) and the extent of K (64) contradict",
    "tiles: {SRAM.W: {K: 65}}": "tiles of K at SRAM.W (65) and the extent of K (64) contradict",
    "tiles: {SRAM.W: {K: 4}, RF.W: {K: 8}}": "tiles of K at SRAM.W (4) and tiles of K at RF.W (8) contradict",
    "tiles: {SRAM.W: {K: 4}, RF.I: {K: 8}}, order: [SRAM.W, RF.I]": "(4) and tiles of K at RF.I (8) contradict",
    "tiles: {SRAM.W: {K: 4}, RF.I: {K: 8}}, spatial: {rows: {C: 2}}": "(4) and tiles of K at RF.I (8) contradict",
    "tiles: {SRAM: {K: 4}, SRAM.W: {K: 8}}": "tiles of K at SRAM.W (8) and at SRAM (4) contradict",
    "tiles: {SRAM.W: {C: 7}}, spatial: {cols: {C: 8}}": "at SRAM.W (7) and spatial C across cols (8) contradict",
    "tiles: {RF.W: {C: 5}}, spatial: {cols: {C: 8}}": "tiles of C at RF.W (5) and the extent of C (32) contradict",
    "spatial: {rows: {C: 8}, cols: {C: 8}}": "rows (8), spatial C across cols (8) and the extent of C (32) contradict",
    "spatial: {cols: {FY: 4}}": "spatial FY across cols (4) and the extent of FY (3) contradict",
    "spatial: {cols: {C: 8, K: 4}}": "spatial C (8) and K (4) across cols and its size (16) contradict",
    "order: [RF.I, SRAM.I]": "order (RF.I before SRAM.I) and the chip contradict: SRAM is outside RF",
    "order: [RF.W, SRAM.I], spatial: {rows: {C: 4}}": "the loops across rows that spatial pins stand between",
    "order: [SRAM.W, DRAM.I]": "order (SRAM.W before DRAM.I) and the chip contradict: DRAM opens the nest",
    "order: [SRAM.W, SRAM.W]": "SRAM.W stands twice",
    "loops: {DRAM.W: K}": "loops above DRAM.W contradict the chip",
    "loops: {SRAM.W: K C K}": "must name a dimension once; got K C K",
    "divisors: true, tiles: {SRAM.W: {K: 5}}": "(5) and the extent of K (64) contradict: with divisors, 64 must be",
    "divisors: true, spatial: {rows: {C: 3}}": "rows (3) and the extent of C (32) contradict: with divisors",
}


@pytest.mark.parametrize("text", CONTRADICTIONS)
def test_contradictions_name_both(tmp_path: Path, text: str) -> None:
    said = refusal(tmp_path / "c.yaml", f"layers:\n  conv1:\n    constraints: {{{text}}}\n")
    assert CONTRADICTIONS[text] in said
    assert said.startswith("3:")
    assert "layers.conv1.constraints." in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{keeps: {RFF: W}}", "'RFF' is not a level of horowitz-45nm; did you mean RF?"),
        ("{keeps: {RF: W Q}}", "operands must be some of W I O; got 'W Q'"),
        ("{spatial: {rws: K}}", "'rws' is not a fan-out of horowitz-45nm; did you mean rows?"),
        ("{spatial: {rows: K Q}}", "constraints.spatial.rows: a loop must be over one of B G K C OY OX FY FX; got 'Q'"),
        ("{tiles: {SRAM.W: {K: 0}}}", "K must be a whole number of at least 1; got 0"),
        ("{tiles: {SRAM.W: {K: 2e1}}}", "must be a whole number; got '2e1', which YAML reads as text; write 20"),
        ("{loops: {SRAM: K}}", "a node must be a level and an operand, as in SRAM.W; got 'SRAM'"),
        ("{order: [SRAM]}", "constraints.order: a node must be a level and an operand"),
        (
            "{tile: {SRAM.W: {K: 2}}}",
            "layers.conv1.constraints.tile is not a field of the constraints; did you mean tiles?",
        ),
        ("{}", "constraints must pin something"),
    ],
)
def test_wrong_constraints_say_where(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path / "c.yaml", f"layers:\n  conv1:\n    constraints: {text}\n")


def test_the_profile_restricts_what_can_be_pinned() -> None:
    for constraints, said in (
        (Constraints(keeps={"GLB": "WI"}), r"keeps of GLB \(W I\) and eyeriss-v1 contradict: GLB holds I O only"),
        (Constraints(tiles={("GLB", "W"): {"K": 2}}), "tiles of GLB.W and eyeriss-v1 contradict: GLB holds I O only"),
        (
            Constraints(spatial={"rows": {"FX": 2}}),
            "spatial FX across rows and eyeriss-v1 contradict: rows carries K C OY FY",
        ),
    ):
        with pytest.raises(ConstraintError, match=said):
            check_constraints(constraints, CONV, EYERISS)


def chip_with(hierarchy: Hierarchy) -> Chip:
    levels = tuple(replace(CHIP.levels[0], name=name, depth=depth) for name, depth in reversed(hierarchy.levels))
    return replace(CHIP, levels=levels, fanouts=tuple(FanOut(name, size) for name, size in hierarchy.fanouts))


def pins_of(nest: Nest, shape: Shape, rng: Random) -> Constraints:
    """Return some of what a mapping decides, read off it line by line."""
    handed, bounds = shape.extents, iter(nest.bounds(shape))
    nodes, tiles, loops, since = [], {}, {}, []
    keeps: dict[str, str] = {}
    spatial: dict[str, dict[str, int | None]] = {}
    for line in nest.lines:
        if isinstance(line, Loop):
            handed[line.dim], bound = line.tile, next(bounds)
            if line.fanout is None:
                since.append(line.dim)
            else:
                across = spatial.setdefault(line.fanout, {})
                across[line.dim] = None if line.dim in across else bound
            continue
        for operand in line.operands:
            nodes.append((line.level, operand))
            keeps[line.level] = keeps.get(line.level, "") + operand
            tiles[line.level, operand] = {dim: tile for dim, tile in handed.items() if rng.random() < 0.7}
            if len(set(since)) == len(since):
                loops[line.level, operand] = tuple(since)
            since = []

    def some(pinned: dict) -> dict:  # type: ignore[type-arg]
        return {key: value for key, value in pinned.items() if rng.random() < 0.7}

    order = tuple(node for node in nodes if rng.random() < 0.7)
    return Constraints(some(keeps), order, some(tiles), some(spatial), some(loops))


@given(cases(), st.integers(0))
def test_what_a_mapping_does_is_no_contradiction(case: tuple[Shape, Nest, Hierarchy], seed: int) -> None:
    """Constraints that a mapping keeps are never refused, nor is what they are spelled out to."""
    shape, nest, hierarchy = case
    chip = chip_with(hierarchy)
    pins = pins_of(nest, shape, Random(seed))
    spelled = check_constraints(pins, shape, chip)
    assert check_constraints(spelled, shape, chip) == spelled
    assert set(spelled.tiles) == {node for node, tiles in pins.tiles.items() if tiles and node[0] != "L0"}
