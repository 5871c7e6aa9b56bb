"""Do the ratios that people quote hold, on paper and where both formats were measured on one device?"""

from __future__ import annotations

from functools import cache

from accelsim.hardware import load_profile
from accelsim.hardware.chip import Chip
from accelsim.simulation.estimate import estimate, estimate_layer
from accelsim.validation.bounds import bounds_of
from accelsim.validation.claims import CLAIMS, LANGUAGE, Claim, Tested, examine
from accelsim.validation.comparison import Comparison, Role, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies._language import decode_step, format_schemes
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape, Window

CHIPS, DECODE, PREFILL = "precision_chips", "llm_decode", "llm_prefill"
REFERENCE = ("F16", "FP16", "BF16")
COSTS = "horowitz-45nm"
CONVOLUTION = Layer(
    "conv", "conv", Shape(K=256, C=256, OY=14, OX=14, FY=3, FX=3, y=Window(pad=1, size=14), x=Window(pad=1, size=14))
)
"""A 3 x 3 convolution of ResNet-18's third stage."""
QUICK = ("gap9", "stm32-mcu")
"""Devices whose networks for images are run here; docs/quoted-ratios.md has all."""


def comparisons() -> list[Comparison]:
    """Return the claims, shown, and measured pairs: chips' energies, judged, and language models, shown.

    Mappings are weight-stationary; those of decode steps heuristic.
    """
    return [_claims(), _silicon(), _decode(), _prefill()]


def _claims() -> Comparison:
    found = [*examine(LANGUAGE, ("decode", "prefill")), *examine(QUICK, ("CNN",))]
    name = "quoted-ratios-claims"
    return Comparison(
        name, "What people quote of quantized inference, against estimates", "speed-up", "x", "claim",
        ("sayings without one author; the ratio beside each estimate is the nearest that the saying allows",),
        tuple(_claimed(one) for one in found if one.faster is not None), bounds_of(name), (),
        ("Times are rooflines: software gains less. All devices and networks for images: docs/quoted-ratios.md.",),
        " ".join(_said(claim, found) for claim in CLAIMS),
    )  # fmt: skip


def _claimed(one: Tested) -> Row:
    assert one.faster is not None
    quoted = min(max(one.faster, one.claim.low), one.claim.high)
    words = {"holds": "holds", "less": "does not hold", "more": "more than that"}[one.verdict]
    return Row(f"{one.device}, {one.task}", one.faster, quoted, "shown", f"{one.pair[1]} to {one.pair[0]}: {words}",
               one.claim.said)  # fmt: skip


def _said(claim: Claim, found: list[Tested]) -> str:
    own = [one for one in found if one.claim is claim and one.faster is not None]
    parts = []
    for task in dict.fromkeys(one.task for one in own):
        here = [one for one in own if one.task == task]
        parts.append(f"{sum(one.verdict == 'holds' for one in here)} of {len(here)} in {task}")
    return f'"{claim.said}" holds on {", ".join(parts)}.'


def _silicon() -> Comparison:
    name = "quoted-ratios-silicon"
    return Comparison(
        name, "Energy of an operation in few bits, pairs of one chip", "energy of the wider over the narrower", "x",
        "silicon", sources(CHIPS), tuple(_pair(row) for row in rows(CHIPS)), bounds_of(name), (),
        (f"All predictions have the costs of {COSTS} and its laws for other widths, whatever the chip's node; of chips "
         "a convolution's energy without DRAM, of PEs a MAC's.",
         "Voltage, clock and zeros that change together with the bits (Envision).",),
        _macs_alone(),
    )  # fmt: skip


def _macs_alone() -> str:
    wide, half, quarter = (_energy_pj("pe", one, one) for one in ("int8", "int4", "int2"))
    return (
        f"By multiply and add alone int4 takes {wide / half:.2f} and int2 {wide / quarter:.2f} times less than int8. "
        f"The convolution gains less because {COSTS} keeps every sum of 32 bits in a register of its PE and reads and "
        "writes it for each product; the chips measured add many products in a tree before they touch a sum."
    )


def _pair(row: dict[str, str]) -> Row:
    formats = [(row[f"{end}_weight"], row[f"{end}_input"]) for end in ("from", "to")]
    wide, narrow = (_energy_pj(row["what"], *pair) for pair in formats)
    values = float(row["from_value"]), float(row["to_value"])
    measured = values[1] / values[0] if row["unit"] == "TOPS/W" else values[0] / values[1]
    role: Role = "judged" if row["role"] == "judged" else "shown"
    words = " to ".join("x".join(dict.fromkeys(pair)) for pair in formats)
    return Row(f"{row['chip']}, {words}", wide / narrow, measured, role)


