"""Communication lower bounds: below every mapping's traffic, and the best mappings come close."""

from itertools import product
from math import inf
from random import Random

import numpy as np
import pytest
from random_nests import Knobs, random_case, random_shape

from accelsim.mapping.bounds import (
    WordBits,
    input_macs,
    least_footprint_bits,
    least_read_bits,
    least_traffic_bits,
    touched_words,
    window_reuse,
)
from accelsim.mapping.counts import count, count_many
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import DIMS, Shape, Window

ONE = WordBits(1, 1, 1, 1)
SLACK = 1 - 1e-9


def widths(rng):
    """Bits per word: equal ones, those of int8 and of fp16, and odd ones."""
    odd = WordBits(rng.choice((1, 4.5, 8)), rng.choice((1, 8, 16)), rng.choice((2, 8, 32)), rng.choice((1, 8, 33)))
    return rng.choice((ONE, WordBits(8, 8, 32, 8), WordBits(16, 16, 32, 16), odd))


def spread(shape, nest):
    """Instances in use outside every line of a nest: one more than there are lines."""
    bounds, used = iter(nest.bounds(shape)), [1]
    for line in nest.lines:
        bound = next(bounds) if isinstance(line, Loop) else 1
        used.append(used[-1] * (bound if isinstance(line, Loop) and line.fanout else 1))
    return used


def nodes(nest, operand):
    """Places and levels that keep an operand, outermost first."""
    return [
        (at, line.level) for at, line in enumerate(nest.lines) if isinstance(line, Keep) and operand in line.operands
    ]


def boundary(shape, nest, inside, bits):
    """Bits read and written across the boundary of some levels, their room, and whether O has many places outside."""
    counts, used = count(shape, nest), spread(shape, nest)
    read = written = room = 0.0
    for operand, word in (("W", bits.weight), ("I", bits.input), ("O", bits.partial)):
        chain = nodes(nest, operand)
        outside = [node for node in chain if node[1] not in inside][-1]
        tally = counts.levels[outside[1], operand]
        read += tally.reads * word
        written += tally.updates_partial * word + tally.updates_final * bits.output
        for at, level in chain:
            if level in inside:
                whole = operand == "O" and not counts.levels[level, "O"].updates_partial
                room += counts.boxes[level, operand] * used[at] * (bits.output if whole else word)
        if operand == "O":
            scattered = used[outside[0]] > 1
    return read, written, room, scattered


def closest_to_bounds(shape, nest, hierarchy, rng):
    """Assert that no boundary between two levels is crossed by fewer bits than the bounds say.

    Returns how near the traffic came to the bound where the capacity, not the compulsory traffic, decides.
    """
    bits, at_once, closest = widths(rng), spread(shape, nest)[-1], inf
    compulsory = touched_words(shape, "W") * bits.weight + touched_words(shape, "I") * bits.input
    levels = [name for name, _ in hierarchy.levels]
    for outer in range(1, len(levels) + 1):
        read, written, room, scattered = boundary(shape, nest, levels[outer:], bits)
        least = least_traffic_bits(shape, bits, room, at_once)
        entering = least_read_bits(shape, bits, room, at_once)
        assert read + written >= least * SLACK, (outer, bits, room)
        assert read >= compulsory
        assert written >= touched_words(shape, "O") * bits.leaving
        if not scattered:
            assert read >= entering * SLACK, (outer, bits, room)
            closest = min(closest, read / entering if entering > compulsory else inf)
    return closest


@pytest.mark.parametrize("block", range(4))
def test_no_random_mapping_beats_the_bounds(block):
    """Strides, dilation, padding, groups, short tiles, uneven nodes, bypass, multicast, eviction of partial sums."""
    for seed in range(block * 150, (block + 1) * 150):
        closest_to_bounds(*random_case(Random(seed)), Random(seed))


