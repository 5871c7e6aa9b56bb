"""What does each plot say? Its numbers and its title as a record, before anything is drawn; no matplotlib here."""

from accelsim.report.facts.allocation import BitsPerLayer, bits_per_layer
from accelsim.report.facts.bars import MAX_PARTS, Bars, breakdown_bars, comparison_bars, energy_bars
from accelsim.report.facts.costs import Costs, chip_costs, costs_or_error
from accelsim.report.facts.curves import Curves, bit_curves, bit_schemes
from accelsim.report.facts.density import Density, compute_density
from accelsim.report.facts.errors import ErrorLines, error_lines
from accelsim.report.facts.front import FrontFacts, front_facts
from accelsim.report.facts.heat import Heat, heat_map
from accelsim.report.facts.memory import MemoryOverLayers, memory_over_layers
from accelsim.report.facts.roofline import Ceiling, Point, Roofline, ceilings, roofline
from accelsim.report.facts.timeline import Timeline, timeline
from accelsim.report.facts.tornado import TornadoBars, tornado_bars
from accelsim.report.facts.uses import Uses, weight_uses

__all__ = [
    "MAX_PARTS", "Bars", "BitsPerLayer", "Ceiling", "Costs", "Curves", "Density", "ErrorLines", "FrontFacts", "Heat",
    "MemoryOverLayers", "Point", "Roofline", "Timeline", "TornadoBars", "Uses", "bit_curves", "bit_schemes",
    "bits_per_layer", "breakdown_bars", "ceilings", "chip_costs", "comparison_bars", "compute_density",
    "costs_or_error", "energy_bars", "error_lines", "front_facts", "heat_map", "memory_over_layers", "roofline",
    "timeline", "tornado_bars", "weight_uses",
]  # fmt: skip
