"""What does an LSTM or GRU layer compute over a sequence?

Three layers: ``NAME.input`` (all gates' products with the inputs), ``NAME.recurrent`` (with the
previous hidden state) and ``NAME.cell`` (gates and state, vector operations). The steps of
``NAME.recurrent`` depend on each other, which a loop nest cannot say: its steps stand in the B
loop with the batch. Its MACs and weights are exact; a mapping may share a weight between steps.
"""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.stream import Built, Stream, whole
from accelsim.workload.vector import Ops, activation_ops, merge, ops

GATES = {"lstm": 4, "gru": 3}


def recurrent(name: str, source: Stream, cell: str, hidden: int, bias: bool = True) -> Built:
    """Return one layer of ``cell`` ("lstm" or "gru") with ``hidden`` units over the tokens of ``source``.

    MACs per step are gates * hidden * (features + hidden). Two bias vectors per gate are stored, as
    PyTorch does; the two of one gate are added once, except in the candidate gate of a GRU.
    """
    if cell not in GATES:
        raise InputError(f"a recurrent cell must be lstm or gru; got {cell!r}.")
    whole("hidden", hidden)
    outputs = GATES[cell] * hidden
    forward = Shape.gemm(M=source.rows, N=outputs, K=source.features)
    backward = Shape.gemm(M=source.rows, N=outputs, K=hidden)
    inputs = Layer(f"{name}.input", "recurrent", forward, inputs=source.producers)
    states = Layer(f"{name}.recurrent", "recurrent", backward, inputs=())
    gates = Layer(
        f"{name}.cell",
        "recurrent",
        vector_ops=cell_ops(cell, source.rows * hidden, bias=bias),
        inputs=(inputs.name, states.name),
        input_elements=2 * outputs * source.rows,
        output_elements=source.rows * hidden,
        parameters=2 * outputs if bias else 0,
    )
    return Built((inputs, states, gates), source.by(gates.name, channels=hidden, height=1, width=1))


def cell_ops(cell: str, states: int, *, bias: bool) -> Ops:
    """Return the vector operations of ``states`` new hidden values.

    LSTM, per value: 4 adds join the two products of the gates (4 more the biases), 3 sigmoids and 1
    tanh, c = f*c + i*g (2 multiplies, 1 add), h = o * tanh(c) (1 tanh, 1 multiply).
    GRU, per value: 3 adds join the products (4 the biases, two of them in the candidate), 2 sigmoids
    and 1 tanh, r * candidate (1 multiply), h = n + z*(h - n) (2 adds, 1 multiply).
    """
    if cell == "lstm":
        joined = ops(add=(4 + 4 * bias + 1) * states, multiply=3 * states)
        return merge(joined, activation_ops("sigmoid", 3 * states), activation_ops("tanh", 2 * states))
    joined = ops(add=(3 + 4 * bias + 2) * states, multiply=2 * states)
    return merge(joined, activation_ops("sigmoid", 2 * states), activation_ops("tanh", states))
