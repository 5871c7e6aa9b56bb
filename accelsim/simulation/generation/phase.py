"""What did one phase of a generation cost, or both together?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.simulation.generation.steps import Steps
from accelsim.simulation.result import Result


@dataclass(frozen=True)
class Phase:
    """One phase of a generation, or the whole.

    Parameters
    ----------
    name : {"prefill", "decode", "total"}
    tokens : int
        Read (prefill) or written (decode and total), over the batch.
    passes : int
        Through the model.
    macs : int
    energy_pj : float or None
        None where the chip gives no cost.
    latency_s, cycles : float
    dram_read_bits, dram_write_bits : float
    energy_breakdown_pj : dict of str to (float or None)
        By memory level and by other part; the entries sum to ``energy_pj``.
    cycle_breakdown : dict of str to float
        By cause; the entries sum to ``cycles``.
    bound_by : str
        The resource that limits most of the time.
    """

    name: str
    tokens: int
    passes: int
    macs: int
    energy_pj: float | None
    latency_s: float
    cycles: float
    dram_read_bits: float
    dram_write_bits: float
    energy_breakdown_pj: Mapping[str, float | None]
    cycle_breakdown: Mapping[str, float]
    bound_by: str

    @property
    def tokens_per_s(self) -> float:
        """Tokens of the phase over its time."""
        return self.tokens / self.latency_s

    @property
    def energy_per_token_j(self) -> float | None:
        """Energy of the phase over its tokens, in J."""
        return None if self.energy_pj is None else self.energy_pj * 1e-12 / self.tokens

    @property
    def dram_bits(self) -> float:
        """Bits read from and written to the outermost level."""
        return self.dram_read_bits + self.dram_write_bits

    @property
    def average_power_w(self) -> float | None:
        """Energy over time in W."""
        return None if self.energy_pj is None else self.energy_pj * 1e-12 / self.latency_s

    def to_dict(self) -> dict[str, Any]:
        """Return the phase as plain data, units in the names."""
        fields = {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(self).items()}
        return fields | {
            "tokens_per_s": self.tokens_per_s,
            "energy_per_token_j": self.energy_per_token_j,
            "average_power_w": self.average_power_w,
        }


def prefill_phase(result: Result, tokens: int) -> Phase:
    """Return the phase that one estimate is."""
    return Phase(
        "prefill", tokens, 1, result.macs, result.energy_pj, result.latency_s, result.cycles, result.dram_read_bits,
        result.dram_write_bits, result.energy_breakdown_pj, result.cycle_breakdown, result.bound_by,
    )  # fmt: skip


def decode_phase(steps: Steps, batch: int, clock_hz: float) -> Phase:
    """Return the phase that decode steps are."""
    tally = steps.tally
    cycles = float(tally.cycles.sum())
    return Phase(
        "decode", batch * len(steps.contexts), len(steps.contexts), steps.macs, _known(float(tally.energy_pj.sum())),
        cycles / clock_hz, cycles, float(tally.read_bits.sum()), float(tally.written_bits.sum()),
        {name: _known(value) for name, value in tally.energy_by.items()},
        {name: value for name, value in tally.cycles_by.items() if value},
        max(tally.bound_by, key=lambda name: tally.bound_by[name]),
    )  # fmt: skip


def together(one: Phase, other: Phase) -> Phase:
    """Return two phases as one, "total"; its tokens are those of the second."""
    causes = _merged(one.cycle_breakdown, other.cycle_breakdown)
    return Phase(
        "total", other.tokens, one.passes + other.passes, one.macs + other.macs,
        _sum(one.energy_pj, other.energy_pj), one.latency_s + other.latency_s, one.cycles + other.cycles,
        one.dram_read_bits + other.dram_read_bits, one.dram_write_bits + other.dram_write_bits,
        _merged(one.energy_breakdown_pj, other.energy_breakdown_pj),
        {name: value or 0.0 for name, value in causes.items()},
        (one if one.cycles > other.cycles else other).bound_by,
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _sum(*values: float | None) -> float | None:
    return None if None in values else sum(value for value in values if value is not None)


def _merged(one: Mapping[str, float | None], other: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: _sum(one.get(name, 0.0), other.get(name, 0.0)) for name in dict.fromkeys([*one, *other])}
