"""How much memory does a model take in which format, and what holds it? ``memory``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accelsim.cli.options import Count, check_output, chip_of, names, network_of, workload_options
from accelsim.errors import UsageError


@click.command(short_help="Show the memory that a model takes in number formats.")
@click.argument("workload")
@click.option("--schemes", metavar="A,B,C", help="Formats to store it in; by default some common ones.")
@click.option("--context", type=Count(), metavar="N", help="Tokens in the KV cache.")
@click.option("--on", "profile", metavar="P", help="Hardware profile: does it fit, and what stays on chip?")
@workload_options
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a field of the profile.")
@click.option("--keep-weights", is_flag=True, help="Weights that all fit on chip stay there from pass to pass.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with what is alive at every layer.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option(
    "--plot", metavar="FILE", help="Draw the first scheme's activations over the layers: .svg, .png or .pdf."
)  # fmt: skip
def memory(
    workload: str,
    schemes: str | None,
    context: int | None,
    profile: str | None,
    batch: int | None,
    options: Sequence[str],
    overrides: Sequence[str],
    keep_weights: bool,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
) -> None:
    """Show what WORKLOAD takes of memory: weights, KV cache, activations, and which devices hold it.

    \b
    accelsim memory llama-2-7b/decode --schemes fp16,int8,w4g128a16 --context 4096
    accelsim memory resnet50 --on edge-2w --plot memory.svg
    """
    from accelsim.cli import output

    check_output(as_json, as_csv, plot)
    if overrides and profile is None:
        raise UsageError("--set changes a profile; name one with --on.")
    given = [*options, *([f"context={context}"] if context is not None else [])]
    network = network_of(workload, batch, given)
    chip = None if profile is None else chip_of(profile, overrides, False)
    from accelsim.simulation.memory_needs import SCHEMES
    from accelsim.simulation.memory_needs import memory as memory_of

    asked = SCHEMES if schemes is None else names(schemes, "--schemes")
    found = memory_of(
        network, asked, chip, keep_weights=keep_weights,
        reload=lambda longer: network_of(workload, batch, [*options, f"context={longer}"]),
    )  # fmt: skip
    if plot is not None:
        from accelsim.report.plots import memory_figure
        from accelsim.report.style import save

        output.note(f"wrote {save(memory_figure(found), plot)}")
    if as_json:
        output.show_json(found.to_dict())
    elif as_csv:
        output.show_csv(found.to_dicts())
        for note in found.notes:
            output.note(f"warning: {note}")
    else:
        from accelsim.report.memory_text import memory_page

        output.show(memory_page(found))
