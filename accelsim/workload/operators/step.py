"""What did one operator become? Its layers, what they read, and what may be folded into them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelsim.workload.layer import Layer
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.vector import Ops, merge


@dataclass(frozen=True, eq=False)
class Step:
    """One operator of a graph.

    Parameters
    ----------
    operator : str
        "conv", "linear", "matmul", "batch_norm", or the name of a function or an operation.
    layers : tuple of Layer
    reads : tuple of Tensor
        Activations that it reads.
    weights : tuple of Tensor
        Stored tensors that it reads.
    result : Tensor
        What it makes; its producers are the layers that write it.
    each : Ops
        Operations per element of the result, if every element depends only on the elements at its
        own place: then it may be applied on the way out of the layer that makes its only input.
    pieces : tuple of str
        Names of the functions and operations that ``each`` is made of, in order.
    biased : bool
        Whether a bias is added on the way out.
    closed : bool
        Whether more than a bias is applied on the way out: a batch norm behind it cannot go into the weights.
    """

    operator: str
    layers: tuple[Layer, ...]
    reads: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    result: Tensor
    each: Ops = ()
    pieces: tuple[str, ...] = ()
    biased: bool = False
    closed: bool = False

    @property
    def pointwise(self) -> bool:
        """Whether every element of its result depends on the elements at its place alone."""
        return bool(self.pieces)

    @property
    def takes(self) -> bool:
        """Whether something may be applied on the way out of it: of a product, a sum, a function."""
        return self.pointwise or self.operator in ("conv", "conv_transpose", "linear", "matmul")

    def finished(self, by: Step, each: Ops, parameters: int = 0, extra_inputs: int = 0) -> Step:
        """Return it with ``by`` applied to every element on its way out: ``each`` operations an element.

        ``parameters`` are stored with its first layer, which reads ``extra_inputs`` words beside its own.
        """
        made = []
        for number, layer in enumerate(self.layers):
            count = layer.output_elements if layer.name in self.result.producers else 0
            first = number == 0
            made.append(
                replace(
                    layer,
                    vector_ops=merge(layer.vector_ops, times(each, count)),
                    parameters=layer.parameters + parameters * first,
                    input_elements=layer.input_elements + extra_inputs * first,
                )
            )
        bias = by.operator == "batch_norm" or (by.pieces == ("shift",) and bool(by.weights))
        return replace(
            self,
            layers=tuple(made),
            weights=self.weights + by.weights,
            result=replace(by.result, producers=self.result.producers),
            each=merge(self.each, each) if self.pointwise else (),
            pieces=self.pieces + by.pieces if self.pointwise else (),
            biased=self.biased or bias,
            closed=self.closed or not bias,
        )


def times(each: Ops, count: int) -> Ops:
    """Return ``each`` for ``count`` elements."""
    return tuple((kind, number * count) for kind, number in each if count)
