"""How few bits can cross the boundary of a fast memory, whatever the mapping?

Two laws, for any schedule that multiplies and adds one product at a time:

- *compulsory*: every word that a MAC touches crosses once;
- *capacity*: words that are multiplied together must be there together (Hong and Kung 1981).

For the second, cut a schedule into phases in each of which T bits enter. The MACs of a phase use words that
were there (at most S bits, the capacity) or entered (T bits). V MACs use words of at least e(V) bits, so a
phase does at most f(S + T) MACs, f the inverse of e, and as many more as its last step does at once, P::

    bits that enter  >=  MACs * T / (f(S + T) + P)  =  MACs * (e(V) - S) / (V + P)      for every T = e(V) - S

By Loomis and Whitney (1949), V MACs on n_W, n_I and n_O words have V**2 <= n_W * (R * n_I) * n_O, where R is the
most windows of one filter that an input word stands in. Hence, of words of w_W, w_I and w_O bits ::

    e(V) = least of  V * (w_I / (R x) + w_W / y + w_O / z)  over  x y z = V,  x <= K,  y <= B OY OX,  z <= C FY FX

where x, y and z are the MACs that a word of the unfolded input, of W and of O takes part in. Away from the
three limits, e(V) = 3 (w_W w_I w_O V**2 / R)**(1/3) and T = 2 S give the known 2 MACs sqrt(w_W w_I w_O / (R S)).
An output enters when a partial sum comes back, or is born, once and for nothing: see `least_read_bits`.
docs/model.md has the proof, what it covers, and the sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.shape import Shape, Window

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WordBits:
    """Bits of one word of each operand: of several widths that it takes at the boundary or inside, the least.

    Parameters
    ----------
    weight, input : float
    partial : float
        Of an unfinished output.
    output : float
        Of a finished output as it leaves; counted at ``partial`` where that is narrower.
    """

    weight: float
    input: float
    partial: float
    output: float

    @property
    def leaving(self) -> float:
        """Bits in which an output leaves at last, at the least."""
        return min(self.output, self.partial)


def touched_words(shape: Shape, operand: str) -> int:
    """Return the distinct words of an operand that the MACs touch; input that no window reaches is not."""
    if operand != "I":
        return shape.words(operand)
    return shape.B * shape.G * shape.C * prod(touched for touched, _, _ in _axes(shape))


def input_macs(shape: Shape) -> int:
    """Return the MACs of the full rectangle of loops that read an input word, those on padding left out."""
    return shape.B * shape.G * shape.K * shape.C * prod(times for _, times, _ in _axes(shape))


def window_reuse(shape: Shape) -> int:
    """Return R, the most (output, filter) positions of one filter and channel at which an input word is read."""
    return prod(most for _, _, most in _axes(shape))


def _axes(shape: Shape) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    assert shape.y is not None
    assert shape.x is not None
    return _axis(shape.y, shape.OY, shape.FY), _axis(shape.x, shape.OX, shape.FX)


@lru_cache(maxsize=4096)
def _axis(window: Window, out: int, taps: int) -> tuple[int, int, int]:
    """Positions of an image axis that are read at all, how often in all, and how often one of them at most."""
    reach = (out - 1) * window.stride + (taps - 1) * window.dilation - window.pad + 1
    times = np.zeros(max(0, min(window.size, reach)), dtype=np.int64)
    for tap in range(taps):
        first = tap * window.dilation - window.pad
        inside = first % window.stride if first < 0 else first
        times[inside : max(0, first + out * window.stride) : window.stride] += 1
    return int(np.count_nonzero(times)), int(times.sum()), max(1, int(times.max(initial=0)))


PRICES = 2.0 ** -np.arange(0, 12, 0.5)
"""Prices of an output that are tried, in units of its width: the best is missed by 1% at most."""

SIZES = 64
"""How many V are tried: from those whose words could fill the memory to all of a group."""


@lru_cache(maxsize=4096)
def least_read_bits(shape: Shape, bits: WordBits, capacity_bits: float, at_once: int = 1) -> float:
    """Return the least bits that must enter a fast memory of limited capacity, returned partial sums included.

    A word that a MAC takes straight from outside enters each time, and takes no room. Outputs are counted as
    entering at some price ``mu * partial`` with ``mu <= 1`` each time that they come back, and at their birth,
    which costs nothing in fact and is taken off again: |O| births, where the partial sums of an output leave to one
    place outside, as they do to a memory that stands once. Every price and every V gives a bound; the best counts.

    ``reads >= max over mu, V of  MACs * (e(V) - S) / (V + P)  -  mu * partial * |O|``

    Parameters
    ----------
    shape : Shape
        The layer; every MAC of the full rectangle of loops is done, whatever its ``density``.
    bits : WordBits
    capacity_bits : float
        S: room of all instances of all levels inside the boundary together.
    at_once : int
        P: most MACs of one step, which share what they read in it.

    Returns
    -------
    float
        0 where the capacity does not bind.

    References
    ----------
    J.-W. Hong, H. T. Kung, "I/O complexity: the red-blue pebble game", STOC 1981, doi:10.1145/800076.802486.
    D. Irony, S. Toledo, A. Tiskin, "Communication lower bounds for distributed-memory matrix multiplication",
    JPDC 64(9), 2004, doi:10.1016/j.jpdc.2004.03.021.
    T. M. Smith, B. Lowery, J. Langou, R. A. van de Geijn, "A tight I/O lower bound for matrix multiplication",
    2019, arXiv:1702.02017.
    J. Demmel, G. Dinh, "Communication-optimal convolutional neural nets", 2018, arXiv:1802.06905.
    X. Chen, Y. Han, Y. Wang, "Communication lower bound in convolution accelerators", HPCA 2020, arXiv:1911.05662.
    """
    macs = input_macs(shape)
    most = max(1, min(macs, prod(shape.extents.values()) // shape.G))
    word_product = bits.weight * bits.input * bits.partial * PRICES / window_reuse(shape)
    filling = (capacity_bits / 3) ** 1.5 / np.sqrt(word_product)
    sizes = np.geomspace(np.clip(filling, 1, most), np.full_like(PRICES, most), SIZES, axis=1)
    footprint = least_footprint_bits(shape, bits, sizes, PRICES[:, None])
    entering = macs * ((footprint - capacity_bits) / (sizes + at_once)).max(axis=1)
    births = PRICES * bits.partial * shape.words("O")
    return max(0.0, float((entering - births).max()))


def least_traffic_bits(shape: Shape, bits: WordBits, capacity_bits: float, at_once: int = 1) -> float:
    """Return the least bits that must enter and leave a fast memory of limited capacity.

    Besides what enters (see `least_read_bits`), every output leaves. In sum they are a bound even where partial
    sums of one output leave to several places outside: each place adds at least as much as its birth took off.
    """
    return least_read_bits(shape, bits, capacity_bits, at_once) + bits.leaving * shape.words("O")


def least_footprint_bits(shape: Shape, bits: WordBits, macs: Floats, price: Floats | float = 1.0) -> Floats:
    """Return e(V): bits of the fewest words on which so many MACs can be done, for arrays of V.

    Parameters
    ----------
    shape : Shape
    bits : WordBits
    macs : float64 array
        V, above 0 and at most the MACs of one group: up to there e is concave, which the proof needs.
    price : float64 array or float
        Of a partial sum, in units of its width.
    """
    unfolded = np.broadcast_arrays(bits.input / window_reuse(shape), bits.weight, bits.partial * price, macs)[:3]
    width = np.stack(unfolded)
    limit = np.array([shape.K, shape.B * shape.OY * shape.OX, shape.C * shape.FY * shape.FX], dtype=np.float64)
    limit = np.broadcast_to(limit.reshape(3, *[1] * (width.ndim - 1)), width.shape)
    fixed = np.zeros(width.shape, dtype=bool)
    for _ in range(3):  # where one use reaches its limit, the others share the rest: at most three times
        rest = macs / np.prod(np.where(fixed, limit, 1.0), axis=0)
        free = np.maximum(3 - fixed.sum(axis=0), 1)
        level = (np.prod(np.where(fixed, 1.0, width), axis=0) / rest) ** (1 / free)
        uses = np.where(fixed, limit, width / level)
        fixed |= uses > limit
    return np.asarray(macs * (width / np.minimum(uses, limit)).sum(axis=0))
