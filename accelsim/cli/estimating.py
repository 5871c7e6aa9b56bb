"""What does a model cost, alone and compared? ``estimate`` and ``compare``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from accelsim.cli.comparing import comparison_of
from accelsim.cli.options import check_output, chip_of, model_options, network_of
from accelsim.cli.training import training_of, training_options
from accelsim.cli.uncertain import check_uncertainty, uncertainty_of, uncertainty_options
from accelsim.errors import UsageError


@click.command(short_help="Estimate a model on a chip in a scheme.")
@click.argument("workload")
@click.option("--on", "profile", required=True, metavar="P", help="Hardware profile: a name or a file.")
@click.option(
    "--scheme", default="fp32", show_default=True, metavar="S", help="How operands are stored and multiplied."
)
@click.option("--explain", "explained", metavar="LAYER", help="Print one layer's formula with its numbers filled in.")
@click.option(
    "--residency", default="greedy", show_default=True, metavar="R", help="What stays on chip: greedy, optimal."
)
@click.option("--rate", metavar="N/UNIT", help="A day at so many inferences, such as 10/min: energy, battery life.")
@click.option("--battery", metavar="ENERGY", help="With --rate: how long it lasts, such as 10Wh.")
@click.option("--fuse", is_flag=True, help="Run layers that hand on more than fits together, tile by tile.")
@uncertainty_options
@training_options
@model_options
def estimate(
    workload: str,
    profile: str,
    scheme: str,
    explained: str | None,
    fuse: bool,
    uncertainty: bool,
    spread: str | None,
    unranged: str | None,
    pass_: str,
    optimizer: str | None,
    gradients: str | None,
    states: str | None,
    residency: str,
    rate: str | None,
    battery: str | None,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
    keep_weights: bool,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
    cite: bool,
) -> None:
    """Estimate energy, time, traffic and memory of WORKLOAD on a chip in a scheme."""
    from accelsim.cli import output

    check_output(as_json, as_csv, plot)
    check_uncertainty(uncertainty, spread, unranged, as_csv or explained is not None)
    if explained is not None and (as_json or as_csv):
        raise UsageError("--explain prints text; it excludes --json and --csv.")
    if rate is None and battery is not None:
        raise UsageError("--battery needs --rate: how often is an inference made, such as --rate 10/min?")
    if rate is not None and (as_csv or explained is not None):
        raise UsageError("--rate prints text or JSON; it excludes --csv and --explain.")
    network, chip = network_of(workload, batch, options), chip_of(profile, overrides, what_if)
    from accelsim.simulation.estimate import estimate as estimate_model

    result = estimate_model(
        network,
        chip,
        scheme,
        mapping=mapping,
        objective=objective,
        keep_weights=keep_weights,
        residency=residency,
        fuse=fuse,
        pass_=pass_,
        training=training_of(pass_, optimizer=optimizer, gradients=gradients, states=states),
    )
    day = None
    if rate is not None:
        from accelsim.simulation.duty import duty

        day = duty(result, rate, battery)
    if plot is not None:
        from accelsim.report.plots import breakdown_figure, save

        output.note(f"wrote {save(breakdown_figure(result), plot)}")
    if explained is not None:
        output.echo(result.explain(explained))
    elif as_json:
        sure = {"uncertainty": uncertainty_of(result.uncertainty, spread, unranged).to_dict()} if uncertainty else {}
        output.show_json(result.to_dict() | ({} if day is None else {"duty": day.to_dict()}) | sure)
    elif as_csv:
        from accelsim.simulation.record import layer_rows

        output.show_csv(layer_rows(result))
        for warning in result.warnings:
            output.note(f"warning: {warning}")
    else:
        from accelsim.report.duty_text import duty_page
        from accelsim.report.text import estimate_page

        page = estimate_page(result, cite) + ([] if day is None else duty_page(result, day))
        if uncertainty:
            from accelsim.report.uncertainty_text import uncertainty_page

            page += uncertainty_page(uncertainty_of(result.uncertainty, spread, unranged))
        output.show(page)
    if cite and (as_json or as_csv or explained is not None):
        for source in result.citations():
            output.note(source.cite())


@click.command(short_help="Compare a model in several schemes.")
@click.argument("workload")
@click.option("--on", "profiles", required=True, metavar="P[,P2]", help="Hardware profiles: names or files.")
@click.option("--schemes", required=True, metavar="A,B,C", help="Schemes to compare.")
@click.option("--reference", metavar="NAME", help="What all are compared with; by default the first that runs.")
@click.option("--fuse", is_flag=True, help="Run layers that hand on more than fits together, tile by tile.")
@uncertainty_options
@training_options
@model_options
def compare(
    uncertainty: bool,
    spread: str | None,
    unranged: str | None,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
    cite: bool,
    **asked: Any,
) -> None:
    """Compare WORKLOAD in several schemes, on one chip or several."""
    from accelsim.cli import output

    check_output(as_json, as_csv, plot)
    check_uncertainty(uncertainty, spread, unranged, as_csv)
    network, found = comparison_of(**asked)
    if plot is not None:
        from accelsim.report.plots import comparison_figure, save

        output.note(f"wrote {save(comparison_figure(found), plot)}")
    if as_json:
        records = found.to_dicts()
        if uncertainty:
            sure = uncertainty_of(found.uncertainty, spread, unranged).to_dict()
            terms = {name: value for name, value in sure.items() if name != "results"}
            told = {one["name"]: terms | one for one in sure["results"]}
            records = [one | {"uncertainty": told.get(one["name"])} for one in records]
        output.show_json(records)
    elif as_csv:
        from accelsim.explore.export import rows

        output.show_csv(rows(found))
        for note in network.notes:
            output.note(f"warning: {note}")
        for refusal in found.refusals:
            output.note(f"warning: {refusal.name} cannot run: {refusal.reason}")
    else:
        from accelsim.report.text import compare_page

        page = compare_page(found, cite)
        if uncertainty:
            from accelsim.report.uncertainty_text import uncertainty_page

            page += uncertainty_page(uncertainty_of(found.uncertainty, spread, unranged), found.reference_name)
        output.show(page)
    if cite and (as_json or as_csv):
        for source in dict.fromkeys(source for result in found.results for source in result.citations()):
            output.note(source.cite())
