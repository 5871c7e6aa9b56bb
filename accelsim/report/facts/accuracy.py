"""What does the plot of measured accuracy say? Mean and spread by bits, of each method, as a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelsim.errors import UsageError
from accelsim.quantization.training.accuracy_spread import FLOAT_BITS, AccuracySpread
from accelsim.quantization.training.accuracy_table import SCOPE, AccuracyTable

WORDS = {
    ("ptq", "tensor"): "after training, scale per tensor", ("ptq", "channel"): "after training, scale per channel",
    ("qat", "tensor"): "quantization-aware, scale per tensor",
    ("qat", "channel"): "quantization-aware, scale per channel",
}  # fmt: skip


@dataclass(frozen=True)
class AccuracyLines:
    """Accuracy of one network by bits.

    Parameters
    ----------
    network : str
    whole : (mean, least, most)
        Of the float network.
    series : dict of str to tuple of (bits, mean, least, most)
        By method and granularity, the most bits first.
    """

    network: str
    whole: tuple[float, float, float]
    series: Mapping[str, tuple[tuple[int, float, float, float], ...]]


@dataclass(frozen=True)
class AccuracyFacts:
    """Measured accuracy, one panel per network.

    Parameters
    ----------
    title, note : str
        The finding; how it was measured and what it cannot say.
    panels : tuple of AccuracyLines
    """

    title: str
    note: str
    panels: tuple[AccuracyLines, ...]


def accuracy_lines(table: AccuracyTable) -> AccuracyFacts:
    """Return measured accuracy as it is drawn.

    Raises
    ------
    UsageError
        No run is quantized.
    """
    spreads = table.spreads
    networks = dict.fromkeys(one.network for one in spreads)
    if all(one.bits == FLOAT_BITS for one in spreads):
        raise UsageError("no run is quantized; there is nothing to draw.")
    panels = tuple(_lines(name, [one for one in spreads if one.network == name]) for name in networks)
    most = max(one.seeds for one in spreads)
    mean = f"Mean of {most} seeds, bars from least to most." if most > 1 else "One seed."
    how = f"{mean} {table.epochs} epochs, clip {table.clip}. {SCOPE}"
    return AccuracyFacts(_title(table), " ".join(filter(None, (how, _trained_on(spreads)))), panels)


def _trained_on(spreads: Sequence[AccuracySpread]) -> str:
    """What fp32 reaches when it is trained as long as the quantization-aware networks, which the line does not show."""
    longer = [one for one in spreads if one.bits == FLOAT_BITS and one.method == "qat"]
    if not longer:
        return ""
    found = ", ".join(f"{one.network} {one.mean:.1%}" for one in longer)
    return f"The line is fp32 as first trained; trained on as long as the quantization-aware networks: {found}."


def _lines(name: str, own: Sequence[AccuracySpread]) -> AccuracyLines:
    whole = next(one for one in own if one.bits == FLOAT_BITS)
    series: dict[str, list[tuple[int, float, float, float]]] = {}
    for one in sorted(own, key=lambda one: -one.bits):
        if one.bits != FLOAT_BITS:
            key = WORDS[one.method, one.granularity]
            series.setdefault(key, []).append((one.bits, one.mean, one.least, one.most))
    return AccuracyLines(
        name,
        (whole.mean, whole.least, whole.most),
        {key: tuple(series[key]) for key in WORDS.values() if key in series},
    )


def _title(table: AccuracyTable) -> str:
    """The network that loses most at the fewest bits, before and after quantization-aware training."""
    low = min(one.bits for one in table.spreads)
    ends = [one for one in table.spreads if one.bits == low]
    worst = min(ends, key=lambda one: one.mean)
    start = "Measured on handwritten digits"
    if worst.method != "ptq":
        return f"{start}: {worst.mean:.0%} right at {low} bits per {worst.granularity} with quantization-aware training"
    text = f"{start}: {worst.mean:.0%} right at {low} bits per {worst.granularity} after training alone"
    aware = table.spread(worst.network, "qat", worst.granularity, low)
    return text if aware is None else f"{text}, {aware.mean:.0%} with quantization-aware training"
