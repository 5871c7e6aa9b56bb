"""What do mappings cost on a chip? Energy term by term, cycles part by part, bounds asserted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.engine.bounds import Bounds, bounds
from accelsim.engine.case import Batch, Floats
from accelsim.engine.cycles import Cycles, cycles
from accelsim.engine.energy import Term, dynamic_terms, static_terms
from accelsim.engine.traffic import READS, WRITES, Traffic, traffic
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Nest

ROUNDING = 1e-9
"""Relative slack for float sums when a bound is asserted."""


@dataclass(frozen=True)
class Evaluation:
    """The cost of every mapping of a batch.

    Parameters
    ----------
    batch : Batch
    nest : Nest
        Structure of the mappings.
    counts : Counts
    moved : Traffic
    terms : tuple of Term
        They sum to the energy.
    time : Cycles
    """

    batch: Batch
    nest: Nest
    counts: Counts
    moved: Traffic
    terms: tuple[Term, ...]
    time: Cycles

    @cached_property
    def bounds(self) -> Bounds:
        """What no mapping of the cases can beat."""
        return bounds(self.batch)

    @property
    def energy_pj(self) -> Floats:
        """Energy in pJ, shape (n,); NaN where a cost is unknown."""
        total = np.zeros(len(self.batch.case_of))
        for term in self.terms:  # one after another, so that a mapping costs the same alone and among others
            total = total + term.energy_pj
        return total

    @property
    def cycles(self) -> Floats:
        """Time in cycles, shape (n,)."""
        return self.time.total


def evaluate(batch: Batch, nest: Nest, counts: Counts, *, exact: bool = True) -> Evaluation:
    """Return the cost of every mapping of a batch.

    Parameters
    ----------
    batch : Batch
        The cases and which of them each mapping belongs to.
    nest : Nest
        Structure of the mappings.
    counts : Counts
        Counts of the same mappings, arrays of shape (n,).
    exact : bool
        Whether the counts are exact, so that the bounds must hold.

    Raises
    ------
    AssertionError
        A result beats the roofline or the least traffic: a defect of accelsim, never of the input.
    UnsupportedError
        The chip cannot multiply the formats of a case.
    """
    moved = traffic(batch, nest, counts)
    time = cycles(batch, nest, counts, moved)
    terms = (*dynamic_terms(batch, nest, moved), *static_terms(batch, time.total))
    result = Evaluation(batch, nest, counts, moved, terms, time)
    if exact:
        _assert_bounds(result)
    return result


def _assert_bounds(result: Evaluation) -> None:
    limits, energy = result.bounds, result.energy_pj
    assert (result.cycles >= limits.cycles * (1 - ROUNDING)).all(), "a result beats the roofline"
    dram = result.moved.bits(result.batch.chip.outermost.name, READS | WRITES)
    assert (dram >= limits.dram_bits * (1 - ROUNDING)).all(), "a result beats the least traffic"
    known = ~np.isnan(energy) & ~np.isnan(limits.energy_pj)
    assert (energy[known] >= limits.energy_pj[known] * (1 - ROUNDING)).all(), "a result beats the least energy"
