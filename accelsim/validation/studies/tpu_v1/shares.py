"""What share of a pass does the matrix unit compute, wait for weights, shift them in, or have nothing to do?

The paper counts the cycles of the matrix unit: active; weight stall; weight shift; non-matrix, the rest. accelsim's
cycle breakdown has other words for the same cycles:

- active: ``compute``.
- waiting for weights: every ``stall ... W``; ``stall DRAM``, where nine tenths of what moves are weights; and of
  ``skew`` what folds wait for their weights beyond the filling and draining of a layer (2 R + C - 2 cycles,
  docs/systolic.md).
- weight shift: the last part of that wait, R cycles a tile, in which the tile is shifted into the array. It is hidden
  under the tile before only where that one is still being computed; here the next tile has not come by then.
- weight stall: the rest of the wait.
- non-matrix: the rest: the first inputs and weights of a layer, its last outputs, filling and draining, other stalls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.simulation.result import Result
from accelsim.validation.studies.tpu_v1.stand_ins import app_named, stand_in, tiled
from accelsim.workload.network import Network

INT8, HALF_RATE = "int8", "wint8aint16"
PRODUCT, TILE = 600, 256
"""Rows and columns of a matrix of LSTM1, which section 7 of the paper names, and of the chip's array."""


@dataclass(frozen=True)
class Shares:
    """Cycles of the matrix unit in percent of all cycles.

    Parameters
    ----------
    active, stall, shift : float
        The rest is non-matrix.
    """

    active: float
    stall: float
    shift: float

    @property
    def non_matrix(self) -> float:
        """What is left of 100%."""
        return 100 - self.active - self.stall - self.shift

    @property
    def stall_of_matrix(self) -> float:
        """The stall in percent of the time that is not non-matrix."""
        return 100 * self.stall / (self.active + self.stall + self.shift)


@cache
def passed(name: str, scheme: str = INT8) -> Result:
    """Return one pass of an application's stand-in."""
    return on_chip(stand_in(app_named(name)), scheme)


@cache
def passed_in_tiles() -> Result:
    """Return one pass of LSTM1 in the matrices that the paper names, stored in whole tiles, activations of 16 bits."""
    return on_chip(tiled(app_named("LSTM1"), PRODUCT, TILE), HALF_RATE)


def useful_in_tiles() -> float:
    """Return the share of whole tiles that the matrices of LSTM1 fill."""
    return (PRODUCT / (-(-PRODUCT // TILE) * TILE)) ** 2


def on_chip(network: Network, scheme: str = INT8) -> Result:
    """Return one pass of a network: good mappings of the chip's one dataflow, chosen for time."""
    return estimate(network, load_profile("tpu-v1"), scheme, mapping="heuristic", objective="latency")


def tera_operations(result: Result, useful: float = 1.0) -> float:
    """Return 10^12 operations a second, two for a multiply-accumulate, of the useful share of them."""
    return 2 * useful * result.macs / result.latency_s / 1e12


def shares(result: Result) -> Shares:
    """Return the shares of a pass of fully connected layers."""
    rows, columns = (fanout.size for fanout in result.chip.fanouts[-2:])
    parts, layers = result.cycle_breakdown, len(result.layers)
    late = parts.get("skew", 0.0) - layers * (2 * rows + columns - 2)
    wait = late + sum(cycles for part, cycles in parts.items() if _is_for_weights(part, result.chip.outermost.name))
    shapes = [one.layer.shape for one in result.layers if one.layer.shape is not None]
    tiles = sum(-(-shape.C // rows) * -(-shape.K // columns) for shape in shapes)
    shift = min(wait, tiles * rows)
    percent = 100 / result.cycles
    return Shares(parts["compute"] * percent, (wait - shift) * percent, shift * percent)


def _is_for_weights(part: str, outermost: str) -> bool:
    return part == f"stall {outermost}" or (part.startswith("stall ") and part.endswith(" W"))
