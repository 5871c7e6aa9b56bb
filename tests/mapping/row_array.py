"""An explicit array of PEs that convolves row by row with real numbers, pass by pass, to check mappings against.

It places every logical set PE by PE, lets each PE multiply a filter row with an input row, adds the partial sums of a
set's column, and knows nothing of loop nests.
"""

from itertools import product
from math import ceil

import numpy as np


def placed(sets):
    """The PEs of a pass: (row, column) of the array to (filter row, output row, channel set, filter set)."""
    width = ceil(sets.e / sets.segments)
    found = {}
    for over_t, over_r, beside_t, beside_r in product(
        range(sets.down[1]), range(sets.down[0]), range(sets.across[1]), range(sets.across[0])
    ):
        for fy, oy in product(range(sets.taps), range(sets.e)):
            segment, column = divmod(oy, width)
            row = ((over_t * sets.down[0] + over_r) * sets.segments + segment) * sets.taps + fy
            at = row, (beside_t * sets.across[0] + beside_r) * width + column
            assert at not in found, "two PEs in one place"
            found[at] = (fy, oy, over_r * sets.across[0] + beside_r, over_t * sets.across[1] + beside_t)
    return found


def run(shape, sets, weights, inputs):
    """Convolve; return outputs, the most PEs that worked in a pass, and the cycles of the slowest PE of every pass."""
    pes = placed(sets)
    outputs = np.zeros((shape.B, shape.K, shape.OY, shape.OX), dtype=np.int64)
    most = cycles = 0
    for strip, taps in product(range(0, shape.OY, sets.e), range(0, shape.FY, sets.taps)):
        for first_k, first_c in product(range(0, shape.K, sets.p * sets.t), range(0, shape.C, sets.q * sets.r)):
            work = [
                one_pe(shape, sets, weights, inputs, outputs, (strip, taps, first_k, first_c), pe)
                for pe in pes.values()
            ]
            most, cycles = max(most, sum(one > 0 for one in work)), cycles + max(work)
    return outputs, most, cycles


def one_pe(shape, sets, weights, inputs, outputs, first, pe):
    """What one PE does in one pass; returns its multiply-accumulates."""
    strip, taps, first_k, first_c = first
    fy, oy, own_c, own_k = pe
    row, tap = strip + oy, taps + fy
    if row >= shape.OY or tap >= shape.FY or oy >= sets.e or fy >= sets.taps:
        return 0
    filters = range(first_k + own_k * sets.p, min(first_k + (own_k + 1) * sets.p, shape.K))
    channels = range(first_c + own_c * sets.q, min(first_c + (own_c + 1) * sets.q, shape.C))
    y = row * shape.y.stride + tap * shape.y.dilation - shape.y.pad
    for image, k, c, ox in product(range(shape.B), filters, channels, range(shape.OX)):
        for fx in range(shape.FX):
            x = ox * shape.x.stride + fx * shape.x.dilation - shape.x.pad
            if 0 <= y < shape.y.size and 0 <= x < shape.x.size:
                outputs[image, k, row, ox] += weights[k, c, tap, fx] * inputs[image, c, y, x]
    return shape.B * len(filters) * len(channels) * shape.OX * shape.FX


def direct(shape, weights, inputs):
    """The convolution itself."""
    padded = np.zeros(
        (shape.B, shape.C, shape.y.size + 2 * shape.y.pad, shape.x.size + 2 * shape.x.pad), dtype=np.int64
    )
    padded[:, :, shape.y.pad : shape.y.pad + shape.y.size, shape.x.pad : shape.x.pad + shape.x.size] = inputs
    outputs = np.zeros((shape.B, shape.K, shape.OY, shape.OX), dtype=np.int64)
    for fy, fx in product(range(shape.FY), range(shape.FX)):
        rows = np.arange(shape.OY) * shape.y.stride + fy * shape.y.dilation
        columns = np.arange(shape.OX) * shape.x.stride + fx * shape.x.dilation
        outputs += np.einsum("kc,bcyx->bkyx", weights[:, :, fy, fx], padded[:, :, rows][:, :, :, columns])
    return outputs
