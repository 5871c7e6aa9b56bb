"""Which memories, fan-outs and multipliers does a Timeloop architecture have, from outside to inside?

Version 0.2 and 0.3 (``subtree``, ``local``, ``PE[0..255]``, ``meshX``) and version 0.4 (``nodes`` of
``!Container``, ``!Component``, ``!Parallel``, ``!Hierarchical``) become one list of steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from accelsim.documents.part import Part
from accelsim.documents.reading import TAG
from accelsim.errors import did_you_mean

STORAGE = ("dram", "sram", "regfile", "register", "smartbuffer", "storage", "buffer", "fifo", "memory")
COMPUTE = ("intmac", "fpmac", "mac", "compute", "multiplier")
NETWORK = ("noc", "legacy", "reductiontree", "simplemulticast", "network", "wire")
DUMMY = ("dummy", "nothing")
_LEAF = ("name", "attributes", "spatial", "constraints", "sparse_optimizations")
_COMPONENT = (*_LEAF, "class", "subclass", "required_actions", "area_share", "enabled")
_RANGED = re.compile(r"(.*?)\[(\d{1,9})\.\.(\d{1,9})\]")


@dataclass(frozen=True)
class Step:
    """One component, or a fan-out (``kind`` "fan-out") into ``x`` by ``y`` instances of what follows.

    Parameters
    ----------
    name : str
        As the file has it, without its range.
    kind : {"storage", "compute", "network", "dummy", "fan-out"}
    part : Part
    attributes : dict of str to Part
        Its own and those of what it is in.
    x, y : int
        Of a fan-out: its sizes. Of a component of version 0.2 and 0.3: instances in all, by mesh.
    beside : bool
        It stands in a ``!Parallel``: what it does not name it does not hold.
    """

    name: str
    kind: str
    part: Part
    attributes: dict[str, Part] = field(default_factory=dict)
    x: int = 1
    y: int = 1
    beside: bool = False

    @property
    def cls(self) -> str:
        """Its class, or "" for a fan-out."""
        value = self.part.value.get("class", "")
        return str(value)


def steps_of(part: Part) -> list[Step]:
    """Return the steps of an architecture, outermost first.

    Raises
    ------
    InputError
        A field or a class is unknown, or the tree branches in a way that a profile cannot say.
    """
    fields = part.fields(("version", "subtree", "nodes"), "an architecture")
    if ("subtree" in fields) == ("nodes" in fields):
        raise part.error("an architecture must have either subtree (version 0.2, 0.3) or nodes (version 0.4).")
    if "nodes" in fields:
        return list(_nodes(fields["nodes"], {}, beside=False))
    return _with_fanouts(list(_subtree(fields["subtree"], {}, 1)))


# ---------------------------------------------------------------------- version 0.4


def _nodes(part: Part, inherited: dict[str, Part], beside: bool) -> Iterator[Step]:
    attributes = dict(inherited)
    for node in part.items("nodes"):
        tag = node.value.get(TAG) if isinstance(node.value, dict) else None
        if tag in ("!Parallel", "!Hierarchical"):
            fields = node.fields((TAG, "nodes", "name"), f"a {tag}", needed=("nodes",))
            yield from _nodes(fields["nodes"], attributes, beside or tag == "!Parallel")
        elif tag == "!Container":
            fields = node.fields((TAG, *_LEAF, "networks"), "a !Container", needed=("name",))
            attributes |= _attributes(fields)
            yield from _spread(node, fields, attributes, beside)
        elif tag in ("!Component", "!Nothing"):
            fields = node.fields((TAG, *_COMPONENT), f"a {tag}", needed=() if tag == "!Nothing" else ("name", "class"))
            if tag == "!Nothing":
                continue
            yield from _spread(node, fields, attributes, beside)
            yield _component(node, fields, attributes, beside)
        else:
            known = "!Container, !Component, !Parallel, !Hierarchical"
            raise node.error(f"a node must carry one of the tags {known}; got {tag or 'none'}.")


def _spread(node: Part, fields: dict[str, Part], attributes: dict[str, Part], beside: bool) -> Iterator[Step]:
    """Yield the fan-out that a node opens; a container without one is yielded too, as a target of mappings."""
    sizes = fields["spatial"].fields(("meshX", "meshY"), "spatial") if "spatial" in fields else {}
    x, y = (sizes[name].whole() if name in sizes else 1 for name in ("meshX", "meshY"))
    if beside and x * y > 1:
        raise fields["spatial"].error(
            "a fan-out must not stand inside a !Parallel: a profile has one line of fan-outs."
        )
    if sizes or node.value.get(TAG) == "!Container":
        yield Step(fields["name"].text(), "fan-out", node, attributes, x, y)


# ---------------------------------------------------------------------- version 0.2 and 0.3


def _subtree(part: Part, inherited: dict[str, Part], instances: int) -> Iterator[Step]:
    branches = part.items("subtree")
    if len(branches) != 1:
        raise part.error(
            f"a subtree must have one branch, for a profile has one line of memories; got {len(branches)}."
        )
    fields = branches[0].fields(("name", "attributes", "local", "subtree"), "a subtree", needed=("name",))
    attributes = inherited | _attributes(fields)
    _, count = _ranged(fields["name"])
    instances *= count
    for one in fields["local"].items("local") if "local" in fields else []:
        inside = one.fields(_COMPONENT, "a component", needed=("name", "class"))
        step = _component(one, inside, attributes, beside=False)
        total = instances * _ranged(inside["name"])[1]
        x, y = _mesh(step, total)
        yield Step(step.name, step.kind, step.part, step.attributes, x, y)
    if "subtree" in fields:
        yield from _subtree(fields["subtree"], attributes, instances)


def _mesh(step: Step, instances: int) -> tuple[int, int]:
    """Return the instances of a component by mesh; without meshX and meshY they stand in a row."""
    own = {name: step.attributes[name].whole() for name in ("meshX", "meshY") if name in step.attributes}
    x = own.get("meshX", instances // own.get("meshY", 1))
    y = own.get("meshY", instances // x if x else 0)
    if x * y != instances:
        raise step.part.error(f"meshX * meshY of {step.name} must be its {instances} instances; got {x} * {y}.")
    return x, y


def _with_fanouts(components: list[Step]) -> list[Step]:
    """Return the components with a fan-out, named for the memory outside it, where the instances grow."""
    steps: list[Step] = []
    outer: Step | None = None
    for component in components:
        if component.kind == "network":
            steps.append(component)
            continue
        before = (outer.x, outer.y) if outer is not None else (1, 1)
        if component.x % before[0] or component.y % before[1]:
            raise component.part.error(
                f"the {component.x} x {component.y} instances of {component.name} must be a multiple of the "
                f"{before[0]} x {before[1]} outside it."
            )
        x, y = component.x // before[0], component.y // before[1]
        if x * y > 1:
            if outer is None:
                raise component.part.error(f"the outermost memory must stand once; {component.name} does not.")
            steps.append(Step(outer.name, "fan-out", outer.part, {}, x, y))
        steps.append(component)
        outer = component
    return steps


# ---------------------------------------------------------------------- components


def _component(part: Part, fields: dict[str, Part], inherited: dict[str, Part], beside: bool) -> Step:
    if "enabled" in fields and not fields["enabled"].flag():
        raise fields["enabled"].error("must be true: leave a component out of the file to leave it out of the chip.")
    name, _ = _ranged(fields["name"])
    return Step(name, _kind(fields["class"]), part, inherited | _attributes(fields), beside=beside)


def _kind(part: Part) -> str:
    cls = part.text().lower()
    kinds = {"dummy": DUMMY, "storage": STORAGE, "network": NETWORK, "compute": COMPUTE}
    for kind, words in kinds.items():
        if any(word in cls for word in words):
            return kind
    known = [word for words in kinds.values() for word in words]
    hint = did_you_mean(cls, known) or f"; it must contain one of {', '.join(known)}."
    raise part.error(f"{part.text()!r} is not a class that says what a component is{hint}")


def _attributes(fields: dict[str, Part]) -> dict[str, Part]:
    return fields["attributes"].entries("attributes") if "attributes" in fields else {}


def _ranged(part: Part) -> tuple[str, int]:
    """Return name and count of ``PE[0..15]``."""
    text = part.text()
    found = _RANGED.fullmatch(text)
    if found is None:
        if "[" in text:
            raise part.error(f"a name must be plain or have a range, such as PE[0..15]; got {text!r}.")
        return text, 1
    count = int(found[3]) - int(found[2]) + 1
    if count < 1:
        raise part.error(f"a range must not be empty; got {text!r}.")
    return found[1].strip(), count
