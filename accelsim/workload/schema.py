"""Which fields may a workload file have, and what may each hold? The layers' own are in `layer_schema`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from accelsim.workload.fields import Count, CountOrZero, Function, Name, Pair, Record


class Input(Record):
    """One sample of what enters the network: an image, or tokens.

    Fields
    ------
    channels: channels of an image
    height: rows of an image
    width: columns of an image
    tokens: tokens of a text
    """

    model_config = ConfigDict(title="an input")
    channels: Count = 1
    height: Count = 1
    width: Count = 1
    tokens: Count = 1


class BlockUse(Record):
    """One or several copies of a block, in a row.

    Fields
    ------
    name: begins the names of its layers
    block: name of the block
    times: copies in a row
    start: number of the first copy in the names
    input: what enters the block; the layer before if absent
    set: values of the `$names` in the block
    first: values that differ in the first copy
    """

    model_config = ConfigDict(title="the use of a block")
    name: Name
    block: str
    times: Annotated[int, Field(ge=1, le=1000)] | None = None
    start: CountOrZero = 0
    input: str | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    first: dict[str, Any] = Field(default_factory=dict)


class Dimensions(Record):
    """The ``transformer:`` of a file; see `accelsim.workload.dimensions.Transformer`.

    Fields
    ------
    hidden: width of a token
    intermediate: width inside the MLP
    layers: blocks
    heads: heads of the queries
    kv_heads: heads of keys and values; 0 is as many as `heads`
    head_dim: width of a head; 0 is hidden / heads
    vocabulary: rows of the token embedding
    encoder: no KV cache, no next-token head; attention sees all tokens
    norm: kind of norm
    norm_after: norms follow the residual adds, as in BERT
    parallel: attention and MLP share one norm and are added together
    embedding_norm: a norm follows the embedding
    gated: the MLP is down(act(gate(x)) * up(x)), else down(act(up(x)))
    activation: function of the MLP
    rotary: values of each head that are rotated
    head_norm: an RMS norm over each head of queries and keys
    learned_positions: rows of an embedding table of positions
    token_types: rows of one of segments
    attention_bias: projections of attention that have a bias
    mlp_bias: whether the MLP has a bias
    head_bias: whether the head has one
    tied_embeddings: the head uses the embedding table
    window: positions that a token attends to; 0 is all
    experts: MLPs of a mixture of experts; 0 is one MLP
    experts_per_token: how many of them a token passes
    pooler: an encoder ends with a dense tanh layer on the first token
    classes: an encoder ends with a linear layer to so many classes; 0 is none
    class_tokens: classes are told of every token
    masked_head: an encoder ends with BERT's masked-language head
    image: rows and columns of the image that an encoder of images reads; 0 is text
    patch: rows and columns of its patches
    channels: channels of the image
    """

    model_config = ConfigDict(title="a transformer")
    hidden: Count
    intermediate: Count
    layers: Annotated[int, Field(ge=1, le=10_000)]
    heads: Count
    kv_heads: CountOrZero = 0
    head_dim: CountOrZero = 0
    vocabulary: CountOrZero = 0
    encoder: bool = False
    norm: Literal["rms", "layer"] = "rms"
    norm_after: bool = False
    parallel: bool = False
    embedding_norm: bool = False
    gated: bool = True
    activation: Function = "silu"
    rotary: CountOrZero = 0
    head_norm: bool = False
    learned_positions: CountOrZero = 0
    token_types: CountOrZero = 0
    attention_bias: Literal["none", "qkv", "o", "qkvo"] = "none"
    mlp_bias: bool = False
    head_bias: bool = False
    tied_embeddings: bool = False
    window: CountOrZero = 0
    experts: CountOrZero = 0
    experts_per_token: CountOrZero = 0
    pooler: bool = False
    classes: CountOrZero = 0
    class_tokens: bool = False
    masked_head: bool = False
    image: Pair = 0
    patch: Pair = 0
    channels: Count = 3


class Prefill(Record):
    """Defaults of a pass over a prompt.

    Fields
    ------
    tokens: length of the prompt
    causal: a token attends to those before it
    all_logits: the head sees every token and not the last alone
    """

    model_config = ConfigDict(title="the phase prefill")
    tokens: Count = 2048
    causal: bool = True
    all_logits: bool = False


class Decode(Record):
    """Defaults of one decode step.

    Fields
    ------
    context: tokens in the KV cache, the one computed included
    """

    model_config = ConfigDict(title="the phase decode")
    context: Count = 2048


class Encode(Record):
    """Defaults of an encoder's pass.

    Fields
    ------
    tokens: length of the text
    """

    model_config = ConfigDict(title="the phase encode")
    tokens: Count = 128


class Phases(Record):
    """The passes that a file offers, each with the defaults of its options.

    Fields
    ------
    prefill: reading a prompt
    decode: one step of writing
    encode: a pass of an encoder
    """

    model_config = ConfigDict(title="phases")
    prefill: Prefill | None = None
    decode: Decode | None = None
    encode: Encode | None = None


class Workload(Record):
    """A workload file: ``layers`` (with ``input`` and ``blocks``), or ``transformer`` with ``phases``.

    Fields
    ------
    name: its name
    title: one line for people
    description: what was taken from where, what was left out
    source: the work that it was written from
    batch: samples of a pass
    input: one sample of what enters
    blocks: lists of layers by name, for use several times
    layers: layers and uses of blocks, in the order of execution
    transformer: dimensions of a transformer, in place of `layers`
    phases: passes that it offers, as in `NAME/decode`
    """

    model_config = ConfigDict(title="a workload")
    name: Name
    title: str = ""
    description: str = ""
    source: str = ""
    batch: Count = 1
    input: Input | None = None
    blocks: dict[str, Annotated[list[dict[str, Any]], Field(min_length=1)]] = Field(default_factory=dict)
    layers: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    transformer: Dimensions | None = None
    phases: Phases | None = None
