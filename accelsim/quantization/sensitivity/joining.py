"""Which layers of a workload are the layers that were measured? By name; where one became several, they share.

A module may be several layers of a workload: the products of a recurrent one ("rnn.input", "rnn.recurrent"), the calls
of a module that is called twice ("proj", "proj#2"). They share its error in proportion to their weights.
"""

from __future__ import annotations

from collections.abc import Collection

from accelsim.errors import InputError
from accelsim.quantization.allocation.errors import LayerErrors
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network


def joined(errors: LayerErrors, network: Network) -> LayerErrors:
    """Return errors by the layers of ``network``; a note says which of the measured ones it lacks.

    Raises
    ------
    InputError
        It lacks all of them.
    """
    rows: dict[str, dict[str, float]] = {}
    absent = []
    for name, row in errors.rows.items():
        parts = [layer for layer in network.layers if _is_part(layer, name)]
        whole = sum(map(_elements, parts))
        if not parts:
            absent.append(name)
        for layer in parts:
            share = _elements(layer) / whole if whole else 1 / len(parts)
            rows[layer.name] = {choice: value * share for choice, value in row.items()}
    if not rows:
        first = next(iter(errors.rows), "none")
        raise InputError(
            f"the layers that were measured must be layers of {network.name}; none is, such as {first}.",
            where=errors.source,
        )
    shown = f"{', '.join(absent[:3])}{f' and {len(absent) - 3} more' if len(absent) > 3 else ''}"
    notes = (f"measured, but no layer of {network.name}: {shown}.",) if absent else ()
    return LayerErrors(rows, errors.source, (*errors.notes, *notes, *_unmeasured(rows, network)))


def _unmeasured(rows: Collection[str], network: Network) -> list[str]:
    """Return a sentence on activations that only layers read which were not measured."""
    seen = {name for layer in network.layers if layer.name in rows for name in layer.inputs}
    silent = [
        layer.name
        for layer in network.layers
        if layer.name not in rows and not _elements(layer) and any(name not in seen for name in layer.inputs)
    ]
    if not silent:
        return []
    shown = f"{', '.join(silent[:3])}{f' and {len(silent) - 3} more' if len(silent) > 3 else ''}"
    return [f"what only {shown} read was not measured: no error is counted of it."]


def spread(errors: LayerErrors, network: Network) -> LayerErrors:
    """Return errors by the layers of ``network`` where each of them is there, else as they are."""
    if all(any(_is_part(layer, name) for layer in network.layers) for name in errors.rows):
        return joined(errors, network) if any(name not in _names(network) for name in errors.rows) else errors
    return errors


def _names(network: Network) -> set[str]:
    return {layer.name for layer in network.layers}


def _is_part(layer: Layer, name: str) -> bool:
    return layer.name == name or (_elements(layer) > 0 and layer.name.startswith((f"{name}#", f"{name}.")))


def _elements(layer: Layer) -> int:
    if layer.weight_elements:
        return layer.weight_elements * layer.repeat
    return layer.parameters if layer.kind == "embedding" else 0
