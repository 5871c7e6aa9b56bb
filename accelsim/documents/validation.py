"""Does a document hold what a model asks for? One sentence and one position for what it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from accelsim.documents.reading import Document, dotted
from accelsim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

_BARE_EXPONENT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$")


def validate(model: type[Model], document: Document, data: Any = None, at: tuple[str | int, ...] = ()) -> Model:
    """Return ``model`` filled from the document (or from ``data``, which stands at ``at`` in it).

    Values are taken as written: text is not a number, a number is not text, 1 is not true.

    Raises
    ------
    InputError
        The first thing that is wrong, unknown fields first, with its position.
    """
    from pydantic import ValidationError

    chosen = document.nearest(at)[1] if data is None else data
    try:
        return model.model_validate_json(json.dumps(chosen), strict=True)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
        raise _input_error(model, document, chosen, at, first) from None


def _input_error(
    model: type[BaseModel], document: Document, data: Any, at: tuple[str | int, ...], error: Any
) -> InputError:
    keys, owner = _locate(model, data, error)
    path = (*at, *keys)
    if keys and keys[-1] == "value" and error["type"] != "missing" and document.mark_at(path) is None:
        path = path[:-1]  # the file says the number alone; the mapping around it was added after reading
    if error["type"] == "extra_forbidden":
        known = [info.alias or name for name, info in owner.model_fields.items()]
        noun = _noun(owner)
        hint = did_you_mean(str(keys[-1]), known) or f"; it has {', '.join(known)}."
        return InputError(f"{dotted(path)} is not a field of {noun}{hint}", where=document.where_key(*path))
    if error["type"] == "missing":
        return InputError(f"must be given; {_noun(owner)} needs it.", where=document.where(*path))
    return InputError(_sentence(error), where=document.where(*path))


def _locate(model: type[BaseModel], data: Any, error: Any) -> tuple[list[str | int], type[BaseModel]]:
    """Return the error's path in the data, without pydantic's union tags, and the model it is about."""
    keys: list[str | int] = []
    owner, annotation = model, None
    for step in error["loc"]:
        inside = (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int))
        if not inside and error["type"] != "missing":
            continue
        if annotation is not None:
            owner = next(iter(_models(annotation)), owner)
        info = next((info for name, info in owner.model_fields.items() if step in (name, info.alias)), None)
        annotation = info.annotation if info is not None else annotation
        keys.append(step)
        data = data[step] if inside else None
    return keys, owner


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _noun(model: type[BaseModel]) -> str:
    noun = str(model.model_config.get("title") or model.__name__.lower())
    return noun if noun.startswith(("a ", "an ", "the ")) else f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


_MUST = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must be text of at least {min_length} characters",
    "string_pattern_mismatch": "must be text of the form {pattern}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of fields",
    "model_type": "must be a mapping of fields",
    "model_attributes_type": "must be a mapping of fields",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}


def _sentence(error: Any) -> str:
    given, context = error["input"], error.get("ctx", {})
    if error["type"] == "value_error":
        text = str(context["error"])
        return text if text.endswith((".", "?")) else f"{text}."
    limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()}
    must = _MUST.get(error["type"], "").format(**limits) or error["msg"][0].lower() + error["msg"][1:]
    hint = ""
    digits = _digits(given) if error["type"].startswith("int") else ""
    if isinstance(given, float) and digits:
        hint = f"; write {digits}."
    elif isinstance(given, str):
        if error["type"].startswith(("float", "int")) and _BARE_EXPONENT.match(given):
            hint = f", which YAML reads as text; write {digits or _with_point(given)}."
        elif error["type"] == "literal_error":
            hint = did_you_mean(given, re.findall(r"'([^']*)'", str(context.get("expected", ""))))
    return f"{must}; got {shown(given)}{hint or '.'}"


def _digits(given: object) -> str:
    """Return 4e9, as text or as a float, in digits alone; "" if it is no whole number, or too long a one."""
    if not isinstance(given, float) and not (isinstance(given, str) and _BARE_EXPONENT.match(given)):
        return ""
    number = Decimal(str(given))
    if not number.is_finite() or number.adjusted() > 15 or number != number.to_integral_value():
        return ""
    return str(int(number))


def _with_point(text: str) -> str:
    mantissa, exponent = text.lower().split("e")
    mantissa = mantissa if "." in mantissa and not mantissa.endswith(".") else f"{mantissa.rstrip('.')}.0"
    return f"{mantissa}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def shown(value: Any) -> str:
    """Return a value as a message quotes it: JSON-like, at most 60 characters."""
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
