"""Which limits were written down before a comparison was run? Reads them from ``data/bounds.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from accelsim.documents import load_document, validate
from accelsim.errors import InputError, did_you_mean
from accelsim.validation.comparison import Bound, Statistic

PATH = Path(__file__).parent / "data" / "bounds.yaml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", title="a bound")
    statistic: Statistic
    limit: float = Field(gt=0)
    group: str = ""
    reason: str = Field(min_length=1)
    missed: str = ""


def names() -> tuple[str, ...]:
    """Return the names of all comparisons, in order; those without a limit too."""
    return tuple(read_bounds(PATH))


def bounds_of(name: str) -> tuple[Bound, ...]:
    """Return the bounds of a comparison.

    Raises
    ------
    InputError
        ``bounds.yaml`` does not name the comparison; write its bounds there before it is run.
    """
    known = read_bounds(PATH)
    if name not in known:
        raise InputError(
            f"there are no bounds of {name!r}{did_you_mean(name, known) or '; write them to bounds.yaml.'}"
        )
    return known[name]


@cache
def read_bounds(path: Path) -> dict[str, tuple[Bound, ...]]:
    """Return the bounds of every comparison in a file.

    Raises
    ------
    InputError
        The file is broken, with the place.
    """
    document = load_document(path)
    if not isinstance(document.data, dict):
        raise InputError("bounds must be given by comparison.", where=str(path))
    found = {}
    for name, entries in document.data.items():
        if not isinstance(entries, list):
            raise InputError("bounds must be a list; write [] where there are none.", where=document.where(name))
        read = (validate(_Entry, document, entry, (name, place)) for place, entry in enumerate(entries))
        found[name] = tuple(Bound(**entry.model_dump()) for entry in read)
    return found
