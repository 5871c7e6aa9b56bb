"""How does a person write a mapping, line by line? One sentence a line, outermost first.

::

    DRAM keeps W I O
    for K in tiles of 16
    SRAM keeps W
    for C in tiles of 4 across rows

A loop is named by the tile that it hands down, so a line means the same whatever stands outside it.
"""

from __future__ import annotations

import re

from accelsim.errors import InputError, did_you_mean
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.shape import DIMS, OPERANDS, Shape

FORMS = "'LEVEL keeps W I O', 'for DIM in tiles of N' or 'for DIM in tiles of N across FANOUT'"

_KEEP = re.compile(r"(?P<level>\S+)\s+keeps\s+(?P<operands>\S.*)")
_LOOP = re.compile(r"for\s+(?P<dim>\S+)\s+in\s+tiles\s+of\s+(?P<tile>\S+)(?:\s+across\s+(?P<fanout>\S+))?")


def written(line: Loop | Keep) -> str:
    """Return a line of a nest as a mapping file has it."""
    if isinstance(line, Keep):
        return f"{line.level} keeps {' '.join(line.operands) or 'nothing'}"
    across = f" across {line.fanout}" if line.fanout else ""
    return f"for {line.dim} in tiles of {line.tile}{across}"


def shown(nest: Nest, shape: Shape) -> list[str]:
    """Return a nest as a page shows it, a text a line, loops with their bounds."""
    bounds = iter(nest.bounds(shape))
    return [_with_bound(line, next(bounds)) if isinstance(line, Loop) else written(line) for line in nest.lines]


def _with_bound(loop: Loop, bound: int) -> str:
    tile = f" (tile {loop.tile})" if loop.tile > 1 else ""
    if loop.fanout is not None:
        return f"spatially {loop.dim} over {bound} {loop.fanout}{tile}"
    return f"for {loop.dim} in 0..{bound}{tile}"


def read_line(text: object) -> Loop | Keep:
    """Return the line of a nest that a text stands for.

    Raises
    ------
    InputError
        The text is none of `FORMS`, or a word of it is wrong.
    """
    if isinstance(text, str):
        if found := _KEEP.fullmatch(text.strip()):
            return Keep(found["level"], read_operands(found["operands"]))
        if found := _LOOP.fullmatch(text.strip()):
            return Loop(read_dim(found["dim"]), _tile(found["tile"]), found["fanout"])
    given = f"{{{next(iter(text))}: ...}}" if isinstance(text, dict) and text else text
    raise InputError(f"a line of a mapping must be {FORMS}; got {str(given)[:60]!r}.")


def read_operands(text: str) -> str:
    """Return the operands in a text such as "W I O", "W, I" or "WIO"; "nothing" is none.

    Raises
    ------
    InputError
        One is not W, I or O, or stands twice.
    """
    if text.strip() in ("", "nothing"):
        return ""
    operands = re.sub(r"[\s,]+", "", text)
    for place, one in enumerate(operands):
        if one not in OPERANDS:
            raise InputError(f"operands must be some of {' '.join(OPERANDS)}; got {text.strip()!r}.")
        if one in operands[:place]:
            raise InputError(f"operands must be named once; {one} stands twice in {text.strip()!r}.")
    return operands


def read_dim(text: str) -> str:
    """Return a loop dimension; an unknown one raises InputError with the nearest."""
    if text not in DIMS:
        raise InputError(f"a loop must be over one of {' '.join(DIMS)}; got {text!r}{did_you_mean(text, DIMS) or '.'}")
    return text


def _tile(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < 1:
        raise InputError(f"a tile must be a whole number of at least 1; got {text!r}.")
    return int(text)
