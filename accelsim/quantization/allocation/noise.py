"""What does a format lose where nothing is known of the values? Noise over signal of a Gaussian, layer by layer.

    error of a layer = repeats * (N(weights) + N(activations) * tensors that it is the first to read)

N is the mean squared rounding error of normally distributed values over their mean square, each with the clip that
makes it least (`accelsim.quantization.rounding.quantize`): weights with a scale per output channel, or as their
format says, activations with one per tensor. To first order such noise adds up along a chain of layers. Every layer
counts alike: this knows formats, not the model. Errors that were measured (``accelsim error``) should replace it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from accelsim.errors import InputError
from accelsim.precision import Format
from accelsim.quantization.allocation.errors import LayerErrors
from accelsim.quantization.allocation.tensors import sharing
from accelsim.quantization.error_table import ErrorTable
from accelsim.scheme import Scheme
from accelsim.workload.network import Network

SOURCE = "noise of the formats on normally distributed values; every layer counts alike"
ROWS, COLUMNS = 16, 4096
"""Values that are drawn: 16 channels of 4096."""


def format_noise(network: Network, schemes: Mapping[str, Scheme]) -> LayerErrors:
    """Return what each layer loses in each choice by its formats alone."""
    shared = sharing(network)
    rows: dict[str, dict[str, float]] = {}
    for layer in network.layers:
        has_weights = layer.kind == "embedding" or layer.weight_elements > 0
        tensors = 0 if layer.kind == "embedding" else shared.first_reads[layer.name]
        rows[layer.name] = {
            choice: layer.repeat * (has_weights * noise(one.weight_format) + tensors * noise(one.activation_format))
            for choice, one in schemes.items()
        }
    return LayerErrors(rows, SOURCE)


def measured_noise(network: Network, schemes: Mapping[str, Scheme], table: ErrorTable) -> LayerErrors:
    """Return what each layer loses by the noise of its own tensors, and of a Gaussian where none was measured.

    Parameters
    ----------
    network : Network
    schemes : dict of str to Scheme
        The choices, each asked for in the table by its name.
    table : ErrorTable
        Of `accelsim.quantization_error`; activations count where calibration gave some.

    Raises
    ------
    InputError
        No layer of the network has tensors in the table, or a choice was not asked for.
    """
    shared, found = sharing(network), format_noise(network, schemes).rows
    known = {(row.layer, row.role) for row in table.rows}
    absent = [layer.name for layer in network.layers if layer.weight_elements and (layer.name, "weights") not in known]
    if not any(layer.name in table.layers for layer in network.layers):
        raise InputError(f"the tensors of {table.model} must be of layers of {network.name}; none has such a name.")
    rows: dict[str, dict[str, float]] = {}
    for layer in network.layers:
        rows[layer.name] = dict(found[layer.name])
        for choice, one in schemes.items():
            for role, stored, count in (
                ("weights", one.weight_format, 1),
                ("activations", one.activation_format, shared.first_reads[layer.name]),
            ):
                if (layer.name, role) in known:
                    change = _noise_of(table, layer.name, choice, role) - noise(stored)
                    rows[layer.name][choice] += layer.repeat * count * change
            rows[layer.name][choice] = max(rows[layer.name][choice], 0.0)
    names = f"{', '.join(absent[:3])}{f' and {len(absent) - 3} more' if len(absent) > 3 else ''}"
    notes = (f"no weights of {names} were measured: the noise of normally distributed values instead.",)
    return LayerErrors(rows, f"noise of the tensors of {table.model} over their signal", notes if absent else ())


def _noise_of(table: ErrorTable, layer: str, choice: str, role: str) -> float:
    """Return noise over signal of a layer's tensors of a role together; nothing where there is no signal."""
    measures = [row.measures for row in table.rows if (row.layer, row.asked, row.role) == (layer, choice, role)]
    if not measures or any(one is None for one in measures):
        raise InputError(f"{role} of {layer} must be measured in {choice}; ask quantization_error for it.")
    signal = sum(one.signal for one in measures if one is not None)
    lost = sum(one.noise for one in measures if one is not None)
    return lost / signal if signal else 0.0


@cache
def noise(stored: Format) -> float:
    """Return the mean squared error over the mean square of a Gaussian that is stored in a format."""
    import numpy as np

    from accelsim.quantization.rounding import quantize

    drawn = np.random.default_rng(0).standard_normal((ROWS, COLUMNS))
    kept = quantize(drawn, stored, clip="mse").values
    return float(np.mean((kept - drawn) ** 2) / np.mean(drawn**2))
