"""Which formats do the stored tensors of a model state for each layer of its graph?

A graph says how many elements each layer stores; a file says in which tensors and types. Joining
them gives every layer its `Stated` formats, and checks the one against the other: each group of tensors
must hold exactly the elements of the layers that share it. Blocks that are stored alike and stand
together stay one block with a repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from accelsim.errors import AccelsimError, InputError
from accelsim.workload.importers.blocks import Stack
from accelsim.workload.importers.modules import Modules, Notation
from accelsim.workload.importers.stored import Tensor, TensorTable
from accelsim.workload.importers.totals import channel_elements, stated_totals
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.stated import Stated


@dataclass(frozen=True)
class Joined:
    """A network with the formats that its file states.

    Parameters
    ----------
    network : Network
    beside : tuple of Tensor
        Tensors that no layer stores.
    bytes : int
        Of the tensors that layers store.
    told_bytes : Fraction
        What the stated formats make of the same layers; differs from ``bytes`` where a format
        cannot say how something is stored.
    """

    network: Network
    beside: tuple[Tensor, ...]
    bytes: int
    told_bytes: Fraction


@dataclass
class _Group:
    """Tensors that one or several layers share, and the elements that these layers store in them."""

    stems: tuple[str, ...]
    bias_only: bool = False
    layers: list[str] = field(default_factory=list)
    matrix: int = 0
    vectors: int = 0
    channel: int = 0

    @property
    def key(self) -> tuple[tuple[str, ...], bool]:
        return self.stems, self.bias_only

    @property
    def told(self) -> str:
        return ", ".join(dict.fromkeys(self.layers))


def join(network: Network, table: TensorTable, notation: Notation, where: str) -> Joined:
    """Return ``network`` with what ``table`` states of each layer; what layers state already is kept besides.

    Raises
    ------
    InputError
        A layer's tensors are missing, or hold other elements than the layer.
    """
    joiner = _Joiner(network, table, notation, where)
    joined = joiner.join()
    beside = tuple(tensor for tensor in table if tensor.name not in joiner.used)
    told = sum((size for _, size in stated_totals(joined).values()), Fraction(0))
    return Joined(joined, beside, sum(tensor.bytes for tensor in joiner.used.values()), told)


class _Joiner:
    def __init__(self, network: Network, table: TensorTable, notation: Notation, where: str) -> None:
        self.stack, self.where, self.bare = Stack.of(network), where, notation.bare
        self.format_of = notation.format_of
        self.modules = Modules(table, notation, network.layers[0].name, where)
        self.tied = network.tied_parameters > 0
        self.groups: dict[tuple[tuple[str, ...], bool], _Group] = {}
        self.used: dict[str, Tensor] = {}

    def join(self) -> Network:
        stack = self.stack
        outside = [(layer, self._claim(layer, 0)) for layer in (*stack.before, *stack.after)]
        inside = [[self._claim(layer, number) for layer in stack.block] for number in range(len(stack.stated))]
        stated = {key: Stated(self._matrix(one), parameters=self._vectors(one)) for key, one in self.groups.items()}

        def own(claims: tuple[_Group, _Group] | None, already: Stated | None) -> Stated | None:
            if claims is None:
                return already
            matrix, vectors = (stated[group.key] for group in claims)
            return Stated(matrix.weights, parameters=vectors.parameters).over(already)

        ends = [replace(layer, stated=own(claims, layer.stated)) for layer, claims in outside]
        blocks = [
            tuple(own(claim, already) for claim, already in zip(claims, given, strict=True))
            for claims, given in zip(inside, stack.stated, strict=True)
        ]
        return stack.rebuilt(ends[: len(stack.before)], blocks, ends[len(stack.before) :])

    def _claim(self, layer: Layer, block: int) -> tuple[_Group, _Group] | None:
        """Return the groups of a layer's W or table and of its other parameters, having added its elements to them."""
        matrix, vectors = layer.weight_elements, layer.parameters
        if layer.kind == "embedding":
            matrix, vectors = layer.parameters, 0
        if not matrix and not vectors:
            return None
        if layer.name == "lm_head" and self.tied:
            shared = self._group(layer, "embed_tokens", block)
            own = self._group(layer, layer.name, block, bias_only=True) if vectors else shared
            own.vectors += vectors
            return shared, own
        group = self._group(layer, layer.name, block)
        group.matrix, group.vectors, group.channel = (
            group.matrix + matrix,
            group.vectors + vectors,
            channel_elements(layer),
        )
        return group, group

    def _group(self, layer: Layer, name: str, block: int, bias_only: bool = False) -> _Group:
        stems = self.modules.stems(name, block)
        group = self.groups.setdefault((stems, bias_only), _Group(stems, bias_only))
        group.layers.append(layer.name)
        return group

    def _matrix(self, group: _Group) -> str:
        """Return the format of what a group stores as W or table; the one of most bytes where experts differ."""
        if not group.matrix:
            return ""
        formats: dict[str, int] = {}
        for stem in group.stems:
            parts = {suffix: one for suffix, one in self.modules.stored[stem].items() if suffix != "bias"}
            self._use(parts.values())
            try:
                text = self.format_of(parts, group.matrix // len(group.stems), group.channel)
            except AccelsimError as error:
                name = next(iter(parts.values())).name if parts else stem
                message = f"{error.message.rstrip('.')}; layer {group.told}."
                raise type(error)(message, where=f"{self.where}: {name}") from None
            formats[text] = formats.get(text, 0) + sum(one.bytes for one in parts.values())
        return max(formats, key=lambda text: formats[text])

    def _vectors(self, group: _Group) -> str:
        """Return the format of what a group stores besides: biases, gains and shifts."""
        if not group.vectors:
            return ""
        every = not (group.matrix or group.bias_only)
        stored = [item for stem in group.stems for item in self.modules.stored[stem].items()]
        parts = [one for suffix, one in stored if every or suffix == "bias"]
        held = sum(one.elements for one in parts)
        if held != group.vectors:
            names = " and ".join(one.name for one in parts) or f"{group.stems[0]}.bias"
            raise InputError(
                f"{names} must hold the {group.vectors} parameters of layer {group.told}; the file has {held}.",
                where=self.where,
            )
        self._use(parts)
        formats: dict[str, int] = {}
        for one in parts:
            text = self.bare.get(one.type, "fp32")
            formats[text] = formats.get(text, 0) + one.bytes
        return max(formats, key=lambda text: formats[text])

    def _use(self, tensors: Iterable[Tensor]) -> None:
        self.used.update({one.name: one for one in tensors})
