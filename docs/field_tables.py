"""Which fields may a file have? Tables in Markdown, made from the schemas that check the files.

A class of a schema gives names, types, limits and defaults; the section *Fields* of its docstring says
what each is. `docs/refresh.py` writes the tables between the markers of a page, and tests hold them.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le, MinLen
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from accelsim.hardware.fields import Limits, OneOf

MARKER = re.compile(r"(<!-- fields: ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)
WORDS = {
    "_holds": "letters of WIO", "_operands": "letters of WI", "_pair": "format or `weights*inputs`",
    "_conversion": "`FROM>TO`", "_check_format": "[format](formats.md)", "_rate": "count or fraction such as `1/4`",
    "_pattern": "N:M such as `2:4`", "parse_pattern": "N:M such as `2:4`",
    "parse_density": "share above 0 and at most 1, or `3/8`",
}  # fmt: skip
"""What a check lets through, by the name of its function; a new one must be added here."""

NAME = "a name"
PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any value", type(None): ""}
SUFFIXES = (
    ("_pj_per_bit", "pJ/bit"), ("_pj_per_access", "pJ/access"), ("_pj_per_cycle", "pJ/cycle"),
    ("_bits_per_cycle", "bit/cycle"), ("_bytes_per_s", "B/s"), ("per_pe_cycle", "MAC/cycle"),
    ("per_cycle", "1/cycle"), ("lanes", "1/cycle"), ("_pj", "pJ"), ("_bits", "bit"), ("_hz", "Hz"), ("_nm", "nm"),
    ("_mm2", "mm2"), ("_v", "V"), ("_w", "W"), ("_s", "s"),
)  # fmt: skip


def with_fields(text: str) -> str:
    """Return a page with what is below every ``<!-- fields: module.NAME -->`` made new."""
    return MARKER.sub(lambda found: f"{found[1]}{written(found[2])}\n{found[3]}", text)


def written(home: str) -> str:
    """Return the table of a class of a schema, of all kinds of layers, or of a mapping of names to texts."""
    module, _, name = home.rpartition(".")
    found = getattr(import_module(module), name)
    if isinstance(found, type):
        return table(found)
    return kinds(found) if isinstance(next(iter(found.values())), type) else named(found)


def kinds(found: Mapping[str, type[BaseModel]]) -> str:
    """Return a section for every class of layers, below the kinds that have its fields."""
    names: dict[type[BaseModel], list[str]] = {}
    for name, kind in found.items():
        names.setdefault(kind, []).append(name)
    plain = [name for kind, group in names.items() if not own_fields(kind) for name in group]
    lines = [f"No fields of their own have {', '.join(f'`{name}`' for name in plain)}."]
    for kind, group in names.items():
        if own_fields(kind):
            lines += ["", f"### {', '.join(group)}", "", table(kind)]
    return "\n".join(lines)


def named(found: Mapping[str, str]) -> str:
    """Return a table of names and what they are."""
    return "\n".join(
        ["| field | what it is |", "|---|---|", *(f"| `{name}` | {said} |" for name, said in found.items())]
    )


def table(kind: type[BaseModel]) -> str:
    """Return the fields of a class that it does not share with all layers, one a row."""
    rows = ["| field | what it is | holds | unit | default |", "|---|---|---|---|---|"]
    said = descriptions(kind)
    hints = get_type_hints(kind, include_extras=True)
    for name in own_fields(kind):
        info = kind.model_fields[name]
        cells = [f"`{name}`", said[name], holds(hints[name], info), unit(name), default(info)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def own_fields(kind: type[BaseModel]) -> list[str]:
    """Return the fields of a class in order, without those of a base that is documented by itself."""
    shared = {name for base in kind.__mro__[1:] for name in getattr(base, "model_fields", {})}
    return [name for name in kind.model_fields if name not in shared]


def descriptions(kind: type[BaseModel]) -> dict[str, str]:
    """Return what the section *Fields* of a docstring says of each name."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("Fields\n------\n")[2]
    entries = re.findall(r"^(\S[\w, ]*): (.*(?:\n    .*)*)", text, re.MULTILINE)
    return {name.strip(): " ".join(said.split()) for names, said in entries for name in names.split(",")}


