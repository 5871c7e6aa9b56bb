"""What loop nest does a layer compute? Eight extents and the geometry of its window.

A multiply-accumulate layer is the perfect loop nest ::

    O[b, g, k, oy, ox] += W[g, k, c, fy, fx] * I[b, g, c, iy, ix]
    iy = oy * stride_y + fy * dilation_y - pad_y        (ix alike)

over ``B G K C OY OX FY FX``. A linear layer has ``OY = OX = FY = FX = 1``. A GEMM
(M, N, K) maps M -> B, N -> K, K -> C, and `Shape.gemm` is the only place that says so.
A position outside the input is padding: its MAC is executed, its word is never fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import prod

from accelsim.errors import InputError
from accelsim.vocabulary import DIMS, OPERANDS

__all__ = ["DIMS", "MOST", "OPERANDS", "REDUCTION", "RELEVANT", "Shape", "Window"]

RELEVANT = {
    "W": frozenset({"G", "K", "C", "FY", "FX"}),
    "I": frozenset({"B", "G", "C", "OY", "OX", "FY", "FX"}),
    "O": frozenset({"B", "G", "K", "OY", "OX"}),
}
REDUCTION = ("C", "FY", "FX")

MOST = 2**58
"""Most multiply-accumulates and input words of one layer: the counts of the engine are 64-bit integers."""


@dataclass(frozen=True)
class Window:
    """How output and filter positions reach input positions along one image axis.

    ``input position = out * stride + filter * dilation - pad``, valid in ``[0, size)``.
    """

    stride: int = 1
    dilation: int = 1
    pad: int = 0
    size: int = 1


@dataclass(frozen=True)
class Shape:
    """Extents of the eight loops and the window geometry of one layer.

    Parameters
    ----------
    B, G, K, C, OY, OX, FY, FX : int
        Loop extents, each at least 1; K and C are per group.
    y, x : Window, optional
        Geometry of the rows and columns; by default unpadded, stride 1.
    density : Fraction
        Share of the MACs that exist (a causal attention score is a triangle in its
        rectangle); 1 for every dense layer.

    Raises
    ------
    InputError
        An extent is below 1, or the MACs or the input words are more than `MOST`.
    """

    B: int = 1
    G: int = 1
    K: int = 1
    C: int = 1
    OY: int = 1
    OX: int = 1
    FY: int = 1
    FX: int = 1
    y: Window | None = None
    x: Window | None = None
    density: Fraction = field(default=Fraction(1))

    def __post_init__(self) -> None:
        for dim in DIMS:
            value = getattr(self, dim)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{dim} must be a whole number of at least 1; got {value!r}.")
        for axis, out, taps in (("y", self.OY, self.FY), ("x", self.OX, self.FX)):
            if getattr(self, axis) is None:
                object.__setattr__(self, axis, Window(size=out + taps - 1))
        if not 0 < self.density <= 1:
            raise InputError(f"density must be above 0 and at most 1; got {self.density}.")
        self._countable()

    def _countable(self) -> None:
        """Refuse a layer whose counts the engine cannot hold."""
        count = prod(self.extents.values())
        if count > MOST:
            given = " * ".join(f"{dim} {extent}" for dim, extent in self.extents.items() if extent > 1)
            what = f"the extents of a layer must multiply to at most 2**58 (about {MOST:.1e}); got {given}"
            raise InputError(f"{what}, which is {Decimal(count):.1e}.")
        count = self.words("I")
        if count > MOST:
            given = f"B {self.B} * G {self.G} * C {self.C} * {self.y.size if self.y else 1} rows"
            what = f"a layer must read at most 2**58 (about {MOST:.1e}) input words; got {given}"
            raise InputError(f"{what} * {self.x.size if self.x else 1} columns, which is {Decimal(count):.1e}.")

    @classmethod
    def gemm(cls, M: int, N: int, K: int, groups: int = 1, density: Fraction = Fraction(1)) -> Shape:
        """Return the shape of ``groups`` products of an MxK by a KxN matrix."""
        return cls(B=M, G=groups, K=N, C=K, density=density)

    @property
    def extents(self) -> dict[str, int]:
        """Loop extents by dimension name."""
        return {dim: getattr(self, dim) for dim in DIMS}

    @property
    def macs(self) -> int:
        """Multiply-accumulates, padding included."""
        dense = prod(self.extents.values())
        executed = dense * self.density
        if executed.denominator != 1:
            raise InputError(f"density {self.density} of {dense} MACs is not a whole number.")
        return int(executed)

    def words(self, operand: str) -> int:
        """Elements of the tensor ``operand`` (W, I or O); I without padding."""
        extents = self.extents
        if operand == "I":
            assert self.y is not None
            assert self.x is not None
            return self.B * self.G * self.C * self.y.size * self.x.size
        return prod(extents[dim] for dim in RELEVANT[operand])
