"""Which network does a topology of SCALE-Sim describe? A CSV file, one convolution or one matrix product a row.

A convolution has ``Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num
Filter, Strides``, a matrix product ``Layer, M, N, K``; the header says which. A row may end in a comma
or not (SCALE-Sim itself loses the last column of a row that does not). As there, outputs are
``ceil((height - filter) / stride) + 1`` without padding, and a convolution whose name contains "DP" is
depthwise: ``channels`` layers of one channel each. A topology does not say what feeds a layer: every
layer reads the network's input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from accelsim.documents import Mark, shown
from accelsim.documents.reading import read_text
from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers import Option
from accelsim.workload.importers.peers import Entry, ImportedWorkload, Names
from accelsim.workload.importers.scalesim_layer import TopologyLayer
from accelsim.workload.network import Network
from accelsim.workload.passes import MOST, choose, read_option, settle

SOURCE = "a SCALE-Sim topology"
DEPTHWISE = "DP"
MOST_ROWS = 2**16
"""Channels of a depthwise layer that are reported one by one."""
CONV = (
    "Layer name", "IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels", "Num Filter", "Strides",
)  # fmt: skip
BOTH_STRIDES = ("Stride height", "Stride width")
GEMM = ("Layer", "M", "N", "K")
SPARSITY = "Sparsity"
_KNOWN = (*CONV, *BOTH_STRIDES, *GEMM, SPARSITY)
_SAME = {
    "layer": "name",
    "layername": "name",
    "stride": "strides",
    "numfilters": "numfilter",
    "sparsityratio": "sparsity",
}


def load(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
    """Return the network of a topology; see `accelsim.workload.catalog.load_workload`."""
    imported = read_topology(path)
    offered = phases(path)
    settle(imported.name, choose(imported.name, phase, offered), {}, options)
    return imported.network(1 if batch is None else read_option("batch", batch, 1))


def phases(path: Path) -> dict[str, dict[str, Option]]:
    """Return the passes of a topology: one, without options."""
    return {"": {}}


def read_topology(path: str | Path) -> ImportedWorkload:
    """Return the layers of a topology.

    Raises
    ------
    InputError
        The header or a column is missing or unknown, a value is not a whole number of at least 1, a filter is
        larger than its input, or a row has fewer or more values than columns; file, line and column are named.
    """
    place = Path(path)
    table = _Table(place)
    names = Names()
    layer = _gemm if "m" in table.columns else _conv
    entries = tuple(Entry(layer(row, names), row.mark) for row in table.rows())
    if not entries:
        raise InputError("a topology must have at least one layer below its header.", where=str(place))
    return ImportedWorkload(place, SOURCE, entries, tuple(names.remarks))


def read_layers(path: str | Path) -> tuple[TopologyLayer, ...]:
    """Return the rows of a topology as SCALE-Sim computes them, under their own names.

    Raises
    ------
    InputError
        As `read_topology` does.
    """
    table = _Table(Path(path))
    layers = tuple(row.layer() for row in table.rows())
    if not layers:
        raise InputError("a topology must have at least one layer below its header.", where=str(path))
    for row, layer in zip(table.rows(), layers, strict=True):
        if layer.repeat > MOST_ROWS:
            raise row.error("channels", f"must be at most {MOST_ROWS} in a depthwise layer, for each has a row of "
                            f"the report; got {layer.repeat}.")  # fmt: skip
        if layer.repeat * prod(layer.extents) > MOST:
            raise InputError(f"layer {row.name}: its dimensions must multiply to at most {MOST}.",
                             where=f"{table.path}:{row.number}")  # fmt: skip
    return layers


def _gemm(row: _Row, names: Names) -> dict[str, Any]:
    m, n, k = row.layer().extents
    return {"name": names.new(row.name), "kind": "gemm", "M": m, "N": n, "K": k}


def _conv(row: _Row, names: Names) -> dict[str, Any]:
    layer = row.layer()
    shape: dict[str, Any] = {"K": layer.filters, "C": layer.channels}
    if DEPTHWISE in row.name:
        shape = {"G": layer.repeat, "K": layer.filters}
    shape |= {"OY": layer.output_height, "FY": layer.filter_height}
    shape |= {"OX": layer.output_width, "FX": layer.filter_width}
    shape = {dim: extent for dim, extent in shape.items() if extent > 1} | {"size": [layer.height, layer.width]}
    if layer.strides != (1, 1):
        shape["stride"] = list(layer.strides)
    return {"name": names.new(row.name), "kind": "nest", "shape": shape}


class _Table:
    """The rows of a topology below its header, by column."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = read_text(path, "a topology").splitlines()
        number, header = self._header()
        self.first = number
        self.titles = [title.strip() for title in _without_end(header)]
        self.columns = {_column(title): place for place, title in enumerate(self.titles)}
        self._check(number)

    def _header(self) -> tuple[int, list[str]]:
        for number, line in enumerate(self.lines, 1):
            if line.strip():
                return number, line.split(",")
        raise InputError("a topology must have a header and layers; it is empty.", where=str(self.path))

    def _check(self, number: int) -> None:
        where = f"{self.path}:{number}"
        known = {_column(title) for title in _KNOWN}
        if not known & set(self.columns) - {"name"} or any(title.isdecimal() for title in self.titles):
            wanted, given = f"'{', '.join(CONV)}' or '{', '.join(GEMM)}'", shown(", ".join(self.titles))
            raise InputError(f"the first line of a topology must be a header, {wanted}; got {given}.", where=where)
        for place, title in enumerate(self.titles):
            if _column(title) not in known:
                hint = did_you_mean(title, _KNOWN) or f"; it has {', '.join(_KNOWN)}."
                raise InputError(
                    f"column {place + 1}, {shown(title)}, is not a column of a topology{hint}", where=where
                )
        if len(self.columns) < len(self.titles):
            doubled = next(title for place, title in enumerate(self.titles) if self.columns[_column(title)] != place)
            raise InputError(f"a column must be given once; {shown(doubled)} stands twice.", where=where)
        gemm = {"m", "n", "k"} & set(self.columns)
        if gemm and len(set(self.columns) - {"m", "n", "k", "name", "sparsity"}):
            raise InputError(
                "a topology must have the columns of convolutions or of matrix products, not both.", where=where
            )
        needed = GEMM if gemm else (*CONV[:-1], *(BOTH_STRIDES if "strideheight" in self.columns else CONV[-1:]))
        for title in needed:
            if _column(title) not in self.columns:
                raise InputError(
                    f"a topology must have a column {title!r}; it has {shown(', '.join(self.titles))}.", where=where
                )

    def rows(self) -> list[_Row]:
        """Return the rows with a layer each."""
        rows = []
        for number, line in enumerate(self.lines[self.first :], self.first + 1):
            if not line.strip(" \t,"):
                continue
            values = [value.strip() for value in line.split(",")]
            if len(values) == len(self.titles) + 1 and not values[-1]:
                values.pop()
            optional = "sparsity" in self.columns and len(values) == len(self.titles) - 1
            if len(values) != len(self.titles) and not optional:
                raise InputError(
                    f"a row must have {len(self.titles)} values, {', '.join(self.titles)}; this has {len(values)}.",
                    where=f"{self.path}:{number}",
                )
            rows.append(_Row(self, number, values))
        return rows


