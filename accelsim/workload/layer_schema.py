"""Which fields may each kind of layer in a workload file have, and what may each hold?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from accelsim.workload.fields import (
    Count,
    CountOrZero,
    Density,
    Function,
    Name,
    NofM,
    Pad,
    PadPair,
    Pair,
    Record,
)


class StatedFormats(Record):
    """Formats that the model itself states for a layer; see `accelsim.workload.stated`.

    Fields
    ------
    weights: of the W tensor, scales included
    activations: of what the layer reads
    output: of what it writes, where its readers do not state it
    kv: of the KV cache; one for the whole network
    compute: converted to before the multiply
    accumulator: of partial sums
    parameters: of biases, gains and shifts; the vector unit works in it
    """

    model_config = ConfigDict(title="the stated formats of a layer")
    weights: str = ""
    activations: str = ""
    output: str = ""
    kv: str = ""
    compute: str = ""
    accumulator: str = ""
    parameters: str = ""


class Densities(Record):
    """Declared densities of a layer; see `accelsim.workload.sparsity`.

    Fields
    ------
    weights, inputs, outputs: share of the tensor that is not zero
    pattern: N:M structure of the weights along the reduction
    """

    model_config = ConfigDict(title="the sparsity of a layer")
    weights: Density = None
    inputs: Density = None
    outputs: Density = None
    pattern: NofM = None


class AnyLayer(Record):
    """What every layer may say.

    Fields
    ------
    name: its name in results
    kind: what it computes
    input: layers that it reads (`block` is what enters the block); the one before if absent
    only: of a block that is used several times, the copies that have this layer
    stated: formats that the model itself states
    sparsity: declared densities
    """

    name: Name
    kind: str
    input: str | list[str] | None = None
    only: Literal["first", "rest"] | None = None
    stated: StatedFormats | None = None
    sparsity: Densities | None = None


class Conv(AnyLayer):
    """The fields of a conv layer.

    Fields
    ------
    out: output channels
    kernel: rows and columns of the filter
    stride: steps between outputs
    pad: zeros around the image: one number, [rows, columns], [top, left, bottom, right] or `same`
    dilation: steps between taps
    groups: groups of channels
    bias: whether a bias is added; if absent, only without `batch_norm`
    batch_norm: whether a batch norm follows, folded into the weights
    activation: function that follows
    """

    model_config = ConfigDict(title="a conv layer")
    out: Count
    kernel: Pair
    stride: Pair = 1
    pad: Pad = 0
    dilation: Pair = 1
    groups: Count = 1
    bias: bool | None = None
    batch_norm: bool = False
    activation: Function | None = None


class Depthwise(AnyLayer):
    """The fields of a depthwise layer.

    Fields
    ------
    kernel: rows and columns of the filter
    multiplier: output channels of each input channel
    stride: steps between outputs
    pad: zeros around the image, as of a conv
    dilation: steps between taps
    bias: whether a bias is added; if absent, only without `batch_norm`
    batch_norm: whether a batch norm follows, folded into the weights
    activation: function that follows
    """

    model_config = ConfigDict(title="a depthwise layer")
    kernel: Pair
    multiplier: Count = 1
    stride: Pair = 1
    pad: Pad = 0
    dilation: Pair = 1
    bias: bool | None = None
    batch_norm: bool = False
    activation: Function | None = None


class TransposedConv(AnyLayer):
    """The fields of a transposed_conv layer.

    Fields
    ------
    out: output channels
    kernel: rows and columns of the filter
    stride: steps between inputs in the output image
    pad: rows and columns cut off the output
    output_pad: rows and columns added at its end
    dilation: steps between taps
    groups: groups of channels
    bias: whether a bias is added; if absent, only without `batch_norm`
    batch_norm: whether a batch norm follows, folded into the weights
    activation: function that follows
    """

    model_config = ConfigDict(title="a transposed_conv layer")
    out: Count
    kernel: Pair
    stride: Pair = 1
    pad: PadPair = 0
    output_pad: PadPair = 0
    dilation: Pair = 1
    groups: Count = 1
    bias: bool | None = None
    batch_norm: bool = False
    activation: Function | None = None


class Linear(AnyLayer):
    """The fields of a linear layer.

    Fields
    ------
    out: output features
    bias: whether a bias is added
    activation: function that follows
    """

    model_config = ConfigDict(title="a linear layer")
    out: Count
    bias: bool = True
    activation: Function | None = None


class Matmul(AnyLayer):
    """The fields of a matmul layer.

    Fields
    ------
    transposed: whether the second input is transposed
    """

    model_config = ConfigDict(title="a matmul layer")
    transposed: bool = False


class Attention(AnyLayer):
    """The fields of an attention layer.

    Fields
    ------
    heads: heads of the queries
    kv_heads: heads of keys and values; 0 is as many as `heads`
    head_dim: width of a head; 0 is width / heads
    causal: a token attends to those before it
    bias: whether the projections have one
    """

    model_config = ConfigDict(title="an attention layer")
    heads: Count
    kv_heads: CountOrZero = 0
    head_dim: CountOrZero = 0
    causal: bool = False
    bias: bool = True


class Pool(AnyLayer):
    """The fields of a pool layer.

    Fields
    ------
    kernel: rows and columns of the window
    stride: steps between windows; the kernel if absent
    pad: zeros around the image, as of a conv
    ceil: whether a last window may reach beyond the image
    """

    model_config = ConfigDict(title="a pool layer")
    kernel: Pair
    stride: Pair = None
    pad: Pad = 0
    ceil: bool = False


class Plain(AnyLayer):
    """The fields of a layer of this kind."""

    model_config = ConfigDict(title="a layer of this kind")


class Elementwise(AnyLayer):
    """The fields of an elementwise layer.

    Fields
    ------
    activation: function that follows
    """

    model_config = ConfigDict(title="an elementwise layer")
    activation: Function | None = None


class Activation(AnyLayer):
    """The fields of an activation layer.

    Fields
    ------
    function: the function
    """

    model_config = ConfigDict(title="an activation layer")
    function: Function


class LocalNorm(AnyLayer):
    """The fields of a local_norm layer.

    Fields
    ------
    size: channels of the window
    """

    model_config = ConfigDict(title="a local_norm layer")
    size: Count = 5


class Embedding(AnyLayer):
    """The fields of an embedding layer.

    Fields
    ------
    rows: rows of the table
    width: width of a row
    """

    model_config = ConfigDict(title="an embedding layer")
    rows: Count
    width: Count


class EmbeddingBag(AnyLayer):
    """The fields of an embedding_bag layer.

    Fields
    ------
    rows: rows of the table
    width: width of a row
    lookups: rows that are summed for each sample
    """

    model_config = ConfigDict(title="an embedding_bag layer")
    rows: Count
    width: Count
    lookups: Count = 1


class Recurrent(AnyLayer):
    """The fields of a recurrent layer.

    Fields
    ------
    hidden: width of the state
    bias: whether biases are added
    """

    model_config = ConfigDict(title="a recurrent layer")
    hidden: Count
    bias: bool = True


class Gemm(AnyLayer):
    """The fields of a gemm layer.

    Fields
    ------
    M: rows of the product
    N: columns of the product
    K: the reduction
    groups: products of their own
    second_operand: what plays W
    repeat: how often the layer runs, each with its own weights
    """

    model_config = ConfigDict(title="a gemm layer")
    M: Count
    N: Count
    K: Count
    groups: Count = 1
    second_operand: Literal["weights", "activation", "kv"] = "weights"
    repeat: Annotated[int, Field(ge=1, le=10**6)] = 1


class Loops(Record):
    """Extents of the eight loops and the window; K and C per group, B per sample; ``size`` of the input image.

    Fields
    ------
    B: samples
    G: groups
    K: output channels of a group
    C: input channels of a group
    OY: rows of the output
    OX: columns of the output
    FY: rows of the filter
    FX: columns of the filter
    stride: steps between outputs
    dilation: steps between taps
    pad: zeros above and left of the image
    size: rows and columns of the input image; as many as are read if absent
    """

    model_config = ConfigDict(title="a loop nest")
    B: Count = 1
    G: Count = 1
    K: Count = 1
    C: Count = 1
    OY: Count = 1
    OX: Count = 1
    FY: Count = 1
    FX: Count = 1
    stride: Pair = 1
    dilation: Pair = 1
    pad: PadPair = 0
    size: Pair = None


class Nest(AnyLayer):
    """The fields of a nest layer.

    Fields
    ------
    shape: the loops
    second_operand: what plays W
    repeat: how often the layer runs, each with its own weights
    """

    model_config = ConfigDict(title="a nest layer")
    shape: Loops
    second_operand: Literal["weights", "activation", "kv"] = "weights"
    repeat: Annotated[int, Field(ge=1, le=10**6)] = 1


KINDS: dict[str, type[AnyLayer]] = {
    "conv": Conv,
    "depthwise": Depthwise,
    "transposed_conv": TransposedConv,
    "linear": Linear,
    "matmul": Matmul,
    "attention": Attention,
    "max_pool": Pool,
    "average_pool": Pool,
    "global_max_pool": Plain,
    "global_average_pool": Plain,
    "add": Elementwise,
    "multiply": Elementwise,
    "activation": Activation,
    "batch_norm": Plain,
    "layer_norm": Plain,
    "rms_norm": Plain,
    "local_norm": LocalNorm,
    "softmax": Plain,
    "embedding": Embedding,
    "embedding_bag": EmbeddingBag,
    "dot_interaction": Plain,
    "lstm": Recurrent,
    "gru": Recurrent,
    "gemm": Gemm,
    "nest": Nest,
}
"""Every kind of layer that a file may name, and its fields."""
