"""What does a device draw of which nobody publishes what an operation costs? Its power while it works, times the time.

    energy = power * time,    power = measured under load (`load_w`), or else the design limit (`tdp_w`)

It is the same whatever the device does in that time, so it ranks number formats by their time alone. With the
design limit it is an upper bound; with a measured load it is as good as that load is like this one.
"""

from __future__ import annotations

from accelsim.hardware.chip import Chip
from accelsim.provenance import Sourced


def drawn_w(chip: Chip) -> Sourced | None:
    """Return the power in W that a chip draws while it works, measured or by design; None if neither is known."""
    return chip.load_w if chip.load_w is not None else chip.tdp_w


def power_words(chip: Chip) -> str:
    """Return what that power is: "6.4 W measured under load", "the TDP of 400 W"."""
    drawn = drawn_w(chip)
    if drawn is None:
        return "no known power"
    return f"the TDP of {drawn.value:g} W" if chip.load_w is None else f"{drawn.value:g} W measured under load"


def power_energy_pj(chip: Chip, seconds: float) -> float | None:
    """Return power times time in pJ; None if no power is known."""
    drawn = drawn_w(chip)
    return None if drawn is None else drawn.value * seconds * 1e12


def costless(chip: Chip) -> str:
    """Return in one sentence what a chip without costs of operations cannot say."""
    if drawn_w(chip) is None:
        return f"energy is unknown: {chip.name} lists no cost of an operation and no power."
    return (
        f"energy is unknown but for {power_words(chip)} x time: {chip.name} lists no cost of an operation, so it "
        "cannot say where energy goes, nor what a format saves beside time."
    )
