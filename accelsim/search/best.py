"""Which mapping is the best known, and can a partial one still be better? Prices of complete ones by the engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.engine.capacity import fits
from accelsim.engine.case import Batch, Case, Floats, Ints
from accelsim.engine.evaluate import evaluate
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Nest
from accelsim.mapping.pinned import keeps_pins
from accelsim.search.bill import Least
from accelsim.search.certificate import EQUAL
from accelsim.search.heuristic import Objective, choose, scores, tiled
from accelsim.search.optimism import Optimist
from accelsim.search.partial import Bools, Partial


class Best:
    """The best mapping of a case so far.

    Parameters
    ----------
    chip : Chip
    case : Case
    objective : {"energy", "latency", "edp"}
    constraints : Constraints

    Attributes
    ----------
    nest : Nest or None
    value : (float, float)
        The objective, and what breaks ties.
    evaluated : int
        Mappings priced by the engine.
    candidates : int
        Partial mappings bounded.
    beam : int or None
        Most rows to go on with at once; None for all that are hopeful.
    """

    def __init__(self, chip: Chip, case: Case, objective: Objective, constraints: Constraints) -> None:
        self.chip, self.case, self.objective, self.constraints = chip, case, objective, constraints
        self.nest: Nest | None = None
        self.value = (np.inf, np.inf)
        self.evaluated = 0
        self.candidates = 0
        self.beam: int | None = None

    def bounded(self, own: Optimist, part: Partial) -> Least:
        """Return the lower bounds of partial mappings, and count them."""
        self.candidates += len(part)
        return own.least(part)

    def score(self, least: Least) -> tuple[Floats, Floats]:
        """Return the objective of every row, and what breaks ties."""
        if self.objective == "energy":
            return least.energy, least.cycles
        return (least.cycles if self.objective == "latency" else least.energy * least.cycles), least.energy

    def worse(self, first: Floats, second: Floats) -> Bools:
        """Return whether rows with such scores are no better than the best."""
        value, other = self.value
        if not np.isfinite(value):
            return np.zeros(len(first), dtype=bool)
        return (first > value * (1 + EQUAL)) | ((first > value * (1 - EQUAL)) & (second > other * (1 - EQUAL)))

    def hopeful(self, least: Least) -> Ints:
        """Return the rows that fit and may be better than the best, the most promising first.

        Of more than a beam takes, half are the most promising and half are spread evenly over the others.
        """
        first, second = self.score(least)
        rows = np.flatnonzero(least.fits & ~self.worse(first, second))
        rows = rows[np.lexsort((second[rows], first[rows]))]
        if self.beam is not None and len(rows) > self.beam:
            half = self.beam // 2
            others = np.linspace(half, len(rows) - 1, self.beam - half).astype(np.int64)
            rows = rows[np.concatenate([np.arange(half), others])]
        return rows

    def take_heuristic(self) -> None:
        """Start from a good mapping, if there is one."""
        try:
            choice = choose(self.chip, [self.case], self.chip.dataflows, self.objective)[0]
        except InfeasibleError:
            return
        self.price(choice.structure, [choice.tiles])

    def price(self, structure: Nest, tilings: Sequence[tuple[int, ...]]) -> None:
        """Price mappings of one structure, and keep one if it fits, obeys and is the best."""
        which = np.zeros(len(tilings), dtype=np.int64)
        tiles = np.array(tilings, dtype=np.int64).reshape(len(tilings), -1)
        counts = count_many([self.case.shape], which, structure, tiles)
        batch = Batch(self.chip, [self.case], which)
        first, second = scores(evaluate(batch, structure, counts, exact=False), self.objective)
        self.evaluated += len(tilings)
        fitting = fits(batch, structure, counts)
        for row in np.lexsort((second, first)):
            if first[row] > self.value[0] * (1 + EQUAL):
                break
            if fitting[row] and not self.worse(first[row : row + 1], second[row : row + 1])[0]:
                nest = tiled(structure, tilings[row], self.case)
                if keeps_pins(nest, self.case.shape, self.constraints):
                    self.value, self.nest = (float(first[row]), float(second[row])), nest
