"""What does a device use in a day at a given rate of inferences, and how long does a battery last?

    E_day = n * E_inf + idle_power * (86400 - n * t)        n inferences a day, each E_inf and t
    battery life = battery energy / E_day, in days

The device idles whenever it does not compute. The energy of an inference is that of its operations where the profile
has their costs, and power times time where it has not (`accelsim.simulation.power`). The losses of a voltage
converter, and the energy to wake from sleep, are not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from accelsim.errors import InfeasibleError, UnsupportedError, UsageError, did_you_mean
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result
from accelsim.units import engineering

DAY_S = 86_400.0
WH_J = 3_600.0
_PER = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3_600.0, "hour": 3_600.0, "d": DAY_S, "day": DAY_S}
_ENERGY = {"Wh": WH_J, "mWh": WH_J / 1e3, "kWh": WH_J * 1e3, "J": 1.0, "kJ": 1e3, "MJ": 1e6}


@dataclass(frozen=True)
class Duty:
    """A day of a device at a rate of inferences.

    Parameters
    ----------
    rate_per_s : float
        Inferences per s: items of the batch, as in `Result.throughput_per_s`.
    energy_j, time_s : float
        Of one inference.
    idle_w : Sourced or None
        What the device draws between inferences; None where its profile does not say.
    by_power : bool
        Whether the energy of an inference is power times time, for want of costs.
    battery_j : float or None
    """

    rate_per_s: float
    energy_j: float
    time_s: float
    idle_w: Sourced | None
    by_power: bool
    battery_j: float | None = None

    @property
    def inferences_per_day(self) -> float:
        """Rate times a day."""
        return self.rate_per_s * DAY_S

    @property
    def busy_share(self) -> float:
        """Share of the time in which the device computes."""
        return self.rate_per_s * self.time_s

    @property
    def active_j(self) -> float:
        """Energy of a day's inferences in J."""
        return self.inferences_per_day * self.energy_j

    @property
    def idle_j(self) -> float | None:
        """Energy of a day's idling in J; None where the idle power is not known."""
        return None if self.idle_w is None else self.idle_w.value * DAY_S * (1 - self.busy_share)

    @property
    def energy_per_day_j(self) -> float:
        """Energy of a day in J; that of the inferences alone where the idle power is not known."""
        return self.active_j + (self.idle_j or 0.0)

    @property
    def average_w(self) -> float:
        """Energy of a day over its length in W."""
        return self.energy_per_day_j / DAY_S

    @property
    def battery_days(self) -> float | None:
        """Days that the battery lasts, at most that where the idle power is not known; None without a battery."""
        return None if self.battery_j is None else self.battery_j / self.energy_per_day_j

    def to_dict(self) -> dict[str, float | bool | None]:
        """Return the day as plain data."""
        return {
            "rate_per_s": self.rate_per_s, "inferences_per_day": self.inferences_per_day,
            "energy_per_inference_j": self.energy_j, "time_per_inference_s": self.time_s,
            "busy_share": self.busy_share, "idle_w": None if self.idle_w is None else self.idle_w.value,
            "active_j": self.active_j, "idle_j": self.idle_j, "energy_per_day_j": self.energy_per_day_j,
            "average_power_w": self.average_w, "energy_is_power_times_time": self.by_power,
            "battery_j": self.battery_j, "battery_days": self.battery_days,
        }  # fmt: skip


def duty(result: Result, rate: float | str, battery: float | str | None = None) -> Duty:
    """Return a day of the device of a result at a rate of inferences.

    ::

        E_day = n * E_inf + idle_power * (86400 - n * t)

    Parameters
    ----------
    result : Result
        One pass; with a batch of b it serves b inferences.
    rate : float or str
        Inferences per s, or a text such as "10/min".
    battery : float or str, optional
        Usable energy in J, or a text such as "10 Wh".

    Raises
    ------
    UsageError
        A text is no rate or no energy.
    UnsupportedError
        The profile has neither costs nor a power, so that there is no energy.
    InfeasibleError
        The device cannot compute so often; the highest possible rate is named.
    """
    energy_pj = result.power_energy_pj if result.energy_pj is None else result.energy_pj
    if energy_pj is None:
        raise UnsupportedError(
            f"a day's energy needs the energy of an inference; {result.chip.name} lists neither costs nor a power. "
            "Give the profile tdp_w or load_w."
        )
    batch = result.network.batch
    per_s = parse_rate(rate)
    found = Duty(
        per_s, energy_pj * 1e-12 / batch, result.latency_s / batch, result.chip.idle_w, result.energy_pj is None,
        None if battery is None else parse_energy(battery),
    )  # fmt: skip
    if found.busy_share > 1:
        raise InfeasibleError(
            f"{result.chip.name} needs {engineering(found.time_s, 's')} for an inference of {result.network.name} in "
            f"{result.scheme.name}, so at most {rate_words(1 / found.time_s)}; asked for {rate_words(per_s)}."
        )
    return found


def parse_rate(rate: float | str) -> float:
    """Return inferences per s: a number is that, "10/min" a sixth of one, "3 per day" a few millionths."""
    if isinstance(rate, int | float) and not isinstance(rate, bool):
        number, per = float(rate), "s"
    else:
        found = re.fullmatch(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(?:/|per\s)\s*([a-z]+)\s*", str(rate), re.IGNORECASE)
        number, per = _number(found[1] if found else ""), found[2].lower() if found else ""
    if per not in _PER or not 0 < number < float("inf"):
        hint = did_you_mean(per, _PER) or "."
        raise UsageError(f"a rate must be a number above 0 per s, min, h or day, such as 10/min; got {rate!r}{hint}")
    return number / _PER[per]


def parse_energy(energy: float | str) -> float:
    """Return J: a number is that, "10 Wh" 36,000."""
    if isinstance(energy, int | float) and not isinstance(energy, bool):
        number, unit = float(energy), "J"
    else:
        found = re.fullmatch(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([A-Za-z]+)\s*", str(energy))
        number, unit = _number(found[1] if found else ""), found[2] if found else ""
    if unit not in _ENERGY or not 0 < number < float("inf"):
        more = " mAh leave the voltage open: mAh x V / 1000 = Wh." if unit.lower() in ("mah", "ah") else ""
        raise UsageError(f"a battery must be an energy above 0 in Wh, mWh or J, such as 10Wh; got {energy!r}.{more}")
    return number * _ENERGY[unit]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def rate_words(per_s: float) -> str:
    """Return a rate in the unit in which it is at least 1: "11.6 per s", "3 per day"."""
    for unit, seconds in (("s", 1.0), ("min", 60.0), ("h", 3_600.0)):
        if per_s * seconds >= 1:
            return f"{per_s * seconds:.4g} per {unit}"
    return f"{per_s * DAY_S:.4g} per day"
