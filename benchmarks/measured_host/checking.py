"""How well does accelsim predict the layers that the profile was not fitted to?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import accelsim as sim
from measured_host.kernels import Kernel
from measured_host.machine import Machine
from measured_host.profile import BASE, Times, base_profile, write_inputs

FIT = ("bandwidth", "compute", "launch")


@dataclass(frozen=True)
class Checked:
    """A layer, measured and predicted, in s."""

    kernel: Kernel
    format: str
    measured_s: float
    predicted_s: float
    bound_by: str

    @property
    def error(self) -> float:
        """Relative error, predicted / measured - 1."""
        return self.predicted_s / self.measured_s - 1


@dataclass(frozen=True)
class Check:
    """What was measured and fitted, and how well it predicts.

    Parameters
    ----------
    machine : Machine
    library : str
    bandwidth_bytes_per_s : float
        Of streaming reads.
    calibration : sim.Calibration
    profile : str
        The whole fitted profile, in YAML.
    layers : tuple of Checked
    busy : float
        How many times longer a middling run took than the fastest.
    """

    machine: Machine
    library: str
    bandwidth_bytes_per_s: float
    calibration: sim.Calibration
    profile: str
    layers: tuple[Checked, ...]
    busy: float = 1.0

    def of(self, role: str, format: str | None = None) -> list[Checked]:
        """Return the layers of a role, of one format or all."""
        return [one for one in self.layers if one.kernel.role == role and format in (None, one.format)]

    def mape(self, role: str, format: str | None = None) -> float:
        """Return the mean absolute relative error of such layers."""
        own = self.of(role, format)
        return sum(abs(one.error) for one in own) / len(own) if own else float("nan")


def check(machine: Machine, library: str, times: Times, bandwidth_bytes_per_s: float, busy: float = 1.0) -> Check:
    """Fit a profile to the layers that may be fitted to, and predict all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = base_profile(machine, library, times, bandwidth_bytes_per_s)
        rows = write_inputs(folder, base, times)
        found = sim.calibrate(folder / BASE, rows, fit=FIT, mapping="heuristic", objective="latency")
        saved = found.save(folder / "host.yaml").read_text(encoding="utf-8")
        layers = tuple(_predicted(found, folder, *one, seconds) for one, seconds in times.items())
    return Check(machine, library, bandwidth_bytes_per_s, found, _whole(base, saved), layers, busy)


def _predicted(found: sim.Calibration, folder: Path, kernel: Kernel, format: str, seconds: float) -> Checked:
    network = sim.load_workload(folder / f"{kernel.name}.yaml", batch=kernel.batch)
    result = sim.estimate(network, found.chip, format, mapping="heuristic", objective="latency")
    fixed = result.overhead_s > result.latency_s / 2
    return Checked(kernel, format, seconds, result.latency_s, "launch" if fixed else result.bound_by)


def _whole(base: str, fitted: str) -> str:
    """Return the fitted profile with its parent inside, so that one file says it all."""
    import yaml

    from accelsim.documents.writing import in_lines

    below, above = yaml.safe_load(base), yaml.safe_load(fitted)
    merged: dict[str, Any] = below | {key: value for key, value in above.items() if key not in ("extends", "levels")}
    for table in ("sources", "macs_per_pe_cycle"):
        merged[table] = below[table] | above.get(table, {})
    changed = {level["name"]: level for level in above.get("levels", ())}
    merged["levels"] = [level | changed.get(level["name"], {}) for level in below["levels"]]
    merged |= {"name": "host", "title": below["title"]}
    return in_lines(merged)


def slowest(layers: Sequence[Checked]) -> Checked:
    """Return the layer with the largest error."""
    return max(layers, key=lambda one: abs(one.error))
