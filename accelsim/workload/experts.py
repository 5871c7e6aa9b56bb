"""Which layers are a mixture of experts, and how many of its experts does a pass read?

A router gives every token to ``active`` of ``count`` experts. Counted are: all experts as stored
parameters; the MACs of the active ones, tokens * active; the weights of the experts that the tokens
of the pass *touch*, each read once. Which experts those are depends on the data; counted is the
expected number of distinct ones if every token chooses uniformly and independently,

    touched = count * (1 - (1 - active/count)^tokens),  rounded to a whole expert

with at least ``active``: one token touches ``active`` experts, a long prompt all. Trained
routers are balanced on purpose, but neighboring tokens choose alike, so a small batch touches
rather fewer. The touched experts share the tokens equally, the last row of each being only
partly filled where they do not divide (``density`` keeps the MACs exact).
"""

from __future__ import annotations

from fractions import Fraction

from accelsim.errors import InputError
from accelsim.workload.build import linear
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.stream import Built, Stream, whole
from accelsim.workload.vector import activation_ops, merge, ops, softmax_ops


def check(count: int, active: int) -> None:
    """Raise InputError unless ``active`` of ``count`` experts can be chosen; 0 of 0 is no mixture."""
    whole("experts", count, least=0)
    whole("experts_per_token", active, least=0)
    if bool(count) != bool(active) or active > count:
        raise InputError(f"must be 1 to the {count} experts; got {active}.", where="experts_per_token")


def touched(count: int, active: int, tokens: int) -> int:
    """Return how many distinct experts ``tokens`` tokens are expected to read; see the top of the file."""
    expected = count * (1 - (1 - active / count) ** tokens)
    return min(count, max(active, round(expected)))


def mixture(
    prefix: str, source: Stream, intermediate: int, count: int, active: int, activation: str, gated: bool
) -> Built:
    """Return the router, the experts' products and the weighted sum of what they return.

    The router is a linear layer to ``count`` scores; each token takes a softmax of them, ``active``
    passes of comparisons for the largest, and divides these by their sum. The sum multiplies each
    expert's result by its weight and adds: one multiply and one add per value.
    """
    check(count, active)
    router = linear(f"{prefix}router", source, count, bias=False)
    rows, width = source.rows * active, source.features
    choice = Layer(
        f"{prefix}router_choice",
        "softmax",
        vector_ops=merge(
            softmax_ops(source.rows * count), ops(compare=source.rows * count * active, add=rows, divide=rows)
        ),
        inputs=router.output.producers,
        input_elements=source.rows * count,
        output_elements=rows,
    )
    read = touched(count, active, source.rows)
    names = ("up_proj", "gate_proj") if gated else ("up_proj",)
    wide = [
        _product(f"{prefix}expert_{name}", (*source.producers, choice.name), rows, width, intermediate, count, read)
        for name in names
    ]
    gating = ops(multiply=rows * intermediate if gated else 0)
    middle = Layer(
        f"{prefix}expert_act",
        "elementwise",
        vector_ops=merge(gating, activation_ops(activation, rows * intermediate)),
        inputs=tuple(layer.name for layer in reversed(wide)),
        input_elements=len(wide) * rows * intermediate,
        output_elements=rows * intermediate,
    )
    down = _product(f"{prefix}expert_down_proj", (middle.name,), rows, intermediate, width, count, read)
    total = Layer(
        f"{prefix}expert_sum",
        "elementwise",
        vector_ops=ops(multiply=rows * width, add=rows * width),
        inputs=(down.name, choice.name),
        input_elements=rows * width + rows,
        output_elements=source.elements,
    )
    return Built((*router.layers, choice, *wide, middle, down, total), source.by(total.name))


def _product(name: str, inputs: tuple[str, ...], rows: int, width: int, out: int, count: int, read: int) -> Layer:
    """Return ``rows`` rows of ``width`` values by the matrices of ``read`` of ``count`` experts."""
    each = -(-rows // read)
    return Layer(
        name,
        "linear",
        Shape.gemm(M=each, N=out, K=width, groups=read, density=Fraction(rows, each * read)),
        inputs=inputs,
        input_elements=rows * width,
        output_elements=rows * out,
        unread_weights=(count - read) * width * out,
    )
