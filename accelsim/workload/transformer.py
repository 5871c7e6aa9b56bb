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
from accelsim.workload.build import activation, elementwise, embedding, layer_norm, linear, rms_norm
from accelsim.workload.dimensions import Transformer
from accelsim.workload.network import Network
from accelsim.workload.stream import Built, Stream, whole
from accelsim.workload.vector import merge, rotary_ops


def prefill(
    model: Transformer, batch: int = 1, tokens: int = 2048, causal: bool = True, all_logits: bool = False
) -> Network:
    """Return the pass of a decoder over a prompt; the head sees the last token, or with ``all_logits`` all."""
    return _network(model, batch, Span(tokens, tokens, causal), all_logits)


def decode(model: Transformer, batch: int = 1, context: int = 2048) -> Network:
    """Return one decode step: one token of each sequence, the last of ``context`` positions."""
    return _network(model, batch, Span(1, context))


def encode(model: Transformer, batch: int = 1, tokens: int = 128) -> Network:
    """Return the pass of an encoder; every token attends to every token."""
    return _network(model, batch, Span(tokens, tokens, causal=False, cached=False))


def _network(model: Transformer, batch: int, span: Span, all_logits: bool = False) -> Network:
    whole("batch", batch)
    if span.cached == model.encoder:
        raise InputError("an encoder is run by encode, a decoder by prefill and decode.")
    if model.learned_positions and span.context > model.learned_positions:
        name = "tokens" if span.tokens == span.context else "context"
        raise InputError(
            f"must be at most the {model.learned_positions} learned positions; got {span.context}.", where=name
        )
    start = _embed(model, Stream(("input",), 1, tokens=span.tokens, batch=batch))
    block = _block(model, start.output, span)
    repeated = tuple(replace(layer, repeat=model.layers) for layer in block.layers)
    end = _end(model, block.output, all_logits)
    return Network(
        "transformer",
        start.layers + repeated + end.layers,
        batch=batch,
        kv_elements_per_token=model.kv_elements_per_token,
        kv_tokens=0 if model.encoder else span.context,
        tied_parameters=model.vocabulary * model.hidden if model.tied_embeddings else 0,
    )


def _norm(model: Transformer, name: str, source: Stream) -> Built:
    return rms_norm(name, source) if model.norm == "rms" else layer_norm(name, source)


def _embed(model: Transformer, tokens: Stream) -> Built:
    made = [embedding("embed_tokens", tokens, model.vocabulary, model.hidden)]
    tables = {"embed_positions": model.learned_positions, "embed_types": model.token_types}
    made += [embedding(name, tokens, rows, model.hidden) for name, rows in tables.items() if rows]
    if len(made) > 1:
        made.append(elementwise("embed_add", [part.output for part in made]))
    if model.embedding_norm:
        made.append(_norm(model, "embed_norm", made[-1].output))
    return _chain(made)


def _chain(made: list[Built]) -> Built:
    return Built(tuple(layer for part in made for layer in part.layers), made[-1].output)


def _block(model: Transformer, source: Stream, span: Span) -> Built:
    before = [] if model.norm_after else [_norm(model, "layers.attention_norm", source)]
    attention = _attention(model, before[0].output if before else source, span)
    if model.parallel:
        mlp = _mlp(model, before[0].output)
        return _chain([*before, attention, mlp, elementwise("layers.add", [source, attention.output, mlp.output])])
    middle = [elementwise("layers.attention_add", [source, attention.output])]
    if model.norm_after:
        middle.append(_norm(model, "layers.attention_norm", middle[0].output))
        residual = normed = middle[1].output
    else:
        middle.append(_norm(model, "layers.mlp_norm", middle[0].output))
        residual, normed = middle[0].output, middle[1].output
    mlp = _mlp(model, normed)
    end = [elementwise("layers.mlp_add", [residual, mlp.output])]
    if model.norm_after:
        end.append(_norm(model, "layers.mlp_norm", end[0].output))
    return _chain([*before, attention, *middle, mlp, *end])


def _attention(model: Transformer, source: Stream, span: Span) -> Built:
    split, bias = model.split, model.attention_bias != "none"
    narrow = split.kv_heads * split.size
    query = _rotate(model, linear("layers.q_proj", source, split.heads * split.size, bias=bias))
    keys = _rotate(model, linear("layers.k_proj", source, narrow, bias=bias))
    values = linear("layers.v_proj", source, narrow, bias=bias)
    if span.cached:
        keys, values = _to_cache(keys), _to_cache(values)
    core = attention_core("layers.", query.output, keys.output, values.output, split, span)
    result = linear("layers.o_proj", core.output, model.hidden, bias=model.attention_bias == "qkvo")
    return _chain([query, keys, values, core, result])


def _rotate(model: Transformer, projection: Built) -> Built:
    """Add the rotary embedding of the projected values, applied on the way out, to its operations."""
    (layer,) = projection.layers
    rotated = layer.output_elements // model.split.size * model.rotary
    layer = replace(layer, vector_ops=merge(layer.vector_ops, rotary_ops(rotated)))
    return Built((layer,), projection.output)


def _to_cache(projection: Built) -> Built:
    return Built(tuple(replace(layer, output_role="kv") for layer in projection.layers), projection.output)


def _mlp(model: Transformer, source: Stream) -> Built:
    up = linear("layers.up_proj", source, model.intermediate, bias=model.mlp_bias)
    if model.gated:
        gate = linear("layers.gate_proj", source, model.intermediate, bias=model.mlp_bias)
        gated = elementwise("layers.mlp_act", [gate.output, up.output], "multiply", model.activation)
        middle = [gate, up, gated]
    else:
        middle = [up, activation("layers.mlp_act", up.output, model.activation)]
    return _chain([*middle, linear("layers.down_proj", middle[-1].output, model.hidden, bias=model.mlp_bias)])


def _end(model: Transformer, source: Stream, all_logits: bool) -> Built:
    made = [] if model.norm_after else [_norm(model, "norm", source)]
    last = made[-1].output if made else source
    if model.encoder:
        if model.pooler:
            made.append(linear("pooler", replace(last, tokens=1), model.hidden, activation="tanh"))
        return _chain(made) if made else Built((), source)
    read = last if all_logits else replace(last, tokens=1)
    made.append(linear("lm_head", read, model.vocabulary, bias=model.head_bias))
    return _chain(made)
