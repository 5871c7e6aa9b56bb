"""How much does each layer matter to what a network answers? The table of all layers and schemes."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.accessor import Accessor
from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.quantization.sensitivity.divergence import Divergence
from accelsim.quantization.sensitivity.layer import MEASURES, UNITS, LayerSensitivity, cells, check_measure, finite
from accelsim.quantization.sensitivity.rank import RankCorrelation, rank_correlation
from accelsim.scheme import Scheme

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.quantization.allocation.errors import LayerErrors


@dataclass(frozen=True)
class Sensitivity:
    """How much each layer of a network matters, in each scheme.

    Parameters
    ----------
    model : str
    engine : str
        What ran it, with its version; "" where nothing was run.
    samples : int
        How many it was run on.
    schemes : dict of str to Scheme
        As asked for.
    rows : tuple of LayerSensitivity
        By layer, then by scheme.
    together : dict of str to Divergence
        Of the network's answer with all layers quantized, by scheme.
    parts : {"both", "weights", "activations"}
        What was quantized.
    notes : tuple of str
    """

    model: str
    engine: str
    samples: int
    schemes: Mapping[str, Scheme]
    rows: tuple[LayerSensitivity, ...]
    together: Mapping[str, Divergence]
    parts: str = "both"
    notes: tuple[str, ...] = ()

    plot = Accessor("accelsim.report.plots:SensitivityPlots")

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers with weights, in order of execution."""
        return tuple(dict.fromkeys(row.layer for row in self.rows if row.depth))

    @property
    def others(self) -> tuple[str, ...]:
        """Operators without weights that were looked at."""
        return tuple(dict.fromkeys(row.layer for row in self.rows if not row.depth))

    @property
    def counted(self) -> str:
        """How many samples it was run on, in words."""
        return f"{self.samples} sample{'s' if self.samples != 1 else ''}"

    @property
    def asked(self) -> tuple[str, ...]:
        """Schemes in the order asked for."""
        return tuple(self.schemes)

    @property
    def measure(self) -> str:
        """The measure that is used where none is named: "kl", where it tells noisy layers apart, else "noise".

        Without a run it is "trace".
        """
        if not self.engine:
            return "trace"
        noisy = [row.alone for row in self.rows if row.alone.known and row.alone.noise > 0]
        return "kl" if noisy and all(one.kl_nats > 0 for one in noisy) else "noise"

    def row(self, layer: str, asked: str) -> LayerSensitivity:
        """Return a layer in a scheme; InputError with the nearest name where there is none."""
        for one in self.rows:
            if (one.layer, one.asked) == (layer, asked):
                return one
        if layer not in (*self.layers, *self.others):
            raise InputError(f"the table has no layer {layer!r}{did_you_mean(layer, self.layers) or '.'}")
        raise InputError(f"the table has no scheme {asked!r}{did_you_mean(asked, self.asked) or '.'}")

    def values(self, asked: str, measure: str | None = None) -> dict[str, float]:
        """Return one of `MEASURES` by layer, in order of execution.

        Raises
        ------
        UsageError
            The measure is unknown, or not known of these layers.
        """
        chosen = check_measure(measure or self.measure)
        return self._values(asked, chosen, self.layers)

    def _values(self, asked: str, measure: str, layers: Sequence[str]) -> dict[str, float]:
        found = {layer: self.row(layer, asked).sensitivity(measure) for layer in layers}
        unknown = [layer for layer, value in found.items() if math.isnan(value)]
        if unknown:
            note = self.row(unknown[0], asked).note
            raise UsageError(
                f"{MEASURES[measure]} must be known of every layer; it is not of {unknown[0]} in {asked}"
                f"{f': {note}' if note else ''}."
            )
        return found

    def depth_correlation(self, asked: str, measure: str | None = None) -> RankCorrelation:
        """Return the rank correlation of depth and sensitivity: positive where deeper layers are more delicate."""
        found = list(self.values(asked, measure).values())
        return rank_correlation(range(1, len(found) + 1), found)

    def errors(self, measure: str | None = None, choices: Mapping[str, Scheme] | None = None) -> LayerErrors:
        """Return what each layer loses in each scheme, as `accelsim.allocate` takes it.

        Parameters
        ----------
        measure : str, optional
            One of `MEASURES`.
        choices : dict of str to Scheme, optional
            Schemes by the names that are wanted for them; by default all, as they were asked for.

        Raises
        ------
        InputError
            A choice was not measured.
        UsageError
            The measure is unknown, or not known of these layers.
        """
        from accelsim.quantization.allocation.errors import LayerErrors

        chosen = measure or self.measure
        named = {name: self._asked_as(scheme) for name, scheme in (choices or self.schemes).items()}
        of_weights = chosen in ("weights", "trace")
        layers = self.layers if of_weights else tuple(dict.fromkeys(row.layer for row in self.rows))
        for asked in named.values():
            self.values(asked, chosen)
        by_scheme = {name: self._values(asked, chosen, layers) for name, asked in named.items()}
        rows = {layer: {asked: by_scheme[asked][layer] for asked in by_scheme} for layer in layers}
        how = f"one layer quantized at a time, {self.counted}" if self.engine else "no run"
        return LayerErrors(rows, f"{MEASURES[chosen]} of {self.model}, {how}")

    def _asked_as(self, scheme: Scheme) -> str:
        """Return the name by which a scheme was asked for; equal ones are the same whatever their names."""
        for name, one in self.schemes.items():
            if one == scheme:
                return name
        raise InputError(
            f"the layers of {self.model} must be measured in {scheme}; they were in {', '.join(self.schemes)}."
        )

    def save_errors(self, path: str | Path, measure: str | None = None) -> Path:
        """Write the table that ``accelsim allocate --errors`` takes, as CSV."""
        from accelsim.quantization.sensitivity.table_file import write_errors

        return write_errors(path, self.errors(measure))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as plain data."""
        return [row.to_dict() for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the model, how it was run, units, rows, all layers at once, notes."""
        return {
            "model": self.model, "engine": self.engine or None, "samples": self.samples, "parts": self.parts,
            "units": dict(UNITS), "rows": self.to_dicts(),
            "together": {
                asked: {"output_sqnr_db": finite(one.sqnr_db), "kl_nats": finite(one.kl_nats),
                        "changed_share": finite(one.changed_share)}
                for asked, one in self.together.items()
            },
            "notes": list(self.notes),
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row per layer and scheme; ``attrs["units"]`` names units; what is exact has infinite dB."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts())
        frame["weight_sqnr_db"] = [row.weight_sqnr_db for row in self.rows]
        frame["output_sqnr_db"] = [row.alone.sqnr_db for row in self.rows]
        frame["after_sqnr_db"] = [row.after_sqnr_db for row in self.rows]
        frame.attrs["units"] = dict(UNITS)
        return frame

    def __repr__(self) -> str:
        how = f"run on {self.counted} by {self.engine}" if self.engine else "not run"
        return f"Sensitivity of {len(self.layers)} layers of {self.model} in {', '.join(self.asked)}; {how}"

    def _repr_html_(self) -> str:
        names = ("layer", "scheme", "weights (dB)", "output (dB)", "KL (nat)", "after it, all (dB)", "")
        header = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(row)) + "</tr>" for row in self.rows
        )
        title = html.escape(f"Sensitivity of the layers of {self.model}")
        return f"<div><b>{title}</b><table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>"