@dataclass(frozen=True)
class _Row:
    table: _Table
    number: int
    values: list[str]

    @property
    def mark(self) -> Mark:
        return Mark(str(self.table.path), self.number, 1)

    @property
    def name(self) -> str:
        name = self._text("name")
        if not name:
            raise self.error("name", "must be a name; it is empty.")
        return name

    def _text(self, column: str) -> str:
        place = self.table.columns[column]
        return self.values[place] if place < len(self.values) else ""

    def whole(self, column: str) -> int:
        """Return a count of at least 1."""
        text = self._text(column)
        if not text.isdecimal() or not text.isascii() or len(text) > 13 or not 1 <= int(text) <= MOST:
            raise self.error(column, f"must be a whole number from 1 to {MOST}; got {shown(text)}.")
        return int(text)

    def layer(self) -> TopologyLayer:
        """Return what the row computes, checked."""
        self.dense()
        if "m" in self.table.columns:
            return TopologyLayer.product(self.name, *(self.whole(dim) for dim in "mnk"))
        both = "strideheight" in self.table.columns
        channels, filters = self.whole("channels"), self.whole("numfilter")
        sizes, taps, steps = [], [], []
        for side in ("height", "width"):
            size, own = self.whole(f"ifmap{side}"), self.whole(f"filter{side}")
            steps.append(self.whole(f"stride{side}" if both else "strides"))
            if own > size:
                raise self.error(f"filter{side}", f"must be at most the input's {side}, {size}; got {own}.")
            sizes.append(size)
            taps.append(own)
        (height, width), (rows, columns) = sizes, taps
        repeat = channels if DEPTHWISE in self.name else 1
        return TopologyLayer(
            self.name, height, width, rows, columns, channels // repeat, filters, (steps[0], steps[1]), repeat
        )

    def dense(self) -> None:
        """Refuse a layer that skips some of its products."""
        if "sparsity" not in self.table.columns:
            return
        text = self._text("sparsity")
        kept, colon, block = text.partition(":")
        if text and (not colon or not kept.strip().isdecimal() or not block.strip().isdecimal()):
            raise self.error("sparsity", f"must be N:M, such as 1:1; got {shown(text)}.")
        if text and int(kept) != int(block):
            raise self.error(
                "sparsity", f"must be dense, such as 1:1: accelsim counts every product; got {shown(text)}."
            )

    def error(self, column: str, message: str) -> InputError:
        """Return the error that names line and column."""
        title = self.table.titles[self.table.columns[column]]
        return InputError(
            message, where=f"{self.table.path}:{self.number}: {title} of {self._text('name') or 'a layer'}"
        )


def _column(title: str) -> str:
    plain = "".join(title.lower().replace("_", " ").split())
    return _SAME.get(plain, plain)


def _without_end(header: list[str]) -> list[str]:
    return header[:-1] if header and not header[-1].strip() else header
