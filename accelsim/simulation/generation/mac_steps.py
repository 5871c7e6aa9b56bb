"""What does a layer whose context grows cost in every decode step? Good mappings of a few steps, tried in all.

Each step between two contexts that were mapped may have the mapping of either, with its tiles or with its bounds
kept (`retiling`); the best that fits is taken, by the rule of the heuristic. Every one is counted exactly.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from accelsim.engine.capacity import fits
from accelsim.engine.case import Floats, Ints
from accelsim.engine.evaluate import Evaluation, evaluate
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Chip
from accelsim.mapping.counts import count_many
from accelsim.mapping.digits import Bools
from accelsim.mapping.nest import Nest
from accelsim.search.heuristic import TIE, Choice, Objective, scores, tiled
from accelsim.simulation.generation.growing_batch import GrowingLayer
from accelsim.simulation.generation.retiling import RULES, retiled
from accelsim.simulation.generation.tally import Tally


@dataclass(frozen=True)
class Candidates:
    """Mappings of one structure in several steps: which of a step's candidates, in which step, with which tiles."""

    structure: Nest
    which: Ints
    step: Ints
    tiles: Ints


@dataclass(frozen=True)
class ChosenSteps:
    """The mapping of a layer in every step.

    Parameters
    ----------
    layer : GrowingLayer
    contexts : int64 array
        Of the steps, rising.
    chosen : sequence of Candidates
        One mapping a step.
    """

    layer: GrowingLayer
    contexts: Ints
    chosen: Sequence[Candidates]

    def nest(self, context: int) -> Nest | None:
        """Return the mapping of one step; None if it is not one of these."""
        step = int(np.searchsorted(self.contexts, context))
        if step == len(self.contexts) or self.contexts[step] != context:
            return None
        for own in self.chosen:
            found = np.flatnonzero(own.step == step)
            if found.size:
                return tiled(own.structure, own.tiles[found[0]].tolist(), self.layer.case(context))
        return None


def add_mac_steps(
    tally: Tally,
    chip: Chip,
    layer: GrowingLayer,
    choices: Mapping[int, Choice],
    contexts: Ints,
    steps: Ints,
    objective: Objective,
) -> ChosenSteps:
    """Add all repeats of a layer in some steps, each in the best mapping; return the mappings.

    Parameters
    ----------
    tally : Tally
    chip : Chip
    layer : GrowingLayer
    choices : mapping of context to Choice
        Mappings of the layer at all of ``contexts``, which are then theirs; or at others, among them one before and
        one after all of ``contexts``.
    contexts, steps : int64 arrays
        Of the steps, rising, and their places in the tally.
    objective : {"energy", "latency", "edp"}

    Raises
    ------
    InfeasibleError
        None of the mappings fits at some context.
    """
    repeat = layer.first.layer.repeat
    chosen = []
    for own, evaluation, won in _mapped(chip, layer, choices, contexts, objective):
        at = steps[own.step[won]]
        for term in evaluation.terms:
            amount = term.count[won] * term.bits[won] * repeat
            tally.add_bill(at, (term.part, term.place, term.action), amount, term.unit_pj[won])
        time = evaluation.time
        tally.add_cycles(at, time.total[won] * repeat)
        causes = {name: float(part[won].sum()) * repeat for name, part in time.parts.items()}
        limits = time.bound_by[won]
        limited = {str(name): float(time.total[won][limits == name].sum()) * repeat for name in np.unique(limits)}
        tally.add_causes(causes, limited)
        chosen.append(Candidates(own.structure, own.which[won], own.step[won], own.tiles[won]))
    return ChosenSteps(layer, contexts, chosen)


def _mapped(
    chip: Chip, layer: GrowingLayer, choices: Mapping[int, Choice], contexts: Ints, objective: Objective
) -> list[tuple[Candidates, Evaluation, Bools]]:
    """Candidates of every step, what they cost, and which of them are the best of their step."""
    every = range(len(RULES) * 2)
    sampled = set(every)
    if len(contexts) > 4 * SAMPLE:
        few = contexts[np.linspace(0, len(contexts) - 1, SAMPLE).astype(np.int64)]
        _, winner, _ = _compared(chip, layer, _candidates(layer, choices, few, every), few, objective)
        sampled = set(winner.tolist())
    for wanted in (sampled, every):
        groups, winner, best = _compared(
            chip, layer, _candidates(layer, choices, contexts, wanted), contexts, objective
        )
        if np.isfinite(best).all():
            return [(own, result, winner[own.step] == own.which) for own, result in groups]
    context = int(contexts[np.flatnonzero(~np.isfinite(best))[0]])
    raise InfeasibleError(
        f"a mapping of a neighboring step must fit the step of context {context}; none does. Map every step anew.",
        where=layer.first.layer.name,
    )


