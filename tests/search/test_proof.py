"""Is what a search claims true? On tiny layers and chips, every mapping there is executed.

A mapping that is called proven may not be beaten by any. Of every other one it is claimed that it is legal, fits,
keeps what is pinned, costs what is said, is no worse than the heuristic's, and that its bound is below every mapping.
"""

import re
from collections import Counter
from dataclasses import replace
from itertools import permutations
from random import Random

import numpy as np
import pytest
from executed import execute, size
from exhaustive import OBJECTIVES, SAME, Problem, costs, faults, pinned
from pins import obeys
from space import Mapping, every_mapping, every_nest
from tiny import random_case

from accelsim.engine.capacity import check_fit
from accelsim.engine.case import Batch, Case
from accelsim.engine.evaluate import evaluate
from accelsim.errors import AccelsimError, InfeasibleError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import FanOut
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.counts import count_many
from accelsim.mapping.interpreter import interpret
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.provenance import Sourced
from accelsim.scheme import parse_scheme
from accelsim.search.axes import slides
from accelsim.search.heuristic import choose, scores
from accelsim.search.optimal import optimum
from accelsim.simulation.estimate import evaluate_mapping
from accelsim.simulation.search_mapping import search_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape

MOST, EXECUTIONS = 2000, 100
"""Size of the spaces: mappings, and nests that the interpreter executes for them."""

ENOUGH, LITTLE = 50_000, 400
"""Effort that ends a search of such a space, and effort that often does not."""


REFUSED = r"tiny: (no mapping was found that keeps the constraints|levels\.L\d: the smallest tiles)"
"""What an error may say of pins. Not claimed: that the level is the reason, for it may also stay empty."""


# The oracle itself: is the enumeration complete, and does it cost what the engine costs?


def every_line_up(chip, shape):
    """Mappings of all line-ups of nodes and loops that `Nest.check` accepts, by trial and error."""
    fanouts = [None, *(fanout.name for fanout in chip.fanouts)]
    tiles = [(dim, tile) for dim, extent in shape.extents.items() for tile in range(1, extent)]
    lines = [Loop(dim, tile, fanout) for dim, tile in tiles for fanout in fanouts]
    lines += [Keep(level.name, operand) for level in chip.levels[:-1] for operand in level.holds]
    found = set()
    for length in range(len(lines) + 1):
        for chosen in permutations(lines, length):
            nest = Nest((Keep(chip.outermost.name, "WIO"), *chosen))
            try:
                nest.check(shape, Hierarchy(*chip.hierarchy))
            except AccelsimError:
                continue
            if declared(chip, nest, shape):
                found.add(Mapping.of(shape, nest))
    return found


def declared(chip, nest, shape):
    """The rules of the declared space beyond `Nest.check`, line by line; loops of bound 1 are not looked at."""
    if 1 in nest.bounds(shape):
        return False
    if not parted(chip, nest):
        return False
    allowed = {fanout.name: fanout.dims for fanout in chip.fanouts}
    crossed, seen, before = [], set(), None
    for line in nest.lines:
        across = getattr(line, "fanout", None)
        if across is None and isinstance(line, Loop):
            if line.dim in seen:
                return False
            seen.add(line.dim)
        else:
            seen = set()
        if across is not None:
            if allowed[across] is not None and line.dim not in allowed[across]:
                return False
            if across in [fanout for fanout, _ in crossed] and (before != across or (across, line.dim) in crossed):
                return False
            crossed.append((across, line.dim))
        before = across
    order = [fanout.name for fanout in chip.fanouts]
    return [order.index(fanout) for fanout, _ in crossed] == sorted(order.index(fanout) for fanout, _ in crossed)


def parted(chip, nest):
    """Whether nodes outside a fan-out stand above nodes inside it, or can be written so without passing a loop."""
    depth, deepest = {level.name: level.depth for level in chip.levels}, 0
    run = []
    for line in (*nest.lines[1:], Loop("B", 1)):
        if isinstance(line, Keep):
            run.append(depth[line.level])
        else:
            if run and min(run) < deepest:
                return False
            deepest = max([deepest, *run])
            run = []
    return True


