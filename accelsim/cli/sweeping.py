"""What does a model cost over many designs? ``sweep``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.options import Count, value_of
from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.explore.sweep.question import Given, Sweep
    from accelsim.explore.sweep.result import SweepResult

_ASKED = (
    "profiles", "schemes", "overrides", "together", "batch", "options", "objective", "mapping", "residency", "what_if",
    "keep_weights", "fuse",
)  # fmt: skip
"""Options that say what is asked; a sweep file says it instead."""


@click.command(short_help="Estimate a model over many designs.")
@click.argument("workload", metavar="WORKLOAD|FILE.yaml")
@click.option("--on", "profiles", metavar="P[,P2]", help="Hardware profiles: names or files.")
@click.option("--schemes", metavar="A,B", help="Schemes; by default fp32.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUES",
    help="Field of the profile, or any parameter: a,b,c or lo:hi:step or lo:hi:xN (array.rows=8:64:x2).",
)
@click.option(
    "--together",
    multiple=True,
    metavar="PATH=VALUES",
    help="Like --set; all that are given so move together, as one axis.",
)
@click.option("--batch", metavar="N,M", help="Images or sequences at once: one or many, or a range.")
@click.option("--option", "--dim", "options", multiple=True, metavar="NAME=VALUES", help="Option of the workload.")
@click.option("--objective", metavar="O,P", help="What mappings are chosen for: energy, latency, edp.")
@click.option("--mapping", metavar="M,N", help="optimal (the default), heuristic, a dataflow, or a .yaml file.")
@click.option("--residency", metavar="R,S", help="What stays on chip: greedy (the default), optimal.")
@click.option("--what-if", is_flag=True, help="Give formats that the chip lacks hypothetical rates.")
@click.option("--keep-weights", is_flag=True, help="Weights that all fit on chip stay there from pass to pass.")
@click.option("--fuse", is_flag=True, help="Run layers that hand on more than fits together, tile by tile.")
@click.option("--layers", is_flag=True, help="Keep one row per layer of every point, for --json.")
@click.option("--best", "query", metavar="QUERY", help="Name the best point: 'latency where average_power_w <= 2'.")
@click.option("--jobs", type=Count(), metavar="N", help="Processes; by default one for every core.")
@click.option("--scheduler", metavar="ADDRESS", help="Compute on a Dask cluster: tcp://host:port.")
@click.option("--store", metavar="FILE", help="Where finished points are kept; by default the cache.")
@click.option("--fresh", is_flag=True, help="Compute every point again, and replace what is stored.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per point.")
@click.option("-o", "--output", metavar="FILE", help="Write every point to FILE: .csv, .json or .parquet.")
@click.option("--plot", metavar="FILE", help="Draw it too: FILE ends in .svg, .png or .pdf.")
@click.pass_context
def sweep(
    context: click.Context,
    /,
    workload: str,
    query: str | None,
    jobs: int | None,
    scheduler: str | None,
    store: str | None,
    fresh: bool,
    layers: bool,
    as_json: bool,
    as_csv: bool,
    output: str | None,
    plot: str | None,
    **asked: Any,
) -> None:
    """Estimate WORKLOAD over every combination of the values given, or as a sweep FILE.yaml asks.

    \b
    accelsim sweep resnet50 --on horowitz-45nm --schemes fp32,int8 \\
        --set array.rows=8,16,32 --set levels.SRAM.capacity=64KiB:1MiB:x2
    """
    from accelsim.cli.options import check_output
    from accelsim.cli.output import note

    check_output(as_json, as_csv, plot)
    if output is not None:
        from accelsim.explore.sweep.files import check_output as check_file

        check_file(output)
    if query is not None:
        from accelsim.explore.queries import parse_query

        parse_query(query)  # what is no query is refused before anything is computed
    question = _question(context, workload, layers, asked)
    from accelsim.explore.sweep.api import answer

    try:
        result = answer(question, jobs=jobs, scheduler=scheduler, store=store, fresh=fresh)
    except KeyboardInterrupt:
        note("What was finished is stored; the same command goes on from there.")
        raise
    nothing = bool(result.points) and len(result.failures) == len(result)
    if nothing and (query is not None or plot is not None):
        note("No point has numbers, so there is nothing to choose from or to draw.")
        query = plot = None
    _show(result, query, as_json=as_json, as_csv=as_csv, output=output, plot=plot)
    if nothing:
        hopeless = all(one.failure and one.failure.kind in _EXIT_3 for one in result.outcomes)
        context.exit(3 if hopeless else 1)


_EXIT_3 = ("InfeasibleError", "UnsupportedError")


def _question(context: click.Context, workload: str, layers: bool, asked: dict[str, Any]) -> Sweep:
    if workload.lower().endswith((".yaml", ".yml")) and asked["profiles"] is None:
        for parameter in context.command.params:
            if parameter.name in _ASKED and asked[parameter.name]:
                raise UsageError(
                    f"a sweep file says all that is asked; {parameter.opts[0]} goes with a workload and --on."
                )
        if layers:
            raise UsageError("a sweep file says itself whether layers are kept; write layers: true in it.")
        from accelsim.explore.sweep.api import load_sweep

        return load_sweep(workload)
    if asked["profiles"] is None and not any(text.startswith("profile=") for text in asked["together"]):
        raise UsageError("--on must name the hardware profiles, or a sweep FILE.yaml be given instead of a workload.")
    from accelsim.explore.sweep.question import ask

    group = [list(_pairs(asked["together"], "--together"))] if asked["together"] else []
    return ask(list(_given(workload, asked)), group, what_if=asked["what_if"], per_layer=layers)


def _given(workload: str, asked: dict[str, Any]) -> Iterator[Given]:
    """What the options ask, in the order in which the axes move, the first slowest."""
    from accelsim.explore.sweep.question import Given

    yield Given("workload", _values(workload, "WORKLOAD"))
    if asked["batch"] is not None:
        yield Given("batch", _values(asked["batch"], "--batch"))
    for one in _pairs(asked["options"], "--option"):
        yield Given(f"options.{one.name}", one.value)
    if asked["profiles"] is not None:
        yield Given("profile", _values(asked["profiles"], "--on"))
    for name in ("schemes", "objective", "mapping", "residency"):
        if asked[name] is not None:
            yield Given(name.removesuffix("s"), _values(asked[name], f"--{name}"))
    for name in ("keep_weights", "fuse"):
        if asked[name]:
            yield Given(name, True)
    yield from _pairs(asked["overrides"], "--set")


def _pairs(texts: Sequence[str], option: str) -> Iterator[Given]:
    from accelsim.explore.sweep.question import Given

    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} must be NAME=VALUES, such as array.rows=8,16,32; got {text!r}.")
        yield Given(name.strip(), _values(values, f"{option} {name.strip()}"))


def _values(text: str, option: str) -> Any:
    """Return one value, or those that commas separate, numbers as numbers; a range stays a text."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise UsageError(f"{option} must be a value, or values joined by commas; got {text!r}.")
    found = [_number(part) for part in parts]
    return found if len(found) > 1 else found[0]


