"""How many bits of each operand pass each level, and in which direction?

Words come from the counts; their width depends on where they are. A value moves at its stored width
(block scales included) above the level that converts it and at compute width from there down; partial
sums move at accumulator width, finished outputs as they are stored. The density of a layer scales what
MACs do, not what is fetched; a resident operand never passes the levels outside its home.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from accelsim.engine.case import Batch, Floats
from accelsim.engine.case import home as home_level
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Keep, Nest

Action = Literal["read", "fill", "return", "update", "drain"]
READS: frozenset[Action] = frozenset({"read", "drain"})


@dataclass(frozen=True)
class Flow:
    """Words of one width that one level moves for one operand, over all its instances.

    Parameters
    ----------
    action : {"read", "fill", "return", "update", "drain"}
        "read" and "drain" leave the level downward and upward; "fill", "return" (of partial sums)
        and "update" enter it from above, above and below.
    words, bits : float64 arrays, shape (n,)
        Words moved, and the width of one.
    opening : float64 array, shape (n,)
        Words of these that move before the first step (fills of the first boxes).
    finished : bool
        Whether output words are finished (stored width) or partial sums (accumulator width).
    """

    level: str
    operand: str
    action: Action
    words: Floats
    bits: Floats
    opening: Floats
    finished: bool = False

    @property
    def total_bits(self) -> Floats:
        """Bits moved, shape (n,)."""
        return self.words * self.bits


@dataclass(frozen=True)
class Widths:
    """Bits of one word of each kind in every case, each a float64 array of shape (n,)."""

    stored: dict[str, Floats]
    multiplied: dict[str, Floats]
    partial: Floats
    finished: Floats

    @classmethod
    def of(cls, batch: Batch) -> Widths:
        """Return the widths that the formats of each case ask for."""
        return cls(
            stored={
                "W": batch.each(lambda case: float(case.formats.weight_bits)),
                "I": batch.each(lambda case: float(case.formats.input_bits)),
            },
            multiplied={
                "W": batch.each(lambda case: case.formats.compute_weight.bits),
                "I": batch.each(lambda case: case.formats.compute_input.bits),
            },
            partial=batch.each(lambda case: case.formats.accumulator.bits),
            finished=batch.each(lambda case: float(case.formats.output_bits)),
        )


@dataclass(frozen=True)
class Traffic:
    """All flows of a batch, and the words converted on their way in.

    Parameters
    ----------
    flows : tuple of Flow
    converted : dict of operand to float64 array, shape (n,)
        Words of W and I that pass their conversion point.
    merged : float64 array, shape (n,)
        Partial sums added to another on their way up, outside the MACs.
    home : str or None
        The level that keeps resident operands.
    """

    flows: tuple[Flow, ...]
    converted: dict[str, Floats]
    merged: Floats
    home: str | None

    def bits(self, level: str, actions: frozenset[Action], operand: str | None = None) -> Floats:
        """Bits that ``level`` moves in ``actions``, for one operand or all, shape (n,)."""
        chosen = [
            flow.total_bits for flow in self.flows
            if flow.level == level and flow.action in actions and operand in (None, flow.operand)
        ]  # fmt: skip
        return np.asarray(sum(chosen, start=np.zeros_like(self.merged)))


def traffic(batch: Batch, nest: Nest, counts: Counts) -> Traffic:
    """Return the flows of every level for the counts of a batch.

    Parameters
    ----------
    batch : Batch
    nest : Nest
        The structure that ``counts`` was evaluated for.
    counts : Counts
        Arrays of shape (n,), or integers for a single mapping.
    """
    widths = Widths.of(batch)
    density = batch.each(lambda case: float(case.shape.density))
    kept = home_level(batch.chip)
    home = kept.name if kept else None
    flows: list[Flow] = []
    converted: dict[str, Floats] = {}
    for operand in "WI":
        chain = _chain(nest, operand)
        crossing, words = _inputs(batch, operand, chain, counts, widths, density, home)
        flows += crossing
        converted[operand] = words
    chain = _chain(nest, "O")
    flows += _outputs(batch, chain, counts, widths, density, home)
    flows.append(_bias(batch))
    merged = np.zeros(len(batch.case_of))
    for above, level in pairwise(chain):
        parent, child = counts.levels[above, "O"], counts.levels[level, "O"]
        left = np.asarray(child.drains_partial) + child.drains_final
        merged = merged + np.maximum(left - parent.updates_partial - parent.updates_final, 0)
    return Traffic(tuple(flows), converted, merged, home)


def _bias(batch: Batch) -> Flow:
    """Biases and folded norms are read once, unquantized, straight into the accumulators."""
    words = batch.each(lambda case: case.layer.parameters)
    bits = batch.each(lambda case: case.vector_format.bits)
    return Flow(batch.chip.outermost.name, "bias", "read", words, bits, 0 * words)


def _chain(nest: Nest, operand: str) -> list[str]:
    return [line.level for line in nest.lines if isinstance(line, Keep) and operand in line.operands]


def _moving(batch: Batch, operand: str, chain: list[str], place: int, home: str | None) -> Floats:
    """1 where the words between ``chain[place]`` and the level inside it really move, else 0."""
    if home is None or home not in chain:
        return np.ones(len(batch.case_of))
    outside = chain.index(home) > place
    return batch.each(lambda case: not (outside and operand in case.resident))


def _inputs(
    batch: Batch, operand: str, chain: list[str], counts: Counts, widths: Widths, density: Floats, home: str | None
) -> tuple[list[Flow], Floats]:
    stored, multiplied = widths.stored[operand], widths.multiplied[operand]
    point = _conversion_point(batch, operand, chain)
    zero = np.zeros(len(batch.case_of))
    flows = []
    for place, level in enumerate(chain):
        tally = counts.levels[level, operand]
        innermost = place == len(chain) - 1
        reads = tally.reads * density if innermost else tally.reads * _moving(batch, operand, chain, place, home)
        converted_here = (place >= point) & ((place > 0) | (len(chain) > 1))
        opening = zero if innermost else counts.opening[level, operand] * _moving(batch, operand, chain, place, home)
        flows.append(Flow(level, operand, "read", reads, np.where(converted_here, multiplied, stored), opening + zero))
        if place:
            moving = _moving(batch, operand, chain, place - 1, home)
            fills = tally.fills * moving
            first = counts.opening[chain[place - 1], operand] * moving
            flows.append(
                Flow(level, operand, "fill", fills, np.where(place >= point, multiplied, stored), first + zero)
            )
    if len(chain) == 1:
        return flows, counts.levels[chain[0], operand].reads * density
    converted = zero
    for place in range(1, len(chain)):
        fills = counts.levels[chain[place], operand].fills * _moving(batch, operand, chain, place - 1, home)
        converted = np.where(point == place, fills, converted)
    return flows, converted


def _conversion_point(batch: Batch, operand: str, chain: list[str]) -> Floats:
    """Place in ``chain`` of the level that converts, shape (n,): the innermost unless the scheme names one."""

    def place(convert_at: str | None) -> int:
        return chain.index(convert_at) if convert_at in chain else len(chain) - 1

    return batch.each(lambda case: place(case.formats.convert_at))


def _outputs(
    batch: Batch, chain: list[str], counts: Counts, widths: Widths, density: Floats, home: str | None
) -> list[Flow]:
    zero = np.zeros(len(batch.case_of))
    flows = []
    for place, level in enumerate(chain):
        tally = counts.levels[level, "O"]
        innermost = place == len(chain) - 1
        below = density if innermost else _moving(batch, "O", chain, place, home)
        above = _moving(batch, "O", chain, place - 1, home) if place else zero
        finished_below = below * tally.updates_final
        flows += [
            Flow(level, "O", "read", below * tally.reads, widths.partial, zero),
            Flow(level, "O", "update", below * tally.updates_partial, widths.partial, zero),
            Flow(level, "O", "update", finished_below, widths.finished, zero, finished=True),
            Flow(level, "O", "return", above * tally.fills, widths.partial, zero),
            Flow(level, "O", "drain", above * tally.drains_partial, widths.partial, zero),
            Flow(level, "O", "drain", above * tally.drains_final, widths.finished, zero, finished=True),
        ]
    return flows
