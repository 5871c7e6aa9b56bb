"""Which samples is a network run on, and are they fit for that: numbers, finite, not all alike?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.rounding import check_finite

Array = NDArray[Any]
Data = str | Path | Array | Mapping[str, Array] | Sequence[Array]
"""What ``data`` may be; tensors of torch count as arrays."""


@dataclass(frozen=True)
class Given:
    """Arrays that a network is run on.

    Parameters
    ----------
    named : dict of str to ndarray
        By name; empty where they have none.
    ordered : tuple of ndarray
        In order, where they have no names.
    """

    named: Mapping[str, Array]
    ordered: tuple[Array, ...] = ()

    @property
    def samples(self) -> int:
        """How many samples there are: the first extent of the first array."""
        return int(next(iter((*self.ordered, *self.named.values()))).shape[0])


def read_data(data: Data | None) -> Given:
    """Return the inputs of a network.

    Parameters
    ----------
    data : path, ndarray, tensor, mapping of str to ndarray, or sequence of ndarray
        An npy or npz file; one array for a network with one input; arrays by the names of the inputs; or
        arrays in the order of the arguments. The first axis of each is that of the samples.

    Raises
    ------
    InputError
        There are none, one holds no numbers or no samples, is not finite, or every value is the same.
    """
    if data is None:
        raise InputError(
            "data must be given to run a network on: an .npz or .npy file, or arrays, the samples along the first "
            "axis. Without data only weights can be compared: accelsim error MODEL."
        )
    named, ordered = _arrays(data)
    found = {f"argument {place}": array for place, array in enumerate(ordered, 1)} | named
    if not found:
        raise InputError("data must hold at least one array; there is none.")
    for name, array in found.items():
        _check(name, array)
    if all(array.min() == array.max() for array in found.values()):
        name, array = next(iter(found.items()))
        raise InputError(
            f"data must vary to tell anything about a network; every value of {name} is {array.flat[0]:g}."
        )
    return Given(named, ordered)


def _arrays(data: Any) -> tuple[dict[str, Array], tuple[Array, ...]]:
    if isinstance(data, str | Path):
        from accelsim.quantization.tensors_arrays import file_tensors

        read = [(one.tensor, np.asarray(one.read())) for one in file_tensors(Path(data), "activations")]
        return ({}, (read[0][1],)) if len(read) == 1 else (dict(read), ())
    if isinstance(data, Mapping):
        return {str(name): _array(values) for name, values in data.items()}, ()
    if isinstance(data, list | tuple) and data and all(hasattr(one, "shape") for one in data):
        return {}, tuple(_array(values) for values in data)
    return {}, (_array(data),)


def _array(values: Any) -> Array:
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values
    return np.asarray(values)


def _check(name: str, array: Array) -> None:
    if array.dtype.kind not in "fiub":
        raise InputError(f"data must be real numbers; {name} has the type {array.dtype}.")
    if not array.ndim or not array.size:
        raise InputError(
            f"data must have samples along the first axis; {name} has the shape {array.shape}, which holds none."
        )
    if array.dtype.kind == "f":
        check_finite(array, f"data of {name}")
