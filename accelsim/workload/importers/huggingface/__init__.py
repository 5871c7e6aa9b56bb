"""Which network does the config.json of a Hugging Face model describe? Read with the standard library alone.

Supported: the families of `families.FAMILIES`. Options are those of a workload file's transformer:
``tokens``, ``causal`` and ``all_logits`` of a prefill, ``context`` of a decode step, ``tokens`` of an
encoder of text; an encoder of images has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelsim.errors import InputError
from accelsim.workload import transformer
from accelsim.workload.dimensions import Transformer
from accelsim.workload.importers.huggingface import quantization
from accelsim.workload.importers.huggingface.config import Config, read
from accelsim.workload.importers.huggingface.families import dimensions, family
from accelsim.workload.importers.huggingface.formats import with_formats
from accelsim.workload.network import Network
from accelsim.workload.passes import Option, choose, read_option, settle

PASSES: dict[str, Callable[..., Network]] = {
    "prefill": transformer.prefill,
    "decode": transformer.decode,
    "encode": transformer.encode,
}


def load(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
    """Return the network of a config.json for one pass.

    Parameters
    ----------
    path : Path
    phase : str or None
        "prefill", "decode" or "encode"; None where the model offers one.
    batch : int or None
        Sequences or images; None is 1.
    options : mapping

    Raises
    ------
    InputError
        The file, the phase or an option is not what it must be.
    UnsupportedError
        The file asks for a computation that is not modeled.
    """
    config = read(path)
    kind = family(config)
    model = dimensions(config, kind)
    name, offered = _name(path), _passes(model, config)
    chosen = choose(name, phase, offered)
    settings = settle(name, chosen, offered[chosen], options)
    size = 1 if batch is None else read_option("batch", batch, 1)
    network = _build(config, model, chosen, size, settings)
    usual = quantization.dtype(config)
    matrices = "Conv1D" if kind.title == "GPT-2" else "Linear"
    stated = with_formats(network, kind.modules, matrices, quantization.read(config, usual), usual)
    several = len(offered) > 1
    return replace(
        stated,
        name=f"{name}/{chosen}" if several else name,
        title=f"{name}, {chosen}" if several else name,
        source=f"{path} ({kind.title})",
        options={"phase": chosen, **settings},
    )


def phases(path: Path) -> dict[str, dict[str, Option]]:
    """Return the passes of a model, each with its options and their defaults."""
    config = read(path)
    return _passes(dimensions(config, family(config)), config)


def _passes(model: Transformer, config: Config) -> dict[str, dict[str, Option]]:
    """Return the passes; defaults are those of a workload file, or the longest sequence if that is shorter."""
    if model.sees:
        return {"encode": {}}
    longest = model.learned_positions or config.whole("max_position_embeddings", 2048)
    if model.encoder:
        return {"encode": {"tokens": min(128, longest)}}
    usual = min(2048, longest)
    return {
        "prefill": {"tokens": usual, "causal": True, "all_logits": False},
        "decode": {"context": usual},
    }


def _build(config: Config, model: Transformer, phase: str, batch: int, settings: dict[str, Any]) -> Network:
    try:
        return PASSES[phase](model, batch=batch, **settings)
    except InputError as error:
        if error.where in settings:
            raise InputError(error.message, where=f"option {error.where}") from None
        raise InputError(error.message, where=str(config.path)) from None


def _name(path: Path) -> str:
    """Return how the model is called: as its folder where the file is a plain config.json, else as the file."""
    return path.resolve().parent.name or "model" if path.name == "config.json" else path.stem
