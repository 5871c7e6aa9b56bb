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
from itertools import islice

import numpy as np

from accelsim.engine.bounds import bounds
from accelsim.engine.case import Batch, Case
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraint_check import check_constraints
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.nest import Nest
from accelsim.search.best import Best
from accelsim.search.branch import Branches, Outcome, Roots, Row
from accelsim.search.certificate import EQUAL, Certificate
from accelsim.search.compiled import COMPILED
from accelsim.search.heuristic import Objective, infeasible
from accelsim.search.layout import layout_of
from accelsim.search.leaves import variants
from accelsim.search.plans import menu_of
from accelsim.search.prices import Prices
from accelsim.search.skeleton import size

FREE = Constraints()

EFFORT = 200_000 if COMPILED else 2_000
"""Partial mappings that are bounded for one case by default."""

FEW_TILES = 10
"""Tiles of each dimension of the first look."""

WAYS, FEW_WAYS = (60_000, 5_000) if COMPILED else (300, 300)
"""Choices of instances up to which all are bounded, and how many otherwise."""

FIRST_SHARE = 300
"""Bounds computed for one choice of instances in the first looks."""

UNPROVEN = 4
"""By how much less effort is made where not all choices of instances are written down: nothing can be proven."""

FOCUS, FOCUS_WAYS = 6, 5_000
"""The most promising skeletons for which many more choices of instances are bounded then, and how many of each."""

SLACK = 1.03
"""How much more than the best a mapping may cost by its bound to be priced, where bounds are not exact."""

KEEPER_TILES = 300_000
"""Tiles of all dimensions together up to which nodes inside a fan-out are tried that keep several tiles."""

KEPT, MANY, PRICED, FEW, MOST = 16, 64, 4, 1, 4
"""Rows kept, at first and where bounds were too low; rows priced by the engine at once; nests of each of them, and of
the best one."""


FEW_WHOLES = 2
"""Rows priced of those that may keep a whole operand once where there is no room for two of its tiles."""

NEAR = 0.9
"""Share of the best bound above which what is left may soon be proven."""


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
    best, prices = Best(chip, case, objective, constraints), Prices(chip, case)
    layout = layout_of(chip, constraints)
    branches = Branches(chip, case, objective, constraints, prices, layout)
    least, candidates = _search(branches, best, effort)
    if not _provable(branches):
        least = 0.0
    settled = objective == "energy" or least >= best.value[0] * (1 - EQUAL)  # bounds of time leave stalls out
    if constraints == FREE and (best.nest is None or branches.windowed or not settled):
        best.take_heuristic()
    if best.nest is None:
        raise infeasible(chip, case, constraints.keeps)
    value = best.value[0]
    bound = min(value, max(least, _floor(best, prices)))
    space = size(layout.skeletons, chip, case.shape)
    return Optimum(best.nest, Certificate(objective, space, best.evaluated, candidates, value, bound))


