"""Which network does a GGUF file hold, in one pass, with the formats of its own tensors?

Only the header is read. The dimensions come from the metadata and the shapes of the tensors, the
formats of every layer from the types of its tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from accelsim.errors import InputError
from accelsim.workload import transformer as passes
from accelsim.workload.dimensions import Transformer
from accelsim.workload.importers.gguf.dimensions import Description, transformer
from accelsim.workload.importers.gguf.metadata import Value
from accelsim.workload.importers.gguf.names import NOTATION, is_constant
from accelsim.workload.importers.gguf.shards import read_model
from accelsim.workload.importers.joining import Joined, join
from accelsim.workload.importers.stored import TensorTable
from accelsim.workload.importers.totals import uncounted
from accelsim.workload.network import Network
from accelsim.workload.passes import Option, choose, read_option, settle
from accelsim.workload.stated import Stated

PASSES: dict[str, Callable[..., Network]] = {
    "prefill": passes.prefill,
    "decode": passes.decode,
    "encode": passes.encode,
}


def load(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
    """Return the network of a GGUF file for one pass.

    Parameters
    ----------
    phase : {"prefill", "decode"} or None
        None for an encoder, which has one pass.
    batch : int or None
        Sequences; None = 1.
    options : mapping
        As of a workload file with a transformer: ``tokens``, ``causal``, ``all_logits``; ``context``.

    Raises
    ------
    InputError, UnsupportedError
        The file, the phase or an option is not what it must be.
    """
    return joined(path, phase, batch, options).network


def joined(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Joined:
    """Return the network of a file beside what its tensors say; see `load`."""
    metadata, table = read_model(path)
    about = Description(metadata, table, str(path))
    model = transformer(about)
    offered = _offered(model)
    name = path.name.removesuffix(".gguf")
    chosen = choose(path.name, phase, offered)
    settings = settle(path.name, chosen, offered[chosen], options)
    size = 1 if batch is None else read_option("batch", batch, 1)
    try:
        network = PASSES[chosen](model, batch=size, **settings)
    except InputError as error:
        where = f"option {error.where}" if error.where in options else str(path)
        raise InputError(error.message, where=where) from None
    found = join(network, table, NOTATION, str(path))
    several = len(offered) > 1
    title, usual = _title(metadata, name), _default(table)
    whole = replace(
        found.network,
        name=f"{name}/{chosen}" if several else name,
        title=f"{title}, {chosen}" if several else title,
        source=f"{path.name}, a GGUF file ({about.architecture}); it does not state activations and KV cache, taken as "
        f"{usual.activations} and {usual.kv}",
        options={"phase": chosen, **settings},
        stated=usual,
        uncounted=uncounted(found.beside, is_constant),
    )
    return replace(found, network=whole)


def phases(path: Path) -> dict[str, dict[str, Option]]:
    """Return the passes that a file offers, with their options' defaults."""
    metadata, table = read_model(path)
    return _offered(transformer(Description(metadata, table, str(path))))


def _offered(model: Transformer) -> dict[str, dict[str, Option]]:
    """Return the passes of a model; no default is longer than its learned positions."""
    most = model.learned_positions or 2048
    if model.encoder:
        return {"encode": {"tokens": min(128, most)}}
    return {
        "prefill": {"tokens": min(2048, most), "causal": True, "all_logits": False},
        "decode": {"context": min(2048, most)},
    }


def _title(metadata: Mapping[str, Value], name: str) -> str:
    title = metadata.get("general.name")
    return title[:80] if isinstance(title, str) and title.isprintable() and title.strip() else name


def _default(table: TensorTable) -> Stated:
    """Return the formats of activations and KV cache, of which a GGUF file says nothing.

    The 16-bit float of its weights: bf16 where most of what is not quantized, norms aside, is bf16; otherwise fp16,
    which is llama.cpp's default for the KV cache. Weights in fp32 throughout are multiplied in fp32.
    """
    bytes_of = {total.type: total.bytes for total in table.by_type}
    if bytes_of.get("BF16", 0) > bytes_of.get("F16", 0):
        return Stated(activations="bf16", kv="bf16")
    usual = table.by_type[0].type if table.by_type else "F16"
    return Stated(activations="fp32" if usual == "F32" else "fp16", kv="fp16")
