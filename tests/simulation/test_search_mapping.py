"""Does a layer get the mapping that was asked for, and does its result say what is known of it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accelsim.errors import AccelsimError, InfeasibleError, InputError, UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.file import load_mapping
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.report.mapping_file import save_mapping
from accelsim.search import store
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.simulation.occupancy import occupancies, tiles
from accelsim.simulation.proof import amount, proof
from accelsim.simulation.requested import Wanted
from accelsim.simulation.result import LayerResult
from accelsim.simulation.search_mapping import search_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.one_layer import load_layer
from accelsim.workload.shape import Shape

DATA = Path(__file__).parents[1] / "engine" / "data"
TINY, REGISTERS = str(DATA / "tiny.yaml"), str(DATA / "registers.yaml")
GEMM = Layer("product", "linear", Shape.gemm(M=12, N=10, K=9))
CONV = Layer("image", "conv", Shape(K=4, C=3, OY=6, OX=6, FY=3, FX=3))


def chain(*names: str) -> Network:
    """Equal products in a row, each fed by the one before."""
    square = Shape.gemm(M=4, N=12, K=12)
    producers = ("input", *names)
    return Network(
        "chain",
        tuple(Layer(name, "linear", square, inputs=(before,)) for name, before in zip(names, producers, strict=False)),
    )


def cost(one: LayerResult) -> float:
    assert one.energy_pj is not None
    return one.energy_pj


# ---------------------------------------------------------------------- one layer


@pytest.mark.parametrize("layer", [GEMM, CONV], ids=lambda layer: layer.name)
@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
def test_what_is_proven_is_called_optimal_and_no_heuristic_beats_it(layer: Layer, objective: str) -> None:
    """A product on a chip with all levels outside its PEs is proven; else only what meets its bound is.

    The bound of time is made of sums, and tiles that wait for each other take longer.
    """
    one = search_mapping(layer, TINY, "fp32", objective)
    assert one.certificate is not None
    assert one.certificate.proven or layer is CONV or objective != "energy"
    assert one.mapping == ("optimal" if one.certificate.proven else "searched")
    value = {"energy": cost(one), "latency": one.cycles, "edp": cost(one) * one.cycles}
    assert one.certificate.value == pytest.approx(value[objective], rel=1e-9)
    assert one.certificate.bound <= one.certificate.value * (1 + 1e-9)
    assert one.certificate.proven == (one.certificate.gap == 0)
    assert one.certificate.evaluated > 0
    assert one.certificate.space > 0
    good = estimate(Network("one", (layer,)), TINY, mapping="heuristic", objective=objective).layers[0]
    assert good.certificate is None
    against = {"energy": cost(good), "latency": good.cycles, "edp": cost(good) * good.cycles}
    assert value[objective] <= against[objective] * (1 + 1e-9)


def test_a_saved_optimum_costs_the_same_when_read_back(tmp_path: Path) -> None:
    best = search_mapping(CONV, REGISTERS, "fp32")
    path = save_mapping(best, tmp_path / "best.yaml")
    for mapping in (path, str(path), load_mapping(path), best.nest):
        assert mapping is not None
        again = evaluate_mapping(CONV, REGISTERS, mapping)
        assert (again.nest, again.lines, again.cycle_parts) == (best.nest, best.lines, best.cycle_parts)
        assert (again.mapping, again.certificate) == ("given", None)
    assert path.read_text(encoding="utf-8").startswith("# not proven: the best of ")
    with pytest.raises(
        InputError, match=r"best.yaml:4:18: layers.image.extents.K: the entry is for K 4; image has K 5"
    ):
        evaluate_mapping(Layer("image", "conv", Shape(K=5, C=3, OY=6, OX=6, FY=3, FX=3)), REGISTERS, path)
    with pytest.raises(InputError, match=r"best.yaml: the file must say something of product; it speaks of image"):
        evaluate_mapping(GEMM, REGISTERS, path)


PINS = {
    "keeps": Constraints(keeps={"buffer": "WO"}),
    "bypass": Constraints(keeps={"buffer": "O"}),
    "order": Constraints(nodes=(("buffer", "O"), ("buffer", "I"), ("buffer", "W"))),
    "tile": Constraints(tiles={("buffer", "W"): {"K": 3, "C": 9}}),
    "every tile": Constraints(tiles={("buffer", "*"): {"B": 5}}),
    "spatial": Constraints(spatial={"pes": {"B": 2}}),
    "spatial choice": Constraints(spatial={"pes": {"C": None}}),
    "loops": Constraints(loops={("buffer", "I"): ("C", "B")}),
    "divisors": Constraints(divisors=True),
}


@pytest.mark.parametrize("pins", PINS)
def test_constraints_are_kept_and_the_rest_is_searched(pins: str) -> None:
    """Proven under what levels keep, what crosses a fan-out and tiles that divide; else what is found obeys."""
    free, one = search_mapping(GEMM, TINY), search_mapping(GEMM, TINY, constraints=PINS[pins])
    assert one.certificate is not None
    assert one.certificate.proven or pins in {"order", "tile", "every tile", "loops"}
    assert free.mapping == "optimal"
    assert one.mapping == ("constrained-optimal" if one.certificate.proven else "searched")
    assert cost(one) >= cost(free) * (1 - 1e-9)
    assert one.nest is not None
    assert kept(one.nest, GEMM.shape, PINS[pins]) == []


def kept(nest: Nest, shape: Shape | None, pins: Constraints) -> list[str]:
    """Return which constraints a mapping breaks; written apart from the search."""
    assert shape is not None
    handed, broken, standing, since = shape.extents, [], [], []
    spread: dict[tuple[str, str], int] = {}
    for line in nest.lines:
        if isinstance(line, Loop):
            count = -(-handed[line.dim] // line.tile)
            if pins.divisors and handed[line.dim] % line.tile:
                broken.append(f"{line} does not divide {handed[line.dim]}")
            handed[line.dim] = line.tile
            if line.fanout is None:
                since += [line.dim]
            elif count > 1:
                spread[line.fanout, line.dim] = count
            continue
        for operand in line.operands:
            node, operands = (line.level, operand), pins.loops.get((line.level, operand))
            for pinned in (pins.tiles.get(node, {}), pins.tiles.get((line.level, "*"), {})):
                broken += [f"{node}: {dim} is {handed[dim]}" for dim, tile in pinned.items() if handed[dim] != tile]
            if operands is not None and since != [dim for dim in operands if dim in since]:
                broken.append(f"{node}: loops {since}")
            standing, since = [*standing, node], []
    where = [standing.index(node) if node in standing else -1 for node in pins.nodes]
    if where != sorted(where) or -1 in where:
        broken.append(f"order {standing}")
    for level, operands in pins.keeps.items():
        if {operand for name, operand in standing if name == level} != set(operands):
            broken.append(f"{level} keeps otherwise")
    for node in (*pins.tiles, *pins.loops):
        if node[1] != "*" and node not in standing:
            broken.append(f"{node} does not stand")
    for fanout, counts in pins.spatial.items():
        found = {dim: count for (name, dim), count in spread.items() if name == fanout}
        broken += [f"{dim} crosses {fanout}" for dim in found if dim not in counts]
        broken += [
            f"{dim} over {found.get(dim, 1)}" for dim, n in counts.items() if n is not None and found.get(dim, 1) != n
        ]
    return broken


def test_what_a_mapping_breaks_is_seen() -> None:
    """The judge of the test above, judged: a mapping that breaks every pin."""
    nest = Nest(
        (Keep("DRAM", "WIO"), Loop("K", 4), Loop("B", 1, "pes"), Keep("buffer", "W"), Loop("C", 1), Loop("K", 1))
    )
    shape = Shape.gemm(M=3, N=10, K=9)
    for name in set(PINS) - {"spatial", "every tile"}:
        assert kept(nest, shape, PINS[name]), name
    assert kept(nest, shape, Constraints(spatial={"pes": {"B": 2}})) == ["B over 3"]
    assert kept(nest, shape, Constraints(tiles={("buffer", "*"): {"B": 2}})) == ["('buffer', 'W'): B is 1"]


def test_pinning_what_the_optimum_does_finds_it_again() -> None:
    best = search_mapping(GEMM, TINY)
    assert best.nest is not None
    assert GEMM.shape is not None
    handed, pinned = GEMM.shape.extents, {}
    for line in best.nest.lines:
        if isinstance(line, Loop):
            handed[line.dim] = line.tile
        else:
            pinned |= {(line.level, operand): dict(handed) for operand in line.operands}
    again = search_mapping(GEMM, TINY, constraints=Constraints(tiles=pinned))
    assert cost(again) == pytest.approx(cost(best), rel=1e-12)
    assert again.certificate is not None
    assert best.certificate is not None
    assert again.certificate.space < best.certificate.space


def test_constraints_that_leave_nothing_say_so() -> None:
    with pytest.raises(
        InputError, match=r"product: tiles of K at buffer.W \(11\) and the extent of K \(10\) contradict"
    ):
        search_mapping(GEMM, TINY, constraints=Constraints(tiles={("buffer", "W"): {"K": 11}}))
    chip = load_profile(TINY, {"levels.buffer.capacity": "128 B"})
    with pytest.raises(InfeasibleError):
        search_mapping(GEMM, chip, constraints=Constraints(tiles={("buffer", "W"): {"K": 10, "C": 9}}))


def test_a_file_of_constraints_restricts_one_layer(tmp_path: Path) -> None:
    path = tmp_path / "pins.yaml"
    path.write_text("layers:\n  pro*: {constraints: {keeps: {buffer: W O}}}\n  image: {mapping: [DRAM keeps W I O]}\n")
    one = search_mapping(GEMM, TINY, constraints=path)
    assert cost(one) == cost(search_mapping(GEMM, TINY, constraints=PINS["keeps"]))
    with pytest.raises(InputError, match=r"pins.yaml:3:20: layers.image.mapping: the file must state constraints"):
        search_mapping(CONV, TINY, constraints=path)
    with pytest.raises(UsageError, match="Use search_mapping"):
        evaluate_mapping(GEMM, TINY, path)


# ---------------------------------------------------------------------- a network


def test_each_layer_says_what_its_mapping_is(tmp_path: Path) -> None:
    """One given, one constrained, two that nobody speaks of."""
    network = chain("a", "b", "c", "d")
    given = estimate(network, TINY, mapping="heuristic").layer("a").nest
    assert given is not None
    file = tmp_path / "some.yaml"
    save_mapping(estimate(Network("one", network.layers[:1]), TINY, mapping=given), file)
    text = file.read_text(encoding="utf-8") + "  '[b]': {constraints: {spatial: {pes: [C]}}}\n"
    file.write_text(text, encoding="utf-8")
    result = estimate(network, TINY, mapping=file)
    usual = estimate(network, TINY)
    assert result.layer("a").nest == given
    assert [one.mapping for one in result.layers] == [
        "given",
        "constrained-optimal",
        *(usual.layer(name).mapping for name in "cd"),
    ]
    assert result.mapping == f"given and constrained-optimal and {usual.mapping}"
    assert (result.layer("a").certificate, result.layer("b").certificate is None) == (None, False)
    record = result.to_dict()["layers"]
    assert isinstance(record, list)
    assert [one["certificate"] is None for one in record[:2]] == [True, False]
    with pytest.raises(InputError, match=r"some.yaml:\d+:3: '\[b\]' must match a layer with multiply-accumulates"):
        estimate(chain("a", "c"), TINY, mapping=file)


def test_equal_layers_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[Any]] = []
    find = store.found

    def counted(chip: Any, cases: Sequence[Any], *rest: Any) -> Any:
        asked.append(cases)
        return find(chip, cases, *rest)

    monkeypatch.setattr(store, "found", counted)
    estimate(chain("a", "b", "c", "d", "e"), TINY, mapping="optimal", on_chip=False)
    assert [len(cases) for cases in asked] == [1]


def test_a_mapping_that_needs_the_room_gets_it() -> None:
    """A mapping saved for a layer by itself runs in a network: what would stay on chip beside it leaves."""
    network = chain("a", "b", "c")
    chip = load_profile(TINY, {"levels.buffer.capacity": "768 B"})
    alone = search_mapping(network["b"], chip).nest
    assert alone is not None
    result = estimate(network, chip, mapping=dict.fromkeys("abc", alone))
    assert {one.nest for one in result.layers} == {alone}


def test_mappings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    def refused(mapping: Wanted, message: str, kind: type[AccelsimError] = InputError) -> None:
        with pytest.raises(kind, match=message):
            estimate(chain("a", "b"), TINY, mapping=mapping)

    nest = Nest((Keep("DRAM", "WIO"), Loop("K", 1), Loop("C", 1), Loop("B", 1)))
    refused(
        "optimum", "mapping must be one of optimal, .* a file ending in .yaml; got 'optimum'; did you mean", UsageError
    )
    refused(nest, "one mapping maps one layer; chain has 2", UsageError)
    refused({"aa": nest}, "chain has no layer 'aa' with MACs; did you mean a")
    refused({"a": Nest(nest.lines[:-1])}, "mapping of a: the loops over B must end at a tile of 1")
    refused({"a": Nest((*nest.lines[:1], Loop("K", 1, "pes"), *nest.lines[2:]))}, "need 12 instances", InfeasibleError)
    refused(str(tmp_path / "none.yaml"), "none.yaml: there is no such file")
    refused({"a": "nest"}, "mapping must be a name, a file, Constraints, a Nest or a dict of Nests", UsageError)  # type: ignore[dict-item]
    refused(
        Constraints(tiles={"buffer": {"K": 2}}), r"must be a level and an operand, as in \('SRAM', 'W'\); got 'buffer'"
    )  # type: ignore[dict-item]
    refused(Constraints(spatial={"pes": "K"}), "spatial of pes must be a dict, as in {'C': 16}; got 'K'")  # type: ignore[dict-item]
    refused(Constraints(keeps={"bufer": "W"}), "a: 'bufer' is not a level of tiny; did you mean buffer")


# ---------------------------------------------------------------------- what is said of a mapping


def test_tiles_and_occupancy_are_those_of_the_boxes() -> None:
    one = search_mapping(CONV, REGISTERS)
    chip = load_profile(REGISTERS)
    found = tiles(one)
    assert one.nest is not None
    assert [(tile.level, tile.operand) for tile in found[:3]] == [
        ("DRAM", operand) for operand in one.nest.lines[0].operands
    ]  # type: ignore[union-attr]
    for tile in found:
        assert tile.words == one.boxes[tile.level, tile.operand]
    for level in occupancies(one, chip)[1:]:
        assert level.capacity_bits is None or level.used_bits <= level.capacity_bits
        assert level.used_bits == pytest.approx(sum(tile.bits for tile in found if tile.level == level.level))
    weights = next(tile for tile in found if tile.operand == "W")
    assert weights.extents == {"K": 4, "C": 3, "FY": 3, "FX": 3}
    assert weights.bits == 108 * 32


def test_the_proof_is_a_sentence() -> None:
    one = search_mapping(GEMM, TINY)
    assert one.certificate is not None
    assert proof(one).startswith(f"proven: none of the {amount(one.certificate.space)} mappings takes less energy; ")
    assert "that the constraints leave takes less energy" in proof(
        search_mapping(GEMM, TINY, constraints=PINS["keeps"])
    )
    image = search_mapping(CONV, TINY)
    assert image.certificate is not None
    assert image.certificate.gap > 0
    assert re.fullmatch(
        r"not proven: the best of [\d,]+ partial mappings looked at; no mapping can be more than "
        rf"{100 * image.certificate.gap:.1f}% below it in energy\.",
        proof(image),
    )
    given = evaluate_mapping(GEMM, TINY, one.nest) if one.nest else one
    assert proof(given).startswith("given: ")
    heuristic = estimate(Network("one", (GEMM,)), TINY, mapping="heuristic").layers[0]
    assert proof(heuristic).startswith(f"not proven: the choice of a heuristic ({heuristic.mapping})")
    assert [amount(count) for count in (7, 999_999, 1_234_567, 10**25)] == ["7", "999,999", "1.2e6", "1.0e25"]


# ---------------------------------------------------------------------- names of layers


def test_a_layer_is_named_behind_a_colon(tmp_path: Path) -> None:
    assert load_layer("filter-3x3x256").name == "filter"
    assert load_layer("resnet18:layer1.0.conv1").kind == "conv"
    assert load_layer("llama-2-7b/decode:layers.q_proj", batch=2).macs == 2 * 4096 * 4096
    path = tmp_path / "net:1.yaml"
    path.write_text("name: net\nlayers:\n  - {name: only, kind: gemm, M: 2, N: 3, K: 4}\n")
    assert load_layer(str(path)).name == "only"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resnet18", r"resnet18 has 21 layers with multiply-accumulates; name one, as in resnet18:conv1"),
        ("resnet18:conv_1", "resnet18 has no layer 'conv_1'; did you mean conv1"),
        ("resnet18:maxpool", r"a mapping maps multiply-accumulates; maxpool \(pool\) of resnet18 has none"),
        ("resnet18/conv1", "a layer stands behind a colon; did you mean resnet18:conv1"),
        ("resnet19:conv1", "'resnet19' is not a workload; did you mean resnet18"),
        ("llama-2-7b:layers.q_proj", "phase"),
    ],
)
def test_a_wrong_name_of_a_layer_is_explained(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_layer(text)


def test_bits_stand_for_an_energy_that_is_unknown() -> None:
    """A chip without a cost of its buffer is searched, bounded and described in bits, as it is without any cost."""
    chip = load_profile("horowitz-45nm")
    levels = tuple(replace(level, read_pj_per_bit=None) if level.name == "SRAM" else level for level in chip.levels)
    one = search_mapping(GEMM, replace(chip, levels=levels), "int8")
    found = one.certificate
    assert found is not None
    assert one.energy_pj is None
    assert 0.5 < found.bound / found.value <= 1  # the bound is of the same kind as the value, and not zero
    assert ("fewer bits" if found.proven else "in bits of the outermost memory") in proof(one)
