"""What is costed: one layer in given number formats, with the operands that never leave the chip.

Layers that are alike in all three are costed once. A `Batch` lays cases out as arrays, so that a
whole network, or many mappings of one layer, is one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.engine.sparsity import DENSE_WORK, Work
from accelsim.hardware.chip import Chip, Level
from accelsim.precision import Format
from accelsim.scheme import LayerFormats
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """One layer to cost.

    Parameters
    ----------
    layer : Layer
        A layer with a loop nest.
    formats : LayerFormats
        How its operands are stored, moved and multiplied.
    vector_format : Format
        Of the layer's vector operations, and of its bias, which is stored in it.
    resident : frozenset of str
        Operands of "WIO" whose whole tensor stays in the chip's home level (see `home`).
    reserved_bits : float
        What other tensors take of the home level while the layer runs.
    work : Work
        Which share of its dense MACs the chip does, and which of its words are coded.
    """

    layer: Layer
    formats: LayerFormats
    vector_format: Format
    resident: frozenset[str] = frozenset()
    reserved_bits: float = 0.0
    work: Work = DENSE_WORK

    @property
    def shape(self) -> Shape:
        """The loop nest of the layer."""
        assert self.layer.shape is not None
        return self.layer.shape

    @property
    def identity(self) -> tuple[object, ...]:
        """What the cost depends on: two cases that agree in it are costed once."""
        layer, kept = self.layer, (self.resident, self.reserved_bits)
        return self.shape, self.formats, self.vector_format, kept, layer.vector_ops, layer.parameters, self.work


@dataclass(frozen=True)
class Batch:
    """Cases to evaluate together: ``case_of[i]`` says which case mapping ``i`` belongs to."""

    chip: Chip
    cases: Sequence[Case]
    case_of: Ints

    def each(self, value: Callable[[Case], float]) -> Floats:
        """Return ``value`` of every case as one array over the mappings, shape (n,)."""
        return np.array([float(value(case)) for case in self.cases])[self.case_of]


def home(chip: Chip) -> Level | None:
    """Return the level where whole tensors may stay: the outermost bounded one that stands once on chip."""
    for level in reversed(chip.levels[:-1]):
        if level.depth == 0 and level.capacity_bits is not None and {"I", "O"} <= set(level.holds):
            return level
    return None
