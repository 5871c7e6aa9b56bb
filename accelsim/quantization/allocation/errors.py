"""What does each layer lose in each choice? A table that adds up, from a file, a sensitivity study, or the formats.

Three sources, one shape: layer -> choice -> error, at least 0, in whatever unit the table has; only sums and ratios
are used. A layer that a table does not name is never counted as losing nothing: it keeps the widest choice.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accelsim.errors import InputError, did_you_mean
from accelsim.quantization.error_table import ErrorTable
from accelsim.quantization.sensitivity.result import Sensitivity
from accelsim.quantization.sensitivity.table_file import is_long, long_rows
from accelsim.scheme import Scheme
from accelsim.workload.network import Network

Errors = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class LayerErrors:
    """Errors by layer and choice.

    Parameters
    ----------
    rows : dict of str to dict of str to float
        Error of a layer in a choice.
    source : str
        Where they come from, in words.
    """

    rows: Errors
    source: str = "given"
    notes: tuple[str, ...] = field(default=())

    def check(self, network: Network, choices: Sequence[str]) -> None:
        """Raise InputError unless every row is of a layer of the network and has a number for every choice."""
        known = [layer.name for layer in network.layers]
        if not self.rows:
            raise InputError("a table of errors must name at least one layer.", where=self.source)
        for name, row in self.rows.items():
            if name not in known:
                hint = did_you_mean(name, known) or "."
                raise InputError(f"{name!r} must be a layer of {network.name}{hint}", where=self.source)
            for choice in choices:
                if choice not in row:
                    has = ", ".join(row) or "none"
                    raise InputError(
                        f"layer {name} must have an error for {choice}; it has {has}.", where=self.source
                    )  # fmt: skip
                if not (math.isfinite(row[choice]) and row[choice] >= 0):
                    raise InputError(
                        f"layer {name}, {choice}: an error must be finite and at least 0; got {row[choice]}.",
                        where=self.source,
                    )


Given = LayerErrors | Errors | ErrorTable | Sensitivity | str | Path | None
"""What ``errors=`` takes; see `errors_of`."""


def trace_errors(
    traces: Mapping[str, float], squared_errors: Mapping[str, Mapping[str, float]], source: str = "Hessian traces"
) -> LayerErrors:
    """Return the second-order estimate of a loss's increase: trace of the Hessian times squared weight error.

    Parameters
    ----------
    traces : mapping of str to float
        Average trace of the Hessian of the loss in a layer's weights, by layer.
    squared_errors : mapping of str to mapping
        Squared norm of the change of a layer's weights, by layer and choice.
    source : str

    Notes
    -----
    Z. Dong et al., HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks, NeurIPS 2020.

    Raises
    ------
    InputError
        A layer is in one table and not in the other.
    """
    for name in {*traces} ^ {*squared_errors}:
        raise InputError(f"layer {name} must have a trace and squared errors; it has one of them.", where=source)
    return LayerErrors(
        {name: {choice: traces[name] * own for choice, own in row.items()} for name, row in squared_errors.items()},
        source,
    )


def read_errors(path: str | Path) -> LayerErrors:
    """Return a table from a CSV file: a column ``layer``, and one column per choice (``w4a4``, ``w8a8`` ...).

    What ``accelsim error --data --csv`` prints, a row per layer and scheme, is read too.

    Raises
    ------
    InputError
        With file and line: no such column, a layer twice, something that is no number.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not a text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"a table of errors must be a CSV file that can be read; {place}: {reason}.") from None
    reader = csv.reader(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    header = [cell.strip() for cell in next(reader, [])]
    if is_long(header):
        found, measure = long_rows([dict(zip(header, cells, strict=False)) for cells in reader if cells], str(place))
        return LayerErrors(found, f"{place}: {measure} with one layer quantized at a time")
    if "layer" not in header or len(header) < 2 or len(set(header)) < len(header):
        shown = ", ".join(header) or "nothing"
        raise InputError(
            f"columns must be layer and choices such as w4a4,w8a8, each once; got {shown}.", where=str(place)
        )
    rows: dict[str, dict[str, float]] = {}
    for cells in reader:
        where = f"{place}:{reader.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise InputError(f"a row must have {len(header)} cells; got {len(cells)}.", where=where)
        named = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        name = named.pop("layer")
        if name in rows:
            raise InputError(f"layer {name!r} must stand once.", where=where)
        rows[name] = {choice: _number(cell, f"{where}: {choice}") for choice, cell in named.items()}
    return LayerErrors(rows, str(place))


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"an error must be a finite number of at least 0; got {text!r}.", where=where)
    return value


def errors_of(given: Given, network: Network, schemes: Mapping[str, Scheme]) -> LayerErrors:
    """Return the table that is meant: a file, a mapping, a table, or for None what the formats lose of a Gaussian."""
    if given is None:
        from accelsim.quantization.allocation.noise import format_noise

        table = format_noise(network, schemes)
    elif isinstance(given, ErrorTable):
        from accelsim.quantization.allocation.noise import measured_noise

        table = measured_noise(network, schemes, given)
    elif isinstance(given, Sensitivity):
        from accelsim.quantization.sensitivity.joining import joined

        table = joined(given.errors(choices=schemes), network)
    elif isinstance(given, str | Path):
        from accelsim.quantization.sensitivity.joining import spread

        table = spread(read_errors(given), network)
    elif isinstance(given, LayerErrors):
        table = given
    else:
        table = LayerErrors(given)
    table.check(network, list(schemes))
    return table
