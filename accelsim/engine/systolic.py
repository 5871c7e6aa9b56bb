"""How many cycles does a systolic array take: loading, skew, folds, drain? Closed forms, equal to the cycle.

A matrix product lies on R x C PEs with ``down`` extents over the rows, ``across`` over the columns and
``stream`` steps in time (`placed`). It is folded into ``ceil(down / R) ceil(across / C)`` folds of r x c PEs,
column folds outermost. With T = ``stream``, one fold alone takes in every dataflow::

    R + r + c + T - 2

Weights (ws) and inputs (is) are shifted in over r cycles, and sums pass all R rows on their way out; outputs
(os) stay, and pass R rows as they are shifted out. Consecutive folds follow each other in this time, or,
if the stationary operand is double-buffered, every ``max(T, r)`` cycles. docs/systolic.md derives it,
and tests/engine/array_simulator.py moves the values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from accelsim.engine.case import Batch, Floats, Ints
from accelsim.engine.energy import multiplied_formats
from accelsim.errors import UsageError, did_you_mean
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Keep, Nest

STATIONARY = {"ws": "W", "os": "O", "is": "I"}
LONG = {"weight-stationary": "ws", "output-stationary": "os", "input-stationary": "is"}


def placed(dataflow: str, m: ArrayLike, n: ArrayLike, k: ArrayLike) -> tuple[Ints, Ints, Ints]:
    """Return what lies over the rows, over the columns and along the stream of a product of M x K and K x N.

    Parameters
    ----------
    dataflow : {"ws", "os", "is"} or the long names
        ws: K, N, M; os: M, N, K; is: K, M, N.

    Raises
    ------
    UsageError
        The dataflow is none of these.
    """
    flow = LONG.get(dataflow, dataflow)
    if flow not in STATIONARY:
        known = (*STATIONARY, *LONG)
        raise UsageError(
            f"a systolic dataflow must be ws, os or is; got {dataflow!r}{did_you_mean(dataflow, known) or '.'}"
        )
    extents = {name: np.asarray(extent, dtype=np.int64) for name, extent in zip("MNK", (m, n, k), strict=True)}
    down, across, stream = (extents[name] for name in {"ws": "KNM", "os": "MNK", "is": "KMN"}[flow])
    return down, across, stream


def systolic_cycles(
    dataflow: str,
    rows: int,
    columns: int,
    m: ArrayLike,
    n: ArrayLike,
    k: ArrayLike,
    *,
    overlap: bool = False,
    whole_folds: bool = False,
) -> Ints:
    """Return the cycles of matrix products of M x K inputs and K x N weights on a systolic array.

    Parameters
    ----------
    dataflow : {"ws", "os", "is"} or the long names
    rows, columns : int
        PEs.
    m, n, k : int or int64 array
        Extents of the products, one result for each.
    overlap : bool
        Whether the stationary operand is double-buffered, so that the next fold follows at once.
    whole_folds : bool
        Whether an edge fold takes as long as a full one, as if it were padded with zeros. SCALE-Sim counts so
        without overlap, and drains outputs in no time: its ``os`` folds are R cycles shorter than here.

    Returns
    -------
    int64 array
        From the first word that enters to the last sum that is complete (ws, is: in the accumulators
        below the array) or has left (os), in cycles.

    Raises
    ------
    UsageError
        The dataflow is unknown, or an extent or a size is less than 1.

    Examples
    --------
    >>> int(systolic_cycles("ws", 3, 4, m=4, n=8, k=6))
    48
    >>> int(systolic_cycles("ws", 3, 4, m=4, n=8, k=6, overlap=True))
    24
    """
    down, across, stream = placed(dataflow, m, n, k)
    if min(rows, columns, *(int(np.min(extent)) for extent in (down, across, stream))) < 1:
        raise UsageError("the sizes of an array and of a product must be at least 1.")
    row_folds, column_folds = -(-down // rows), -(-across // columns)
    if whole_folds:
        down, across = row_folds * rows, column_folds * columns
    if not overlap:
        alone = row_folds * column_folds * (rows + stream - 2)
        return np.asarray(alone + column_folds * down + row_folds * across)
    last_rows = down - (row_folds - 1) * rows
    last_columns = across - (column_folds - 1) * columns
    full, short = np.maximum(stream, rows), np.maximum(stream, last_rows)
    a_column = (row_folds - 1) * full + short  # all row folds of a column fold
    if LONG.get(dataflow, dataflow) == "os":
        between, kept = column_folds * a_column - short, last_rows
    else:
        first = np.where(row_folds > 1, rows, last_rows)
        between, kept = column_folds * a_column - np.maximum(stream, first), first
    # The column fold before the last is wider and may be later for it.
    wide = np.where(column_folds > 1, columns - a_column, 0)
    return np.asarray(kept + between + stream + rows + np.maximum(last_columns, wide) - 2)


def skew_cycles(batch: Batch, nest: Nest, counts: Counts) -> Floats:
    """Return the cycles of a systolic array beyond those of its steps, shape (n,); zero for a broadcast array.

    The two innermost fan-outs are the array's rows and columns. A fold is one box of the operand that the
    PEs' innermost registers keep (of several operands, the one that changes least). Folds are whole
    (``systolic_cycles(..., whole_folds=True)``): ``folds (2 R + C - 2)`` without overlap;
    with a double-buffered register ``2 R + C - 2 + (folds - 1) max(0, R - T)``, T cycles of steps a fold. An ideal
    register is loaded or drained in no time, one that keeps nothing has a single fold: ``R + C - 2``.
    """
    chip = batch.chip
    none = np.zeros(len(batch.case_of))
    if chip.timing != "systolic" or len(chip.fanouts) < 2:
        return none
    rows, columns = (fanout.size for fanout in chip.fanouts[-2:])
    skew = rows + columns - 2
    register = next((level for level in chip.levels if level.depth == len(chip.fanouts)), None)
    if register is None or register.buffering == "ideal":
        return none + skew
    kept = [operand for line in nest.lines if isinstance(line, Keep) and line.level == register.name
            for operand in line.operands]  # fmt: skip
    if not kept:
        return none + skew
    folds = none + np.min([counts.visits[operand] + none for operand in kept], axis=0)
    if not register.overlaps:
        return np.asarray(folds * (rows + skew))
    rate = batch.each(lambda case: float(chip.macs_per_pe_cycle(*multiplied_formats(case)).value))
    waiting = (folds - 1) * np.maximum(0, rows - counts.steps / (rate * folds))
    return np.asarray(rows + skew + np.ceil(waiting))
