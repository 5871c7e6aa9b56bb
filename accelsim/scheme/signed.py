"""Which signed integer stands for an unsigned one at a multiplier?

Codes 0..2^b - 1 become -2^(b-1)..2^(b-1) - 1 when the zero point is moved as far: once and for all
for weights, in the constant of their quantizer for activations. Multipliers take signed integers.
"""

from __future__ import annotations

from accelsim.precision import CATALOG, Format, element_of, grouped


def signed_weight(stored: Format) -> Format:
    """Return an unsigned format of weights as the signed one with a zero point; any other as it is."""
    if stored.kind != "uint" or _is_named_block(stored):
        return stored
    bare = CATALOG[f"int{stored.bits}"]
    if stored.block is None:
        return grouped(bare, "tensor", zero_point=bare.name) if bare.bits < 32 else bare
    zero = stored.block.zero_point
    shifted = bare.name if zero in (None, element_of(stored).name) else zero
    return grouped(bare, stored.block.size, stored.block.scale, shifted)


def signed_activation(stored: Format) -> Format:
    """Return an unsigned format of activations, one static scale per tensor, as the signed one.

    Its zero point is a constant of the program: what it adds to an output is part of the bias.
    """
    if stored.kind != "uint" or _is_named_block(stored) or (stored.block and stored.block.size != "tensor"):
        return stored
    return CATALOG[f"int{stored.bits}"]


def _is_named_block(stored: Format) -> bool:
    return stored.block is not None and stored.name in CATALOG
