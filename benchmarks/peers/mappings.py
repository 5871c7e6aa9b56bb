"""How would accelsim write a peer's mapping? As a nest, so that both tools cost one and the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil, prod
from typing import Any

import numpy as np

from accelsim.engine.capacity import check_fit
from accelsim.engine.case import Batch, Case
from accelsim.engine.evaluate import evaluate
from accelsim.hardware.chip import Chip
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import Shape

TENSORS = {"T0": "I", "W0": "W", "T1": "O", "W": "W", "I": "I", "O": "O"}
DIMS = {"n0": "C", "n1": "K", "p": "OY", "q": "OX", "c": "C", "r": "FY", "s": "FX", "n": "B"}
"""AccelForge's names; m is the rows of a matrix product and the output channels of a convolution."""


def from_accelforge(text: str, shape: Shape) -> Nest:
    """Read ``T-m in [0..4) shape=2``, ``S-FANOUT-k ...`` and ``W,I reserves LEVEL``: held from there down."""
    dims = DIMS | {"m": "K" if shape.FY * shape.FX > 1 else "B"}
    found = re.finditer(r"(\S+) reserves (\w+)|T-(\w+) in \S+ shape=(\d+)|S-(\w+)-(\w+) in \S+ shape=(\d+)", text)
    lines: list[Loop | Keep] = []
    for tensors, level, temporal, tile, fanout, spatial, across in (one.groups() for one in found):
        if tensors:
            lines.append(Keep(level, "".join(TENSORS[name] for name in tensors.split(","))))
        elif temporal:
            lines.append(Loop(dims[temporal], int(tile)))
        else:
            lines.append(Loop(dims[spatial], int(across), fanout))
    return Nest(tuple(lines))


def from_zigzag(mapping: Mapping[str, Sequence[Sequence[Sequence[Any]]]], shape: Shape, chip: Chip) -> Nest:
    """Read the temporal loops of each operand inside each of its levels, innermost first; the rest runs in space."""
    loops = [(dim, int(size)) for level in mapping["W"] for dim, size in level]  # innermost first, alike for all
    above: dict[int, list[Keep]] = {number: [] for number in range(len(loops) + 1)}  # by the number of loops inside
    for operand, levels in mapping.items():
        names = [level.name for level in chip.levels if operand in level.holds]
        inside = 0
        for name, own in list(zip(names, levels, strict=True))[:-1]:
            inside += len(own)
            above[inside].append(Keep(name, operand))
    order = [level.name for level in reversed(chip.levels)]
    handed, spread = shape.extents, False
    lines: list[Loop | Keep] = [Keep(chip.outermost.name, "WIO")]
    for left in range(len(loops), -1, -1):
        for keep in sorted(above[left], key=lambda keep: order.index(keep.level)):
            if chip.level(keep.level).depth and not spread:  # the fan-outs stand right above the first node inside them
                spread = True
                for fanout in chip.fanouts:
                    for dim in fanout.dims or ():
                        handed[dim] = prod(size for name, size in loops[:left] if name == dim)
                        lines.append(Loop(dim, handed[dim], fanout.name))
            lines.append(keep)
        if left:
            dim, size = loops[left - 1]
            handed[dim] = ceil(handed[dim] / size)
            lines.append(Loop(dim, handed[dim]))
    return Nest(tuple(lines))


def energy_pj(chip: Chip, case: Case, nest: Nest) -> float:
    """Return what accelsim charges for a nest that must be a mapping of the case and fit the chip."""
    nest.check(case.shape, Hierarchy(*chip.hierarchy))
    tiles = np.array([[loop.tile for loop in nest.loops]], dtype=np.int64)
    batch = Batch(chip, [case], np.zeros(1, dtype=np.int64))
    counts = count_many([case.shape], batch.case_of, nest, tiles)
    check_fit(batch, nest, counts)
    return float(evaluate(batch, nest, counts).energy_pj[0])
