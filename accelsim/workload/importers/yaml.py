"""Which network does a workload file in YAML describe, in which pass, with which options?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelsim.documents import Document, load_document, shown, validate
from accelsim.errors import InputError, did_you_mean
from accelsim.workload import transformer
from accelsim.workload.dimensions import Transformer
from accelsim.workload.fields import MOST
from accelsim.workload.importers import Option
from accelsim.workload.importers.graph import build_graph
from accelsim.workload.network import Network
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
    chosen = _choose(workload, phase, offered)
    settings = _settings(workload.name, chosen, offered[chosen], options)
    size = workload.batch if batch is None else _option("batch", batch, 1)
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
        raise InputError(f"must not be a phase of {kind}.", where=document.where("phases", name))
    return workload


def _unfit_phases(workload: Workload) -> list[str]:
    if workload.transformer is None or workload.phases is None:
        return []
    unfit = ("prefill", "decode") if workload.transformer.encoder else ("encode",)
    return [name for name in unfit if getattr(workload.phases, name) is not None]


def phases(workload: Workload) -> dict[str, dict[str, Option]]:
    """Return the passes of a file, each with its options and their defaults; {"": {}} for plain layers."""
    if workload.transformer is None:
        return {"": {}}
    given = workload.phases or Phases()
    known = ("encode",) if workload.transformer.encoder else ("prefill", "decode")
    chosen = [name for name in known if getattr(given, name) is not None] or known
    defaults = Phases.model_validate({name: {} for name in known})
    return {name: (getattr(given, name) or getattr(defaults, name)).model_dump() for name in chosen}


def _choose(workload: Workload, phase: str | None, offered: dict[str, Any]) -> str:
    if phase is None and len(offered) == 1:
        return next(iter(offered))
    if phase is not None and phase in offered:
        return phase
    names = [f"{workload.name}/{name}" for name in offered if name]
    if phase is None:
        raise InputError(f"{workload.name} must be given with a phase: {' or '.join(names)}.")
    if not names:
        raise InputError(f"{workload.name} has no phases; got {phase!r}. Leave it out.")
    hint = did_you_mean(phase, offered) or f"; use {' or '.join(names)}."
    raise InputError(f"{workload.name} has no phase {phase!r}{hint}")


def _settings(name: str, phase: str, defaults: dict[str, Option], options: Mapping[str, Option]) -> dict[str, Option]:
    settings = dict(defaults)
    for option, value in options.items():
        if option not in defaults:
            whole = f"{name}/{phase}" if phase else name
            has = f"; it has {', '.join(defaults) or 'none'}."
            raise InputError(f"{option!r} is not an option of {whole}{did_you_mean(option, defaults) or has}")
        settings[option] = _option(option, value, defaults[option])
    return settings


def _option(name: str, value: Option, default: Option) -> Any:
    """Return an option's value in the type of its default; text from a command line is read."""
    if isinstance(default, bool):
        flags: dict[Option, bool] = {"true": True, "false": False}
        if isinstance(value, bool) or (isinstance(value, str) and value.lower() in flags):
            return flags[value.lower()] if isinstance(value, str) else value
        raise InputError(f"option {name} must be true or false; got {shown(value)}.")
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
    if number.isdecimal() if isinstance(number, str) else number > MOST:
        raise InputError(f"option {name} must be a whole number of at most {MOST}; got {shown(value)}.")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InputError(f"option {name} must be a whole number of at least 1; got {shown(value)}.")
    return number


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
