"""Does TPU v1 run at the speed, wait for weights and draw the power that Google measured?"""

from __future__ import annotations

from accelsim.validation.comparison import Comparison
from accelsim.validation.studies.tpu_v1.power import busy_power, power_at_load
from accelsim.validation.studies.tpu_v1.speed import speed
from accelsim.validation.studies.tpu_v1.waiting import cycle_shares, weight_stall, weight_stall_of_matrix_time


def comparisons() -> list[Comparison]:
    """Return the comparisons with Jouppi et al., ISCA 2017; mappings are heuristic, of the chip's one dataflow."""
    return [speed(), weight_stall(), weight_stall_of_matrix_time(), cycle_shares(), power_at_load(), busy_power()]
