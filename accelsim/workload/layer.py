"""What does one layer compute, read and write, before any chip or number format is chosen?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from accelsim.errors import InputError
from accelsim.vocabulary import VECTOR_OPS
from accelsim.workload.shape import Shape
from accelsim.workload.sparsity import DENSE, Sparsity
from accelsim.workload.stated import Stated

KINDS = (
    "conv", "depthwise", "linear", "matmul", "pool", "elementwise",
    "norm", "softmax", "embedding", "recurrent", "other",
)  # fmt: skip

Role = Literal["weights", "activation", "kv"]


@dataclass(frozen=True)
class Extra:
    """A tensor in a format of its own that a layer without MACs reads or writes in the outermost level.

    Parameters
    ----------
    operand : {"I", "O"}
        Read or written.
    words : int
    bits : Fraction
        Of one word.
    """

    operand: Literal["I", "O"]
    words: int
    bits: Fraction


@dataclass(frozen=True)
class Layer:
    """One layer: its MAC loop nest if it has one, its vector operations and its tensors.

    Parameters
    ----------
    name, kind : str
        ``kind`` is one of `KINDS`.
    shape : Shape or None
        The loop nest; None for a layer without multiply-accumulates.
    second_operand : {"weights", "activation", "kv"}
        What plays W: stored weights, another activation, or the KV cache.
    output_role : {"activation", "kv"}
        Whether the result is an activation or is appended to the KV cache.
    vector_ops : tuple of (kind, count)
        Scalar operations on the vector unit, per repeat; kinds from `accelsim.vocabulary.VECTOR_OPS`.
    inputs : tuple of str
        Names of the producing layers; "input" is the network's input.
    input_elements, output_elements : int
        Activation words read and written, per repeat. With a shape they default to its I and O tensors.
    gathered_elements : int
        Weight words read by an embedding look-up (rows actually fetched), per repeat.
    row_elements : int
        Width of an embedding table: its elements that share a scale per row.
    parameters : int
        Stored parameters besides the W tensor of ``shape``: biases, norm scales, embedding tables.
    repeat : int
        How often the layer occurs, each time with its own parameters.
    unread_weights : int
        Stored elements of the W tensor that this pass does not read, per repeat: the experts of a
        mixture that no token chose. They are not in ``shape``.
    stated : Stated or None
        Formats that the model itself states for this layer; None where it states none.
    reuses_weights : bool
        Whether W is the weights of another layer, which counts them as stored (a backward pass reads them again).
    extra : tuple of Extra
        What else passes the outermost level: the states of an optimizer. Only of a layer without MACs.
    sparsity : Sparsity
        Declared densities of its tensors. Only of a layer with MACs.
    """

    name: str
    kind: str
    shape: Shape | None = None
    second_operand: Role = "weights"
    output_role: Literal["activation", "kv"] = "activation"
    vector_ops: tuple[tuple[str, int], ...] = ()
    inputs: tuple[str, ...] = ()
    input_elements: int = -1
    output_elements: int = -1
    gathered_elements: int = 0
    row_elements: int = 0
    parameters: int = 0
    repeat: int = 1
    unread_weights: int = 0
    stated: Stated | None = None
    reuses_weights: bool = False
    extra: tuple[Extra, ...] = ()
    sparsity: Sparsity = DENSE

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"layer {self.name}: kind must be one of {', '.join(KINDS)}; got {self.kind!r}.")
        for op, count in self.vector_ops:
            if op not in VECTOR_OPS or count < 0:
                raise InputError(f"layer {self.name}: {op!r} x {count} is not a count of a vector operation.")
        if self.sparsity and self.shape is None:
            raise InputError(f"layer {self.name}: densities are of layers with multiply-accumulates; it has none.")
        if self.repeat < 1:
            raise InputError(f"layer {self.name}: repeat must be at least 1; got {self.repeat}.")
        for side, operand in (("input_elements", "I"), ("output_elements", "O")):
            if getattr(self, side) < 0:
                words = self.shape.words(operand) if self.shape else 0
                object.__setattr__(self, side, words)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one repeat."""
        return self.shape.macs if self.shape else 0

    @property
    def weight_elements(self) -> int:
        """Stored elements of the W tensor of one repeat, unread ones included; 0 if W is not a weight of its own."""
        if self.shape is None or self.second_operand != "weights" or self.reuses_weights:
            return 0
        return self.shape.words("W") + self.unread_weights
