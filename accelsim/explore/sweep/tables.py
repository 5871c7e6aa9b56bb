"""What is a sweep as a table or as arrays? Units beside the numbers, the axes as coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from accelsim.explore.sweep.result import SweepResult

INSTALL = "run: pip install 'accelsim[tables]'"


def frame(result: SweepResult) -> pd.DataFrame:
    """Return one row per point; ``attrs`` has the units, the axes, and what all points have in common."""
    import pandas as pd

    columns = {name: one_kind([row[name] for row in result.rows]) for name in result.columns}
    table = pd.DataFrame(columns, columns=list(result.columns))
    table.attrs.update(units=result.units, axes=list(result.axes), fixed=result.fixed)
    return table


def layers_frame(result: SweepResult) -> pd.DataFrame:
    """Return one row per layer and point, the axes first."""
    import pandas as pd

    if not result.sweep.per_layer:
        raise InputError("the sweep must be asked for layers (layers=True, or layers: true in a file); it was not.")
    rows = [
        {**dict(point.values), **{"layer" if name == "name" else name: value for name, value in layer.items()}}
        for point, outcome in zip(result.points, result.outcomes, strict=True)
        for layer in outcome.layers
    ]
    table = pd.DataFrame(rows)
    table.attrs.update(axes=list(result.axes), fixed=result.fixed)
    return table


def dataset(result: SweepResult) -> xr.Dataset:
    """Return every metric as an array over the axes; see `SweepResult.to_xarray`."""
    try:
        import xarray as xr
    except ImportError:
        raise UnsupportedError(f"arrays with named axes need xarray, which is not installed; {INSTALL}") from None
    if not result.is_grid:
        size = " x ".join(str(len(axis)) for axis in result.sweep.axes)
        raise InputError(
            f"to_xarray needs one point for every combination of the axes ({size}); "
            f"this result has {len(result)}. Use to_frame."
        )
    dims = [axis.name for axis in result.sweep.axes]
    shape = tuple(len(axis) for axis in result.sweep.axes)
    units = result.units
    data = {
        name: (dims, _array([row[name] for row in result.rows], shape), {"units": units[name]} if name in units else {})
        for name in (*result.metrics, "status", "reason")
    }
    coords: dict[str, Any] = {
        one.name: (axis.name, one_kind(one.labels)) for axis in result.sweep.axes for one in axis.settings
    }
    fixed = {name: value for name, value in result.fixed.items() if value is not None}
    return xr.Dataset(data, coords=coords, attrs=fixed)


def one_kind(values: Sequence[Any]) -> list[Any]:
    """Return a column that is all numbers, all truth values or all texts; a mixture becomes texts."""
    kinds = {_kind(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return list(values)
    return [None if value is None else str(value) for value in values]


def _kind(value: Any) -> str:
    return "truth" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"


def _array(values: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Return values in the shape of the axes: numbers and truth values as floats, NaN where unknown; else texts."""
    import numpy as np

    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values]).reshape(shape)
    return np.array([np.nan if value is None else value for value in values], dtype=float).reshape(shape)
