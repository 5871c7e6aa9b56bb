"""Which nest does a Timeloop mapping describe that is a list of nodes, as in its LoopTree form?

::

    mapping:
      nodes:
      - {type: storage, target: DRAM, dspace: [Weights, Inputs, Outputs]}
      - {type: temporal, rank: C, tile_shape: 16}        # or factor: 12
      - {type: storage, target: GLB, dspace: [Inputs, Outputs]}
      - {type: spatial, rank: C, tile_shape: 1}
      - {type: compute, einsum: conv, target: MAC}

A node of a loop names the tile that it hands down, or into how many tiles it cuts; storage nodes of a level
may stand apart. A spatial loop crosses the fan-out between the memories that stand around it, so one fan-out
must stand there. Nodes that fuse layers (sequential, pipeline, branches) are refused.
"""

from __future__ import annotations

from accelsim.documents import shown
from accelsim.documents.part import Part
from accelsim.errors import did_you_mean
from accelsim.hardware.importers.timeloop import Architecture, Place
from accelsim.hardware.importers.timeloop_keeps import operands_in
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.importers.timeloop import Problem

_FIELDS = {
    "storage": ("type", "target", "dspace"),
    "temporal": ("type", "rank", "tile_shape", "factor"),
    "spatial": ("type", "rank", "tile_shape", "factor"),
    "compute": ("type", "einsum", "target"),
}


def read_nodes(part: Part, problem: Problem, architecture: Architecture) -> Nest:
    """Return the nest of a mapping in the form of nodes.

    Raises
    ------
    InputError
        A node, a rank, a tensor or a memory is unknown, or a spatial loop has no one fan-out to cross.
    """
    fields = part.fields(("version", "type", "nodes"), "a mapping", needed=("nodes",))
    return _Nodes(problem, architecture).nest(fields["nodes"])


class _Nodes:
    def __init__(self, problem: Problem, architecture: Architecture) -> None:
        self.problem = problem
        self.levels = {place.target: place for place in architecture.places if place.level}
        self.depths = dict(architecture.chip.hierarchy[0])
        self.fanouts = [name for name, _ in architecture.chip.hierarchy[1]]
        self.left = dict(problem.extents)

    def nest(self, part: Part) -> Nest:
        """Return the lines of all nodes, outermost first."""
        nodes = part.items("nodes")
        kinds = [self._kind(node) for node in nodes]
        lines: list[Loop | Keep] = []
        depth = 0
        for place, (node, kind) in enumerate(zip(nodes, kinds, strict=True)):
            if kind == "storage":
                keep = self._keep(node)
                depth = max(depth, self.depths[keep.level])
                lines.append(keep)
            elif kind == "compute" and place != len(nodes) - 1:
                raise node.error("a compute node must be the last.")
            elif kind != "compute":
                inside = next(
                    (one for one, what in zip(nodes[place:], kinds[place:], strict=True) if what == "storage"), None
                )
                lines += self._loop(node, self._fanout(node, depth, inside) if kind == "spatial" else None)
        for name, extent in self.left.items():
            if extent != 1:
                raise part.error(f"the loops over {name} must end at a tile of 1; they end at {extent}.")
        return Nest(tuple(lines))

    def _kind(self, node: Part) -> str:
        entries = node.entries("a node")
        if "type" not in entries:
            raise node.error("a node must have a type.")
        kind = entries["type"].text()
        if kind not in _FIELDS:
            hint = did_you_mean(kind, _FIELDS) or f"; it is one of {', '.join(_FIELDS)}."
            raise entries["type"].error(f"{kind!r} is not a type of node that can be imported{hint}")
        node.fields(_FIELDS[kind], f"a {kind} node")
        return kind

    def _level(self, node: Part) -> Place:
        fields = node.fields(_FIELDS["storage"], "a storage node", needed=("target", "dspace"))
        name = fields["target"].text()
        if name not in self.levels:
            hint = did_you_mean(name, self.levels) or f"; they are {', '.join(self.levels)}."
            raise fields["target"].error(f"{shown(name)} is not a memory of the architecture{hint}")
        return self.levels[name]

    def _keep(self, node: Part) -> Keep:
        place = self._level(node)
        operands = operands_in(node.inside("dspace"), self.problem.operands)
        return Keep(place.level, "".join(one for one in "WIO" if one in operands))

    def _fanout(self, node: Part, depth: int, inside: Part | None) -> str:
        """Return the fan-out between the memories around a spatial loop."""
        end = self.depths[self._level(inside).level] if inside is not None else len(self.fanouts)
        between = self.fanouts[depth:end]
        if len(between) != 1:
            text = ", ".join(between) or "none"
            raise node.error(f"one fan-out must stand where a spatial loop does, between its memories; here: {text}.")
        return between[0]

    def _loop(self, node: Part, fanout: str | None) -> list[Loop]:
        fields = node.fields(_FIELDS["temporal"], "a loop", needed=("rank",))
        name = fields["rank"].text()
        if name not in self.left:
            hint = did_you_mean(name, self.left) or f"; they are {', '.join(self.left)}."
            raise fields["rank"].error(f"{shown(name)} is not a dimension of the problem{hint}")
        if ("tile_shape" in fields) == ("factor" in fields):
            raise node.error("a loop must have either tile_shape, the tile that it hands down, or factor.")
        before = self.left[name]
        tile = fields["tile_shape"].whole() if "tile_shape" in fields else -(-before // fields["factor"].whole())
        if tile > before:
            raise fields["tile_shape"].error(f"must be at most {before}, what the loop outside hands down; got {tile}.")
        self.left[name] = tile
        return [Loop(self.problem.loops.dims[name], tile, fanout)] if tile < before else []
