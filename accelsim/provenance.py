"""Where does a number come from? A published work, and a value that cannot exist without one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from accelsim.documents import load_document
from accelsim.errors import InputError, did_you_mean
from accelsim.library import folders

Status = Literal["seen", "from memory", "derived", "assumed", "fitted"]
STATUSES: tuple[str, ...] = get_args(Status)

COMMAND_LINE = "command line"
DEFAULT = "accelsim default"


@dataclass(frozen=True)
class Source:
    """One published work, as a profile or the bibliography names it.

    Parameters
    ----------
    key : str
        How numbers refer to it.
    author, title, venue : str
    year : int or None
    where : str
        Table, figure or page.
    url, doi : str
    """

    key: str
    title: str
    author: str = ""
    venue: str = ""
    year: int | None = None
    where: str = ""
    url: str = ""
    doi: str = ""

    def cite(self) -> str:
        """Return the citation in one line."""
        link = f"https://doi.org/{self.doi}" if self.doi else self.url
        parts = [self.author, f'"{self.title}"', self.venue, str(self.year or ""), self.where, link]
        return ", ".join(part for part in parts if part) + "."

    def short(self) -> str:
        """Return the citation in two words, "Horowitz 2014"; without a year the title up to a comma or colon.

        A person's name has initials ("M. Horowitz") and is shortened; that of an organization stays whole.
        """
        if self.year is None:
            return re.split("[,:]", self.title)[0]
        who = self.author.split(",")[0].split(" et al")[0].split(" and ")[0]
        return f"{(who.split()[-1] if '.' in who else who) or self.key} {self.year}"


OWN_SOURCES = {
    COMMAND_LINE: Source(COMMAND_LINE, "value given by the user on the command line"),
    DEFAULT: Source(DEFAULT, "default of the profile schema"),
}
"""What stands for a source where nobody published anything."""


@dataclass(frozen=True)
class Sourced:
    """A number with its origin: value, published range, source key and how well it is known.

    Parameters
    ----------
    value : float
        In the unit that the name of the field carries.
    source : str
        Key of the work it comes from; without one the number cannot be built.
    low, high : float, optional
        Published or plausible range; the value itself where none is known.
    status : str
        One of `STATUSES`: "seen" (read in the work), "from memory" (unconfirmed), "derived" (by a
        stated law), "assumed" (a choice, with its reason), "fitted" (to a measurement).
    note : str
        The law, the reason or a reservation.
    also : tuple of str
        Further source keys (of a law's table, for instance).

    Raises
    ------
    InputError
        There is no source, the status is unknown, or the range does not hold the value.
    """

    value: float
    source: str
    low: float | None = None
    high: float | None = None
    status: str = "seen"
    note: str = ""
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.source, str) or not self.source.strip():
            raise InputError(f"a number must name its source; {self.value!r} has none.")
        if self.status not in STATUSES:
            raise InputError(f"a status must be one of {', '.join(STATUSES)}; got {self.status!r}.")
        if self.value != self.value:
            raise InputError("a number must not be NaN.")
        if not self.least <= self.value <= self.most:
            raise InputError(f"a range must hold its value; got {self.least} to {self.most} around {self.value}.")

    @property
    def least(self) -> float:
        """Lower end of the range; the value where none is known."""
        return self.value if self.low is None else self.low

    @property
    def most(self) -> float:
        """Upper end of the range; the value where none is known."""
        return self.value if self.high is None else self.high

    @property
    def sources(self) -> tuple[str, ...]:
        """All source keys, the number's own first."""
        return (self.source, *self.also)

    @property
    def certain(self) -> bool:
        """Whether the number was read in its source as it stands."""
        return self.status == "seen"

    def scaled(self, factor: float, note: str, *, also: Iterable[str] = (), status: str = "derived") -> Sourced:
        """Return this number times ``factor``, range included, marked as derived by the law in ``note``."""
        return replace(
            self,
            value=self.value * factor,
            low=None if self.low is None else self.low * factor,
            high=None if self.high is None else self.high * factor,
            status=status,
            note=f"{note}; {self.note}" if self.note else note,
            also=tuple(dict.fromkeys((*self.also, *also))),
        )

    def __float__(self) -> float:
        return float(self.value)


def bibliography() -> dict[str, Source]:
    """Return every work in the ``sources`` folders beside the profiles, by key; the first folder wins."""
    works = dict(OWN_SOURCES)
    for folder in folders("hw_profiles"):
        for path in sorted((folder / "sources").glob("*.yaml")):
            stat = path.stat()
            for key, source in _read(path, stat.st_mtime_ns, stat.st_size).items():
                works.setdefault(key, source)
    return works


@lru_cache(maxsize=32)
def _read(path: Path, _modified: int, _size: int) -> dict[str, Source]:
    document = load_document(path)
    if not isinstance(document.data, dict):
        raise InputError("a bibliography must map keys to works.", where=str(path))
    return {key: make_source(key, fields, document.where(key)) for key, fields in document.data.items()}


def make_source(key: str, fields: object, where: str) -> Source:
    """Return the work described by ``fields`` (title, author, venue, year, where, url, doi).

    Raises
    ------
    InputError
        A field is unknown or of the wrong type, or there is no title.
    """
    known = ("title", "author", "venue", "year", "where", "url", "doi")
    if not isinstance(fields, dict):
        raise InputError("a source must be a mapping with at least a title.", where=where)
    for name, value in fields.items():
        if name not in known:
            raise InputError(f"{name} is not a field of a source{did_you_mean(name, known) or '.'}", where=where)
        wanted = int if name == "year" else str
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise InputError(f"{name} must be {'a year' if wanted is int else 'text'}; got {value!r}.", where=where)
    if not fields.get("title"):
        raise InputError("a source must have a title.", where=where)
    return Source(key, **fields)
