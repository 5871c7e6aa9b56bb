"""The closed form against the interpreter, integer for integer, and the laws that counts obey."""

import dataclasses
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_nests import Knobs, cases, random_case

from accelsim.mapping.counts import Counting, count, count_many
from accelsim.mapping.interpreter import interpret
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import DIMS, Shape, Window

FIELDS = ("reads", "fills", "updates_partial", "updates_final", "drains_partial", "drains_final")


def differences(shape, nest, hierarchy):
    """Everything in which the closed form and the interpreter disagree."""
    told, counted = interpret(shape, nest, hierarchy), count(shape, nest)
    found = [
        (name, getattr(told, name), getattr(counted, name))
        for name in ("macs", "steps")
        if getattr(told, name) != getattr(counted, name)
    ]
    assert set(told.counts) == set(counted.levels)
    for key, tally in told.counts.items():
        for name in FIELDS:
            pair = getattr(tally, name), getattr(counted.levels[key], name)
            if pair[0] != pair[1]:
                found.append((key, name, *pair))
    return found


@pytest.mark.parametrize("block", range(8))
def test_closed_form_equals_interpreter(block):
    """1,200 random nests: strides, dilation, padding, groups, short tiles, uneven nodes, bypass, multicast ..."""
    for seed in range(block * 150, (block + 1) * 150):
        case = random_case(Random(seed))
        assert not differences(*case), (seed, case)


@pytest.mark.parametrize("block", range(2))
def test_closed_form_equals_interpreter_when_spatial_loops_dominate(block):
    knobs = Knobs(max_macs=600, max_instances=36, spatial=0.7)
    for seed in range(10_000 + block * 200, 10_200 + block * 200):
        case = random_case(Random(seed), knobs)
        assert not differences(*case), (seed, case)


@settings(max_examples=150, deadline=None)
@given(cases(Knobs(max_macs=400)))
def test_closed_form_equals_interpreter_shrinking(case):
    assert not differences(*case)


def perturbed(nest, rng):
    """The same nest with a loop of bound 1 added at a random place outside its inner neighbors."""
    place = rng.randrange(1, len(nest.lines) + 1)
    dim = rng.choice(DIMS)
    outside = [line.tile for line in nest.lines[:place] if isinstance(line, Loop) and line.dim == dim]
    return place, dim, outside


@pytest.mark.parametrize("seed", range(150))
def test_loops_of_bound_one_change_nothing(seed):
    rng = Random(seed)
    shape, nest, _ = random_case(rng)
    place, dim, outside = perturbed(nest, rng)
    tile = outside[-1] if outside else shape.extents[dim]
    longer = Nest((*nest.lines[:place], Loop(dim, tile), *nest.lines[place:]))
    assert count(shape, longer).levels == count(shape, nest).levels
    assert count(shape, longer).steps == count(shape, nest).steps


@pytest.mark.parametrize("seed", range(100))
def test_macs_do_not_depend_on_the_mapping_and_compulsory_traffic_holds(seed):
    shape, nest, _ = random_case(Random(seed))
    counts = count(shape, nest)
    assert counts.macs == int(np.prod(list(shape.extents.values())))
    home = nest.lines[0].level
    if any(isinstance(line, Keep) and "W" in line.operands for line in nest.lines[1:]):
        assert counts.levels[home, "W"].reads >= shape.words("W")
    assert counts.levels[home, "O"].updates_partial + counts.levels[home, "O"].updates_final >= shape.words("O")


