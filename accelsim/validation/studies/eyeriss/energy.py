"""Does Eyeriss take the energy that JSSC 2017 measured for AlexNet, but for what nobody has published of it?

The profile cites energies of multiplies, scratchpads, buffers, links and leakage, and none of the clock network and
the control that every cycle costs. That one number is fitted to two of the five layers and judged on the other three,
for every choice of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from accelsim.explore.calibration.least_squares import fit
from accelsim.simulation.estimate import evaluate_mapping
from accelsim.simulation.result import LayerResult
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies.eyeriss.chip import MAPPING, MEASURED, SCHEME, chip, published

CLOCK = "energy of clock and control per cycle"
MJ = 1e-9
"""Millijoules in a picojoule."""


def chip_energy() -> Comparison:
    """Return the chip's energy without DRAM, per layer, for each of the ten choices of fitted layers."""
    compared, fitted = choices(published())
    return Comparison(
        "eyeriss-chip-energy", "Eyeriss: energy of the chip, without DRAM", "power times total latency, batch 4", "mJ",
        "silicon", (*sources(MEASURED), *sources(MAPPING)), compared, bounds_of("eyeriss-chip-energy"), fitted,
        cannot=(
            "One energy per cycle for all layers: what gates the clock of PEs, and when, is not published.",
            "Energies per access are those of a tool (nn_dataflow, of TETRIS), not of the chip.",
        ),
        remark=_remark(fitted),
    )  # fmt: skip


def choices(results: Mapping[str, LayerResult]) -> tuple[tuple[Row, ...], tuple[Fitted, ...]]:
    """Return the rows that are judged and what was fitted, for every choice of two layers to fit to."""
    measured = {row["layer"]: _measured_mj(row) for row in rows(MEASURED)}
    compared: list[Row] = []
    found: list[Fitted] = []
    for pair in combinations(measured, 2):
        group = f"fitted to {', '.join(pair)}"
        per_cycle_pj = _fitted_pj([results[name] for name in pair], [measured[name] / MJ for name in pair])
        found.append(Fitted(CLOCK, per_cycle_pj, "pJ", pair, group))
        for name in measured.keys() - set(pair):
            predicted = (known_pj(results[name]) + per_cycle_pj * results[name].cycles) * MJ
            compared.append(Row(name, predicted, measured[name], group=group))
    return tuple(sorted(compared, key=lambda row: (row.group, row.label))), tuple(found)


def _fitted_pj(results: list[LayerResult], measured_pj: list[float]) -> float:
    """The energy per cycle in pJ that makes the relative errors of some layers smallest."""
    missing = [energy - known_pj(one) for energy, one in zip(measured_pj, results, strict=True)]
    weights = [1 / energy for energy in measured_pj]
    return fit([[one.cycles] for one in results], missing, names=(CLOCK,), weights=weights).value(CLOCK)


def known_pj(one: LayerResult) -> float:
    """Return what the profile cites of a layer's energy, without DRAM."""
    dram = chip().outermost.name
    energies = [line.energy_pj for line in one.lines if line.place != dram]
    return sum(energy for energy in energies if energy is not None)


def _measured_mj(row: dict[str, str]) -> float:
    return float(row["power_mw"]) * float(row["total_latency_ms"]) * 1e-3


def with_gated_sums() -> dict[str, LayerResult]:
    """Return every layer as if gated multiply-accumulates neither read nor wrote their partial sums.

    The paper says of gating that it stops the read of the filter and the switching of the datapath; of partial sums
    it says nothing. The profile takes them to be read and written.
    """
    unit = chip().sparsity
    assert unit is not None
    gating = replace(chip(), sparsity=replace(unit, gated_reads="WO"))
    found = {}
    for name, one in published().items():
        assert one.nest is not None
        found[name] = evaluate_mapping(one.layer, gating, one.nest, SCHEME)
    return found


def _remark(fitted: tuple[Fitted, ...]) -> str:
    others, alike = choices(with_gated_sums())
    worst = max(abs(row.error) for row in others)
    return (
        f"Over the ten choices the fitted energy is {_spread(fitted)}; layers with fewer zeros ask for more. Tried: if "
        f"gating a multiply-accumulate stopped the access of its partial sum too, which the paper does not say, it "
        f"would be {_spread(alike)}, and no row would be off by more than {100 * worst:.0f}%. The profile keeps to "
        "what is said."
    )


def _spread(fitted: tuple[Fitted, ...]) -> str:
    values = sorted(one.value for one in fitted)
    watts = [value * chip().clock_hz.value * 1e-9 for value in (values[0], values[-1])]
    return f"{values[0]:.0f} to {values[-1]:.0f} pJ per cycle ({watts[0]:.0f} to {watts[1]:.0f} mW)"
