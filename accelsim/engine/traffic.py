"""How many bits of each operand pass each level, and in which direction?

Words come from the counts; their width depends on where they are (`accelsim.engine.width`): stored above
the level that converts them, compute width from there down, less where a level holds them coded; partial sums
move at accumulator width, finished outputs as they are stored. The density of a layer, and what a chip makes of
declared zeros (`accelsim.engine.sparsity`), scale what MACs do, not which words are fetched; a resident operand
never passes the levels outside its home.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from accelsim.engine.case import Batch, Case, Floats
from accelsim.engine.case import home as home_level
from accelsim.engine.width import chain_of, conversion_place, multiplied_at, multiplied_bits, stored_at
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Nest

Action = Literal["read", "fill", "return", "update", "drain"]
READS: frozenset[Action] = frozenset({"read", "drain"})
WRITES: frozenset[Action] = frozenset({"fill", "return", "update"})


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
        Words of these that move before the first step: the first boxes of W and I.
    closing : float64 array or 0
        Words of these that move after the last step: the last box of O.
    finished : bool
        Whether output words are finished (stored width) or partial sums (accumulator width).
    """

    level: str
    operand: str
    action: Action
    words: Floats
    bits: Floats
    opening: Floats
    closing: Floats | float = 0.0
    finished: bool = False

    @property
    def total_bits(self) -> Floats:
        """Bits moved, shape (n,)."""
        return self.words * self.bits


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
    density = batch.each(lambda case: float(case.shape.density))
    kept = home_level(batch.chip)
    home = kept.name if kept else None
    flows: list[Flow] = []
    converted: dict[str, Floats] = {}
    for operand in "WI":
        crossing, words = _inputs(batch, operand, chain_of(nest, operand), counts, density, home)
        flows += crossing
        converted[operand] = words
    chain = chain_of(nest, "O")
    flows += _outputs(batch, chain, counts, density, home)
    flows += _biases(batch, home)
    merged = np.zeros(len(batch.case_of))
    for above, level in pairwise(chain):
        parent, child = counts.levels[above, "O"], counts.levels[level, "O"]
        left = np.asarray(child.drains_partial) + child.drains_final
        merged = merged + np.maximum(left - parent.updates_partial - parent.updates_final, 0)
    return Traffic(tuple(flows), converted, merged, home)


def _biases(batch: Batch, home: str | None) -> list[Flow]:
    """Biases and folded norms are read once, unquantized, straight into the accumulators."""
    words = batch.each(lambda case: case.layer.parameters)
    bits = batch.each(lambda case: case.vector_format.bits)
    kept = batch.each(keeps_weights)
    flows = [Flow(batch.chip.outermost.name, "bias", "read", words * (1 - kept), bits, 0 * words)]
    return flows if home is None else [*flows, Flow(home, "bias", "read", words * kept, bits, 0 * words)]


def keeps_weights(case: Case) -> bool:
    """Return whether the layer's weights, and so its biases, stay on chip."""
    return "W" in case.resident and case.layer.second_operand == "weights"


def _moving(batch: Batch, operand: str, chain: list[str], place: int, home: str | None) -> Floats:
    """1 where the words between ``chain[place]`` and the level inside it really move, else 0."""
    if home is None or home not in chain:
        return np.ones(len(batch.case_of))
    outside = chain.index(home) > place
    return batch.each(lambda case: not (outside and operand in case.resident))


def _fed(batch: Batch, operand: str, level: str) -> Floats:
    """Share of the words of the innermost level that passes between it and the MACs."""
    return batch.each(lambda case: case.work.fed(operand, level))


def _inputs(
    batch: Batch, operand: str, chain: list[str], counts: Counts, density: Floats, home: str | None
) -> tuple[list[Flow], Floats]:
    """Flows of W or I through its levels, and the words that pass its conversion."""
    point = batch.each(lambda case: conversion_place(batch.chip, chain, case, operand))
    zero = np.zeros(len(batch.case_of))
    flows = []
    converted = zero
    for place, level in enumerate(chain):
        tally = counts.levels[level, operand]
        multiplied = batch.each(lambda case, level=level: multiplied_at(case, operand, level))  # type: ignore[misc]
        stored = batch.each(lambda case, level=level: stored_at(case, operand, level))  # type: ignore[misc]
        bits = np.where(place >= point, multiplied, stored)
        if place:
            moving = _moving(batch, operand, chain, place - 1, home)
            fills = tally.fills * moving
            flows.append(Flow(level, operand, "fill", fills, bits, counts.opening[level, operand].fills * moving))
            converted = np.where(place == point, fills, converted)
        if place == len(chain) - 1:
            fed = tally.reads * density * _fed(batch, operand, level)
            flows.append(Flow(level, operand, "read", fed, bits, zero))
            converted = np.where(point == len(chain), fed, converted)
        else:
            moving = _moving(batch, operand, chain, place, home)
            inside = chain[place + 1]
            opening = counts.opening[inside, operand].reads * moving
            flows.append(Flow(level, operand, "read", tally.reads * moving, bits, opening))
    return flows, converted


def _outputs(batch: Batch, chain: list[str], counts: Counts, density: Floats, home: str | None) -> list[Flow]:
    partial = batch.each(lambda case: multiplied_bits(case, "O"))
    zero = np.zeros(len(batch.case_of))
    flows = []
    for place, level in enumerate(chain):
        tally = counts.levels[level, "O"]
        innermost = place == len(chain) - 1
        stored = batch.each(lambda case, level=level: stored_at(case, "O", level))  # type: ignore[misc]
        below = density * _fed(batch, "O", level) if innermost else _moving(batch, "O", chain, place, home)
        above = _moving(batch, "O", chain, place - 1, home) if place else zero
        last_in = zero if innermost else counts.closing[chain[place + 1]].updates * below
        last_out = counts.closing[level].drains * above if place else zero
        updates, drains = below * tally.updates_final, above * tally.drains_final
        unfinished = above * tally.drains_partial
        flows += [
            Flow(level, "O", "read", below * tally.reads, partial, zero),
            Flow(level, "O", "update", below * tally.updates_partial, partial, zero),
            Flow(level, "O", "update", updates, stored, zero, np.minimum(last_in, updates), finished=True),
            Flow(level, "O", "return", above * tally.fills, partial, zero),
            Flow(level, "O", "drain", unfinished, partial, zero, np.clip(last_out - drains, 0, unfinished)),
            Flow(level, "O", "drain", drains, stored, zero, np.minimum(last_out, drains), finished=True),
        ]
    return flows
