"""What does the plot of sensitivity say? What each layer alone does to the answer, and how the error travels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.errors import InputError, UsageError
from accelsim.quantization.sensitivity.result import Sensitivity


@dataclass(frozen=True)
class SensitivityLines:
    """Signal over noise by layer, of the answer and of what layers make.

    Parameters
    ----------
    title : str
        The finding.
    layers : tuple of str
        In order of execution.
    alone : dict of str to tuple of float
        Of each scheme the output's dB with one layer quantized; NaN where exact or unknown.
    travel : dict of str to tuple of float
        Of each scheme the dB after each layer, all being quantized; NaN where exact or unknown.
    worst : (scheme, place) or None
        The layer that alone does most.
    note : str
    """

    title: str
    layers: tuple[str, ...]
    alone: Mapping[str, tuple[float, ...]]
    travel: Mapping[str, tuple[float, ...]]
    worst: tuple[str, int] | None
    note: str = ""


def sensitivity_lines(found: Sensitivity) -> SensitivityLines:
    """Return a sensitivity as it is drawn.

    Raises
    ------
    UsageError
        The network was not run, or nothing of it is changed by these schemes.
    """
    if not found.engine:
        raise UsageError("a sensitivity without a run has nothing to draw; give data.")
    alone = {
        asked: tuple(_drawn(found.row(layer, asked).alone.sqnr_db) for layer in found.layers) for asked in found.asked
    }
    travel = {
        asked: tuple(_drawn(found.row(layer, asked).after_sqnr_db) for layer in found.layers) for asked in found.asked
    }
    drawn = [
        (value, asked, place)
        for asked, values in alone.items() for place, value in enumerate(values) if not math.isnan(value)
    ]  # fmt: skip
    if not drawn:
        raise UsageError("no layer changes the answer in these schemes; there is nothing to draw.")
    least, asked, place = min(drawn)
    empty = sum(math.isnan(value) for values in alone.values() for value in values)
    note = f"{found.counted}, {found.engine}."
    note += f" {empty} exact or without a result are not drawn." if empty else ""
    title = f"{found.model}: {found.layers[place]} in {asked} alone brings the output to {least:.1f} dB"
    return SensitivityLines(
        f"{title}\n{_of_depth(found, asked)}", found.layers, alone, travel, (asked, place), note
    )  # fmt: skip


def _drawn(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _of_depth(found: Sensitivity, asked: str) -> str:
    """The second line: what depth has to do with it, and what all layers do together."""
    whole = found.together[asked]
    end = f"All in {asked}: {whole.sqnr_db:.1f} dB" if math.isfinite(whole.sqnr_db) else f"All in {asked}: exact"
    try:
        return f"{end}. Rank correlation of depth and sensitivity: {found.depth_correlation(asked)}."
    except (InputError, UsageError):
        return f"{end}."
