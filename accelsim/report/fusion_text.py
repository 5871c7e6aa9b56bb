"""What does a reader see of fused groups of layers? The gain of each against layer by layer, and what was left."""

from __future__ import annotations

from accelsim.layout import table
from accelsim.report.tables import joules, octets
from accelsim.simulation.fusion.result import Fusion, Unfused
from accelsim.simulation.result import Result
from accelsim.units import engineering


def fusion_table(result: Result) -> list[str]:
    """Return the fused groups as a table; no lines where nothing was fused."""
    fused = [one for one in result.fusion if isinstance(one, Fusion)]
    header = [
        "fused",
        "rows",
        "tiles",
        "weights",
        "energy",
        "before",
        "time",
        "before",
        result.chip.outermost.name,
        "before",
    ]
    return table(header, [_row(result, one) for one in fused], "lrrlrrrrrr") if fused else []


def _row(result: Result, one: Fusion) -> list[str]:
    clock = result.chip.clock_hz.value
    return [
        named(one.layers),
        f"{one.rows:,}",
        f"{one.tiles:,}",
        one.weights,
        joules(one.energy_pj),
        joules(one.unfused_energy_pj),
        engineering(one.cycles / clock, "s"),
        engineering(one.unfused_cycles / clock, "s"),
        octets(one.dram_bits / 8),
        octets(one.unfused_dram_bits / 8),
    ]


def named(layers: tuple[str, ...]) -> str:
    """Return a group by its first layer and the last part of its last one's name."""
    return f"{layers[0]} ... {layers[-1].rpartition('.')[2]}" if len(layers) > 1 else layers[0]


def fusion_sentences(result: Result, most: int = 4) -> list[str]:
    """Return why groups were left as they are, the first few; that nothing was to be fused, if so."""
    left = [one for one in result.fusion if isinstance(one, Unfused)]
    told = [f"not fused: {named(one.layers)}: {one.reason}" for one in left[:most]]
    return [*told, f"{len(left) - most} further groups are not fused either."] if len(left) > most else told
