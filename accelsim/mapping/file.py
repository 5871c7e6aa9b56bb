"""What does a mapping file say of a layer? A nest as a person writes it, or constraints on the search.

::

    layers:
      conv1:
        extents: {K: 64, C: 3}       # optional: what the layer must have
        mapping:                     # outermost first
          - DRAM keeps W I O
          - for K in tiles of 16
          ...
      "layer4.*":                    # a pattern; the first that matches a layer decides
        constraints: {keeps: {RF: W O}, spatial: {rows: [C]}}

``mapping`` or ``constraints`` at the top of the file, without ``layers``, is for every layer that no
pattern takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from accelsim.documents import Document, load_document, validate
from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraint_check import ConstraintError, check_constraints
from accelsim.mapping.constraint_file import Keys, located, read_constraints
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.given import first_wrong
from accelsim.mapping.nest import Nest
from accelsim.mapping.nest_text import read_dim, read_line
from accelsim.workload.shape import Shape

SUFFIXES = (".yaml", ".yml")


class EntryFields(BaseModel):
    """What a file says of the layers that a pattern takes.

    Fields
    ------
    extents: what the layer must have of loop dimensions; a layer that has others is refused
    mapping: lines of a whole mapping, outermost first
    constraints: what the search must keep to, in place of `mapping`
    """

    model_config = ConfigDict(extra="forbid", title="an entry of a mapping file")

    extents: dict[str, int] = {}
    mapping: list[Any] | None = None
    constraints: dict[str, Any] | None = None


class FileFields(EntryFields):
    """A whole mapping file.

    Fields
    ------
    description: a remark
    layers: by pattern of layer names, an entry; the first that matches decides
    """

    model_config = ConfigDict(extra="forbid", title="a mapping file")

    description: str = ""
    layers: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Entry:
    """What a file says of the layers that a pattern takes.

    Parameters
    ----------
    pattern : str
    nest : Nest or None
        The whole mapping; None where only ``constraints`` are stated.
    constraints : Constraints
    extents : mapping of dimension to int
        What the layer must have; dimensions that are not named are not checked.
    document : Document
    at : tuple of str
        Where in the document it stands.
    """

    pattern: str
    nest: Nest | None
    constraints: Constraints
    extents: Mapping[str, int]
    document: Document
    at: Keys

    def check_extents(self, layer: str, shape: Shape) -> None:
        """Refuse a layer whose loops are not those that the file was written for."""
        for dim, extent in self.extents.items():
            if shape.extents[dim] != extent:
                raise InputError(
                    f"the entry is for {dim} {extent}; {layer} has {dim} {shape.extents[dim]}.",
                    where=self.document.where(*self.at, "extents", dim),
                )

    def nest_for(self, layer: str, shape: Shape, chip: Chip) -> Nest:
        """Return the nest, checked against a layer and a chip.

        Raises
        ------
        InputError, InfeasibleError
            With the file and the line that is wrong.
        """
        assert self.nest is not None
        self.check_extents(layer, shape)
        if found := first_wrong(self.nest, shape, chip):
            number, error = found
            line = () if number is None else (number,)
            raise type(error)(error.message, where=self.document.where(*self.at, "mapping", *line))
        return self.nest

    def constraints_for(self, layer: str, shape: Shape, chip: Chip) -> Constraints:
        """Return the constraints, spelled out for a layer and a chip.

        Raises
        ------
        InputError
            With the file and the line of one of two constraints that contradict.
        """
        self.check_extents(layer, shape)
        try:
            return check_constraints(self.constraints, shape, chip)
        except ConstraintError as error:
            raise InputError(f"{layer}: {error.message}", where=self._where(error.field)) from None

    def _where(self, field: Sequence[str]) -> str:
        """Position of a constraint: at this entry or, inherited, at the top; by node or by level."""
        by_level = [part.rpartition(".")[0] if place == 1 and "." in part else part for place, part in enumerate(field)]
        for at in (self.at, ()):
            for keys in (field, by_level):
                if self.document.mark_at((*at, "constraints", *keys)) is not None:
                    return self.document.where(*at, "constraints", *keys)
        return self.document.where(*self.at, "constraints")


@dataclass(frozen=True)
class MappingFile:
    """A mapping file: the first entry whose pattern matches a layer's name decides."""

    path: Path
    entries: tuple[Entry, ...]

    def entry(self, layer: str) -> Entry | None:
        """Return what the file says of a layer; None if nothing."""
        return next((entry for entry in self.entries if fnmatchcase(layer, entry.pattern)), None)

    def check_patterns(self, layers: Sequence[str]) -> None:
        """Refuse a file with a pattern that takes none of these layers."""
        taken = {entry.pattern for name in layers if (entry := self.entry(name))}
        for entry in self.entries:
            if entry.pattern in taken or not entry.at:
                continue
            where = entry.document.where_key(*entry.at)
            if any(fnmatchcase(name, entry.pattern) for name in layers):
                raise InputError(f"{entry.pattern!r} must stand before the patterns that take its layers.", where=where)
            hint = did_you_mean(entry.pattern, layers) or f" such as {layers[0]}."
            raise InputError(f"{entry.pattern!r} must match a layer with multiply-accumulates{hint}", where=where)


def load_mapping(path: str | Path) -> MappingFile:
    """Return what a mapping file says; see the top of this module for its form.

    Raises
    ------
    InputError
        With file, line, column and field: not YAML, an unknown field, a line that is none.
    """
    document = load_document(Path(path))
    stated = validate(FileFields, document)
    entries = []
    whole = None
    if stated.mapping is not None or stated.constraints is not None:
        whole = _entry(stated, "*", document, (), None)
    elif stated.extents or not stated.layers:
        raise InputError("a mapping file must state a mapping, constraints or layers.", where=document.where())
    for pattern, fields in stated.layers.items():
        at = ("layers", pattern)
        if not pattern.strip():
            raise InputError("a pattern of layer names must not be empty.", where=document.where(*at))
        entries.append(_entry(validate(EntryFields, document, fields, at), pattern, document, at, whole))
    return MappingFile(Path(path), (*entries, *([whole] if whole else [])))


def _entry(stated: EntryFields, pattern: str, document: Document, at: Keys, whole: Entry | None) -> Entry:
    if (stated.mapping is None) == (stated.constraints is None):
        given = "neither" if stated.mapping is None else "both"
        raise InputError(
            f"an entry must state either a mapping or constraints; it states {given}.", where=document.where(*at)
        )
    for dim in stated.extents:
        with located(document, *at, "extents", dim):
            read_dim(dim)
    if stated.constraints is not None:
        own = whole.constraints if whole is not None else None
        constraints = read_constraints(document, (*at, "constraints"), own)
        return Entry(pattern, None, constraints, stated.extents, document, at)
    lines = []
    for number, text in enumerate(stated.mapping or []):
        with located(document, *at, "mapping", number):
            lines.append(read_line(text))
    if not lines:
        raise InputError("a mapping must have lines; it is empty.", where=document.where(*at, "mapping"))
    return Entry(pattern, Nest(tuple(lines)), Constraints(), stated.extents, document, at)
