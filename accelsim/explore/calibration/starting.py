"""Which costs does a device begin with that states none? One for a MAC in each format, one for a bit of outer memory.

::

    energy = sum over formats of MACs * pJ per MAC + bits of the outermost memory * pJ per bit + static power * latency

Nothing else costs anything: what on-chip memories, adds, conversions and vector operations take is part of the MAC's
cost or of the static power. That is as much as the energies of whole passes can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from accelsim.explore.calibration.parameters import SOURCE
from accelsim.hardware.chip import Chip, Level
from accelsim.hardware.unit_costs import with_costs
from accelsim.provenance import Sourced
from accelsim.simulation.result import Result
from accelsim.vocabulary import VECTOR_OPS

_SIDES = ("read_pj_per_bit", "write_pj_per_bit")


def starting_costs(chip: Chip, results: Sequence[Result]) -> dict[str, Sourced]:
    """Return the costs to begin with, by path: 1 pJ for what is to be fitted, 0 for what is not.

    Parameters
    ----------
    chip : Chip
        Without a cost of any operation.
    results : sequence of Result
        Whose formats are to have a cost.
    """
    found: dict[str, Sourced] = {}
    for result in results:
        for one in result.layers:
            if one.formats is not None:
                formats = one.formats
                rate = chip.macs_per_pe_cycle(formats.compute_weight, formats.compute_input, formats.accumulator)
                pair = rate.weight if rate.weight == rate.input else f"{rate.weight}*{rate.input}"
                found[f"multiply_pj.{pair}"] = _start(1.0)
                found[f"add_pj.{formats.accumulator.name}"] = _start(0.0)
    for level in chip.levels:
        found |= {f"levels.{level.name}.{side}": _start(float(level is chip.outermost)) for side in _SIDES}
    if chip.vector is not None:
        found |= {f"vector.ops_pj.{op}": _start(0.0) for op in VECTOR_OPS}
    return found


def _start(value: float) -> Sourced:
    note = "to be fitted" if value else "not fitted: part of the cost of a MAC and of the static power"
    return Sourced(value, SOURCE, status="assumed", note=note)


def with_starts(chip: Chip, costs: Mapping[str, Sourced]) -> Chip:
    """Return the chip with costs that it does not state, those of its levels included."""

    def level(one: Level) -> Level:
        given = {side: costs[f"levels.{one.name}.{side}"] for side in _SIDES if f"levels.{one.name}.{side}" in costs}
        return replace(one, **given)  # type: ignore[arg-type]

    return with_costs(replace(chip, levels=tuple(level(one) for one in chip.levels)), costs)
