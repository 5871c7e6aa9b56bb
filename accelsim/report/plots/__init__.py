"""How are the facts drawn? Figures from the records of `accelsim.report.facts`, never pyplot's global state."""

from accelsim.report.plots.accessors import ComparisonPlots, ResultPlots, SweepPlots
from accelsim.report.plots.allocation import AllocationPlots, allocation_figure, draw_allocation
from accelsim.report.plots.bars import breakdown_figure, comparison_figure, draw_bars, energy_figure
from accelsim.report.plots.costs import cost_figure, draw_costs
from accelsim.report.plots.curves import bits_figure, draw_curves
from accelsim.report.plots.density import density_figure, draw_density
from accelsim.report.plots.errors import ErrorPlots, draw_errors, error_figure
from accelsim.report.plots.front import FrontPlots, draw_front, front_figure
from accelsim.report.plots.heat import draw_heat, heat_figure
from accelsim.report.plots.memory import MemoryPlots, draw_memory, memory_figure
from accelsim.report.plots.roofline import draw_roofline, roofline_figure
from accelsim.report.plots.timeline import draw_timeline, timeline_figure
from accelsim.report.plots.tornado import draw_tornado, tornado_figure
from accelsim.report.plots.uses import draw_uses, uses_figure
from accelsim.report.style import save

__all__ = [
    "AllocationPlots", "ComparisonPlots", "ErrorPlots", "FrontPlots", "MemoryPlots", "ResultPlots", "SweepPlots",
    "allocation_figure", "bits_figure", "breakdown_figure", "comparison_figure", "cost_figure", "density_figure",
    "draw_allocation", "draw_bars", "draw_costs", "draw_curves", "draw_density", "draw_errors", "draw_front",
    "draw_heat", "draw_memory", "draw_roofline", "draw_timeline", "draw_tornado", "draw_uses", "energy_figure",
    "error_figure", "front_figure", "heat_figure", "memory_figure", "roofline_figure", "save", "timeline_figure",
    "tornado_figure", "uses_figure",
]  # fmt: skip
