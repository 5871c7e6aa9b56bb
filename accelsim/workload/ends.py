"""What stands before the first block of a transformer and behind its last one?"""

from __future__ import annotations

from dataclasses import replace

from accelsim.workload.build import conv, elementwise, embedding, layer_norm, linear, rms_norm
from accelsim.workload.dimensions import Transformer
from accelsim.workload.layer import Layer
from accelsim.workload.stream import Built, Stream
from accelsim.workload.vector import ops


def chain(made: list[Built]) -> Built:
    """Return several parts as one, which hands on what the last one does."""
    return Built(tuple(layer for part in made for layer in part.layers), made[-1].output)


def norm(model: Transformer, name: str, source: Stream) -> Built:
    """Return a norm of the model's kind."""
    return rms_norm(name, source) if model.norm == "rms" else layer_norm(name, source)


def embed_tokens(model: Transformer, tokens: Stream) -> Built:
    """Return the look-up of tokens, plus positions and types where they are learned, plus a norm if there is one."""
    made = [embedding("embed_tokens", tokens, model.vocabulary, model.hidden)]
    tables = {"embed_positions": model.learned_positions, "embed_types": model.token_types}
    made += [embedding(name, tokens, rows, model.hidden) for name, rows in tables.items() if rows]
    if len(made) > 1:
        made.append(elementwise("embed_add", [part.output for part in made]))
    if model.embedding_norm:
        made.append(norm(model, "embed_norm", made[-1].output))
    return chain(made)


def embed_image(model: Transformer, batch: int) -> Built:
    """Return the patches of an image as tokens, behind a class token, plus their learned positions.

    A convolution with bias whose stride is its kernel, then one add per value. Stored: one vector
    for the class token and one for each position, the class token's included.
    """
    rows, columns = model.image
    image = Stream(("input",), model.channels, rows, columns, batch=batch)
    patches = conv("embed_patches", image, model.hidden, model.patch, stride=model.patch)
    tokens = patches.output.height * patches.output.width + 1
    output = Stream(("embed_positions",), model.hidden, tokens=tokens, batch=batch)
    positions = Layer(
        "embed_positions",
        "elementwise",
        vector_ops=ops(add=output.elements),
        inputs=patches.output.producers,
        input_elements=patches.output.elements,
        output_elements=output.elements,
        parameters=(tokens + 1) * model.hidden,
    )
    return Built((*patches.layers, positions), output)


def end(model: Transformer, source: Stream, all_logits: bool) -> Built:
    """Return the last norm and the head: a decoder's next token, or what an encoder ends with."""
    made = [] if model.norm_after else [norm(model, "norm", source)]
    last = made[-1].output if made else source
    if not model.encoder:
        read = last if all_logits else replace(last, tokens=1)
        return chain([*made, linear("lm_head", read, model.vocabulary, bias=model.head_bias)])
    if model.masked_head:
        made += _masked(model, last)
    if model.pooler:
        made.append(linear("pooler", replace(last, tokens=1), model.hidden, activation="tanh"))
    if model.classes:
        read = made[-1].output if model.pooler else last if model.class_tokens else replace(last, tokens=1)
        made.append(linear("classifier", read, model.classes))
    return chain(made) if made else Built((), source)


def _masked(model: Transformer, source: Stream) -> list[Built]:
    """Return BERT's masked-language head; its product reads the embedding table, which counts once."""
    dense = linear("masked_dense", source, model.hidden, activation=model.activation)
    normed = layer_norm("masked_norm", dense.output)
    return [dense, normed, linear("lm_head", normed.output, model.vocabulary)]