SAMPLE = 33
"""Steps in which all mappings are compared, where there are many; those that are best in none are not tried in the
others."""


def _compared(
    chip: Chip, layer: GrowingLayer, candidates: Iterable[Candidates], contexts: Ints, objective: Objective
) -> tuple[list[tuple[Candidates, Evaluation]], Ints, Floats]:
    """What all candidates cost, which is best in each step, and the objective there: infinite if none fits."""
    first, second = (np.full((2 * len(RULES), len(contexts)), np.inf) for _ in range(2))
    groups = []
    for own in candidates:
        evaluation, possible = _evaluated(chip, layer, own, contexts)
        one, other = scores(evaluation, objective)
        first[own.which, own.step] = np.where(possible, one, np.inf)
        second[own.which, own.step] = np.where(possible, other, 1.0)
        groups.append((own, evaluation))
    best = first.min(axis=0)
    good = first <= best * (1 + TIE)
    winner = np.where(good, first, np.inf) * np.where(good, second, 1.0)
    return groups, winner.argmin(axis=0), best


def _candidates(
    layer: GrowingLayer, choices: Mapping[int, Choice], contexts: Ints, wanted: Container[int]
) -> Iterator[Candidates]:
    """A step's own mapping, or those wanted of both neighbors' under both rules, by structure."""
    whole = set(choices).issuperset(contexts.tolist())
    found: dict[Nest, list[tuple[Ints, Ints, Ints]]] = {}
    for structure, which, steps, tiles in (
        _own(choices, contexts) if whole else _neighbors(layer, choices, contexts, wanted)
    ):
        found.setdefault(structure, []).append((which, steps, tiles))
    for structure, parts in found.items():
        yield Candidates(structure, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _own(choices: Mapping[int, Choice], contexts: Ints) -> Iterator[tuple[Nest, Ints, Ints, Ints]]:
    for step, context in enumerate(contexts.tolist()):
        tiles = np.array([choices[context].tiles], dtype=np.int64)
        yield choices[context].structure, np.zeros(1, dtype=np.int64), np.array([step]), tiles


def _neighbors(
    layer: GrowingLayer, choices: Mapping[int, Choice], contexts: Ints, wanted: Container[int]
) -> Iterator[tuple[Nest, Ints, Ints, Ints]]:
    extents = layer.extents(contexts)
    for before, after in pairwise(sorted(choices)):
        steps = np.arange(np.searchsorted(contexts, before), np.searchsorted(contexts, after))
        if not steps.size:
            continue
        sizes = {dim: extent[steps] for dim, extent in extents.items()}
        known: list[tuple[Nest, Ints]] = []
        for which, (rule, context) in enumerate(product(RULES, (before, after))):
            if which not in wanted:
                continue
            structure = choices[context].structure
            tiles = retiled(choices[context], layer.case(context).shape, sizes, rule)
            if not any(structure == other and np.array_equal(tiles, same) for other, same in known):
                known.append((structure, tiles))
                yield structure, np.full(len(steps), which), steps, tiles


def _evaluated(chip: Chip, layer: GrowingLayer, own: Candidates, contexts: Ints) -> tuple[Evaluation, Bools]:
    """What the candidates cost, and which of them are mappings that fit the chip."""
    at = contexts[own.step]
    one = np.zeros(len(at), dtype=np.int64)
    counts = count_many([layer.first.shape], one, own.structure, own.tiles, extents=layer.extents(at))
    batch = layer.batch(chip, at)
    possible = fits(batch, own.structure, counts)
    for fanout in chip.fanouts:
        possible &= counts.instances.get(fanout.name, one) <= fanout.size
    return evaluate(batch, own.structure, counts, exact=False), possible
