"""Which parts of a Timeloop input do some files hold? Top-level keys of versions 0.2 to 0.4, from any of the files.

Timeloop joins its input files by their top-level keys; so a file may hold one part or several.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from accelsim.documents.part import Part
from accelsim.documents.reading import load_document
from accelsim.errors import InputError, did_you_mean

TAGS = ("!Component", "!Container", "!Hierarchical", "!Parallel", "!Pipelined", "!Nothing")
READ = ("problem", "architecture", "mapping", "ERT", "constraints", "architecture_constraints")
"""Keys that say something of the problem, the chip or the mapping."""

_SKIPPED = {
    "mapper": "settings of Timeloop's search",
    "mapspace": "settings of Timeloop's search",
    "mapspace_constraints": "settings of Timeloop's search",
    "map_constraints": "settings of Timeloop's search",
    "sparse_optimizations": "accelsim counts dense tensors",
    "compound_components": "recipes for an ERT: give the ERT that Accelergy made of them",
    "components": "recipes for an ERT: give the ERT that Accelergy made of them",
    "ART": "areas",
    "ERT_summary": "the ERT has the same numbers",
    "globals": "settings of Timeloop's front end",
    "dumped_by_timeloop_front_end": "a mark of Timeloop's front end",
}
_REFUSED = {
    "arch": "architectures of version 0.1 are not read; write architecture: of version 0.2 to 0.4.",
    "variables": "expressions are not evaluated; give the parsed-processed-input.yaml that Timeloop's front end makes.",
}


@dataclass(frozen=True)
class Parts:
    """What Timeloop files hold: parts by top-level key, and what of them is not imported."""

    found: dict[str, Part]
    remarks: tuple[str, ...]

    def need(self, key: str, why: str) -> Part:
        """Return a part; InputError if no file holds it."""
        if key not in self.found:
            raise InputError(f"one of the files must hold {key}: {why}")
        return self.found[key]


def read_parts(paths: Iterable[str | Path]) -> Parts:
    """Return the parts that files hold.

    Raises
    ------
    InputError
        A file cannot be read, a top-level key is unknown, or two files hold the same one.
    """
    found: dict[str, Part] = {}
    remarks = []
    for path in paths:
        document = load_document(Path(path), TAGS)
        for key, part in Part.whole_of(document).entries("a Timeloop file").items():
            where = document.where_key(*part.at)
            if key in _REFUSED:
                raise InputError(f"{key}: {_REFUSED[key]}", where=where)
            if key in _SKIPPED:
                remarks.append(f"{key} in {Path(path).name} is not imported ({_SKIPPED[key]}).")
                continue
            if key not in READ:
                known = (*READ, *_SKIPPED)
                hint = did_you_mean(key, known) or f"; it has {', '.join(known)}."
                raise InputError(f"{key} is not a part of a Timeloop input{hint}", where=where)
            if key in found:
                other = found[key].document.path
                raise InputError(f"{key} must be given once; {other} has it too.", where=where)
            found[key] = part
    return Parts(found, tuple(remarks))
