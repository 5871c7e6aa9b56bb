"""What does a mapping keep where, and how full is every memory? The tile of each node, the footprint of each level."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Keep, Loop
from accelsim.simulation.result import LayerResult
from accelsim.workload.shape import DIMS, RELEVANT


@dataclass(frozen=True)
class Tile:
    """What one instance of a node holds.

    Parameters
    ----------
    level, operand : str
    extents : dict of dimension to int
        Of the loops below it that the operand has; those of 1 are left out.
    words : int
        Of the largest box, halo included and padding not.
    bits : float
        What the box takes: twice where it is double-buffered.
    """

    level: str
    operand: str
    extents: dict[str, int]
    words: int
    bits: float


@dataclass(frozen=True)
class Occupancy:
    """How full one instance of a level is.

    Parameters
    ----------
    level : str
    instances : int
        That the chip has.
    capacity_bits : int or None
        None is unbounded.
    used_bits : float
    """

    level: str
    instances: int
    capacity_bits: int | None
    used_bits: float

    @property
    def share(self) -> float | None:
        """Used of capacity; None where it is unbounded."""
        return None if self.capacity_bits is None else self.used_bits / self.capacity_bits


def tiles(one: LayerResult) -> list[Tile]:
    """Return what every node of a layer's mapping holds, outermost first."""
    assert one.nest is not None
    assert one.layer.shape is not None
    handed = one.layer.shape.extents
    found = []
    for line in one.nest.lines:
        if isinstance(line, Loop):
            handed[line.dim] = line.tile
            continue
        for operand in line.operands:
            extents = {dim: handed[dim] for dim in DIMS if dim in RELEVANT[operand] and handed[dim] > 1}
            key = line.level, operand
            found.append(Tile(*key, extents, one.boxes[key], one.footprints[key]))
    return found


def occupancies(one: LayerResult, chip: Chip) -> list[Occupancy]:
    """Return how full every level of the chip is, outermost first."""
    return [
        Occupancy(
            level.name,
            chip.instances(level.name),
            level.capacity_bits,
            sum(bits for (name, _), bits in one.footprints.items() if name == level.name),
        )
        for level in reversed(chip.levels)
    ]


def bypassed(one: LayerResult, chip: Chip) -> list[str]:
    """Return the levels that keep nothing in a layer's mapping, outermost first."""
    assert one.nest is not None
    kept = {line.level for line in one.nest.lines if isinstance(line, Keep) and line.operands}
    return [level.name for level in reversed(chip.levels) if level.name not in kept]
