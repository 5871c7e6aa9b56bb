"""What do EIE's sparse, compressed layers take, against the authors' own figures? Derived from densities alone."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from accelsim.simulation.estimate import estimate_layer
from accelsim.simulation.result import Result
from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Row
from accelsim.validation.measurements import rows, sources
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
from accelsim.workload.sparsity import Sparsity

TABLE = "eie_isca2016"
SCHEME = "w4aint16"

_DENSITIES = (
    "Densities are published in whole percent: a layer of 4% may have 3.5 to 4.5%, and its time follows.",
    "Zeros are spread evenly, and over the PEs alike; pruned layers have rows and columns with more and fewer.",
)
_WAITING = "PEs that wait for others with more entries: the authors measure 4 to 35% of the time, accelsim has none."


def comparisons() -> list[Comparison]:
    """Return theoretical time, judged, actual time and energy, shown; heuristic mappings."""
    found = [(row, _run(row)) for row in rows(TABLE)]
    return [_theoretical(found), _actual(found), _energy(found)]


def _run(row: dict[str, str]) -> Result:
    shape = Shape.gemm(1, int(row["outputs"]), int(row["inputs"]))
    zeros = Sparsity(weights=Fraction(row["weight_density"]), inputs=Fraction(row["input_density"]))
    return estimate_layer(Layer(row["layer"], "linear", shape, sparsity=zeros), "eie", SCHEME, mapping="heuristic")


Found = list[tuple[dict[str, str], Result]]


def _rows(found: Found, predict: Callable[[Result], float], measured: Callable[[dict[str, str]], float],
          shown: bool) -> tuple[Row, ...]:  # fmt: skip
    return tuple(
        Row(row["layer"], predict(result), measured(row), "shown" if shown else "judged",
            f"weights {float(row['weight_density']):.0%}, inputs {float(row['input_density']):.1%}")
        for row, result in found
    )  # fmt: skip


def _microseconds(result: Result) -> float:
    return result.latency_s * 1e6


def _theoretical(found: Found) -> Comparison:
    name = "eie-theoretical-time"
    compared = _rows(found, _microseconds, lambda row: float(row["theoretical_us"]), False)
    products = sum(result.macs * float(row["weight_density"]) * float(row["input_density"]) for row, result in found)
    without = products / 64 / 800 / sum(float(row["theoretical_us"]) for row, _ in found) - 1
    return Comparison(
        name, "EIE, time of a layer without waiting", "time of a layer", "us", "vendor estimate", sources(TABLE),
        compared, bounds_of(name), (), _DENSITIES,
        "The zeros that carry on a run of more than 15 are what matters: they take a cycle and a place in memory like "
        f"any other entry. Without them the times would be {-without:.0%} too short in total. How many there are "
        "follows from the density and the rows of a column in one PE (64 of 4096 rows).",
    )  # fmt: skip


def _actual(found: Found) -> Comparison:
    name = "eie-actual-time"
    compared = _rows(found, _microseconds, lambda row: float(row["actual_us"]), True)
    return Comparison(
        name, "EIE, time of a layer with waiting", "time of a layer", "us", "vendor estimate", sources(TABLE),
        compared, bounds_of(name), (), (_WAITING, *_DENSITIES),
    )  # fmt: skip


def _energy(found: Found) -> Comparison:
    name = "eie-energy"
    compared = _rows(found, lambda result: (result.energy_pj or 0.0) * 1e-6,
                     lambda row: float(row["actual_us"]) * float(row["power_w"]), True)  # fmt: skip
    return Comparison(
        name, "EIE, energy of a layer", "energy of a layer", "uJ", "vendor estimate", sources(TABLE),
        compared, bounds_of(name), (), ("PEs that wait and draw power; accelsim's do neither.", *_DENSITIES),
        "The authors publish the power of the chip and of a PE's parts, from which the profile's costs are derived; "
        "energy on the right is that power times the actual time. So this shows times again, not costs.",
    )  # fmt: skip
