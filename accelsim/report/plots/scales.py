"""How are ticks written? With engineering prefixes, on linear and logarithmic axes."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, NullFormatter

DECADES = 100.0
"""Ratio of the ends of a logarithmic axis below which ticks between powers of ten are numbered too."""

_PREFIXES = {-5: "f", -4: "p", -3: "n", -2: "u", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T", 5: "P", 6: "E"}


def engineered(unit: str) -> FuncFormatter:
    """Return a formatter that writes 2.5e9 as "2.5 G" and the unit after it."""

    def text(value: float, _: object) -> str:
        return tick(value, unit)

    return FuncFormatter(text)


def log_axis(axis: Axis, low: float, high: float) -> None:
    """Number a logarithmic axis with prefixes, between the powers of ten too where it spans few of them."""
    axis.set_major_formatter(engineered(""))
    few = high / low < DECADES
    axis.set_minor_formatter(FuncFormatter(lambda value, _: _minor(value, high / low)) if few else NullFormatter())
    axis.set_tick_params(which="minor", labelsize=7)


def _minor(value: float, span: float) -> str:
    """The tick of 2, 3, 5 ... times a power of ten; 7 to 9 crowd unless the axis is short."""
    digit = round(float(f"{value:.0e}".split("e")[0]))
    return tick(value) if span < 5 or digit in (2, 3, 5) else ""


def tick(value: float, unit: str = "") -> str:
    """Return a number as a tick says it.

    >>> tick(2.5e9, "MAC/s"), tick(0.004), tick(300)
    ('2.5 GMAC/s', '4m', '300')
    """
    if value == 0:
        return "0"
    power = 0
    scaled = abs(value)
    while scaled >= 999.5 and power < 6:
        scaled, power = scaled / 1000, power + 1
    while scaled < 0.9995 and power > -5:
        scaled, power = scaled * 1000, power - 1
    number = f"{'-' if value < 0 else ''}{scaled:.3g}"
    if power in (-1, 0) and not unit and 0.01 <= abs(value) < 1000:
        return f"{value:.3g}"
    gap = " " if unit else ""
    return f"{number}{gap}{_PREFIXES[power]}{unit}".rstrip()
