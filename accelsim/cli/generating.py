"""What does a language model cost that reads a prompt and writes tokens? ``generate``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accelsim.cli.options import Count, check_output, chip_of


@click.command(short_help="Estimate a language model that reads a prompt and writes tokens.")
@click.argument("workload")
@click.option("--on", "profile", required=True, metavar="P", help="Hardware profile: a name or a file.")
@click.option(
    "--scheme", default="fp32", show_default=True, metavar="S", help="How operands are stored and multiplied."
)
@click.option("--prompt", default=2048, show_default=True, type=Count(), metavar="N", help="Tokens read.")
@click.option("--new", "new_tokens", default=2048, show_default=True, type=Count(), metavar="N", help="Tokens written.")
@click.option("--batch", type=Count(), metavar="N", help="Sequences at once.")
@click.option(
    "--mapping",
    default="heuristic",
    show_default=True,
    metavar="M",
    help="heuristic, optimal (searched, proven where possible), or a dataflow (ws, os, is, rs).",
)
@click.option(
    "--objective",
    default="energy",
    show_default=True,
    metavar="O",
    help="What mappings are chosen for: energy, latency or edp.",
)
@click.option("--every-step", is_flag=True, help="Map the attention of every step anew; slower, by little different.")
@click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a field of the profile, as in estimate."
)
@click.option("--what-if", is_flag=True, help="Give formats that the chip lacks hypothetical rates.")
@click.option("--keep-weights", is_flag=True, help="Weights that all fit on chip stay there from pass to pass.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row for each phase.")
@click.option("--cite", is_flag=True, help="Print every cost with its source, and the works in full.")
def generate(
    workload: str,
    profile: str,
    scheme: str,
    prompt: int,
    new_tokens: int,
    batch: int | None,
    mapping: str,
    objective: str,
    every_step: bool,
    overrides: Sequence[str],
    what_if: bool,
    keep_weights: bool,
    as_json: bool,
    as_csv: bool,
    cite: bool,
) -> None:
    """Estimate WORKLOAD, a language model, over a whole generation: prefill, and every decode step exactly.

    \b
    accelsim generate llama-2-7b --on tpu-v4i --scheme bf16 --prompt 512 --new 128
    """
    from accelsim.cli import output

    check_output(as_json, as_csv, None)
    from accelsim.simulation.generate import generate as estimate_generation

    made = estimate_generation(
        workload,
        chip_of(profile, overrides, what_if),
        scheme,
        prompt=prompt,
        new_tokens=new_tokens,
        batch=batch,
        mapping=mapping,
        objective=objective,
        keep_weights=keep_weights,
        every_step=every_step,
    )
    if as_json:
        output.show_json(made.to_dict())
    elif as_csv:
        rows = [phase.to_dict() for phase in made.phases]
        output.show_csv([{name: value for name, value in row.items() if not isinstance(value, dict)} for row in rows])
        for warning in made.warnings:
            output.note(f"warning: {warning}")
    else:
        from accelsim.report.generation_text import generation_page

        output.show(generation_page(made, cite))
