"""Which part of a mapping did somebody pin? The search finds the rest.

A constraint never names a mapping; it removes mappings from the space. With none, the space is
everything that the chip can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Node = tuple[str, str]
"""A level and the operand that it keeps: ("SRAM", "W")."""


@dataclass(frozen=True)
class Constraints:
    """Restrictions of a mapping space.

    Parameters
    ----------
    keeps : mapping of level name to str
        The operands that a level keeps, exactly: {"RF": "WO"} makes I bypass RF.
    nodes : tuple of (level, operand)
        Storage nodes in the order in which they stand, outermost first; nodes not named stand anywhere.
    tiles : mapping of (level, operand) to mapping of dimension to int
        The tile of a dimension at a node.
    spatial : mapping of fan-out name to mapping of dimension to int or None
        The dimensions that run across a fan-out and over how many instances; None leaves the number open,
        a dimension that is not named does not cross it. A fan-out that is not named is free.
    loops : mapping of (level, operand) to str
        Order of the temporal loops between a node and the node above it, outermost first, by dimension:
        {("SRAM", "W"): "K C"}. Other dimensions have no loop there.
    divisors : bool
        Whether every tile must divide the tile outside it.
    """

    keeps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    nodes: tuple[Node, ...] = ()
    tiles: Mapping[Node, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    spatial: Mapping[str, Mapping[str, int | None]] = field(default_factory=lambda: MappingProxyType({}))
    loops: Mapping[Node, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    divisors: bool = False

    @property
    def identity(self) -> tuple[object, ...]:
        """The content in a canonical order, equal for equal constraints."""
        return (
            tuple(sorted(self.keeps.items())),
            self.nodes,
            tuple(sorted((node, tuple(sorted(tiles.items()))) for node, tiles in self.tiles.items())),
            tuple(sorted((name, tuple(sorted(dims.items()))) for name, dims in self.spatial.items())),
            tuple(sorted(self.loops.items())),
            self.divisors,
        )
