"""What does the mapping of a layer become where its context is longer or shorter?

A mapping found at one context says of every loop over the context a tile, or as well a bound. Kept tiles
("a buffer holds 512 keys") and kept bounds ("the keys are spread over 16 rows") are two mappings of another context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from accelsim.engine.case import Ints
from accelsim.search.heuristic import Choice
from accelsim.workload.shape import Shape

Rule = Literal["tiles", "bounds"]
RULES: tuple[Rule, ...] = ("tiles", "bounds")


def retiled(choice: Choice, shape: Shape, extents: Mapping[str, Ints], rule: Rule) -> Ints:
    """Return the tiles of a mapping's structure at other extents, shape (n, loops).

    Parameters
    ----------
    choice : Choice
        A mapping of ``shape``.
    shape : Shape
    extents : mapping of dimension to int64 array, shape (n,)
        The other extents.
    rule : {"tiles", "bounds"}
        What is kept. The innermost loop of a dimension always hands down 1.
    """
    was, now = shape.extents, dict(extents)
    innermost = {loop.dim: number for number, loop in enumerate(choice.structure.loops)}
    columns = []
    for number, (loop, tile) in enumerate(zip(choice.structure.loops, choice.tiles, strict=True)):
        bound = -(-was[loop.dim] // tile)
        own = np.minimum(tile, now[loop.dim]) if rule == "tiles" else -(-now[loop.dim] // bound)
        if number == innermost[loop.dim]:
            own = np.ones_like(now[loop.dim])
        columns.append(own)
        was[loop.dim], now[loop.dim] = tile, own
    return np.stack(columns, axis=1)
