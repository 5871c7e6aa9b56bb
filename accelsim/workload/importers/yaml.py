"""Which network does a workload file in YAML describe, in which pass, with which options?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelsim.documents import Document, load_document, validate
from accelsim.errors import InputError
from accelsim.workload import transformer
from accelsim.workload.dimensions import Transformer
from accelsim.workload.importers import Option
from accelsim.workload.importers.graph import build_graph
from accelsim.workload.network import Network
from accelsim.workload.passes import choose, read_option, settle
from accelsim.workload.schema import Phases, Workload

PASSES: dict[str, Callable[..., Network]] = {
    "prefill": transformer.prefill,
    "decode": transformer.decode,
    "encode": transformer.encode,
}


def load(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
    """Return the network of a file for one pass.

    Parameters
    ----------
    phase : str or None
        One of the file's phases; None where it offers at most one.
    batch : int or None
        Sequences or images; None is the file's own batch.
    options : mapping
        Options of the phase: ``tokens``, ``causal``, ``all_logits`` (prefill), ``context`` (decode),
        ``tokens`` (encode).

    Raises
    ------
    InputError
        The file, the phase or an option is not what it must be.
    """
    document = load_document(path)
    workload = read(document)
    offered = phases(workload)
    chosen = choose(workload.name, phase, offered)
    settings = settle(workload.name, chosen, offered[chosen], options)
    size = workload.batch if batch is None else read_option("batch", batch, 1)
    if workload.transformer is None:
        network = Network(workload.name, build_graph(document, workload, size), batch=size)
    else:
        network = _transformer(document, workload, chosen, size, settings, options)
    several = len(offered) > 1
    title = workload.title or workload.name
    return replace(
        network,
        name=f"{workload.name}/{chosen}" if several else workload.name,
        title=f"{title}, {chosen}" if several else title,
        source=workload.source,
        options={"phase": chosen, **settings} if chosen else settings,
    )


def read(document: Document) -> Workload:
    """Return the checked fields of a file; layers are checked when they are built."""
    if tool := _foreign(document.data):
        command = f"accelsim import {tool.lower()} {document.path.name}"
        raise InputError(f"this is a file of {tool}; turn it into a workload: {command}", where=document.where())
    workload = validate(Workload, document)
    if (workload.layers is None) == (workload.transformer is None):
        given = "neither" if workload.layers is None else "both"
        raise InputError(
            f"a workload must have either layers or a transformer; it has {given}.", where=document.where()
        )
    foreign = ("input", "blocks") if workload.layers is None else ("phases",)
    for field in foreign:
        if field in workload.model_fields_set:
            message = f"{field} must not be given with {'a transformer' if workload.layers is None else 'layers'}."
            raise InputError(message, where=document.where_key(field))
    for name in _unfit_phases(workload):
        kind = "an encoder" if workload.transformer and workload.transformer.encoder else "a decoder"
        kind = "an encoder of images" if workload.transformer and workload.transformer.image else kind
        raise InputError(f"must not be a phase of {kind}.", where=document.where("phases", name))
    return workload


def _foreign(data: Any) -> str:
    """Return the tool whose file this is, if it is not accelsim's; "" if it may be."""
    if isinstance(data, list):
        return "ZigZag" if data and isinstance(data[0], dict) and "equation" in data[0] else ""
    return "Timeloop" if isinstance(data, dict) and "problem" in data else ""


def _unfit_phases(workload: Workload) -> list[str]:
    if workload.transformer is None or workload.phases is None:
        return []
    unfit = ["prefill", "decode"] if workload.transformer.encoder else ["encode"]
    if workload.transformer.image:
        unfit = ["prefill", "decode", "encode"]
    return [name for name in unfit if getattr(workload.phases, name) is not None]


def phases(workload: Workload) -> dict[str, dict[str, Option]]:
    """Return the passes of a file, each with its options and their defaults; {"": {}} for plain layers."""
    if workload.transformer is None:
        return {"": {}}
    if workload.transformer.image:
        return {"encode": {}}
    given = workload.phases or Phases()
    known = ("encode",) if workload.transformer.encoder else ("prefill", "decode")
    chosen = [name for name in known if getattr(given, name) is not None] or known
    defaults = Phases.model_validate({name: {} for name in known})
    return {name: (getattr(given, name) or getattr(defaults, name)).model_dump() for name in chosen}


def _transformer(
    document: Document,
    workload: Workload,
    phase: str,
    batch: int,
    settings: dict[str, Any],
    options: Mapping[str, Option],
) -> Network:
    assert workload.transformer is not None
    try:
        model = Transformer(**workload.transformer.model_dump())
    except InputError as error:
        inner = (error.where,) if error.where else ()
        raise InputError(error.message, where=document.where("transformer", *inner)) from None
    try:
        return PASSES[phase](model, batch=batch, **settings)
    except InputError as error:
        field = error.where or ""
        where = f"option {field}" if field in options else document.where("phases", phase, *([field] if field else []))
        raise InputError(error.message, where=where) from None
