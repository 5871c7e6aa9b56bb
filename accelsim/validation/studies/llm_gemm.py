"""How long do the matrix products of Llama 2 7B take on an A100, for a shape of weights that was not fitted to?

::

    time = fixed time + max( bytes / (efficiency * bandwidth), multiplies / (efficiency * peak) )

Both terms are accelsim's, of a chip (edge tiles included); the three parameters are profile properties: the memory's
``efficiency``, ``macs_per_pe_cycle`` and ``layer_overhead_s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from accelsim.explore.calibration.least_squares import fit
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.simulation.estimate import estimate
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Fitted, Row
from accelsim.validation.measurements import DATA, rows, sources
from accelsim.validation.studies._language import mean
from accelsim.workload.network import Network
from accelsim.workload.raw import gemm

TABLE = "llm_gemm_times"
NAMES = ("time per byte", "time per multiply", "fixed time")
LOWER = (1.0, 1.0, 0.0)

Floats = NDArray[np.float64]

_CANNOT = (
    "Which kernel the library takes, its tiles and its splits of the reduction are not known; around 128 tokens, where "
    "bytes and multiplies take equally long, they add up in part, and the larger of the two is up to 30% too little.",
    "Clocks under the power limit: what they cost is in the share of the peak.",
)


@dataclass(frozen=True)
class Ideal:
    """Seconds at the peaks: of bytes, and of multiplies; one of each per product."""

    bytes_s: Floats
    multiplies_s: Floats

    def of(self, chosen: NDArray[np.bool_]) -> Ideal:
        """Return those of some products."""
        return Ideal(self.bytes_s[chosen], self.multiplies_s[chosen])

    def predict(self, values: Floats) -> Floats:
        """Return the times that three parameters give."""
        return np.asarray(np.maximum(self.bytes_s * values[0], self.multiplies_s * values[1]) + values[2])

    @property
    def roofline_s(self) -> Floats:
        """The larger of the two."""
        return np.maximum(self.bytes_s, self.multiplies_s)


def comparisons() -> list[Comparison]:
    """Return the shipped profile, and one whose SMs take whole tiles."""
    table = rows(TABLE)
    shipped = ideal_times(load_profile("a100-80gb"), table)
    card = load_profile(DATA / "a100-tiles.yaml")
    tiled = ideal_times(card, table)
    sms, tile, _ = (fanout.size for fanout in card.fanouts)
    waves = Ideal(shipped.bytes_s, shipped.multiplies_s * _waves(table, sms, tile))
    numbered = mean(list(_judge(waves, table)[0] / _measured(table) - 1))
    return [
        _compared("llm-gemm-a100", "Matrix products of Llama 2 7B on an A100: time", shipped, table, ""),
        _compared(
            "llm-gemm-a100-tiles", "Matrix products of Llama 2 7B on an A100, in whole tiles: time", tiled, table,
            "The engine splits rows and columns of tiles among the SMs, each by a whole number; kernels number all "
            f"tiles through and fill their last wave better: waves of {sms} of such tiles err by {numbered:.1%}. "
            "Kernels choose their tiles by the shape; one size for all fits no better than none.",
        ),
    ]  # fmt: skip


def ideal_times(chip: Chip, table: list[dict[str, str]]) -> Ideal:
    """Return the ideal times of all products on a chip, every operand coming from and going to DRAM."""
    layers = tuple(
        gemm(f"gemm{place}", int(row["tokens"]), int(row["N"]), int(row["K"])).layers[0]
        for place, row in enumerate(table)
    )  # fmt: skip
    found = estimate(
        Network("gemms", layers), chip, "fp16", mapping="heuristic", objective="latency", on_chip=False
    ).layers  # fmt: skip
    clock = chip.clock_hz.value
    memory = np.array([one.busy[chip.outermost.name] / clock for one in found])
    return Ideal(memory, np.array([one.busy["compute"] / clock for one in found]))


def _waves(table: list[dict[str, str]], sms: int, tile: int) -> Floats:
    """How many times longer multiplies take in waves of tiles, one tile to an SM."""
    found = []
    for row in table:
        tokens, columns = int(row["tokens"]), int(row["N"])
        waves = ceil(ceil(tokens / tile) * ceil(columns / tile) / sms)
        found.append(waves * sms * tile * tile / (tokens * columns))
    return np.array(found)


def _measured(table: list[dict[str, str]]) -> Floats:
    return np.array([float(row["time_us"]) * 1e-6 for row in table])


def fitted_to(ideal: Ideal, measured: Floats) -> Floats:
    """Return the three parameters; which of bytes and multiplies bounds a row is settled by repetition."""
    by_bytes = ideal.bytes_s > ideal.multiplies_s
    for _ in range(20):
        design = np.stack([ideal.bytes_s * by_bytes, ideal.multiplies_s * ~by_bytes, np.ones(len(measured))], axis=1)
        values = fit(design, measured, names=NAMES, lower=LOWER).values
        now = ideal.bytes_s * values[0] > ideal.multiplies_s * values[1]
        if (now == by_bytes).all():
            break
        by_bytes = now
    return values


def _judge(ideal: Ideal, table: list[dict[str, str]]) -> tuple[Floats, list[Floats]]:
    """Times of every shape of weights as fitted to the others, and the parameters of every fit."""
    measured = _measured(table)
    shapes = np.array([row["operation"] for row in table])
    predicted, values = np.empty(len(measured)), []
    for shape in dict.fromkeys(shapes.tolist()):
        others = shapes != shape
        values.append(fitted_to(ideal.of(others), measured[others]))
        predicted[~others] = ideal.of(~others).predict(values[-1])
    return predicted, values


def _compared(name: str, title: str, ideal: Ideal, table: list[dict[str, str]], remark: str) -> Comparison:
    measured = _measured(table)
    predicted, folds = _judge(ideal, table)
    whole = fitted_to(ideal, measured)
    roofline = ideal.roofline_s / measured - 1
    compared = tuple(
        Row(f"{row['operation']} of {row['tokens']} tokens", float(ours) * 1e6, float(row["time_us"]),
            note=f"ideal roofline {alone:+.0%}")
        for row, ours, alone in zip(table, predicted, roofline, strict=True)
    )  # fmt: skip
    labels = tuple(row.label for row in compared)
    stacked = np.array(folds)
    low, high = stacked.min(axis=0).tolist(), stacked.max(axis=0).tolist()
    values = whole.tolist()
    fitted = (
        Fitted("efficiency", 1 / values[0], "of the bandwidth", labels, "", True, (1 / high[0], 1 / low[0])),
        Fitted("share of the multiplies", 1 / values[1], "of the peak", labels, "", True, (1 / high[1], 1 / low[1])),
        Fitted("fixed time", values[2] * 1e6, "us", labels, "", True, (low[2] * 1e6, high[2] * 1e6)),
    )
    said = f"The ideal roofline errs by {mean(list(roofline)):.1%}. {remark}".strip()
    return Comparison(
        name, title, "time of a matrix product", "us", "software", sources(TABLE), compared, bounds_of(name), fitted,
        _CANNOT, said,
    )  # fmt: skip
