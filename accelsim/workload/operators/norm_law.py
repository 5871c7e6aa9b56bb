"""How many operations is a layer norm or an RMS norm, with and without gain and shift?"""

from __future__ import annotations

from accelsim.workload.vector import Ops, merge, ops


def norm_ops(rows: int, width: int, *, centered: bool, gain: bool, shift: bool) -> Ops:
    """Return the operations of a layer norm (``centered``) or RMS norm over ``rows`` of ``width`` values.

    With gain and shift as `accelsim.workload.vector.layer_norm_ops` and ``rms_norm_ops``; without, less
    one multiply or one add per value.
    """
    scale = ops(multiply=rows * ((2 + gain) * width + 1), add=rows * (width + 1), sqrt=rows, divide=rows)
    center = ops(add=rows * 2 * width, multiply=rows) if centered else ()
    return merge(center, scale, ops(add=rows * width if shift else 0))
