"""What does a profile say once its parents and the command line have been laid over each other?

Mappings merge deeply, levels merge by name, a number (with its source) and every other list are
replaced as a whole. A field and its rival spelling (``capacity`` and ``capacity_bits``) replace
each other. Changing the capacity or access width of an SRAM without giving its costs rescales
them by the SRAM table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accelsim.documents import Mark
from accelsim.errors import AccelsimError
from accelsim.hardware import sram
from accelsim.units import parse_capacity

_RIVALS = (
    (("capacity",), ("capacity_bits",)),
    (("read_pj_per_bit",), ("read_pj_per_access",)),
    (("write_pj_per_bit",), ("write_pj_per_access",)),
    (("read_bits_per_cycle", "write_bits_per_cycle"), ("bandwidth_bytes_per_s",)),
)
_SCALED: dict[str, sram.Quantity] = {
    "read_pj_per_bit": "read_pj",
    "read_pj_per_access": "read_pj",
    "write_pj_per_bit": "write_pj",
    "write_pj_per_access": "write_pj",
    "leakage_w": "leakage_mw",
    "area_mm2": "area_mm2",
}


@dataclass
class Layered:
    """Data with positions, and the remarks that laying one profile over another has led to."""

    data: dict[str, Any]
    mark: Mark
    remarks: list[str] = field(default_factory=list)

    def lay(self, data: dict[str, Any], mark: Mark) -> None:
        """Lay another profile's (normalized) data over this one."""
        before = self.data
        self.data, self.mark = _merge_mapping((self.data, self.mark), (data, mark))
        if not isinstance(self.data.get("levels"), list) or not isinstance(before.get("levels"), list):
            return
        states_area = "area_mm2" in data
        self._rescale(_by_name(before["levels"]), _by_name(data.get("levels")), states_area)
        if "array" in data and not states_area and _sizes(before) != _sizes(self.data):
            self._forget_area("its array has another size than the profile it comes from")

    def _rescale(self, before: dict[str, Any], over: dict[str, Any], states_area: bool) -> None:
        node = _value(self.data.get("node_nm"))
        for position, level in enumerate(self.data["levels"]):
            name = level.get("name") if isinstance(level, dict) else None
            if not isinstance(name, str) or name not in before or name not in over:
                continue
            changed = _changed(before[name], level)
            if changed is None:
                continue
            technology = str(level.get("technology", ""))
            if technology == "sram":
                self.data["levels"][position] = _rescaled(level, over[name], *changed, node)
            elif not technology.startswith("dram"):
                kind = f"a {technology}" if technology else "a level of no stated technology"
                self.remarks.append(f"{name}: costs per access kept as they were; no table rescales {kind}.")
            if not technology.startswith("dram") and not states_area:
                self._forget_area(f"{name} has another size than in the profile it comes from")

    def _forget_area(self, why: str) -> None:
        if self.data.pop("area_mm2", None) is not None:
            self.remarks.append(f"area_mm2 of the chip is unknown: {why}.")


Pair = tuple[Any, Mark]


def _merge(base: Pair, over: Pair) -> Pair:
    if isinstance(base[0], dict) and isinstance(over[0], dict) and "value" not in over[0]:
        return _merge_mapping(base, over)
    return over


def _merge_mapping(base: Pair, over: Pair) -> Pair:
    data = dict(base[0])
    mark = Mark(
        over[1].file, over[1].line, over[1].column, over[1].key_line, over[1].key_column, dict(base[1].children)
    )
    for key, value in over[0].items():
        for rival in rivals(key):
            if rival not in over[0]:
                data.pop(rival, None)
        old, new = (data.get(key), _child(base[1], key)), (value, _child(over[1], key))
        if key == "levels" and isinstance(old[0], list) and isinstance(value, list):
            data[key], mark.children[key] = _merge_levels(old, new)
        else:
            data[key], merged = _merge(old, new) if key in data else new
            if key in over[1].children or key in base[1].children:
                mark.children[key] = merged
    return data, mark


def _child(mark: Mark, key: str | int) -> Mark:
    return mark.children.get(key) or Mark(mark.file, mark.line, mark.column)


def rivals(key: str) -> tuple[str, ...]:
    """Return the other spellings of a field, which replace it and which it replaces."""
    for one, other in _RIVALS:
        if key in one:
            return other
        if key in other:
            return one
    return ()


def _merge_levels(base: Pair, over: Pair) -> Pair:
    """Merge levels by name; a new one goes right outside the level that precedes it in ``over``."""
    merged: list[Pair] = [(level, _child(base[1], n)) for n, level in enumerate(base[0])]
    place = 0
    for n, level in enumerate(over[0]):
        new = (level, _child(over[1], n))
        name = level.get("name") if isinstance(level, dict) else None
        at = next(
            (k for k, (known, _) in enumerate(merged) if isinstance(known, dict) and known.get("name") == name), None
        )
        if at is None or name is None:
            at = place
            merged.insert(at, new)
        else:
            merged[at] = _merge(merged[at], new)
        place = at + 1
    mark = Mark(over[1].file, over[1].line, over[1].column, over[1].key_line, over[1].key_column)
    mark.children = {n: level_mark for n, (_, level_mark) in enumerate(merged)}
    return [level for level, _ in merged], mark


def _by_name(levels: Any) -> dict[str, Any]:
    if not isinstance(levels, list):
        return {}
    return {level["name"]: level for level in levels if isinstance(level, dict) and isinstance(level.get("name"), str)}


def _sizes(data: dict[str, Any]) -> list[Any]:
    array = data.get("array")
    return (
        [fanout.get("size") for fanout in array.values() if isinstance(fanout, dict)] if isinstance(array, dict) else []
    )


def _value(number: Any) -> float | None:
    value = number.get("value") if isinstance(number, dict) else number
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 2.0**60 else None


def _size(level: dict[str, Any]) -> tuple[float | None, float]:
    """Return (capacity in bits, access width in bits; 64 where none is stated)."""
    bits = _value(level.get("capacity_bits"))
    stated = level.get("capacity")
    text = stated.get("value") if isinstance(stated, dict) else stated
    if isinstance(text, str):
        try:
            bits = float(parse_capacity(text)) or None
        except (ValueError, AccelsimError, OverflowError):
            bits = None
    return bits, _value(level.get("access_bits")) or 64.0


def _changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    old, new = _size(before), _size(after)
    if old == new or old[0] is None or new[0] is None or new[0] > 2.0**60:
        return None
    return (old[0], old[1]), (new[0], new[1])


def _rescaled(
    level: dict[str, Any], given: dict[str, Any], old: tuple[float, float], new: tuple[float, float], node: float | None
) -> dict[str, Any]:
    out = dict(level)
    law = sram.law(old, new, node) + ("" if "access_bits" in level else ", its access width taken as 64 bits")
    for name, quantity in _SCALED.items():
        number = level.get(name)
        if name in given or not isinstance(number, dict) or _value(number) is None:
            continue
        factor = sram.ratio(quantity, old, new, node)
        if name.endswith("per_bit"):
            factor *= old[1] / new[1]
        scaled = {
            key: number[key] * factor
            for key in ("value", "low", "high")
            if _value({"value": number.get(key)}) is not None
        }
        note = f"{law}, x{factor:.4g}" + (f"; {number['note']}" if number.get("note") else "")
        also = [*number.get("also", []), sram.SOURCE]
        out[name] = {**number, **scaled, "status": "derived", "note": note, "also": list(dict.fromkeys(also))}
    return out
