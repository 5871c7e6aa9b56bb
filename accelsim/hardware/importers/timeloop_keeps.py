"""Which operands may a memory hold, as the constraints in Timeloop's files say?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from accelsim.documents.part import Part
from accelsim.documents.timeloop import Parts
from accelsim.errors import did_you_mean
from accelsim.hardware.importers.timeloop_tree import Step

CONVOLUTION = {"Weights": "W", "Inputs": "I", "Outputs": "O"}
BYPASS = ("bypass", "datatype", "dataspace")
"""Types of a directive that says which tensors a memory keeps."""


@dataclass
class Keeps:
    """What memories keep and pass by, by name, and the constraints that are not imported."""

    operands: dict[str, str]
    keep: dict[str, str] = field(default_factory=dict)
    bypass: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def holds(self, step: Step) -> str:
        """Return the operands that a memory may hold: W, I and O but those that it passes by.

        In a ``!Parallel`` a memory holds only what it is told to keep.
        """
        self.note(step)
        kept, passed = self.keep.get(step.name, ""), self.bypass.get(step.name, "")
        if step.beside:
            if not kept:
                raise step.part.error(f"{step.name} stands in a !Parallel; its constraints must say what it keeps.")
            return _sorted(kept)
        left = _sorted(set("WIO") - set(passed))
        if not left:
            raise step.part.error(f"{step.name} passes by every tensor; leave it out, or make it a dummy.")
        return left

    def note(self, step: Step) -> None:
        """Take the constraints of a node of version 0.4, and remember what else it says that is not imported."""
        if step.part.value.get("constraints") is not None:
            self._inline(step.name, step.part.inside("constraints"))
        for key in ("sparse_optimizations", "networks"):
            if step.part.value.get(key):
                self.remarks.append(f"{key} of {step.name} is not imported.")

    def _inline(self, name: str, part: Part) -> None:
        """Take the constraints of a node of version 0.4."""
        for key, inside in part.entries("constraints").items():
            if key == "dataspace":
                self.take(name, inside.fields(("keep", "bypass", "no_coalesce", "type", "target"), "a dataspace"))
            elif key in ("temporal", "spatial", "max_overbooked_proportion", "utilization"):
                self.remarks.append(f"the {key} constraint of {name} is not imported.")
            else:
                known = ("dataspace", "temporal", "spatial")
                raise inside.error(f"{key} is not a constraint{did_you_mean(key, known) or '.'}")

    def take(self, name: str, fields: dict[str, Part]) -> None:
        """Take what a directive says that a memory keeps and passes by."""
        for key, table in (("keep", self.keep), ("bypass", self.bypass)):
            if key in fields:
                table[name] = table.get(name, "") + operands_in(fields[key], self.operands)
        if doubled := set(self.keep.get(name, "")) & set(self.bypass.get(name, "")):
            place = fields.get("keep") or fields["bypass"]
            raise place.error(f"{name} must either keep or pass by a tensor; {_sorted(doubled)} is in both.")


def keeps_of(parts: Parts, operands: dict[str, str] | None) -> Keeps:
    """Return what the constraints among Timeloop's parts say."""
    keeps = Keeps(operands or CONVOLUTION)
    for key in ("constraints", "architecture_constraints"):
        if key not in parts.found:
            continue
        part = parts.found[key]
        targets = part
        if isinstance(part.value, dict):
            fields = part.fields(("version", "targets"), "constraints", needed=("targets",))
            targets = fields["targets"]
        for one in targets.items("targets"):
            fields = one.entries("a constraint")
            if "target" not in fields or "type" not in fields:
                raise one.error("a constraint must have a target and a type.")
            name, kind = fields["target"].text(), fields["type"].text()
            if kind in BYPASS:
                keeps.take(name, fields)
            else:
                keeps.remarks.append(f"the {kind} constraint of {name} is not imported.")
    return keeps


def operands_in(part: Part, operands: dict[str, str]) -> str:
    """Return the letters of the tensors that a list names."""
    letters = []
    for one in part.items("a list of tensors"):
        name = one.text()
        if name not in operands:
            hint = did_you_mean(name, operands) or f"; they are {', '.join(operands)}."
            raise one.error(f"{name!r} is not a tensor{hint}")
        letters.append(operands[name])
    return "".join(letters)


def _sorted(letters: Iterable[str]) -> str:
    given = set(letters)
    return "".join(letter for letter in "WIO" if letter in given)
