"""Between which decode steps is everything affine in the context? Stretches of steps, each between estimates.

A step's network differs from the next in the extents of its attention, which are affine in the context up to a
window and constant beyond it. What stays on chip changes as scores outgrow their place: where, is found by planning
what stays for the sizes in between. If that does not explain why steps differ, the stretch is cut in two, until its
estimated steps (its ends, and one between) agree in everything but numbers on one line.

That steps which agree at both ends of a stretch keep the same tensors on chip in between is no guess: tensors are
admitted one by one, none shrinks as the context grows, so that the first that is admitted at one step and not at a
later one would have to be readmitted with nothing gone that stood in its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from math import isclose

from accelsim.engine.case import Case
from accelsim.simulation.estimate import costed_cases
from accelsim.simulation.memory import output_bits
from accelsim.simulation.result import Result

ROUNDING = 1e-12
Planned = Callable[[Result, Mapping[str, float]], object]


@dataclass(frozen=True)
class Stretch:
    """Steps between estimated ones, by context."""

    results: Mapping[int, Result]
    cases: Mapping[int, Mapping[str, Case]]

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last context."""
        return min(self.results), max(self.results)

    @property
    def is_one(self) -> bool:
        """Whether its estimated steps agree in everything but numbers on one line."""
        start, stop = self.ends
        return stop - start <= 2 or _on_one_line(self.results, self.cases)


def stretches(first: int, last: int, estimate: Callable[[int], Result], planned: Planned) -> Iterator[Stretch]:
    """Yield the stretches between two contexts, in order; what lies between two of them was estimated.

    Parameters
    ----------
    first, last : int
    estimate : callable
        From a context to the step's own estimate.
    planned : callable
        Returns what stays on chip, for the network of a result and other sizes of its tensors.
    """
    found = _stretch(first, last, estimate)
    if found.is_one:
        yield found
        return
    for start, stop in pairwise([first, *_changes(found, planned), last + 1]):
        part = _stretch(start, stop - 1, estimate)
        if part.is_one:
            yield part
            continue
        middle = (start + stop - 1) // 2
        yield from stretches(start, middle, estimate, planned)
        yield from stretches(middle, stop - 1, estimate, planned)


def _stretch(first: int, last: int, estimate: Callable[[int], Result]) -> Stretch:
    results = {context: estimate(context) for context in sorted({first, (first + last) // 2, last})}
    return Stretch(results, {context: costed_cases(result) for context, result in results.items()})


def _changes(whole: Stretch, planned: Planned) -> list[int]:
    """Contexts from which on another set of tensors stays on chip, as sizes grow from end to end."""
    start, stop = whole.ends
    results = whole.results[start], whole.results[stop]
    sizes, grown = (output_bits(one.network, one.scheme) for one in results)
    if sizes.keys() != grown.keys():
        return []

    @cache
    def at(context: int) -> object:
        ahead = (context - start) / (stop - start)
        return planned(results[0], {name: bits + (grown[name] - bits) * ahead for name, bits in sizes.items()})

    def search(low: int, high: int) -> Iterator[int]:
        if at(low) == at(high):
            return
        if high - low == 1:
            yield high
            return
        middle = (low + high) // 2
        yield from search(low, middle)
        yield from search(middle, high)

    return list(search(start, stop))


def _on_one_line(results: Mapping[int, Result], cases: Mapping[int, Mapping[str, Case]]) -> bool:
    """Whether all numbers of some steps are affine in the context, and all else is equal."""
    contexts = sorted(results)
    described = [_described(results[context], cases[context]) for context in contexts]
    if any(kinds != described[0][0] for kinds, _ in described):
        return False
    start, span = contexts[0], contexts[-1] - contexts[0]
    columns = zip(*(numbers for _, numbers in described), strict=True)
    return all(_affine(column, [(context - start, span) for context in contexts]) for column in columns)


def _affine(column: Sequence[float], places: Sequence[tuple[int, int]]) -> bool:
    first, growth = column[0], column[-1] - column[0]
    pairs = list(zip(column, places, strict=True))
    if isinstance(first, int) and isinstance(growth, int):
        return all((value - first) * span == growth * ahead for value, (ahead, span) in pairs)
    return all(isclose(value, first + growth * ahead / span, rel_tol=ROUNDING) for value, (ahead, span) in pairs)


def _described(result: Result, cases: Mapping[str, Case]) -> tuple[tuple[object, ...], list[float]]:
    """What may not differ between the steps of a stretch, and the numbers that may grow."""
    kinds: list[object] = [result.residency.outputs, result.residency.weights, result.overhead_s]
    numbers: list[float] = []
    for layer in result.network.layers:
        kinds.append(replace(layer, shape=None, vector_ops=(), input_elements=0, output_elements=0))
        kinds.append(tuple(op for op, _ in layer.vector_ops))
        numbers += [layer.input_elements, layer.output_elements, *(count for _, count in layer.vector_ops)]
        if layer.shape is not None:
            case, shape = cases[layer.name], layer.shape
            kinds += [shape.density, shape.y, shape.x, case.resident, replace(case.formats, conversions=())]
            kinds.append(tuple((one.operand, one.per, one.operations) for one in case.formats.conversions))
            numbers += [*shape.extents.values(), case.reserved_bits]
    return tuple(kinds), numbers
