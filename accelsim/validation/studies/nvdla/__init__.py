"""Does NVDLA take the time that NVIDIA estimates for it? Vendor's estimates, not silicon."""

from __future__ import annotations

from accelsim.validation.comparison import Comparison
from accelsim.validation.studies.nvdla.alexnet import cycles, traffic
from accelsim.validation.studies.nvdla.resnet50 import frames_per_second


def comparisons() -> list[Comparison]:
    """Return the comparisons with NVIDIA's spreadsheet and primer; good weight-stationary mappings, for time."""
    return [cycles(), traffic(), frames_per_second()]
