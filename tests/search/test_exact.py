"""Does the search price a mapping as the engine does, and is nothing below its floors?"""

from itertools import islice
from random import Random

import numpy as np
import pytest
from tiny import random_case

from accelsim import load_profile, load_workload
from accelsim.engine.capacity import fits
from accelsim.engine.case import Batch, Case
from accelsim.engine.cycles import least_cycles
from accelsim.engine.evaluate import evaluate
from accelsim.engine.traffic import traffic
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.counts import count_many
from accelsim.scheme import parse_scheme
from accelsim.search.branch import Branches
from accelsim.search.layout import layout_of
from accelsim.search.leaves import nest_of
from accelsim.search.plans import menu_of
from accelsim.search.prices import Prices

FREE = Constraints()
NETWORKS = [
    ("eyeriss-v1", "alexnet"),
    ("tpu-v4i", "resnet18"),
    ("nvdla-full", "mobilenetv2"),
    ("horowitz-45nm", "bert-base"),
]


def branches_of(chip, case, objective):
    return Branches(chip, case, objective, FREE, Prices(chip, case), layout_of(chip, FREE))


def shipped():
    for profile, workload in NETWORKS:
        scheme, chip = parse_scheme("int8"), load_profile(profile)
        layers = [layer for layer in load_workload(workload).layers if layer.shape is not None]
        for layer in layers[:: max(len(layers) // 4, 1)]:
            yield chip, Case(layer, scheme.resolve(layer), scheme.vector_format)


def random_problems(count):
    for seed in range(count):
        yield random_case(Random(seed), lambda chip, shape: 10_000)


def rows_of(branches, most=12):
    """Complete mappings of a quick look, whatever they cost."""
    menu = menu_of(branches.case.shape, most=6)
    return branches.look(branches.roots.first(2000), menu, np.inf, 2000, 60, slack=np.inf, keep=most).rows


def sums(branches, row):
    """Energy and the least cycles of a mapping by the engine, and whether it fits."""
    structure, tiles = nest_of(branches.leaf(row), row.variant)
    which = np.zeros(1, dtype=np.int64)
    counts = count_many([branches.case.shape], which, structure, np.array([tiles]), order=False)
    batch = Batch(branches.chip, [branches.case], which)
    assert fits(batch, structure, counts).all()
    moved = traffic(batch, structure, counts)
    cycles = float(least_cycles(batch, structure, counts, moved)[0])
    found = evaluate(batch, structure, counts, exact=False)
    static = sum(float(term.energy_pj[0]) for term in found.terms if term.part in ("leakage", "refresh"))
    return float(found.energy_pj[0]) - static, cycles


@pytest.mark.parametrize("problems", [random_problems(30), shipped()], ids=["random", "shipped"])
def test_a_mapping_costs_what_the_engine_says(problems):
    checked = 0
    for chip, case in problems:
        branches = branches_of(chip, case, "energy")
        for row in rows_of(branches):
            energy, cycles = sums(branches, row)
            if np.isfinite(energy) and branches.exact:
                assert row.value == pytest.approx(energy, rel=1e-9)
                checked += 1
        branches = branches_of(chip, case, "latency")
        for row in rows_of(branches):
            energy, cycles = sums(branches, row)
            assert row.value <= cycles * (1 + 1e-9)
            assert row.value >= cycles * 0.5
            checked += 1
    assert checked > 200


def test_no_choice_of_instances_is_below_its_floor():
    """What is left out for a value costs at least the value, and at least what is said of it."""
    left_out = 0
    for chip, case in [*random_problems(60), *islice(shipped(), 8, 10)]:
        for objective in ("energy", "latency", "edp"):
            branches = branches_of(chip, case, objective)
            every = branches.roots.below(np.inf, 10**7)
            if every is None:
                continue
            keys = zip(every.at.tolist(), every.combination.tolist(), strict=True)
            bounds = dict(zip(keys, every.bounds.tolist(), strict=True))
            middle = float(np.median(every.bounds))
            half = branches.roots.below(middle, 10**7)
            assert branches.roots.floor <= every.bounds.min() * (1 + 1e-9)
            for key in set(bounds) - set(zip(half.at.tolist(), half.combination.tolist(), strict=True)):
                assert bounds[key] >= half.closed * (1 - 1e-9)
                left_out += 1
            assert half.closed >= middle
    assert left_out > 50
