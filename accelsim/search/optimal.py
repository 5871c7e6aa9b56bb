"""Which mapping of a layer is best, and how do we know? Dives, and branch and bound, over mappings that can matter.

Directly below a storage node only loops need to stand that reuse its operand, so that a mapping is a
`Skeleton` (which nodes, in which order) and one tile per node of the dimensions that reuse it. The search
decides skeletons from the MACs outward (`accelsim.search.choices`), drops every partial mapping that even at
its best (`accelsim.search.optimism`) does not fit or is no better than the best mapping known, and prices
what is left with the engine. docs/search.md says what is proven of this, and what is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from accelsim.engine.bounds import bounds
from accelsim.engine.case import Batch, Case
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraint_check import check_constraints, named_nodes
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.nest import Nest
from accelsim.search.best import Best
from accelsim.search.branch import Branch
from accelsim.search.certificate import Certificate
from accelsim.search.facts import Facts
from accelsim.search.heuristic import Objective, infeasible
from accelsim.search.optimism import Optimist
from accelsim.search.prices import Prices
from accelsim.search.skeleton import Skeleton, size, skeletons
from accelsim.search.spreads import spreads_of

FREE = Constraints()

EFFORT = 300_000
"""Partial mappings that are bounded for one case by default."""

WIDTHS = (24, 96)
"""Rows that dives continue from place to place: narrow ones first."""


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

    Raises
    ------
    InfeasibleError
        Nothing fits; names the operand, the level and the missing bits.
    InputError
        The constraints contradict each other, the chip or the layer.
    """
    constraints = check_constraints(constraints, case.shape, chip)
    best = Best(chip, case, objective, constraints)
    if constraints == FREE:
        best.take_heuristic()
    allowed = _allowed(chip, constraints)
    prices = Prices(chip, case)
    left = _search(_branches(best, allowed, prices), best, effort)
    if best.nest is None:
        raise infeasible(chip, case, constraints.keeps)
    value = best.value[0]
    bound = min(value, max(left, _floor(best, prices)))
    space = sum(size(skeleton, chip, case.shape) for skeleton in allowed)
    return Optimum(best.nest, Certificate(objective, space, best.evaluated, best.candidates, value, bound))


def _allowed(chip: Chip, constraints: Constraints) -> list[Skeleton]:
    """Skeletons that have every node named in the constraints."""
    named = named_nodes(constraints)
    return [
        skeleton
        for skeleton in skeletons(chip, constraints)
        if named <= {(place.level, place.operand) for place in skeleton.places}
    ]


def _branches(best: Best, allowed: Sequence[Skeleton], prices: Prices) -> list[Branch]:
    """A branch for every skeleton that may fit, the most promising first."""
    chip, case = best.chip, best.case
    branches = []
    for skeleton in allowed:
        tables = {
            group: spreads_of(chip, case.shape, skeleton.places[group].fanouts, best.constraints)
            for group in skeleton.groups
        }
        branch = Branch(Optimist(Facts(chip, case, skeleton, prices, tables)), best)
        if np.isfinite(branch.promise):
            branches.append(branch)
    return sorted(branches, key=lambda branch: branch.promise)


def _search(branches: Sequence[Branch], best: Best, effort: int) -> float:
    """Dive into each skeleton for a good mapping, first of tiles that divide; search all in turn if that is a proof.

    Returns what no mapping can be below but the best one found: infinite where all were looked at, the least
    bound of those that were not where the effort ran out, 0 where bounds prove nothing.
    """
    provable = _provable(branches, best.constraints)
    own = best.constraints
    if not own.divisors:
        best.constraints = replace(own, divisors=True)  # few and often good
        for branch in branches:
            branch.dive(effort // 4, WIDTHS[0])
        best.constraints = own
    for beam in WIDTHS[:1] if provable else WIDTHS:
        for branch in branches:
            branch.dive(effort // 2 if provable else effort, beam)
    if provable:
        for branch in branches:
            branch.search(effort)
    return min((branch.left for branch in branches), default=np.inf) if provable else 0.0


def _provable(branches: Sequence[Branch], constraints: Constraints) -> bool:
    """Whether the bounds are proven: see docs/search.md.

    They are not yet where levels stand on both sides of a fan-out, where the input has a window, and
    under pinned tiles or orders.
    """
    return not (constraints.nodes or constraints.tiles or constraints.loops) and not any(
        branch.own.facts.boundaries or branch.own.facts.sliding for branch in branches
    )


def _floor(best: Best, prices: Prices) -> float:
    """The objective at the energy (or the bits that stand for it) and the time that no mapping beats."""
    limits = bounds(Batch(best.chip, [best.case], np.zeros(1, dtype=np.int64)))
    energy = float((limits.energy_pj if prices.known else limits.dram_bits)[0])
    cycles = float(limits.cycles[0])
    return {"energy": energy, "latency": cycles, "edp": energy * cycles}[best.objective]
