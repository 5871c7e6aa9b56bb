"""How much of its time does TPU v1 wait for weights?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accelsim.validation.bounds import bounds_of
from accelsim.validation.comparison import Comparison, Row
from accelsim.validation.measurements import rows, sources
from accelsim.validation.studies.tpu_v1.shares import HALF_RATE, Shares, passed, passed_in_tiles, shares
from accelsim.validation.studies.tpu_v1.stand_ins import TABLE

WEIGHT_BOUND = ("MLP0", "MLP1", "LSTM0", "LSTM1")
LSTMS = ("LSTM0", "LSTM1")

_MAP = (
    "The paper's columns in accelsim's words: active is compute; stall and shift together are every stall for W, "
    "with what folds wait for their weights in the skew; shift is the last 256 cycles of that wait for each tile; "
    "non-matrix is all else (first and last transfers of a layer, filling and draining)."
)
_HALF = (
    "The counters themselves say that the LSTMs run at half rate: their useful MACs would make 7.5 and 5.8 TOPS at "
    "full rate, and 3.7 and 2.8 were measured. With activations of 16 bits, which the array takes at half speed, the "
    "rows marked so follow; 8 bits stay what is judged, since the paper does not say which formats the applications "
    "use."
)
_CANNOT = (
    "Non-matrix time is synchronization between layers (RAW stalls) and inputs over PCIe, by the paper not fully "
    "explained; accelsim has only the first and last transfers of each layer, so the other shares come out too large.",
    "Layer shapes are unpublished: equal square layers stand in for them.",
)


def weight_stall() -> Comparison:
    """Return the share of all cycles in which the matrix unit stalls for weights."""
    name = "tpu-v1-weight-stall"
    return Comparison(
        name, "TPU v1: weight stalls", "weight stalls, of all cycles", "%", "silicon", sources(TABLE),
        _rows(lambda own: own.stall, "weight_stall_pct"), bounds_of(name),
        cannot=_CANNOT, remark=f"{_MAP} {_HALF}",
    )  # fmt: skip


def weight_stall_of_matrix_time() -> Comparison:
    """Return the share of weight stalls in the time that the matrix unit computes, stalls or shifts; shown only."""
    name = "tpu-v1-weight-stall-of-matrix-time"

    def measured(row: dict[str, str]) -> float:
        return 100 * float(row["weight_stall_pct"]) / (100 - float(row["non_matrix_pct"]))

    found = tuple(replace(one, role="shown") for one in _rows(lambda own: own.stall_of_matrix, measured))
    return Comparison(
        name, "TPU v1: weight stalls, non-matrix time left out", "weight stalls, of active, stall and shift", "%",
        "silicon", sources(TABLE), found, bounds_of(name),
        cannot=_CANNOT[1:],
        remark="What is left of the comparison of weight stalls when time that accelsim does not model is left out: it "
        "explains what is missed there, and so has no bound of its own.",
    )  # fmt: skip


def cycle_shares() -> Comparison:
    """Return the other columns of the paper's table: active, shift, non-matrix."""
    name = "tpu-v1-cycle-shares"
    columns: tuple[tuple[str, str, Callable[[Shares], float]], ...] = (
        ("active", "array_active_pct", lambda own: own.active),
        ("shift", "weight_shift_pct", lambda own: own.shift),
        ("non-matrix", "non_matrix_pct", lambda own: own.non_matrix),
    )
    found = [replace(one, role="shown", group=group) for group, column, pick in columns for one in _rows(pick, column)]
    return Comparison(
        name, "TPU v1: where the cycles go", "share of all cycles", "%", "silicon", sources(TABLE),
        tuple(found), bounds_of(name), cannot=_CANNOT, remark=_MAP,
    )  # fmt: skip


def _rows(ours: Callable[[Shares], float], theirs: str | Callable[[dict[str, str]], float]) -> tuple[Row, ...]:
    """The applications in 8 bits, judged; the LSTMs with activations of 16 and LSTM1 in whole tiles, shown."""
    measured = {row["app"]: float(row[theirs]) if isinstance(theirs, str) else theirs(row) for row in rows(TABLE)}
    judged = [Row(app, ours(shares(passed(app))), measured[app]) for app in WEIGHT_BOUND]
    wider = [(f"{app}, activations of 16 bits", app, passed(app, HALF_RATE)) for app in LSTMS]
    wider.append(("LSTM1 as 600x600 products, 16 bits", "LSTM1", passed_in_tiles()))
    return (*judged, *(Row(label, ours(shares(found)), measured[app], "shown") for label, app, found in wider))
