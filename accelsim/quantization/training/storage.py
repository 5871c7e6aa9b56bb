"""In which formats does a small network keep its weights and activations, and with which scales?

Weights of b bits are signed and symmetric, 2^b - 1 values, quantized by `accelsim.quantization.rounding.quantize`
each time they are used. What a layer reads is unsigned, 2^b values with a zero point, one scale per tensor that is
fixed by calibration:

    q = clamp(round(x / scale) + z, 0, 2^b - 1),    y = scale * (q - z)

Biases and the last layer's results stay fp32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from accelsim.quantization.clipping import Clip
from accelsim.quantization.rounding import quantize

Array = NDArray[np.floating[Any]]
Granularity = Literal["tensor", "channel"]


@dataclass(frozen=True)
class Range:
    """The scale of one layer's inputs, as calibrated.

    Parameters
    ----------
    scale, zero_point : float
    top : int
        Largest code.
    """

    scale: float
    zero_point: float
    top: int

    def stored(self, values: Array) -> Array:
        """Return values as stored and read back."""
        codes = np.clip(np.rint(values / self.scale) + self.zero_point, 0, self.top)
        return ((codes - self.zero_point) * self.scale).astype(values.dtype)  # type: ignore[no-any-return]

    @property
    def low(self) -> float:
        """Smallest value that is not clipped."""
        return (-0.5 - self.zero_point) * self.scale

    @property
    def high(self) -> float:
        """Largest value that is not clipped."""
        return (self.top + 0.5 - self.zero_point) * self.scale


@dataclass(frozen=True)
class Storage:
    """How a network is stored.

    Parameters
    ----------
    bits : int
        Of weights and of activations.
    granularity : {"tensor", "channel"}
        Weights that share a scale; activations have one per tensor.
    clip : Clip or str
        As of `quantize`, for weights and for calibration.
    ranges : tuple of Range
        Of the inputs of each layer; empty before calibration: activations stay fp32.
    """

    bits: int
    granularity: Granularity = "tensor"
    clip: Clip | str = "absmax"
    ranges: tuple[Range, ...] = ()

    @property
    def uncalibrated(self) -> Storage:
        """The same storage with activations in fp32."""
        return replace(self, ranges=())

    def weights(self, values: Array) -> Array:
        """Return the weights of a layer, output channels first, as stored and read back."""
        return quantize(values, f"int{self.bits}", granularity=self.granularity, clip=self.clip).values

    def calibrated(self, recorded: Sequence[Array]) -> Storage:
        """Return the same storage with scales from what each layer read of calibration data."""
        return replace(self, ranges=tuple(self._range(values) for values in recorded))

    def _range(self, values: Array) -> Range:
        found = quantize(values, f"uint{self.bits}", granularity="tensor", clip=self.clip)
        assert found.zero_point is not None
        scale = float(found.scale) or 1.0  # a layer that reads only zeros
        return Range(scale, float(found.zero_point), 2**self.bits - 1)


class Network(Protocol):
    """What training and measuring need of a network. Its arrays are changed in place by training.

    Attributes
    ----------
    parameters : list of ndarray of float32
        Weights of each layer, output channels first, then the biases of each layer.
    """

    parameters: list[Array]

    def logits(self, images: Array, storage: Storage | None = None) -> Array:
        """Return the last layer's results, (images, classes)."""
        ...

    def inputs(self, images: Array, storage: Storage | None = None) -> list[Array]:
        """Return what each layer reads, before it is quantized."""
        ...

    def gradients(self, images: Array, labels: NDArray[np.int64], storage: Storage | None = None) -> list[Array]:
        """Return the gradients of the mean cross-entropy by ``parameters``.

        Rounding passes gradients straight through (straight-through estimator): those of stored weights are taken
        as those of the weights, and those of stored activations as those of the activations, save where they
        are clipped: there they are 0.
        """
        ...
