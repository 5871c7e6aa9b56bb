"""Which two constraints contradict each other? Found from the layer and the chip alone, before any search."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from accelsim.errors import InputError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints, Node
from accelsim.mapping.tile_room import Spread, Standing, too_little_room
from accelsim.workload.shape import DIMS, OPERANDS, Shape

EVERY = "*"
"""In place of an operand: every operand that the level keeps."""


class ConstraintError(InputError):
    """A constraint that no mapping can keep.

    Parameters
    ----------
    message : str
        Names the two that contradict.
    field : tuple of str
        Path of the constraint to look at first: ("tiles", "SRAM.W", "K").
    """

    def __init__(self, message: str, field: tuple[str, ...]) -> None:
        self.field = field
        super().__init__(message, where=f"constraints.{'.'.join(field)}")


def check_constraints(constraints: Constraints, shape: Shape, chip: Chip) -> Constraints:
    """Return the constraints spelled out for a layer and a chip, or say which two contradict.

    ("SRAM", "*") becomes one node for every operand that the level keeps (all that it holds, unless
    ``keeps`` says otherwise). What is said of the outermost level, which always keeps everything, is
    checked and left out.

    Raises
    ------
    ConstraintError
        A name is unknown, or two constraints contradict: each other, the layer or the profile.
    """
    constraints = _formed(constraints)
    check_names(constraints, chip)
    spelled = _spelled_out(constraints, chip)
    _check_keeps(spelled, chip)
    _check_named(spelled, chip)
    _check_order(spelled, chip)
    _check_spatial(spelled, chip)
    _check_loops(spelled, chip)
    found = too_little_room(_standing(spelled, chip), _spreads(spelled, chip), shape, divisors=spelled.divisors)
    if found is not None:
        culprits, why = found
        raise ConstraintError(f"{_all(each.text for each in culprits)} contradict: {why}.", culprits[0].field)
    return _inside(spelled, chip.outermost.name)


def named_nodes(constraints: Constraints) -> frozenset[Node]:
    """Return the nodes that constraints name one by one: they must stand."""
    return frozenset((*constraints.nodes, *constraints.tiles, *constraints.loops))


def node_name(node: Node) -> str:
    """Return a node as files and messages write it: "SRAM.W", or "SRAM" for all nodes of a level."""
    level, operand = node
    return level if operand == EVERY else f"{level}.{operand}"


# ---------------------------------------------------------------------- names and numbers


def _formed(constraints: Constraints) -> Constraints:
    """Refuse what is not put together as `Constraints` says; orders of loops may be texts."""
    for group in ("keeps", "tiles", "spatial", "loops"):
        if not isinstance(getattr(constraints, group), Mapping):
            raise ConstraintError(f"{group} must be a dict; got {getattr(constraints, group)!r}.", (group,))
    for group in ("nodes", "tiles", "loops"):
        for node in getattr(constraints, group):
            if not (isinstance(node, tuple) and len(node) == 2 and all(isinstance(part, str) for part in node)):
                raise ConstraintError(
                    f"a node must be a level and an operand, as in ('SRAM', 'W'); got {node!r}.", (group,)
                )
    for group, name in (("tiles", "K"), ("spatial", "C")):
        for key, value in getattr(constraints, group).items():
            if not isinstance(value, Mapping):
                raise ConstraintError(
                    f"{group} of {key} must be a dict, as in {{{name!r}: 16}}; got {value!r}.", (group,)
                )
    loops = {
        node: tuple(dims.split()) if isinstance(dims, str) else tuple(dims) for node, dims in constraints.loops.items()
    }
    return replace(constraints, loops=loops)


def check_names(constraints: Constraints, chip: Chip) -> None:
    """Refuse names that the chip or the loop nest does not have, and numbers below 1."""
    levels = [level.name for level in chip.levels[::-1]]
    fanouts = [fanout.name for fanout in chip.fanouts]
    for level, operands in constraints.keeps.items():
        _known(level, levels, f"a level of {chip.name}", ("keeps", level))
        for operand in operands:
            _known(operand, OPERANDS, "an operand", ("keeps", level))
    for group in ("tiles", "loops"):
        for node in getattr(constraints, group):
            _known_node(node, levels, chip, (group, node_name(node)))
    for node in constraints.nodes:
        _known_node(node, levels, chip, ("order",))
    for node, tiles in constraints.tiles.items():
        for dim, tile in tiles.items():
            field = ("tiles", node_name(node), dim)
            _known(dim, DIMS, "a loop dimension", field)
            _at_least_one(tile, field)
    for node, dims in constraints.loops.items():
        for dim in dims:
            _known(dim, DIMS, "a loop dimension", ("loops", node_name(node)))
    for fanout, counts in constraints.spatial.items():
        _known(fanout, fanouts, f"a fan-out of {chip.name}", ("spatial", fanout))
        for dim, count in counts.items():
            _known(dim, DIMS, "a loop dimension", ("spatial", fanout, dim))
            if count is not None:
                _at_least_one(count, ("spatial", fanout, dim))


def _known(name: str, known: Collection[str], noun: str, field: tuple[str, ...]) -> None:
    if name not in known:
        hint = did_you_mean(name, known) or f"; known: {', '.join(known)}."
        raise ConstraintError(f"{name!r} is not {noun}{hint}", field)


def _known_node(node: Node, levels: Collection[str], chip: Chip, field: tuple[str, ...]) -> None:
    level, operand = node
    _known(level, levels, f"a level of {chip.name}", field)
    if operand != EVERY or field[0] != "tiles":
        _known(operand, OPERANDS, "an operand", field)


def _at_least_one(number: object, field: tuple[str, ...]) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ConstraintError(f"{'.'.join(field)} must be a whole number of at least 1; got {number!r}.", field)


def _spelled_out(constraints: Constraints, chip: Chip) -> Constraints:
    """Give every operand of a level the tiles that are pinned for all of its nodes."""
    tiles: dict[Node, dict[str, int]] = {}
    origin: dict[tuple[Node, str], str] = {}
    for (level, operand), pinned in constraints.tiles.items():
        name = node_name((level, operand))
        kept = constraints.keeps.get(level, chip.level(level).holds) if operand == EVERY else operand
        for node in [(level, each) for each in kept]:
            for dim, tile in pinned.items():
                before = tiles.setdefault(node, {}).setdefault(dim, tile)
                if before != tile:
                    there = f"at {origin[node, dim]} ({before})"
                    raise ConstraintError(
                        f"tiles of {dim} at {name} ({tile}) and {there} contradict: they pin the same tile.",
                        ("tiles", name, dim),
                    )
                origin.setdefault((node, dim), name)
    keeps = {level: "".join(one for one in OPERANDS if one in kept) for level, kept in constraints.keeps.items()}
    return replace(constraints, tiles=tiles, keeps=keeps)


def _inside(constraints: Constraints, outermost: str) -> Constraints:
    return replace(
        constraints,
        keeps={level: kept for level, kept in constraints.keeps.items() if level != outermost},
        nodes=tuple(node for node in constraints.nodes if node[0] != outermost),
        tiles={node: tiles for node, tiles in constraints.tiles.items() if node[0] != outermost and tiles},
        loops={node: dims for node, dims in constraints.loops.items() if node[0] != outermost},
    )


# ---------------------------------------------------------------------- placement and order


def _check_keeps(constraints: Constraints, chip: Chip) -> None:
    for level, kept in constraints.keeps.items():
        holds = set(OPERANDS) if level == chip.outermost.name else set(chip.level(level).holds)
        if level == chip.outermost.name and set(kept) != holds:
            raise ConstraintError(
                f"keeps of {level} ({_spaced(kept)}) contradicts the chip: the outermost level keeps W, I and O.",
                ("keeps", level),
            )
        for operand in kept:
            if operand not in holds:
                raise ConstraintError(
                    f"keeps of {level} ({_spaced(kept)}) and {chip.name} contradict: {level} holds "
                    f"{_spaced(chip.level(level).holds)} only.",
                    ("keeps", level),
                )


def _check_named(constraints: Constraints, chip: Chip) -> None:
    """Refuse a node that is named but excluded by ``keeps`` or by the profile."""
    for group, nodes in (("order", constraints.nodes), ("tiles", constraints.tiles), ("loops", constraints.loops)):
        for level, operand in nodes:
            name = node_name((level, operand))
            field = (group,) if group == "order" else (group, name)
            if level != chip.outermost.name and operand not in chip.level(level).holds:
                holds = _spaced(chip.level(level).holds)
                raise ConstraintError(
                    f"{group} of {name} and {chip.name} contradict: {level} holds {holds} only.", field
                )
            if operand not in constraints.keeps.get(level, operand):
                kept = _spaced(constraints.keeps[level])
                raise ConstraintError(
                    f"{group} of {name} and keeps of {level} ({kept}) contradict: {name} must stand to be pinned.",
                    field,
                )


def _check_order(constraints: Constraints, chip: Chip) -> None:
    for place, node in enumerate(constraints.nodes):
        if node in constraints.nodes[:place]:
            raise ConstraintError(f"order must name a node once; {node_name(node)} stands twice.", ("order",))
    rank = {level.name: number for number, level in enumerate(reversed(chip.levels))}
    for place, outer in enumerate(constraints.nodes):
        for inner in constraints.nodes[place + 1 :]:
            why = ""
            if inner[0] == chip.outermost.name != outer[0]:
                why = f"{inner[0]} opens the nest"
            elif outer[1] == inner[1] and rank[outer[0]] > rank[inner[0]]:
                why = f"{inner[0]} is outside {outer[0]}, and both keep {outer[1]}"
            elif crossed := _crossed(constraints, chip, inner, outer):
                why = f"the loops across {crossed} that spatial pins stand between {inner[0]} and {outer[0]}"
            if why:
                raise ConstraintError(
                    f"order ({node_name(outer)} before {node_name(inner)}) and the chip contradict: {why}.", ("order",)
                )


def _crossed(constraints: Constraints, chip: Chip, outer: Node, inner: Node) -> str:
    """Return a fan-out that certainly carries loops and stands between the levels of two nodes."""
    for fanout in chip.fanouts[chip.level(outer[0]).depth : chip.level(inner[0]).depth]:
        if any((count or 1) > 1 for count in constraints.spatial.get(fanout.name, {}).values()):
            return fanout.name
    return ""


# ---------------------------------------------------------------------- loops and tiles


def _check_spatial(constraints: Constraints, chip: Chip) -> None:
    for fanout in chip.fanouts:
        counts = constraints.spatial.get(fanout.name, {})
        used, said = 1, []
        for dim, count in counts.items():
            field = ("spatial", fanout.name, dim)
            if fanout.dims is not None and dim not in fanout.dims:
                allowed = " ".join(one for one in DIMS if one in fanout.dims)
                raise ConstraintError(
                    f"spatial {dim} across {fanout.name} and {chip.name} contradict: {fanout.name} carries {allowed}.",
                    field,
                )
            if count is not None:
                used *= count
                said.append(f"{dim} ({count})")
            if used > fanout.size:
                raise ConstraintError(
                    f"spatial {_all(said)} across {fanout.name} and its size ({fanout.size}) contradict: "
                    f"they need {used} instances.",
                    field,
                )


def _check_loops(constraints: Constraints, chip: Chip) -> None:
    for node, dims in constraints.loops.items():
        name, field = node_name(node), ("loops", node_name(node))
        if len(set(dims)) < len(dims):
            raise ConstraintError(f"loops above {name} must name a dimension once; got {' '.join(dims)}.", field)
        if dims and node[0] == chip.outermost.name:
            raise ConstraintError(f"loops above {name} contradict the chip: {node[0]} opens the nest.", field)


def _standing(constraints: Constraints, chip: Chip) -> list[Standing]:
    """Return the named nodes with the tiles pinned at them."""
    ranks = {level.name: number for number, level in enumerate(reversed(chip.levels))}
    order = {node: place for place, node in enumerate(constraints.nodes)}
    return [
        Standing(
            *(node_name(node), node[1], chip.level(node[0]).depth, ranks[node[0]]),
            *(order.get(node), constraints.tiles.get(node, {})),
        )
        for node in sorted({*constraints.nodes, *constraints.tiles})
    ]


def _spreads(constraints: Constraints, chip: Chip) -> list[Spread]:
    """Return the dimensions that run over a pinned number of instances."""
    return [
        Spread(dim, count, place, fanout.name)
        for place, fanout in enumerate(chip.fanouts)
        for dim, count in constraints.spatial.get(fanout.name, {}).items()
        if count is not None
    ]


def _all(texts: Iterable[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last


def _spaced(operands: Iterable[str]) -> str:
    return " ".join(operands) or "nothing"
