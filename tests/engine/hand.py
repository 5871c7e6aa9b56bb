"""What the tests by hand share: two small chips, one matrix product, and how to cost a case directly."""

from collections import Counter
from pathlib import Path

import numpy as np

from accelsim.engine.case import Batch, Case
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.scheme import parse_scheme
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape

DATA = Path(__file__).parent / "data"
TINY, REGISTERS, SYSTOLIC = (str(DATA / f"{name}.yaml") for name in ("tiny", "registers", "systolic"))

# O[4 x 2] = I[4 x 8] W[8 x 2]: 64 MACs on 16 words of W, 32 of I and 8 of O.
GEMM = Layer("product", "linear", Shape.gemm(M=4, N=2, K=8))
DRAM, BUFFER = Keep("DRAM", "WIO"), Keep("buffer", "WIO")
WHOLE = Nest((DRAM, BUFFER, Loop("B", 1), Loop("C", 1), Loop("K", 1, "pes")))
BY_ROW = Nest((DRAM, Loop("B", 1), BUFFER, Loop("C", 1), Loop("K", 1, "pes")))
# Each PE keeps its column of W, a row of I and one word of O.
IN_PES = Nest((DRAM, BUFFER, Loop("B", 1), Loop("K", 1, "pes"), Keep("register", "WIO"), Loop("C", 1)))


def bill(result):
    """Energy in pJ by (part, place, operand, action)."""
    found = Counter()
    for line in result.lines:
        found[line.part, line.place, line.operand, line.action] += line.energy_pj
    return found


def part(result, name):
    """Energy in pJ of one part of the bill."""
    return sum(line.energy_pj for line in result.lines if line.part == name)


def one_case(chip_path, nest, scheme="fp32", resident="", reserved_bits=0.0, overrides=None, layer=GEMM):
    """A batch of one case, with its counts, for what `evaluate_mapping` does not reach: resident operands."""
    chip, scheme = load_profile(chip_path, overrides or {}), parse_scheme(scheme)
    case = Case(layer, scheme.resolve(layer), scheme.vector_format, frozenset(resident), reserved_bits)
    tiles = np.array([[loop.tile for loop in nest.loops]], dtype=np.int64)
    zero = np.zeros(1, dtype=np.int64)
    return Batch(chip, [case], zero), count_many([layer.shape], zero, nest, tiles)
