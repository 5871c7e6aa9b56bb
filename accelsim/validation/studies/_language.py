"""What does one decode step of a language model move and do, and how is a time per token made of it?

::

    time per token = bytes / (efficiency * bandwidth) + fixed time

Bytes are those of accelsim's estimate of the step: weights as they are stored, with their scales, the KV cache that it
reads and writes, one row of the embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme, parse_scheme
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import LayerResult, Result
from accelsim.workload.catalog import load_workload

BYTES_ON = "a100-80gb"
"""Profile for the bytes of a step at batch 1.

They are the same on every chip whose cache holds the activations of a token.
"""


def format_schemes(name: str) -> tuple[Scheme, ...]:
    """Return the schemes of a format; of several, each holds for an equal share of the blocks.

    Q4_0 files of llama.cpp hold the head in Q6_K; in Q4_K_M it and, in 16 of 32 blocks, the value and down
    projections are Q6_K (llama.cpp, quantization of "Q4_K_M"; sizes of the files confirm both). gpt-fast has an
    fp16-sized scale per channel, or scale and zero point per 32; llm-awq a 4-bit zero point, and the head in fp16.
    """
    q6 = parse_scheme("wq6_ka16")
    plain = {"F16": "fp16", "BF16": "bf16", "Q8_0": "wq8_0a16", "INT8 per channel": "wint8gcsbf16abf16",
             "INT4 per 32": "wuint4g32sbf16zbf16abf16"}  # fmt: skip
    if name in plain:
        return (parse_scheme(plain[name]),)
    if name == "Q4_0":
        return (_over("wq4_0a16", {"lm_head": q6}),)
    if name == "Q4_K_M":
        mixed = {"lm_head": q6, "layers.v_proj": q6, "layers.down_proj": q6}
        return (_over("wq4_ka16", {"lm_head": q6}), _over("wq4_ka16", mixed))
    assert name == "AWQ INT4 per 128"
    return (_over("wuint4g128zuint4a16", {"lm_head": parse_scheme("fp16")}),)


def _over(base: str, layers: dict[str, Scheme]) -> Scheme:
    return replace(parse_scheme(base), overrides=tuple(layers.items()))


@dataclass(frozen=True)
class Step:
    """One decode step.

    Parameters
    ----------
    moved_bytes : float
        What it moves to and from DRAM.
    weight_bytes, scale_bytes, kv_bytes : float
        Of these: weights without their scales, scales and zero points, and the KV cache.
    conversions : float
        Weights that are converted before they are multiplied.
    launches : int
        Layers, repeats counted.
    macs : float
    """

    moved_bytes: float
    weight_bytes: float
    scale_bytes: float
    kv_bytes: float
    conversions: float
    launches: int
    macs: float

    @property
    def words(self) -> str:
        """What it moves, for a note."""
        scales = f" + {self.scale_bytes / 1e6:,.0f} MB scales" if self.scale_bytes else ""
        converted = f"; {self.conversions / 1e9:.1f} G conversions" if self.conversions else ""
        return f"{self.weight_bytes / 1e9:.2f} GB weights{scales} + {self.kv_bytes / 1e6:,.0f} MB KV{converted}"


@cache
def decode_step(model: str, format_: str, context: int, batch: int = 1, profile: str = BYTES_ON) -> Step:
    """Return what one decode step of a model, a name or a file, moves and does on a profile, in heuristic mappings."""
    network = load_workload(f"{model}/decode", batch=batch, context=context)
    steps = [_step(estimate(network, chip_of(profile), one, mapping="heuristic")) for one in format_schemes(format_)]
    return Step(*(sum(values) / len(steps) for values in zip(*(vars(one).values() for one in steps), strict=True)))


@cache
def chip_of(profile: str) -> Chip:
    """Return the chip of a shipped profile."""
    return load_profile(profile)


def bandwidth_bytes_per_s(profile: str) -> float:
    """Return the peak bandwidth of a shipped profile's memory."""
    chip = chip_of(profile)
    assert chip.outermost.read_bits_per_cycle is not None
    return float(chip.outermost.read_bits_per_cycle * chip.clock_hz.value / 8)


def _step(result: Result) -> Step:
    dram = result.chip.outermost.name
    weights = [one for one in result.layers if one.formats is not None and one.layer.second_operand == "weights"]
    caches = [one for one in result.layers if one.layer.second_operand == "kv" or one.layer.output_role == "kv"]
    scales = sum(_moved(one, dram, "W") * _overhead(one) * one.layer.repeat for one in weights)
    converted = sum(
        line.count * one.layer.repeat
        for one in weights for line in one.lines if line.part == "convert" and line.operand == "W"
    )  # fmt: skip
    return Step(
        result.dram_bits / 8,
        sum(_moved(one, dram, "W") * one.layer.repeat for one in weights) - scales,
        scales,
        sum(_moved(one, dram, "W" if one.layer.second_operand == "kv" else "O") * one.layer.repeat for one in caches),
        converted,
        sum(one.layer.repeat for one in result.layers),
        result.macs,
    )


def _moved(one: LayerResult, level: str, operand: str) -> float:
    lines = (line for line in one.lines if line.part == "memory" and line.place == level and line.operand == operand)
    return sum(line.total_bits for line in lines) / 8


def _overhead(one: LayerResult) -> float:
    """The share of a layer's stored weights that is scales and zero points."""
    assert one.formats is not None
    return 1 - float(one.formats.weight.payload_bits / one.formats.weight_bits)


def mean(values: Sequence[float]) -> float:
    """Return the mean of absolute values."""
    return sum(abs(value) for value in values) / len(values)
