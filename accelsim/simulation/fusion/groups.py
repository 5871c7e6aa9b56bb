"""Which runs of layers can be computed tile by tile together, and along what?

A run is consecutive layers of one block, of which only the last hands anything on. Its products are all matrix
products of as many rows (an MLP, attention) or all convolutions over rows of an image, with elementwise operations,
softmaxes and norms over tokens between them. What plays W must come from outside: a tile of rows needs all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.simulation.fusion.tiles import Rows
from accelsim.simulation.residency import Residency, operand_producers
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import Window
from accelsim.workload.unroll import blocks

LONGEST = 6
"""Most layers of a group."""
ROW_WISE = ("elementwise", "softmax", "norm")
"""Kinds without products that compute a token from that token alone; of images only elementwise operations do."""


@dataclass(frozen=True)
class Group:
    """A run of layers that can be fused.

    Parameters
    ----------
    layers : tuple of Layer
    start : int
        The place of the first in the network.
    rows : tuple of Rows
        Rows of each layer, in order: of one image, or of one product of a batch of products.
    image : bool
        Whether rows are those of an image.
    copies : int
        Images, or products that share nothing: the tiles are run so often.
    inner : frozenset of str
        Layers whose output stays in the group.
    """

    layers: tuple[Layer, ...]
    start: int
    rows: tuple[Rows, ...]
    image: bool
    copies: int
    inner: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(layer.name for layer in self.layers)


def groups(network: Network, residency: Residency) -> Iterator[Group]:
    """Yield every run that can be fused and that hands on something inside that does not stay on chip anyway.

    The first layer's output and something that the last layer reads are of that kind: a longer run would move no less.
    """
    readers: dict[str, set[str]] = {layer.name: set() for layer in network.layers}
    for layer in network.layers:
        for name in layer.inputs:
            readers.setdefault(name, set()).add(layer.name)
    start = 0
    for block in blocks(network) if any(one.repeat > 1 for one in network.layers) else [network.layers]:
        for first in range(len(block)):
            for stop in range(first + 2, min(first + LONGEST, len(block)) + 1):
                run = tuple(block[first:stop])
                if run[0].name in residency.outputs:
                    break
                if _is_closed(run, readers) and not set(run[-1].inputs) & _names(run[:-1]) <= residency.outputs:
                    group = _group(run, start + first, network, residency)
                    if group is not None:
                        yield group
        start += len(block)


def _names(run: tuple[Layer, ...]) -> set[str]:
    return {layer.name for layer in run}


def _is_closed(run: tuple[Layer, ...], readers: dict[str, set[str]]) -> bool:
    """Whether all but the last layer are read inside the run, and nowhere else."""
    names = _names(run)
    return all(readers[layer.name] and readers[layer.name] <= names and layer.output_role != "kv" for layer in run[:-1])


def _group(run: tuple[Layer, ...], start: int, network: Network, residency: Residency) -> Group | None:
    """The run as a group; None if its rows do not go together."""
    products = [layer for layer in run if layer.shape is not None]
    inner = frozenset(layer.name for layer in run[:-1])
    if not products or any(layer.repeat != run[0].repeat or layer.extra for layer in run):
        return None
    images = {_is_image(layer) for layer in products}
    if len(images) > 1 or any(not _reads_rows(layer, inner, network, residency) for layer in run):
        return None
    image = images.pop()
    copies = _copies(products, image=image)
    if copies is None:
        return None
    made: list[Rows] = []
    for layer in run:
        rows = _rows(layer, made, products[0], image=image)
        if rows is None:
            return None
        made.append(rows)
    return Group(run, start, tuple(made), image, copies, inner)


def _is_image(layer: Layer) -> bool:
    shape = layer.shape
    assert shape is not None
    return shape.y != Window(size=1) or shape.x != Window(size=1) or shape.OY * shape.OX > 1


def _reads_rows(layer: Layer, inner: frozenset[str], network: Network, residency: Residency) -> bool:
    """Whether what a layer reads of the group is its I alone, all of it in the group or on chip."""
    first, _ = operand_producers(layer)
    last = layer.inputs[-1] if layer.inputs else ""
    if layer.shape is None:
        return layer.kind in ROW_WISE
    if layer.second_operand != "weights" and last in inner:
        return False
    own = [name for name in first if name in inner]
    if not own:
        return True
    words = sum(network[name].output_elements for name in first if name != "input")
    return all(name in inner or name in residency.outputs for name in first) and words == layer.shape.words("I")


def _copies(products: list[Layer], *, image: bool) -> int | None:
    """How often the same tiles are run: per image, or per product of a batch in which nothing is shared."""
    shapes = [layer.shape for layer in products if layer.shape is not None]
    if image:
        return shapes[0].B if len({shape.B for shape in shapes}) == 1 else None
    if len({(shape.B, shape.G) for shape in shapes}) > 1:
        return None
    shared = any(layer.second_operand == "weights" for layer in products)
    return 1 if shared else shapes[0].G


def _rows(layer: Layer, before: list[Rows], product: Layer, *, image: bool) -> Rows | None:
    """The rows of one layer; None if they do not fit those that it reads."""
    known = {one.name: one for one in before}
    reads = tuple(name for name in layer.inputs if name in known)
    shape = layer.shape
    if shape is not None and image:
        assert shape.y is not None
        if any(known[name].rows != shape.y.size for name in reads):
            return None
        return Rows(layer.name, shape.OY, shape.y, shape.FY, reads)
    assert product.shape is not None
    rows = known[reads[0]].rows if image and reads else product.shape.B
    if shape is None and (not reads or (image and layer.kind != "elementwise")):
        return None
    if any(known[name].rows != rows for name in reads) or layer.output_elements % rows:
        return None
    return Rows(layer.name, rows, Window(size=rows), 1, reads)
