"""Which weights and activations does a model hold, and along which axis are their channels?

Values are read one tensor at a time, when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from accelsim.errors import InputError, did_you_mean

Role = Literal["weights", "activations"]
SUFFIXES = (".onnx", ".safetensors", ".npz", ".npy")


@dataclass(frozen=True)
class TensorSource:
    """One tensor whose values are read on demand.

    Parameters
    ----------
    layer : str
        Name of the layer that it belongs to, as schemes match it.
    tensor : str
        Its own name.
    role : {"weights", "activations"}
    shape : tuple of int
    axis : int
        Axis of its output channels.
    read : callable
        Returns its values.
    """

    layer: str
    tensor: str
    role: Role
    shape: tuple[int, ...]
    axis: int
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class Tensors:
    """The tensors of one model.

    Parameters
    ----------
    name : str
        What the model is called.
    sources : tuple of TensorSource
    weightless : tuple of str
        Layers that have no weights, as far as the model tells.
    notes : tuple of str
        What was left out, and why.
    """

    name: str
    sources: tuple[TensorSource, ...]
    weightless: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[TensorSource]:
        return iter(self.sources)

    def only(self, patterns: Sequence[str]) -> Tensors:
        """Return the tensors of the layers that match one of ``patterns`` (``layer1.*``).

        Raises
        ------
        InputError
            A pattern matches no layer that has weights.
        """
        for pattern in patterns:
            if any(fnmatchcase(one.layer, pattern) for one in self):
                continue
            named = [one.layer for one in self]
            if any(fnmatchcase(one, pattern) for one in self.weightless):
                raise InputError(
                    f"layer {pattern} of {self.name} has no weights to quantize; layers that have some are "
                    f"{_few(named)}. Its activations take calibration data."
                )
            hint = did_you_mean(pattern, named) or f"; it has {_few(named)}."
            raise InputError(f"{self.name} has no layer {pattern!r} with weights{hint}")
        kept = tuple(one for one in self if any(fnmatchcase(one.layer, pattern) for pattern in patterns))
        return Tensors(self.name, kept, self.weightless, self.notes)


def _few(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")


def tensors_of(model: Any) -> Tensors:
    """Return the weights of a model.

    Parameters
    ----------
    model : path, torch.nn.Module or mapping of str to ndarray
        An ONNX file, a safetensors file or folder of one, an npz or npy file, a module, or arrays by name.
        Biases and norms, which have fewer than two axes, are left out except of npz files and mappings.

    Raises
    ------
    InputError
        It is none of these, or has no weights that are stored as floats.
    UsageError
        The package that reads it is not installed.
    """
    if isinstance(model, Mapping):
        from accelsim.quantization.tensors_arrays import array_tensors

        found = array_tensors("the arrays", model, "weights")
    elif isinstance(model, str | Path):
        found = _of_file(Path(model))
    elif hasattr(model, "named_modules"):
        from accelsim.quantization.tensors_torch import torch_tensors

        found = torch_tensors(model)
    else:
        raise InputError(
            f"a model must be a path, a torch.nn.Module or arrays by name to quantize; got {type(model).__name__}."
        )
    if not found.sources:
        raise InputError(f"{found.name} has no weights stored as floats, so there is nothing to quantize.")
    return found


def _of_file(path: Path) -> Tensors:
    if not path.exists():
        raise InputError(
            f"there is no file {path}. Give a model with weights, {', '.join(SUFFIXES)}: a workload has only shapes."
        )
    suffix = path.suffix.lower()
    if suffix in (".npz", ".npy"):
        from accelsim.quantization.tensors_arrays import file_tensors

        return file_tensors(path, "weights")
    if suffix == ".onnx":
        from accelsim.quantization.tensors_onnx import onnx_tensors

        return onnx_tensors(path)
    if suffix == ".safetensors" or path.is_dir() or path.name.endswith(".safetensors.index.json"):
        from accelsim.quantization.tensors_safetensors import safetensors_tensors

        return safetensors_tensors(path)
    raise InputError(f"a model with weights must end in {', '.join(SUFFIXES)}, or be a folder; got {path}.")


def calibration_tensors(data: str | Path | Mapping[str, NDArray[Any]]) -> Tensors:
    """Return recorded activations: an npz or npy file, or arrays by name, the first axis being the batch.

    Raises
    ------
    InputError
        The file is none, or holds no arrays of numbers.
    """
    from accelsim.quantization.tensors_arrays import array_tensors, file_tensors

    if isinstance(data, Mapping):
        return array_tensors("the calibration data", data, "activations")
    return file_tensors(Path(data), "activations")
