"""What does a bit of DRAM cost in another technology? A table of published figures, which count different things."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from accelsim.errors import InputError, did_you_mean
from accelsim.library import packaged
from accelsim.provenance import Sourced


@cache
def dram_technologies() -> dict[str, Sourced]:
    """Return the energy of a bit read or written in pJ, by technology ("lpddr4", "hbm2e" ...), range included."""
    text = packaged("hardware/data/dram_energy.yaml")
    rows: dict[str, dict[str, Any]] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {name: _cost(row) for name, row in rows.items()}


def _cost(row: dict[str, Any]) -> Sourced:
    return Sourced(
        float(row["value"]), row["source"], row.get("low"), row.get("high"), row.get("status", "seen"), row["scope"],
        tuple(row.get("also", ())),
    )  # fmt: skip


def dram_pj_per_bit(technology: str) -> Sourced:
    """Return the energy of a bit read or written in pJ; an unknown technology raises InputError with the nearest."""
    known = dram_technologies()
    if technology not in known:
        raise InputError(
            f"a DRAM technology must be one of {', '.join(known)}; got {technology!r}"
            f"{did_you_mean(str(technology), known) or '.'}"
        )
    return known[technology]