@pytest.mark.parametrize("seed", range(60))
def test_conservation(seed):
    """What enters leaves: returns match reads above, and every drained word was updated or merged."""
    shape, nest, _ = random_case(Random(seed))
    counts = count(shape, nest)
    chain = [line.level for line in nest.lines if isinstance(line, Keep) and "O" in line.operands]
    for above, level in pairwise(chain):
        parent, child = counts.levels[above, "O"], counts.levels[level, "O"]
        assert child.fills == parent.reads
        assert child.drains_partial + child.drains_final >= parent.updates_partial + parent.updates_final
        assert parent.updates_final <= shape.words("O")
    for operand in "WI":
        chain = [line.level for line in nest.lines if isinstance(line, Keep) and operand in line.operands]
        for above, level in pairwise(chain):
            assert counts.levels[above, operand].reads <= counts.levels[level, operand].fills


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_many_cases_at_once_equal_one_at_a_time(seed):
    """Tilings and layers evaluated as arrays give what each gives alone."""
    rng = Random(seed)
    shape, nest, _ = random_case(rng, Knobs(max_macs=500))
    other = dataclasses.replace(shape, K=shape.K + 1, C=shape.C + 2)
    shapes = [shape, other]
    rows, which = [], []
    for _ in range(6):
        number = rng.randrange(2)
        handed = shapes[number].extents
        row = []
        last = {
            dim: max(i for i, loop in enumerate(nest.loops) if loop.dim == dim) for dim in {lp.dim for lp in nest.loops}
        }
        for place, loop in enumerate(nest.loops):
            tile = 1 if place == last[loop.dim] else rng.randint(1, handed[loop.dim])
            handed[loop.dim] = tile
            row.append(tile)
        if all(handed[dim] == 1 for dim in DIMS):
            rows.append(row)
            which.append(number)
    if not rows:
        return
    many = count_many(shapes, np.array(which), nest, np.array(rows, dtype=np.int64))
    for place, (row, number) in enumerate(zip(rows, which, strict=True)):
        tiles = iter(row)
        lines = [Loop(x.dim, next(tiles), x.fanout) if isinstance(x, Loop) else x for x in nest.lines]
        alone = count(shapes[number], Nest(tuple(lines)))
        for key, tally in alone.levels.items():
            for name in FIELDS:
                value = np.broadcast_to(getattr(many.levels[key], name), len(rows))[place]
                assert value == getattr(tally, name), (key, name)


@pytest.mark.parametrize("order", [True, False])
def test_blocks_are_counted_as_the_whole(order, monkeypatch):
    lines = (Keep("DRAM", "WIO"), Loop("K", 1), Loop("C", 1), Keep("SRAM", "WIO"), Loop("K", 1), Loop("C", 1))
    shape, which = Shape(K=6, C=4), np.zeros(5, dtype=np.int64)
    tiles = np.array([[k, c, 1, 1] for k, c in ((6, 4), (3, 4), (4, 2), (1, 3), (2, 1))], dtype=np.int64)
    whole = count_many([shape], which, Nest(lines), tiles, order=order)
    monkeypatch.setattr("accelsim.mapping.counts.BLOCK", 2)
    parts = count_many([shape], which, Nest(lines), tiles, order=order)
    assert (parts.order is None, whole.order is None) == (not order, not order)
    for key, moved in whole.levels.items():
        for name in FIELDS:
            expected = np.broadcast_to(getattr(moved, name), len(which))
            assert getattr(parts.levels[key], name).tolist() == expected.tolist(), (key, name)


def test_halo_by_hand():
    """3x3 over 6 rows, one output row at a time: 3 rows first, then 1 new row each; padding is never fetched."""
    hierarchy = Hierarchy((("DRAM", 0), ("SRAM", 0)), ())
    lines = (Keep("DRAM", "WIO"), Loop("OY", 1), Keep("SRAM", "WIO"), Loop("OX", 1), Loop("FY", 1), Loop("FX", 1))
    valid = Shape(OY=4, OX=4, FY=3, FX=3)
    nest = Nest(lines)
    nest.check(valid, hierarchy)
    assert count(valid, nest).levels["SRAM", "I"].fills == (3 + 3 * 1) * 6
    padded = Shape(OY=4, OX=4, FY=3, FX=3, y=Window(pad=1, size=4), x=Window(pad=1, size=4))
    assert count(padded, nest).levels["SRAM", "I"].fills == (2 + 2 * 1 + 0) * 4
    timeloop = count(padded, nest, "timeloop").levels["SRAM", "I"].fills
    assert timeloop == (3 + 3 * 1) * 6  # no clipping


