"""Which shapes does the file itself give, and which does `onnx.shape_inference` find, where an operator is unknown?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto


class Hints:
    """Shapes of tensors by name, looked up only where the walk itself cannot know them."""

    def __init__(self, model: ModelProto) -> None:
        self._model = model
        self._bound: dict[str, tuple[int, ...]] = {}
        self._known: dict[str, tuple[int, ...]] | None = None

    def bind(self, name: str, shape: tuple[int, ...]) -> None:
        """Note the shape of an input with its axes bound."""
        self._bound[name] = shape

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of a tensor, or None if nobody knows it."""
        if self._known is None:
            self._known = self._infer()
        return self._known.get(name)

    def _infer(self) -> dict[str, tuple[int, ...]]:
        """Return what onnx infers from the bound inputs; what it refuses, the file alone tells."""
        from onnx import shape_inference

        model = type(self._model)()
        model.CopyFrom(self._model)
        del model.functions[:]  # written out, they may have no end
        for value in model.graph.input:
            if value.name in self._bound:
                for dim, extent in zip(value.type.tensor_type.shape.dim, self._bound[value.name], strict=True):
                    dim.dim_value = extent
        try:
            graph = shape_inference.infer_shapes(model, data_prop=True).graph
        except (RuntimeError, TypeError, ValueError, shape_inference.InferenceError):
            graph = model.graph
        return _shapes(graph.value_info) | _shapes(graph.output)


def _shapes(values: Iterable[ValueInfoProto]) -> dict[str, tuple[int, ...]]:
    found = {}
    for value in values:
        if value.type.HasField("tensor_type") and value.type.tensor_type.HasField("shape"):
            dims = value.type.tensor_type.shape.dim
            if all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in dims):
                found[value.name] = tuple(int(dim.dim_value) for dim in dims)
    return found
