"""How is a small network trained: in full precision, and on, with its storage in every step?

Adam (Kingma and Ba 2015) on batches of 32 in an order of its own for every epoch, the rate falling to zero along half
a cosine. Quantization-aware training goes on from the trained network: every step computes with weights and
activations as stored and changes the fp32 weights; the scales of activations are calibrated anew before every epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from accelsim.quantization.training.digits import Digits
from accelsim.quantization.training.storage import Array, Network, Storage

BATCH = 32
CALIBRATION = 256
"""Training images that scales of activations are calibrated on."""
DECAYS = (0.9, 0.999)
EPSILON = 1e-8


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the same for every number of bits.

    Parameters
    ----------
    epochs : int
        Of training in full precision, and again of training on.
    rate : float
        Learning rate at the start.
    """

    epochs: int = 30
    rate: float = 2e-3


def train(network: Network, digits: Digits, recipe: Recipe, seed: int, storage: Storage | None = None) -> None:
    """Train a network in place; with a storage, quantization-aware."""
    random = np.random.default_rng([seed, 1])
    optimizer = _Adam(network.parameters)
    images, labels = digits.train_images, digits.train_labels
    steps = recipe.epochs * math.ceil(len(labels) / BATCH)
    done = 0
    for _ in range(recipe.epochs):
        own = None if storage is None else calibrate(network, digits, storage)
        order = random.permutation(len(labels))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rate = recipe.rate * (1 + math.cos(math.pi * done / steps)) / 2
            optimizer.step(network.gradients(images[batch], labels[batch], own), rate)
            done += 1


def calibrate(network: Network, digits: Digits, storage: Storage) -> Storage:
    """Return a storage with scales from the first training images, as the network with its stored weights sees them."""
    return storage.calibrated(network.inputs(digits.train_images[:CALIBRATION], storage.uncalibrated))


def accuracy(network: Network, digits: Digits, storage: Storage | None = None) -> float:
    """Return the share of test images that the network names right; a network gone astray (NaN) names none right."""
    results = network.logits(digits.test_images, storage)
    return float(np.mean((results.argmax(axis=1) == digits.test_labels) & np.isfinite(results).all(axis=1)))


class _Adam:
    """The running means of gradients and of their squares, and the step that they make."""

    def __init__(self, parameters: list[Array]) -> None:
        self.parameters = parameters
        self.means = [np.zeros_like(one) for one in parameters]
        self.squares = [np.zeros_like(one) for one in parameters]
        self.steps = 0

    def step(self, gradients: list[Array], rate: float) -> None:
        self.steps += 1
        first, second = DECAYS
        for own, mean, square, gradient in zip(self.parameters, self.means, self.squares, gradients, strict=True):
            mean += (1 - first) * (gradient - mean)
            square += (1 - second) * (gradient**2 - square)
            unbiased = np.sqrt(square / (1 - second**self.steps)) + EPSILON
            own -= rate / (1 - first**self.steps) * mean / unbiased
