"""What does each convolution of AlexNet cost on Eyeriss, in the mapping and with the zeros that were published?

The inputs are those of JSSC 2017 alone: shapes with their padding and the mapping parameters from Table III, the
share of zeros in every input from Table V. Run-length coding follows the paper: all feature maps but the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache

from accelsim.engine.case import Case
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.mapping.growth import FanOutRoom
from accelsim.mapping.logical_sets import LogicalSets
from accelsim.mapping.nest import Nest
from accelsim.mapping.row_stationary import row_stationary
from accelsim.precision import parse_format
from accelsim.scheme import parse_scheme
from accelsim.search.heuristic import rooms_of, tiled
from accelsim.simulation.estimate import estimate_layer
from accelsim.simulation.result import LayerResult
from accelsim.validation.measurements import rows
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Window
from accelsim.workload.sparsity import Sparsity

MEASURED = "eyeriss_jssc2017"
MAPPING = "eyeriss_jssc2017_mapping"
SCHEME = "wint16aint16"
BATCH = 4


@cache
def chip() -> Chip:
    """Return the chip at its measured point."""
    return load_profile("eyeriss-v1")


@cache
def layers() -> dict[str, Layer]:
    """Return the five convolutions by their published names, inputs padded and zeros declared as published."""
    network = load_workload("alexnet", batch=BATCH)
    zeros = {row["layer"]: Fraction(row["ifmap_zeros_percent"]) / 100 for row in rows(MEASURED)}
    names = list(zeros)
    found = {}
    for name, after in zip(names, [*names[1:], names[-1]], strict=True):
        own = Sparsity(inputs=None if name == names[0] else 1 - zeros[name], outputs=1 - zeros[after])
        found[name] = replace(padded(network[name.lower()]), sparsity=own)
    return found


def padded(layer: Layer) -> Layer:
    """Return a layer whose input holds its padding, as the published shapes count it."""
    shape = layer.shape
    assert shape is not None
    assert shape.y is not None
    assert shape.x is not None
    return replace(layer, inputs=(), shape=replace(shape, y=_whole(shape.y), x=_whole(shape.x)))


def _whole(window: Window) -> Window:
    return replace(window, pad=0, size=window.size + 2 * window.pad)


@cache
def published_sets() -> dict[str, LogicalSets]:
    """Return how Table III lays out every layer: sets side by side as far as they fit, the rest below each other."""
    found = {}
    for row in rows(MAPPING):
        sizes = {key: int(row[key]) for key in ("R", "m", "n", "e", "p", "q", "r", "t", "E")}
        down, across = (fanout.size for fanout in chip().fanouts)
        segments = -(-sizes["e"] // across)
        beside = across // -(-sizes["e"] // segments)
        t = min(beside, sizes["t"])
        found[row["layer"]] = LogicalSets(
            sizes["R"], sizes["e"], segments, (1, t), (sizes["r"], sizes["t"] // t), sizes["p"], sizes["q"],
            sizes["n"], sizes["m"], sizes["E"], sizes["R"],
        )  # fmt: skip
        assert found[row["layer"]].pes <= down * across
    return found


def nest_of(layer: Layer, sets: LogicalSets, on: Chip) -> Nest:
    """Return the mapping of a layer that lays out logical sets on a chip."""
    scheme = parse_scheme(SCHEME)
    case = Case(
        layer, scheme.resolve(layer, scheme.activation_format, parse_format("int16")), scheme.vector_format
    )  # fmt: skip
    fanouts = [FanOutRoom(one.name, one.size, one.dims or frozenset()) for one in on.fanouts]
    assert layer.shape is not None
    pool = row_stationary([layer.shape], rooms_of(on, [case]), fanouts)
    assert pool is not None
    return tiled(pool.nest, sets.tiles(layer.shape), case)


@cache
def published() -> Mapping[str, LayerResult]:
    """Return every layer in its published mapping, with DRAM's time."""
    return {
        name: estimate_layer(layer, chip(), SCHEME, mapping=nest_of(layer, published_sets()[name], chip())).layers[0]
        for name, layer in layers().items()
    }


@cache
def derived() -> Mapping[str, LayerResult]:
    """Return every layer in the mapping that accelsim derives from array and layer alone."""
    return {name: estimate_layer(one, chip(), SCHEME, mapping="rs").layers[0] for name, one in layers().items()}


def megabytes(result: LayerResult, *places: str) -> float:
    """Return what some memories read and write, in 10^6 bytes."""
    moved = (line.total_bits for line in result.lines if line.part == "memory" and line.place in places)
    return sum(moved) / 8e6
