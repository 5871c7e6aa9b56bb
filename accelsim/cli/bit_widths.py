"""What does each bit-width of a model cost and lose? ``bit-widths``: FP32, 16, 8, 4 bits and a mix side by side."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accelsim.cli.allocating import read_budgets
from accelsim.cli.options import bits_options, check_output, chip_of, names, network_of
from accelsim.errors import UsageError


@click.command("bit-widths", short_help="Show FP32, 16, 8, 4 bits and a mix of a model side by side.")
@click.argument("workload", metavar="MODEL")
@click.option("--on", "profile", required=True, metavar="P", help="Hardware profile: a name or a file.")
@click.option("--schemes", metavar="A,B", help="By default fp32,fp16,int8,int4; the first is what others compare with.")
@click.option("--choices", metavar="A,B", help="Schemes that the mix is made of; by default w4a4,w4a8,w8a8.")
@click.option("--budget", "budgets", multiple=True, metavar="M=MOST", help="Of the mix, as in allocate; error=20%.")
@click.option("--no-mixed", is_flag=True, help="Leave the mix out, which takes the longest.")
@click.option("--weights", metavar="FILE", help="Where the weights are, if MODEL has none: .onnx, .safetensors, .npz.")
@bits_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per bit-width.")
@click.option("--plot", metavar="FILE", help="Draw it too: .svg, .png or .pdf.")
def bit_widths(
    workload: str,
    profile: str,
    schemes: str | None,
    choices: str | None,
    budgets: Sequence[str],
    no_mixed: bool,
    weights: str | None,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
) -> None:
    """Show memory, speed, energy and error of MODEL in FP32, 16, 8 and 4 bits and a mix of them, side by side.

    \b
    accelsim bit-widths resnet18 --on horowitz-45nm
    accelsim bit-widths model.onnx --on horowitz-45nm --plot bits.svg
    accelsim bit-widths llama-2-7b/decode --on jetson-orin-nano --schemes fp16,int8,w4g128a16 --no-mixed
    """
    from accelsim.cli import output

    check_output(as_json, as_csv, plot)
    if no_mixed and (choices is not None or budgets):
        raise UsageError("--choices and --budget are about the mix; leave --no-mixed out.")
    network, chip = network_of(workload, batch, options), chip_of(profile, overrides, what_if)
    from accelsim.explore import bit_widths as made
    from accelsim.quantization.allocation import CHOICES

    found = made.bit_widths(
        network, chip,
        made.SCHEMES if schemes is None else names(schemes, "--schemes"),
        mixed=not no_mixed, choices=CHOICES if choices is None else names(choices, "--choices"),
        budget=read_budgets(budgets) or None, weights=weights or (workload if made.holds_weights(workload) else None),
        mapping=mapping, objective=objective,
    )  # fmt: skip
    if plot is not None:
        from accelsim.report.style import save

        output.note(f"wrote {save(found.plot(), plot)}")
    if as_json:
        output.show_json(found.to_dict())
    elif as_csv:
        output.show_csv(
            [row | {"published": text} for row, text in zip(found.to_dicts(), found.published, strict=True)]
        )
        for note in found.notes:
            output.note(f"note: {note}")
    else:
        from accelsim.report.bit_widths_text import bit_widths_page

        output.show(bit_widths_page(found))
