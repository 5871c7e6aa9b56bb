"""What does a scheme do, in one line?"""

from __future__ import annotations

from fractions import Fraction

from accelsim.precision import Format, element_of
from accelsim.scheme.scheme import Scheme

_EFFECT = {
    "reference": "{converted}; rate and energy of {compute}",
    "dequantize": "converted to {compute} first: less traffic, rate and energy of {compute}, conversions paid",
    "unpack": "unpacked to {compute}, rescaled {rescale}: less traffic, rate and energy of {compute}",
    "native": "multiplied as stored, rescaled {rescale}: less traffic and the rate and energy of {compute}",
}


def summarize(scheme: Scheme) -> str:
    """Return one line: family, stored bits and the effect on traffic, multiply rate and conversions."""
    how = scheme.multiply(scheme.weight_format)
    compute = how.weight.name if how.weight == how.input else f"{how.weight} by {how.input}"
    grouped = any(each.block and each.block.scale_group for each in (scheme.weight_format, scheme.activation_format))
    converted = (
        "nothing is converted" if scheme.kv_format == scheme.activation_format else "only the KV cache is converted"
    )
    effect = _EFFECT[how.family].format(
        compute=compute, converted=converted, rescale="per block" if grouped else "once per output"
    )
    stored = f"weights {_shown(scheme.weight_format)}, activations {_shown(scheme.activation_format)}"
    if scheme.kv_format != scheme.activation_format:
        stored += f", KV {_shown(scheme.kv_format)}"
    overrides = f"; {len(scheme.overrides)} per-layer overrides" if scheme.overrides else ""
    return f"{how.family}: {stored}; {effect}{overrides}."


def _shown(stored: Format) -> str:
    if stored.block and stored.block.size == "channel":
        return f"{element_of(stored)} ({_bits(stored.payload_bits)} bits + {stored.block.overhead_bits} per channel)"
    return f"{stored} ({_bits(stored.storage_bits())} bits)"


def _bits(bits: Fraction) -> str:
    return f"{float(bits):g}"
