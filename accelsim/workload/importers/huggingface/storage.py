"""Which number format do a checkpoint's bits, group size and zero points amount to?"""

from __future__ import annotations

from accelsim.workload.importers.huggingface.config import Config, short

BLOCK_128 = "fp8e4m3_128x128"
"""The catalog's fp8 with an fp32 scale per 128 x 128 weights."""


def integer(bits: int, group: int, *, zero_point: bool, scale: str = "") -> str:
    """Return integers of ``bits``, one scale per ``group`` of the reduction; -1 = per output channel.

    The scale is fp16 unless ``scale`` names another float; a zero point is as wide as an element.
    """
    size = "c" if group == -1 else str(group)
    scaled = f"s{scale}" if scale else ""
    return f"uint{bits}g{size}{scaled}zuint{bits}" if zero_point else f"int{bits}g{size}{scaled}"


def group_size(config: Config, field: str, default: int) -> int:
    """Return a group size of at least 1, or -1 for one group per output channel."""
    value = config.data.get(field)
    if (default if value is None else value) == -1:
        return -1
    return config.whole(field, default, most=2**20)


def fp8(block: tuple[int, int] | None) -> tuple[str, str]:
    """Return weights and activations of fp8 e4m3: scales per channel and per token, or per block of weights.

    A block of rows x columns has one fp32 scale; its activations have one per token and ``columns``.
    Blocks other than 128 x 128 are counted with a scale per row of them, at most 32/columns bits too many.
    """
    if block is None:
        return "fp8e4m3gcsfp32", "fp8e4m3"
    weights = BLOCK_128 if block == (128, 128) else f"fp8e4m3g{block[1]}sfp32"
    return weights, f"fp8e4m3g{block[1]}sfp32"


def told(config: Config, *, weights: bool) -> str:
    """Return the format that the arguments of a compressed-tensors quantization amount to.

    ``strategy`` is tensor, channel, group, block or tensor_group; token, for activations, is one
    scale per token, which leaves out 16 bits per token.
    """
    bits, kind = config.whole("num_bits", 8, most=16), config.text("type", "int")
    group = group_size(config, "group_size", -1)
    strategy = config.text("strategy", "group" if group > 0 else "tensor")
    if kind == "float" and (bits, group) == (4, 16):
        return "nvfp4"
    if kind == "float" and (bits, group) == (4, 32):
        return "mxfp4"
    if kind not in ("int", "float") or (kind == "float" and bits != 8):
        raise config.error("type", f"must be int, or float of 8 bits, or of 4 in groups; got {short(kind)} of {bits}.")
    if kind == "int" and bits < 2:
        raise config.error("num_bits", "must be at least 2; got 1.")
    zero_point = kind == "int" and not config.flag("symmetric", True)
    element = "fp8e4m3" if kind == "float" else f"{'u' if zero_point else ''}int{bits}"
    zero = f"zuint{bits}" if zero_point else ""
    if strategy == "block":
        return fp8(_block(config))[0] if kind == "float" else f"{element}g{_block(config)[1]}{zero}"
    sizes = {"tensor": "t", "channel": "c", "group": str(group), "tensor_group": str(group), "token": ""}
    if strategy not in sizes:
        raise config.error("strategy", f"must be one of {', '.join(sizes)}, block; got {short(strategy)}.")
    if strategy in ("group", "tensor_group") and group == -1:
        return f"{element}gc{zero}"
    if not weights and strategy in ("tensor", "token", "channel"):
        return f"int{bits}" if kind == "int" else element
    return f"{element}g{sizes[strategy] or 't'}{zero}"


def _block(config: Config) -> tuple[int, int]:
    value = config.data.get("block_structure")
    if isinstance(value, str) and all(part.isdecimal() and len(part) < 8 for part in value.split("x")):
        sides = [int(part) for part in value.split("x")]
        if len(sides) == 2 and min(sides) > 0:
            return sides[0], sides[1]
    return config.pair("block_structure")
