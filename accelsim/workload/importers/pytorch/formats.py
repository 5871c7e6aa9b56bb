"""In which number format does a torch dtype store a value?"""

from __future__ import annotations

from typing import Any

FORMATS = {
    "float64": "fp64",
    "float32": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "fp8e4m3",
    "float8_e5m2": "fp8e5m2",
    "int8": "int8",
    "uint8": "uint8",
    "int16": "int16",
    "int32": "int32",
}
"""Text of `accelsim.precision.parse_format` by the name of the dtype; indices (int64) and others have none."""


def stated_format(dtype: Any) -> str:
    """Return the format of a dtype, or "" if it is not that of a number that is computed with ("int64", "bool")."""
    return FORMATS.get(str(dtype).removeprefix("torch."), "")
