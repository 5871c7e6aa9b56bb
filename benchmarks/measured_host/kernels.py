"""Which layers are timed, and which of them may the profile be fitted to? Matrix products, and layers of ResNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["fitted", "judged"]
FP32, INT8 = "fp32", "int8"


@dataclass(frozen=True)
class Kernel:
    """A layer to be timed: a matrix product (batch x channels) (channels x out), or a convolution of one image.

    Parameters
    ----------
    name : str
    role : {"fitted", "judged"}
        Whether the profile may be fitted to it.
    channels, out : int
        Input and output channels; of a product, K and N.
    batch : int
        Rows of a product, M; images of a convolution.
    size, kernel, stride : int
        Input height and width, filter height and width, stride; ``size`` is 0 for a product.
    """

    name: str
    role: Role
    channels: int
    out: int
    batch: int = 1
    size: int = 0
    kernel: int = 1
    stride: int = 1

    @property
    def convolution(self) -> bool:
        """Whether it is a convolution."""
        return self.size > 0

    @property
    def pad(self) -> int:
        """Rows and columns of zeros on each side."""
        return (self.kernel - 1) // 2

    @property
    def out_size(self) -> int:
        """Output height and width of a convolution; 1 for a product."""
        return (self.size + 2 * self.pad - self.kernel) // self.stride + 1 if self.convolution else 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.batch * self.out * self.channels * self.kernel**2 * self.out_size**2

    def workload(self) -> str:
        """Return it as a workload file."""
        plane = f", height: {self.size}, width: {self.size}" if self.convolution else ""
        layer = f"name: layer, kind: {'conv' if self.convolution else 'linear'}, out: {self.out}"
        if self.convolution:
            layer += f", kernel: {self.kernel}, stride: {self.stride}, pad: {self.pad}"
        return f"name: {self.name}\ninput: {{channels: {self.channels}{plane}}}\nlayers:\n  - {{{layer}}}\n"


def _gemm(role: Role, m: int, n: int, k: int) -> Kernel:
    return Kernel(f"gemv-{n}x{k}" if m == 1 else f"gemm-{m}x{n}x{k}", role, k, n, m)


def _conv(name: str, channels: int, out: int, size: int, kernel: int, stride: int = 1) -> Kernel:
    return Kernel(name, "judged", channels, out, 1, size, kernel, stride)


KERNELS = (
    _gemm("fitted", 32, 32, 32), _gemm("fitted", 64, 256, 256), _gemm("fitted", 256, 256, 256),
    _gemm("fitted", 512, 512, 512), _gemm("fitted", 1024, 1024, 1024),
    _gemm("fitted", 1, 1024, 1024), _gemm("fitted", 1, 4096, 4096), _gemm("fitted", 1, 8192, 4096),
    _gemm("judged", 128, 768, 768), _gemm("judged", 384, 1024, 2048), _gemm("judged", 8, 4096, 4096),
    _gemm("judged", 1, 2048, 2048), _gemm("judged", 1, 11008, 4096), _gemm("judged", 1, 1000, 2048),
    _conv("resnet-conv1-7x7", 3, 64, 224, 7, 2), _conv("resnet-56-3x3-64", 64, 64, 56, 3),
    _conv("resnet-28-3x3-128", 128, 128, 28, 3), _conv("resnet-14-3x3-256", 256, 256, 14, 3),
    _conv("resnet-7-3x3-512", 512, 512, 7, 3), _conv("resnet-56-1x1-64-256", 64, 256, 56, 1),
    _conv("resnet-14-1x1-1024-256", 1024, 256, 14, 1), _conv("resnet-28-down-1x1", 256, 512, 56, 1, 2),
)  # fmt: skip
"""Square products and products of one row to fit to; other products and all layers of ResNet to judge by."""
