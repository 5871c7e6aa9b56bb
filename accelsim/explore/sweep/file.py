"""What does a sweep file ask for? Parameters with one value or many; every error names its line and column.

::

    workload: resnet50
    profile: horowitz-45nm
    scheme: [fp32, int8]
    batch: 1:64:x2                                        # 1, 2, 4 ... 64
    set:                                                  # fields of the profile
      levels.SRAM.capacity: {from: 64 KiB, to: 1 MiB, factor: 2}
    together:                                             # one axis: both change at once
      array.rows: [8, 16, 32]
      array.cols: [8, 16, 32]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accelsim.documents import Document, dotted, load_document
from accelsim.documents.part import Part
from accelsim.errors import InputError, did_you_mean
from accelsim.explore.sweep.parameters import ARRAY, SRAM
from accelsim.explore.sweep.question import Given, Sweep, ask

SET, OPTIONS, TOGETHER, SWITCHES = "set", "options", "together", ("what_if", "layers")
FIELDS = {
    "workload": "a model by its name or file, or several; must be given here or on the command line",
    "profile": "chips by their names or files",
    "scheme": "number formats by the names or files of schemes",
    "objective": "`energy`, `latency` or `edp`: what mappings are chosen for",
    "mapping": "`optimal` (searched), `heuristic`, dataflows (`ws`, `os`, `is`, `rs`) or mapping files",
    "residency": "what stays on chip between layers: `greedy` or `optimal`",
    "pass": "`inference` or `training`",
    "batch": "samples of a pass",
    "keep_weights": "whether weights may stay on chip from one pass to the next",
    "fuse": "whether layers run together tile by tile",
    ARRAY: "size of the two innermost fan-outs, such as `16` or `16x32`",
    SRAM: "capacity of the on-chip memory, such as `256 KiB`",
    SET: "fields of the profile by dotted path, each with a value, a list or a range",
    OPTIONS: "options of the workload such as `context` and `tokens`, likewise",
    TOGETHER: "parameters that change at once, with equally many values; a list of such mappings for several axes",
    "what_if": "whether overrides may contradict what is known of a chip, as `--what-if`",
    "layers": "whether every layer is kept, too",
    "description": "a remark",
}
"""What a file may say; a field of the profile may also stand by its dotted path."""

_FILES = ("workload", "profile", "scheme", "mapping")


def read(path: Path) -> Sweep:
    """Return the sweep of a file; see `accelsim.explore.sweep.api.load_sweep`."""
    document = load_document(path)
    whole = Part.whole_of(document)
    if not isinstance(whole.value, Mapping):
        raise whole.error("a sweep file must be a mapping of fields.")
    if not any("workload" in part.value for part in (whole, *_groups(whole)) if isinstance(part.value, Mapping)):
        raise whole.error(
            "a sweep file must name its workload; to sweep over a workload's own file, name it with --on."
        )
    flags = {name: whole.inside(name).flag() for name in SWITCHES if name in whole.value}
    given = list(_given(whole))
    groups = [list(_group(part)) for part in _groups(whole)]
    return ask(
        given, groups, what_if=flags.get("what_if", False), per_layer=flags.get("layers", False),
        place=lambda _: document.where(),
    )  # fmt: skip


def _given(whole: Part) -> Iterator[Given]:
    """Everything but what moves together, in the order of the file."""
    for name in whole.value:
        part = whole.inside(name)
        if name in (SET, OPTIONS):
            yield from _inside(part, f"{OPTIONS}." if name == OPTIONS else "")
        elif name == "description":
            part.text()
        elif name != TOGETHER and name not in SWITCHES:
            if name not in FIELDS and "." not in name and (hint := did_you_mean(name, FIELDS)):
                where = whole.document.where_key(name)
                raise InputError(f"{name} is not a field of a sweep file{hint}", where=where)
            yield _one(part, name)


def _inside(part: Part, prefix: str = "") -> Iterator[Given]:
    if not isinstance(part.value, Mapping) or not part.value:
        raise part.error(f"{part.at[-1]} must be a mapping of names and their values.")
    for name in part.value:
        yield _one(part.inside(name), f"{prefix}{name}")


def _groups(whole: Part) -> Iterator[Part]:
    if TOGETHER not in whole.value:
        return
    part = whole.inside(TOGETHER)
    yield from part.items(TOGETHER) if isinstance(part.value, list) else [part]


def _group(part: Part) -> Iterator[Given]:
    if not isinstance(part.value, Mapping) or len(part.value) < 2:
        raise part.error("what moves together must be a mapping of at least two parameters and their values.")
    yield from _inside(part)


def _one(part: Part, name: str) -> Given:
    value = part.value
    if value is None:
        raise part.error(f"{name} must have a value, or a list of them; it has none.")
    if name in _FILES:
        folder = part.document.path.parent
        value = [_beside(each, folder) for each in value] if isinstance(value, list) else _beside(value, folder)
    return Given(name, value, _place(part.document, part.at, part.value))


def _beside(value: Any, folder: Path) -> Any:
    """Return the path of a file that stands beside the sweep file, or the value as it is."""
    if isinstance(value, str) and Path(value).suffix and (folder / value).is_file():
        return str(folder / value)
    return value


def _place(document: Document, at: tuple[str | int, ...], value: Any) -> Any:
    def place(number: int | None) -> str:
        if number is None:
            return f"{document.where_key(*at)}: {dotted(at)}"
        return document.where(*at, number) if isinstance(value, list) else document.where(*at)

    return place
