"""Which nest does a Timeloop mapping describe?

A mapping is a list of directives, one for the temporal loops, the spatial loops and the kept tensors of
each target::

    mapping:
      - {target: GLB, type: temporal, factors: C=3 R=11, permutation: RSCMPQN}    # inner to outer
      - {target: GLB, type: spatial, factors: M=16 Q=11, permutation: MQ, split: 1}
      - {target: RF, type: datatype, keep: [Outputs], bypass: [Weights, Inputs]}

A spatial target is the memory outside the mesh (version 0.2, 0.3) or the container that opens it
(version 0.4); the first ``split`` loops of its permutation run across X, the others across Y. A factor of
0 is what the other factors of its dimension leave. A memory keeps every tensor that no directive makes it
pass by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from accelsim.documents import shown
from accelsim.documents.part import Part
from accelsim.documents.timeloop import Parts
from accelsim.errors import AccelsimError, did_you_mean
from accelsim.hardware.importers.timeloop import Architecture, Place
from accelsim.hardware.importers.timeloop_keeps import BYPASS, operands_in
from accelsim.mapping.given import check_given
from accelsim.mapping.importers.timeloop_nodes import read_nodes
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.workload.importers.timeloop import Problem
from accelsim.workload.shape import Shape

_LOOPS = ("target", "type", "factors", "permutation", "name")
_KNOWN = {
    "temporal": _LOOPS,
    "spatial": (*_LOOPS, "split"),
    **dict.fromkeys(BYPASS, ("target", "type", "keep", "bypass", "name")),
}
_FACTOR = re.compile(r"([A-Za-z_]\w*)\s*=\s*(\d{1,15})|([A-Za-z_]+)(\d{1,15})")


@dataclass
class _Target:
    """What the directives say of one target."""

    place: Place
    temporal: list[tuple[str, int]] = field(default_factory=list)
    across_y: list[tuple[str, int]] = field(default_factory=list)
    across_x: list[tuple[str, int]] = field(default_factory=list)
    keep: str = ""
    bypass: str = ""


def read_mapping(parts: Parts, problem: Problem, shape: Shape, architecture: Architecture) -> Nest:
    """Return the nest of the mapping among Timeloop's parts, checked against a layer and a chip.

    Parameters
    ----------
    parts : Parts
    problem : Problem
    shape : Shape
        Of the problem.
    architecture : Architecture

    Raises
    ------
    InputError, InfeasibleError
        A target, a tensor or a dimension is unknown, the factors of a dimension do not multiply to its extent,
        or the chip cannot run the nest.
    """
    part = parts.need("mapping", "the loops of each level.")
    if isinstance(part.value, Mapping):
        nest = read_nodes(part, problem, architecture)
    else:
        reader = _Reader(problem, architecture)
        for one in part.items("a mapping"):
            reader.take(one)
        nest = reader.nest(part)
    try:
        check_given(nest, shape, architecture.chip)
    except AccelsimError as error:
        raise type(error)(error.message, where=part.document.where(*part.at)) from None
    return nest


class _Reader:
    """Collects directives by target, and then writes the nest from outside to inside."""

    def __init__(self, problem: Problem, architecture: Architecture) -> None:
        self.problem = problem
        self.extents = problem.extents
        self.targets = {place.target: _Target(place) for place in architecture.places}
        self.said: set[tuple[str, str]] = set()
        self.rest: dict[str, Part] = {}

    def take(self, part: Part) -> None:
        """Take one directive."""
        entries = part.entries("a directive")
        if "target" not in entries or "type" not in entries:
            raise part.error("a directive must have a target and a type.")
        kind = entries["type"].text()
        if kind not in _KNOWN:
            hint = did_you_mean(kind, _KNOWN) or f"; it is one of {', '.join(_KNOWN)}."
            raise entries["type"].error(f"{kind!r} is not a type of directive{hint}")
        fields = part.fields(_KNOWN[kind], f"a {kind} directive")
        name = fields["target"].text()
        if name not in self.targets:
            hint = did_you_mean(name, self.targets) or f"; it has {', '.join(self.targets)}."
            raise fields["target"].error(f"{name!r} is not a part of the architecture{hint}")
        group = "keep" if kind in BYPASS else kind
        if (name, group) in self.said:
            raise part.error(f"a target must have one {kind} directive; {name} has two.")
        self.said.add((name, group))
        target = self.targets[name]
        if group == "keep":
            for key in ("keep", "bypass"):
                if key in fields:
                    setattr(target, key, operands_in(fields[key], self.problem.operands))
            if both := set(target.keep) & set(target.bypass):
                raise part.error(f"{name} must either keep or pass by a tensor; {''.join(sorted(both))} is in both.")
        elif kind == "temporal":
            target.temporal = list(reversed(self._loops(fields, part)))
        else:
            self._spatial(target, fields, part)

    def _spatial(self, target: _Target, fields: dict[str, Part], part: Part) -> None:
        loops, order = self._loops(fields, part), self._order(fields, part)
        place = target.place
        split = fields["split"].whole(0) if "split" in fields else 0 if place.y and not place.x else len(order)
        for name, factor in reversed(loops):
            axis, across = ("X", target.across_x) if order.index(name) < split else ("Y", target.across_y)
            if not (place.x if axis == "X" else place.y):
                mesh = f"its mesh has no {axis}" if place.x or place.y else "no mesh follows it"
                raise part.error(f"{name}={factor} runs across {axis} below {place.target}, but {mesh}.")
            across.append((name, factor))

    def _loops(self, fields: dict[str, Part], part: Part) -> list[tuple[str, int]]:
        """Return (dimension, factor) of the loops above 1, inner to outer."""
        factors = self._factors(fields["factors"]) if "factors" in fields else {}
        order = self._order(fields, part)
        loops = {name: factor for name, factor in factors.items() if factor != 1}
        missing = [name for name in loops if name not in order]
        if missing and len(loops) > 1:
            raise part.error(f"permutation must name {missing[0]}: its factor is {loops[missing[0]]}.")
        return [(name, loops[name]) for name in [*order, *missing] if name in loops]

    def _factors(self, part: Part) -> dict[str, int]:
        text = part.value if isinstance(part.value, str) else " ".join(one.text() for one in part.items("factors"))
        factors: dict[str, int] = {}
        for word in re.sub(r"\s*=\s*", "=", text).replace(",", " ").split():
            found = _FACTOR.fullmatch(word)
            if found is None:
                raise part.error(f"factors must be such as C=3 or C3; got {shown(word)}.")
            name, factor = found[1] or found[3], int(found[2] or found[4])
            self._known(name, part)
            if name in factors:
                raise part.error(f"a dimension must have one factor; {name} has two.")
            if factor == 0 and name in self.rest:
                raise part.error(f"only one factor of {name} can be 0, what the others leave.")
            if factor == 0:
                self.rest[name] = part
            factors[name] = factor
        return factors

    def _order(self, fields: dict[str, Part], part: Part) -> list[str]:
        """Return the permutation, inner to outer; a text of single letters is one dimension a letter."""
        if "permutation" not in fields:
            return []
        given = fields["permutation"]
        if isinstance(given.value, str):
            words = given.value.replace(",", " ").split()
            order = words if all(word in self.extents for word in words) else list("".join(words))
        else:
            order = [one.text() for one in given.items("a permutation")]
        for name in order:
            self._known(name, given)
        if len(set(order)) < len(order):
            raise given.error("a permutation must name each dimension once.")
        return order

    def _known(self, name: str, part: Part) -> None:
        if name not in self.extents:
            hint = did_you_mean(name, self.extents) or f"; they are {', '.join(self.extents)}."
            raise part.error(f"{shown(name)} is not a dimension of the problem{hint}")

    # ---------------------------------------------------------------- the nest

    def nest(self, part: Part) -> Nest:
        """Return the nest that all directives together make."""
        self._fill(part)
        bounds: list[tuple[str, int, str | None] | Keep] = []
        for target in self.targets.values():
            place = target.place
            if place.level:
                bounds.append(Keep(place.level, self._kept(target, part)))
            bounds += [(name, factor, None) for name, factor in target.temporal]
            bounds += [(name, factor, place.y) for name, factor in target.across_y]
            bounds += [(name, factor, place.x) for name, factor in target.across_x]
        lines: list[Loop | Keep] = []
        tile = dict.fromkeys(self.problem.loops.dims.values(), 1)
        for line in reversed(bounds):
            if isinstance(line, Keep):
                lines += [line] if line.operands else []
                continue
            name, factor, fanout = line
            dim = self.problem.loops.dims[name]
            lines.append(Loop(dim, tile[dim], fanout))
            tile[dim] *= factor
        return Nest(tuple(reversed(lines)))

    def _kept(self, target: _Target, part: Part) -> str:
        if wrong := [one for one in target.keep if one not in target.place.holds]:
            raise part.error(f"{target.place.target} must not keep {', '.join(wrong)}: its constraints pass it by.")
        return "".join(one for one in target.place.holds if one not in target.bypass)

    def _fill(self, part: Part) -> None:
        """Replace factors of 0, and refuse factors that do not multiply to the extents."""
        lists = [
            loops for target in self.targets.values() for loops in (target.temporal, target.across_y, target.across_x)
        ]
        for name, extent in self.extents.items():
            known = prod(factor for loops in lists for dim, factor in loops if dim == name and factor)
            if name in self.rest:
                if extent % known:
                    raise self.rest[name].error(
                        f"the factors of {name} must divide {extent}; they multiply to {known}."
                    )
                for loops in lists:
                    loops[:] = [
                        (dim, factor or extent // known) if dim == name else (dim, factor) for dim, factor in loops
                    ]
            elif known != extent:
                raise part.error(f"the factors of {name} must multiply to {extent}; they multiply to {known}.")
        for loops in lists:
            loops[:] = [(dim, factor) for dim, factor in loops if factor > 1]
