"""Which words do profiles, workloads and mappings share? Loops, operands, dataflows and scalar operations."""

from __future__ import annotations

DIMS = ("B", "G", "K", "C", "OY", "OX", "FY", "FX")
"""Loop dimensions: batch, group, output and input channels, output rows and columns, filter rows and columns."""

OPERANDS = ("W", "I", "O")
"""Weights, inputs and outputs; of a product of two activations the second plays W."""

DATAFLOWS = ("weight-stationary", "output-stationary", "input-stationary", "row-stationary")
"""Names of dataflows; `accelsim.mapping.dataflows` gives each its order of loops."""

VECTOR_OPS = ("add", "multiply", "compare", "divide", "sqrt", "exp")
"""Kinds of scalar operation that a vector unit does; see docs/assumptions.md for what each layer costs."""
