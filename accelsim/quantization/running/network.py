"""What is asked of a network that is run: its layers with weights, its answer, and its answer with some changed?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.quantization.running.inputs import Data, read_data
from accelsim.quantization.tensors import TensorSource

Array = NDArray[Any]
ENGINES = ("auto", "onnxruntime", "reference")
"""What may run an ONNX file; a torch module runs itself."""


@dataclass(frozen=True)
class RunLayer:
    """A layer that can be changed: one with weights, or an operator that is the first to read an activation.

    Parameters
    ----------
    name : str
        As in the workload of the same model.
    weights : tuple of TensorSource
        Empty for an operator without any.
    reads : bool
        Whether it reads activations that are floats and that can be changed.
    note : str
        What cannot be seen or changed of it, and why.
    """

    name: str
    weights: tuple[TensorSource, ...]
    reads: bool = True
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What is changed of one layer while the network runs.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Other values for its tensors, by the tensors' names.
    read : callable or None
        Returns what it reads in place of an activation; None leaves that as it is.
    """

    weights: Mapping[str, Array] = field(default_factory=dict)
    read: Callable[[Array], Array] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run made.

    Parameters
    ----------
    output : ndarray
    after : mapping of str to ndarray
        What layers made, by layer, before any function that follows.
    """

    output: Array
    after: Mapping[str, Array]


class Runner(Protocol):
    """A network with its data."""

    name: str
    engine: str
    samples: int
    notes: tuple[str, ...]

    @property
    def layers(self) -> tuple[RunLayer, ...]:
        """What can be changed, in order of execution."""
        ...

    def reference(self) -> Outcome:
        """Return what the network makes with its own values."""
        ...

    def alone(self, layer: str, change: Change) -> Array:
        """Return the network's output with one layer changed."""
        ...

    def together(self, changes: Mapping[str, Change]) -> Outcome:
        """Return what the network makes with several layers changed at once."""
        ...


def runner_of(
    model: Any,
    data: Data | None,
    *,
    engine: str = "auto",
    output: str | None = None,
    layers: Sequence[str] = (),
    others: bool = False,
) -> Runner:
    """Return a model with its data, ready to run.

    Parameters
    ----------
    model : path of an ONNX file, or torch.nn.Module
    data : path, ndarray, tensor, mapping or sequence
        Inputs, the samples along the first axis; see `accelsim.quantization.running.inputs.read_data`.
    engine : {"auto", "onnxruntime", "reference"}
        What runs an ONNX file; "auto" is onnxruntime where it is installed, else onnx's reference evaluator.
    output : str, optional
        The output that is looked at, by name; by default the first of floats.
    layers : sequence of str
        Patterns of the layers that are looked at; by default all that have weights.
    others : bool
        Look at operators without weights too, as far as they read what no layer with weights does. In a torch
        module they cannot be seen.

    Raises
    ------
    InputError
        The model is neither, has no weights in such a layer, or its data do not fit it.
    UsageError
        The engine is unknown or not installed.
    """
    if engine not in ENGINES:
        raise UsageError(f"the engine must be one of {', '.join(ENGINES)}; got {engine!r}"
                         f"{did_you_mean(engine, ENGINES) or '.'}")  # fmt: skip
    given = read_data(data)
    if isinstance(model, str | Path):
        path = Path(model)
        if path.suffix.lower() != ".onnx":
            raise InputError(
                f"a network that is run must be an ONNX file or a torch.nn.Module; {path} is none. "
                "Other files hold weights without the network around them."
            )
        from accelsim.quantization.running.onnx_runner import OnnxRunner

        return OnnxRunner(path, given, engine=engine, output=output, patterns=layers, others=others)
    if hasattr(model, "named_modules"):
        if engine != "auto":
            raise UsageError(f"a torch module runs in torch; the engine {engine} is for ONNX files.")
        from accelsim.quantization.running.torch_runner import TorchRunner

        return TorchRunner(model, given, output=output, patterns=layers, others=others)
    raise InputError(f"a network that is run must be an ONNX file or a torch.nn.Module; got {type(model).__name__}.")
