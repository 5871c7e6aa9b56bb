"""What is the best mapping of one skeleton? Dives, and branch and bound, from the MACs outward."""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Floats
from accelsim.mapping.nest import Nest
from accelsim.search.best import Best
from accelsim.search.bill import Least
from accelsim.search.choices import choices
from accelsim.search.foresight import look_out
from accelsim.search.leaves import leaf, variants
from accelsim.search.optimism import Optimist
from accelsim.search.outlook import Outlook
from accelsim.search.partial import Partial

FIRST, CHUNK = 16, 512
"""Rows continued at once: few at first, so that a good mapping is known early, then many."""

HALFWAY = 16
"""How many times the rows of a dive are continued while a place is half decided."""

ALIKE = 64
"""Rows with about the same tiles from which an outlook of their own is worth its while."""


class Branch:
    """The search of one skeleton.

    Parameters
    ----------
    own : Optimist
    best : Best
        Shared with the other branches.

    Attributes
    ----------
    promise : float
        The least objective that any of its mappings can have; infinite if nothing fits.
    left : float
        The least bound of what the latest search left undone; infinite if it came to its end.
    """

    def __init__(self, own: Optimist, best: Best) -> None:
        self.own, self.best = own, best
        self.left = np.inf
        self._limit = 0
        self._outlook: Outlook | None = None
        self._start = Partial.start(len(own.facts.skeleton.places))
        self.promise = self._promise()

    def dive(self, limit: int, beam: int) -> None:
        """Follow a few rows to the end, to find a good mapping soon, unless so many were bounded by all branches."""
        best = self.best
        if not self._opened() or best.candidates >= limit:
            return
        part = self._start
        while part.place > 0 and len(part):
            best.beam = HALFWAY * beam
            part = choices(self.own, best, part)
            best.beam = beam
            part = part.take(best.hopeful(best.bounded(self.own, part)))
        best.beam = None
        self._price(part)

    def search(self, limit: int) -> None:
        """Search the skeleton, if it is hopeful, until so many partial mappings were bounded by all branches."""
        self._limit, self.left = limit, np.inf
        if self._opened():
            if self.best.candidates >= limit:
                self.left = self._promise()
            else:
                self._explore(self._start)

    def _opened(self) -> bool:
        """Whether the skeleton is hopeful, at a first sight and with an outlook."""
        if self._outlook is None:
            if self._hopeless(self._promise()):
                return False
            self._outlook = look_out(self.own, self.best, self._start.top)
        self.own.outlook = self._outlook
        promise = self._promise()
        return bool(np.isfinite(promise)) and not self._hopeless(promise)

    def _promise(self) -> float:
        """The bound of the skeleton as a whole; infinite if nothing fits."""
        least = self.own.least(self._start)
        possible = bool(least.fits[0]) and bool(np.isfinite(least.energy[0]))
        return float(self.best.score(least)[0][0]) if possible else np.inf

    def _hopeless(self, promise: float) -> bool:
        return bool(self.best.worse(np.array([promise]), np.array([-np.inf]))[0])

    def _explore(self, part: Partial) -> None:
        """Search everything that a set of partial mappings can become."""
        own, best = self.own, self.best
        if part.place == 0:
            self._price(part)
        elif best.candidates >= self._limit:
            self.left = min(self.left, float(best.score(own.least(part))[0].min()))
        else:
            grown = choices(own, best, part)
            grown, first, second = self._sorted(grown, best.bounded(own, grown))
            if own.outlook is not None and grown.place >= own.outlook.place > 1 and len(grown) > FIRST:
                self._explore_alike(own.outlook, grown)
            else:
                self._explore_all(grown, first, second)

    def _sorted(self, part: Partial, least: Least) -> tuple[Partial, Floats, Floats]:
        """The hopeful rows and their scores, the most promising first."""
        first, second = self.best.score(least)
        rows = self.best.hopeful(least)
        return part.take(rows), first[rows], second[rows]

    def _explore_all(self, part: Partial, first: Floats, second: Floats) -> None:
        """Continue rows that are sorted by their bounds: a few at first, so that a good mapping is known early."""
        start = 0
        while start < len(part):
            rows = np.arange(start, min(start + (FIRST if start == 0 else CHUNK), len(part)))
            start += len(rows)
            rows = rows[~self.best.worse(first[rows], second[rows])]
            if len(rows):
                self._explore(part.take(rows))

    def _explore_alike(self, general: Outlook, part: Partial) -> None:
        """Continue rows whose tiles are about the same together, each group with an outlook of its own."""
        own, best = self.own, self.best
        octaves = np.int64(1) << np.floor(np.log2(part.top)).astype(np.int64)
        alike, group_of = np.unique(octaves, axis=0, return_inverse=True)
        group_of = group_of.reshape(-1)
        group_of = np.where(np.bincount(group_of)[group_of] < ALIKE, -1, group_of)
        for group in dict.fromkeys(group_of.tolist()):
            chosen = part.take(np.flatnonzero(group_of == group))
            own.outlook = general
            least = own.least(chosen)
            if group < 0:
                self._explore_all(chosen, *best.score(least))
                continue
            chosen = chosen.take(np.flatnonzero(~best.worse(*best.score(least))))
            if len(chosen):
                own.outlook = look_out(own, best, alike[group][None, :])
                self._explore_all(*self._sorted(chosen, own.least(chosen)))
        own.outlook = general

    def _price(self, part: Partial) -> None:
        """Price complete rows by the engine, the most promising first."""
        facts, constraints = self.own.facts, self.best.constraints
        first, second = self.best.score(self.own.least(part))
        order = np.lexsort((second, first))
        for start in range(0, len(order), FIRST):
            rows = order[start : start + FIRST]
            rows = rows[~self.best.worse(first[rows], second[rows])]
            groups: dict[Nest, dict[tuple[int, ...], None]] = {}
            for row in rows:
                one = leaf(facts, part, int(row))
                for structure, tiles in variants(facts, one, constraints.divisors, constraints.loops):
                    groups.setdefault(structure, {})[tiles] = None
            for structure, tilings in groups.items():
                self.best.price(structure, list(tilings))
