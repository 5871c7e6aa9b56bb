"""What is a layer of which one extent grows from decode step to decode step? Its cases, laid out over contexts.

Between two contexts every number of the layer is affine in the context: so is whatever the engine asks of it (its
words, its operations, what others take of the home level), and two cases stand for all between. Formats do not
change, but for how often a block of a reduction is rescaled; each such count has a pair of cases of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from accelsim.engine.case import Batch, Case, Floats, Ints
from accelsim.hardware.chip import Chip
from accelsim.scheme import LayerFormats, Scheme
from accelsim.workload.shape import DIMS


@dataclass(frozen=True)
class GrowingBatch(Batch):
    """Cases of one layer at many contexts.

    Parameters
    ----------
    cases, last : sequence of Case
        At the first and the last context, one pair for each of the formats.
    place : float64 array, shape (n,)
        How far each mapping's context is from the first, in tokens.
    span : int
        Tokens from the first to the last.
    """

    last: tuple[Case, ...]
    place: Floats
    span: int

    def each(self, value: Callable[[Case], float]) -> Floats:
        """Return ``value``, which must be affine in the context, over the mappings."""
        first, last = (np.array([float(value(case)) for case in end]) for end in (self.cases, self.last))
        if (first == last).all():
            return np.asarray(first[self.case_of])
        growth = (last - first)[self.case_of]
        return np.asarray(first[self.case_of] + np.where(growth == 0, 0.0, growth * self.place / self.span))


@dataclass(frozen=True)
class GrowingLayer:
    """One layer with MACs from a first context to a last.

    Parameters
    ----------
    first, last : Case
    start, stop : int
        Their contexts.
    scheme : Scheme
    """

    first: Case
    last: Case
    start: int
    stop: int
    scheme: Scheme

    def extents(self, contexts: Ints) -> dict[str, Ints]:
        """Return the loop extents at some contexts."""
        one, other = self.first.shape.extents, self.last.shape.extents
        ahead, span = contexts - self.start, self.stop - self.start
        return {dim: one[dim] + (other[dim] - one[dim]) * ahead // span for dim in DIMS}

    def case(self, context: int) -> Case:
        """Return the case of one context."""
        one, other = self.first.layer, self.last.layer
        ahead, span = context - self.start, self.stop - self.start
        extents = {dim: int(extent[0]) for dim, extent in self.extents(np.array([context])).items()}
        counts = dict(other.vector_ops)
        layer = replace(
            one,
            shape=replace(self.first.shape, **extents),  # type: ignore[arg-type]
            vector_ops=tuple((op, count + (counts[op] - count) * ahead // span) for op, count in one.vector_ops),
        )
        formats = self.scheme.resolve(layer, self.first.formats.output, self.first.formats.accumulator)
        taken = self.first.reserved_bits
        taken += (self.last.reserved_bits - taken) * ahead / span
        return replace(self.first, layer=layer, formats=formats, reserved_bits=taken)

    def batch(self, chip: Chip, contexts: Ints) -> GrowingBatch:
        """Return the cases of some contexts."""
        starts, formats = self._formats
        pairs = [(replace(self.first, formats=own), replace(self.last, formats=own)) for own in formats]
        which = np.searchsorted(np.array(starts), contexts, side="right") - 1
        cases, last = (tuple(pair[side] for pair in pairs) for side in (0, 1))
        return GrowingBatch(chip, cases, which, last, (contexts - self.start).astype(float), self.stop - self.start)

    @cached_property
    def _formats(self) -> tuple[list[int], list[LayerFormats]]:
        """The formats, and from which context on each is used; counts of blocks never fall."""
        known = {self.start: self.first.formats, self.stop: self.last.formats}
        starts, found = [self.start], [self.first.formats]
        while found[-1] != self.last.formats:
            behind = range(starts[-1] + 1, self.stop + 1)

            def differs(context: int, before: LayerFormats = found[-1]) -> bool:
                if context not in known:
                    known[context] = self.case(context).formats
                return known[context] != before

            place = bisect_right(behind, False, key=differs)
            starts.append(behind[place])
            found.append(known[behind[place]])
        return starts, found
