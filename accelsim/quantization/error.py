"""What do number formats lose of a model's weights and activations?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from accelsim.errors import InputError, UsageError
from accelsim.precision import Format, parse_format
from accelsim.quantization.clipping import Clip
from accelsim.quantization.error_measures import Measures, measure
from accelsim.quantization.error_table import ErrorTable, TensorError, joined_notes
from accelsim.quantization.rounding_ggml import APPROXIMATED
from accelsim.quantization.rounding_plan import Granularity, Plan, plan
from accelsim.quantization.tensors import Tensors, TensorSource, calibration_tensors, tensors_of
from accelsim.scheme import Scheme, parse_scheme

SCHEMES = ("fp16", "int8", "w4g128a16")
"""What is compared where nothing is asked for."""


@dataclass(frozen=True)
class _Asked:
    """One scheme or format: what it stores each tensor in."""

    name: str
    scheme: Scheme | None
    format: Format | None

    def stored(self, source: TensorSource) -> Format:
        if self.scheme is None:
            assert self.format is not None
            return self.format
        own = self.scheme.for_layer(source.layer)
        return own.weight_format if source.role == "weights" else own.activation_format


def quantization_error(
    model: Any,
    schemes: str | Scheme | Sequence[str | Scheme] | None = None,
    *,
    formats: str | Format | Sequence[str | Format] = (),
    granularity: Granularity | None = None,
    symmetric: bool | None = None,
    clip: Clip | str = "absmax",
    calibration: str | Path | Mapping[str, NDArray[Any]] | None = None,
    layers: Sequence[str] = (),
) -> ErrorTable:
    """Return what schemes and formats lose of the weights of a model, and of recorded activations.

    Parameters
    ----------
    model : path, torch.nn.Module or mapping of str to ndarray
        ONNX, safetensors (file or folder), npz or npy file, module, or arrays by name.
    schemes : str, Scheme or sequence, optional
        Weights are stored in a scheme's weight format, activations in its activation format, its
        overrides followed. By default fp16, int8 and w4g128a16, where no formats are given either.
    formats : str, Format or sequence
        Formats of the catalog, used for weights and activations alike.
    granularity, symmetric, clip
        As of `quantize`; granularity and symmetry apply to ``formats``, clipping to all.
    calibration : path or mapping of str to ndarray, optional
        Recorded activations, the batch along the first axis. Arrays named as inputs of an ONNX model must
        have their shape.
    layers : sequence of str
        Patterns of layer names; by default all.

    Returns
    -------
    ErrorTable

    Raises
    ------
    InputError
        The model has no float weights, a layer asked for has none, an array is empty, of the wrong shape or
        not finite, or a scheme or format is unknown.
    UsageError
        Nothing is asked for, or a package that reads the model is not installed.
    """
    asked = _asked(schemes, formats)
    tensors = tensors_of(model)
    if layers:
        tensors = tensors.only([layers] if isinstance(layers, str) else layers)
    sources = list(tensors)
    if calibration is not None:
        recorded = calibration_tensors(calibration)
        _check_inputs(model, recorded)
        sources += recorded
    rows = []
    for source in sources:
        rows += list(_rows(source, asked, granularity, symmetric, clip))
    return ErrorTable(tensors.name, tuple(rows), tensors.notes)


def _asked(schemes: Any, formats: Any) -> list[_Asked]:
    given = [formats] if isinstance(formats, str | Format) else list(formats)
    if schemes is None:
        schemes = () if given else SCHEMES
    listed = [schemes] if isinstance(schemes, str | Scheme) else list(schemes)
    found = [_Asked(str(one), parse_scheme(one), None) for one in listed]
    for one in given:
        stored = parse_format(one) if isinstance(one, str) else one
        found.append(_Asked(str(one), None, stored))
    if not found:
        raise UsageError("at least one scheme or format must be given, such as int8 or w4g128a16; got none.")
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"each scheme and format must be given once; {twice} is given twice.")
    return found


def _rows(
    source: TensorSource,
    asked: Sequence[_Asked],
    granularity: Granularity | None,
    symmetric: bool | None,
    clip: Clip | str,
) -> Iterator[TensorError]:
    what = f"{source.tensor} of {source.layer}" if source.tensor != source.layer else source.tensor
    if 0 in source.shape:
        raise InputError(f"{what} must have elements to be quantized; its shape is {source.shape}.")
    values = source.read()
    for one in asked:
        is_format = one.scheme is None
        how = plan(one.stored(source), granularity if is_format else None, symmetric if is_format else None, clip)
        measures, problem = _measured(values, how, source, what)
        channels = source.shape[source.axis] if len(source.shape) > 1 else 1
        elements = values.size
        yield TensorError(
            source.layer, source.tensor, source.role, one.name, how.format.name, how.granularity, how.clip_name,
            how.symmetric, grid_text(how), measures, how.bits(elements // channels, elements), source.shape,
            joined_notes([problem, *_remarks(measures, how)]),
        )  # fmt: skip


def _measured(values: Any, how: Plan, source: TensorSource, what: str) -> tuple[Measures | None, str]:
    """Return the measures, or None and why the format cannot store these finite values."""
    from accelsim.quantization.rounding import check_finite

    check_finite(values, what)
    if source.role == "activations" and how.span in ("channel", "tile"):
        return None, f"activations have a scale per tensor or group; {how.format} has one per {how.granularity}"
    try:
        return measure(values, how, source.axis, what), ""
    except InputError as error:
        return None, error.message.rstrip(".")


def _remarks(of: Measures | None, how: Plan) -> Iterator[str]:
    """What the numbers alone do not say."""
    if of is None:
        return
    if not of.signal:
        yield "every value is zero: there is no signal, so no ratio in dB"
    elif of.least == of.most:
        yield f"constant: every value is {of.least:g}"
    if of.signal and not of.noise:
        yield "exact: every value is one of the format's"
    if of.vanished:
        yield f"{of.vanished} values vanish: their scale is below the smallest of {how.scale}"
    if how.format.name in APPROXIMATED:
        yield "scales are chosen more simply than by the format's own tools"


def grid_text(how: Plan) -> str:
    """Return the values of one element in words: "255 levels, -127..127"."""
    grid = how.grid
    if how.own is not None:
        return f"{how.format.name} codes"
    if grid.table is not None:
        return f"table of {len(grid.table)} levels"
    if not grid.is_uniform:
        return f"float up to {grid.high:g}"
    levels = f"2^{how.format.bits}" + (" - 1" if how.symmetric else "")
    small = f"{int(grid.high - grid.low) + 1}" if how.format.bits <= 16 else levels
    return f"{small} levels" + (f", {grid.low:g}..{grid.high:g}" if how.symmetric else ", zero point")


def _check_inputs(model: Any, recorded: Tensors) -> None:
    """Refuse recorded inputs whose shape is not that of the ONNX model's input of that name."""
    if not isinstance(model, str | Path) or Path(model).suffix.lower() != ".onnx":
        return
    from accelsim.quantization.tensors_onnx import onnx_inputs

    for one in recorded:
        wanted = onnx_inputs(Path(model)).get(one.tensor)
        if wanted is None:
            continue
        rest = list(zip(one.shape[1:], wanted[1:], strict=False))
        if len(one.shape) != len(wanted) or any(want not in (None, has) for has, want in rest):
            free = tuple("any" if size is None else size for size in ("any", *wanted[1:]))
            raise InputError(
                f"calibration data for the input {one.tensor} must have the shape ({', '.join(map(str, free))}); "
                f"got {one.shape}. The first axis is the batch."
            )
