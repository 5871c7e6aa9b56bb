"""How fast is the prefill of a language model, and which share of the peak multiply rate does each stack reach?"""

from __future__ import annotations

from functools import cache
from statistics import median

from accelsim.hardware.catalog import load_profile
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Row
from accelsim.validation.measurements import rows, sources
from accelsim.workload.catalog import load_workload

TABLE = "llm_prefill"
NAME = "llm-prefill-stacks"
MODEL = "llama-2-7b/prefill"

_CANNOT = (
    "The peak is that of fp16 for every format but FP8: llama.cpp's CUDA kernels of 2025 multiply quantized weights in "
    "int8, others convert them to fp16 first, and both are faster or slower than the peak of fp16 says.",
    "Attention, norms and the fixed time of a pass are in the share; short prompts reach less of the peak.",
    "Peaks of cards without a profile are from memory; that of the RTX 4080 is of sums in fp16, twice that in fp32.",
)


def comparisons() -> list[Comparison]:
    """Return one comparison without bounds: all devices of a stack at the median share of other chips."""
    table = rows(TABLE)
    ideal = [_ideal_s(row) for row in table]
    measured = [int(row["tokens"]) / float(row["tokens_per_s"]) for row in table]
    shares = [ours / theirs for ours, theirs in zip(ideal, measured, strict=True)]
    compared, fitted, said = [], [], []
    for stack in dict.fromkeys(row["stack"] for row in table):
        places = [place for place, row in enumerate(table) if row["stack"] == stack]
        labels = tuple(_label(table[place]) for place in places)
        for place, label in zip(places, labels, strict=True):
            others = [shares[other] for other in places if table[other]["chip"] != table[place]["chip"]]
            share = median(others) if others else shares[place]
            compared.append(
                Row(label, ideal[place] / share * 1e3, measured[place] * 1e3, "shown" if others else "fitted",
                    f"{shares[place]:.0%} of the peak", stack)
            )  # fmt: skip
        own = [shares[place] for place in places]
        fitted.append(
            Fitted("share of the multiplies", median(own), "of the peak", labels, stack, True, (min(own), max(own)))
        )
        said.append(f"{stack}: {min(own):.0%} to {max(own):.0%} of the peak, {median(own):.0%} in the middle.")
    return [
        Comparison(
            NAME, "Llama 2 7B by software stack: time of a prefill", "time of the prefill", "ms", "software",
            sources(TABLE), tuple(compared), bounds_of(NAME), tuple(fitted), _CANNOT, " ".join(said),
        )
    ]  # fmt: skip


def _ideal_s(row: dict[str, str]) -> float:
    """The time at the peak multiply rate."""
    return prefill_macs(int(row["tokens"])) / peak_macs_per_s(row["profile"], row["settings"], row["peak_tflops"])


@cache
def prefill_macs(tokens: int) -> int:
    """Return the multiply-accumulates of a prefill."""
    return load_workload(MODEL, tokens=tokens).macs


@cache
def peak_macs_per_s(profile: str, settings: str, peak_tflops: str) -> float:
    """Return the peak of fp16: of a profile with settings (``array.core=7``), or as stated, two operations per MAC."""
    if not profile:
        return float(peak_tflops) / 2 * 1e12
    chip = load_profile(profile, dict(part.split("=") for part in settings.split()))
    lanes = 1
    for fanout in chip.fanouts:
        lanes *= fanout.size
    return float(chip.macs_per_pe_cycle("fp16", "fp16").value) * lanes * chip.clock_hz.value


def _label(row: dict[str, str]) -> str:
    return f"{row['device']} {row['format']} of {row['tokens']} tokens"
