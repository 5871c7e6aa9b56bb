"""What do results cost at each of many unit costs? The answer of a cost sweep: arrays over results and variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.engine.case import Floats
from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.explore.bill import Bill, Row, bill_of, by_layer
from accelsim.explore.cost_prices import Prices
from accelsim.hardware.chip import Chip
from accelsim.simulation.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class CostSweep:
    """Energies of some results at many unit costs.

    Parameters
    ----------
    names : tuple of str
        What the results are called.
    results : tuple of Result
        At the costs as they are.
    settings : dict of str to array
        What varies, one entry a variant: costs by path, "PATH factor", "dram", "node_nm".
    energy_pj : float64 array, shape (results, variants)
    latency_s : float64 array, shape (results, variants)
        The results' own, unless mappings were searched again.
    reoptimized : bool
        Whether mappings were searched again for every variant.
    prices : tuple of Prices
        The unit costs of each result's chip in every variant.
    """

    names: tuple[str, ...]
    results: tuple[Result, ...]
    settings: Mapping[str, np.ndarray[tuple[int, ...], Any]]
    energy_pj: Floats
    latency_s: Floats
    reoptimized: bool
    prices: tuple[Prices, ...]

    def __len__(self) -> int:
        return int(self.energy_pj.shape[1])

    @cached_property
    def edp_pj_s(self) -> Floats:
        """Energy times time, shape (results, variants)."""
        return self.energy_pj * self.latency_s

    @cached_property
    def average_power_w(self) -> Floats:
        """Energy over time, shape (results, variants)."""
        return self.energy_pj * 1e-12 / self.latency_s

    @cached_property
    def power_limited_latency_s(self) -> Floats:
        """Time at which the chip stays within its TDP, NaN where it does anyway or none is known.

        ``E / TDP``, as `Result.power_limited_latency_s`: what leaks in the longer time is not added.
        """
        tdp = np.array([one.chip.tdp_w.value if one.chip.tdp_w else np.inf for one in self.results])[:, None]
        needed = self.energy_pj * 1e-12 / tdp
        return np.where(needed > self.latency_s, needed, np.nan)

    def of(self, name: str, metric: str = "energy_pj") -> Floats:
        """Return a metric of one result in every variant, shape (variants,)."""
        metrics = ("energy_pj", "latency_s", "edp_pj_s", "average_power_w", "power_limited_latency_s")
        for kind, given, known in (("a result", name, self.names), ("a metric", metric, metrics)):
            if given not in known:
                hint = did_you_mean(str(given), known) or "."
                raise InputError(f"{kind} must be one of {', '.join(known)}; got {given!r}{hint}")
        return np.asarray(getattr(self, metric)[self.names.index(name)])

    def share_less(self, name: str, other: str, metric: str = "energy_pj") -> float:
        """Return the share of the variants in which a result has less of a metric than another."""
        return float((self.of(name, metric) < self.of(other, metric)).mean())

    def layer_energy_pj(self, name: str) -> tuple[tuple[str, ...], Floats]:
        """Return a result's layers ("" for fixed times) and their energies, shape (layers, variants).

        Raises
        ------
        UsageError
            Mappings were searched again, so that layers differ from variant to variant.
        """
        self.of(name)
        if self.reoptimized:
            raise UsageError("energies by layer must come from mappings that stay; they were searched again here.")
        place = self.names.index(name)
        found = self.prices[place]
        bill = priced_bill(name, self.results[place], found.chip, by_layer)
        return tuple(layer for _, layer in bill.rows), found.energies(bill)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per result and variant: what varies, energy, time, EDP and power; units in ``attrs``."""
        import pandas as pd

        count = len(self)
        columns: dict[str, Any] = {"name": np.repeat(np.array(self.names, dtype=object), count)}
        columns |= {name: np.tile(entries, len(self.names)) for name, entries in self.settings.items()}
        units = {
            "energy_pj": "pJ", "latency_s": "s", "edp_pj_s": "pJ s", "average_power_w": "W",
            "power_limited_latency_s": "s",
        }  # fmt: skip
        frame = pd.DataFrame(columns | {name: getattr(self, name).ravel() for name in units})
        frame.attrs["units"] = units
        return frame

    def __repr__(self) -> str:
        from accelsim.layout import table
        from accelsim.units import engineering

        how = "mappings searched again" if self.reoptimized else "mappings and times as they are"
        rows = [
            [name, *(engineering(end, "pJ") for end in (one.energy_pj, energies.min(), energies.max()))]
            for name, one, energies in zip(self.names, self.results, self.energy_pj, strict=True)
        ]
        heading = f"{len(self):,} variants of costs, {how}; varied: {', '.join(self.settings)}"
        return "\n".join([heading, *table(["", "as it is", "least", "most"], rows)])


def priced_bill(name: str, result: Result, chip: Chip, row: Row) -> Bill:
    """Return the bill of a result whose energy is known, on its chip with every cost that varies listed."""
    found = bill_of([name], [result], row, [chip])
    assert found is not None
    return found
