"""Which hardware profile does a ZigZag accelerator describe?

Memories become levels, dimensions of the array fan-outs, ``unit_energy`` the cost of a whole
multiply-accumulate. ``r_cost`` and ``w_cost`` are pJ for an access as wide as the widest that a port
makes. A memory that serves some dimensions stands outside their fan-outs and inside the others, so what
memories serve must nest; else a profile, which has one line of fan-outs, cannot say it. Both forms of 3.x
are read: ``operational_array`` with listed ports, and the earlier ``multipliers`` with ``r_bw`` and ``w_bw``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelsim.documents import load_document
from accelsim.documents.part import Part
from accelsim.errors import AccelsimError
from accelsim.hardware.importers.imported import SOURCE, ImportedProfile, assumed_clock, plain_name
from accelsim.hardware.importers.zigzag_memory import Memory, read_memory
from accelsim.precision import parse_format

_TOP = ("name", "memories", "operational_array", "multipliers", "dataflows")
_ARRAY = (
    "dimensions", "sizes", "systolic_dimensions", "input_precision", "unit_energy", "unit_area", "multiplier_energy",
    "multiplier_area", "is_imc", "imc_type", "adc_resolution", "bit_serial_precision",
)  # fmt: skip
_IN_MEMORY = ("imc_type", "adc_resolution", "bit_serial_precision")


def is_accelerator(path: str | Path) -> bool:
    """Return whether a YAML file describes an accelerator, and not a workload."""
    data = load_document(Path(path)).data
    return isinstance(data, dict)


def read_accelerator(path: str | Path) -> ImportedProfile:
    """Return the profile of a ZigZag accelerator.

    Raises
    ------
    InputError
        A field is unknown or missing, a number is no number of at least 0, the array computes in memory, or
        memories serve dimensions that do not nest; file, line and field are named.
    """
    place = Path(path)
    part = Part.whole_of(load_document(place))
    fields = part.fields(_TOP, "a ZigZag accelerator", needed=("name", "memories"))
    if ("operational_array" in fields) == ("multipliers" in fields):
        raise part.error("an accelerator must have an operational_array (or, before 3.8, multipliers), and only one.")
    array = fields.get("operational_array") or fields["multipliers"]
    inside = array.fields(_ARRAY, "an operational array", needed=("dimensions", "sizes"))
    _refuse_in_memory(inside)
    remarks: list[str] = []
    sizes = _sizes(inside)
    memories = [read_memory(one, tuple(sizes), remarks) for one in fields["memories"].entries("memories").values()]
    if not memories:
        raise fields["memories"].error("an accelerator must have at least one memory.")
    order = _order(memories, sizes)
    if "dataflows" in fields:
        remarks.append("dataflows is not imported; accelsim searches what runs across each fan-out.")
    for name in ("unit_area", "multiplier_area"):
        if name in inside:
            remarks.append(f"{name} is not imported: its unit is not stated.")
    data = _profile(place, fields["name"].text(), inside, {name: sizes[name] for name in order}, remarks)
    data["levels"] = _levels(memories, order)
    data["sources"] = {SOURCE: {"title": f"ZigZag accelerator {place.name}"}}
    return ImportedProfile(place, data, tuple(dict.fromkeys(remarks)))


def _refuse_in_memory(fields: dict[str, Part]) -> None:
    if "is_imc" in fields and fields["is_imc"].flag():
        raise fields["is_imc"].error("must be false: a profile cannot say an array that computes in memory.")
    for name in _IN_MEMORY:
        if name in fields and fields[name].value not in (None, 0):
            raise fields[name].error("must not be given: a profile cannot say an array that computes in memory.")


def _sizes(fields: dict[str, Part]) -> dict[str, int]:
    names = [one.text() for one in fields["dimensions"].items("dimensions")]
    sizes = [one.whole() for one in fields["sizes"].items("sizes")]
    if len(names) != len(sizes):
        raise fields["sizes"].error(f"must have one size for each of the {len(names)} dimensions; got {len(sizes)}.")
    if len(set(names)) < len(names):
        raise fields["dimensions"].error("must name each dimension once.")
    return dict(zip(names, sizes, strict=True))


def _order(memories: list[Memory], sizes: dict[str, int]) -> list[str]:
    """Return the dimensions, outermost first, so that every memory stands outside all that it serves."""
    for one in memories:
        for other in memories:
            if not (one.serves <= other.serves or other.serves <= one.serves):
                what = f"{one.name} serves {_text(one.serves)} and {other.name} {_text(other.serves)}"
                raise other.part.error(f"the dimensions that memories serve must nest in a profile; {what}.")
    outermost = memories[-1]
    if outermost.serves != set(sizes) or outermost.holds != "WIO":
        raise outermost.part.error(
            f"memories stand from inside to outside, and the last must serve all of {', '.join(sizes)} and hold I1, I2 "
            f"and O; {outermost.name} does not."
        )
    served = {name: sum(name in memory.serves for memory in memories) for name in sizes}
    return sorted(sizes, key=lambda name: served[name])


def _text(names: frozenset[str]) -> str:
    return " and ".join(sorted(names)) or "none"


def _profile(
    place: Path, title: str, fields: dict[str, Part], array: dict[str, int], remarks: list[str]
) -> dict[str, Any]:
    form = _format(fields, remarks)
    data: dict[str, Any] = {
        "name": plain_name(title, "chip"), "title": f"{title} (ZigZag)", "description": f"Imported from {place.name}.",
        "source": SOURCE, "clock_hz": assumed_clock("ZigZag"), "array": array,
    }  # fmt: skip
    remarks.append("ZigZag counts cycles; a clock of 1 GHz is assumed.")
    systolic = "systolic_dimensions" in fields and fields["systolic_dimensions"].items("systolic_dimensions")
    data["timing"] = "systolic" if systolic else "broadcast"
    data |= {"macs_per_pe_cycle": {form: 1}, "accumulators": {form: "int32"}}
    energy = fields.get("unit_energy") or fields.get("multiplier_energy")
    if energy is None:
        remarks.append("no unit_energy is given, so energy is unknown (null).")
        return data
    cost = {"value": energy.energy_pj(), "source": SOURCE, "note": "the whole multiply-accumulate, whatever its width"}
    data["multiply_pj"] = {form: cost}
    data["add_pj"] = {"int32": {"value": 0, "source": SOURCE, "note": "in the multiply"}}
    return data


def _format(fields: dict[str, Part], remarks: list[str]) -> str:
    """Return the formats of the multiplier, ``weights*inputs``; I1 is the input and I2 the weight."""
    if "input_precision" not in fields:
        remarks.append("no input_precision is given; int8 is assumed.")
        return "int8"
    parts = fields["input_precision"].items("input_precision")
    if len(parts) != 2:
        raise fields["input_precision"].error(f"must be two widths, of I1 and of I2; got {len(parts)}.")
    names = []
    for one in parts:
        try:
            names.append(parse_format(f"int{one.whole()}").name)
        except AccelsimError as error:
            raise one.error(f"no format has this width: {error.message}") from None
    inputs, weights = names
    return weights if weights == inputs else f"{weights}*{inputs}"


def _levels(memories: list[Memory], order: list[str]) -> list[dict[str, Any]]:
    """Return the levels, innermost first: the fewer dimensions a memory serves, the deeper it stands."""
    levels = []
    for memory in sorted(memories, key=lambda one: len(one.serves)):
        depth = len(order) - len(memory.serves)
        inside = {"inside": order[depth - 1]} if depth else {}
        levels.append({"name": memory.name, **inside, **memory.fields})
    return levels
