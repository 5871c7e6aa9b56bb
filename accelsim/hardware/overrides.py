"""How does ``--set PATH=VALUE`` reach a field of a profile? As a small profile laid over it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accelsim.documents import Mark, parse_document
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.merge import Layered
from accelsim.hardware.normalize import normalize
from accelsim.provenance import COMMAND_LINE

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$")
_FIXED = ("extends", "sources")


def apply_overrides(profile: Layered, overrides: Mapping[str, Any]) -> None:
    """Lay every override over ``profile``, in order.

    A path is dotted: ``clock_hz``, ``array.rows`` (its size), ``levels.SRAM.capacity`` (levels by
    name), ``multiply_pj.int8``. A number so given has the source "command line" and is assumed.

    Raises
    ------
    InputError
        The path names no level or fan-out, or the value is no YAML.
    """
    for path, text in overrides.items():
        place = _printable(f"--set {path}={text}")
        keys = [key for key in path.strip().split(".") if key != "value"]
        if not all(keys) or not keys:
            raise InputError("a path must be field names joined by dots, such as levels.SRAM.capacity.", where=place)
        if keys[0] in _FIXED:
            raise InputError(
                f"{keys[0]} cannot be set from the command line; write a profile that extends this one.", where=place
            )
        if keys[0] == "levels" and keys[2:] == ["name"]:
            raise InputError("a level cannot be renamed from the command line.", where=place)
        keys = _through_numbers(profile.data, keys)
        _check_names(profile.data, keys, place)
        overlay: Any = _value(text, place)
        for key in reversed(keys[1:]):
            overlay = {key: overlay}
        if keys[0] == "levels" and len(keys) > 1 and isinstance(overlay, dict):
            overlay = [{"name": keys[1], **_as_fields(overlay[keys[1]], place)}]
        data = normalize({keys[0]: overlay}, {"source": COMMAND_LINE, "status": "assumed"})
        profile.lay(data, _marks(data, place))


def _printable(text: str) -> str:
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= 100 else f"{line[:97]}..."


def _value(text: Any, place: str) -> Any:
    if not isinstance(text, str):
        return text
    if _NUMBER.match(text.strip()):
        return float(text)
    try:
        return parse_document(f"- {text}", Path("--set")).data[0]
    except InputError as error:
        raise InputError(error.message, where=place) from None


def _as_fields(fields: Any, place: str) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise InputError("a level must be set field by field, such as levels.SRAM.capacity.", where=place)
    return fields


def _through_numbers(data: dict[str, Any], keys: list[str]) -> list[str]:
    """Return the path with ``array.NAME`` reaching the fan-out's size."""
    return [*keys, "size"] if keys[0] == "array" and len(keys) == 2 else keys


def _check_names(data: dict[str, Any], keys: list[str], place: str) -> None:
    if keys[0] == "levels":
        levels = data.get("levels")
        known = [level.get("name") for level in levels if isinstance(level, dict)] if isinstance(levels, list) else []
        noun = "level"
    elif keys[0] == "array":
        known = list(data["array"]) if isinstance(data.get("array"), dict) else []
        noun = "fan-out"
    else:
        return
    if len(keys) < 2:
        raise InputError(
            f"{keys[0]} must be set by name, such as {keys[0]}.{known[0] if known else 'NAME'}.", where=place
        )
    if keys[1] not in known:
        names = [str(name) for name in known]
        hint = did_you_mean(keys[1], names) or f"; it has {', '.join(names) or 'none'}."
        raise InputError(f"{keys[1]!r} is not a {noun} of this profile{hint}", where=place)


def _marks(data: Any, place: str) -> Mark:
    mark = Mark(place, 0, 0)
    if isinstance(data, dict) and "value" in data:
        return mark
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    mark.children = {key: _marks(value, place) for key, value in items}
    return mark
