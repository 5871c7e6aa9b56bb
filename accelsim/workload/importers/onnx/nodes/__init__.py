"""What does each operator of ONNX become? One function per operator, from a `Node` to layers on a `Graph`.

A function returns the tensors that the operator makes, in order; trailing ones that nobody knows may be
left out. It raises InputError where the inputs do not fit the operator, and UnsupportedError where it
does not understand this form of it, which is then listed as not counted.
"""

from __future__ import annotations

from accelsim.workload.importers.onnx.nodes import (
    arithmetic,
    attention,
    images,
    lookup,
    microsoft,
    norms,
    products,
    recurrent,
    shapes,
)
from accelsim.workload.importers.onnx.nodes.handler import Handler
from accelsim.workload.importers.onnx.quantized import OPERATORS as QUANTIZED

OPERATORS: dict[str, Handler] = {
    **arithmetic.OPERATORS,
    **attention.OPERATORS,
    **images.OPERATORS,
    **lookup.OPERATORS,
    **microsoft.OPERATORS,
    **norms.OPERATORS,
    **products.OPERATORS,
    **recurrent.OPERATORS,
    **shapes.OPERATORS,
    **QUANTIZED,
}
"""Every operator that is understood, by name; those of another domain with it (com.microsoft.Attention)."""

VIEWS = frozenset(shapes.OPERATORS)
"""Operators that only look at a tensor in another way: the shape of the result is all that matters of them."""
