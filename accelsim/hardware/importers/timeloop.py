"""Which hardware profile does a Timeloop architecture describe?

Memories become levels, meshes fan-outs, the multiplier a rate and a cost. Energies come from an energy
reference table (ERT) that Accelergy made, or from the attributes ``vector_access_energy`` and
``energy_per_op``; without either the profile has no costs and its energy is unknown. As in Timeloop,
transfers overlap with compute (``buffering: ideal``), or with a second copy where ``multiple_buffering`` is 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelsim.documents.part import Part
from accelsim.documents.reading import TAG
from accelsim.documents.timeloop import Parts, read_parts
from accelsim.hardware.importers.imported import SOURCE, ImportedProfile, assumed_clock, plain_name
from accelsim.hardware.importers.timeloop_attributes import (
    capacity_bits,
    checked,
    datawidth,
    mac_format,
    width_of,
)
from accelsim.hardware.importers.timeloop_energy import Energies, energies_of
from accelsim.hardware.importers.timeloop_keeps import Keeps, keeps_of
from accelsim.hardware.importers.timeloop_numbers import (
    ERT_SOURCE,
    bandwidths,
    cycle_s,
    level_costs,
    mac_costs,
    node_nm,
    plain_number,
    technology,
)
from accelsim.hardware.importers.timeloop_tree import Step, steps_of
from accelsim.precision import element_of, parse_format


@dataclass(frozen=True)
class Place:
    """One line of the hierarchy as mappings name it: a level, or the fan-outs that a spatial target crosses.

    Parameters
    ----------
    target : str
        Name in Timeloop's files.
    level : str
        Level of the profile; "" for a fan-out or a dummy.
    holds : str
    x, y : str
        Fan-outs of the profile; "" where there is none.
    """

    target: str
    level: str = ""
    holds: str = ""
    x: str = ""
    y: str = ""


@dataclass(frozen=True)
class Architecture(ImportedProfile):
    """A profile, and the places of it that Timeloop's mappings name, outermost first."""

    places: tuple[Place, ...] = ()


def import_architecture(paths: Iterable[str | Path], operands: dict[str, str] | None = None) -> Architecture:
    """Return the profile in Timeloop files (an architecture, with its ERT and constraints if given)."""
    return read_architecture(read_parts(paths), operands)


def read_architecture(parts: Parts, operands: dict[str, str] | None = None) -> Architecture:
    """Return the profile of the architecture among Timeloop's parts.

    Parameters
    ----------
    parts : Parts
    operands : dict of str to str, optional
        W, I or O by data space; by default those of a convolution (Weights, Inputs, Outputs).

    Raises
    ------
    InputError
        A field, an attribute or a class is unknown, a number is no number, or the tree is none that a profile
        can say; file, line and field are named.
    """
    part = parts.need("architecture", "how the chip is built.")
    return _Builder(part, energies_of(parts.found.get("ERT")), keeps_of(parts, operands)).built()


