"""Which library runs a layer on this machine? onnxruntime, torch or numpy, whichever is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from measured_host.kernels import FP32, INT8, Kernel

Run = Callable[[], object]


class Backend(Protocol):
    """A library that runs layers.

    Attributes
    ----------
    name : str
        With its version.
    formats : tuple of str
        What it can multiply here.
    """

    name: str
    formats: tuple[str, ...]

    def prepare(self, kernel: Kernel, format: str) -> Run:
        """Return what runs a layer once; its weights are ready."""
        ...


def values(kernel: Kernel) -> tuple[Any, Any]:
    """Return random inputs and weights of a layer in fp32: NCHW and OIHW, or (M, K) and (K, N)."""
    random = np.random.default_rng(0)
    if kernel.convolution:
        inputs = (kernel.batch, kernel.channels, kernel.size, kernel.size)
        weights = (kernel.out, kernel.channels, kernel.kernel, kernel.kernel)
    else:
        inputs, weights = (kernel.batch, kernel.channels), (kernel.channels, kernel.out)  # type: ignore[assignment]
    return random.standard_normal(inputs, dtype=np.float32), random.standard_normal(weights, dtype=np.float32)


@dataclass
class Onnxruntime:
    """Graphs of one node: MatMul and Conv in fp32, QLinearMatMul and QLinearConv in int8 (activations uint8)."""

    threads: int
    name: str = ""
    formats: tuple[str, ...] = (FP32, INT8)

    def __post_init__(self) -> None:
        import onnx  # noqa: F401
        import onnxruntime

        self.name = f"onnxruntime {onnxruntime.__version__}"

    def prepare(self, kernel: Kernel, format: str) -> Run:
        """Return what runs a layer once."""
        import onnxruntime

        from measured_host.onnx_graph import one_node

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        model, inputs = one_node(kernel, format, *values(kernel))
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"x": inputs})


@dataclass
class Torch:
    """``linear`` and ``conv2d`` in fp32; its int8 is not timed, since it has several that differ by build."""

    threads: int
    name: str = ""
    formats: tuple[str, ...] = (FP32,)

    def __post_init__(self) -> None:
        import torch

        torch.set_num_threads(self.threads)
        self.name = f"torch {torch.__version__}"

    def prepare(self, kernel: Kernel, format: str) -> Run:
        """Return what runs a layer once."""
        import torch

        inputs, weights = (torch.from_numpy(one) for one in values(kernel))
        if not kernel.convolution:
            return lambda: torch.matmul(inputs, weights)
        return lambda: torch.nn.functional.conv2d(inputs, weights, stride=kernel.stride, padding=kernel.pad)


@dataclass
class Numpy:
    """Matrix products of its BLAS in fp32; a convolution is one after its windows are copied side by side.

    Its threads are set where Python starts (OPENBLAS_NUM_THREADS), so it cannot be told to take fewer.
    """

    threads: int
    name: str = ""
    formats: tuple[str, ...] = (FP32,)

    def __post_init__(self) -> None:
        self.name = f"numpy {np.__version__}"

    def prepare(self, kernel: Kernel, format: str) -> Run:
        """Return what runs a layer once."""
        inputs, weights = values(kernel)
        if not kernel.convolution:
            return lambda: inputs @ weights
        pad, step = kernel.pad, kernel.stride
        columns = weights.reshape(kernel.out, -1).T
        padded = np.pad(inputs, ((0, 0), (0, 0), (pad, pad), (pad, pad)))

        def convolve() -> object:
            window = (kernel.kernel, kernel.kernel)
            windows = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(2, 3))[:, :, ::step, ::step]
            return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, columns.shape[0]) @ columns

        return convolve


KNOWN: dict[str, type[Any]] = {"onnxruntime": Onnxruntime, "torch": Torch, "numpy": Numpy}


def backend_of(name: str | None, threads: int) -> Backend:
    """Return the library of a name, or the first of onnxruntime, torch and numpy that is installed.

    Raises
    ------
    SystemExit
        The one asked for is not installed.
    """
    for known, kind in KNOWN.items():
        if name in (None, known):
            try:
                found: Backend = kind(threads)
            except ImportError as error:
                if name is not None:
                    raise SystemExit(f"error: {name} cannot be used: {error}.") from None
                continue
            return found
    raise SystemExit(f"error: --backend must be one of {', '.join(KNOWN)}; got {name!r}.")
