"""Does the closed form of memory time follow the tiles? Against the simulation, and laws that always hold."""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from event_simulator import simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_cases import batch_of, other_tiling, random_memory_case, widths_of

sys.path.append(str(Path(__file__).parents[1] / "search"))
from ordered import Steps

from accelsim.engine.cycles import cycles, least_cycles
from accelsim.engine.traffic import traffic
from accelsim.mapping.counts import count

SAMPLE = 150


def timed(batch, nest, counts):
    return cycles(batch, nest, counts, traffic(batch, nest, counts))


def test_the_closed_form_follows_the_simulation():
    """The distribution over 1,000 nests is in docs/memory-time.md; here a sample of a fixed seed, a little looser."""
    off = []
    for seed in range(SAMPLE):
        shape, nest, hierarchy, chip = random_memory_case(Random(seed), 1000)
        batch, counts = batch_of(shape, nest, chip)
        simulated = simulate(shape, nest, hierarchy, chip, widths_of(batch, nest), float(chip.rates[0][2]))
        off.append(abs(float(timed(batch, nest, counts).total[0]) / simulated.cycles - 1))
    assert np.mean(np.array(off) < 1e-9) > 0.65
    assert np.mean(np.array(off) < 0.02) > 0.88
    assert np.mean(np.array(off) < 0.1) > 0.98


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_no_order_of_tiles_beats_the_sums(seed):
    """The search's bounds are made of the sums: they must never be above what the simulation takes."""
    shape, nest, hierarchy, chip = random_memory_case(Random(seed), 300)
    batch, counts = batch_of(shape, nest, chip)
    simulated = simulate(shape, nest, hierarchy, chip, widths_of(batch, nest), float(chip.rates[0][2])).cycles
    assert least_cycles(batch, nest, counts, traffic(batch, nest, counts))[0] <= simulated * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_what_time_asks_of_the_counts_is_what_the_steps_do(seed):
    """Advances, rounds, boxes that are replaced, stays that end, tiles, instances with work: step by step."""
    shape, nest, _, _ = random_memory_case(Random(seed), 300)
    counts, steps = count(shape, nest), Steps(shape, nest)
    assert dict(leaves(counts.closing)).items() >= dict(leaves(steps.closing())).items()
    for name, told in vars(steps.order()).items():
        mine = dict(leaves(getattr(counts.order, name)))
        for path, number in leaves(told):
            if name == "rounds" and number < 2:  # a loop that never advances may be told any number of rounds
                continue
            if name == "ending" and path not in mine:  # it changes no box
                continue
            assert mine.get(path, 0) == number, (name, path)


def leaves(entry, path=()):
    """Yield every number of nested records with its path."""
    fields = entry.items() if isinstance(entry, dict) else vars(entry).items() if hasattr(entry, "__dict__") else None
    if fields is None:
        yield path, int(np.asarray(entry).reshape(-1)[0])
    else:
        for name, value in fields:
            yield from leaves(value, (*path, name))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_parts_sum_to_the_total_and_no_port_is_outrun(seed):
    shape, nest, _, chip = random_memory_case(Random(seed), 3000)
    batch, counts = batch_of(shape, nest, chip)
    time = timed(batch, nest, counts)
    assert sum(part[0] for part in time.parts.values()) == pytest.approx(time.total[0], rel=1e-9)
    assert min(part[0] for part in time.parts.values()) >= 0
    assert time.total[0] >= max(needed[0] for needed in time.busy.values()) * (1 - 1e-9)
    assert time.total[0] >= least_cycles(batch, nest, counts, traffic(batch, nest, counts))[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_ideal_levels_take_the_slowest_of_all(seed):
    shape, nest, _, chip = random_memory_case(Random(seed), 3000)
    chip = replace(chip, levels=tuple(replace(level, buffering="ideal") for level in chip.levels))
    batch, counts = batch_of(shape, nest, chip)
    time = timed(batch, nest, counts)
    assert time.total[0] == pytest.approx(max(needed[0] for needed in time.busy.values()), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_batch_costs_what_its_mappings_cost_alone(seed):
    """Loops of bound 1 in one mapping and not in others are no loops of it."""
    rng = Random(seed)
    shape, nest, _, chip = random_memory_case(rng, 3000)
    tilings = [[loop.tile for loop in nest.loops], *(other_tiling(rng, shape, nest) for _ in range(4))]
    together = timed(*_with_nest(nest, batch_of(shape, nest, chip, tilings))).total
    alone = [timed(*_with_nest(nest, batch_of(shape, nest, chip, [one]))).total[0] for one in tilings]
    assert together == pytest.approx(np.array(alone), rel=1e-12)


def _with_nest(nest, pair):
    batch, counts = pair
    return batch, nest, counts
