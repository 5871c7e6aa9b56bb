"""What do embeddings, gathers by computed index and scatters read and write? No operations, only words."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.tensor import Dims, Tensor


def embedding(graph: Graph, name: str, indices: Tensor, table: Tensor, axis: int = 0) -> Tensor:
    """Return the rows of a stored ``table`` along ``axis`` that ``indices`` choose: (..., width) for indices (...)."""
    if not table.shape or not table.is_stored:
        raise InputError(f"an embedding must have a stored table; got {table.text()}.")
    width = table.elements // table.shape[axis] if table.shape[axis] else 0
    shape = (*table.shape[:axis], *indices.shape, *table.shape[axis + 1 :])
    layer = Layer(
        graph.fresh(name),
        "embedding",
        inputs=indices.producers,
        input_elements=indices.words,
        output_elements=indices.elements * width,
        gathered_elements=indices.elements * width,
        row_elements=width,
        parameters=table.parameters,
    )
    reads = () if indices.is_stored else (indices,)
    return graph.record("embedding", [layer], reads, shape, weights=[table], format=table.format)


def gather(graph: Graph, name: str, x: Tensor, indices: Tensor, shape: Dims) -> Tensor:
    """Return the words of an activation that a computed index chooses: they are read and written, in ``shape``."""
    return _moved(graph, name, "gather", (x, indices), shape, Tensor(shape).elements + indices.words)


def scatter(graph: Graph, name: str, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    """Return ``x`` with ``updates`` written at computed places; the rest of it stays where it is."""
    moved = _moved(graph, name, "scatter", (updates, indices), updates.shape, updates.words + indices.words)
    producers = tuple(dict.fromkeys((*x.producers, *moved.producers)))
    return Tensor(x.shape, producers, format=x.format, cached=x.cached)


def _moved(graph: Graph, name: str, operator: str, read: tuple[Tensor, ...], shape: Dims, words: int) -> Tensor:
    reads = [tensor for tensor in read if not tensor.is_stored]
    layer = Layer(
        graph.fresh(name),
        "other",
        inputs=tuple(maker for tensor in reads for maker in tensor.producers),
        input_elements=words,
        output_elements=Tensor(shape).elements,
    )
    return graph.record(operator, [layer], reads, shape)