@cache
def _energy_pj(what: str, weight: str, operand: str) -> float:
    """Energy of a MAC in a PE, or of a convolution on chip."""
    chip = _hypothetical()
    if what == "pe":
        multiply, add = chip.multiply_pj(weight, operand), chip.add_pj("int32")
        assert multiply is not None
        assert add is not None
        return multiply.value + add.value
    result = estimate_layer(CONVOLUTION, chip, f"w{weight}a{operand}", mapping="weight-stationary")
    frame = result.to_frame(by=["level"])
    return float(frame.loc[frame["level"] != chip.outermost.name, "energy_pj"].sum())


@cache
def _hypothetical() -> Chip:
    return load_profile(COSTS, what_if=True)


def _decode() -> Comparison:
    name = "quoted-ratios-decode"
    compared = []
    for reference, row in _pairs(DECODE, ("stack", "device", "model", "context")):
        steps = [decode_step(one["model"], one["format"], int(one["context"])) for one in (reference, row)]
        ours, theirs = steps[0].moved_bytes / steps[1].moved_bytes, _ratio(reference, row)
        label = f"{row['device']}, {row['format']}, context {row['context']}"
        compared.append(Row(label, ours, theirs, "shown", "", f"{row['stack']}, {row['model']}"))
    return Comparison(
        name, "Decoding with quantized weights against 16 bits, measured pairs", "speed-up", "x", "software",
        sources(DECODE), tuple(compared), bounds_of(name), (),
        ("Predicted is the ratio of the bytes moved, what a decode bound by memory gains at most: no fixed time, no "
         "conversion. llm-decode and llm-weight-only predict with them.",),
        _gains(compared),
    )  # fmt: skip


def _gains(compared: list[Row]) -> str:
    inside = [row for row in compared if 2 <= row.measured <= 4]
    below = [row for row in compared if row.measured < row.predicted]
    return (
        f"2 to 4 times faster: {len(inside)} of {len(compared)} measured pairs. In {len(below)} of {len(compared)} the "
        "gain is smaller than that of the bytes."
    )


def _prefill() -> Comparison:
    name = "quoted-ratios-prefill"
    compared = []
    for reference, row in _whole_chips(_pairs(PREFILL, ("stack", "device", "tokens"))):
        times = [_prefill_s(one["profile"], one["format"], int(one["tokens"])) for one in (reference, row)]
        label = f"{row['device']}, {row['format']}"
        compared.append(Row(label, times[0] / times[1], _ratio(reference, row), "shown", "", row["stack"]))
    slower = sum(row.measured < 1 for row in compared)
    return Comparison(
        name, "Prefill with quantized weights against 16 bits, measured pairs", "speed-up", "x", "software",
        sources(PREFILL), tuple(compared), bounds_of(name), (),
        ("Weights are converted to fp16 before they are multiplied; accelsim's converters keep up with that.",),
        f"{slower} of {len(compared)} measured prefills are slower with quantized weights than with 16 bits: where "
        "multiplying is what takes the time, and happens in fp16, quantizing only adds conversions.",
    )  # fmt: skip


@cache
def _prefill_s(profile: str, format_: str, tokens: int) -> float:
    network, scheme = load_workload("llama-2-7b/prefill", tokens=tokens), format_schemes(format_)[0]
    return estimate(network, profile, scheme, mapping="weight-stationary", objective="latency").latency_s


Pair = tuple[dict[str, str], dict[str, str]]


def _whole_chips(pairs: list[Pair]) -> list[Pair]:
    """Of every profile and format the last pair, that with all GPU cores; none of devices without a profile."""
    kept = {(row["profile"], row["format"]): (reference, row) for reference, row in pairs if row["profile"]}
    return [pair for (_, format_), pair in kept.items() if format_ in ("Q8_0", "Q4_0")]


def _pairs(table: str, same: tuple[str, ...]) -> list[Pair]:
    """Every quantized row of a table with the row of 16 bits that was measured under the same conditions."""
    references = {tuple(row[key] for key in same): row for row in rows(table) if row["format"] in REFERENCE}
    return [
        (references[key], row)
        for row in rows(table)
        if row["format"] not in REFERENCE and (key := tuple(row[key] for key in same)) in references
    ]


def _ratio(reference: dict[str, str], row: dict[str, str]) -> float:
    return float(row["tokens_per_s"]) / float(reference["tokens_per_s"])
