"""Where should the bits go? The exact choice of formats per layer, with costs from the simulator."""

from accelsim.quantization.allocation.allocate import CHOICES, Allocator, allocate, allocator
from accelsim.quantization.allocation.allocation import AllocatedLayer, Allocation
from accelsim.quantization.allocation.errors import LayerErrors, read_errors, trace_errors

__all__ = [
    "CHOICES", "AllocatedLayer", "Allocation", "Allocator", "LayerErrors", "allocate", "allocator", "read_errors",
    "trace_errors",
]  # fmt: skip
