"""Which fields may each kind of layer in a workload file have, and what may each hold?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from accelsim.workload.fields import Count, CountOrZero, Function, Name, Pad, PadPair, Pair, Record


class StatedFormats(Record):
    """Formats that the model itself states for a layer; see `accelsim.workload.stated`."""

    model_config = ConfigDict(title="the stated formats of a layer")
    weights: str = ""
    activations: str = ""
    output: str = ""
    kv: str = ""
    compute: str = ""
    accumulator: str = ""
    parameters: str = ""


class AnyLayer(Record):
    """What every layer may say."""

    name: Name
    kind: str
    input: str | list[str] | None = None
    only: Literal["first", "rest"] | None = None
    stated: StatedFormats | None = None


class Conv(AnyLayer):
    """The fields of a conv layer."""

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
    """The fields of a depthwise layer."""

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
    """The fields of a transposed_conv layer."""

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
    """The fields of a linear layer."""

    model_config = ConfigDict(title="a linear layer")
    out: Count
    bias: bool = True
    activation: Function | None = None


class Matmul(AnyLayer):
    """The fields of a matmul layer."""

    model_config = ConfigDict(title="a matmul layer")
    transposed: bool = False


class Attention(AnyLayer):
    """The fields of an attention layer."""

    model_config = ConfigDict(title="an attention layer")
    heads: Count
    kv_heads: CountOrZero = 0
    head_dim: CountOrZero = 0
    causal: bool = False
    bias: bool = True


class Pool(AnyLayer):
    """The fields of a pool layer."""

    model_config = ConfigDict(title="a pool layer")
    kernel: Pair
    stride: Pair = None
    pad: Pad = 0
    ceil: bool = False


class Plain(AnyLayer):
    """The fields of a layer of this kind."""

    model_config = ConfigDict(title="a layer of this kind")


class Elementwise(AnyLayer):
    """The fields of an elementwise layer."""

    model_config = ConfigDict(title="an elementwise layer")
    activation: Function | None = None


class Activation(AnyLayer):
    """The fields of an activation layer."""

    model_config = ConfigDict(title="an activation layer")
    function: Function


class LocalNorm(AnyLayer):
    """The fields of a local_norm layer."""

    model_config = ConfigDict(title="a local_norm layer")
    size: Count = 5


class Embedding(AnyLayer):
    """The fields of an embedding layer."""

    model_config = ConfigDict(title="an embedding layer")
    rows: Count
    width: Count


class EmbeddingBag(AnyLayer):
    """The fields of an embedding_bag layer."""

    model_config = ConfigDict(title="an embedding_bag layer")
    rows: Count
    width: Count
    lookups: Count = 1


class Recurrent(AnyLayer):
    """The fields of a recurrent layer."""

    model_config = ConfigDict(title="a recurrent layer")
    hidden: Count
    bias: bool = True


class Gemm(AnyLayer):
    """The fields of a gemm layer."""

    model_config = ConfigDict(title="a gemm layer")
    M: Count
    N: Count
    K: Count
    groups: Count = 1
    second_operand: Literal["weights", "activation", "kv"] = "weights"
    repeat: Annotated[int, Field(ge=1, le=10**6)] = 1


class Loops(Record):
    """Extents of the eight loops and the window; K and C per group, B per sample; ``size`` of the input image."""

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
    """The fields of a nest layer."""

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
