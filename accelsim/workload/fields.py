"""Which kinds of value do the fields of a workload file hold?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from accelsim.documents import shown
from accelsim.errors import InputError
from accelsim.precision.sparse import parse_density, parse_pattern
from accelsim.workload.passes import MOST

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_./:-]*$"

Count = Annotated[int, Field(ge=1, le=MOST)]
CountOrZero = Annotated[int, Field(ge=0, le=MOST)]
Name = Annotated[str, Field(pattern=NAME, max_length=200)]
Function = Literal[
    "relu", "relu6", "leaky_relu", "elu", "sigmoid", "silu", "tanh", "gelu", "hard_sigmoid", "hard_swish"
]
"""Names of activation functions: the keys of `accelsim.workload.vector.ACTIVATIONS`."""


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST


def _one_or_list(value: Any, least: int, lengths: tuple[int, ...], words: tuple[str, ...] = ()) -> Any:
    """Return a number, a list of numbers or one of ``words`` unchanged; raise ValueError otherwise."""
    if _whole(value, least) or value in words:
        return value
    if isinstance(value, list) and len(value) in lengths and all(_whole(item, least) for item in value):
        return value
    allowed = "".join(f" or {word}" for word in words)
    size = " or ".join(map(str, lengths))
    raise ValueError(
        f"must be a whole number of at least {least}, a list of {size} of them{allowed}; got {shown(value)}."
    )


def _read(value: Any, parse: Callable[[Any], Any]) -> Any:
    if value is None:
        return None
    try:
        return parse(value)
    except InputError as error:
        raise ValueError(error.message) from None


Density = Annotated[Any, AfterValidator(partial(_read, parse=parse_density))]
NofM = Annotated[Any, AfterValidator(partial(_read, parse=parse_pattern))]
Pair = Annotated[Any, AfterValidator(partial(_one_or_list, least=1, lengths=(2,)))]
PadPair = Annotated[Any, AfterValidator(partial(_one_or_list, least=0, lengths=(2,)))]
Pad = Annotated[Any, AfterValidator(partial(_one_or_list, least=0, lengths=(2, 4), words=("same",)))]


class Record(BaseModel):
    """Base of all: unknown fields are refused and values are taken as written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
