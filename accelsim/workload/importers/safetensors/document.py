"""What does a JSON text of a model folder say? Read strictly, with bounded size: duplicate keys are refused."""

from __future__ import annotations

import json
from typing import Any

from accelsim.errors import InputError

MOST_OBJECTS = 300_000
"""Each tensor is one; a model of 91,000 tensors, 256 experts in 58 layers, is among the largest."""


def parse(raw: bytes, where: str) -> dict[str, Any]:
    """Return the object that a JSON text is.

    Raises
    ------
    InputError
        The bytes are no UTF-8 JSON object, a key stands twice in one object, or objects are too many or too deep.
    """
    if raw.count(b"{") > MOST_OBJECTS or raw.count(b"[") > 2 * MOST_OBJECTS:
        raise InputError(f"a JSON text must hold at most {MOST_OBJECTS} objects, two lists in each.", where=where)

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in found if keys.count(key) > 1)
            raise InputError(f"a key must stand once; {ascii(twice)[:60]} stands twice.", where=where)
        return found

    try:
        data = json.loads(raw.decode("utf-8"), object_pairs_hook=record, parse_constant=_no_number)
    except RecursionError:
        raise InputError("a JSON text must not nest so deep.", where=where) from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise InputError(f"the text must be JSON in UTF-8; {reason}.", where=where) from None
    if not isinstance(data, dict):
        raise InputError("the text must be a JSON object, {...}.", where=where)
    return data


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
