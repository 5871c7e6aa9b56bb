"""Which unit costs does a result pay, and how many units of each? Line by line of its bill.

Operations that are made of others (a conversion, an exponential) are resolved into the multiplies and adds that they
are, so that a multiplier's cost is one cost wherever it is paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accelsim.engine.energy import conversion_pj
from accelsim.engine.traffic import READS
from accelsim.hardware.chip import Chip
from accelsim.hardware.unit_costs import ZERO_TEST, add_path, basic_costs, multiply_path
from accelsim.scheme import Conversion
from accelsim.simulation.line import Line
from accelsim.simulation.result import LayerResult, Result

CHIP = "chip"
"""Where a cost is paid that belongs to no level, as `accelsim.engine.energy.static_costs` calls it."""


@dataclass(frozen=True)
class Charge:
    """Some units of one cost.

    Parameters
    ----------
    layer : str
        "" for what the fixed times cost.
    part : str
        As in `Result.energy_breakdown_pj`: a memory's name, or "multiply", "clock" ...
    path : str
        Field of the cost.
    units : float
        Operations, bits, cycles or pJ per W, over all repeats.
    """

    layer: str
    part: str
    path: str
    units: float


def charges(result: Result, chip: Chip | None = None) -> Iterator[Charge]:
    """Yield every line of a result's bill as units of unit costs, all repeats together.

    ``chip`` may list costs that the result's own derives; what operations are made of is asked of it.
    """
    chip = chip or result.chip
    for one in result.layers:
        for line in one.lines:
            if line.count:
                name, part = one.layer.name, _part(line)
                units = line.count * line.bits * one.layer.repeat
                for count, path in _costs_of(result, chip, one, line):
                    yield Charge(name, part, path, units * count)
    for line in result.overhead_lines:
        yield Charge("", _part(line), _own_path(line), line.count * line.bits)


def _part(line: Line) -> str:
    return line.place if line.part == "memory" else line.part


def _costs_of(result: Result, chip: Chip, one: LayerResult, line: Line) -> Iterable[tuple[float, str]]:
    """Return the unit costs of one unit of a line, as (count, path)."""
    formats = one.formats
    if line.part == "memory":
        return ((1.0, f"levels.{line.place}.{'read' if line.action in READS else 'write'}_pj_per_bit"),)
    if line.part == "link":
        return ((1.0, f"array.{line.place}.link_pj_per_bit"),)
    if line.part == "vector":
        return basic_costs(chip, line.action, result.scheme.for_layer(one.layer.name).vector_format)
    if line.part == "convert":
        steps = _conversion(result, one, line).operations
        return [each for step in steps for each in basic_costs(chip, step.op, step.key)]
    if line.part == "multiply" and formats is not None:
        rate = chip.macs_per_pe_cycle(formats.compute_weight, formats.compute_input, formats.accumulator)
        return ((1.0, multiply_path(chip, rate.weight, rate.input)),)
    if line.part in ("add", "reduce") and formats is not None:
        return ((1.0, add_path(chip, formats.accumulator)),)
    return ((1.0, _own_path(line)),)


def _conversion(result: Result, one: LayerResult, line: Line) -> Conversion:
    """Return the conversion that a line charges."""
    if one.formats is not None:
        known = one.formats.conversions
    else:
        stored = result.scheme.output_format(one.layer, result.network)
        known = result.scheme.vector_conversions(one.layer, stored)
    same = [each for each in known if (each.operand, each.reason) == (line.operand, line.action)]
    return next(each for each in same if len(same) == 1 or conversion_pj(result.chip, each) == line.cost)


def _own_path(line: Line) -> str:
    """Return the field of a cost that has one of its own: of zero tests, and of what passes with time."""
    if line.part == "zero test":
        return ZERO_TEST
    if line.part == "clock":
        return "clock_pj_per_cycle"
    field = "leakage_w" if line.part == "leakage" else "background_w"
    if line.place == CHIP:
        return "leakage_w" if line.part == "leakage" else "idle_w"
    return f"levels.{line.place}.{field}"
