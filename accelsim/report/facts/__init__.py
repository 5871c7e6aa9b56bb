"""What does each plot say? Its numbers and its title as a record, before anything is drawn; no matplotlib here."""

from accelsim.report.facts.accuracy import AccuracyFacts, AccuracyLines, accuracy_lines
from accelsim.report.facts.allocation import BitsPerLayer, bits_per_layer
from accelsim.report.facts.bars import MAX_PARTS, Bars, breakdown_bars, comparison_bars, energy_bars
from accelsim.report.facts.bit_widths import BitWidthFacts, bit_width_bars
from accelsim.report.facts.costs import Costs, chip_costs, costs_or_error
from accelsim.report.facts.curves import Curves, bit_curves, bit_schemes
from accelsim.report.facts.density import Density, compute_density
from accelsim.report.facts.errors import ErrorLines, error_lines
from accelsim.report.facts.front import FrontFacts, front_facts
from accelsim.report.facts.heat import Heat, heat_map
from accelsim.report.facts.memory import MemoryOverLayers, memory_over_layers
from accelsim.report.facts.published import PublishedFacts, PublishedPanel, published_panels
from accelsim.report.facts.roofline import Ceiling, Point, Roofline, ceilings, roofline
from accelsim.report.facts.sensitivity import SensitivityLines, sensitivity_lines
from accelsim.report.facts.timeline import Timeline, timeline
from accelsim.report.facts.tornado import TornadoBars, tornado_bars
from accelsim.report.facts.uses import Uses, weight_uses
from accelsim.report.facts.validation import ValidationScatter, validation_scatter

__all__ = [
    "MAX_PARTS",
    "AccuracyFacts",
    "AccuracyLines",
    "Bars",
    "BitWidthFacts",
    "BitsPerLayer",
    "Ceiling",
    "Costs",
    "Curves",
    "Density",
    "ErrorLines",
    "FrontFacts",
    "Heat",
    "MemoryOverLayers",
    "Point",
    "PublishedFacts",
    "PublishedPanel",
    "Roofline",
    "SensitivityLines",
    "Timeline",
    "TornadoBars",
    "Uses",
    "ValidationScatter",
    "accuracy_lines",
    "bit_curves",
    "bit_schemes",
    "bit_width_bars",
    "bits_per_layer",
    "breakdown_bars",
    "ceilings",
    "chip_costs",
    "comparison_bars",
    "compute_density",
    "costs_or_error",
    "energy_bars",
    "error_lines",
    "front_facts",
    "heat_map",
    "memory_over_layers",
    "published_panels",
    "roofline",
    "sensitivity_lines",
    "timeline",
    "tornado_bars",
    "validation_scatter",
    "weight_uses",
]  # fmt: skip
