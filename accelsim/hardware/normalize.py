"""Which source covers which number of one profile file? Every number is written out with its own.

Runs on each file before profiles are merged, so that a number keeps the source of the file that
gave it. A number with no source stays as it is and is refused by the schema.
"""

from __future__ import annotations

from typing import Any

TOP_STRUCTURE = ("node_nm", "voltage_v", "clock_hz", "tdp_w", "load_w", "area_mm2", "conversions_per_cycle")
TOP_COSTS = ("clock_pj_per_cycle", "leakage_w", "idle_w", "layer_overhead_s", "step_overhead_s")
TOP_TABLES = ("multiply_pj", "add_pj", "convert_pj")
LEVEL_STRUCTURE = (
    "capacity", "capacity_bits", "access_bits", "read_bits_per_cycle", "write_bits_per_cycle",
    "bandwidth_bytes_per_s", "efficiency", "area_mm2", "burst_bits", "row_bits", "row_miss_s", "banks", "refresh_s",
    "refresh_interval_s", "turnaround_s",
)  # fmt: skip
LEVEL_COSTS = (
    "read_pj_per_bit", "write_pj_per_bit", "read_pj_per_access", "write_pj_per_access", "leakage_w", "background_w",
)  # fmt: skip
_BESIDE = ("source", "status", "note")

Beside = dict[str, Any]


def normalize(data: dict[str, Any], default: Beside | None = None) -> dict[str, Any]:
    """Return a profile's data with every number as ``{value, source, ...}``.

    Parameters
    ----------
    data : dict
        One file's data as read.
    default : dict, optional
        Source and status for numbers that nothing covers (values from the command line).
    """
    top = default or {}
    structure = {"source": data["source"]} if "source" in data else top
    out = dict(data)
    _each(out, TOP_STRUCTURE, structure)
    _each(out, TOP_COSTS, top)
    for name in TOP_TABLES:
        out[name] = _table(out.get(name), top)
    out["macs_per_pe_cycle"] = _table(out.get("macs_per_pe_cycle"), structure)
    if isinstance(out.get("array"), dict):
        out["array"] = {name: _fanout(given, top) for name, given in out["array"].items()}
    if isinstance(out.get("vector"), dict):
        out["vector"] = _vector(out["vector"], structure, top)
    if isinstance(out.get("sparsity"), dict):
        out["sparsity"] = dict(out["sparsity"])
        _each(out["sparsity"], ("speedup", "zero_test_pj"), _own(out["sparsity"], structure))
    if isinstance(out.get("fusible"), dict):
        out["fusible"] = dict(out["fusible"])
        _each(out["fusible"], ("overhead", "fixed_multiply_pj"), _own(out["fusible"], structure))
    if isinstance(out.get("levels"), list):
        out["levels"] = [_level(level, structure, top) for level in out["levels"]]
    return {key: value for key, value in out.items() if value is not None or key in data}


def _each(fields: dict[str, Any], names: tuple[str, ...], beside: Beside) -> None:
    for name in names:
        if name in fields:
            fields[name] = _number(fields[name], beside)


def _number(given: Any, beside: Beside) -> Any:
    if given is None or isinstance(given, list | bool):
        return given
    if isinstance(given, dict):
        return {**beside, **given} if "value" in given and "source" not in given else given
    return {"value": given, **beside}


def _beside(fields: dict[str, Any], otherwise: Beside) -> Beside:
    """Return the source that stands beside the numbers of a table, or else the one that covers it."""
    given = {name: fields[name] for name in _BESIDE if name in fields}
    return given if "source" in given else {**otherwise, **given}


def _own(fields: dict[str, Any], otherwise: Beside) -> Beside:
    """Return the source of a block whose note is about the block and not about each number."""
    return {name: value for name, value in _beside(fields, otherwise).items() if name != "note"}


def _table(given: Any, otherwise: Beside) -> Any:
    if not isinstance(given, dict):
        return given
    beside = _beside(given, otherwise)
    return {key: _number(value, beside) for key, value in given.items() if key not in _BESIDE}


def _fanout(given: Any, otherwise: Beside) -> Any:
    fields = dict(given) if isinstance(given, dict) else {"size": given}
    _each(fields, ("link_pj_per_bit",), _own(fields, otherwise))
    return {key: value for key, value in fields.items() if key not in ("source", "status")}


def _vector(given: dict[str, Any], structure: Beside, costs: Beside) -> dict[str, Any]:
    fields = dict(given)
    _each(fields, ("lanes",), _own(fields, structure))
    if "ops_pj" in fields:
        fields["ops_pj"] = _table(fields["ops_pj"], _own(fields, costs))
    return {key: value for key, value in fields.items() if key not in ("source", "status")}


def _level(given: Any, structure: Beside, costs: Beside) -> Any:
    if not isinstance(given, dict):
        return given
    fields = dict(given)
    _each(fields, LEVEL_STRUCTURE, _own(fields, structure))
    _each(fields, LEVEL_COSTS, _own(fields, costs))
    return {key: value for key, value in fields.items() if key not in ("source", "status")}