def test_overflow_is_far_away():
    """Llama-sized GEMMs stay exact: 2**63 is not reached by 1e14 MACs at width one."""
    shape = Shape.gemm(M=2**17, N=2**15, K=2**15)
    nest = Nest((Keep("DRAM", "WIO"), Loop("B", 1), Loop("K", 1), Loop("C", 1)))
    counts = count(shape, nest)
    assert counts.levels["DRAM", "W"].reads == counts.macs == 2**47


def test_a_plain_dimension_counts_alike_beside_windows():
    """A layer of one tap, counted together with one of three, whose loop over taps does not exist for it."""
    lines = (Keep("DRAM", "WIO"), Loop("FX", 1), Loop("OX", 1), Keep("SRAM", "WIO"), Loop("OX", 1))
    shapes = [Shape(OX=8, FX=1, x=Window(size=8)), Shape(OX=8, FX=3, x=Window(1, 1, 1, 8))]
    tiles = np.array([[1, 4, 1], [1, 4, 1]], dtype=np.int64)
    together = count_many(shapes, np.array([0, 1]), Nest(lines), tiles)
    alone = [count_many([shape], np.array([0]), Nest(lines), tiles[:1]) for shape in shapes]
    assert together.levels["SRAM", "I"].fills.tolist() == [int(one.levels["SRAM", "I"].fills[0]) for one in alone]


@pytest.mark.parametrize("number", [3, 400])  # one by one, and by distinct tilings
def test_orders_of_loops_are_counted_as_each_alone(number):
    """The orders share their work; some mappings with their order of tiles are as if they alone had been counted."""
    shape = Shape(K=12, C=10, OX=9, FX=3, x=Window(1, 1, 1, 9))
    rng = np.random.default_rng(number)
    spatial = (Loop("C", 1, "rows"), Keep("RF", "WIO"), Loop("C", 1), Loop("OX", 1))
    inner = tuple(Loop(dim, 1) for dim in ("K", "FX"))
    nests = [
        Nest((Keep("DRAM", "WIO"), *(Loop(dim, 1) for dim in order), Keep("SRAM", "WIO"), *inner, *spatial))
        for order in (("K", "C", "OX"), ("OX", "K", "C"))
    ]
    outer = {dim: rng.integers(1, shape.extents[dim] + 1, number) for dim in ("K", "C", "OX")}
    one, rows = np.ones(number, dtype=np.int64), np.minimum(outer["C"], 4)
    columns = [
        [*(outer[dim] for dim in order), one, one, rows, one, one] for order in (("K", "C", "OX"), ("OX", "K", "C"))
    ]
    tiles, which = [np.stack(own, axis=1) for own in columns], np.zeros(number, dtype=np.int64)
    counting = Counting([shape], which, nests, tiles[0])
    some = np.array([0, 2])
    for place, (nest, counts) in enumerate(zip(nests, counting.counts(order=True), strict=True)):
        alone = count_many([shape], which, nest, tiles[place])
        assert_same_counts(counts, alone)
        few = count_many([shape], which[some], nest, tiles[place][some])
        assert_same_counts(counting.ordered(place, counts, some), few)


def assert_same_counts(found, expected):
    """Every array of two counts is equal."""
    for name, own in vars(found).items():
        assert_same(own, getattr(expected, name), name)


def assert_same(found, expected, where):
    """Two entries of counts are equal, whatever they are made of."""
    if isinstance(found, dict):
        assert found.keys() == expected.keys(), where
        for key, own in found.items():
            assert_same(own, expected[key], (where, key))
    elif dataclasses.is_dataclass(found):
        assert_same(vars(found), vars(expected), where)
    else:
        assert np.array_equal(*np.broadcast_arrays(found, expected)), where
