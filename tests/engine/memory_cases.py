"""Which chips and mappings is memory time tried on? Random nests on chips of random bandwidths and buffers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from pathlib import Path
from random import Random

import numpy as np
from event_simulator import Widths

sys.path.append(str(Path(__file__).parents[1] / "mapping"))
from random_nests import Knobs, random_case

from accelsim.engine.case import Batch, Case
from accelsim.engine.width import chain_of, word_bits
from accelsim.hardware.chip import Chip, FanOut, Level
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Hierarchy, Nest
from accelsim.provenance import Sourced
from accelsim.scheme import parse_scheme
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape


def number(value: float) -> Sourced:
    return Sourced(float(value), "test")


def random_memory_case(rng: Random, max_macs: int):
    """Return a random layer, mapping, hierarchy and chip."""
    shape, nest, hierarchy = random_case(rng, Knobs(max_macs=max_macs))
    return shape, nest, hierarchy, random_chip(rng, hierarchy)


def random_chip(rng: Random, hierarchy: Hierarchy) -> Chip:
    """Return a chip with the hierarchy's levels; widths are even over their logarithm around what MACs want."""
    fanouts = tuple(FanOut(name, size, None, None) for name, size in hierarchy.fanouts)
    levels = []
    for name, depth in reversed(hierarchy.levels):
        instances = prod(size for _, size in hierarchy.fanouts[:depth])
        pes = prod(size for _, size in hierarchy.fanouts) / instances
        widths = [2 ** rng.uniform(1, 8) * max(1.0, pes**0.5) for _ in range(2)]
        if rng.random() < 0.15:
            widths[rng.randrange(2)] = None
        levels.append(
            Level(
                name, depth, number(rng.choice((1.0, 1.0, 0.7))), buffering=rng.choice(("single", "double", "double")),
                read_bits_per_cycle=widths[0], write_bits_per_cycle=widths[1], shared_port=rng.random() < 0.3,
            )
        )  # fmt: skip
    rates = (("int8", "int8", Fraction(1), number(1)),)
    return Chip(
        "random", "random", "", "test", number(1e9), fanouts, tuple(levels), rates, (), (), (), (), "broadcast",
        ("weight-stationary",), number(0), number(0),
    )  # fmt: skip


def batch_of(shape: Shape, nest: Nest, chip: Chip, tilings: Sequence[Sequence[int]] | None = None):
    """Return a batch of one mapping, or of a structure in several tilings, with its counts."""
    layer, scheme = Layer("random", "other", shape), parse_scheme("int8")
    case = Case(layer, scheme.resolve(layer), scheme.vector_format)
    rows = [[loop.tile for loop in nest.loops]] if tilings is None else tilings
    zero = np.zeros(len(rows), dtype=np.int64)
    tiles = np.array(rows, dtype=np.int64).reshape(len(rows), -1)
    return Batch(chip, [case], zero), count_many([shape], zero, nest, tiles)


def other_tiling(rng: Random, shape: Shape, nest: Nest) -> list[int]:
    """Return other tiles for a nest: some loops have a bound of 1, the last of a dimension takes what is left."""
    own, handed = dict(shape.extents), dict(shape.extents)
    last = {loop.dim: number for number, loop in enumerate(nest.loops)}
    tiles = []
    for number, loop in enumerate(nest.loops):
        bound = -(-own[loop.dim] // loop.tile)
        own[loop.dim] = loop.tile
        if last[loop.dim] == number:
            handed[loop.dim] = 1
        elif rng.random() < 0.6:
            handed[loop.dim] = -(-handed[loop.dim] // bound)
        tiles.append(handed[loop.dim])
    return tiles


def widths_of(batch: Batch, nest: Nest) -> Widths:
    """Return the bits of words in the levels of a mapping."""
    case, chip = batch.cases[0], batch.chip
    inputs = {}
    for operand in "WI":
        chain = chain_of(nest, operand)
        for name in chain:
            inputs[name, operand] = word_bits(chip, chain, chip.level(name), case, operand)
    return Widths(inputs, case.formats.accumulator.bits, float(case.formats.output_bits))