def small_chip(levels, fanouts=()):
    base = load_profile("horowitz-45nm")
    inner = [replace(base.levels[0], name=name, depth=depth, holds=holds) for name, depth, holds in levels]
    return replace(base, levels=(*inner, base.outermost), fanouts=tuple(FanOut(*fanout) for fanout in fanouts))


@pytest.mark.parametrize(
    ("chip", "shape"),
    [
        (small_chip([("L1", 0, "WIO")]), Shape(B=2, K=2)),
        (small_chip([("L1", 0, "WO")]), Shape(K=4)),
        (small_chip([("L2", 0, "W"), ("L1", 0, "WI")]), Shape(C=3)),
        (small_chip([("L1", 1, "WI")], [("rows", 2, frozenset({"K", "C"}))]), Shape(B=2, K=2, C=2)),
        (small_chip([("L2", 2, "O"), ("L1", 1, "I")], [("rows", 2), ("cols", 3)]), Shape(OX=3)),
        (small_chip([("L2", 1, "O"), ("L1", 0, "O")], [("rows", 4)]), Shape(K=2, FX=2)),
    ],
)
def test_the_enumeration_is_the_declared_space(chip, shape):
    mappings = list(every_mapping(chip, shape))
    assert len(set(mappings)) == len(mappings)
    assert set(mappings) == every_line_up(chip, shape)
    executed = execute(chip, shape)
    again = [executed.mapping(group, row) for group in executed.groups for row in range(len(group.loops_of))]
    assert len(again) == len(mappings)
    assert set(again) == set(mappings)


def test_every_nest_is_a_mapping_and_comes_back_as_it_was():
    for seed in range(10):
        problem = Problem.of(seed, 300, 100)
        shape = problem.case.shape
        for nest, mapping in zip(every_nest(problem.chip, shape), every_mapping(problem.chip, shape), strict=True):
            nest.check(shape, Hierarchy(*problem.chip.hierarchy))
            assert Mapping.of(shape, nest) == mapping


@pytest.mark.parametrize("seed", range(15))
def test_what_is_executed_costs_what_the_engine_says(seed):
    """All that goes into the engine's counts, and what comes out, equals the closed form's."""
    problem, rng = Problem.of(seed, 3000, 120), Random(seed)
    known = problem.costs
    batch = Batch(problem.chip, [problem.case], np.zeros(1, dtype=np.int64))
    for number in rng.sample(range(len(known.fits)), min(12, len(known.fits))):
        known.time([number])
        mapping = known.mapping(number)
        nest = shuffled(rng, mapping.nest(problem.chip))
        tiles = np.array([[loop.tile for loop in nest.loops]], dtype=np.int64).reshape(1, -1)
        counts = count_many([problem.case.shape], batch.case_of, nest, tiles)
        result = evaluate(batch, nest, counts)
        assert result.cycles[0] == pytest.approx(known.cycles[number], rel=1e-12)
        if problem.chip.has_costs:
            assert result.energy_pj[0] == pytest.approx(known.energy[number], rel=1e-12)
        assert fits(batch, nest, counts) == known.fits[number]
        assert known.find(mapping) == number


def shuffled(rng, nest):
    """The same mapping written another way: neighboring nodes, and spatial loops of one fan-out, in any order."""
    lines = list(nest.lines)
    for _ in range(20):
        place = rng.randrange(1, max(2, len(lines) - 1))
        pair = lines[place : place + 2]
        if len(pair) == 2 and alike(*pair):
            lines[place : place + 2] = pair[::-1]
    return Nest(tuple(lines))


def alike(first, second):
    if isinstance(first, Keep) and isinstance(second, Keep):
        return first.operands != second.operands
    return getattr(first, "fanout", None) is not None and first.fanout == getattr(second, "fanout", None)


def fits(batch, nest, counts):
    try:
        check_fit(batch, nest, counts)
    except InfeasibleError:
        return False
    return True


