"""What do all decode steps of a generation cost? Each exactly, with few of them estimated by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Case, Ints
from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Nest
from accelsim.search.heuristic import Choice, Objective
from accelsim.simulation.generation.growing_batch import GrowingLayer
from accelsim.simulation.generation.mac_steps import ChosenSteps, add_mac_steps
from accelsim.simulation.generation.stretches import Planned, Stretch, stretches
from accelsim.simulation.generation.tally import Tally
from accelsim.simulation.generation.vector_steps import add_vector_steps
from accelsim.simulation.result import Result

Chooser = Callable[[Mapping[str, Case]], Mapping[str, Choice]]
"""Returns the mappings of some cases by name."""


@dataclass(frozen=True)
class Steps:
    """The decode steps of a generation.

    Parameters
    ----------
    contexts : range
        Of the steps.
    tally : Tally
    macs : int
        Of all steps.
    estimated : dict of context to Result
        Steps that were estimated by themselves.
    chosen : tuple of ChosenSteps
        Mappings of the layers whose context grows, for the other steps.
    """

    contexts: range
    tally: Tally
    macs: int
    estimated: Mapping[int, Result]
    chosen: tuple[ChosenSteps, ...]

    def nests(self, context: int) -> dict[str, Nest]:
        """Return the mapping of every layer whose context grows, by name, in one step; {} where it was estimated."""
        if context in self.estimated:
            return {}
        found = ((each.layer.first.layer.name, each.nest(context)) for each in self.chosen)
        return {name: nest for name, nest in found if nest is not None}


def decode_steps(
    contexts: range,
    chip: Chip,
    objective: Objective,
    estimate: Callable[[int], Result],
    choose: Chooser,
    planned: Planned,
    *,
    every_step: bool = False,
) -> Steps:
    """Return the cost of every decode step.

    Parameters
    ----------
    contexts : range
    chip : Chip
    objective : {"energy", "latency", "edp"}
    estimate : callable
        From a context to the step's own estimate.
    choose : callable
        Returns the mapping of every case, as the estimates chose it.
    planned : callable
        Returns what stays on chip, for the network of a result and other sizes of its tensors.
    every_step : bool
        Whether every step has a mapping of its own.
    """
    tally = Tally(len(contexts), chip.outermost.name)
    estimated: dict[int, Result] = {}
    chosen: list[ChosenSteps] = []
    macs = 0

    def once(context: int) -> Result:
        if context not in estimated:
            estimated[context] = estimate(context)
        return estimated[context]

    for stretch in stretches(contexts[0], contexts[-1], once, planned):
        start, stop = stretch.ends
        inner = np.array([context for context in range(start + 1, stop) if context not in estimated], dtype=int)
        if inner.size:
            chosen += _add_inner(tally, chip, stretch, inner, inner - contexts[0], objective, choose, every_step)
            macs += _between(stretch, inner)
    for context, result in estimated.items():
        tally.add_result(context - contexts[0], result)
        macs += result.macs
    return Steps(contexts, tally, macs, estimated, tuple(chosen))


def _between(stretch: Stretch, inner: Ints) -> int:
    """MACs of the steps between, which are affine in the context, as an exact integer."""
    start, stop = stretch.ends
    first, last = stretch.results[start].macs, stretch.results[stop].macs
    ahead = sum(int(context) - start for context in inner)
    return first * len(inner) + (last - first) * ahead // (stop - start)


def _add_inner(
    tally: Tally,
    chip: Chip,
    stretch: Stretch,
    inner: Ints,
    steps: Ints,
    objective: Objective,
    choose: Chooser,
    every_step: bool,
) -> list[ChosenSteps]:
    """Add the steps of a stretch that were not estimated; layers that do not change are counted as one estimate."""
    start, stop = stretch.ends
    first, last = stretch.results[start], stretch.results[stop]
    tally.add_fixed(steps, first)
    growing = []
    for one, other in zip(first.layers, last.layers, strict=True):
        name = one.layer.name
        if one.formats is None and one.lines != other.lines:
            add_vector_steps(tally, chip, (start, one), (stop, other), inner, steps)
        elif one.formats is not None and stretch.cases[start][name].identity != stretch.cases[stop][name].identity:
            growing.append(name)
        else:
            tally.add_layer(steps, one)
    chosen = []
    for name in growing:
        cases = {context: own[name] for context, own in stretch.cases.items()}
        layer = GrowingLayer(cases[start], cases[stop], start, stop, first.scheme)
        if every_step:
            cases = {int(context): layer.case(int(context)) for context in inner}
        choices = _choices(cases, choose)
        for begin in range(0, len(inner), COUNTED):
            some = slice(begin, begin + COUNTED)
            chosen.append(add_mac_steps(tally, chip, layer, choices, inner[some], steps[some], objective))
    return chosen


COUNTED = 8192
"""Steps counted together, so that memory stays bounded."""
AT_ONCE = 128
"""Cases mapped together: more take memory and no less time."""


def _choices(cases: Mapping[int, Case], choose: Chooser) -> dict[int, Choice]:
    found: dict[int, Choice] = {}
    contexts = list(cases)
    for start in range(0, len(contexts), AT_ONCE):
        some = contexts[start : start + AT_ONCE]
        own = choose({str(context): cases[context] for context in some})
        found |= {context: own[str(context)] for context in some}
    return found
