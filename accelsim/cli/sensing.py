"""What does a network answer with one layer quantized at a time? The part of ``error`` that runs the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.options import names
from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.quantization.sensitivity.result import Sensitivity

_OPTIONS = (
    click.option(
        "--data", metavar="FILE", help="Inputs of MODEL, .npz or .npy: it is run with one layer quantized at a time."
    ),
    click.option("--bits", metavar="B,C", help="Integer weights of so many bits, activations left alone: 4 is w4a32."),
    click.option("--traces", metavar="FILE", help="Hessian traces: CSV (layer,trace) or JSON; needs no --data."),
    click.option("--only", metavar="PART", help="With --data: quantize weights or activations alone."),
    click.option("--engine", metavar="E", help="With --data: onnxruntime or reference; by default what is installed."),
    click.option("--network-output", metavar="NAME", help="With --data: which output of MODEL is looked at."),
    click.option("--measure", metavar="M", help="Of -o: kl, noise, changed, weights or trace; by default kl."),
    click.option("--others", is_flag=True, help="With --data: look at operators without weights too; -o does."),
    click.option("-o", "--output", metavar="FILE", help="With --data: write the table for allocate --errors: .csv."),
)  # fmt: skip
_NEED_RUN = ("only", "engine", "network_output", "others")


def sensitivity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a run with one layer quantized at a time."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wants_run(data: str | None, traces: str | None, **given: str | bool | None) -> bool:
    """Return whether sensitivity is asked for.

    Raises
    ------
    UsageError
        Something is said of a run or of its table, and there are no data or there is no table.
    """
    needed = [name for name in _NEED_RUN if given.get(name)]
    if data is None and needed:
        raise UsageError(f"--{needed[0].replace('_', '-')} is about running the network; give its inputs with --data.")
    if data is None and traces is None:
        told = [name for name in ("output", "measure") if given.get(name) is not None]
        if told:
            raise UsageError("-o and --measure are about sensitivity; give inputs with --data, or --traces.")
        return False
    if given.get("measure") is not None and given.get("output") is None:
        raise UsageError("--measure says what the table of errors holds; give -o with it.")
    return True


def asked_schemes(schemes: str | None, bits: str | None) -> list[str] | None:
    """Return schemes and numbers of bits as schemes; None where neither is given."""
    if schemes is None and bits is None:
        return None
    return [*(names(schemes, "--schemes") if schemes else []), *(_of_bits(bits) if bits else [])]


def _of_bits(text: str) -> list[str]:
    from accelsim.quantization.sensitivity.schemes import bits_scheme

    found = names(text, "--bits")
    if not all(one.isdigit() for one in found):
        raise UsageError(f"--bits must be whole numbers from 2 to 16, joined by commas; got {text!r}.")
    return [bits_scheme(int(one)) for one in found]


def measured(
    model: str,
    schemes: list[str] | None,
    layers: Sequence[str],
    clip: str,
    *,
    data: str | None,
    traces: str | None,
    only: str | None,
    engine: str | None,
    network_output: str | None,
    others: bool = False,
) -> Sensitivity:
    """Return the sensitivity of a model's layers as the options ask for it."""
    from accelsim.quantization.sensitivity.measure import sensitivity

    return sensitivity(
        model, schemes, data, parts=only or "both", clip=clip, layers=layers, traces=traces, engine=engine or "auto",
        output=network_output, others=others,
    )  # fmt: skip


def show_sensitivity(
    found: Sensitivity, measure: str | None, output: str | None, as_json: bool, as_csv: bool, plot: str | None
) -> None:
    """Print a sensitivity, and write the files that are asked for."""
    from accelsim.cli import output as out

    if output is not None:
        out.note(f"wrote {found.save_errors(output, measure)}")
    if plot is not None:
        from accelsim.report.plots.sensitivity import sensitivity_figure
        from accelsim.report.style import save

        out.note(f"wrote {save(sensitivity_figure(found), plot)}")
    if as_json:
        out.show_json(found.to_dict())
    elif as_csv:
        out.show_csv(found.to_dicts())
        for note in found.notes:
            out.note(f"note: {note}")
    else:
        from accelsim.report.sensitivity_text import sensitivity_page

        out.show(sensitivity_page(found))
