"""How many processing elements work in the fullest step of a mapping? Spatial tiles, the short last ones included."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from accelsim.mapping.nest import Loop, Nest
from accelsim.workload.shape import Shape


def active_pes(nest: Nest, shape: Shape) -> int:
    """Return the PEs that have an operation in the first step, in which every tile is as large as it gets.

    Parameters
    ----------
    nest : Nest
        A mapping that passed `Nest.check`.
    shape : Shape
    """
    return prod(
        _positions([loop for loop in nest.loops if loop.dim == dim], extent) for dim, extent in shape.extents.items()
    )


def _positions(loops: Sequence[Loop], handed: int) -> int:
    """Instances, over all fan-outs, that get a position of one dimension at the first states of its loops."""
    if not loops:
        return 1
    loop, inner = loops[0], loops[1:]
    if loop.fanout is None:
        return _positions(inner, min(loop.tile, handed))
    full, left = divmod(handed, loop.tile)
    return full * _positions(inner, loop.tile) + (_positions(inner, left) if left else 0)
