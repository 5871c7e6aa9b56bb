"""Which word of one layer is where in which cycle? The demand of a systolic array, or what one level exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from accelsim.engine.scalesim.folding import Folding
from accelsim.engine.systolic import LONG
from accelsim.engine.tracing.demand import demand
from accelsim.engine.tracing.levels import level_trace
from accelsim.engine.tracing.piece import Piece
from accelsim.errors import InputError, UnsupportedError, UsageError, did_you_mean
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.hardware.importers.scalesim_machine import Machine
from accelsim.scheme import Scheme
from accelsim.simulation.estimate import estimate_layer
from accelsim.simulation.requested import Wanted
from accelsim.workload.importers.scalesim_layer import TopologyLayer
from accelsim.workload.layer import Layer
from accelsim.workload.one_layer import load_layer
from accelsim.workload.shape import Shape, Window


def trace(
    layer: Layer | str,
    chip: Chip | str | Path,
    scheme: Scheme | str | Path = "fp32",
    *,
    level: str | None = None,
    mapping: Wanted = "heuristic",
    objective: str = "energy",
) -> Iterator[Piece]:
    """Yield the trace of one layer, piece by piece, in order of cycles.

    Parameters
    ----------
    layer : Layer or str
        A layer, or a text such as "resnet50:conv1".
    chip : Chip, str or Path
    scheme : Scheme, str or Path
        Decides which mappings fit.
    level : str, optional
        A level inside the outermost: the words that it exchanges with those outside it, in a mapping. Without
        it, the words that cross the edge of a systolic array, in the schedule of docs/systolic.md.
    mapping, objective
        As in `estimate_layer`; only with ``level``.

    Yields
    ------
    Piece
        Lines of cycle, level, operand, action and address; stalls are not in the cycles.

    Raises
    ------
    InputError
        A name is unknown, or the layer has no loop nest.
    UsageError
        The chip has no systolic array, or nothing stands outside the level.
    UnsupportedError
        The layer has groups, dilation or a batch of images (without ``level``), or its outputs come from several
        instances of the level outside.
    """
    one = load_layer(layer) if isinstance(layer, str) else layer
    if one.shape is None:
        raise InputError(f"a trace follows multiply-accumulates; {one.name} ({one.kind}) has none.")
    known = chip if isinstance(chip, Chip) else load_profile(chip)
    if level is None:
        return _demand(one.name, one.shape, known)
    names = [own.name for own in known.levels[:-1]]
    if level not in names:
        hint = did_you_mean(level, names) or f"; it has {', '.join(names)}."
        raise UsageError(f"a trace is of a level of {known.name} inside {known.outermost.name}; got {level!r}{hint}")
    result = estimate_layer(one, known, scheme, mapping=mapping, objective=objective)
    found = result.layers[0]
    assert found.nest is not None
    return level_trace(one.shape, found.nest, level, found.peak_macs_per_cycle / known.pes)


def _demand(name: str, shape: Shape, chip: Chip) -> Iterator[Piece]:
    flows = [LONG[flow] for flow in chip.dataflows if flow in LONG]
    if chip.timing != "systolic" or len(chip.fanouts) < 2 or not flows:
        raise UsageError(
            f"{chip.name} has no systolic array whose edge could be traced; trace one of its levels: "
            f"{', '.join(level.name for level in chip.levels[:-1])}."
        )
    rows, columns = (fanout.size for fanout in chip.fanouts[-2:])
    register = next((level for level in chip.levels if level.depth == len(chip.fanouts)), None)
    folding = Folding(lowered(name, shape), Machine(rows, columns, flows[0], 1, 1, 1))
    return demand(folding, register is None or register.overlaps)


def lowered(name: str, shape: Shape) -> TopologyLayer:
    """Return a layer as one matrix product: a convolution of one image, or a plain product.

    Raises
    ------
    UnsupportedError
        It has groups or dilation, or a batch of images.
    """
    if shape.G > 1:
        raise UnsupportedError(f"a systolic array runs one product at a time; {name} is {shape.G}. Trace a level.")
    plain = shape.FY == shape.FX == 1 and (shape.y, shape.x) == (Window(size=shape.OY), Window(size=shape.OX))
    if plain:
        return TopologyLayer.product(name, shape.B * shape.OY * shape.OX, shape.K, shape.C)
    assert shape.y is not None
    assert shape.x is not None
    if shape.B > 1 or shape.y.dilation > 1 or shape.x.dilation > 1:
        raise UnsupportedError(f"the edge is traced of one image without dilation; {name} is not that. Trace a level.")
    return TopologyLayer(
        name, shape.y.size, shape.x.size, shape.FY, shape.FX, shape.C, shape.K, (shape.y.stride, shape.x.stride),
        padding=(shape.y.pad, shape.x.pad), outputs=(shape.OY, shape.OX),
    )  # fmt: skip
