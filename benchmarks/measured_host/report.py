"""What does a reader see of a check? A table of layers, and what to make of them in a few sentences."""

from __future__ import annotations

import math
from typing import Any

from accelsim.layout import paragraph, table
from accelsim.units import engineering
from measured_host.checking import Check, Checked, slowest

BUSY = 1.3
"""Spread beyond which a machine counts as busy."""


def page(check: Check) -> str:
    """Return the check for people."""
    machine = check.machine
    head = [
        f"{machine.name}: {machine.cores} cores, {check.library}",
        f"  reads {engineering(check.bandwidth_bytes_per_s, 'B/s')} from memory, caches flushed before every run",
        "",
    ]
    fitted = [[one.path, f"{one.value:.3g} {one.unit}".rstrip(), _error(one.standard_error)]
              for one in check.calibration.parameters]  # fmt: skip
    layers = [_row(one) for role in ("fitted", "judged") for one in check.of(role)]
    return "\n".join([
        *head, *table(["fitted to products", "", "standard error"], fitted, "lrr"), "",
        *table(["layer", "format", "MACs", "measured", "predicted", "error", "bound by", ""], layers, "llrrrrll"), "",
        *(line for sentence in sentences(check) for line in paragraph(sentence)),
    ])  # fmt: skip


def _error(value: float) -> str:
    return "at its bound" if math.isnan(value) else f"{value:.1g}"


def _row(one: Checked) -> list[str]:
    return [
        one.kernel.name, one.format, engineering(one.kernel.macs, ""), engineering(one.measured_s, "s"),
        engineering(one.predicted_s, "s"), f"{100 * one.error:+.0f}%", one.bound_by,
        "fitted" if one.kernel.role == "fitted" else "",
    ]  # fmt: skip


def sentences(check: Check) -> list[str]:
    """Return what the check says: errors of what was not fitted, by format, and the worst layer."""
    found = []
    for name in dict.fromkeys(one.format for one in check.layers):
        judged = check.of("judged", name)
        worst = slowest(judged)
        found.append(
            f"{name}: {len(judged)} layers that were not fitted are predicted {check.mape('judged', name):.0%} off on "
            f"average; the {len(check.of('fitted', name))} fitted are {check.mape('fitted', name):.0%} off. Farthest: "
            f"{worst.kernel.name}, predicted {100 * abs(worst.error):.0f}% too "
            f"{'long' if worst.error > 0 else 'short'}."
        )
    both = {kernel: {one.format: one for one in check.layers if one.kernel == kernel}
            for kernel in dict.fromkeys(one.kernel for one in check.of("judged"))}  # fmt: skip
    gains = [(own["fp32"], own["int8"]) for own in both.values() if {"fp32", "int8"} <= own.keys()]
    if gains:
        measured = _mean([before.measured_s / after.measured_s for before, after in gains])
        predicted = _mean([before.predicted_s / after.predicted_s for before, after in gains])
        found.append(f"int8 against fp32 on these layers: {measured:.1f}x faster measured, {predicted:.1f}x predicted.")
    if check.busy > BUSY:
        found.append(
            f"The machine was busy: a middling run took {check.busy:.1f}x as long as the fastest, which is what stands "
            "here. Measure again when it is quiet."
        )
    found.append("A library that packs, transposes or pads inside a layer, and clocks that change, are not modeled.")
    return found


def _mean(ratios: list[float]) -> float:
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def record(check: Check) -> dict[str, Any]:
    """Return the check as plain data."""
    return {
        "machine": vars(check.machine), "library": check.library,
        "bandwidth_bytes_per_s": check.bandwidth_bytes_per_s, "median_over_fastest": check.busy,
        "parameters": check.calibration.to_dict()["parameters"],
        "layers": [
            {"name": one.kernel.name, "format": one.format, "role": one.kernel.role, "macs": one.kernel.macs,
             "measured_s": one.measured_s, "predicted_s": one.predicted_s, "error": one.error,
             "bound_by": one.bound_by}
            for one in check.layers
        ],
        "mean_absolute_relative_error": {role: check.mape(role) for role in ("fitted", "judged")},
    }  # fmt: skip