def test_neighbors_may_stand_in_either_order():
    """Two ways of writing a mapping move the same words, as the interpreter executes them."""
    for seed in range(15):
        problem, rng = Problem.of(seed, 2000, 100), Random(seed)
        hierarchy, shape = Hierarchy(*problem.chip.hierarchy), problem.case.shape
        nest = problem.costs.mapping(rng.randrange(len(problem.costs.fits))).nest(problem.chip)
        other = shuffled(rng, nest)
        assert interpret(shape, other, hierarchy) == interpret(shape, nest, hierarchy)


# What is claimed where the search claims a proof: products, no fan-out between two levels, enough effort


@pytest.mark.parametrize("block", range(4))
def test_a_product_is_proven_and_no_mapping_is_better(block):
    """Most energies are proven and all are the least there is; bounds on time leave more open, and never say more."""
    proven, best = Counter(), 0
    for seed in range(15 * block, 15 * block + 10):
        problem = Problem.of(seed, MOST, EXECUTIONS, provable=True)
        for objective in OBJECTIVES:
            found = optimum(problem.chip, problem.case, objective, effort=ENOUGH)
            assert not list(faults(problem, objective, found)), (seed, objective)
            proven[objective] += found.certificate.proven
            least = problem.costs.best(objective, problem.costs.fits)[1][0]
            best += objective == "energy" and found.certificate.value <= least * (1 + SAME)
    assert best == 10
    assert proven["energy"] >= 6
    assert min(proven.values()) >= 4


def test_a_product_is_proven_under_pins_that_the_proof_covers():
    """What levels keep, what crosses a fan-out, tiles that divide."""
    proven = total = 0
    for seed in range(1000, 1008):
        problem, rng = Problem.of(seed, MOST, EXECUTIONS, provable=True), Random(seed)
        for objective in OBJECTIVES:
            pins = pinned(problem, rng)
            pins = replace(pins, nodes=(), tiles={}, loops={}, divisors=pins.divisors or rng.random() < 0.5)
            try:
                found = optimum(problem.chip, problem.case, objective, pins, effort=ENOUGH)
            except InfeasibleError:
                assert not possible(problem, pins), (seed, objective, pins)
                continue
            assert not list(faults(problem, objective, found, pins)), (seed, objective, pins)
            proven, total = proven + found.certificate.proven, total + 1
    assert proven > total / 2 > 5


@pytest.mark.parametrize("seed", range(2000, 2012))
def test_what_is_infeasible_does_not_fit(seed):
    """A level is told to keep what it has little room for."""
    problem, rng = Problem.of(seed, MOST, EXECUTIONS, provable=True), Random(seed)
    level = rng.choice(problem.chip.levels[:-1])
    tight = replace(level, capacity_bits=rng.choice((1, 8, 40, 100)))
    chip = replace(problem.chip, levels=tuple(tight if one is level else one for one in problem.chip.levels))
    case = replace(problem.case, resident=frozenset(), reserved_bits=0.0)
    problem = Problem(chip, case, costs(chip, case, problem.costs.executed))
    pins = Constraints(keeps={level.name: level.holds})
    if possible(problem, pins):
        assert not list(faults(problem, "energy", optimum(chip, case, "energy", pins, effort=ENOUGH), pins))
    else:
        with pytest.raises(InfeasibleError, match=REFUSED):
            optimum(chip, case, "energy", pins, effort=ENOUGH)
    assert not list(faults(problem, "energy", optimum(chip, case, "energy", effort=ENOUGH)))  # it may bypass


def possible(problem, pins):
    known = problem.costs
    fitting = np.flatnonzero(known.fits)
    return any(obeys(problem.chip, problem.case.shape, known.mapping(number), pins) for number in fitting)


# What is claimed in any case: windows, levels on both sides of a fan-out, any pins, little effort


