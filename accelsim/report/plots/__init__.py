"""How are the facts drawn? Figures from the records of `accelsim.report.facts`, never pyplot's global state."""

from accelsim.report.plots.accessors import ComparisonPlots, ResultPlots, SweepPlots
from accelsim.report.plots.accuracy import AccuracyPlots, accuracy_figure, draw_accuracy
from accelsim.report.plots.allocation import AllocationPlots, allocation_figure, draw_allocation
from accelsim.report.plots.bars import breakdown_figure, comparison_figure, draw_bars, energy_figure
from accelsim.report.plots.bit_widths import BitWidthPlots, bit_widths_figure, draw_bit_widths
from accelsim.report.plots.costs import cost_figure, draw_costs
from accelsim.report.plots.curves import bits_figure, draw_curves
from accelsim.report.plots.density import density_figure, draw_density
from accelsim.report.plots.errors import ErrorPlots, draw_errors, error_figure
from accelsim.report.plots.front import FrontPlots, draw_front, front_figure
from accelsim.report.plots.heat import draw_heat, heat_figure
from accelsim.report.plots.memory import MemoryPlots, draw_memory, memory_figure
from accelsim.report.plots.published import PublishedPlots, draw_published, published_figure
from accelsim.report.plots.roofline import draw_roofline, roofline_figure
from accelsim.report.plots.sensitivity import SensitivityPlots, draw_sensitivity, sensitivity_figure
from accelsim.report.plots.timeline import draw_timeline, timeline_figure
from accelsim.report.plots.tornado import draw_tornado, tornado_figure
from accelsim.report.plots.uses import draw_uses, uses_figure
from accelsim.report.plots.validation import ValidationPlots, draw_validation, validation_figure
from accelsim.report.style import save

__all__ = [
    "AccuracyPlots", "AllocationPlots", "BitWidthPlots", "ComparisonPlots", "ErrorPlots", "FrontPlots", "MemoryPlots",
    "PublishedPlots", "ResultPlots", "SensitivityPlots", "SweepPlots", "ValidationPlots", "accuracy_figure",
    "allocation_figure", "bit_widths_figure", "bits_figure", "breakdown_figure", "comparison_figure", "cost_figure",
    "density_figure", "draw_accuracy", "draw_allocation", "draw_bars", "draw_bit_widths", "draw_costs", "draw_curves",
    "draw_density", "draw_errors", "draw_front", "draw_heat", "draw_memory", "draw_published", "draw_roofline",
    "draw_sensitivity", "draw_timeline", "draw_tornado", "draw_uses", "draw_validation", "energy_figure",
    "error_figure", "front_figure", "heat_figure", "memory_figure", "published_figure", "roofline_figure", "save",
    "sensitivity_figure", "timeline_figure", "tornado_figure", "uses_figure", "validation_figure",
]  # fmt: skip
