"""What may a plot be asked with, and what is estimated for it? Only what it needs, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from accelsim.errors import InfeasibleError, UnsupportedError, UsageError
from accelsim.explore.compare import Comparison, compare
from accelsim.hardware.chip import Chip
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.workload.network import Network

DEFAULT_SCHEMES = ("fp32", "fp16", "int8", "w4a16")
BATCHES = (1, 16)
METRICS = ("energy_pj", "latency_s")


@dataclass(frozen=True)
class Wish:
    """Everything that some plot needs; each takes its part, and says in a sentence what is missing.

    Parameters
    ----------
    load : callable, optional
        Returns the model at a batch; None is the batch that it is asked at.
    chips : tuple of Chip
    schemes : tuple of str
        Where a plot shows one, the first; by default fp32 for one, `DEFAULT_SCHEMES` for several.
    by : str
        Bars by "layer", "level" or "operand".
    batches : tuple of int
        For uses per fetched weight.
    metrics : tuple of str
        Of a front two or more, of a heat map the first.
    x, y : str, optional
        Parameters of a heat map.
    points : callable, optional
        Returns the points of a sweep.
    unranged : float
        Share by which costs without a published range may be off, in a tornado chart.
    options : dict
        ``mapping``, ``objective``, ``keep_weights`` for every estimate.
    """

    load: Callable[[int | None], Network] | None = None
    chips: tuple[Chip, ...] = ()
    schemes: tuple[str, ...] = ()
    by: str = "layer"
    batches: tuple[int, ...] = BATCHES
    metrics: tuple[str, ...] = ()
    x: str | None = None
    y: str | None = None
    points: Callable[[], Any] | None = None
    unranged: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chip(self) -> Chip:
        """The one chip; none or several raise UsageError."""
        if len(self.chips) != 1:
            raise UsageError(
                f"this plot takes one chip (--on P); got {', '.join(one.name for one in self.chips) or 'none'}."
            )
        return self.chips[0]

    @cached_property
    def network(self) -> Network:
        """The model at the batch asked for."""
        return self.at_batch(None)

    def at_batch(self, batch: int | None) -> Network:
        """Return the model at a batch; without a model UsageError is raised."""
        if self.load is None:
            raise UsageError("this plot is of a model; name one, such as resnet50.")
        return self.load(batch)

    @cached_property
    def result(self) -> Result:
        """The model on the one chip in the first scheme."""
        return self.estimate(self.network, (self.schemes or ("fp32",))[0])

    def estimate(self, network: Network, scheme: str) -> Result:
        """Return an estimate on the one chip."""
        return estimate(network, self.chip, scheme, **self.options)

    @cached_property
    def comparison(self) -> Comparison:
        """The model on every chip in every scheme; what cannot run is left out and listed."""
        if not self.chips:
            raise UsageError("this plot needs a chip; name one with --on.")
        return compare(self.network, list(self.chips), list(self.schemes or DEFAULT_SCHEMES), **self.options)

    def of_schemes(self, schemes: Sequence[str]) -> dict[str, Result]:
        """Return estimates by scheme, without those that the chip does not run."""
        found = {}
        for scheme in schemes:
            try:
                found[scheme] = self.estimate(self.network, scheme)
            except (UnsupportedError, InfeasibleError):
                continue
        return found

    @cached_property
    def of_batches(self) -> list[Result]:
        """Estimates of the first scheme at several batches."""
        scheme = (self.schemes or ("fp32",))[0]
        return [self.estimate(self.at_batch(batch), scheme) for batch in dict.fromkeys(self.batches)]
