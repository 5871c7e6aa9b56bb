"""What happens when in a pass? Layers one after another, what each waits for, and how busy each resource is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.explore.reasons import limits_of
from accelsim.layout import percent
from accelsim.report.facts.common import levels_of, model_of, repeated, scaled, setting
from accelsim.simulation.result import Result
from accelsim.units import engineering

ARRAY = "array"


@dataclass(frozen=True)
class Timeline:
    """A pass from its start to its end, in execution order.

    Parameters
    ----------
    title : str
        The finding.
    unit : str
        Of the times.
    names : tuple of str
        Layers that take time, a repeated one once for all its repeats; "fixed" for the time that no layer has.
    starts, ends : tuple of float
        In ``unit``; each starts where the one before ends.
    bound_by : tuple of str
    busy : dict of str to tuple of float
        For each resource the share of each layer's time in which it works, 0 to 1.
    levels : tuple of str
        The chip's memories, outermost first; some of them are resources.
    note : str
    """

    title: str
    unit: str
    names: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    bound_by: tuple[str, ...]
    busy: Mapping[str, tuple[float, ...]]
    levels: tuple[str, ...] = ()
    note: str = ""


def timeline(result: Result) -> Timeline:
    """Return when each layer runs and how busy each resource is meanwhile.

    Layers run one after another, all repeats of one together; a resource's share is the cycles that it alone
    would need over the layer's cycles.

    Raises
    ------
    InputError
        Nothing takes time.
    """
    shown = [one for one in result.layers if one.cycles]
    if not shown:
        raise InputError(f"{model_of(result)} takes no time; there is nothing to draw.")
    unit, factor = scaled(result.latency_s, "s")
    per_cycle = factor / result.chip.clock_hz.value
    ends: list[float] = []
    for one in shown:
        ends.append((ends[-1] if ends else 0.0) + one.cycles * one.layer.repeat * per_cycle)
    names, bound = [repeated(one) for one in shown], [_called(one.bound_by) for one in shown]
    resources = {_called(name): name for one in shown for name in one.busy}
    busy = {
        called: [min(one.busy.get(name, 0.0) / one.cycles, 1.0) for one in shown] for called, name in resources.items()
    }
    if result.overhead_s:
        ends.append(ends[-1] + result.overhead_s * factor)
        names, bound = [*names, "fixed"], [*bound, "fixed"]
        busy = {name: [*shares, 0.0] for name, shares in busy.items()}
    used = {name: tuple(shares) for name, shares in busy.items() if any(shares)}
    order = [ARRAY, *(level.name for level in result.chip.levels)]
    rows = sorted(used, key=lambda name: order.index(name) if name in order else len(order))
    return Timeline(
        _title(result), unit, tuple(names), (0.0, *ends[:-1]), tuple(ends), tuple(bound),
        {name: used[name] for name in rows}, levels_of(result.chip),
        f"{setting(result)} Height: share of the layer's time that it works.",
    )  # fmt: skip


def _called(resource: str) -> str:
    return ARRAY if resource == "compute" else resource


def _title(result: Result) -> str:
    name, share = limits_of(result)[0]
    total = engineering(result.latency_s, "s")
    return (
        f"{model_of(result)} in {result.scheme.name} on {result.chip.name}: {_called(name)} bounds "
        f"{percent(share, 1)} of {total}"
    )
