"""Which layers is a graph of tensor operators? What ONNX and PyTorch share, so that their counts are equal.

An importer makes a `Graph`, gives it the network's inputs (`Graph.input`) and stored tensors
(`Graph.stored`), and calls one function per operator, in execution order. Each function takes the
graph, the name of the operator, and `Tensor`s; it records layers and returns the `Tensor` that the
operator makes. `Graph.network` then folds what is applied on the way out of another layer, and
returns the `Network`. ::

    graph = Graph("example")
    x = graph.input((1, 3, 224, 224))
    y = conv(graph, "conv1", x, graph.stored("conv1.weight", (64, 3, 7, 7)), stride=(2, 2), pads=(3, 3, 3, 3))
    y = pointwise(graph, "relu", "relu", y)
    y = linear(graph, "fc", reshape(y, (1, 64 * 112 * 112)), graph.stored("fc.weight", (10, 64 * 112 * 112)))
    network = graph.network(outputs=[y])

===================  ==========================================================================
`tensor`             `Tensor`: a shape, and who made it
`graph`              `Graph`: records layers, uncounted operators, stored tensors; makes the network
`views`              reshape, transpose, cut, concat, expand, pad: no operations, no traffic
`convolution`        conv, conv_transpose, in one to three dimensions
`products`           linear, matmul, einsum
`pointwise`          activation functions, arithmetic of tensors and constants, broadcasting
`norms`              batch_norm, layer_norm, rms_norm, group_norm, local_norm, softmax
`pooling`            pool, global_pool, reduce, resize
`lookup`             embedding, gather, scatter
`attention`          attention: fused scaled dot product attention
`recurrent`          lstm, gru, rnn over a sequence, one direction or two
`fold`, `pieces`     what `Graph.network` does: folding, and recognizing norms and functions in pieces
===================  ==========================================================================
"""

from __future__ import annotations

from accelsim.workload.operators.attention import attention
from accelsim.workload.operators.convolution import conv, conv_transpose
from accelsim.workload.operators.graph import Graph
from accelsim.workload.operators.lookup import embedding, gather, scatter
from accelsim.workload.operators.norms import batch_norm, group_norm, layer_norm, local_norm, rms_norm, softmax
from accelsim.workload.operators.pointwise import FUNCTIONS, OPERATIONS, arithmetic, pointwise, rotary
from accelsim.workload.operators.pooling import global_pool, pool, reduce, resize
from accelsim.workload.operators.products import einsum, linear, matmul
from accelsim.workload.operators.recurrent import recurrent
from accelsim.workload.operators.tensor import Tensor
from accelsim.workload.operators.views import concat, cut, expand, pad, reshape, transpose

__all__ = [
    "FUNCTIONS", "OPERATIONS", "Graph", "Tensor", "arithmetic", "attention", "batch_norm", "concat", "conv",
    "conv_transpose", "cut", "einsum", "embedding", "expand", "gather", "global_pool", "group_norm", "layer_norm",
    "linear", "local_norm", "matmul", "pad", "pointwise", "pool", "recurrent", "reduce", "reshape", "resize",
    "rms_norm", "rotary", "scatter", "softmax", "transpose",
]  # fmt: skip
