"""Energy, time and bandwidth of deep-learning models on accelerators, in any number format.

>>> import accelsim as sim
>>> result = sim.estimate("resnet50", "eyeriss-v1", scheme="int8")
>>> sim.compare("resnet50", ["horowitz-45nm"], ["fp32", "int8"]).verdict  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.engine.scalesim.api import scalesim_report
    from accelsim.engine.systolic import systolic_cycles
    from accelsim.errors import AccelsimError, InfeasibleError, InputError, UnsupportedError, UsageError
    from accelsim.explore.allocation_front import AllocationFront, allocation_front
    from accelsim.explore.best import Best, best
    from accelsim.explore.bit_widths import bit_widths
    from accelsim.explore.bit_widths_table import BitWidths
    from accelsim.explore.calibration.calibrate import calibrate
    from accelsim.explore.calibration.calibration import Calibration
    from accelsim.explore.compare import Comparison, compare
    from accelsim.explore.cost_sweep import cost_sweep
    from accelsim.explore.pareto import Front, pareto
    from accelsim.explore.sweep.api import load_sweep, sweep
    from accelsim.explore.sweep.question import Sweep
    from accelsim.explore.sweep.result import SweepResult
    from accelsim.explore.swept_costs import CostSweep
    from accelsim.explore.uncertainty import Uncertainty, uncertainty
    from accelsim.hardware.catalog import list_profiles, load_profile
    from accelsim.hardware.chip import Chip
    from accelsim.mapping.constraints import Constraints
    from accelsim.mapping.file import MappingFile, load_mapping
    from accelsim.mapping.importers.bundle import Imported, import_scalesim, import_timeloop, import_zigzag
    from accelsim.mapping.nest import Keep, Loop, Nest
    from accelsim.precision import Format, parse_format
    from accelsim.quantization.allocation.allocate import Allocator, allocate, allocator
    from accelsim.quantization.allocation.allocation import Allocation
    from accelsim.quantization.allocation.errors import LayerErrors, read_errors, trace_errors
    from accelsim.quantization.error import quantization_error
    from accelsim.quantization.error_table import ErrorTable
    from accelsim.quantization.published import published_accuracy
    from accelsim.quantization.published_table import PublishedTable
    from accelsim.quantization.rounding import Quantized, quantize
    from accelsim.quantization.sensitivity.measure import sensitivity
    from accelsim.quantization.sensitivity.result import Sensitivity
    from accelsim.quantization.sensitivity.traces import read_traces
    from accelsim.quantization.training.accuracy_table import AccuracyTable
    from accelsim.quantization.training.measuring import quantization_accuracy
    from accelsim.report.mapping_file import save_mapping
    from accelsim.report.review.saving import save_report
    from accelsim.report.trace_file import save_trace
    from accelsim.scheme import Scheme, known_schemes, parse_scheme
    from accelsim.search.certificate import Certificate
    from accelsim.simulation.duty import Duty, duty
    from accelsim.simulation.estimate import estimate, evaluate_mapping
    from accelsim.simulation.generate import generate
    from accelsim.simulation.generation.phase import Phase
    from accelsim.simulation.generation.result import Generation
    from accelsim.simulation.memory_needs import memory
    from accelsim.simulation.memory_table import MemoryTable
    from accelsim.simulation.result import LayerResult, Result
    from accelsim.simulation.search_mapping import search_mapping
    from accelsim.simulation.trace import trace
    from accelsim.simulation.training import Training
    from accelsim.validation.validate import Validation, validate
    from accelsim.workload.catalog import list_workloads, load_workload
    from accelsim.workload.importers.pytorch.load import from_torch
    from accelsim.workload.layer import Layer
    from accelsim.workload.network import Network
    from accelsim.workload.one_layer import load_layer
    from accelsim.workload.shape import Shape
    from accelsim.workload.sparsity import Sparsity, declare_sparsity
    from accelsim.workload.stated import Stated
    from accelsim.workload.tensors import list_tensors

__version__ = "0.1.0"

_HOME = {
    "accelsim.engine.scalesim.api": ("scalesim_report",),
    "accelsim.engine.systolic": ("systolic_cycles",),
    "accelsim.errors": ("AccelsimError", "InfeasibleError", "InputError", "UnsupportedError", "UsageError"),
    "accelsim.explore.allocation_front": ("AllocationFront", "allocation_front"),
    "accelsim.explore.best": ("Best", "best"),
    "accelsim.explore.bit_widths": ("bit_widths",),
    "accelsim.explore.bit_widths_table": ("BitWidths",),
    "accelsim.explore.calibration.calibrate": ("calibrate",),
    "accelsim.explore.calibration.calibration": ("Calibration",),
    "accelsim.explore.compare": ("Comparison", "compare"),
    "accelsim.explore.cost_sweep": ("cost_sweep",),
    "accelsim.explore.pareto": ("Front", "pareto"),
    "accelsim.explore.sweep.api": ("load_sweep", "sweep"),
    "accelsim.explore.sweep.question": ("Sweep",),
    "accelsim.explore.sweep.result": ("SweepResult",),
    "accelsim.explore.swept_costs": ("CostSweep",),
    "accelsim.explore.uncertainty": ("Uncertainty", "uncertainty"),
    "accelsim.hardware.catalog": ("list_profiles", "load_profile"),
    "accelsim.hardware.chip": ("Chip",),
    "accelsim.mapping.constraints": ("Constraints",),
    "accelsim.mapping.file": ("MappingFile", "load_mapping"),
    "accelsim.mapping.importers.bundle": ("Imported", "import_scalesim", "import_timeloop", "import_zigzag"),
    "accelsim.mapping.nest": ("Keep", "Loop", "Nest"),
    "accelsim.precision": ("Format", "parse_format"),
    "accelsim.quantization.allocation.allocate": ("Allocator", "allocate", "allocator"),
    "accelsim.quantization.allocation.allocation": ("Allocation",),
    "accelsim.quantization.allocation.errors": ("LayerErrors", "read_errors", "trace_errors"),
    "accelsim.quantization.error": ("quantization_error",),
    "accelsim.quantization.error_table": ("ErrorTable",),
    "accelsim.quantization.published": ("published_accuracy",),
    "accelsim.quantization.published_table": ("PublishedTable",),
    "accelsim.quantization.rounding": ("Quantized", "quantize"),
    "accelsim.quantization.sensitivity.measure": ("sensitivity",),
    "accelsim.quantization.sensitivity.result": ("Sensitivity",),
    "accelsim.quantization.sensitivity.traces": ("read_traces",),
    "accelsim.quantization.training.accuracy_table": ("AccuracyTable",),
    "accelsim.quantization.training.measuring": ("quantization_accuracy",),
    "accelsim.report.mapping_file": ("save_mapping",),
    "accelsim.report.review.saving": ("save_report",),
    "accelsim.report.trace_file": ("save_trace",),
    "accelsim.scheme": ("Scheme", "known_schemes", "parse_scheme"),
    "accelsim.search.certificate": ("Certificate",),
    "accelsim.simulation.duty": ("Duty", "duty"),
    "accelsim.simulation.estimate": ("estimate", "evaluate_mapping"),
    "accelsim.simulation.generate": ("generate",),
    "accelsim.simulation.generation.phase": ("Phase",),
    "accelsim.simulation.generation.result": ("Generation",),
    "accelsim.simulation.memory_needs": ("memory",),
    "accelsim.simulation.memory_table": ("MemoryTable",),
    "accelsim.simulation.result": ("LayerResult", "Result"),
    "accelsim.simulation.search_mapping": ("search_mapping",),
    "accelsim.simulation.trace": ("trace",),
    "accelsim.simulation.training": ("Training",),
    "accelsim.validation.validate": ("Validation", "validate"),
    "accelsim.workload.catalog": ("list_workloads", "load_workload"),
    "accelsim.workload.importers.pytorch.load": ("from_torch",),
    "accelsim.workload.layer": ("Layer",),
    "accelsim.workload.network": ("Network",),
    "accelsim.workload.one_layer": ("load_layer",),
    "accelsim.workload.shape": ("Shape",),
    "accelsim.workload.sparsity": ("Sparsity", "declare_sparsity"),
    "accelsim.workload.stated": ("Stated",),
    "accelsim.workload.tensors": ("list_tensors",),
}
"""Where every public name lives; it is imported when first asked for, so that ``import accelsim`` is quick."""

_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AccelsimError", "AccuracyTable", "Allocation", "AllocationFront", "Allocator", "Best", "BitWidths", "Calibration",
    "Certificate", "Chip", "Comparison", "Constraints", "CostSweep", "Duty", "ErrorTable", "Format", "Front",
    "Generation", "Imported", "InfeasibleError", "InputError", "Keep", "Layer", "LayerErrors", "LayerResult", "Loop",
    "MappingFile", "MemoryTable", "Nest", "Network", "Phase", "PublishedTable", "Quantized", "Result", "Scheme",
    "Sensitivity", "Shape", "Sparsity", "Stated", "Sweep", "SweepResult", "Training", "Uncertainty", "UnsupportedError",
    "UsageError", "Validation", "__version__", "allocate", "allocation_front", "allocator", "best", "bit_widths",
    "calibrate", "compare", "cost_sweep", "declare_sparsity", "duty", "estimate", "evaluate_mapping", "from_torch",
    "generate", "import_scalesim", "import_timeloop", "import_zigzag", "known_schemes", "list_profiles", "list_tensors",
    "list_workloads", "load_layer", "load_mapping", "load_profile", "load_sweep", "load_workload", "memory", "pareto",
    "parse_format", "parse_scheme", "published_accuracy", "quantization_accuracy", "quantization_error", "quantize",
    "read_errors", "read_traces", "save_mapping", "save_report", "save_trace", "scalesim_report", "search_mapping",
    "sensitivity", "sweep", "systolic_cycles", "trace", "trace_errors", "uncertainty", "validate",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        from accelsim.errors import did_you_mean

        raise AttributeError(f"accelsim has no {name!r}{did_you_mean(name, _MODULE) or '.'}")
    value = getattr(import_module(_MODULE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
