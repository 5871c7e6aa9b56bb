"""What does a model cost in several number formats, on one chip or several, and which is best?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.errors import InfeasibleError, InputError, UnsupportedError, UsageError, did_you_mean
from accelsim.explore.ranges import Probability
from accelsim.explore.ratios import METRICS, Ratio, against
from accelsim.explore.robust import Judgement, bill, judge
from accelsim.explore.spread import TRIANGULAR
from accelsim.explore.uncertainty import DRAWS, Uncertainty, uncertainty
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.layout import table
from accelsim.scheme import Scheme, parse_scheme
from accelsim.simulation.estimate import estimate
from accelsim.simulation.requested import DEFAULT, Wanted
from accelsim.simulation.result import Result
from accelsim.simulation.training import INFERENCE, Training
from accelsim.units import engineering
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Refusal:
    """A scheme that a chip cannot run, and why."""

    name: str
    chip: str
    scheme: str
    reason: str


@dataclass(frozen=True)
class Comparison:
    """Estimates of one model, each against the reference.

    Parameters
    ----------
    results : tuple of Result
        In the order asked for.
    names : tuple of str
        What each is called: its scheme, with its chip where there are several.
    reference : Result
        What all are compared with.
    refusals : tuple of Refusal
        What was asked for and cannot run.
    """

    results: tuple[Result, ...]
    names: tuple[str, ...]
    reference: Result
    refusals: tuple[Refusal, ...] = ()

    plot = Accessor("accelsim.report.plots:ComparisonPlots")
    report = Accessor("accelsim.report.review.saving:ComparisonReport")

    @property
    def reference_name(self) -> str:
        """What the reference is called."""
        return self.name_of(self.reference)

    @property
    def several_chips(self) -> bool:
        """Whether the results are of more than one chip."""
        return any(result.chip != self.reference.chip for result in self.results)

    def name_of(self, result: Result) -> str:
        """Return what a result of this comparison is called."""
        return next(name for name, one in zip(self.names, self.results, strict=True) if one is result)

    def __getitem__(self, name: str) -> Result:
        """Return the result called ``name``; an unknown name raises InputError with the nearest one."""
        for own, result in zip(self.names, self.results, strict=True):
            if own == name:
                return result
        raise InputError(
            f"the comparison has no {name!r}{did_you_mean(name, self.names) or '.'} It has {', '.join(self.names)}."
        )

    def ratio(self, name: str, metric: str) -> Ratio:
        """Return how a result stands to the reference in one of `accelsim.explore.ratios.METRICS`."""
        return against(self[name], self.reference, metric)

    @cached_property
    def ratios(self) -> Mapping[str, Mapping[str, Ratio]]:
        """Every ratio to the reference, by name and metric."""
        return {name: {metric: self.ratio(name, metric) for metric in METRICS} for name in self.names}

    def judgement(self, name: str, other: str | None = None) -> Judgement | None:
        """Return how an energy stands to another's, the reference's by default, over the costs' published ranges.

        None where an energy is unknown.
        """
        a, b = self._bills[name], self._bills[other or self.reference_name]
        return None if a is None or b is None else judge(a, b)

    def uncertainty(
        self, *, spread: str = TRIANGULAR, unranged: float = 0.0, draws: int = DRAWS, seed: int = 0
    ) -> Uncertainty:
        """Return what the ranges of the costs make of all results whose energy is known.

        Parameters as in `accelsim.explore.uncertainty.uncertainty`; InputError where no energy is known.
        """
        known = {name: one for name, one in zip(self.names, self.results, strict=True) if one.energy_pj is not None}
        if not known:
            raise InputError(f"the energy of a result must be known; {self.reference.chip.name} lacks costs.")
        return uncertainty(known, spread=spread, unranged=unranged, draws=draws, seed=seed)

    @cached_property
    def likely(self) -> Uncertainty | None:
        """The uncertainty as it is by default; None where no energy is known."""
        return None if all(one.energy_pj is None for one in self.results) else self.uncertainty()

    def probability(self, name: str, other: str | None = None) -> Probability | None:
        """Return how likely a result takes less energy than another, the reference by default; None if unknown."""
        other = other or self.reference_name
        unknown = [one for one in (name, other) if self[one].energy_pj is None]
        return None if unknown or self.likely is None else self.likely.probability(name, other)

    @cached_property
    def _bills(self) -> dict[str, Any]:
        return {name: bill(result) for name, result in zip(self.names, self.results, strict=True)}

    @cached_property
    def verdict(self) -> tuple[str, ...]:
        """What follows from the numbers, one sentence each, fit to be pasted into a review."""
        from accelsim.explore.verdict import verdict

        return verdict(self)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the results as plain data, as ``accelsim compare --json`` prints them."""
        from accelsim.explore.export import records

        return records(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per result: its totals, and its ratios to the reference with their directions."""
        import pandas as pd

        from accelsim.explore.export import ROW_UNITS, rows

        frame = pd.DataFrame(rows(self))
        frame.attrs["units"] = {name: unit for name, unit in ROW_UNITS.items() if name in frame.columns}
        frame.attrs["reference"] = self.reference_name
        return frame

    @property
    def shown(self) -> tuple[str, list[str], list[list[str]]]:
        """What it shows of itself: a heading, the header and the cells of one row per result or refusal."""
        rows = [
            [
                name,
                engineering(one.energy_pj, "pJ"),
                engineering(one.latency_s, "s"),
                one.bound_by,
                *self._against(name),
            ]
            for name, one in zip(self.names, self.results, strict=True)
        ]
        rows += [[one.name, "cannot run", "", "", one.reason, ""] for one in self.refusals]
        network, reference = self.reference.network, self.reference_name
        heading = f"{network.title or network.name} (batch {network.batch}, {engineering(network.macs, 'MACs')})"
        return heading, ["", "energy", "time", "bound by", f"against {reference}", ""], rows

    def __repr__(self) -> str:
        heading, header, rows = self.shown
        return "\n".join([heading, *table(header, rows, "lrrlll")])

    def _repr_html_(self) -> str:
        from accelsim.explore.notebook import to_html

        return to_html(self)

    def _against(self, name: str) -> tuple[str, str]:
        if self[name] is self.reference:
            return "reference", ""
        return self.ratios[name]["energy_pj"].text, self.ratios[name]["latency_s"].text


def compare(
    model: Network | str | Path,
    chips: Chip | str | Path | Sequence[Chip | str | Path],
    schemes: Scheme | str | Sequence[Scheme | str],
    reference: str | None = None,
    *,
    mapping: Wanted = DEFAULT,
    objective: str = "energy",
    keep_weights: bool = False,
    pass_: str = INFERENCE,
    training: Training | None = None,
    fuse: bool = False,
) -> Comparison:
    """Estimate a model in every scheme on every chip and compare them.

    Parameters
    ----------
    model : Network, str or Path
    chips : Chip, name, path, or several
    schemes : Scheme, name, path, or several
        One that a chip cannot run becomes a `Refusal`.
    reference : str, optional
        Name of the scheme, chip or result that all are compared with; by default the first that runs.
    mapping, objective, keep_weights, pass_, training, fuse
        As in `accelsim.simulation.estimate.estimate`.

    Raises
    ------
    InputError
        A name is unknown, or the same result is asked for twice.
    UnsupportedError, InfeasibleError
        None of them can run; the first reason is given.
    """
    network = model if isinstance(model, Network) else load_workload(model)
    on = [one if isinstance(one, Chip) else load_profile(one) for one in _several(chips)]
    wanted = [parse_scheme(one, network) for one in _several(schemes)]
    if not on or not wanted:
        raise UsageError("a comparison must have at least one chip and one scheme.")
    results: dict[str, Result] = {}
    refusals: list[Refusal] = []
    errors: list[UnsupportedError | InfeasibleError] = []
    for chip in on:
        for scheme in wanted:
            name = f"{scheme.name} on {chip.name}" if len(on) > 1 else scheme.name
            if name in results or name in {one.name for one in refusals}:
                raise InputError(f"a comparison must name each scheme and chip once; got {name} twice.")
            try:
                results[name] = estimate(
                    network, chip, scheme, mapping=mapping, objective=objective, keep_weights=keep_weights,
                    pass_=pass_, training=training, fuse=fuse,
                )  # fmt: skip
            except (UnsupportedError, InfeasibleError) as error:
                errors.append(error)
                refusals.append(Refusal(name, chip.name, scheme.name, str(error)))
    if not results:
        raise errors[0]
    found = tuple(results.values())
    return Comparison(found, tuple(results), _reference(results, refusals, reference), tuple(refusals))


def _several(given: Any) -> list[Any]:
    return [given] if isinstance(given, str | Path | Chip | Scheme) else list(given)


def _reference(results: dict[str, Result], refusals: Sequence[Refusal], wanted: str | None) -> Result:
    """Return the first result that is called so, or whose scheme or chip is."""
    if wanted is None:
        return next(iter(results.values()))
    for name, result in results.items():
        if wanted in (name, result.scheme.name, result.chip.name):
            return result
    for refusal in refusals:
        if wanted in (refusal.name, refusal.scheme, refusal.chip):
            raise UnsupportedError(f"the reference must run; {wanted} does not: {refusal.reason}")
    known = list(
        dict.fromkeys(text for name, one in results.items() for text in (name, one.scheme.name, one.chip.name))
    )
    raise InputError(
        f"the reference must be one of {', '.join(known)}; got {wanted!r}{did_you_mean(wanted, known) or '.'}"
    )
