"""Where should the bits go? ``allocate``: formats per layer under budgets, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.options import Count, bits_options, check_output, chip_of, names, network_of
from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.quantization.allocation.allocate import Allocator


@click.command(short_help="Choose the bits of every layer under budgets.")
@click.argument("workload", metavar="MODEL")
@click.option("--on", "profile", required=True, metavar="P", help="Hardware profile: a name or a file.")
@click.option(
    "--budget", "budgets", multiple=True, metavar="M=MOST",
    help="Most of error, energy, latency, edp, memory or bops: error=0.1, energy=2mJ, memory=50% (of the way between "
    "uniform schemes). May be repeated.",
)  # fmt: skip
@click.option(
    "--minimize", metavar="M", help="energy, latency, edp, error, memory or bops; by default energy, or error."
)
@click.option("--choices", metavar="A,B,C", help="Schemes of which each layer takes one; by default w4a4,w4a8,w8a8.")
@click.option(
    "--errors", metavar="FILE",
    help="CSV (column layer, one per choice); weights: the model's own; sensitivity: it is run on --data.",
)  # fmt: skip
@click.option("--data", metavar="FILE", help="With --errors sensitivity: inputs of MODEL, .npz or .npy.")
@click.option("--kv", metavar="F", help="Format of the KV cache; by default the widest activations among the choices.")
@click.option("--pareto", "points", type=Count(), metavar="N", help="Instead: the trade-off over N budgets of error.")
@click.option("--uniform", metavar="A,B", help="With --pareto: further schemes beside the choices, such as fp32,fp16.")
@click.option("--metrics", metavar="M,N", help="With --pareto: error and costs; by default energy,error.")
@click.option("-o", "--output", metavar="FILE", help="Write the scheme file: .yaml.")
@bits_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: a row per layer, or per scheme with --pareto.")
@click.option("--plot", metavar="FILE", help="Draw it too: .svg, .png or .pdf.")
def allocate(
    workload: str,
    profile: str,
    budgets: Sequence[str],
    minimize: str | None,
    choices: str | None,
    errors: str | None,
    data: str | None,
    kv: str | None,
    points: int | None,
    uniform: str | None,
    metrics: str | None,
    output: str | None,
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
    """Choose bits of weights and activations for every layer of MODEL, proven best by the added costs.

    How costs and errors add up, and what that leaves out: docs/allocation.md.

    \b
    accelsim allocate resnet18 --on horowitz-45nm --budget error=20% -o mixed.yaml
    accelsim allocate resnet18 --on horowitz-45nm --minimize error --budget energy=50% --choices w4a4,w8a8
    accelsim allocate resnet18 --on horowitz-45nm --pareto 8 --uniform fp32,fp16 --plot front.svg
    """
    check_output(as_json, as_csv, plot)
    if output is not None:
        from accelsim.files import check_place, check_suffix

        check_place(check_suffix(output, (".yaml", ".yml"), "-o"))
    given = read_budgets(budgets)
    if points is not None and (given or minimize or output):
        raise UsageError("--pareto tries budgets by itself; leave --budget, --minimize and -o out.")
    if points is None and (uniform or metrics):
        raise UsageError("--uniform and --metrics are about --pareto; give it with a number of budgets, such as 8.")
    from accelsim.explore.allocation_front import errors_with, metrics_of
    from accelsim.quantization.allocation import CHOICES, allocator

    chosen = CHOICES if choices is None else names(choices, "--choices")
    others = [] if uniform is None else names(uniform, "--uniform")
    wanted = None if metrics is None else metrics_of(names(metrics, "--metrics"))
    network = network_of(workload, batch, options)
    known = _errors(errors, workload, [*chosen, *(one for one in others if one not in chosen)], data)
    found = allocator(
        network, chip_of(profile, overrides, what_if), chosen,
        errors=errors_with(known, network, chosen, others), kv=kv, mapping=mapping, objective=objective,
    )  # fmt: skip
    if points is not None:
        _show_front(found, points, others, wanted, as_json, as_csv, plot)
    else:
        known = "error" if "error" in given or not given else "energy"
        least = minimize or ("energy" if known == "error" else "error")
        _show_allocation(found, least, given, output, as_json, as_csv, plot)


def _errors(given: str | None, workload: str, choices: Sequence[str], data: str | None) -> Any:
    """Return the errors that are meant: a file, measured ones of the model, or None for those of the formats."""
    if given == "sensitivity":
        from accelsim.quantization.sensitivity.measure import sensitivity

        return sensitivity(workload, list(choices), data, clip="mse", others=True)
    if data is not None:
        raise UsageError("--data is what a network is run on; give --errors sensitivity with it.")
    if given != "weights":
        return given
    from accelsim.quantization.error import quantization_error

    return quantization_error(workload, list(choices), clip="mse")


def read_budgets(texts: Sequence[str]) -> dict[str, float | str]:
    """Return M=MOST texts by measure; each once."""
    found: dict[str, float | str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"--budget must be MEASURE=MOST, as in error=0.1 or energy=2mJ; got {text!r}.")
        if name.strip() in found:
            raise UsageError(f"the budget of {name.strip()} must be given once.")
        found[name.strip()] = value.strip()
    return found


def _show_allocation(
    found: Allocator,
    minimize: str,
    given: dict[str, float | str],
    place: str | None,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
) -> None:
    from accelsim.cli import output

    chosen = found.allocate(minimize, given)
    if place is not None:
        output.note(f"wrote {chosen.save(place)}")
    if plot is not None:
        from accelsim.report.plots.allocation import allocation_figure
        from accelsim.report.style import save

        output.note(f"wrote {save(allocation_figure(chosen), plot)}")
    if as_json:
        output.show_json(chosen.to_dict())
    elif as_csv:
        output.show_csv([one.to_dict() for one in chosen.layers])
        for text in (*chosen.notes, *chosen.broken):
            output.note(f"note: {text}")
    else:
        from accelsim.report.allocation_text import allocation_page

        output.show(allocation_page(chosen))


def _show_front(
    found: Allocator,
    points: int,
    uniform: Sequence[str],
    metrics: Sequence[str] | None,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
) -> None:
    from accelsim.cli import output
    from accelsim.explore.allocation_front import front_of

    cost = "energy_pj" if "energy_pj" in found.problem.measures else "latency_s"
    front = front_of(found, metrics or (cost, "error"), points, uniform)
    if plot is not None:
        from accelsim.report.plots import front_figure
        from accelsim.report.style import save

        output.note(f"wrote {save(front_figure(front.front), plot)}")
    if as_json:
        output.show_json(list(front.rows))
    elif as_csv:
        output.show_csv(front.rows)
        for text in front.notes:
            output.note(f"note: {text}")
    else:
        from accelsim.report.allocation_text import front_page

        output.show(front_page(front))
