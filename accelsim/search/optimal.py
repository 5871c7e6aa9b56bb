"""Which mapping of a layer is best, and how do we know? Branch and bound over the mappings that can matter.

Directly below a storage node only loops need to stand that reuse its operand, so that a mapping is a
`Skeleton` (which nodes, in which order) and one tile per node of the dimensions that reuse it. The search
(`accelsim.search.branch`) drops every partial mapping that even at its best does not fit or is no better than
the best mapping known, and the engine prices what is left. docs/search.md says what is proven of this, and what
is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.engine.bounds import bounds
from accelsim.engine.case import Batch, Case
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraint_check import check_constraints
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.nest import Nest
from accelsim.search.best import Best
from accelsim.search.branch import Branches
from accelsim.search.certificate import EQUAL, Certificate
from accelsim.search.heuristic import Objective, infeasible
from accelsim.search.layout import layout_of
from accelsim.search.looks import EFFORT, Looks
from accelsim.search.prices import Prices
from accelsim.search.skeleton import size

FREE = Constraints()


@dataclass(frozen=True)
class Optimum:
    """The best mapping that was found for a case, and what is proven of it."""

    nest: Nest
    certificate: Certificate


def optimum(
    chip: Chip,
    case: Case,
    objective: Objective = "energy",
    constraints: Constraints = FREE,
    effort: int = EFFORT,
    others: Sequence[Case] = (),
) -> Optimum:
    """Return the best mapping that the search finds, with a certificate of whether any other can beat it.

    Parameters
    ----------
    chip : Chip
    case : Case
        The layer, its formats and what stays on chip.
    objective : {"energy", "latency", "edp"}
        Ties are broken by latency (for energy) or energy (for latency and edp). A chip without costs is mapped
        for its DRAM traffic instead of its energy.
    constraints : Constraints
        What is pinned; the search ranges over the rest.
    effort : int
        Partial mappings to bound before the search gives up proving; the certificate then says how far the
        best mapping may be from the optimum.
    others : sequence of Case
        What is searched next on the chip: if this case needs a heuristic mapping, these get theirs, too.

    Raises
    ------
    InfeasibleError
        Nothing fits; names the operand, the level and the missing bits.
    InputError
        The constraints contradict each other, the chip or the layer.
    """
    constraints = check_constraints(constraints, case.shape, chip)
    best, prices = Best(chip, case, objective, constraints), Prices(chip, case)
    layout = layout_of(chip, constraints)
    branches = Branches(chip, case, objective, constraints, prices, layout)
    free = constraints == FREE
    first = free and (branches.windowed or objective != "energy")
    if first:
        best.take_heuristic(others)
    looks = Looks(branches, best, effort)
    if free and not first and looks.least < best.value[0] * (1 - EQUAL):
        best.take_heuristic(others)
    if best.nest is None:
        raise infeasible(chip, case, constraints.keeps)
    value = best.value[0]
    bound = min(value, max(looks.least, _floor(best, prices)))
    space = size(layout.skeletons, chip, case.shape)
    return Optimum(best.nest, Certificate(objective, space, best.evaluated, looks.bounds, value, bound))


def _floor(best: Best, prices: Prices) -> float:
    """The objective at the energy (or the bits that stand for it) and the time that no mapping beats."""
    limits = bounds(Batch(best.chip, [best.case], np.zeros(1, dtype=np.int64)))
    energy = float((limits.energy_pj if prices.known else limits.dram_bits)[0])
    cycles = float(limits.cycles[0])
    return {"energy": energy, "latency": cycles, "edp": energy * cycles}[best.objective]
