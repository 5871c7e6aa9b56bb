"""Which fields may a workload file have, and what may each hold? The layers' own are in `layer_schema`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from accelsim.workload.fields import Count, CountOrZero, Function, Name, Pair, Record


class Input(Record):
    """One sample of what enters the network: an image, or tokens."""

    model_config = ConfigDict(title="an input")
    channels: Count = 1
    height: Count = 1
    width: Count = 1
    tokens: Count = 1


class BlockUse(Record):
    """One or several copies of a block, in a row."""

    model_config = ConfigDict(title="the use of a block")
    name: Name
    block: str
    times: Annotated[int, Field(ge=1, le=1000)] | None = None
    start: CountOrZero = 0
    input: str | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    first: dict[str, Any] = Field(default_factory=dict)


class Dimensions(Record):
    """The ``transformer:`` of a file; see `accelsim.workload.dimensions.Transformer`."""

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
    """Defaults of a pass over a prompt."""

    model_config = ConfigDict(title="the phase prefill")
    tokens: Count = 2048
    causal: bool = True
    all_logits: bool = False


class Decode(Record):
    """Defaults of one decode step."""

    model_config = ConfigDict(title="the phase decode")
    context: Count = 2048


class Encode(Record):
    """Defaults of an encoder's pass."""

    model_config = ConfigDict(title="the phase encode")
    tokens: Count = 128


class Phases(Record):
    """The passes that a file offers, each with the defaults of its options."""

    model_config = ConfigDict(title="phases")
    prefill: Prefill | None = None
    decode: Decode | None = None
    encode: Encode | None = None


class Workload(Record):
    """A workload file: ``layers`` (with ``input`` and ``blocks``), or ``transformer`` with ``phases``."""

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
