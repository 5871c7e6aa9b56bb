"""On which chips and layers is the proof of the optimum tried? Random ones, small enough to try every mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import exp, log
from random import Random

from accelsim.engine.case import Case, home
from accelsim.engine.width import multiplied_bits, stored_bits
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip, FanOut, Level
from accelsim.provenance import Sourced
from accelsim.scheme import Scheme, parse_scheme
from accelsim.workload.layer import Layer
from accelsim.workload.shape import DIMS, Shape, Window

SCHEMES = ("fp32", "fp32", "int8", "int8", "w8a8-dequant-fp32", "w4a16", "w4g2a8-int8")
"""Stored, multiplied and accumulated widths that are equal, or differ here or there."""

KINDS = (
    ("B", "K", "C"), ("B", "K", "C"), ("B", "K", "C"), ("B", "C"), ("K", "C"), ("G", "B", "K", "C"), ("G", "K", "C"),
    ("OX", "FX"), ("K", "OX", "FX"), ("C", "OX", "FX"), ("B", "OY", "FY"), ("G", "OY", "FY"),
    ("OY", "OX", "FY", "FX"), ("K", "OY", "FY", "FX"), ("K", "C", "OX", "FX"), ("C", "OY", "OX"),
)  # fmt: skip
"""Matrix products and convolutions, grouped ones included, by the dimensions that they loop over."""

PRODUCTS = tuple(dims for dims in KINDS if set(dims) <= set("GBKC"))

LARGEST = {"FY": 3, "FX": 3, "OY": 4, "OX": 4, "G": 3}
"""Largest extents; 6 where none is given."""

FEW = 12
"""A case with fewer mappings is too small to be worth a look."""


def random_case(rng: Random, size: Callable[[Chip, Shape], int | None], *, provable: bool = False) -> tuple[Chip, Case]:
    """Return a random chip, and a layer in random formats whose mappings are few enough.

    Parameters
    ----------
    rng : Random
    size : function of a chip and a shape
        How many mappings there are; None if too many.
    provable : bool
        Whether to make only what the search claims to prove: matrix products, on chips where no fan-out
        stands between two levels.
    """
    while True:
        chip = random_chip(rng, together=provable)
        extents = {dim: rng.randint(2, LARGEST.get(dim, 6)) for dim in rng.choice(PRODUCTS if provable else KINDS)}
        while True:
            shape = _shape(rng, extents)
            mappings = size(chip, shape)
            if mappings is not None or len(extents) == 1:
                break
            dim = rng.choice(list(extents))
            extents[dim] -= 1
            if extents[dim] == 1:
                del extents[dim]
        if mappings is not None and mappings >= FEW:
            case = random_layer_case(rng, shape)
            chip = _tight(rng, chip, case)
            return chip, _beside_others(rng, chip, case)


def random_chip(rng: Random, *, together: bool = False) -> Chip:
    """Return a chip of one to three levels inside DRAM and up to two fan-outs; its capacities are still open.

    ``together`` puts all levels inside as many fan-outs.
    """
    base = _base()
    fanouts = tuple(_fanout(rng, number) for number in range(rng.choice((0, 1, 1, 2, 2))))
    depths = sorted((rng.randint(0, len(fanouts)) for _ in range(rng.choice((1, 1, 2, 2, 2, 3)))), reverse=True)
    if together:
        depths = [rng.choice((0, len(fanouts)))] * len(depths)
    weird = rng.random() < 0.2
    nodes = 5
    levels = []
    for number, depth in enumerate(depths):
        holds = _some(rng, "WIO", max(1, min(3, nodes - (len(depths) - 1 - number))))
        nodes -= len(holds)
        levels.append(_level(rng, f"L{len(depths) - number}", depth, holds, weird, 0.5 / 8 ** (len(depths) - number)))
    levels.append(replace(_level(rng, "DRAM", 0, "WIO", weird, 1.0), buffering="single"))
    chip = replace(
        base,
        name="tiny",
        fanouts=fanouts,
        levels=tuple(levels),
        timing=rng.choice(("broadcast", "broadcast", "systolic")),
        conversions_per_cycle=_sometimes(rng, 0.2, lambda: rng.choice((0.5, 1.0, 4.0))),
        clock_pj_per_cycle=_sometimes(rng, 0.3, lambda: 100 * exp(rng.uniform(-4, 2))),
        leakage_w=_sometimes(rng, 0.2, lambda: exp(rng.uniform(-6, 0))),
        idle_w=_sometimes(rng, 0.1, lambda: exp(rng.uniform(-6, 0))),
    )
    if rng.random() < 0.06:
        chip = replace(chip, multiply_table=(), add_table=(), convert_table=())
    return chip


def random_layer_case(rng: Random, shape: Shape) -> Case:
    """Return a layer of a shape in random formats, sometimes with a bias and vector operations."""
    scheme = _scheme(rng.choice(SCHEMES))
    extras = rng.random() < 0.2
    layer = Layer(
        "tiny", "conv" if shape.FY * shape.FX > 1 else "linear", shape,
        vector_ops=(("add", rng.randint(1, 40)),) if extras else (), parameters=shape.K * extras,
    )  # fmt: skip
    return Case(layer, scheme.resolve(layer), scheme.vector_format)


@cache
def _base() -> Chip:
    """The shipped chip that lends its arithmetic: rates, accumulators and cost tables."""
    return load_profile("horowitz-45nm")


@cache
def _scheme(name: str) -> Scheme:
    return parse_scheme(name)


def _number(value: float) -> Sourced:
    return Sourced(value, "random", status="assumed")


def _sometimes(rng: Random, chance: float, value: Callable[[], float]) -> Sourced | None:
    return _number(value()) if rng.random() < chance else None


def _some(rng: Random, letters: str, limit: int) -> str:
    """A random, not empty part of ``letters``, large more often than small."""
    count = min(limit, max(rng.randint(1, len(letters)), rng.randint(1, len(letters))))
    chosen = rng.sample(letters, count)
    return "".join(letter for letter in letters if letter in chosen)


def _fanout(rng: Random, number: int) -> FanOut:
    dims = frozenset(rng.sample(DIMS, rng.randint(2, 6))) if rng.random() < 0.4 else None
    link = _sometimes(rng, 0.3, lambda: exp(rng.uniform(-5, 1)))
    return FanOut(("rows", "cols")[number], rng.choice((1, 2, 2, 3, 4)), dims, link)


def _level(rng: Random, name: str, depth: int, holds: str, weird: bool, typical: float) -> Level:
    """A level with costs about ``typical`` of DRAM's, or with any cost."""

    def cost() -> Sourced:
        return _number(20 * (exp(rng.uniform(-5, 1)) if weird else typical * exp(rng.uniform(-0.7, 0.7))))

    def width() -> float | None:
        return None if rng.random() < 0.35 else rng.choice((2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 64.0, 128.0))

    read, write = cost(), cost()
    in_bits, out_bits = width(), width()
    same = rng.random() < 0.5
    return Level(
        name,
        depth,
        efficiency=_number(rng.choice((1.0, 1.0, 1.0, 0.7))),
        holds=holds,
        buffering=rng.choice(("single", "double", "double", "ideal")),
        read_bits_per_cycle=out_bits,
        write_bits_per_cycle=out_bits if same else in_bits,
        shared_port=rng.random() < 0.3,
        read_pj_per_bit=read,
        write_pj_per_bit=read if same else write,
        leakage_w=_sometimes(rng, 0.15, lambda: exp(rng.uniform(-7, -1))),
        background_w=_sometimes(rng, 0.3 if name == "DRAM" else 0.0, lambda: exp(rng.uniform(-5, 0))),
    )


