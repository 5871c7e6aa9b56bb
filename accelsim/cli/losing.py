"""What do number formats lose of a model's weights, of its activations, and of what it answers? ``error``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.options import check_output, names
from accelsim.cli.sensing import asked_schemes, measured, sensitivity_options, show_sensitivity, wants_run
from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.quantization.rounding_plan import Granularity


@click.command(short_help="Show what number formats lose of a model's weights, and of its answers.")
@click.argument("model")
@click.option(
    "--schemes", "--scheme", "schemes", metavar="A,B",
    help="Schemes; by default fp16,int8,w4g128a16, with --data w8a8,w4a8,w4a4.",
)  # fmt: skip
@click.option("--formats", metavar="A,B", help="Formats of the catalog, for weights and activations alike.")
@click.option("--granularity", metavar="G", help="For --formats without scales: tensor, channel or a group size.")
@click.option("--asymmetric", is_flag=True, help="For --formats: integers with a zero point.")
@click.option("--clip", default="absmax", show_default=True, metavar="C", help="absmax, mse, or a percentile: p99.9.")
@click.option("--calibration", metavar="FILE", help="Recorded activations: .npz or .npy, the batch first.")
@click.option("--layer", "layers", multiple=True, metavar="PATTERN", help="Only layers whose name matches.")
@sensitivity_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per tensor and format, or layer and scheme.")
@click.option("--plot", metavar="FILE", help="Draw signal over noise by layer: .svg, .png or .pdf.")
def error(
    model: str,
    schemes: str | None,
    formats: str | None,
    granularity: str | None,
    asymmetric: bool,
    clip: str,
    calibration: str | None,
    layers: Sequence[str],
    as_json: bool,
    as_csv: bool,
    plot: str | None,
    bits: str | None,
    measure: str | None,
    output: str | None,
    others: bool,
    **run: Any,
) -> None:
    """Show what formats lose of the weights of MODEL and of recorded activations.

    MODEL is an ONNX, safetensors, npz or npy file, or a folder of safetensors. With --data an ONNX file is run:
    how much its answers change with one layer quantized at a time, and with all of them.

    \b
    accelsim error model.onnx --data images.npz --schemes w8a8,w4a8 --plot sensitivity.svg
    accelsim error model.onnx --data images.npz --schemes w8a8,w4a8,w4a4 -o errors.csv
    accelsim error model.onnx --schemes int8,w4g128a16
    accelsim error model.safetensors --formats int4,nf4,mxfp4,q4_0 --clip mse --plot error.svg
    accelsim error model.onnx --formats int8 --granularity channel --calibration activations.npz --csv
    """
    from accelsim.cli import output as out

    check_output(as_json, as_csv, plot)
    if wants_run(output=output, measure=measure, others=others, **run):
        if formats is not None or granularity is not None or asymmetric or calibration is not None:
            raise UsageError(
                "a network is run in schemes; --formats, --granularity, --asymmetric and --calibration are about "
                "tensors."
            )
        _check_table(output, measure)
        looked = run | {"others": others or output is not None}
        found = measured(model, asked_schemes(schemes, bits), layers, clip, **looked)
        show_sensitivity(found, measure, output, as_json, as_csv, plot)
        return
    if formats is None and (granularity is not None or asymmetric):
        raise UsageError("--granularity and --asymmetric are about --formats; schemes say them in their names.")
    from accelsim.quantization.error import quantization_error

    table = quantization_error(
        model, asked_schemes(schemes, bits),
        formats=() if formats is None else names(formats, "--formats"), granularity=_granularity(granularity),
        symmetric=False if asymmetric else None, clip=clip, calibration=calibration, layers=layers,
    )  # fmt: skip
    if plot is not None:
        from accelsim.report.plots import error_figure
        from accelsim.report.style import save

        out.note(f"wrote {save(error_figure(table), plot)}")
    if as_json:
        out.show_json(table.to_dict())
    elif as_csv:
        out.show_csv(table.to_dicts())
        for note in table.notes:
            out.note(f"note: {note}")
    else:
        from accelsim.report.error_text import error_page

        out.show(error_page(table))


def _check_table(output: str | None, measure: str | None) -> None:
    """Refuse a measure that there is not, and a place where no table can be written, before anything is run."""
    if measure is not None:
        from accelsim.quantization.sensitivity.layer import check_measure

        check_measure(measure)
    if output is not None:
        from accelsim.files import check_place, check_suffix

        check_place(check_suffix(output, (".csv",), "-o"))


def _granularity(text: str | None) -> Granularity | None:
    """Return what --granularity stands for: tensor, channel, or a group of so many elements."""
    if text is None or text in ("tensor", "channel"):
        return text  # type: ignore[return-value]
    if text.isdigit() and int(text):
        return "group", int(text)
    raise UsageError(f"--granularity must be tensor, channel or the elements of a group; got {text!r}.")
