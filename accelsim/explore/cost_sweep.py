"""What would results cost at other unit costs? Counts once, then one matrix product for any number of variants.

At a fixed mapping ``energy[r, v] = sum_j n[r, j] c[v, j]``: counts and time are those of the results, the energy that
passes with time included. A cost that a law derives from those listed is derived again for every distinct combination
of them, as `accelsim.estimate` would. Time does not depend on costs, but the time at which a chip stays within its
TDP does (`CostSweep.power_limited_latency_s`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.errors import InputError, UsageError
from accelsim.explore.bill import bill_of, by_result
from accelsim.explore.compare import Comparison
from accelsim.explore.cost_prices import Prices, prices_of
from accelsim.explore.cost_variants import MAX_VARIANTS, variants_of
from accelsim.explore.naming import named_results
from accelsim.explore.numbers import merged
from accelsim.explore.ranges import Ranges
from accelsim.explore.spread import TRIANGULAR
from accelsim.explore.sweep.identity import Parts, key, version
from accelsim.explore.sweep.point import Job, Point
from accelsim.explore.sweep.run import run
from accelsim.explore.swept_costs import CostSweep, priced_bill
from accelsim.mapping.dataflows import DATAFLOWS
from accelsim.simulation.requested import DEFAULT, QUICK
from accelsim.simulation.residency import GREEDY, OPTIMAL
from accelsim.simulation.result import Result


def cost_sweep(
    results: Result | Comparison | Sequence[Result] | Mapping[str, Result],
    values: Mapping[str, Iterable[float]] | None = None,
    *,
    factors: Mapping[str, Iterable[float]] | None = None,
    dram: Iterable[str] = (),
    node_nm: Iterable[float] = (),
    pairing: str = "grid",
    draws: int | None = None,
    spread: str = TRIANGULAR,
    unranged: float = 0.0,
    seed: int = 0,
    reoptimize: bool = False,
    jobs: int | None = None,
) -> CostSweep:
    """Return what results cost at other unit costs, mappings and times staying as they are.

    Parameters
    ----------
    results : Result, Comparison, sequence of Result, or mapping of name to Result
    values : mapping of path to numbers
        What costs become: {"multiply_pj.int8": [0.1, 0.2]}, in the unit of the field. Paths are those of ``--set``;
        a ``*`` stands for any text and sets all that match. A multiply or add that the chip derives may be set too.
    factors : mapping of path to numbers
        What costs are multiplied by: {"levels.DRAM.*": [0.5, 1, 2]}.
    dram : names
        Technologies of the outermost memory, such as "lpddr4" (`accelsim.hardware.dram`): its read and write cost
        only; bandwidth and background power stay.
    node_nm : numbers
        Nodes that the on-chip costs are moved to (`accelsim.hardware.node_scaling`), before factors.
    pairing : {"grid", "list"}
        Every combination, or the first of each with the first of every other, and so on.
    draws : int, optional
        Instead of all these: so many random draws of the costs within their published ranges.
    spread, unranged, seed
        Of the draws, as in `accelsim.explore.uncertainty.uncertainty`.
    reoptimize : bool
        Whether mappings are searched again for every distinct variant, each an estimate of its own: a point of a
        sweep, computed by processes and kept in its store (docs/sweep.md).
    jobs : int, optional
        Processes for that; by default as many as there are usable cores.

    Raises
    ------
    InputError
        A path is unknown or no cost, a cost is varied twice, an axis is empty, or an energy is unknown.
    UsageError
        Nothing varies, or there are more than two million variants.
    """
    named = named_results(
        dict(zip(results.names, results.results, strict=True)) if isinstance(results, Comparison) else results
    )
    chips = list(dict.fromkeys(one.chip for one in named.values()))
    if draws is None:
        variants = variants_of(chips, values, factors, dram, node_nm, pairing)
        by_chip = {chip: prices_of(chip, variants) for chip in chips}
        settings, prices = variants.settings(), [by_chip[one.chip] for one in named.values()]
    else:
        if values or factors or [*dram, *node_nm]:
            raise UsageError("draws must stand alone; leave values, factors, dram and node_nm out.")
        settings, prices = _drawn(named, spread, unranged, draws, seed)
    if reoptimize:
        energy, latency = _searched_again(named, prices, jobs)
    else:
        energy = np.concatenate([
            each.energies(priced_bill(name, one, each.chip, by_result))
            for (name, one), each in zip(named.items(), prices, strict=True)
        ])  # fmt: skip
        latency = np.repeat(np.array([[one.latency_s] for one in named.values()]), energy.shape[1], axis=1)
    return CostSweep(tuple(named), tuple(named.values()), settings, energy, latency, reoptimize, tuple(prices))


def _drawn(
    named: Mapping[str, Result], spread: str, unranged: float, draws: int, seed: int
) -> tuple[dict[str, Floats], list[Prices]]:
    """Return the drawn costs by label, and the unit costs of every result's chip, each number drawn once for all."""
    if draws > MAX_VARIANTS:
        raise UsageError(f"a cost sweep must have at most {MAX_VARIANTS:,} variants; got {draws:,}.")
    whole = bill_of(list(named), list(named.values()))
    assert whole is not None
    numbers, members = merged(whole)
    ranges = Ranges(tuple(one.cost for one in numbers.costs), numbers.labels, spread, unranged, draws, seed)
    if not ranges.varied.any():
        raise InputError("none of the costs used has a published range to draw from; give unranged, such as 0.2.")
    columns = dict(zip(np.flatnonzero(ranges.varied).tolist(), ranges.drawn.T, strict=True))
    settings = {numbers.labels[number]: drawn for number, drawn in columns.items()}
    prices = []
    for name, one in named.items():
        paid = whole.row(name)  # by its own columns: chips of one name may differ in a cost
        own = {
            whole.costs[column].path: drawn
            for number, drawn in columns.items()
            for column in members[number]
            if paid[column]
        }
        prices.append(Prices(one.chip, ((one.chip, np.arange(draws)),), own, draws, derive=False))
    return settings, prices


def _searched_again(named: Mapping[str, Result], prices: Sequence[Prices], jobs: int | None) -> tuple[Floats, Floats]:
    """Return energies and times with the mappings of every distinct variant searched for it, as points of a sweep."""
    parts, code = Parts(), version()
    points: list[Point] = []
    places: list[tuple[int, Ints]] = []
    for row, (one, each) in enumerate(zip(named.values(), prices, strict=True)):
        for chip, which in each.chips():
            job = Job(
                one.network, chip, one.scheme, _mapping_of(one), one.objective,
                bool(one.residency.weights or one.residency.kept_weights),
                GREEDY if one.residency.how == GREEDY else OPTIMAL, bool(one.fusion),
            )  # fmt: skip
            points.append(Point(key(job, parts, code), (("variant", int(which[0])),), job, storable=code is not None))
            places.append((row, which))
    energy = np.empty((len(named), prices[0].count))
    latency = np.empty_like(energy)
    for number, outcome in run(points, jobs=jobs):
        if outcome.failure is not None:
            raise InputError(f"{points[number].label} cannot be estimated: {outcome.failure.reason}")
        row, which = places[number]
        energy[row, which], latency[row, which] = outcome.metrics["energy_pj"], outcome.metrics["latency_s"]
    return energy, latency


def _mapping_of(result: Result) -> str:
    """How a result's mappings were chosen, as ``mapping=`` takes it; what was given is searched."""
    return result.mapping if result.mapping in (QUICK, *DATAFLOWS) else DEFAULT