def _number(text: str) -> Any:
    found = value_of(text)
    if not isinstance(found, str):
        return found
    try:
        return float(text) if text[:1] in "+-.0123456789" else text
    except ValueError:
        return text


def _show(
    result: SweepResult, query: str | None, *, as_json: bool, as_csv: bool, output: str | None, plot: str | None
) -> None:
    from accelsim.cli import output as printed

    if output is not None:
        printed.note(f"wrote {result.save(output)}")
    chosen = None if query is None else result.best(query)
    if as_json:
        from accelsim.explore.sweep.files import record

        printed.show_json(record(result))
    elif as_csv:
        printed.echo(str(result.to_csv()).rstrip("\n"))
        _note_warnings(result)
    else:
        from accelsim.report.sweep_text import sweep_page

        printed.show(sweep_page(result))
    if chosen is not None:
        (printed.note if as_json or as_csv else printed.echo)(str(chosen))
    if plot is not None:
        printed.note(f"wrote {_plotted(result, plot)}")


def _note_warnings(result: SweepResult) -> None:
    from accelsim.cli.output import note
    from accelsim.report.sweep_text import warning_sentences

    for sentence in warning_sentences(result):
        note(sentence)


def _plotted(result: SweepResult, path: str) -> object:
    """Draw a heat map of two axes, and of any others the Pareto front of energy and time."""
    from accelsim.explore.sweep.summary import ranked_by
    from accelsim.report.plots import save

    two = len(result.axes) == 2 == len(result.sweep.axes)
    return save(result.plot.heat(of=ranked_by(result)) if two else result.plot.pareto(), path)