def tight_nest(rng, shape):
    """A mapping of the kind that comes near the bound: one tile of what stays, slivers of what streams."""
    tiles = {dim: max(1, min(extent, rng.choice((1, 2, 3, 4, 6, 8, extent)))) for dim, extent in shape.extents.items()}
    dims = [dim for dim in DIMS if shape.extents[dim] > 1]
    outer, within = rng.sample(dims, len(dims)), rng.sample(dims, len(dims))
    lines = [Loop(dim, tiles[dim]) for dim in outer] + [Loop(dim, 1) for dim in within]
    for operand in rng.sample("WIO", 3):
        if rng.random() < 0.85:
            lines.insert(rng.randint(max(0, len(outer) - 1), len(lines)), Keep("buffer", operand))
    return Nest((Keep("DRAM", "WIO"), *lines))


TWO_LEVELS = Hierarchy((("DRAM", 0), ("buffer", 0)), ())
SHAPES = {
    "square": Shape.gemm(24, 24, 24),
    "outer product": Shape.gemm(64, 48, 2),
    "few rows": Shape.gemm(4, 64, 64),
    "groups": Shape.gemm(12, 12, 12, groups=3),
    "3x3": Shape(K=12, C=8, OY=8, OX=8, FY=3, FX=3),
    "5x5, stride 2": Shape(K=8, C=6, OY=6, OX=6, FY=5, FX=5, y=Window(2, 1, 2, 12), x=Window(2, 1, 2, 12)),
    "padding": Shape(K=8, C=8, OY=9, OX=9, FY=3, FX=3, y=Window(1, 1, 1, 9), x=Window(1, 1, 1, 9)),
    "dilation": Shape(K=4, C=6, OY=12, OX=12, FY=3, FX=3, y=Window(1, 2, 2, 12), x=Window(1, 2, 2, 12)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_tiling_beats_the_bounds(name):
    """Random tiles, orders and nodes of one level, where the capacity decides."""
    shape, rng = SHAPES[name], Random(1)
    closest = min(closest_to_bounds(shape, tight_nest(rng, shape), TWO_LEVELS, rng) for _ in range(100))
    assert closest < 5


def parts(extent):
    """Tiles that split an extent into 1, 2, 3 ... pieces, each as small as it can be."""
    return sorted({-(-extent // pieces) for pieces in range(1, extent + 1)})


# A tile of O stays; for each c its inputs stay while a word of W streams.
OUTPUTS_STAY = (
    Keep("DRAM", "WIO"), Loop("K", 1), Loop("B", 1), Loop("OY", 1), Loop("OX", 1), Keep("buffer", "O"),
    Loop("C", 1), Keep("buffer", "I"), Loop("K", 1), Loop("FY", 1), Loop("FX", 1), Keep("buffer", "W"),
    Loop("B", 1), Loop("OY", 1), Loop("OX", 1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "words", "near"),
    [
        (Shape.gemm(256, 256, 256), 1024, 1.15),
        (Shape.gemm(1024, 1024, 1024), 4096, 1.07),
        (Shape(K=256, C=256, OY=56, OX=56, FY=3, FX=3), 16384, 1.26),
    ],
)
def test_the_best_tiles_come_near_the_bound(shape, words, near):
    dims = ("K", "B", "OY", "OX")
    tiles = [[*split, *[1] * 7] for split in product(*(parts(shape.extents[dim]) for dim in dims))]
    which = np.zeros(len(tiles), dtype=np.int64)
    counts = count_many([shape], which, Nest(OUTPUTS_STAY), np.array(tiles, dtype=np.int64))
    room = sum(counts.boxes["buffer", operand] for operand in "WIO")
    reads = sum(counts.levels["DRAM", operand].reads for operand in "WIO")
    best = (reads + shape.words("O"))[room <= words].min()
    assert 1 <= best / least_traffic_bits(shape, ONE, words) < near


def test_the_known_bound_of_a_matmul():
    """Smith et al. (2019): 2 mnk / sqrt(S) words enter where partial sums enter, too; here a first touch does not."""
    least = least_read_bits(Shape.gemm(256, 256, 256), ONE, 1024)
    assert least == pytest.approx(2 * 256**3 / 32 - 256**2, rel=2e-3)
    assert least <= 2 * 256**3 / 32 - 256**2


def test_an_accumulator_wider_than_words_makes_outputs_dear():
    """Where products of two columns sum up, I stays and W streams: each of 128 rows' tiles reads all of W."""
    shape, bits, room = Shape.gemm(M=1024, N=1024, K=2), WordBits(8, 8, 32, 8), 2048
    assert least_read_bits(shape, bits, room) == pytest.approx(8 * shape.words("W") * 1024 / 128, rel=0.02)


def test_the_published_bound_of_a_convolution():
    """Chen, Han, Wang (HPCA 2020): about 2 MACs / sqrt(R S), an input word serving R = 9 windows of a filter."""
    shape, words = Shape(K=256, C=256, OY=56, OX=56, FY=3, FX=3), 4096
    reads = least_read_bits(shape, ONE, words)
    assert reads == pytest.approx(2 * shape.macs / (9 * words) ** 0.5 - shape.words("O"), rel=2e-3)


@pytest.mark.parametrize(
    ("kept", "extents"),
    [("W", (400, 8, 16)), ("I", (16, 8, 400)), ("O", (16, 400, 8))],
)
def test_one_operand_that_fits_leaves_every_word_to_cross_once(kept, extents):
    """A small tensor stays, the rest streams: the bound is at most that traffic, and near it."""
    shape = Shape.gemm(M=extents[0], K=extents[1], N=extents[2])
    words = {operand: shape.words(operand) for operand in "WIO"}
    assert least_traffic_bits(shape, ONE, words[kept] + 2) <= sum(words.values())


def brute_force(shape):
    """Input words touched, MACs on input, and the most (output, filter) positions that share a word."""
    times = [{}, {}]
    for found, window, out, taps in zip(
        times, (shape.y, shape.x), (shape.OY, shape.OX), (shape.FY, shape.FX), strict=True
    ):
        for at, tap in product(range(out), range(taps)):
            position = at * window.stride + tap * window.dilation - window.pad
            if 0 <= position < window.size:
                found[position] = found.get(position, 0) + 1
    rows, columns = times
    planes = shape.B * shape.G * shape.C
    reuse = max(rows.values(), default=1) * max(columns.values(), default=1)
    return planes * len(rows) * len(columns), planes * shape.K * sum(rows.values()) * sum(columns.values()), reuse


def test_windows_are_counted_as_they_lie():
    rng = Random(0)
    for _ in range(500):
        shape = random_shape(rng, Knobs())
        assert (touched_words(shape, "I"), input_macs(shape), window_reuse(shape)) == brute_force(shape)


def test_no_box_of_macs_has_fewer_words_than_the_least_footprint():
    """Boxes of a matmul, exhaustively; with all three limits reached, e is the whole layer's."""
    shape, bits = Shape.gemm(M=6, N=4, K=9), WordBits(8, 4.5, 32, 8)
    for m, n, k in product(range(1, 7), range(1, 5), range(1, 10)):
        footprint = m * k * bits.input + k * n * bits.weight + m * n * bits.partial
        assert least_footprint_bits(shape, bits, np.array([float(m * n * k)]))[0] <= footprint * (1 + 1e-9)
    whole = sum(shape.words(operand) * word for operand, word in zip("IWO", (4.5, 8, 32), strict=True))
    assert least_footprint_bits(shape, bits, np.array([float(shape.macs)]))[0] == pytest.approx(whole)


def test_the_least_footprint_is_concave_and_starts_at_nothing():
    """What the proof needs of e, whatever the limits and the price of a birth."""
    rng = Random(3)
    for _ in range(100):
        shape, bits, price = random_shape(rng, Knobs()), widths(rng), 2.0 ** -rng.randint(0, 8)
        sizes = np.linspace(0, shape.macs // shape.G, 200)[1:]
        footprint = np.concatenate([[0.0], least_footprint_bits(shape, bits, sizes, price)])
        slopes = np.diff(footprint)
        assert (slopes > 0).all()
        assert (np.diff(slopes) <= 1e-9 * slopes[0]).all()


def test_more_room_never_raises_the_bound_and_none_is_less_than_nothing():
    shape, rooms = Shape.gemm(64, 64, 64), (1, 10, 100, 1000, 10_000, 100_000)
    found = [least_read_bits(shape, ONE, room) for room in rooms]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0
    assert least_read_bits(shape, ONE, 100, at_once=256) < least_read_bits(shape, ONE, 100)
