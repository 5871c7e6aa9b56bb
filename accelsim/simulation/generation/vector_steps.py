"""What does a layer without multiply-accumulates, such as a softmax over the context, cost in every decode step?

Its words and operations are affine in the context; its time is, in every step, that of the slowest of the vector
unit, the converters and the memories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.engine.cycles import port_cycles
from accelsim.hardware.chip import Chip
from accelsim.simulation.generation.tally import Tally
from accelsim.simulation.line import Line, static_lines
from accelsim.simulation.result import LayerResult
from accelsim.simulation.vector_layer import cause

WRITING = ("fill", "update")
STATIC = ("clock", "leakage", "background")
Key = tuple[str, str, str, str]


def add_vector_steps(
    tally: Tally, chip: Chip, first: tuple[int, LayerResult], last: tuple[int, LayerResult], contexts: Ints, steps: Ints
) -> None:
    """Add all repeats of a vector layer in some steps.

    Parameters
    ----------
    tally : Tally
    chip : Chip
    first, last : (int, LayerResult)
        Two contexts and what the layer costs there; between them all is affine.
    contexts, steps : int64 arrays
        Of the steps, and their places in the tally.
    """
    (start, one), (stop, other) = first, last
    repeat, share = one.layer.repeat, (contexts - start) / (stop - start)
    bill = dict(_growing_bill(one, other, share))
    busy = _busy(chip, one, other, share, bill)
    cycles = np.zeros(len(contexts))
    if busy:
        names, needed = list(busy), np.stack(list(busy.values()))
        cycles, limiter = needed.max(axis=0), needed.argmax(axis=0)
        limited = {name: float(cycles[limiter == number].sum()) * repeat for number, name in enumerate(names)}
        causes: Counter[str] = Counter()
        for name, value in limited.items():
            causes[cause(name)] += value  # type: ignore[assignment]
        tally.add_causes(causes, limited)
    tally.add_cycles(steps, cycles * repeat)
    lines = [*bill.values(), *((line, cycles * line.count * line.bits) for line in static_lines(chip, 1.0))]
    for line, amount in lines:
        unit = float("nan") if line.cost is None else line.cost.value
        tally.add_bill(steps, (line.part, line.place, line.action), amount * repeat, unit)


def _busy(
    chip: Chip, one: LayerResult, other: LayerResult, share: Floats, bill: dict[Key, tuple[Line, Floats]]
) -> dict[str, Floats]:
    """Cycles that each resource alone needs in every step, in the order of the layer's own."""
    found: dict[str, Floats] = {}
    levels = {level.name: level for level in chip.levels}
    for name in dict.fromkeys([*one.busy, *other.busy]):
        if name not in levels:
            found[name] = _between(one.busy.get(name, 0.0), other.busy.get(name, 0.0), share)
            continue
        moved = [np.zeros(len(share)), np.zeros(len(share))]
        for line, bits in bill.values():
            if line.part == "memory" and line.place == name:
                side = int(line.action in WRITING)
                moved[side] = moved[side] + bits
        found[name] = port_cycles(levels[name], *moved)
    return found


def _growing_bill(one: LayerResult, other: LayerResult, share: Floats) -> Iterator[tuple[Key, tuple[Line, Floats]]]:
    """Every line that does not come from time, with its operations or bits in every step."""
    ends = [_bill(end) for end in (one, other)]
    for key in dict.fromkeys([*ends[0], *ends[1]]):
        start, stop = (end[key].total_bits if key in end else 0.0 for end in ends)
        yield key, (ends[0].get(key) or ends[1][key], _between(start, stop, share))


def _between(first: float, last: float, share: Floats) -> Floats:
    return np.asarray(first + (last - first) * share)


def _bill(one: LayerResult) -> dict[Key, Line]:
    """The lines that do not come from time, by what tells them apart."""
    found: dict[Key, Line] = {}
    for line in one.lines:
        key = line.part, line.place, line.operand, line.action
        if line.part not in STATIC:
            assert key not in found or found[key].bits == line.bits
            merged = Line(*key, found[key].count + line.count, line.bits, line.cost) if key in found else line
            found[key] = merged
    return found
