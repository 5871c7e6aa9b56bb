"""Which mapping is the best known? Prices of complete ones by the engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.capacity import fits
from accelsim.engine.case import Batch, Case, Floats
from accelsim.engine.evaluate import evaluate
from accelsim.errors import InfeasibleError
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Nest
from accelsim.mapping.pinned import keeps_pins
from accelsim.search.certificate import EQUAL
from accelsim.search.heuristic import Objective, choose, scores, tiled


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
    """

    def __init__(self, chip: Chip, case: Case, objective: Objective, constraints: Constraints) -> None:
        self.chip, self.case, self.objective, self.constraints = chip, case, objective, constraints
        self.nest: Nest | None = None
        self.value = (np.inf, np.inf)
        self.evaluated = 0
        self.waits = any(level.buffering != "ideal" for level in chip.levels[:-1])

    def worse(self, first: Floats, second: Floats) -> NDArray[np.bool_]:
        """Return whether rows with such scores are no better than the best."""
        value, other = self.value
        if not np.isfinite(value):
            return np.zeros(len(first), dtype=bool)
        return (first > value * (1 + EQUAL)) | ((first > value * (1 - EQUAL)) & (second > other * (1 - EQUAL)))

    def take_heuristic(self, others: Sequence[Case] = ()) -> None:
        """Take the heuristic's mapping, if there is one; mapping many layers at once takes little more time."""
        for cases in ([self.case, *others], [self.case]):
            with suppress(InfeasibleError):  # maybe of another
                choice = choose(self.chip, cases, self.chip.dataflows, self.objective)[0]
                self.evaluated += 1
                first, second = choice.scores
                if not self.worse(np.array([first]), np.array([second]))[0]:
                    self.value, self.nest = choice.scores, choice.nest
                return

    def price(self, structure: Nest, tilings: Sequence[tuple[int, ...]]) -> Floats:
        """Price mappings of one structure, and keep one if it fits, obeys and is the best.

        Returns their objectives, shape (n,): infinite for those that are not legal.
        """
        first, second, legal = self._scores(structure, tilings)
        self.evaluated += len(tilings)
        open_ = np.flatnonzero(legal)
        for row in open_[np.lexsort((second[open_], first[open_]))].tolist():
            if self.worse(first[row : row + 1], second[row : row + 1])[0]:
                continue
            nest = tiled(structure, tilings[row], self.case)
            legal[row] = keeps_pins(nest, self.case.shape, self.constraints)
            if legal[row]:
                self.value, self.nest = (float(first[row]), float(second[row])), nest
        return np.where(legal, first, np.inf)

    def _scores(self, structure: Nest, tilings: Sequence[tuple[int, ...]]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Scores of mappings, and whether they fit."""
        which = np.zeros(len(tilings), dtype=np.int64)
        tiles = np.array(tilings, dtype=np.int64).reshape(len(tilings), -1)
        counts = count_many([self.case.shape], which, structure, tiles, order=self.waits)
        batch = Batch(self.chip, [self.case], which)
        first, second = scores(evaluate(batch, structure, counts, exact=False), self.objective)
        return first, second, fits(batch, structure, counts)
