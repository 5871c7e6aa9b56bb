"""What is a memory table as plain data? Flat rows for ``--csv``, everything for ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelsim.units import capacity

if TYPE_CHECKING:
    from accelsim.simulation.memory_table import MemoryRow, MemoryTable, Stay


def flat(table: MemoryTable, row: MemoryRow) -> dict[str, Any]:
    """Return one scheme as a flat record; sizes in bytes, what is unknown None."""
    memory = row.memory
    found: dict[str, Any] = {
        "workload": table.network.name,
        "scheme": row.scheme.name,
        "weight_bytes": memory.weight_bytes,
        "kv_bytes": memory.kv_bytes,
        "kv_bytes_per_token": row.kv_bytes_per_token,
        "kv_window_tokens": row.limits.window or None,
        "activation_bytes": memory.activation_bytes,
        "peak_layer": memory.peak_layer,
        "peak_memory_bytes": memory.peak_bytes,
    }
    if table.chip is not None:
        found |= {
            "profile": table.chip.name,
            "device_memory_bytes": memory.capacity_bytes,
            "writable_memory_bytes": memory.writable_bytes,
            "fits_memory": memory.fits,
            "most_context": row.most_context,
        }
        for name, stay in (("greedy", row.greedy), ("optimal", row.optimal)):
            found[f"{name}_saved_bytes"] = None if stay is None else stay.saved_bytes
    return found | {f"fits_{capacity(size * 8).replace(' ', '_')}": row.fits(size) for size in table.sizes}


def record(table: MemoryTable) -> dict[str, Any]:
    """Return a table as a dict of numbers, strings, lists and dicts."""
    return {
        "workload": table.network.name,
        "batch": table.network.batch,
        "options": dict(table.network.options),
        "profile": None if table.chip is None else table.chip.name,
        "sizes_bytes": list(table.sizes),
        "schemes": [
            flat(table, row)
            | {"residency": {"greedy": _stay(row.greedy), "optimal": _stay(row.optimal)}}
            | {"kv_bytes_by_context": {str(context): row.kv_bytes_at(context) for context in table.contexts}}
            | {"layers": _layers(table, row)}
            for row in table.rows
        ],
        "warnings": list(table.notes),
    }


def _layers(table: MemoryTable, row: MemoryRow) -> list[dict[str, Any]]:
    return [
        {"name": layer.name, "repeat": layer.repeat, "alive_bytes": alive}
        for layer, alive in zip(table.network.layers, row.alive_bytes, strict=True)
    ]


def _stay(stay: Stay | None) -> dict[str, Any] | None:
    if stay is None:
        return None
    return {
        "how": stay.residency.how,
        "level": stay.residency.level,
        "kept": sorted(stay.residency.outputs),
        "spilled": list(stay.residency.spilled),
        "weights_stay": stay.residency.weights,
        "kept_weights": sorted(stay.residency.kept_weights),
        "saved_bytes": stay.saved_bytes,
        "possible_bytes": stay.possible_bytes,
        "levels": [vars(one) for one in stay.levels],
    }
