"""What computes an ONNX graph: onnxruntime where it is installed, else the evaluator that comes with onnx?

onnxruntime runs without any optimization of the graph: every operator is computed as the file has it, so that two
runs differ in nothing but what was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError, UnsupportedError, UsageError
from accelsim.workload.importers.onnx.model import load_onnx

if TYPE_CHECKING:
    from onnx import ModelProto

Compute = Callable[[Sequence[str], Mapping[str, NDArray[Any]]], list[NDArray[Any]]]
MOST_BYTES = 2**31 - 1
"""Largest graph that protobuf can hand over."""
MOST_REASON = 200


@dataclass(frozen=True)
class Engine:
    """What runs graphs.

    Parameters
    ----------
    name : str
        With its version.
    load : callable
        From a graph to a function of (names to make, values by name).
    widens_half : bool
        Whether 16-bit floats between operators of one graph are computed on in 32 bits.
    """

    name: str
    load: Callable[[ModelProto], Compute]
    widens_half: bool = False


def engine_of(name: str) -> Engine:
    """Return an engine by its name; "auto" is onnxruntime where it is installed.

    Raises
    ------
    UsageError
        It is not installed.
    """
    onnx = load_onnx()
    if name in ("auto", "onnxruntime"):
        try:
            import onnxruntime
        except ImportError as error:
            if name == "onnxruntime":
                raise UsageError(
                    f"running ONNX files fast needs onnxruntime, which is not installed ({error}); run: pip install "
                    "'accelsim[run]', or take the engine reference."
                ) from None
        else:
            return Engine(f"onnxruntime {onnxruntime.__version__}", _in_onnxruntime, True)
    return Engine(f"onnx reference evaluator {onnx.__version__}", _in_reference)


def _in_onnxruntime(model: ModelProto) -> Compute:
    import onnxruntime

    if model.ByteSize() > MOST_BYTES:
        raise UnsupportedError(
            f"a network that is run must be smaller than 2 GiB; this one has {model.ByteSize() / 2**30:.1f} GiB."
        )
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    except Exception as error:
        raise _cannot("onnxruntime", error) from None

    def compute(fetch: Sequence[str], known: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            return list(session.run(list(fetch), dict(known)))
        except Exception as error:
            raise _cannot("onnxruntime", error) from None

    return compute


def _in_reference(model: ModelProto) -> Compute:
    from onnx.reference import ReferenceEvaluator

    try:
        evaluator = ReferenceEvaluator(model)
    except Exception as error:
        raise _cannot("onnx's reference evaluator", error) from None

    def compute(fetch: Sequence[str], known: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            return [np.asarray(one) for one in evaluator.run(list(fetch), dict(known))]
        except Exception as error:
            raise _cannot("onnx's reference evaluator", error) from None

    return compute


def _cannot(engine: str, error: Exception) -> InputError:
    """Return an engine's complaint as one sentence."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"the network must run on its data; {engine} cannot run it: {reason[:MOST_REASON].rstrip('.')}.")