@pytest.mark.parametrize("seed", range(25))
def test_any_mapping_found_is_legal_and_above_its_bound(seed):
    """With a window it is no worse than the heuristic's, with which the search begins there."""
    problem = Problem.of(seed, MOST, EXECUTIONS)
    for objective in OBJECTIVES:
        found = optimum(problem.chip, problem.case, objective, effort=LITTLE)
        assert not list(faults(problem, objective, found)), (seed, objective)
        if slides(problem.case.shape):
            assert found.certificate.value <= heuristic(problem, objective) * (1 + SAME), (seed, objective)


@pytest.mark.parametrize("bits", [24, 28, 32, 48])
def test_a_double_buffered_level_may_hold_one_copy_of_a_whole_operand(bits):
    """Three words that stay need 24 bits; two that are replaced need 32."""
    chip = load_profile("horowitz-45nm")
    buffer = replace(
        chip.levels[0], name="L1", depth=0, holds="IO", buffering="double", capacity_bits=bits
    )  # fmt: skip
    fanout = FanOut("cols", 2, frozenset("C"))
    chip = replace(chip, levels=(buffer, chip.outermost), fanouts=(fanout,))
    layer = Layer("product", "linear", Shape(K=2, C=3))
    kept = Nest((Keep("DRAM", "WIO"), Keep("L1", "I"), Loop("K", 1), Loop("C", 2), Loop("C", 1, "cols")))
    found = search_mapping(layer, chip, "int8")
    assert found.certificate.proven
    assert found.energy_pj <= evaluate_mapping(layer, chip, kept, "int8").energy_pj


@pytest.mark.parametrize("block", range(3))
def test_the_least_energy_is_found_wherever_levels_stand(block):
    """All but a few of the products on chips with levels on both sides of fan-outs; and no claim of any is false."""
    found = total = 0
    for seed in range(5000 + 20 * block, 5012 + 20 * block):
        problem = Problem.of(seed, MOST, EXECUTIONS)
        if not slides(problem.case.shape):
            best = {
                objective: optimum(problem.chip, problem.case, objective, effort=ENOUGH) for objective in OBJECTIVES
            }
            for objective, one in best.items():
                assert not list(faults(problem, objective, one)), (seed, objective)
            value = best["energy"].certificate.value
            found += value <= problem.costs.best("energy", problem.costs.fits)[1][0] * (1 + SAME)
            total += 1
    assert total > 3
    assert found >= total - 1


@pytest.mark.parametrize("seed", [20, 48])
def test_what_its_bounds_would_prove_wrongly_is_not_called_proven(seed):
    """Windows: enough effort to end a search whose bounds are above a mapping that there is."""
    problem = Problem.of(seed, MOST, EXECUTIONS)
    for objective in OBJECTIVES:
        found = optimum(problem.chip, problem.case, objective, effort=ENOUGH)
        assert not list(faults(problem, objective, found)), (seed, objective)


def heuristic(problem, objective):
    """The objective of what the heuristic chooses; infinite if it finds nothing."""
    chip, case = problem.chip, problem.case
    try:
        [choice] = choose(chip, [case], chip.dataflows, objective)
    except InfeasibleError:
        return np.inf
    batch = Batch(chip, [case], np.zeros(1, dtype=np.int64))
    counts = count_many([case.shape], batch.case_of, choice.structure, np.array([choice.tiles], dtype=np.int64))
    return scores(evaluate(batch, choice.structure, counts), objective)[0][0]


@pytest.mark.parametrize("first", range(1000, 1025, 5))
def test_any_mapping_found_keeps_what_is_pinned(first):
    """Something is found for nearly all of these pins, which some mapping keeps; the error is none but REFUSED."""
    found = 0
    for seed in range(first, first + 5):
        problem = Problem.of(seed, MOST, EXECUTIONS)
        for number, objective in enumerate(OBJECTIVES):
            pins = pinned(problem, Random(3 * seed + number))
            best = found_or_refused(problem, objective, pins)
            if not isinstance(best, str):
                found += 1
                assert not list(faults(problem, objective, best, pins)), (seed, objective, pins)
            else:
                assert re.match(REFUSED, best), (seed, objective, pins)
    assert found >= 12


