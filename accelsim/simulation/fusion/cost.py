"""What does a fused group cost with tiles of so many rows? Every part by the engine, on what it reads and writes.

Each layer's part of a tile is a layer of its own: fewer rows, its I or O resident in the home level where the group
keeps it, its W read anew unless the group keeps its weights, and everything else that is there at the time reserved
(tensors of other layers that stay on chip, the group's other tiles with their halo, its other weights). So capacity,
mapping, traffic and time of a part are what they would be for such a layer. Parts follow one another; nothing of one
overlaps with the next. Weights that are kept are fetched once, before the first tile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from accelsim.engine.case import Case, home
from accelsim.engine.cycles import port_cycles
from accelsim.engine.energy import access_pj
from accelsim.hardware.chip import Chip
from accelsim.simulation.fusion.combined import combined
from accelsim.simulation.fusion.groups import Group
from accelsim.simulation.fusion.room import Room, Setting
from accelsim.simulation.fusion.tiles import Part, Rows, tiling
from accelsim.simulation.line import Line, static_lines
from accelsim.simulation.mac_layer import mac_layers
from accelsim.simulation.result import LayerResult
from accelsim.simulation.vector_layer import vector_layer
from accelsim.workload.layer import Layer


@dataclass(frozen=True)
class Fused:
    """A group in tiles of so many rows: its layers' costs, and what their outputs take that stay in the group."""

    rows: int
    tiles: int
    kept_weights: bool
    layers: tuple[LayerResult, ...]
    inner_bits: Mapping[str, float]


@dataclass(frozen=True)
class Option:
    """A way to run a group: tiles of so many rows, weights kept or not.

    Parameters
    ----------
    group : Group
    tile : int
    kept_weights : bool
    tiles : int
        Of all copies.
    cases : mapping of str to Case
        The parts of its layers, by a name of their own.
    times : mapping of layer to list of (part, int)
        How often each part is computed.
    inner_bits : mapping of layer to float
    """

    group: Group
    tile: int
    kept_weights: bool
    tiles: int
    cases: Mapping[str, Case]
    times: Mapping[str, list[tuple[str, int]]]
    inner_bits: Mapping[str, float]


def option(setting: Setting, group: Group, tile: int, *, keep_weights: bool) -> Option | None:
    """Return a way to run a group, not yet costed; None if a count of operations would not be whole.

    Raises
    ------
    InfeasibleError
        What is kept does not fit the chip.
    """
    plan = tiling(group.rows, tile)
    room = Room(setting, group, plan.kept, keep_weights)
    cases: dict[str, Case] = {}
    times: dict[str, list[tuple[str, int]]] = {}
    for layer, rows in zip(group.layers, group.rows, strict=True):
        if layer.shape is None:
            continue
        for number, (part, count) in enumerate(plan.parts[layer.name].items()):
            made = _part_layer(layer, rows, part, group)
            if made is None:
                return None
            name = f"{layer.name} part {number}"
            cases[name] = room.case(setting.cases[layer.name], replace(made, name=name), rows, part)
            times.setdefault(layer.name, []).append((name, count * group.copies))
    inner = {name: room.row_bits[name] * rows for name, rows in plan.kept.items()}
    return Option(group, tile, keep_weights, plan.tiles * group.copies, cases, times, inner)


def fused_cost(setting: Setting, how: Option) -> Fused:
    """Return what a group costs.

    Raises
    ------
    InfeasibleError
        No mapping of a part fits the chip.
    """
    costed = mac_layers(setting.chip, how.cases, setting.choose(how.cases))
    stays = replace(setting.residency, outputs=setting.residency.outputs | how.group.inner)
    results = []
    for layer in how.group.layers:
        if layer.shape is None:
            results.append(vector_layer(setting.chip, setting.network, layer, setting.scheme, stays))
            continue
        one = combined(layer, [(costed[name], count) for name, count in how.times[layer.name]])
        own = setting.cases[layer.name]
        if how.kept_weights and layer.second_operand == "weights" and "W" not in own.resident:
            one = _with_fetch(setting.chip, one, own)
        results.append(one)
    return Fused(how.tile, how.tiles, how.kept_weights, tuple(results), how.inner_bits)


def _part_layer(layer: Layer, rows: Rows, part: Part, group: Group) -> Layer | None:
    """One layer's part of one tile of one copy; None if it has no whole number of operations."""
    shape = layer.shape
    assert shape is not None
    if group.image:
        assert shape.y is not None
        window = replace(shape.y, pad=part.pad, size=part.size)
        small = replace(shape, B=1, OY=part.rows, y=window)
    else:
        small = replace(shape, B=part.rows, G=shape.G // group.copies)
    share = Fraction(part.rows, rows.rows * group.copies)
    counts = [(op, count * share) for op, count in layer.vector_ops]
    existing = share * shape.macs
    if existing.denominator > 1 or any(count.denominator > 1 for _, count in counts):
        return None
    return replace(
        layer, shape=small, vector_ops=tuple((op, int(count)) for op, count in counts),
        input_elements=-1, output_elements=-1,
    )  # fmt: skip


def _with_fetch(chip: Chip, one: LayerResult, case: Case) -> LayerResult:
    """A layer whose weights and biases are fetched into the home level once, before everything else."""
    level, dram = home(chip), chip.outermost
    assert level is not None
    tensors = [
        ("W", float(case.shape.words("W")), float(case.formats.weight_bits)),
        ("bias", float(case.layer.parameters), float(case.vector_format.bits)),
    ]
    lines = [
        Line("memory", where.name, operand, action, words, bits, access_pj(where, action))
        for operand, words, bits in tensors if words
        for where, action in ((dram, "read"), (level, "fill"))
    ]  # fmt: skip
    moved = sum(words * bits for _, words, bits in tensors)
    none = np.zeros(1)
    reading = float(port_cycles(dram, none + moved, none)[0])
    writing = float(port_cycles(level, none, none + moved)[0])
    cycles = max(reading, writing)
    busy = dict(one.busy)
    for name, needed in ((dram.name, reading), (level.name, writing)):
        busy[name] = busy.get(name, 0.0) + needed
    parts = dict(one.cycle_parts)
    parts["opening"] = parts.get("opening", 0.0) + cycles
    return replace(
        one,
        lines=(*one.lines, *lines, *static_lines(chip, cycles)),
        cycle_parts=parts,
        busy=busy,
        bound_by=max(busy, key=lambda name: busy[name]),
    )