def holds(hint: Any, info: FieldInfo | None = None) -> str:
    """Return in words what a field of a type may hold, with its limits."""
    limits = list(_limits(info.metadata)) if info is not None else []
    return ", ".join([_words(hint), *(limit for limit in limits if limit not in _words(hint))])


def _words(hint: Any) -> str:
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(inside[0], inside[1:])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(word for one in inside if (word := _words(one))))
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in inside)
    if origin is dict:
        return "mapping" if inside[1] is Any else f"mapping of {_words(inside[0])} to {_words(inside[1])}"
    if origin in (list, tuple):
        return f"list of {_words(inside[0])}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return f"[{hint.model_config.get('title', hint.__name__)}](#{anchor(hint)})"
    return PLAIN[hint]


def _annotated(kind: Any, extras: tuple[Any, ...]) -> str:
    for extra in extras:
        check = extra.func if isinstance(extra, AfterValidator) else None
        if isinstance(check, Limits):
            return f"[number]({_NUMBER}), {_within(check)}"
        if isinstance(check, OneOf):
            return ", ".join(f"`{name}`" for name in check.known)
        if isinstance(check, partial) and "lengths" in check.keywords:
            return _one_or_list(**check.keywords)
        if check is not None:
            named = check.keywords["parse"] if isinstance(check, partial) else check
            return WORDS[named.__name__]
    limits = [limit for extra in extras for limit in _limits(getattr(extra, "metadata", [extra]))]
    return ", ".join([_words(kind), *limits]).replace(f"text, {NAME}", NAME)


_NUMBER = "#number"


def _one_or_list(least: int, lengths: tuple[int, ...], words: tuple[str, ...] = ()) -> str:
    sizes = " or ".join(map(str, lengths))
    allowed = "".join(f" or `{word}`" for word in words)
    return f"whole number, at least {least}, or list of {sizes} of them{allowed}"


def _within(check: Limits) -> str:
    least = f"above {check.least:g}" if check.positive else f"at least {check.least:g}"
    return f"{least}, at most {check.most:g}" if check.most < 1e6 else least


def _limits(extras: Any) -> Iterator[str]:
    for extra in extras:
        if isinstance(extra, Ge):
            yield f"at least {extra.ge}"
        elif isinstance(extra, Le) and extra.le < 10**9:
            yield f"at most {extra.le:,}"
        elif isinstance(extra, MinLen):
            yield "not empty"
        elif getattr(extra, "pattern", None):
            yield NAME


def unit(name: str) -> str:
    """Return the unit that the suffix of a field's name says."""
    if name in ("capacity",):
        return "B, KiB, MiB, GiB"
    return next((unit for suffix, unit in SUFFIXES if name.endswith(suffix)), "")


def default(info: FieldInfo) -> str:
    """Return the value of a field that a file does not state."""
    if info.is_required():
        return "must be given"
    value = info.get_default(call_default_factory=True)
    if value is None or value == "" or value == {} or value == () or value == []:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return ", ".join(f"`{one}`" for one in value) if isinstance(value, tuple) else f"`{value}`"


def anchor(kind: type[BaseModel]) -> str:
    """Return the anchor of the heading that a class has on its page."""
    return ANCHORS[kind.__name__]


ANCHORS = {
    "FanOutSpec": "fan-outs", "LevelSpec": "memory-levels", "VectorSpec": "vector-unit", "SparsitySpec": "sparsity",
    "FusibleSpec": "fusible-pes",
    "CodingSpec": "sparsity", "Input": "input", "Dimensions": "transformers", "Phases": "phases", "Prefill": "phases",
    "Decode": "phases", "Encode": "phases", "StatedFormats": "stated-formats", "Densities": "sparsity",
    "Loops": "nest", "RateNumber": "number", "Weights": "weights",
}  # fmt: skip
