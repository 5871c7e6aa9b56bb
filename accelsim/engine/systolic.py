"""How many cycles does a systolic array lose to skew, when it fills and when it drains?

In an R x C array operands enter one row or column later each cycle, so the last PE starts R + C - 2
cycles after the first. With double or ideal buffering of the stationary operand consecutive folds follow without
a gap and the skew is paid once; otherwise each fold pays it, and R more cycles to load the operand
(the fold time 2R + C + T - 2 of SCALE-Sim for weight- and input-stationary arrays).
"""

from __future__ import annotations

import numpy as np

from accelsim.engine.case import Batch, Floats
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Keep, Nest


def skew_cycles(batch: Batch, nest: Nest, counts: Counts) -> Floats:
    """Return the cycles lost to skew, shape (n,); zero for a broadcast array.

    The two innermost fan-outs are the array's rows and columns; every row and column is crossed,
    used or not. A fold is one box of the operand that the PEs' innermost registers keep.
    """
    chip = batch.chip
    none = np.zeros(len(batch.case_of))
    if chip.timing != "systolic" or len(chip.fanouts) < 2:
        return none
    rows, columns = (fanout.size for fanout in chip.fanouts[-2:])
    skew = rows + columns - 2
    register = next((level for level in chip.levels if level.depth == len(chip.fanouts)), None)
    if register is None or register.overlaps:
        return none + skew
    folds = none + 1
    for line in nest.lines:
        if isinstance(line, Keep) and line.level == register.name:
            for operand in line.operands:
                box = counts.boxes[register.name, operand]
                moved = counts.levels[register.name, operand]
                words = moved.fills if operand != "O" else moved.drains_partial + moved.drains_final
                used = none + 1
                for fanout in chip.fanouts:
                    used = used * counts.instances.get(fanout.name, 1)
                folds = np.maximum(folds, np.ceil(words / (box * used)))
    loading = rows if "O" not in register.holds else 0
    return np.asarray(folds * (skew + loading))
