"""How does a chip that another tool's file describes become a profile? A `Chip`, and the file that says the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from accelsim.documents import Document, parse_document, validate
from accelsim.documents.writing import in_one_line
from accelsim.hardware.build import build_chip
from accelsim.hardware.chip import Chip
from accelsim.hardware.normalize import normalize
from accelsim.hardware.schema import ProfileSpec

SOURCE = "imported-file"
"""Key of the imported file among the sources of the profile; every number of the file names it."""

CLOCK_HZ = 10**9
_NESTED = ("array", "levels", "sources")


@dataclass(frozen=True)
class ImportedProfile:
    """A chip described by another tool's file.

    Parameters
    ----------
    path : Path
        The imported file.
    data : dict
        Fields of the profile.
    remarks : tuple of str
        What the file says that a profile does not, and what had to be assumed; one sentence each.
    """

    path: Path
    data: dict[str, Any]
    remarks: tuple[str, ...] = ()

    @cached_property
    def chip(self) -> Chip:
        """The chip, as the profile loads.

        Raises
        ------
        InputError
            The numbers describe no chip; the message names the line of the profile that they make.
        """
        document = parse_document(self.text(), Path(f"{self.path} as a profile"))
        profile = Document(document.path, normalize(document.data), document.mark)
        return build_chip(validate(ProfileSpec, profile), profile, (), False)

    def text(self) -> str:
        """Return the profile as YAML, remarks as comments on top."""
        lines = [f"# {' '.join(remark.split())}" for remark in self.remarks]
        for key, value in self.data.items():
            if key not in _NESTED:
                lines.append(f"{key}: {in_one_line(value)}")
            elif isinstance(value, list):
                lines.append(f"{key}:")
                lines += [_level(one) for one in value]
            elif value:
                lines.append(f"{key}:")
                lines += [f"  {in_one_line(name)}: {in_one_line(inside)}" for name, inside in value.items()]
        return "\n".join(lines) + "\n"


def _level(fields: dict[str, Any]) -> str:
    first, *others = (f"{key}: {in_one_line(value)}" for key, value in fields.items())
    return "\n".join([f"  - {first}", *(f"    {line}" for line in others)])


def plain_name(text: str, noun: str = "unnamed") -> str:
    """Return a text as a name of levels, fan-outs and profiles: a letter, then letters, digits, ``_`` and ``-``."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text.strip())[:100].strip("_-")
    return name if re.match(r"[A-Za-z]", name) else f"{noun}-{name}" if name else noun


def assumed_clock(tool: str) -> dict[str, Any]:
    """Return the clock of a file that states none: 1 GHz, marked as assumed."""
    return {"value": CLOCK_HZ, "status": "assumed", "note": f"{tool} counts cycles; the file states no clock"}
