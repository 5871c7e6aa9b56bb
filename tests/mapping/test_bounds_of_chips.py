"""The bounds that an estimate asserts, on chips whose levels are just as large as a random mapping needs."""

from dataclasses import replace
from math import ceil
from pathlib import Path
from random import Random

import numpy as np
import pytest
from random_nests import Knobs, random_nest

from accelsim.engine.capacity import footprint_bits
from accelsim.engine.case import Batch, Case
from accelsim.engine.evaluate import evaluate
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Hierarchy
from accelsim.scheme import parse_scheme
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape, Window

DATA = Path(__file__).parents[1] / "engine" / "data"
CHIPS = [str(DATA / "tiny.yaml"), str(DATA / "registers.yaml")]


def large_shape(rng):
    """A layer that a small memory has to fetch again and again."""
    if rng.random() < 0.5:
        return Shape.gemm(rng.randint(8, 64), rng.randint(8, 64), rng.randint(2, 64), groups=rng.choice((1, 1, 3)))
    image = Window(rng.choice((1, 1, 2)), rng.choice((1, 1, 2)), rng.choice((0, 1)), 16)
    sides = {"OY": rng.randint(4, 7), "OX": rng.randint(4, 7), "FY": rng.choice((1, 3)), "FX": rng.choice((3, 5))}
    return Shape(K=rng.randint(4, 16), C=rng.randint(2, 16), **sides, y=image, x=image)


def snug(chip, batch, nest, counts):
    """The same chip with levels just as large as a mapping's tiles, of which it holds one copy."""
    levels = []
    for plain in chip.levels[:-1]:
        level = replace(plain, buffering="ideal")
        bits = [footprint_bits(batch, nest, counts, level, o)[0] for o in "WIO" if (level.name, o) in counts.boxes]
        levels.append(replace(level, capacity_bits=ceil(sum(bits))))
    return replace(chip, levels=(*levels, chip.outermost))


@pytest.mark.parametrize("scheme", ["fp32", "int8", "w8a8-dequant-fp32", "w4g32a8-int8"])
def test_no_random_mapping_beats_the_bound_of_a_chip_made_for_it(scheme):
    """Widths as they are stored, multiplied, summed and converted; the engine asserts the bounds itself."""
    rng, decided = Random(scheme), 0
    for _ in range(150):
        plain = load_profile(rng.choice(CHIPS), {"array.pes": str(rng.choice((1, 2, 4)))})
        shape = large_shape(rng)
        nest = random_nest(rng, shape, Hierarchy(*plain.hierarchy), Knobs(max_loops=2, bypass=0.4))
        formats = parse_scheme(scheme).resolve(Layer("random", "conv", shape))
        case = Case(Layer("random", "conv", shape), formats, parse_scheme(scheme).vector_format)
        tiles = np.array([[loop.tile for loop in nest.loops]], dtype=np.int64)
        counts = count_many([shape], np.zeros(1, dtype=np.int64), nest, tiles)
        batch = Batch(plain, [case], np.zeros(1, dtype=np.int64))
        limits = evaluate(replace(batch, chip=snug(plain, batch, nest, counts)), nest, counts).bounds
        decided += int(limits.dram_bits[0] > limits.compulsory_bits[0])
    assert decided >= 5
