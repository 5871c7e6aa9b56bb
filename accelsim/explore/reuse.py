"""What would the same model cost if nothing on chip were reused? Every operand fetched for every MAC."""

from __future__ import annotations

from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.simulation.costs import STATIC
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.workload.layer import Layer


def nest_without_reuse(layer: Layer, chip: Chip) -> Nest:
    """Return the mapping in which the outermost level alone keeps W, I and O: each MAC reads and writes there."""
    assert layer.shape is not None
    loops = tuple(Loop(dim, 1) for dim, extent in layer.shape.extents.items() if extent > 1)
    return Nest((Keep(chip.outermost.name, "WIO"), *loops))


def without_reuse(result: Result) -> Result:
    """Return the estimate of the same model, chip and scheme with nothing reused and nothing staying on chip.

    Its time is that of one PE and has no meaning, nor has the energy that passes with time: see `dynamic_pj`.
    """
    chip = result.chip
    nests = {
        one.layer.name: nest_without_reuse(one.layer, chip) for one in result.layers if one.layer.shape is not None
    }
    return estimate(result.network, chip, result.scheme, mapping=nests, objective=result.objective, on_chip=False)


def dynamic_pj(result: Result) -> float | None:
    """Return the energy in pJ without what passes with time (clock, leakage, background); None if unknown."""
    parts = [energy for part, energy in result.energy_breakdown_pj.items() if part not in STATIC]
    known = [energy for energy in parts if energy is not None]
    return sum(known) if len(known) == len(parts) else None