def found_or_refused(problem, objective, pins):
    """What a search finds, or what its error says."""
    try:
        return optimum(problem.chip, problem.case, objective, pins, effort=LITTLE)
    except InfeasibleError as error:
        return str(error)


# Laws that need no enumeration, on layers too large for one


def grown(rng, chip):
    """The same chip with more room, more bandwidth, better overlap or fewer restrictions in one place."""
    place = rng.randrange(len(chip.levels))
    level = chip.levels[place]
    more = {
        "capacity_bits": level.capacity_bits and rng.choice((level.capacity_bits + 16, 3 * level.capacity_bits, None)),
        "read_bits_per_cycle": level.read_bits_per_cycle and rng.choice((level.read_bits_per_cycle * 1.5, None)),
        "write_bits_per_cycle": level.write_bits_per_cycle and rng.choice((level.write_bits_per_cycle * 2, None)),
        "shared_port": False,
        "buffering": "ideal",
        "holds": "WIO",
    }
    fields = [field for field in more if getattr(level, field) != more[field]]
    if chip.fanouts and (not fields or rng.random() < 0.2):
        fanouts = [replace(fanout, dims=None) for fanout in chip.fanouts]
        return replace(chip, fanouts=tuple(fanouts))
    field = rng.choice(fields or ["holds"])
    levels = list(chip.levels)
    levels[place] = replace(level, **{field: more[field]})
    return replace(chip, levels=tuple(levels))


@pytest.mark.parametrize("seed", range(3000, 3008))
def test_the_optimum_of_a_product_never_worsens_on_a_better_chip(seed):
    rng = Random(seed)
    chip, case = random_case(rng, lambda chip, shape: size(chip, shape, 4 * MOST, 2 * EXECUTIONS), provable=True)
    case = replace(case, resident=frozenset(), reserved_bits=0.0)
    better = grown(rng, chip)
    for objective in OBJECTIVES:
        before, after = (optimum(one, case, objective, effort=ENOUGH).certificate for one in (chip, better))
        assert after.bound <= before.value * (1 + SAME), (seed, objective)
        if objective == "energy" or after.proven:
            assert after.value <= before.value * (1 + SAME), (seed, objective)


def test_instances_without_work_drain_nothing():
    """Six instances over two fan-outs share five steps; whatever the wires cost, no proof is beaten."""
    shape = Shape(C=5, K=2)
    case, chips = one_product(shape), [chip_of_wires(float(link)) for link in np.geomspace(0.05, 1, 40)]
    every, proven = execute(chips[0], shape), 0
    for chip in chips:
        known = costs(chip, case, every)
        found = optimum(chip, case, "energy").certificate
        assert found.bound <= np.where(known.fits, known.energy, np.inf).min() * (1 + SAME)
        proven += found.proven
    assert proven > 5


def one_product(shape):
    layer, scheme = Layer("product", "linear", shape), parse_scheme("int8")
    return Case(layer, scheme.resolve(layer), scheme.vector_format)


def chip_of_wires(link):
    """A level inside two fan-outs over input channels alone, whose wires take energy."""
    base = load_profile("horowitz-45nm")
    inner = replace(
        base.levels[0], name="L1", depth=2, holds="IO", capacity_bits=40, buffering="ideal",
        read_pj_per_bit=number(0.052), write_pj_per_bit=number(0.052), read_bits_per_cycle=None,
        write_bits_per_cycle=None, leakage_w=None, background_w=None,
    )  # fmt: skip
    outer = replace(
        base.outermost, buffering="single", read_pj_per_bit=number(5.4), write_pj_per_bit=number(1.25),
        leakage_w=None, background_w=None,
    )  # fmt: skip
    wires = [FanOut(name, size, frozenset("C"), number(link)) for name, size in (("rows", 3), ("cols", 2))]
    return replace(
        base, levels=(inner, outer), fanouts=tuple(wires), clock_pj_per_cycle=None, leakage_w=None, idle_w=None
    )  # fmt: skip


def number(value):
    return Sourced(value, "made up", status="assumed")
