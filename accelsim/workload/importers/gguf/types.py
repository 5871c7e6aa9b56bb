"""Which GGML type does a number in a GGUF file stand for, and how many bytes does a tensor of it take?"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from accelsim.errors import InputError, UnsupportedError


@dataclass(frozen=True)
class GgmlType:
    """One type: ``block`` elements of a row take ``bytes``; ``format`` is its name in `accelsim.precision`."""

    name: str
    format: str
    block: int
    bytes: int


_ROWS = {
    0: ("F32", "fp32", 1, 4), 1: ("F16", "fp16", 1, 2), 2: ("Q4_0", "q4_0", 32, 18), 3: ("Q4_1", "q4_1", 32, 20),
    6: ("Q5_0", "q5_0", 32, 22), 7: ("Q5_1", "q5_1", 32, 24), 8: ("Q8_0", "q8_0", 32, 34), 9: ("Q8_1", "q8_1", 32, 36),
    10: ("Q2_K", "q2_k", 256, 84), 11: ("Q3_K", "q3_k", 256, 110), 12: ("Q4_K", "q4_k", 256, 144),
    13: ("Q5_K", "q5_k", 256, 176), 14: ("Q6_K", "q6_k", 256, 210), 15: ("Q8_K", "q8_k", 256, 292),
    16: ("IQ2_XXS", "iq2_xxs", 256, 66), 17: ("IQ2_XS", "iq2_xs", 256, 74), 18: ("IQ3_XXS", "iq3_xxs", 256, 98),
    19: ("IQ1_S", "iq1_s", 256, 50), 20: ("IQ4_NL", "iq4_nl", 32, 18), 21: ("IQ3_S", "iq3_s", 256, 110),
    22: ("IQ2_S", "iq2_s", 256, 82), 23: ("IQ4_XS", "iq4_xs", 256, 136), 24: ("I8", "int8", 1, 1),
    25: ("I16", "int16", 1, 2), 26: ("I32", "int32", 1, 4), 27: ("I64", "int64", 1, 8), 28: ("F64", "fp64", 1, 8),
    29: ("IQ1_M", "iq1_m", 256, 56), 30: ("BF16", "bf16", 1, 2), 34: ("TQ1_0", "tq1_0", 256, 54),
    35: ("TQ2_0", "tq2_0", 256, 66), 39: ("MXFP4", "mxfp4", 32, 17), 40: ("NVFP4", "nvfp4", 64, 36),
    41: ("Q1_0", "q1_0", 128, 18),
}  # fmt: skip
"""gguf-py 0.19 ``GGMLQuantizationType`` and ``GGML_QUANT_SIZES``; Q8_1 as in ggml-common.h, 36 bytes and not 40."""

TYPES = MappingProxyType({number: GgmlType(*row) for number, row in _ROWS.items()})
FORMATS = MappingProxyType({type_.name: type_.format for type_ in TYPES.values()})
"""Format of each type by the type's name."""

RETIRED = {4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8",
           36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8"}  # fmt: skip
"""Types that ggml no longer reads (ggml.h)."""


def ggml_type(number: int, where: str) -> GgmlType:
    """Return the type of a number; a retired or unknown one raises UnsupportedError or InputError."""
    if number in TYPES:
        return TYPES[number]
    if number in RETIRED:
        raise UnsupportedError(
            f"{RETIRED[number]} is a GGML type that was retired; quantize the model again to Q4_0 or IQ4_NL.",
            where=where,
        )
    raise InputError(f"a GGML type must be a number from 0 to {max(TYPES)} that is in use; got {number}.", where=where)
