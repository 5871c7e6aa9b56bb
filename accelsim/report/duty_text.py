"""What does a reader see of a day of a device? Energy of computing and idling, and the life of a battery."""

from __future__ import annotations

from accelsim.layout import percent, table
from accelsim.report.page import Page, Text, sentences
from accelsim.simulation.duty import WH_J, Duty, rate_words
from accelsim.simulation.power import power_words
from accelsim.simulation.result import Result
from accelsim.units import engineering


def duty_page(result: Result, found: Duty) -> Page:
    """Return a day of the device of a result as a page."""
    rows = [
        ["computing", _energy(found.active_j), f"{percent(found.busy_share, 1)} of the time"],
        ["idle", "unknown" if found.idle_j is None else _energy(found.idle_j), _idle_words(found)],
        ["a day", ("at least " if found.idle_j is None else "") + _energy(found.energy_per_day_j),
         f"{engineering(found.average_w, 'W')} on average"],
    ]  # fmt: skip
    title = f"A day at {rate_words(found.rate_per_s)} ({found.inferences_per_day:,.0f} inferences)"
    page: Page = [Text(""), Text(title, "title")]
    page += [Text(line) for line in table(["", "", ""], rows, "lrl")[1:]]
    if found.battery_days is not None and found.battery_j is not None:
        most = "at most " if found.idle_j is None else ""
        page.append(Text(f"  A battery of {found.battery_j / WH_J:.4g} Wh lasts {most}{_days(found.battery_days)}."))
    page += sentences(_reservations(result, found), "note")
    return page


def _energy(joules: float) -> str:
    return f"{engineering(joules, 'J')} ({joules / WH_J:.3g} Wh)"


def _idle_words(found: Duty) -> str:
    if found.idle_w is None:
        return ""
    marked = "" if found.idle_w.certain else f" ({found.idle_w.status})"
    return f"at {engineering(found.idle_w.value, 'W')}{marked}"


def _days(days: float) -> str:
    if days >= 730:
        return f"{days / 365.25:.3g} years"
    return f"{days:.3g} days" if days >= 2 else f"{days * 24:.3g} hours"


def _reservations(result: Result, found: Duty) -> list[str]:
    told = []
    if found.by_power:
        told.append(
            f"The energy of an inference is {power_words(result.chip)} x time: no cost per operation is listed."
        )
    if found.idle_w is None:
        told.append(f"{result.chip.name} gives no idle power, so idling is not counted (--set idle_w=0.5 gives one).")
    return told
