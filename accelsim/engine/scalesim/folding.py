"""How does SCALE-Sim fold a matrix product onto its array, and in which cycle does a port see which word?

::

    rows x columns x stream    ws: K x N x M      os: M x N x K      is: K x M x N
    cycles of a fold           ws, is: 2 R + C + T - 2               os: T + R + C - 2

Column folds are the outer loop. Every fold takes as long as a full one; folds never overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from accelsim.engine.case import Ints
from accelsim.engine.systolic import STATIONARY
from accelsim.hardware.importers.scalesim_machine import Machine
from accelsim.workload.importers.scalesim_layer import TopologyLayer

OPERANDS = "IWO"
Block = tuple[Ints, int, bool]
"""Addresses by row and column (-1 asks for nothing), the cycle of their first row, and whether they are skewed."""


@dataclass(frozen=True)
class Asked:
    """When a port is asked in one fold: for ``long`` words on each of ``wide`` lanes, from a cycle on."""

    long: int
    wide: int
    start: int
    skewed: bool

    @property
    def words(self) -> int:
        """Requests of the fold."""
        return self.long * self.wide

    @property
    def end(self) -> int:
        """Cycle of the last request."""
        return self.start + self.long - 1 + (self.wide - 1) * self.skewed

    def upto(self) -> Ints:
        """Requests up to each cycle, from ``start`` to ``end``."""
        if not self.skewed:
            return np.arange(1, self.long + 1) * self.wide
        cycle = np.arange(self.long + self.wide - 1)
        return np.cumsum(np.minimum(cycle, self.wide - 1) - np.maximum(cycle - self.long + 1, 0) + 1)

    def row_of(self, number: int) -> int:
        """Cycle of a request, counted from 1."""
        return self.start + int(np.searchsorted(self.upto(), number))


@dataclass(frozen=True)
class Folding:
    """A layer on a machine, fold by fold."""

    layer: TopologyLayer
    machine: Machine

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Extents over the rows, over the columns, and along the stream."""
        m, n, k = self.layer.extents
        return {"ws": (k, n, m), "os": (m, n, k), "is": (k, m, n)}[self.machine.dataflow]

    @property
    def folds(self) -> tuple[int, int]:
        """Row folds and column folds."""
        down, across, _ = self.sizes
        return -(-down // self.machine.rows), -(-across // self.machine.columns)

    @property
    def fold_cycles(self) -> int:
        """Cycles of one fold."""
        rows, columns = self.machine.rows, self.machine.columns
        return self.sizes[2] + columns - 2 + rows * (1 if self.machine.dataflow == "os" else 2)

    def asked(self, operand: str, row_fold: int, column_fold: int) -> Asked:
        """Return when a port is asked in one fold, addresses beyond the edge of the input counted."""
        rows, columns, flow = self.machine.rows, self.machine.columns, self.machine.dataflow
        down, across, stream = self.sizes
        used = min(rows, down - row_fold * rows), min(columns, across - column_fold * columns)
        if operand == STATIONARY[flow]:
            return (
                Asked(*used, stream - 1 + rows - used[0], True) if flow == "os" else Asked(*used, rows - used[0], False)
            )
        if flow == "os":
            return Asked(stream, used[0] if operand == "I" else used[1], 0, True)
        return Asked(stream, used[1], 2 * rows - 1, True) if operand == "O" else Asked(stream, used[0], rows, True)

    @property
    def beyond(self) -> bool:
        """Whether the last windows reach beyond the input."""
        layer = self.layer
        reach = (layer.output_height - 1) * layer.strides[0] + layer.filter_height
        across = (layer.output_width - 1) * layer.strides[1] + layer.filter_width
        return reach > layer.height or across > layer.width

    def row_of(self, operand: str, number: int) -> int:
        """Row of the ``number``-th request of a port, from 1, if none reaches beyond the input."""
        row_folds, column_folds = self.folds
        sizes = np.array([
            [self.asked(operand, row, column).words for row in {0, row_folds - 1}] for column in {0, column_folds - 1}
        ])  # fmt: skip
        each = np.full((column_folds, row_folds), sizes[0, 0])
        each[:, -1], each[-1] = sizes[0, -1], sizes[-1, 0]
        each[-1, -1] = sizes[-1, -1]
        ends = np.cumsum(each)
        fold = int(np.searchsorted(ends, number))
        column, row = divmod(fold, row_folds)
        asked = self.asked(operand, row, column)
        return fold * self.fold_cycles + asked.row_of(number - int(ends[fold]) + asked.words)

    def blocks(self, operand: str) -> Iterator[Block]:
        """Yield what a port is asked for in every fold, in order."""
        row_folds, column_folds = self.folds
        for column_fold in range(column_folds):
            for row_fold in range(row_folds):
                yield self.block(operand, row_fold, column_fold)

    def block(self, operand: str, row_fold: int, column_fold: int) -> Block:
        """Return what a port is asked for in one fold."""
        rows, columns, flow = self.machine.rows, self.machine.columns, self.machine.dataflow
        down, across, stream = self.sizes
        i = np.arange(row_fold * rows, min((row_fold + 1) * rows, down))
        j = np.arange(column_fold * columns, min((column_fold + 1) * columns, across))
        t = np.arange(stream)
        if flow == "ws":
            if operand == "W":
                return self._padded_and_flipped(self.weights(i[:, None], j)), 0, False
            return (self.inputs(t[:, None], i), rows, True) if operand == "I" else (
                self.outputs(t[:, None], j), 2 * rows - 1, True
            )  # fmt: skip
        if flow == "is":
            if operand == "I":
                return self._padded_and_flipped(self.inputs(j, i[:, None])), 0, False
            return (self.weights(i, t[:, None]), rows, True) if operand == "W" else (
                self.outputs(j, t[:, None]), 2 * rows - 1, True
            )  # fmt: skip
        if operand == "O":
            return self._padded_and_flipped(self.outputs(i[:, None], j)), stream - 1, True
        return (self.inputs(i, t[:, None]) if operand == "I" else self.weights(t[:, None], j)), 0, True

    def _padded_and_flipped(self, block: Ints) -> Ints:
        """The rows of a block in reverse, below those of an array that the block does not fill."""
        empty = np.full((self.machine.rows - block.shape[0], block.shape[1]), -1)
        return np.concatenate([empty, block[::-1]])

    def inputs(self, m: Ints, k: Ints) -> Ints:
        """Addresses of input words: row by row, pixel by pixel, channels innermost; -1 beyond the edge."""
        layer = self.layer
        y, x = np.divmod(m, layer.output_width)
        tap_y, rest = np.divmod(k, layer.filter_width * layer.channels)
        tap_x, channel = np.divmod(rest, layer.channels)
        row = y * layer.strides[0] + tap_y - layer.padding[0]
        column = x * layer.strides[1] + tap_x - layer.padding[1]
        inside = (row >= 0) & (row < layer.height) & (column >= 0) & (column < layer.width)
        return np.where(inside, (row * layer.width + column) * layer.channels + channel, -1)

    def weights(self, k: Ints, n: Ints) -> Ints:
        """Addresses of weights: K rows of N words."""
        return k * self.layer.filters + n

    def outputs(self, m: Ints, n: Ints) -> Ints:
        """Addresses of output words: M rows of N words."""
        return m * self.layer.filters + n

    def requests(self, operand: str) -> Iterator[tuple[Ints, Ints]]:
        """Yield cycle (without stalls) and address of every request of a port, fold by fold, in its order."""
        for number, (block, start, skewed) in enumerate(self.blocks(operand)):
            cycle, order = request_order(*block.shape, skewed)
            address = block.reshape(-1)[order]
            asked = address >= 0
            yield cycle[asked] + number * self.fold_cycles + start, address[asked]

    def fetched(self, operand: str) -> tuple[Ints, int]:
        """Return the addresses of W or I in the order of prefetches, and how many places the list has, empty too.

        SCALE-Sim stacks the blocks of one pass over the operand, and rolls them out along diagonals
        where a port asks with skew. Ports of a stationary operand ask row by row.
        """
        rows, columns, flow = self.machine.rows, self.machine.columns, self.machine.dataflow
        row_folds, column_folds = self.folds
        down, across, stream = self.sizes
        t, depth = np.arange(stream)[:, None], np.arange(down)[:, None]
        by_column = (flow, operand) in {("ws", "W"), ("os", "W"), ("is", "I")}
        width, folds = (columns, column_folds) if by_column else (rows, row_folds)
        stacked = []
        for fold in range(folds):
            part = np.arange(fold * width, min((fold + 1) * width, across if by_column else down))
            if by_column:
                places = t if flow == "os" else depth
                block = self.inputs(part, places) if operand == "I" else self.weights(places, part)
            elif operand == "I":
                block = self.inputs(t, part) if flow == "ws" else self.inputs(part, t)
            else:
                block = self.weights(part, t)
            stacked.append(np.pad(block, ((0, 0), (0, width - len(part))), constant_values=-1))
        whole = np.concatenate(stacked)
        skewed = (flow, operand) not in {("ws", "W"), ("is", "I")}
        addresses = whole.reshape(-1)[request_order(*whole.shape, skewed)[1]]
        return addresses[addresses >= 0], whole.size


@lru_cache(maxsize=8)
def request_order(rows: int, columns: int, skewed: bool) -> tuple[Ints, Ints]:
    """Return the cycle of each place of a block in the order of requests, and the places in that order."""
    if not skewed:
        return np.repeat(np.arange(rows), columns), np.arange(rows * columns)
    cycle = (np.arange(rows)[:, None] + np.arange(columns)).reshape(-1)
    order = np.argsort(cycle * columns + np.tile(np.arange(columns), rows), kind="stable")
    return cycle[order], order
