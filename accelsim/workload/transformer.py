"""Which layers is a transformer stack of given dimensions, in one pass over given tokens?

A stack of n equal blocks is written once, each of its layers with ``repeat=n``. Inside the block
the inputs are the block's own edges. The block's input is named by the layer that feeds its first
repeat (the embedding); every later repeat reads the block's last layer, of the repeat before, in
its place (`accelsim.workload.unroll` writes this out).
"""

from __future__ import annotations

from dataclasses import replace

from accelsim.errors import InputError
from accelsim.workload.attention import Span, attention_core
from accelsim.workload.build import activation, elementwise, linear, without_macs
from accelsim.workload.dimensions import Transformer
from accelsim.workload.ends import chain, embed_image, embed_tokens, end, norm
from accelsim.workload.experts import mixture
from accelsim.workload.network import Network
from accelsim.workload.stream import Built, Stream, whole
from accelsim.workload.vector import merge, rms_norm_ops, rotary_ops


def prefill(
    model: Transformer, batch: int = 1, tokens: int = 2048, causal: bool = True, all_logits: bool = False
) -> Network:
    """Return the pass of a decoder over a prompt; the head sees the last token, or with ``all_logits`` all."""
    return _network(model, batch, Span(tokens, tokens, causal, window=model.window), all_logits)


def decode(model: Transformer, batch: int = 1, context: int = 2048) -> Network:
    """Return one decode step: one token of each sequence, the last of ``context`` positions.

    The extents of every layer are affine in ``context``: ``scores`` has N, ``attend`` K and
    ``softmax`` its words equal to (or a multiple of) the positions attended to, all other layers
    do not depend on it. With a ``window`` these positions are min(context, window): affine up to
    the window and constant from there on. The experts read depend on ``batch`` alone.
    """
    whole("context", context)
    return _network(model, batch, Span(1, min(context, model.window or context)), context=context)


def encode(model: Transformer, batch: int = 1, tokens: int = 128) -> Network:
    """Return the pass of an encoder, every token attending to every token; an image brings its own ``tokens``."""
    return _network(model, batch, Span(tokens, tokens, causal=False, cached=False))


def _network(model: Transformer, batch: int, span: Span, all_logits: bool = False, context: int = 0) -> Network:
    whole("batch", batch)
    if span.cached == model.encoder:
        raise InputError("an encoder is run by encode, a decoder by prefill and decode.")
    last = context or span.context
    if model.learned_positions and last > model.learned_positions:
        name = "context" if context else "tokens"
        raise InputError(f"must be at most the {model.learned_positions} learned positions; got {last}.", where=name)
    if model.sees:
        start = embed_image(model, batch)
        span = replace(span, tokens=start.output.tokens, context=start.output.tokens)
    else:
        start = embed_tokens(model, Stream(("input",), 1, tokens=span.tokens, batch=batch))
    block = _block(model, start.output, span)
    repeated = tuple(replace(layer, repeat=model.layers) for layer in block.layers)
    tied = model.tied_embeddings or model.masked_head
    return Network(
        "transformer",
        start.layers + repeated + end(model, block.output, all_logits).layers,
        batch=batch,
        kv_elements_per_token=model.kv_elements_per_token,
        kv_tokens=0 if model.encoder else min(last, model.window or last),
        tied_parameters=model.vocabulary * model.hidden if tied else 0,
    )


def _block(model: Transformer, source: Stream, span: Span) -> Built:
    before = [] if model.norm_after else [norm(model, "layers.attention_norm", source)]
    attention = _attention(model, before[0].output if before else source, span)
    if model.parallel:
        mlp = _mlp(model, before[0].output)
        return chain([*before, attention, mlp, elementwise("layers.add", [source, attention.output, mlp.output])])
    middle = [elementwise("layers.attention_add", [source, attention.output])]
    if model.norm_after:
        middle.append(norm(model, "layers.attention_norm", middle[0].output))
        residual = normed = middle[1].output
    else:
        middle.append(norm(model, "layers.mlp_norm", middle[0].output))
        residual, normed = middle[0].output, middle[1].output
    mlp = _mlp(model, normed)
    end = [elementwise("layers.mlp_add", [residual, mlp.output])]
    if model.norm_after:
        end.append(norm(model, "layers.mlp_norm", end[0].output))
    return chain([*before, attention, *middle, mlp, *end])


def _attention(model: Transformer, source: Stream, span: Span) -> Built:
    split, bias = model.split, model.attention_bias in ("qkv", "qkvo")
    narrow = split.kv_heads * split.size
    query = _turn(model, linear("layers.q_proj", source, split.heads * split.size, bias=bias), "layers.q_norm")
    keys = _turn(model, linear("layers.k_proj", source, narrow, bias=bias), "layers.k_norm")
    values = linear("layers.v_proj", source, narrow, bias=bias)
    if span.cached:
        keys, values = _to_cache(keys), _to_cache(values)
    core = attention_core("layers.", query.output, keys.output, values.output, split, span)
    result = linear("layers.o_proj", core.output, model.hidden, bias=model.attention_bias in ("o", "qkvo"))
    return chain([query, keys, values, core, result])


def _turn(model: Transformer, projection: Built, norm_name: str) -> Built:
    """Add the norm over each head, and the rotary embedding, applied on the way out, to its operations."""
    built = chain([projection, _head_norm(model, projection.output, norm_name)]) if model.head_norm else projection
    *before, last = built.layers
    rotated = last.output_elements // model.split.size * model.rotary
    last = replace(last, vector_ops=merge(last.vector_ops, rotary_ops(rotated)))
    return Built((*before, last), built.output)


def _head_norm(model: Transformer, source: Stream, name: str) -> Built:
    size = model.split.size
    return without_macs(name, "norm", source, rms_norm_ops(source.elements // size, size), parameters=size)


def _to_cache(built: Built) -> Built:
    """Let what ``built`` hands on be appended to the KV cache."""
    *before, last = built.layers
    return Built((*before, replace(last, output_role="kv")), built.output)


def _mlp(model: Transformer, source: Stream) -> Built:
    if model.experts:
        return mixture(
            "layers.", source, model.intermediate, model.experts, model.experts_per_token, model.activation, model.gated
        )
    up = linear("layers.up_proj", source, model.intermediate, bias=model.mlp_bias)
    if model.gated:
        gate = linear("layers.gate_proj", source, model.intermediate, bias=model.mlp_bias)
        gated = elementwise("layers.mlp_act", [gate.output, up.output], "multiply", model.activation)
        middle = [gate, up, gated]
    else:
        middle = [up, activation("layers.mlp_act", up.output, model.activation)]
    return chain([*middle, linear("layers.down_proj", middle[-1].output, model.hidden, bias=model.mlp_bias)])
