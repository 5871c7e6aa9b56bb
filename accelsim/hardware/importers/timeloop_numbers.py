"""What does a component cost, move in a cycle and stand in, as a Timeloop architecture and its ERT say?"""

from __future__ import annotations

import re
from typing import Any

from accelsim.hardware.importers.imported import SOURCE, plain_name
from accelsim.hardware.importers.timeloop_attributes import Width
from accelsim.hardware.importers.timeloop_energy import Energies
from accelsim.hardware.importers.timeloop_tree import Step

ERT_SOURCE = "imported-ert"
"""Key of the energy reference table among the sources of the profile."""

_BANDWIDTHS = ("read_bandwidth", "write_bandwidth", "shared_bandwidth")


def plain_number(number: float) -> int | float:
    """Return a number without a needless decimal point."""
    rounded = round(number)
    return rounded if abs(number - rounded) <= 1e-12 * abs(number) else number


def bandwidths(step: Step, words: int) -> dict[str, Any]:
    """Return what a memory moves in a cycle; Timeloop states words, of ``words`` bits each."""
    rates = {name: step.attributes[name].number(1e-9) * words for name in _BANDWIDTHS if name in step.attributes}
    if "shared_bandwidth" not in rates:
        return {name.replace("bandwidth", "bits_per_cycle"): plain_number(rate) for name, rate in rates.items()}
    if len(rates) > 1:
        raise step.attributes["shared_bandwidth"].error("must not be given beside read or write bandwidth.")
    both = plain_number(rates["shared_bandwidth"])
    return {"read_bits_per_cycle": both, "write_bits_per_cycle": both, "shared_port": True}


def level_costs(step: Step, width: Width, energies: Energies) -> dict[str, Any]:
    """Return the costs of a memory; nothing where none is given."""
    energy = step.attributes.get("vector_access_energy")
    stated = energy.energy_pj() if energy is not None else None
    read, write = (energies.take(step.name, action) for action in ("read", "write"))
    update = energies.of(step.name, "update")
    source = ERT_SOURCE if read is not None or write is not None else SOURCE
    if update is not None and update == write:
        energies.take(step.name, "update")
    costs: dict[str, Any] = {"access_bits": width.bits}
    for name, value in (("read", read), ("write", write)):
        known = value if value is not None else stated
        if known is not None:
            costs[f"{name}_pj_per_access"] = {"value": plain_number(known / width.instances), "source": source}
    if len(costs) == 1:
        return {}
    clock = cycle_s(step)
    if clock and (leak := energies.take(step.name, "leak")):
        note = f"{leak:g} pJ a cycle of {clock:g} s"
        costs["leakage_w"] = {
            "value": float(f"{leak * 1e-12 / clock:.12g}"),
            "source": source,
            "status": "derived",
            "note": note,
        }
    return costs


def mac_costs(step: Step, form: str, accumulator: str, energies: Energies) -> dict[str, Any]:
    """Return the cost of a multiply-accumulate, all of it at the multiply; nothing where none is given."""
    energy, source = energies.take_mac(step.name), ERT_SOURCE
    if energy is None and "energy_per_op" in step.attributes:
        energy, source = step.attributes["energy_per_op"].energy_pj(), SOURCE
    if energy is None:
        energies.missing = step.name
        return {}
    note = "the whole multiply-accumulate"
    return {
        "multiply_pj": {form: {"value": plain_number(energy), "source": source, "note": note}},
        "add_pj": {accumulator: {"value": 0, "source": source, "note": "in the multiply"}},
    }


def technology(step: Step) -> str:
    """Return the kind of a memory: its class says whether it is DRAM, registers or SRAM."""
    cls = step.cls.lower()
    if "dram" in cls:
        kind = step.attributes.get("type")
        return f"dram-{plain_name(kind.text()).lower()}" if kind is not None else "dram"
    return "regfile" if any(word in cls for word in ("regfile", "register", "_rf")) else "sram"


def node_nm(step: Step) -> int | float | None:
    """Return the process node of a component; None where none, or no positive one, is stated."""
    part = step.attributes.get("technology")
    if part is None or step.kind in ("dummy", "fan-out"):
        return None
    if isinstance(part.value, int | float) and not isinstance(part.value, bool):
        return plain_number(part.number(1, 10_000)) if part.value > 0 else None
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*nm\s*", part.text())
    if found is None:
        raise part.error(f"must be a node such as 45nm; got {part.text()!r}.")
    return plain_number(float(found[1]))


def cycle_s(step: Step) -> float | None:
    """Return the time of a cycle; None where none is stated."""
    part = step.attributes.get("global_cycle_seconds")
    return part.number(1e-15, 1.0) if part is not None else None