def _shape(rng: Random, extents: dict[str, int]) -> Shape:
    y = _window(rng, extents.get("OY", 1), extents.get("FY", 1))
    x = _window(rng, extents.get("OX", 1), extents.get("FX", 1))
    return Shape(**extents, y=y, x=x)


def _window(rng: Random, outs: int, taps: int) -> Window | None:
    """A window whose input is as large as it is reached, or a little off, with padding or without."""
    if outs * taps == 1 or rng.random() < 0.4:
        return None
    stride, dilation, pad = rng.choice((1, 1, 2, 3)), rng.choice((1, 1, 2)), rng.choice((0, 1, 1, 2))
    reach = (outs - 1) * stride + (taps - 1) * dilation + 1 - pad - rng.choice((0, pad))
    return Window(stride, dilation, pad, max(1, reach + rng.choice((0, 0, 0, -1, 1))))


def _tight(rng: Random, chip: Chip, case: Case) -> Chip:
    """Give most levels a capacity between one word of each operand and all tensors twice."""

    def capacity(level: Level) -> int | None:
        if rng.random() < 0.2:
            return None
        wide = {operand: max(multiplied_bits(case, operand), stored_bits(case, operand)) for operand in level.holds}
        least = min(wide.values())
        whole = 2 * sum(bits * case.shape.words(operand) for operand, bits in wide.items())
        return int(exp(rng.uniform(log(least), log(max(whole, least + 1))))) + 1

    *inner, outermost = chip.levels
    return replace(chip, levels=(*(replace(level, capacity_bits=capacity(level)) for level in inner), outermost))


def _beside_others(rng: Random, chip: Chip, case: Case) -> Case:
    """Sometimes keep whole tensors, of this layer or of others, in the level that can."""
    kept = home(chip)
    if kept is None or rng.random() < 0.6:
        return case
    assert kept.capacity_bits is not None
    free = float(kept.capacity_bits)
    reserved = float(int(free * rng.choice((0, 0, 0.1, 0.3))))
    free -= reserved
    resident = set()
    for operand in rng.sample(kept.holds, len(kept.holds)):
        bits = case.shape.words(operand) * stored_bits(case, operand)
        if bits <= free and rng.random() < 0.5:
            resident.add(operand)
            free -= bits
    return replace(case, resident=frozenset(resident), reserved_bits=reserved)
