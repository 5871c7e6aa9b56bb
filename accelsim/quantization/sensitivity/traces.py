"""How curved is the loss in each layer's weights? Hessian traces that somebody else measured, from a file."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.errors import InputError, did_you_mean

COLUMNS = ("trace", "Hutchinson_trace", "hutchinson_trace", "hessian_trace")


@dataclass(frozen=True)
class Traces:
    """Average traces of the Hessian of the loss, by layer or in order of the layers.

    Parameters
    ----------
    named : dict of str to float
        By layer; empty where the file has no names.
    ordered : tuple of float
        In order, where it has no names.
    source : str
    """

    named: Mapping[str, float]
    ordered: tuple[float, ...] = ()
    source: str = "given"

    def of(self, layers: Sequence[str]) -> dict[str, float]:
        """Return the trace of each layer.

        Raises
        ------
        InputError
            A layer has none, a trace is of no layer, or without names there are more or fewer than layers.
        """
        if self.ordered:
            if len(self.ordered) != len(layers):
                raise InputError(
                    f"traces without names must be one for each of the {len(layers)} layers, in order; got "
                    f"{len(self.ordered)}. Pick layers by pattern, or name the traces.",
                    where=self.source,
                )
            return dict(zip(layers, self.ordered, strict=True))
        for name in self.named:
            if name not in layers:
                hint = did_you_mean(name, layers) or f"; there are {', '.join(layers[:4])}."
                raise InputError(f"a trace must be of a layer with weights; {name!r} is none{hint}", where=self.source)
        missing = [name for name in layers if name not in self.named]
        if missing:
            raise InputError(f"every layer must have a trace; {missing[0]} has none.", where=self.source)
        return {name: self.named[name] for name in layers}


Given = Traces | Mapping[str, float] | Sequence[float] | str | Path
"""What ``traces=`` takes."""


def traces_of(given: Given) -> Traces:
    """Return traces: a file, a mapping by layer, or numbers in order of the layers."""
    if isinstance(given, Traces):
        return given
    if isinstance(given, str | Path):
        return read_traces(given)
    if isinstance(given, Mapping):
        return Traces({str(name): _number(value, "traces", str(name)) for name, value in given.items()})
    return Traces({}, tuple(_number(value, "traces", str(place)) for place, value in enumerate(given, 1)))


def read_traces(path: str | Path) -> Traces:
    """Return traces from a CSV file (columns ``layer`` and ``trace``) or a JSON file.

    JSON is an object of layers and numbers, a list of numbers in order of the layers, or an object that has
    either as ``trace`` or ``Hutchinson_trace``, as HAWQ publishes them, on top or under ``data``.

    Raises
    ------
    InputError
        The file cannot be read, or has no such table.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not a text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"traces must be a CSV or JSON file that can be read; {place}: {reason}.") from None
    return _of_json(text, place) if place.suffix.lower() == ".json" else _of_csv(text, place)


def _of_json(text: str, place: Path) -> Traces:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"must be JSON; {error}.", where=str(place)) from None
    if isinstance(data, dict) and isinstance(data.get("data"), dict):
        data = data["data"]
    if isinstance(data, dict):
        data = next((data[name] for name in COLUMNS if isinstance(data.get(name), list | dict)), data)
    if isinstance(data, list) and data:
        return Traces({}, tuple(_number(one, str(place), f"number {n}") for n, one in enumerate(data, 1)), str(place))
    if isinstance(data, dict) and data:
        return Traces({name: _number(one, str(place), name) for name, one in data.items()}, (), str(place))
    raise InputError("must be an object of layers and traces, or a list of traces; it is neither.", where=str(place))


def _of_csv(text: str, place: Path) -> Traces:
    reader = csv.DictReader(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    header = [name.strip() for name in reader.fieldnames or []]
    column = next((name for name in COLUMNS if name in header), None)
    if "layer" not in header or column is None:
        raise InputError(f"must have the columns layer and trace; got {', '.join(header) or 'nothing'}.",
                         where=str(place))  # fmt: skip
    named: dict[str, float] = {}
    for row in reader:
        own = {str(key).strip(): str(value).strip() for key, value in row.items()}
        where = f"{place}: {own['layer']}"
        if own["layer"] in named:
            raise InputError("a layer must stand once.", where=where)
        named[own["layer"]] = _number(own[column], str(place), own["layer"])
    if not named:
        raise InputError("must hold at least one trace; there is none.", where=str(place))
    return Traces(named, (), str(place))


def _number(value: Any, source: str, name: str) -> float:
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found) or found < 0:
        raise InputError(f"a trace must be a finite number of at least 0; got {value!r}.", where=f"{source}: {name}")
    return found
