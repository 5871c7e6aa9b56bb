"""Which searches are compared, and on which chips? Each job as the peer reads it and as accelsim reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from accelsim.engine.case import Case
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.precision import parse_format
from accelsim.scheme import LayerFormats
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape

HERE = Path(__file__).parent
MATMUL = Shape.gemm(M=1024, N=1024, K=1024)
CONV = Shape(K=64, C=64, OY=56, OX=56, FY=3, FX=3)
HALO = "AccelForge reuses a halo only along the loop directly above a tile, accelsim along every loop"
RETURNS = "AccelForge writes a partial sum that comes back into every PE that shares it, accelsim into one"
ZERO = "ZigZag also reads the partial sum that is no more than zero, and rounds accesses up to whole ports"
LAST = "its MACs do not read again the word that they read last"

Peer = Literal["accelforge", "zigzag"]


@dataclass(frozen=True)
class Job:
    """One search.

    Parameters
    ----------
    name : str
    peer : {"accelforge", "zigzag"}
    asked : mapping
        What the peer's script reads.
    profile : str
        The equivalent chip, a file in chips/.
    unit_pj : float
        What the peer's unit of energy is in pJ.
    settings : mapping of str to str
        Changes to the profile.
    shape : Shape or None
        None is the whole of ResNet-18.
    accumulator : str
        Format of the partial sums.
    constraints : Constraints
        What the peer's rules exclude, divisors apart.
    runs : int
        Of the peer: the first in its process, then warm ones.
    limit_s : float
        When the peer is stopped.
    differs : str
        What is not equal on both sides.
    """

    name: str
    peer: Peer
    asked: Mapping[str, Any]
    profile: str
    unit_pj: float = 1.0
    settings: Mapping[str, str] = field(default_factory=dict)
    shape: Shape | None = MATMUL
    accumulator: str = "int8"
    constraints: Constraints = field(default_factory=Constraints)
    runs: int = 2
    limit_s: float = 120.0
    differs: str = ""

    @property
    def chip(self) -> Chip:
        """The equivalent chip."""
        return load_profile(str(HERE / "chips" / self.profile), dict(self.settings))

    def case(self, shape: Shape) -> Case:
        """Return a layer of the shape with 8-bit operands."""
        byte, eight = parse_format("int8"), Fraction(8)
        formats = LayerFormats(
            weight=byte, input=byte, output=byte, weight_bits=eight, input_bits=eight, output_bits=eight,
            compute_weight=byte, compute_input=byte, accumulator=parse_format(self.accumulator), family="native",
        )  # fmt: skip
        return Case(Layer(self.name, "conv" if shape.FY * shape.FX > 1 else "linear", shape), formats, byte)


def _accelforge(architecture: str, workload: str = "matmuls.yaml", **more: Any) -> dict[str, Any]:
    """A job of AccelForge; files beside this one are told from its examples by their absolute path."""
    values = {"N_EINSUMS": 1, "M": 1024, "KN": 1024} if workload == "matmuls.yaml" else {"BATCH_SIZE": 1}
    own = {"architecture": HERE / "arches" / architecture, "workload": HERE / "workloads" / workload}
    names = {"architecture": architecture, "workload": workload}
    asked = {key: str(path) if path.exists() else names[key] for key, path in own.items()}
    return asked | {"values": values | more.pop("values", {})} | more


def _simple(bits: int) -> Job:
    return Job(
        f"1024^3 matmul, two levels, {bits} bits", "accelforge",
        _accelforge("simple.yaml", values={"MainMemoryEnergy": 100, "GlobalBufferSize": bits}),
        "two-level.yaml", settings={"levels.GlobalBuffer.capacity_bits": str(bits)},
    )  # fmt: skip


def _zigzag(accelerator: str, mapping: str) -> dict[str, Any]:
    loops = {dim: size for dim, size in CONV.extents.items() if dim != "G"}
    layer = {
        "id": 0,
        "operator_type": "Conv",
        "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
        "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
        "loop_dims": list(loops),
        "loop_sizes": list(loops.values()),
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
        "operand_source": {"W": 0, "I": 0},
    }
    return {"accelerator": accelerator, "mapping": mapping, "workload": [layer]}


NVDLA = Constraints(keeps={"GlobalBuffer": "WIO", "Register": "W"})
TPU = Constraints(keeps={"LocalBuffer": "IO", "Register": "W"})
EYERISS = Constraints(
    keeps={"InputScratchpad": "I", "WeightScratchpad": "W", "OutputScratchpad": "O"},
    nodes=(("InputScratchpad", "I"), ("WeightScratchpad", "W"), ("OutputScratchpad", "O")),
)
ZIGZAG_TPU = Constraints(
    keeps={"sram_2MB": "IO", "rf_128B": "W", "rf_2B": "O"}, spatial={"D1": {"K": None}, "D2": {"C": None}}
)
ZIGZAG_EYERISS = Constraints(
    keeps={"sram_1M": "IO", "sram_64KB": "W", "sram_8KB": "O", "rf_64B_A": "I", "rf_64B_W": "W", "rf_16B": "O"},
    spatial={"D1": {"K": None}, "D2": {"C": None}},
)
FULL_USE = "AccelForge must use as much of both fan-outs as it can"
JOBS = (
    _simple(4096),
    _simple(32768),
    Job("1024^3 matmul, NVDLA", "accelforge", _accelforge("nvdla.yaml"), "nvdla.yaml", 1e12,
        constraints=NVDLA, differs=FULL_USE),
    Job("1024^3 matmul, TPU v4i", "accelforge",
        _accelforge("tpu_v4i.yaml", replace={"may_reuse: Nothing": "may_reuse: All"}), "tpu-v4i.yaml", 1e12,
        constraints=TPU, differs=f"{FULL_USE}; its four arrays may share a read, as accelsim's do"),
    Job("1024^3 matmul, Eyeriss", "accelforge", _accelforge("eyeriss.yaml"), "eyeriss.yaml",
        constraints=EYERISS, differs=f"{FULL_USE}; {RETURNS}; leakage is left out on both sides"),
    Job("3x3 convolution, NVDLA", "accelforge", _accelforge("nvdla.yaml", "conv3x3.yaml"), "nvdla.yaml", 1e12,
        shape=CONV, constraints=NVDLA, differs=f"{FULL_USE}; {HALO}"),
    Job("3x3 convolution, Eyeriss", "accelforge", _accelforge("eyeriss.yaml", "conv3x3.yaml"), "eyeriss.yaml",
        shape=CONV, constraints=EYERISS, runs=1, differs=f"{FULL_USE}; {RETURNS}; {HALO}"),
    Job("3x3 convolution, ZigZag's TPU", "zigzag", _zigzag("tpu_like.yaml", "tpu_like.yaml"), "zigzag-tpu.yaml",
        shape=CONV, accumulator="int16", constraints=ZIGZAG_TPU, differs=f"{ZERO}; {LAST}"),
    Job("3x3 convolution, ZigZag's Eyeriss", "zigzag", _zigzag("eyeriss_like.yaml", "default.yaml"),
        "zigzag-eyeriss.yaml", shape=CONV, accumulator="int16", constraints=ZIGZAG_EYERISS, differs=f"{ZERO}; {LAST}"),
    Job("ResNet-18, cold, ZigZag's TPU", "zigzag",
        {"accelerator": "tpu_like.yaml", "mapping": "tpu_like.yaml", "workload": "resnet18.onnx"}, "zigzag-tpu.yaml",
        shape=None, accumulator="int16", constraints=ZIGZAG_TPU, runs=1, differs=f"{ZERO}; {LAST}"),
    Job("ResNet-18, cold, NVDLA", "accelforge",
        _accelforge("nvdla.yaml", "compute_in_memory/resnet18.yaml"), "nvdla.yaml", 1e12,
        shape=None, constraints=NVDLA, runs=1, limit_s=90, differs=f"{FULL_USE}; {HALO}"),
)  # fmt: skip
"""In the order of the table."""
