"""How many bits does an element take when zeros are coded away? Exact expected sizes as a function of density.

The density of a tensor is the share of its elements that are not zero. Elements are taken as zero or not
independently of each other, except in an N:M pattern, which keeps exactly N of every M neighbors. Every law gives
the expected bits per element of a long tensor, metadata included, as a rational number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from accelsim.errors import InputError

WORD_BITS = 64
"""Run-length pairs are packed into words of so many bits, and do not cross them."""

RUN_BITS, INDEX_BITS = 5, 4
"""Bits of a run of zeros in run-length coding (Eyeriss), and of the index of a CSC entry (EIE)."""

FINEST = 10**9
"""Densities are read to the nearest fraction with at most this denominator."""


@dataclass(frozen=True)
class Pattern:
    """N:M structured sparsity: of every M neighbors along the reduction at most N are not zero.

    Parameters
    ----------
    n, m : int

    Raises
    ------
    InputError
        They are not whole numbers with 1 <= N <= M.
    """

    n: int
    m: int

    def __post_init__(self) -> None:
        if not (_whole(self.n) and _whole(self.m) and 1 <= self.n <= self.m <= 1024):
            raise InputError(f"a pattern N:M must have 1 <= N <= M <= 1024, such as 2:4; got {self.n}:{self.m}.")

    def __str__(self) -> str:
        return f"{self.n}:{self.m}"

    @property
    def density(self) -> Fraction:
        """Share of the elements that are kept, N/M."""
        return Fraction(self.n, self.m)

    @property
    def index_bits(self) -> int:
        """Bits that say which of M a kept element is: ceil(log2 M)."""
        return (self.m - 1).bit_length()


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def parse_pattern(given: object) -> Pattern:
    """Return the pattern that a text such as "2:4" means; InputError if it means none."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*:\s*(\d{1,6})\s*", given) if isinstance(given, str) else None
    if found is None:
        raise InputError(f"a pattern must be written N:M in quotes, such as '2:4'; got {given!r}.")
    return Pattern(int(found[1]), int(found[2]))


def parse_density(given: Any) -> Fraction:
    """Return a density, given as a number or a text such as "3/8"; InputError if it is not above 0 and at most 1."""
    density = None
    if isinstance(given, Fraction | int | float | str) and not isinstance(given, bool) and len(str(given)) <= 40:
        try:
            density = Fraction(str(given)).limit_denominator(FINEST)
        except (ValueError, ZeroDivisionError):
            density = None
    if density is None or not 0 < density <= 1:
        raise InputError(
            "a density must be a number above 0 and at most 1, the share that is not zero, and no less than "
            f"{1 / FINEST:g}; got {given!r}."
        )
    return density


def bitmask_bits(bits: Fraction, density: Fraction) -> Fraction:
    """Return bits per element of a mask of one bit each, and the elements that are not zero: 1 + density * bits."""
    return 1 + density * bits


def run_length_bits(bits: Fraction, density: Fraction) -> Fraction:
    """Return bits per element of Eyeriss's run-length coding: pairs of a run of zeros and a value.

    A pair stands for up to 2^5 - 1 zeros and the element after them, which may itself be zero after the longest
    run. With density d it stands for (1 - (1-d)^32) / d elements on average. A word of 64 bits holds
    floor(64 / (5 + bits)) pairs: three of 16 bits, so that nothing is saved above a density of about 3/4.

    References
    ----------
    Chen, Krishna, Emer, Sze, JSSC 52(1), 2017, section on compression (5-bit runs, 16-bit values, three a word).
    """
    pairs = max(1, int(WORD_BITS // (RUN_BITS + bits)))
    return Fraction(WORD_BITS, pairs) / _elements_per_entry(density, 2**RUN_BITS)


def csc_bits(bits: Fraction, density: Fraction, column: int | None = None) -> Fraction:
    """Return bits per element of EIE's compressed sparse columns: values with the zeros before each, 4 bits.

    A zero is stored where more than 15 zeros precede the next value; zeros at the end of a column need none. Pointers
    to columns are not counted: they are two of 16 bits for each column and bank.

    References
    ----------
    Han et al., EIE, ISCA 2016, section III.B.
    """
    return (INDEX_BITS + bits) * entries_per_element("csc", density, column)


def entries_per_element(codec: str, density: Fraction, column: int | None = None) -> Fraction:
    """Return how many words a codec stores per element: those that are not zero, and zeros that carry on a run.

    Of a long tensor d / (1 - (1-d)^M), with M the elements that an entry stands for at most (32 in run-length
    coding, 16 in CSC). A column of L elements, after which a run starts anew, takes no entry for zeros at its end ::

        d * sum over k >= 0 of (1-d)^(k M) * max(0, 1 - k M / L)

    Parameters
    ----------
    codec : str
        "run-length" or "csc"; the others store what is not zero, d.
    density : Fraction
    column : int, optional
        L, for CSC; a long tensor if absent.
    """
    most = {"run-length": 2**RUN_BITS, "csc": 2**INDEX_BITS}.get(codec)
    if most is None:
        return density
    if column is None or codec != "csc":
        return 1 / _elements_per_entry(density, most)
    zero = 1 - float(density)
    runs = sum(zero**run * (1 - run / column) for run in range(0, column, most))
    return min(Fraction(1), Fraction(float(density) * runs).limit_denominator(FINEST))


def pattern_bits(bits: Fraction, pattern: Pattern) -> Fraction:
    """Return bits per element of an N:M tensor: N of M values, each with its index, N/M * (bits + ceil(log2 M))."""
    return pattern.density * (bits + pattern.index_bits)


def _elements_per_entry(density: Fraction, most: int) -> Fraction:
    """Elements that an entry stands for on average, at most ``most``: sum over i < most of (1 - density)^i."""
    return (1 - (1 - density) ** most) / density


Law = Callable[[Fraction, Fraction], Fraction]

CODECS: dict[str, Law | None] = {
    "bitmask": bitmask_bits, "run-length": run_length_bits, "csc": csc_bits, "n:m": None,
}  # fmt: skip
"""Codecs by name, and their laws of element bits and density; that of "n:m" takes a pattern."""


@lru_cache(maxsize=4096)
def coded_bits(
    codec: str, bits: Fraction, density: Fraction, pattern: Pattern | None = None, column: int | None = None
) -> Fraction | None:
    """Return the expected bits per element in a codec; None for "n:m" of a tensor without a pattern.

    Parameters
    ----------
    codec : str
        A key of `CODECS`.
    bits : Fraction
        Of one element that is not coded.
    density : Fraction
    pattern : Pattern, optional
    column : int, optional
        Elements of a column of CSC; a long tensor if absent.
    """
    if codec == "csc":
        return csc_bits(bits, density, column)
    law = CODECS[codec]
    if law is not None:
        return law(bits, density)
    return None if pattern is None else pattern_bits(bits, pattern)
