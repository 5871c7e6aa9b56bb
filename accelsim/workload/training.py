"""Which layers is one step of training? The forward pass, the gradients in reverse order, and the updates.

The result is a network like any other, so that residency, mapping, energy, time and memory need no special case:

- NAME, the forward layers, what they hand on being kept until the backward pass has read it (the stash);
- ``loss``, a softmax and a subtraction on what the network returns;
- NAME.dX and NAME.dW, the gradients of a layer with multiply-accumulates (`accelsim.workload.gradient_nests`) by its
  input and by its weights, or by both operands of a product of activations; NAME.d, that of any other layer;
- NAME.grad, the sum of the gradients of an activation that several layers read;
- NAME.update, the optimizer on the parameters of a layer, after the backward pass.

What reads the network's input has no dX. Repeated blocks are written out: every repeat keeps its own stash.
Scalar operations of the backward pass are taken as twice those of the forward pass, of each kind (both operands of
a product have a gradient); the gradient of a sum is handed on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from accelsim.errors import InputError
from accelsim.workload.gradient_nests import input_gradient, weight_gradient
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.optimizers import Optimizer
from accelsim.workload.training_updates import Storage, updates_of
from accelsim.workload.unroll import unroll
from accelsim.workload.vector import Ops, merge, ops, softmax_ops

INPUT = "input"


def training_step(network: Network, optimizer: Optimizer, storage: Storage) -> Network:
    """Return one step of training on one batch.

    Parameters
    ----------
    network : Network
        The forward pass. Keys and values that it puts into a cache are activations here.
    optimizer : Optimizer
    storage : Storage

    Raises
    ------
    InputError
        The network is a decode step, or reads a cache that it does not fill.
    """
    forward = _forward(network)
    backward = _Backward({layer.name: layer for layer in forward})
    backward.loss(forward)
    for layer in reversed(forward):
        backward.through(layer)
    updates = list(updates_of(forward, backward.parameters, network.tied_parameters, optimizer, storage))
    return replace(
        network,
        layers=(*forward, *backward.layers, *(layer for layer, _ in updates)),
        title=f"{network.title or network.name}, training step",
        kv_elements_per_token=0,
        kv_tokens=0,
        options=network.options | {"pass": "training", "optimizer": optimizer.name},
        state_bits=sum((kept for _, kept in updates), Fraction(0)),
    )


def _forward(network: Network) -> list[Layer]:
    """The forward layers, every repeat by itself, without a cache."""
    if network.options.get("phase") == "decode" or "context" in network.options:
        raise InputError(f"{network.name} is a decode step, which nobody trains; take its prefill.")
    whole = unroll(network) if any(layer.repeat > 1 for layer in network.layers) else network
    return [
        replace(
            layer,
            second_operand="activation" if layer.second_operand == "kv" else layer.second_operand,
            output_role="activation",
        )
        for layer in whole.layers
    ]


def doubled(counts: Ops) -> Ops:
    """Return the operations of a backward pass: twice those of the forward pass."""
    return tuple((kind, 2 * count) for kind, count in counts)


@dataclass
class _Backward:
    """The layers of the backward pass so far, and who computes the gradient of what."""

    forward: dict[str, Layer]
    layers: list[Layer] = field(default_factory=list)
    gradients: dict[str, list[str]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    """By forward layer, the layer that computes the gradient of its parameters."""

    def loss(self, forward: list[Layer]) -> None:
        """Append the loss on everything that no layer reads."""
        read = {name for layer in forward for name in layer.inputs}
        ends = [layer for layer in forward if layer.name not in read]
        elements = sum(layer.output_elements for layer in ends)
        counts = merge(softmax_ops(elements), ops(add=elements))
        names = tuple(layer.name for layer in ends)
        self._add(_vector_layer("loss", "softmax", counts, names, elements, elements))
        for name in names:
            self.gradients[name] = ["loss"]

    def through(self, layer: Layer) -> None:
        """Append the gradients of one layer."""
        outer = self._gradient(layer)
        if not outer:
            return
        if layer.shape is not None:
            self._products(layer, outer)
        elif layer.kind == "embedding":
            self._table(layer, outer)
        else:
            self._vector(layer, outer)

    def _add(self, layer: Layer) -> str:
        self.layers.append(layer)
        return layer.name

    def _hand(self, names: tuple[str, ...], gradient: tuple[str, ...]) -> None:
        for name in names:
            if name != INPUT:
                self.gradients.setdefault(name, []).extend(gradient)

    def _gradient(self, layer: Layer) -> tuple[str, ...]:
        """The layers that have the whole gradient of an output, each a part; several readers' are added."""
        parts = tuple(dict.fromkeys(self.gradients.get(layer.name, [])))
        readers = {part.partition(".dX.")[0] for part in parts}
        if len(readers) < 2:
            return parts
        elements = layer.output_elements
        counts = ops(add=(len(readers) - 1) * elements)
        read = len(readers) * elements
        return (self._add(_vector_layer(f"{layer.name}.grad", "elementwise", counts, parts, read, elements)),)

    def _products(self, layer: Layer, outer: tuple[str, ...]) -> None:
        """dX and dW of a layer with multiply-accumulates; its own scalar operations go backward with dW."""
        assert layer.shape is not None
        producers = layer.inputs or (INPUT,)
        second: tuple[str, ...] = () if layer.second_operand == "weights" else producers[-1:]
        first = producers[: len(producers) - len(second)]
        if first != (INPUT,) or (layer.kind == "recurrent" and not layer.inputs):
            self._hand(first, self._by_input(layer, outer, second))
        if second == (INPUT,):
            return
        kind = "linear" if layer.shape.OY * layer.shape.OX == 1 else "conv"
        gradient = Layer(
            f"{layer.name}.dW",
            "matmul" if kind == "linear" else kind,
            weight_gradient(layer.shape),
            second_operand="activation",
            vector_ops=doubled(layer.vector_ops),
            inputs=(*first, *outer),
        )
        name = self._add(gradient)
        if second:
            self._hand(second, (name,))
        else:
            self.parameters[layer.name] = name

    def _by_input(self, layer: Layer, outer: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
        assert layer.shape is not None
        found = input_gradient(layer.shape)
        names = []
        for number, shape in enumerate(found.shapes):
            name = f"{layer.name}.dX.{number}" if len(found.shapes) > 1 or found.untouched else f"{layer.name}.dX"
            made = Layer(
                name,
                layer.kind if layer.kind != "recurrent" else "linear",
                shape,
                second_operand="activation" if second else "weights",
                inputs=(*outer, *second),
                reuses_weights=not second,
            )
            names.append(self._add(made))
        if found.untouched:
            names.append(self._add(_vector_layer(f"{layer.name}.dX.empty", "elementwise", (), (), 0, found.untouched)))
        return tuple(names)

    def _table(self, layer: Layer, outer: tuple[str, ...]) -> None:
        """The gradients of the rows that were looked up, added where a row was looked up twice."""
        words = layer.gathered_elements
        made = _vector_layer(f"{layer.name}.d", "other", ops(add=words), outer, words, words)
        self.parameters[layer.name] = self._add(made)

    def _vector(self, layer: Layer, outer: tuple[str, ...]) -> None:
        count, elements = len(layer.inputs), layer.output_elements
        counts = dict(layer.vector_ops)
        product = counts.get("multiply", 0) >= (count - 1) * elements
        if layer.kind == "elementwise" and count > 1 and not product:
            if counts == {"add": (count - 1) * elements}:
                self._hand(layer.inputs, outer)
                return
            stash: tuple[str, ...] = (layer.name,)
            read, written = elements, elements
        elif layer.kind == "softmax":
            stash, read, written = (layer.name,), elements, layer.input_elements
        else:
            stash = () if layer.kind == "pool" and "compare" not in counts else layer.inputs
            read, written = layer.input_elements if stash else 0, layer.input_elements
        kept = tuple(name for name in stash if name not in outer)
        if all(name == INPUT for name in layer.inputs):
            written = 0
        counts_back = doubled(layer.vector_ops)
        made = _vector_layer(
            f"{layer.name}.d", layer.kind, counts_back, (*outer, *kept), elements + read, written + layer.parameters
        )
        name = self._add(made)
        self._hand(layer.inputs, (name,))
        if layer.parameters:
            self.parameters[layer.name] = name


def _vector_layer(name: str, kind: str, counts: Ops, inputs: tuple[str, ...], read: int, written: int) -> Layer:
    return Layer(name, kind, vector_ops=counts, inputs=inputs, input_elements=read, output_elements=written)
