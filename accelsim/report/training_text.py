"""What does a reader see of a training step besides its totals? What each of its parts takes."""

from __future__ import annotations

from accelsim.layout import percent, table
from accelsim.report.tables import joules, octets
from accelsim.simulation.result import LayerResult, Result
from accelsim.simulation.training import part_of
from accelsim.units import engineering


def training_table(result: Result) -> list[str]:
    """Return the parts of a training step as a table; no lines for any other pass."""
    if result.network.options.get("pass") != "training":
        return []
    parts: dict[str, list[LayerResult]] = {}
    for one in result.layers:
        parts.setdefault(part_of(one.layer.name), []).append(one)
    rows = [_row(result, name, members) for name, members in parts.items()]
    dram = result.chip.outermost.name
    return table(["part of the step", "MACs", "energy", "", "time", "", dram], rows, "lrrrrrr")


def _row(result: Result, name: str, members: list[LayerResult]) -> list[str]:
    macs = sum(one.layer.macs * one.layer.repeat for one in members)
    energies = [one.energy_pj for one in members]
    energy = None if None in energies else sum((one.energy_pj or 0.0) * one.layer.repeat for one in members)
    cycles = sum(one.cycles * one.layer.repeat for one in members)
    dram = result.chip.outermost.name
    actions = ("read", "drain", "fill", "update", "return")
    moved = sum(one.bits_of(dram, *actions) * one.layer.repeat for one in members)
    return [
        name,
        engineering(macs, "") if macs else "-",
        joules(energy),
        "" if energy is None or result.energy_pj is None else percent(energy, result.energy_pj),
        engineering(cycles / result.chip.clock_hz.value, "s"),
        percent(cycles, result.cycles),
        octets(moved / 8),
    ]
