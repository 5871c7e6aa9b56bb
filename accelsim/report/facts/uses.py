"""How often is a weight used once it is fetched from the outermost memory, layer by layer and batch by batch?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from accelsim.errors import InputError
from accelsim.report.facts.common import model_of, repeated, setting
from accelsim.simulation.demand import READING
from accelsim.simulation.result import LayerResult, Result

MAX_LAYERS = 30


@dataclass(frozen=True)
class Uses:
    """MACs per weight read from the outermost memory.

    Parameters
    ----------
    title : str
        The finding.
    level : str
        The outermost memory.
    names : tuple of str
        Layers that read weights there, in execution order; the most expensive ones where they are many.
    series : dict of str to tuple of float
        One value per layer for "batch 1", "batch 16" ...; inf where a layer finds its weights on chip.
    balance : dict of str to float
        The uses at which multiplying takes as long as fetching, by series; nothing where bandwidth is unbounded.
    shown, layers : int
        How many layers are shown, and how many have weights.
    note : str
    """

    title: str
    level: str
    names: tuple[str, ...]
    series: Mapping[str, tuple[float, ...]]
    balance: Mapping[str, float]
    shown: int
    layers: int
    note: str = ""


def weight_uses(results: Sequence[Result]) -> Uses:
    """Return the MACs per weight read from the outermost memory, of one model at several batches.

    Parameters
    ----------
    results : sequence of Result
        The same model, chip and scheme at different batches, or one alone.

    Raises
    ------
    InputError
        No layer has weights, or the results have different layers.
    """
    first = results[0]
    weighted = [one for one in first.layers if one.layer.macs and one.layer.weight_elements]
    if not weighted:
        raise InputError(f"{model_of(first)} has no layer with weights; there is nothing to draw.")
    slowest = sorted(range(len(weighted)), key=lambda place: -_cycles(weighted[place]))[:MAX_LAYERS]
    shown = [weighted[place] for place in sorted(slowest)]
    names = [one.layer.name for one in shown]
    if any(not set(names) <= {one.layer.name for one in result.layers} for result in results):
        raise InputError("uses per weight compare one model at several batches; the results have different layers.")
    series = {f"batch {result.network.batch}": _series(result, names) for result in results}
    balance = {f"batch {result.network.batch}": found for result in results if (found := _balance(result)) is not None}
    title = f"{model_of(first)} in {first.scheme.name} on {first.chip.name}: {_finding(results)}"
    return Uses(
        title, first.chip.outermost.name, tuple(repeated(one) for one in shown), series, balance, len(shown),
        len(weighted), setting(first).replace(f", batch {first.network.batch}", ""),
    )  # fmt: skip


def _cycles(one: LayerResult) -> float:
    return one.cycles * one.layer.repeat


def _series(result: Result, names: Sequence[str]) -> tuple[float, ...]:
    return tuple(uses_of(result, result.layer(name)) for name in names)


def uses_of(result: Result, one: LayerResult) -> float:
    """Return a layer's MACs per word of W read from the outermost memory; inf where none is."""
    words = _words(result, one)
    return one.layer.macs / words if words else inf


def _words(result: Result, one: LayerResult) -> float:
    name = result.chip.outermost.name
    return sum(
        line.count
        for line in one.lines
        if line.part == "memory" and line.place == name and line.operand == "W" and line.action in READING
    )


def _balance(result: Result) -> float | None:
    """MACs per weight at which the array is as slow as the outermost memory, in the formats that most MACs use."""
    bits = result.chip.outermost.read_bits_per_cycle
    counted = [one for one in result.layers if one.layer.macs and one.layer.weight_elements]
    words = sum(_words(result, one) * one.layer.repeat for one in counted)
    if bits is None or not words:
        return None
    name = result.chip.outermost.name
    moved = sum(
        line.total_bits * one.layer.repeat for one in counted for line in one.lines
        if line.part == "memory" and line.place == name and line.operand == "W" and line.action in READING
    )  # fmt: skip
    return result.peak_macs_per_cycle * (moved / words) / (bits * result.chip.outermost.efficiency.value)


def _finding(results: Sequence[Result]) -> str:
    texts = []
    for result in results:
        counted = [one for one in result.layers if one.layer.macs and one.layer.weight_elements]
        words = sum(_words(result, one) * one.layer.repeat for one in counted)
        macs = sum(one.layer.macs * one.layer.repeat for one in counted)
        texts.append(f"{_times(macs / words) if words else 'never fetched'} at batch {result.network.batch}")
    return f"a fetched weight is used {', '.join(texts)}"


def _times(uses: float) -> str:
    return "once" if round(uses, 1) == 1 else f"{uses:,.0f} times" if uses >= 10 else f"{uses:.2g} times"
