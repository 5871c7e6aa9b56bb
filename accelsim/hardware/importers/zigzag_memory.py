"""What does one memory of a ZigZag accelerator hold, serve, cost and move in a cycle?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accelsim.documents.part import Part
from accelsim.errors import did_you_mean
from accelsim.hardware.importers.imported import SOURCE, plain_name

OPERANDS = {"I1": "I", "I2": "W", "O": "O"}
DIRECTIONS = ("fh", "tl", "fl", "th")
"""From high, to low, from low, to high: fills, reads downward, updates from below, reads upward."""

WIDEST = 10**9
"""Most bits of one port and cycle."""

_FIELDS = (
    "size", "r_cost", "w_cost", "area", "latency", "mem_type", "auto_cost_extraction", "operands", "ports",
    "served_dimensions", "force_double_buffering", "r_bw", "w_bw", "r_port", "w_port", "rw_port",
    "min_r_granularity", "min_w_granularity",
)  # fmt: skip
_UNUSED = ("area", "latency", "min_r_granularity", "min_w_granularity")
_PORT = ("name", "type", "bandwidth_min", "bandwidth_max", "allocation")


@dataclass(frozen=True)
class Memory:
    """One memory: its level in a profile, and the dimensions of the array that an instance serves.

    Parameters
    ----------
    name, holds : str
    serves : frozenset of str
    part : Part
    fields : dict
        Of the level, but its name and place.
    """

    name: str
    holds: str
    serves: frozenset[str]
    part: Part
    fields: dict[str, Any]


@dataclass(frozen=True)
class _Ports:
    """Bits of a cycle: read in all, written in all, over shared ports, and the narrowest and widest port."""

    read: int
    written: int
    shared: bool
    widths: tuple[int, ...]


def read_memory(part: Part, dimensions: tuple[str, ...], remarks: list[str]) -> Memory:
    """Return one memory of an accelerator.

    Raises
    ------
    InputError
        A field is unknown or missing, or a value is not what it must be.
    """
    fields = part.fields(_FIELDS, "a ZigZag memory", needed=("size", "operands", "ports", "served_dimensions"))
    name = plain_name(str(part.at[-1]), "memory")
    letters = {_one_of(one, OPERANDS, "an operand") for one in fields["operands"].items("operands")}
    holds = "".join(letter for letter in "WIO" if letter in {OPERANDS[one] for one in letters})
    if not holds:
        raise fields["operands"].error("a memory must hold at least one operand.")
    serves = frozenset(
        _one_of(one, dimensions, "a dimension of the array") for one in fields["served_dimensions"].items()
    )
    ports = _listed(fields["ports"]) if "r_bw" not in fields and "w_bw" not in fields else _plain(fields)
    kind = _technology(name, fields)
    level: dict[str, Any] = {"capacity_bits": fields["size"].whole()}
    level |= {"holds": holds} if holds != "WIO" else {}
    if "force_double_buffering" in fields and fields["force_double_buffering"].flag():
        level["buffering"] = "double"
    level["technology"] = kind
    level |= {"read_bits_per_cycle": ports.read} if ports.read else {}
    level |= {"write_bits_per_cycle": ports.written} if ports.written else {}
    level |= {"shared_port": True} if ports.shared else {}
    level |= _costs(name, fields, ports, remarks)
    for key in _UNUSED:
        if key in fields and fields[key].value not in (0, 1, None):
            remarks.append(f"{key} of memories is not imported.")
    return Memory(name, holds, serves, part, level)


def _one_of(part: Part, known: Iterable[str], noun: str) -> str:
    names = tuple(known)
    text = part.text()
    if text not in names:
        hint = did_you_mean(text, names) or f"; it is one of {', '.join(names)}."
        raise part.error(f"{text!r} is not {noun}{hint}")
    return text


def _technology(name: str, fields: dict[str, Part]) -> str:
    stated = fields["mem_type"].text().lower() if "mem_type" in fields else ""
    if "dram" in (stated, name.lower()) or "dram" in name.lower():
        return "dram"
    return (
        "regfile" if stated in ("rf", "reg", "regfile") or name.lower().startswith(("rf", "reg")) else stated or "sram"
    )


def _listed(part: Part) -> _Ports:
    """Return what listed ports move; each has a type and a width."""
    read = written = 0
    widths, types = [], []
    for one in part.items("ports"):
        fields = one.fields(_PORT, "a port", needed=("name", "type", "bandwidth_min", "bandwidth_max", "allocation"))
        kind = _one_of(fields["type"], ("read", "write", "read_write"), "a type of port")
        least, most = fields["bandwidth_min"].whole(), fields["bandwidth_max"].whole(most=WIDEST)
        if least > most:
            raise fields["bandwidth_min"].error(f"must be at most bandwidth_max, {most}; got {least}.")
        for use in fields["allocation"].items("an allocation"):
            operand, _, direction = use.text().partition(",")
            if operand.strip() not in OPERANDS or direction.strip() not in DIRECTIONS:
                raise use.error(
                    f"must be an operand and one of {', '.join(DIRECTIONS)}, such as 'I1, tl'; got {use.value!r}."
                )
        read += most if kind != "write" else 0
        written += most if kind != "read" else 0
        widths.append(most)
        types.append(kind)
    if not widths:
        raise part.error("a memory must have at least one port.")
    return _Ports(read, written, set(types) == {"read_write"}, tuple(widths))


def _plain(fields: dict[str, Part]) -> _Ports:
    """Return what counted ports of one width each move, as in files before ports were listed."""
    widths = [fields[key].whole(most=WIDEST) if key in fields else 0 for key in ("r_bw", "w_bw")]
    if not all(widths):
        raise fields["ports"].error("r_bw and w_bw must both be given.")
    reads, writes, both = (fields[key].whole(0) if key in fields else 0 for key in ("r_port", "w_port", "rw_port"))
    for one in fields["ports"].items("ports"):
        one.fields(DIRECTIONS, "the ports of an operand")
    shared = reads + writes == 0
    both = max(both, 1) if shared else both
    return _Ports(widths[0] * (reads + both), widths[1] * (writes + both), shared, tuple(sorted(set(widths))))


def _costs(name: str, fields: dict[str, Part], ports: _Ports, remarks: list[str]) -> dict[str, Any]:
    if "auto_cost_extraction" in fields and fields["auto_cost_extraction"].flag():
        remarks.append(
            f"costs of {name} are not in the file (auto_cost_extraction runs CACTI), so its energy is unknown."
        )
        return {}
    narrow, wide = min(ports.widths), max(ports.widths)
    if narrow != wide:
        remarks.append(
            f"ports of {name} have {narrow} to {wide} bits at one cost an access; a bit costs that of the narrowest."
        )
    costs: dict[str, Any] = {"access_bits": narrow}
    for key, side in (("r_cost", "read"), ("w_cost", "write")):
        if key not in fields or fields[key].value is None:
            remarks.append(f"{key} of {name} is not given, so its energy is unknown.")
            continue
        value = fields[key].energy_pj()
        number: dict[str, Any] = {"value": value, "source": SOURCE}
        if narrow != wide:
            number |= {"low": value * narrow / wide, "note": f"the {wide}-bit port moves more for the same cost"}
        costs[f"{side}_pj_per_access"] = number
    return costs if len(costs) > 1 else {}