class _Builder:
    """Turns the steps of an architecture into the fields of a profile."""

    def __init__(self, part: Part, energies: Energies, keeps: Keeps) -> None:
        self.part, self.energies, self.keeps = part, energies, keeps
        self.steps = steps_of(part)
        self.array: dict[str, int] = {}
        self.levels: list[dict[str, Any]] = []
        self.words: dict[str, int] = {}
        self.places: list[Place] = []
        self.unused: dict[str, list[str]] = {}
        self.remarks: list[str] = []
        self.mac: Step | None = None

    def built(self) -> Architecture:
        """Return the profile."""
        meshes = sum(step.kind == "fan-out" and step.x * step.y > 1 for step in self.steps)
        for step in self.steps:
            if step.kind == "fan-out":
                self._fanout(step, alone=meshes == 1)
            elif step.kind == "storage":
                self._level(step)
            elif step.kind == "compute":
                self._compute(step)
            elif step.kind == "network":
                self.remarks.append(f"the network {step.name} ({step.cls}) is not imported.")
            else:
                self.places.append(Place(step.name))
        if self.mac is None:
            raise self.part.error("an architecture must have a multiplier, such as a component of class intmac.")
        if not self.levels or self.levels[0].get("inside") or "holds" in self.levels[0]:
            raise self.part.error("the outermost memory must stand once, outside every fan-out, and hold all tensors.")
        data = self._profile(self.mac)
        if self.unused:
            unused = "; ".join(f"{name} of {', '.join(dict.fromkeys(where))}" for name, where in self.unused.items())
            self.remarks.append(f"attributes that a profile has no field for are not imported: {unused}.")
        remarks = [*self.remarks, *self.energies.remarks(step.name for step in self.steps), *self.keeps.remarks]
        return Architecture(self.part.document.path, data, tuple(remarks), tuple(self.places))

    def _fanout(self, step: Step, alone: bool) -> None:
        """Add the fan-outs of a mesh, Y outside X, as Timeloop nests them."""
        tag = step.part.value.get(TAG)
        if tag == "!Container":
            self.keeps.note(step)
        sizes = {axis: size for axis, size in (("Y", step.y), ("X", step.x)) if size > 1}
        names = {"X": "", "Y": ""}
        for axis in sizes:
            name = (
                plain_name(step.name) if tag == "!Container" and len(sizes) == 1 else f"{plain_name(step.name)}-{axis}"
            )
            name = axis if alone and tag is None else name
            if name in self.array:
                raise step.part.error(f"fan-outs must have different names; {name} stands twice.")
            names[axis] = name
            self.array[name] = sizes[axis]
        if tag is None:  # version 0.2 and 0.3: mappings name the component outside the mesh
            at = next(n for n, place in enumerate(self.places) if place.target == step.name)
            self.places[at] = replace(self.places[at], x=names["X"], y=names["Y"])
            return
        if tag == "!Container":
            self.places.append(Place(step.name, x=names["X"], y=names["Y"]))
        self.places.append(Place(f"inter_{step.name}_spatial", x=names["X"], y=names["Y"]))

    def _level(self, step: Step) -> None:
        width, words = width_of(step), datawidth(step)
        name = plain_name(step.name)
        if any(level["name"] == name for level in self.levels):
            raise step.part.error(f"memories must have different names; {name} stands twice.")
        self.words[step.name] = words
        holds = self.keeps.holds(step)
        self.places.append(Place(step.name, level=name, holds=holds))
        if self.mac is not None:
            raise step.part.error(f"a memory must stand outside the multiplier; {step.name} stands inside it.")
        buffering = step.attributes["multiple_buffering"].number(1, 2) if "multiple_buffering" in step.attributes else 1
        level: dict[str, Any] = {"name": name}
        if self.array:
            level["inside"] = next(reversed(self.array))
        if (bits := capacity_bits(step, width, words)) is not None:
            level["capacity_bits"] = bits
        if holds != "WIO":
            level["holds"] = holds
        if self.levels:
            level["buffering"] = "double" if buffering > 1 else "ideal"
        level["technology"] = technology(step)
        level |= bandwidths(step, words) | level_costs(step, width, self.energies)
        self.levels.append(level)
        self._note_unused(step, checked(step, "storage"))

    def _compute(self, step: Step) -> None:
        if self.mac is not None:
            raise step.part.error(f"an architecture must have one multiplier; {self.mac.name} is one already.")
        self.mac = step
        self.keeps.note(step)
        self.places.append(Place(step.name))
        self._note_unused(step, checked(step, "compute"))

    def _note_unused(self, step: Step, names: Iterable[str]) -> None:
        for name in names:
            self.unused.setdefault(name, []).append(step.name)

    def _profile(self, mac: Step) -> dict[str, Any]:
        form, accumulator = mac_format(mac)
        file = self.part.document.path.name
        name = plain_name(file.split(".")[0], "chip")
        data: dict[str, Any] = {
            "name": name, "title": f"{name} (Timeloop)", "description": f"Imported from {file}.", "source": SOURCE,
        }  # fmt: skip
        if node := next((found for step in reversed(self.steps) if (found := node_nm(step))), None):
            data["node_nm"] = node
        cycle = next((found for step in self.steps if (found := cycle_s(step))), None)
        data["clock_hz"] = plain_number(1 / cycle) if cycle else assumed_clock("Timeloop")
        if not cycle:
            self.remarks.append("the file states no global_cycle_seconds; a clock of 1 GHz is assumed.")
        data |= {"array": self.array, "timing": "broadcast", "macs_per_pe_cycle": {form: 1}}
        data["accumulators"] = {form: accumulator}
        for level, bits in self.words.items():
            if bits != element_of(parse_format(form)).bits:
                self.remarks.append(
                    f"words of {level} have {bits} bits in the file; here the scheme decides, sums have {accumulator}."
                )
        data |= mac_costs(mac, form, accumulator, self.energies)
        data["levels"] = list(reversed(self.levels))
        data["sources"] = {SOURCE: {"title": f"Timeloop architecture {file}"}}
        if self.energies.file:
            data["sources"][ERT_SOURCE] = {"title": f"Accelergy energy reference table {self.energies.file}"}
        return data
