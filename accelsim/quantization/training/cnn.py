"""How does a small convolutional network compute its results and its gradients, quantized or not? With torch.

Three 3x3 convolutions (16, 32, 32 channels; the second and third with stride 2), max(x, 0) after each, one fully
connected layer. No normalization, so nothing has to be folded into weights. Its numbers live in numpy arrays that
torch shares, so that one optimizer trains both kinds of network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import UsageError
from accelsim.quantization.training.storage import Array, Range, Storage

if TYPE_CHECKING:
    import torch

SHAPES = ((16, 1, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3), (10, 128))
STRIDES = (1, 2, 2)
MISSING = "the network 'cnn' needs torch, which is not installed; run: pip install 'accelsim[torch]'"


class Cnn:
    """A small convolutional network; see `accelsim.quantization.training.storage.Network`.

    Parameters
    ----------
    seed : int
        What the weights are drawn with: normally distributed, variance 2 / inputs (He et al. 2015).

    Raises
    ------
    UsageError
        torch is not installed.
    """

    def __init__(self, seed: int) -> None:
        _torch()
        random = np.random.default_rng(seed)
        weights = [
            (random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32) for shape in SHAPES
        ]
        self.layers = len(weights)
        self.parameters: list[Array] = [*weights, *(np.zeros(len(one), np.float32) for one in weights)]

    def logits(self, images: Array, storage: Storage | None = None) -> Array:
        """Return the last layer's results."""
        with _torch().no_grad():
            return self._forward(images, self._leaves(), storage)[0].numpy()

    def inputs(self, images: Array, storage: Storage | None = None) -> list[Array]:
        """Return what each layer reads, before it is quantized."""
        with _torch().no_grad():
            return [one.numpy() for one in self._forward(images, self._leaves(), storage)[1]]

    def gradients(self, images: Array, labels: NDArray[np.int64], storage: Storage | None = None) -> list[Array]:
        """Return the gradients of the mean cross-entropy, straight through roundings."""
        torch = _torch()
        leaves = [one.requires_grad_() for one in self._leaves()]
        results = self._forward(images, leaves, storage)[0]
        loss = torch.nn.functional.cross_entropy(results, torch.from_numpy(labels))
        return [one.numpy() for one in torch.autograd.grad(loss, leaves)]

    def _leaves(self) -> list[torch.Tensor]:
        return [_torch().from_numpy(one) for one in self.parameters]

    def _forward(
        self, images: Array, leaves: list[torch.Tensor], storage: Storage | None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        torch = _torch()
        functional = torch.nn.functional
        weights, biases = leaves[: self.layers], leaves[self.layers :]
        if storage is not None:
            weights = [_stored_weights(one, storage) for one in weights]
        values = torch.from_numpy(np.ascontiguousarray(images))
        recorded = []
        for layer in range(self.layers):
            last = layer == self.layers - 1
            recorded.append(values.flatten(1) if last else values)
            read = recorded[-1]
            if storage is not None and storage.ranges:
                read = _stored_activations(read, storage.ranges[layer])
            if last:
                values = functional.linear(read, weights[layer], biases[layer])
            else:
                values = functional.conv2d(read, weights[layer], biases[layer], stride=STRIDES[layer], padding=1).relu()
        return values, recorded


def _stored_weights(values: torch.Tensor, storage: Storage) -> torch.Tensor:
    """Return weights as stored; the gradient is that of the weights."""
    stored: torch.Tensor = _torch().from_numpy(storage.weights(values.detach().numpy()))
    return values + (stored - values).detach()


def _stored_activations(values: torch.Tensor, own: Range) -> torch.Tensor:
    """Return activations as stored; the gradient is that of the activations, 0 where they are clipped."""
    codes = ((values / own.scale).round() + own.zero_point).clamp(0, own.top)
    stored = (codes - own.zero_point) * own.scale
    kept = values.clamp(own.low, own.high)
    return kept + (stored - kept).detach()


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise UsageError(MISSING) from None
    return torch


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Let torch compute in one thread meanwhile, if wanted: for networks this small, more threads only wait.

    Raises
    ------
    UsageError
        torch is wanted and not installed.
    """
    if not wanted:
        yield
        return
    torch = _torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
