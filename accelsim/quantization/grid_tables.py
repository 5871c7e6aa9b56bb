"""Which values do code books of 16 hold?"""

from __future__ import annotations

NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
"""Dettmers et al., QLoRA (2023), appendix E: quantiles of a Gaussian, with an exact zero (from memory)."""

_FP4_TWELFTHS = (0.0625, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
FP4_BITSANDBYTES = (
    *(-part / 12 for part in reversed(_FP4_TWELFTHS)), 0.0, *(part / 12 for part in _FP4_TWELFTHS),
)  # fmt: skip
"""bitsandbytes FP4, in twelfths of the largest value (from memory); plus and minus zero are one value."""

IQ4_NL = tuple(map(float, (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)))
"""ggml-common.h kvalues_iq4nl."""

_TABLES = {"nf4": NF4, "nf4_dq": NF4, "fp4_dq": FP4_BITSANDBYTES, "iq4_nl": IQ4_NL, "iq4_xs": IQ4_NL}


def table_of(name: str) -> tuple[float, ...] | None:
    """Return the values of the code book that the format called ``name`` has, in rising order; None = it has none."""
    return _TABLES.get(name)