def _search(branches: Branches, best: Best, effort: int) -> tuple[float, int]:
    """Look at few tiles first, then at all; price what is best, and what may be better still.

    Returns what no mapping is below by the bounds, and how many partial mappings were bounded.
    """
    shape, exact = branches.case.shape, branches.constraints.divisors
    slack = 1.0 if branches.exact else SLACK
    roots = branches.roots(WAYS, FEW_WAYS)
    wholes = roots.complete and not branches.windowed
    few, every = (menu_of(shape, exact=exact, most=most, wholes=wholes) for most in (FEW_TILES, 0))
    if not roots.complete:
        effort //= UNPROVEN
    looks = [branches.look(roots, few, np.inf, effort // 4, FIRST_SHARE, slack=slack, keep=KEPT)]

    def again(root: Roots, share: int, limit: int) -> Outcome:
        below = min((row.bound for look in looks for row in look.rows), default=np.inf) * slack * (1 + EQUAL)
        looks.append(branches.look(root, every, below, limit, share, slack=slack, keep=KEPT))
        return looks[-1]

    if not roots.complete:
        again(roots, FIRST_SHARE, effort // 4)
        rows = _by_bound(looks)
        some = list(dict.fromkeys(row.skeleton for row in rows))[:FOCUS]
        if some:
            again(branches.roots_of(some, FOCUS_WAYS), FIRST_SHARE, effort // 4)
        last = again(roots, effort // 4, effort // 2)
    else:
        last = again(roots, effort // 100, effort // 2)
        if last.left < last.below:
            near = last.left >= NEAR * last.below
            last = again(roots, effort // 4, effort // 2 if near else effort // 8)
    least = min(_price(branches, best, _by_bound(looks)), last.left, last.below)
    if not wholes:  # no proof needs them, and they weaken bounds: so they are looked at apart
        copies = menu_of(shape, exact=exact, most=FEW_TILES, wholes=True)
        looks.append(branches.look(roots, copies, np.inf, effort // 4, FIRST_SHARE, slack=slack, keep=KEPT))
        promising = [row for row in _alike_last(looks[-1].rows) if row.bound < best.value[0]]
        _priced(branches, best, promising[:FEW_WHOLES], FEW)
    if best.nest is None or (least < best.value[0] * (1 - EQUAL) and not branches.windowed):
        below = best.value[0] * (1 + EQUAL)
        looks.append(branches.look(roots, every, below, effort // 2, effort // 4, slack=np.inf, keep=MANY))
        least = min(_price(branches, best, looks[-1].rows), looks[-1].left, looks[-1].below)
    if branches.layout.crossed and np.isfinite(best.value[0]) and least > 0:
        if branches.windowed or branches.tiles(every) > KEEPER_TILES:
            least = 0.0
        else:
            below = best.value[0] * (1 + EQUAL)
            keepers = branches.roots(WAYS, FEW_WAYS, keepers=True)
            limit = 2 * effort if least >= best.value[0] * (1 - EQUAL) else effort // UNPROVEN
            looks.append(branches.look(keepers, every, below, limit, limit // 2, slack=slack, keep=MANY))
            least = min(least, _price(branches, best, looks[-1].rows), looks[-1].left, looks[-1].below)
    return least, sum(look.bounds for look in looks)


def _by_bound(looks: Sequence[Outcome]) -> list[Row]:
    return sorted((row for look in looks for row in look.rows), key=lambda row: row.bound)


def _price(branches: Branches, best: Best, rows: Sequence[Row]) -> float:
    """Price the most promising rows by the engine, more only while none is legal; then all nests of the winner.

    Returns the least bound of a row whose price does not meet it, or that was not priced.
    """
    unsettled = np.inf
    rows = _alike_last(rows)
    for start in range(0, len(rows), PRICED):
        some = rows[start : start + PRICED]
        if best.nest is not None and (start > 0 or some[0].bound > best.value[0] * (1 + EQUAL)):
            return min([unsettled, *(row.bound for row in rows[start:])])
        prices = _priced(branches, best, some, None if branches.constraints.loops else FEW)
        unsettled = min([unsettled, *(row.bound for row, one in zip(some, prices, strict=True) if _open(row, one))])
        winner = int(np.argmin(prices))
        if np.isfinite(prices[winner]) and _open(some[winner], prices[winner]):
            _priced(branches, best, some[winner : winner + 1], None if branches.constraints.loops else MOST)
    return unsettled


def _alike_last(rows: Sequence[Row]) -> list[Row]:
    """Rows by bound; those whose bound another has as well, most often mirror images, behind all others."""
    first: dict[float, Row] = {}
    for row in rows:
        first.setdefault(float(f"{row.bound:.9g}"), row)
    return [*first.values(), *(row for row in rows if first[float(f"{row.bound:.9g}")] is not row)]


def _open(row: Row, price: float) -> bool:
    """Whether a mapping of a row may be better than its price."""
    return price > row.bound * (1 + EQUAL)


def _priced(branches: Branches, best: Best, rows: Sequence[Row], most: int | None) -> list[float]:
    """Price at most so many nests of every row, those of one structure together; return the least of every row."""
    constraints = branches.constraints
    structures: dict[Nest, list[tuple[int, tuple[int, ...]]]] = {}
    for number, row in enumerate(rows):
        found = variants(branches.leaf(row), constraints.divisors, constraints.loops)
        for structure, tiles in islice(found, most):
            structures.setdefault(structure, []).append((number, tiles))
    prices = [np.inf] * len(rows)
    for structure, tilings in structures.items():
        for (number, _), price in zip(tilings, best.price(structure, [tiles for _, tiles in tilings]), strict=True):
            prices[number] = min(prices[number], float(price))
    return prices


def _provable(branches: Branches) -> bool:
    """Whether the bounds are proven: see docs/search.md.

    They are not yet where the input has a window, and under pinned tiles or orders.
    """
    pinned = branches.constraints
    return not (pinned.nodes or pinned.tiles or pinned.loops or branches.windowed)


def _floor(best: Best, prices: Prices) -> float:
    """The objective at the energy (or the bits that stand for it) and the time that no mapping beats."""
    limits = bounds(Batch(best.chip, [best.case], np.zeros(1, dtype=np.int64)))
    energy = float((limits.energy_pj if prices.known else limits.dram_bits)[0])
    cycles = float(limits.cycles[0])
    return {"energy": energy, "latency": cycles, "edp": energy * cycles}[best.objective]
