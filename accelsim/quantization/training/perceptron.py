"""How does a small network in plain numpy compute its results and its gradients, quantized or not?

Layers of x W^T + b with max(x, 0) between them, by hand: nothing but numpy is needed. Gradients agree with torch's
(tests/quantization/test_quantized_training.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from accelsim.quantization.training.storage import Array, Storage

SIZES = (64, 64, 32, 10)
"""Numbers from layer to layer: 8 x 8 pixels to ten classes."""


@dataclass(frozen=True)
class _Pass:
    """One forward pass: what each layer read, as stored; where it was not clipped; weights as stored; results."""

    read: list[Array]
    inside: list[NDArray[np.bool_]]
    recorded: list[Array]
    weights: list[Array]
    logits: Array


class Perceptron:
    """A network of fully connected layers; see `accelsim.quantization.training.storage.Network`.

    Parameters
    ----------
    seed : int
        What the weights are drawn with: normally distributed, variance 2 / inputs (He et al. 2015).
    sizes : sequence of int
        Inputs of the first layer, then the outputs of each.
    """

    def __init__(self, seed: int, sizes: Sequence[int] = SIZES) -> None:
        random = np.random.default_rng(seed)
        weights = [
            (random.standard_normal((outputs, inputs)) * np.sqrt(2 / inputs)).astype(np.float32)
            for inputs, outputs in pairwise(sizes)
        ]
        self.layers = len(weights)
        self.parameters: list[Array] = [*weights, *(np.zeros(len(one), np.float32) for one in weights)]

    def logits(self, images: Array, storage: Storage | None = None) -> Array:
        """Return the last layer's results."""
        return self._forward(images, storage).logits

    def inputs(self, images: Array, storage: Storage | None = None) -> list[Array]:
        """Return what each layer reads, before it is quantized."""
        return self._forward(images, storage).recorded

    def gradients(self, images: Array, labels: NDArray[np.int64], storage: Storage | None = None) -> list[Array]:
        """Return the gradients of the mean cross-entropy, straight through roundings."""
        done = self._forward(images, storage)
        upper = _softmax(done.logits)
        upper[np.arange(len(labels)), labels] -= 1
        upper /= len(labels)
        by_weights: list[Array] = []
        by_biases: list[Array] = []
        for layer in reversed(range(self.layers)):
            by_weights.insert(0, upper.T @ done.read[layer])
            by_biases.insert(0, upper.sum(axis=0))
            passes = done.inside[layer] & (done.recorded[layer] > 0)
            upper = (upper @ done.weights[layer]) * passes
        return [*by_weights, *by_biases]

    def _forward(self, images: Array, storage: Storage | None) -> _Pass:
        weights, biases = self.parameters[: self.layers], self.parameters[self.layers :]
        if storage is not None:
            weights = [storage.weights(one) for one in weights]
        read: list[Array] = []
        inside: list[NDArray[np.bool_]] = []
        recorded: list[Array] = []
        values = images.reshape(len(images), -1)
        for layer in range(self.layers):
            recorded.append(values if layer == 0 else np.maximum(values, 0))
            stored, kept = recorded[-1], np.ones(values.shape, dtype=bool)
            if storage is not None and storage.ranges:
                own = storage.ranges[layer]
                stored, kept = own.stored(stored), (stored >= own.low) & (stored <= own.high)
            read.append(stored)
            inside.append(kept)
            values = stored @ weights[layer].T + biases[layer]
        return _Pass(read, inside, recorded, weights, values)


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
