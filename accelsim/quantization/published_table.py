"""What is one published accuracy, and which table do several make? Values compare within one protocol only.

A protocol is the same task, context, pretrained weights and evaluation. Tables, texts and plots keep protocols apart;
perplexities of two protocols never stand in one comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor

if TYPE_CHECKING:
    import pandas as pd

PERPLEXITY = "ppl"
UNITS = {"energy_pj": "pJ", "latency_s": "s", "weight_bytes": "B", "value": "metric", "lost": "metric"}
APART = (
    "Values compare within one protocol only. What is lost is against the baseline of the same source; one model has "
    "several baselines, since its weights and evaluations differ."
)


@dataclass(frozen=True)
class Cost:
    """What a model costs in a scheme on a chip.

    Parameters
    ----------
    energy_pj : float or None
        None where the chip has no costs, or cannot run it.
    latency_s, weight_bytes : float or None
    reason : str
        Why it cannot run; "" if it can.
    """

    energy_pj: float | None
    latency_s: float | None
    weight_bytes: float | None
    reason: str = ""


NO_COST = Cost(None, None, None)


@dataclass(frozen=True)
class PublishedAccuracy:
    """One published value.

    Parameters
    ----------
    model, task, metric, protocol : str
        Metric "top1" and "score", "F1" are in percent, more is better; "ppl" is a perplexity, less is better.
    workload, scheme, unquantized : str
        What accelsim estimates for it: the model's shipped workload ("" if none is), weights and activations of the
        same bits ("" where they differ from layer to layer), and the scheme that the baseline is stored in.
    baseline : float or None
        The model unquantized, by the same source; None if it gives none.
    method, weight_bits, activation_bits, granularity : str
    value : float
    source, status : str
        Status "seen" or "from memory".
    cost : Cost
        Of ``scheme`` on the chip that was asked for.
    reference : Cost
        Of ``unquantized`` there.
    """

    model: str
    workload: str
    task: str
    metric: str
    protocol: str
    baseline: float | None
    unquantized: str
    method: str
    weight_bits: str
    activation_bits: str
    granularity: str
    scheme: str
    value: float
    source: str
    status: str
    cost: Cost = NO_COST
    reference: Cost = NO_COST

    @property
    def lost(self) -> float | None:
        """Points of accuracy below the baseline, or perplexity above it; None without one."""
        if self.baseline is None:
            return None
        return self.value - self.baseline if self.metric == PERPLEXITY else self.baseline - self.value

    @property
    def energy_ratio(self) -> float | None:
        """Energy over that of the unquantized model; None where one is unknown."""
        own, whole = self.cost.energy_pj, self.reference.energy_pj
        return None if own is None or whole is None else own / whole

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        own = {name: value for name, value in asdict(self).items() if name not in ("cost", "reference")}
        cost = {name: getattr(self.cost, name) for name in ("energy_pj", "latency_s", "weight_bytes")}
        ratio = {"energy_ratio": self.energy_ratio, "not_run": self.cost.reason}
        return own | {"lost": self.lost} | cost | ratio


@dataclass(frozen=True)
class PublishedTable:
    """Published values, protocol by protocol.

    Parameters
    ----------
    rows : tuple of PublishedAccuracy
    chip : str
        What costs were simulated on; "" if none were.
    mapping : str
    notes : tuple of str
    """

    rows: tuple[PublishedAccuracy, ...]
    chip: str = ""
    mapping: str = ""
    notes: tuple[str, ...] = field(default=(APART,))

    plot = Accessor("accelsim.report.plots:PublishedPlots")

    @property
    def by_protocol(self) -> Mapping[tuple[str, str], tuple[PublishedAccuracy, ...]]:
        """Rows that may be compared, by model and protocol."""
        found: dict[tuple[str, str], list[PublishedAccuracy]] = {}
        for row in self.rows:
            found.setdefault((row.model, row.protocol), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    def __repr__(self) -> str:
        models = ", ".join(dict.fromkeys(row.model for row in self.rows))
        return f"Published accuracy of {models}: {len(self.rows)} values"

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the values as plain data."""
        return [row.to_dict() for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per published value; ``attrs`` holds units and notes. Compare within ``protocol`` only."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts())
        frame.attrs.update(units=dict(UNITS), notes=list(self.notes), profile=self.chip)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "profile": self.chip, "mapping": self.mapping, "units": dict(UNITS),
            "rows": self.to_dicts(), "notes": list(self.notes),
        }  # fmt: skip
