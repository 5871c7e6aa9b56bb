"""What do the embedding tables of a recommender and the interaction of their vectors cost?"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.stream import Built, Stream, join, whole
from accelsim.workload.vector import ops


def embedding_bag(
    name: str, rows: int, width: int, lookups: int = 1, batch: int = 1, source: Stream | None = None
) -> Built:
    """Return the sum of ``lookups`` rows of a table per sample; their indices are inputs of the network.

    ``lookups * width`` words are gathered per sample; a sum of several costs one add per word
    gathered. ``source`` may give the indices instead: one per value.
    """
    whole("rows", rows)
    whole("width", width)
    whole("lookups", lookups)
    if source is not None and source.elements != batch * lookups:
        raise InputError(f"must be {lookups} indices per sample; got {source.text()}.", where="input")
    gathered = batch * lookups * width
    layer = Layer(
        name,
        "embedding",
        vector_ops=ops(add=gathered if lookups > 1 else 0),
        inputs=source.producers if source is not None else ("input",),
        input_elements=batch * lookups,
        output_elements=batch * width,
        gathered_elements=gathered,
        row_elements=width,
        parameters=rows * width,
    )
    return Built((layer,), Stream((name,), width, batch=batch))


def dot_interaction(name: str, sources: list[Stream]) -> Built:
    """Return the inner products of every two of n equal vectors, behind the first of the vectors.

    Hands on width + n(n - 1)/2 values (DLRM, Naumov et al., arXiv:1906.00091). Counted is the whole
    n x n product, as the reference implementation computes it before it takes the lower triangle.
    """
    first, count = sources[0], len(sources)
    if count < 2:
        raise InputError(f"must name at least 2 vectors; got {count}.", where="input")
    for other in sources:
        if other.extents != first.extents or other.tokens * other.height * other.width > 1:
            raise InputError(f"must be vectors of equal width; got {first.text()} and {other.text()}.", where="input")
    layer = Layer(
        name,
        "matmul",
        Shape.gemm(M=count, N=count, K=first.channels, groups=first.batch),
        second_operand="activation",
        inputs=tuple(producer for source in sources for producer in source.producers),
    )
    pairs = Stream((name,), count * (count - 1) // 2, batch=first.batch)
    return Built((layer,), join([first, pairs]))
