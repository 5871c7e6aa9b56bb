"""What does a layer without multiply-accumulates cost? Its vector operations, and its words streamed.

Words pass the home level on their way between DRAM and the vector unit; what is resident there starts
or ends there. Parameters and embedding rows are read once, from DRAM or, where weights stay on chip, from
the home level. Time is the slowest of the vector unit and the memories, which overlap.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from accelsim.engine.case import home
from accelsim.engine.cycles import port_cycles
from accelsim.engine.energy import access_pj, conversion_pj
from accelsim.hardware.chip import Chip, Level
from accelsim.scheme import Scheme
from accelsim.simulation.line import Line, static_lines
from accelsim.simulation.residency import Residency, words_read
from accelsim.simulation.result import LayerResult
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network


@dataclass(frozen=True)
class Stream:
    """Words of one tensor that a vector layer reads or writes.

    Parameters
    ----------
    operand : {"I", "O", "W"}
    words, bits : float
        How many, and the stored width of one.
    resident : bool
        Whether the tensor stays in the home level.
    """

    operand: Literal["I", "O", "W"]
    words: float
    bits: float
    resident: bool


def vector_layer(chip: Chip, network: Network, layer: Layer, scheme: Scheme, residency: Residency) -> LayerResult:
    """Return the cost of one repeat of a layer without a loop nest."""
    own = scheme.for_layer(layer.name)
    streams = _streams(network, layer, scheme, residency)
    lines = [
        Line("vector", "vector unit", "", kind, float(count), 1.0, chip.operation_pj(kind, own.vector_format.name))
        for kind, count in layer.vector_ops if count
    ]  # fmt: skip
    converted = [
        (
            conversion,
            (layer.output_elements if conversion.operand == "O" else layer.input_elements)
            * float(conversion.count_per),
        )
        for conversion in scheme.vector_conversions(layer, scheme.output_format(layer, network))
    ]
    lines += [
        Line("convert", "converter", one.operand, one.reason, count, 1.0, conversion_pj(chip, one))
        for one, count in converted if count
    ]  # fmt: skip
    moved: dict[str, list[float]] = {level.name: [0.0, 0.0] for level in chip.levels}
    for stream in streams:
        for level, action in _path(chip, stream):
            if stream.words:
                cost = access_pj(level, action)
                lines.append(Line("memory", level.name, stream.operand, action, stream.words, stream.bits, cost))
                moved[level.name][action in ("fill", "update")] += stream.words * stream.bits
    busy = {
        level.name: float(port_cycles(level, *np.array(moved[level.name])))
        for level in chip.levels
        if any(moved[level.name])
    }
    if chip.vector is not None:
        busy["vector unit"] = sum(count for _, count in layer.vector_ops) / chip.vector.lanes.value
    if chip.conversions_per_cycle is not None and converted:
        busy["conversion"] = sum(count for _, count in converted) / chip.conversions_per_cycle.value
    bound_by = max(busy, key=lambda name: busy[name], default="nothing")
    cycles = busy.get(bound_by, 0.0)
    lines += static_lines(chip, cycles)
    return LayerResult(layer, tuple(lines), {cause(bound_by): cycles} if cycles else {}, busy, bound_by)


def cause(resource: str) -> str:
    """Return what the cycles of a vector layer are called that a resource limits."""
    return "vector" if resource == "vector unit" else f"stall {resource}"


def unpriced(chip: Chip, network: Network) -> str | None:
    """Return a warning if a chip without a vector unit does a network's vector operations in no time, else None."""
    if chip.vector is not None:
        return None
    counts: Counter[str] = Counter()
    for layer in network.layers:
        counts[layer.kind] += layer.repeat * sum(count for _, count in layer.vector_ops)
    if not counts.total():
        return None
    kinds = ", ".join(kind for kind, count in counts.most_common() if count)
    return f"{chip.name} has no vector unit: {counts.total():,} scalar operations take no time ({kinds} layers)."


def _streams(network: Network, layer: Layer, scheme: Scheme, residency: Residency) -> list[Stream]:
    """What the layer reads and writes: its inputs, each where it is, its result, its parameters."""
    bits = float(scheme.activation_bits(layer))
    inside = sum(words for name, words in words_read(network, layer).items() if name in residency.outputs)
    streams = [
        Stream("I", inside, bits, True),
        Stream("I", layer.input_elements - inside, bits, False),
        Stream(
            "O",
            layer.output_elements,
            float(scheme.output_format(layer, network).storage_bits()),
            layer.name in residency.outputs,
        ),
    ]
    parameter_bits = float(scheme.parameter_bits(layer, layer.row_elements or None)) if layer.parameters else 0.0
    fetched = layer.gathered_elements if layer.kind == "embedding" else layer.parameters
    extra = [Stream(one.operand, one.words, float(one.bits), False) for one in layer.extra]
    return [*streams, Stream("W", fetched, parameter_bits, residency.weights), *extra]


def _path(chip: Chip, stream: Stream) -> list[tuple[Level, str]]:
    dram, kept = chip.outermost, home(chip)
    if kept is None:
        return [(dram, "update" if stream.operand == "O" else "read")]
    if stream.operand == "W":
        return [(kept if stream.resident else dram, "read")]
    if stream.operand == "O":
        inside = [(kept, "update")]
        return inside if stream.resident else [*inside, (kept, "drain"), (dram, "update")]
    inside = [(kept, "read")]
    return inside if stream.resident else [(dram, "read"), (kept, "fill"), *inside]
