"""Which tensors does a model file store, in which type, and how many bytes does each take?

Read from headers alone: `TensorTable` is what a GGUF or safetensors file says of itself, whether or
not a graph is known for it. No tensor data is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from accelsim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

LONGEST_NAME = 300
MOST_DIMENSIONS = 8
MOST_ELEMENTS = 2**62


@dataclass(frozen=True, slots=True)
class Tensor:
    """One stored tensor.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Outermost dimension first, also of a GGUF file, which writes them the other way round.
    type : str
        As the file calls it: "Q4_K", "F32", "BF16", "I32".
    bytes : int
        Of its data, without the padding between tensors.
    offset : int
        Of its data in the file, counted from the first tensor's earliest place.
    file : str
        Name of the file that holds it, without its folder.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    bytes: int
    offset: int
    file: str

    @property
    def elements(self) -> int:
        """Stored elements; words of 32 bits where a file packs smaller values into them."""
        return prod(self.shape)

    @property
    def bits(self) -> Fraction:
        """Stored bits per element, scales inside the type included; 0 for an empty tensor."""
        return Fraction(8 * self.bytes, self.elements) if self.elements else Fraction(0)


@dataclass(frozen=True)
class TypeTotal:
    """All tensors of one type."""

    type: str
    tensors: int
    elements: int
    bytes: int

    @property
    def bits(self) -> Fraction:
        """Stored bits per element; 0 where there are none."""
        return Fraction(8 * self.bytes, self.elements) if self.elements else Fraction(0)


@dataclass(frozen=True)
class TensorTable:
    """The tensors of one model, over all of its files, in stored order.

    Parameters
    ----------
    name : str
        What the user named: a file or a folder.
    kind : {"GGUF", "safetensors"}
    files : tuple of str
        Names of the files, without their folder.
    tensors : tuple of Tensor
    about : dict
        What the header says besides: version, byte order, architecture ... as far as known.
    """

    name: str
    kind: str
    files: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    about: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tensors)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.tensors)

    def __getitem__(self, name: str) -> Tensor:
        """Return the tensor called ``name``; an unknown name raises InputError."""
        if name not in self.by_name:
            raise InputError(f"{self.name} has no tensor {name!r}.")
        return self.by_name[name]

    @cached_property
    def by_name(self) -> dict[str, Tensor]:
        """Tensors by name."""
        return {tensor.name: tensor for tensor in self.tensors}

    @property
    def bytes(self) -> int:
        """Bytes of all tensors, without padding and headers."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def elements(self) -> int:
        """Stored elements of all tensors."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def bits(self) -> Fraction:
        """Stored bits per element over all tensors; 0 where there are none."""
        return Fraction(8 * self.bytes, self.elements) if self.elements else Fraction(0)

    @cached_property
    def by_type(self) -> tuple[TypeTotal, ...]:
        """Totals of each type, the one with most bytes first."""
        types: dict[str, list[Tensor]] = {}
        for tensor in self.tensors:
            types.setdefault(tensor.type, []).append(tensor)
        totals = [
            TypeTotal(type_, len(found), sum(one.elements for one in found), sum(one.bytes for one in found))
            for type_, found in types.items()
        ]
        return tuple(sorted(totals, key=lambda total: (-total.bytes, total.type)))

    def frame(self) -> pd.DataFrame:
        """Return one row per tensor: name, type, shape, elements, bytes, bits per element, file."""
        import pandas as pd

        rows = [
            (one.name, one.type, one.shape, one.elements, one.bytes, float(one.bits), one.file) for one in self.tensors
        ]
        return pd.DataFrame(rows, columns=["name", "type", "shape", "elements", "bytes", "bits_per_element", "file"])


def check_name(name: str, where: str) -> str:
    """Return a tensor's name, or raise InputError where it is too long or not printable text."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        shown = ascii(name[:40])
        raise InputError(
            f"a tensor's name must be 1 to {LONGEST_NAME} printable characters; got {len(name)}: {shown}.", where=where
        )
    return name


def check_places(tensors: list[Tensor], available: int, where: str, gaps: bool) -> None:
    """Refuse tensors that lie outside their file or on top of each other.

    Parameters
    ----------
    available : int
        Bytes of the file behind its header.
    gaps : bool
        Whether padding may stand between tensors.

    Raises
    ------
    InputError
        The file ends before a tensor does, two overlap, or there is a gap where none may be.
    """
    end, last = 0, ""
    for tensor in sorted(tensors, key=lambda one: (one.offset, one.bytes)):
        if tensor.offset < end and tensor.bytes:
            raise InputError(
                f"tensors must not overlap; {tensor.name} begins at byte {tensor.offset}, inside {last}.", where=where
            )
        if tensor.offset > end and not gaps:
            raise InputError(f"{tensor.name} must begin where {last or 'the header'} ends, at byte {end}; "
                             f"its offset is {tensor.offset}.", where=where)  # fmt: skip
        if tensor.offset + tensor.bytes > available:
            raise InputError(
                f"the file is truncated: {tensor.name} ends at byte {tensor.offset + tensor.bytes} of the tensor data, "
                f"of which the file holds {max(available, 0)}. Fetch it again.",
                where=where,
            )
        end, last = max(end, tensor.offset + tensor.bytes), tensor.name
