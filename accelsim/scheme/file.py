"""What does a scheme file say? YAML with positions, per-layer overrides by name pattern."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from accelsim.documents import Document, load_document, validate
from accelsim.errors import InputError
from accelsim.precision import Format, Span, element_of, grouped, parse_format
from accelsim.scheme.grammar import parse_name, read_format, read_weights
from accelsim.scheme.scheme import Scheme

Keys = tuple[str | int, ...]


class Weights(BaseModel):
    """Weights written as a mapping: ``{format: int4, group: 128, scale: fp16, zero_point: uint4}``.

    Fields
    ------
    format: bare format of an element
    group: elements that share a scale, or `channel` or `tensor`
    scale: format of a scale
    zero_point: format of a zero point; none if absent, but of an unsigned format its own
    """

    model_config = ConfigDict(extra="forbid", title="the weights")

    format: str | int
    group: str | int = "channel"
    scale: str = "fp16"
    zero_point: str | None = None


class Override(BaseModel):
    """What a scheme may state for some of its layers; what it leaves out is the scheme's own.

    Fields
    ------
    base: name of a scheme to start from
    weights: a format, or its parts
    activations: a format
    compute: what is multiplied: a float to dequantize to, an integer to unpack to, `none` for as stored
    accumulator: format of partial sums
    convert_at: level at which operands are converted
    vector: float in which the vector unit works
    """

    model_config = ConfigDict(extra="forbid", title="layer override")

    base: str | None = None
    weights: str | int | dict[str, Any] | None = None
    activations: str | int | None = None
    compute: str | None = None
    accumulator: str | None = None
    convert_at: str | None = None
    vector: str | None = None


class SchemeFile(Override):
    """A whole scheme file.

    Fields
    ------
    kv: format of the KV cache; that of the activations if absent
    name: name of the scheme; that of the file if absent
    description: a remark
    layers: by pattern of layer names, what differs there; the first that matches decides
    """

    model_config = ConfigDict(extra="forbid", title="scheme")

    kv: str | int | None = None
    name: str | None = None
    description: str = ""
    layers: dict[str, dict[str, Any]] = {}


def load_scheme(path: Path) -> Scheme:
    """Return the scheme that a YAML file states.

    Fields are ``name``, ``description``, ``base`` (a scheme's name to start from), ``weights``,
    ``activations``, ``kv``, ``compute`` (a float: dequantize to it; an integer: unpack to it;
    ``none``: as stored), ``accumulator``, ``convert_at`` (a level), ``vector`` and ``layers``, a
    mapping from layer-name patterns (``*``, ``?``, ``[...]``) to the same fields except the first
    two and ``layers``; the first pattern that matches a layer decides, and what it leaves out is
    the file's own.

    Raises
    ------
    InputError
        With file, line, column and field: an unknown key, an unknown format, formats that cannot
        be multiplied.
    """
    document = load_document(path)
    stated = validate(SchemeFile, document)
    whole = _apply(stated, None, document, (), stated.name or path.stem)
    overrides = []
    for pattern, fields in stated.layers.items():
        at = ("layers", pattern)
        if not pattern.strip():
            raise InputError("a pattern of layer names must not be empty.", where=document.where(*at))
        settings = validate(Override, document, fields, at)
        if not fields:
            raise InputError("an override must state something, as in {weights: int8}.", where=document.where(*at))
        overrides.append((pattern, _apply(settings, whole, document, at, f"{whole.name}[{pattern}]")))
    return Scheme(**{**_fields(whole), "overrides": tuple(overrides), "description": stated.description})


def _apply(stated: Override, default: Scheme | None, document: Document, at: Keys, name: str) -> Scheme:
    """Return ``default`` (or the stated ``base``) changed by what is stated at ``at`` in the document."""
    parts: dict[str, Any] = {} if default is None else _fields(default)
    for field, reader in _READERS.items():
        value = getattr(stated, field, None)
        if value is None:
            continue
        try:
            found = _weights(document, (*at, field)) if isinstance(value, dict) else reader(value)
        except InputError as error:
            raise InputError(error.message, where=error.where or document.where(*at, field)) from None
        _put(parts, field, found)
    for noun in ("weights", "activations"):
        if _PARTS[noun] not in parts:
            raise InputError(f"a scheme must state {noun}, or a base such as w8a8.", where=document.where(*at))
    if default is not None:
        parts["kv_format"] = default.kv_format
    try:
        return Scheme(**parts | {"name": name}).with_kv_multiplied()
    except InputError as error:
        named = (field for field in ("compute", "accumulator", "vector", "activations") if field in error.message)
        culprit = [field for field in named if getattr(stated, field) is not None][:1]
        raise InputError(error.message, where=document.where(*at, *culprit)) from None


def _put(parts: dict[str, Any], field: str, found: Any) -> None:
    """Enter one statement; KV follows the activations until it is stated itself."""
    if field == "base":
        parts.update(_fields(found))
        return
    if field == "activations" and parts.get("kv_format") == parts.get("activation_format"):
        parts["kv_format"] = found
    parts[_PARTS.get(field, field)] = found


def _fields(scheme: Scheme) -> dict[str, Any]:
    return {field: getattr(scheme, field) for field in scheme.__dataclass_fields__}


def _weights(document: Document, at: Keys) -> Format:
    stated = validate(Weights, document, at=at)
    fields = stated.model_fields_set
    bare = read_format(stated.format)
    if fields <= {"format"}:
        return read_weights(stated.format)
    if bare.block is not None:
        where = document.where(*at, "format")
        raise InputError(f"weights must be a bare format such as int4 to take a group; {bare} has scales.", where=where)
    if isinstance(stated.group, str) and stated.group not in ("channel", "tensor"):
        where = document.where(*at, "group")
        raise InputError(f"a group must be a number of elements, channel or tensor; got {stated.group!r}.", where=where)
    zero_point = stated.zero_point
    if zero_point is None and bare.kind == "uint":
        zero_point = element_of(bare).name
    zero_point = parse_format(zero_point).name if zero_point else None
    scale = stated.scale if stated.scale == "e8m0" else parse_format(stated.scale).name
    return grouped(bare, cast(Span, stated.group), scale, zero_point)


def _compute(text: str) -> Format | None:
    if text == "none":
        return None
    compute = parse_format(text)
    if compute.block is not None:
        raise InputError(f"a compute format must be a bare one such as fp16 or int8; got {compute}.")
    return compute


def _level(text: str) -> str:
    if not text.strip():
        raise InputError("convert_at must name a memory level of the chip; got an empty text.")
    return text


_PARTS = {"weights": "weight_format", "activations": "activation_format", "kv": "kv_format"}
_READERS: dict[str, Callable[[Any], Any]] = {
    "base": parse_name, "weights": read_weights, "activations": read_format, "kv": read_format,
    "compute": _compute, "accumulator": parse_format, "convert_at": _level, "vector": parse_format,
}  # fmt: skip
