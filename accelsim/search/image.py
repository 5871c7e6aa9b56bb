"""How many input rows and columns are fetched at least, where neighboring tiles share a halo?"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.search.axes import Axis
from accelsim.search.facts import PLAIN_INPUT
from accelsim.search.instances import Instances
from accelsim.search.partial import COLUMN
from accelsim.workload.shape import DIMS


def fetched(instances: Instances, parent: int, node: int, passes: Floats) -> tuple[Floats, Floats]:
    """Return the input positions filled into a decided node and read from its parent, over some passes.

    The loops over rows and columns directly above the node keep the halo along one axis; along both only
    where one of them travels less than a tile reaches. There the last box of a pass may also serve the next.
    """
    facts = instances.facts
    if not facts.sliding:
        return passes * facts.touched, passes * facts.touched
    tile = instances.part.tiles[node]
    group = np.minimum(tile * instances.between(parent, node), facts.extents)
    handed = _handed(instances, node) if instances.known(node) else None
    return (
        _over_passes(instances, node, tile, group, handed, passes),
        _over_passes(instances, node, group, group, handed, passes),
    )


def _over_passes(
    instances: Instances, node: int, box: Ints, group: Ints, handed: Ints | None, passes: Floats
) -> Floats:
    """Positions that boxes reach while the loops from the tile ``handed`` down to that of the group run."""
    sides = instances.facts.sides
    full = [axis.reach(box[:, out], box[:, taps]).astype(float) for axis, out, taps in sides]
    least = [
        _along(instances, node, axis, box[:, [out, taps]], instances.outside(node)[:, [out, taps]], reach)
        for (axis, out, taps), reach in zip(sides, full, strict=True)
    ]
    spans = [axis.box(group[:, out], group[:, taps]) for axis, out, taps in sides]
    both = least[0] * least[1]
    kept: Floats = both + (passes - 1) * np.maximum(both - spans[0] * spans[1], 0.0)
    if handed is None:
        return kept
    ahead = handed - group
    travels = [axis.travel(ahead[:, out], ahead[:, taps]) for axis, out, taps in sides]
    moves = [travel > 0 for travel in travels]
    plain = (ahead[:, [COLUMN[dim] for dim in PLAIN_INPUT]] > 0).any(axis=1)
    rows, columns = least[0] * full[1] * passes, full[0] * least[1] * passes
    corner = (moves[0] & (travels[0] < spans[0])) | (moves[1] & (travels[1] < spans[1]))
    alone = np.where(moves[1], columns, np.where(plain, full[0] * full[1] * passes, kept))
    either = np.where(moves[0] & moves[1], np.minimum(rows, columns), np.where(moves[0], rows, alone))
    return np.where(corner, kept, either)


def _along(instances: Instances, node: int, axis: Axis, box: Ints, outside: Ints, reach: Floats) -> Floats:
    """Positions of one axis if its halo is kept; instances that hold all of it reach what they reach."""
    still = (-(-np.array([axis.out, axis.taps]) // (box * outside)) == 1).all(axis=1)
    if not instances.known(node):
        still[:] = False
    return np.where(still & (reach >= axis.touched), reach, float(axis.touched))


def _handed(instances: Instances, node: int) -> Ints | None:
    """The tile that the nearest node outside hands down, None if not decided."""
    outer = [place for place in instances.facts.nodes if place < node]
    if not outer:
        return np.broadcast_to(instances.facts.extents, (instances.rows, len(DIMS)))
    return instances.part.tiles.get(outer[-1])
