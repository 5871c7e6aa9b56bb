"""How good is a searched mapping, and how do we know? What was searched, what was excluded, and the bound."""

from __future__ import annotations

from dataclasses import dataclass

EQUAL = 1e-9
"""Objectives that differ by less, relative, are equal: the rounding of sums."""


@dataclass(frozen=True)
class Certificate:
    """What a search did, and what it proves of the mapping that it found; see docs/search.md.

    Parameters
    ----------
    objective : {"energy", "latency", "edp"}
    space : int
        How large the declared space is: chains of tiles over the places of every skeleton (every order of
        nodes). Orders of loops are not counted, so that on tiny layers more may be evaluated.
    evaluated : int
        Mappings whose exact cost was computed.
    candidates : int
        Partial mappings whose lower bound was computed.
    value : float
        The objective of the mapping that was found: pJ, cycles or pJ * cycles.
    bound : float
        What no mapping of the space can be below. It equals ``value`` if the search came to its end where
        that is a proof; else it is what `accelsim.engine.bounds` says of every mapping.
    """

    objective: str
    space: int
    evaluated: int
    candidates: int
    value: float
    bound: float

    @property
    def pruned(self) -> int:
        """What the space holds beyond what was evaluated: excluded by bounds, if the mapping is proven."""
        return max(0, self.space - self.evaluated)

    @property
    def proven(self) -> bool:
        """Whether no mapping of the space is better in the objective."""
        return self.bound >= self.value * (1 - EQUAL)

    @property
    def gap(self) -> float:
        """How far the value may at most be above the optimum, as a share of the value."""
        return 0.0 if self.proven else 1 - self.bound / self.value
