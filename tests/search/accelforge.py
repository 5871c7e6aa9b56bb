"""What did AccelForge search, and what did it find? Each row as a chip, a case, restrictions, a nest and its counts."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from accelsim.engine.case import Case
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.precision import parse_format
from accelsim.scheme import LayerFormats
from accelsim.workload.layer import Layer
from accelsim.workload.shape import DIMS, RELEVANT, Shape, Window

DATA = Path(__file__).parent / "data"
LEVELS = {"MainMemory": "DRAM", "GlobalBuffer": "GLB", "RegisterFile": "RF"}
TENSORS = {"T0": "I", "W0": "W", "T1": "O", "W": "W", "I": "I", "O": "O"}
LOOPS = {
    "two-level": {"m": "B", "n0": "C", "n1": "K"},
    "matmul": {"m": "B", "k": "C", "n": "K"},
    "conv": {"c": "C", "k": "K", "p": "OY", "q": "OX", "r": "FY", "s": "FX"},
}
KEEPS = {"keepall": {"GLB": "WIO", "RF": "WIO"}, "ws": {"GLB": "WIO", "RF": "W"}, "bypass": {}}
BYTE = parse_format("int8")
BYTES = LayerFormats(
    weight=BYTE, input=BYTE, output=BYTE, weight_bits=Fraction(8), input_bits=Fraction(8), output_bits=Fraction(8),
    compute_weight=BYTE, compute_input=BYTE, accumulator=BYTE, family="native",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One optimum of AccelForge.

    Parameters
    ----------
    name : str
    profile : str
    settings : mapping of str to str
        What the row changes in the profile.
    shape : Shape
    keeps : mapping of level to operands
        What every level must keep; a level that is not named may skip any operand.
    nest : Nest
    optimal_in : tuple of str
        Objectives that it is the optimum of.
    energy_pj, cycles : float
    bits : mapping of (level, operand or "", "read" or "write") to float
    used_bits : mapping of level to float
        What the tiles take of one instance.
    """

    name: str
    profile: str
    settings: Mapping[str, str]
    shape: Shape
    keeps: Mapping[str, str]
    nest: Nest
    optimal_in: tuple[str, ...]
    energy_pj: float
    cycles: float
    bits: Mapping[tuple[str, str, str], float]
    used_bits: Mapping[str, float]

    @property
    def chip(self) -> Chip:
        return load_profile(str(DATA / f"{self.profile}.yaml"), self.settings)

    @property
    def case(self) -> Case:
        kind = "matmul" if self.shape.OY * self.shape.OX == 1 else "conv"
        return Case(Layer(self.name, kind, self.shape, second_operand="activation"), BYTES, BYTE)

    @property
    def constraints(self) -> Constraints:
        """The restrictions under which AccelForge searched."""
        return Constraints(keeps=self.keeps, divisors=True)

    def value(self, objective: str) -> float:
        return {"energy": self.energy_pj, "latency": self.cycles, "edp": self.energy_pj * self.cycles}[objective]


def two_level() -> list[Row]:
    """The least energy of 12 matrix products on a main memory and a buffer."""
    return [
        Row(
            name=f"{row['M']}x{row['K']}x{row['N']}-{row['GLB_bits']}",
            profile="accelforge_two_level",
            settings={"levels.GLB.capacity_bits": row["GLB_bits"]},
            shape=Shape.gemm(M=int(row["M"]), N=int(row["N"]), K=int(row["K"])),
            keeps={},
            nest=nest_of(row["mapping"], LOOPS["two-level"]),
            optimal_in=("energy",),
            energy_pj=float(row["energy"]),
            cycles=float(row["latency_cycles"]),
            bits={
                (level, "", way): float(row[f"{level.lower()}_{way}_bits"])
                for level in ("DRAM", "GLB") for way in ("read", "write")
            },
            used_bits={},
        )
        for row in _read("accelforge_two_level.csv")
    ]  # fmt: skip


def three_level() -> list[Row]:
    """Optima in energy, latency and EDP on a main memory, a buffer, and PEs with registers."""
    return [
        Row(
            name=f"{row['id']}-{row['op']}-{row['arch']}-{row['placement']}",
            profile="accelforge_three_level",
            settings=_settings(row),
            shape=_shape(row),
            keeps=KEEPS[row["placement"]],
            nest=nest_of(row["mapping"], LOOPS[row["op"]]),
            optimal_in=tuple(metric for metric in ("energy", "latency", "edp") if row[f"is_min_{metric}"] == "1"),
            energy_pj=float(row["energy_pJ"]),
            cycles=float(row["latency_cycles"]),
            bits={
                (level, operand, way): float(row[f"{level.lower()}_{operand}_{way}"])
                for level in ("DRAM", "GLB", "RF") for operand in "WIO" for way in ("read", "write")
            },
            used_bits={level: float(row[f"{level.lower()}_used_bits"]) for level in ("GLB", "RF")},
        )
        for row in _read("accelforge_three_level.csv")
    ]  # fmt: skip


def _read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / name).read_text().splitlines()))


def _shape(row: dict[str, str]) -> Shape:
    if row["op"] == "matmul":
        return Shape.gemm(M=int(row["M"]), N=int(row["N"]), K=int(row["K"]))
    P, Q, R, S, C, K, stride = (int(row[name]) for name in ("P", "Q", "R", "S", "conv_C", "conv_K", "stride"))
    y, x = (Window(stride=stride, size=(out - 1) * stride + taps) for out, taps in ((P, R), (Q, S)))
    return Shape(K=K, C=C, OY=P, OX=Q, FY=R, FX=S, y=y, x=x)


def _settings(row: dict[str, str]) -> dict[str, str]:
    settings = {
        "multiply_pj.int8": row["E_mac"],
        "levels.GLB.capacity_bits": row["S_glb_bits"],
        "levels.RF.capacity_bits": row["R_rf_bits_per_PE"],
    }
    for way, short in (("read", "rd"), ("write", "wr")):
        for level in ("DRAM", "GLB", "RF"):
            settings[f"levels.{level}.{way}_pj_per_bit"] = row[f"E_{level.lower()}_{short}"]
        for level in ("DRAM", "GLB"):
            settings[f"levels.{level}.{way}_bits_per_cycle"] = row[f"BW_{level.lower()}_bits_per_cycle"]
    for axis in "XY":
        settings[f"array.{axis}"] = row[axis]
        rule = re.match(r"reuse: (\w)", row[f"spatial_rule_{axis}"])
        if rule:  # only loops along which this operand is the same in every instance
            settings[f"array.{axis}.dims"] = f"[{', '.join(sorted(set(DIMS) - RELEVANT[rule[1]]))}]"
    return settings


def nest_of(text: str, loops: Mapping[str, str]) -> Nest:
    """Read a mapping: ``T-m in [0..4) shape=2`` and ``S-X-k ...`` are loops; a tile is held from "reserves" down."""
    found = re.finditer(r"(\S+) reserves (\w+)|T-(\w+) in \S+ shape=(\d+)|S-(\w)-(\w+) in \S+ shape=(\d+)", text)
    lines: list[Loop | Keep] = []
    for tensors, level, temporal, tile, fanout, spatial, across in (one.groups() for one in found):
        if tensors:
            lines.append(Keep(LEVELS[level], "".join(TENSORS[name] for name in tensors.split(","))))
        elif temporal:
            lines.append(Loop(loops[temporal], int(tile)))
        else:
            lines.append(Loop(loops[spatial], int(across), fanout))
    return Nest(tuple(lines))
