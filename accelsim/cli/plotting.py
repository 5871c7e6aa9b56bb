"""Which picture shows it? ``plot``: every kind of plot by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.options import chip_of, mapping_options, names, network_of, pairs, value_of
from accelsim.cli.uncertain import share_of
from accelsim.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from accelsim.hardware.chip import Chip
    from accelsim.report.plots.wish import Wish

ALL = "all"
TABLES = (".csv", ".json", ".parquet")
"""Files of a sweep's points."""

SWEPT = ("heat", "pareto")
"""Kinds that draw the points of a sweep."""


@click.command(short_help="Draw a model, a chip or a sweep.")
@click.argument("kind", required=False)
@click.argument("model", required=False, metavar="[MODEL|POINTS.csv]")
@click.option("--list", "listed", is_flag=True, help="Name every kind of plot, and what it answers.")
@click.option("--on", "profiles", metavar="P[,P2]", help="Hardware profiles: names or files.")
@click.option("--schemes", "--scheme", "schemes", metavar="A,B", help="Schemes; a plot of one shows the first.")
@click.option("-o", "--output", metavar="FILE", help="Where to: .svg, .png or .pdf; a folder for KIND all.")
@click.option("--by", default="layer", show_default=True, metavar="B", help="For energy: layer, level or operand.")
@click.option("--batches", metavar="N,M", help="For uses: by default 1,16.")
@click.option("--metrics", metavar="M,N", help="For pareto and heat; by default energy and time.")
@click.option("--x", "x", metavar="NAME", help="For heat: the parameter across; by default the first that varies.")
@click.option("--y", "y", metavar="NAME", help="For heat: the parameter upward; by default the second.")
@click.option("--unranged", metavar="SHARE", help="For tornado: vary costs without a range too, such as 20%.")
@mapping_options
def plot(
    kind: str | None,
    model: str | None,
    listed: bool,
    output: str | None,
    **asked: Any,
) -> None:
    """Draw KIND of MODEL, or of the points of a sweep, into a file.

    \b
    accelsim plot --list
    accelsim plot costs --on horowitz-45nm -o costs.svg
    accelsim plot roofline resnet50 --on horowitz-45nm --schemes fp16,int8 -o roofline.png
    accelsim plot heat mobilenetv2 --on horowitz-45nm --scheme int8 --mapping heuristic \\
        --set array.rows=8,16,32 --set levels.SRAM.capacity=64KiB:1MiB:x4 -o heat.svg
    """
    from accelsim.cli import output as out
    from accelsim.files import check_place, check_suffix

    if listed:
        out.echo("\n".join(_kinds()))
        return
    if kind is None:
        raise UsageError("name a kind of plot; accelsim plot --list names them all.")
    from accelsim.report.plots.gallery import KINDS, draw, gallery
    from accelsim.report.style import save

    if kind not in (*KINDS, ALL):
        raise UsageError(
            f"there is no plot {kind!r}{did_you_mean(kind, [*KINDS, ALL]) or '; accelsim plot --list names them.'}"
        )
    place = output or (f"{kind}.svg" if kind != ALL else None)
    if place is None:
        raise UsageError("KIND all writes every plot into a folder; name it with -o FOLDER.")
    if kind != ALL:
        check_place(check_suffix(place, (".svg", ".png", ".pdf"), "-o"))
        out.note(f"wrote {save(draw(kind, _wish(kind, model, **asked)), place)}")
        return
    if Path(place).suffix:
        raise UsageError(f"-o must be a folder for KIND all; got {place!r}.")
    written, left_out = gallery(_wish(kind, model, **asked), place)
    for path in written.values():
        out.note(f"wrote {path}")
    for name, reason in left_out.items():
        out.note(f"note: {name} is left out: {reason}")


def _kinds() -> list[str]:
    from accelsim.layout import table
    from accelsim.report.plots.gallery import KINDS

    return table(
        ["kind", "question", "drawn from"], [[name, one.question, one.needs] for name, one in KINDS.items()], "lll"
    )


def _wish(
    kind: str,
    model: str | None,
    profiles: str | None,
    schemes: str | None,
    by: str,
    batches: str | None,
    metrics: str | None,
    x: str | None,
    y: str | None,
    unranged: str | None,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
) -> Wish:
    """Return what is asked; chips are loaded at once, the model when a plot needs it."""
    from accelsim.report.plots.wish import BATCHES, Wish

    table = model if model is not None and Path(model).suffix.lower() in TABLES and kind in SWEPT else None
    swept = any(_many(value) for value in pairs(overrides, "--set").values())
    if swept and kind not in SWEPT:
        raise UsageError(f"--set must give one value for a plot of {kind}; several make a sweep, for heat and pareto.")
    chosen = tuple(names(schemes, "--schemes")) if schemes else ()
    points = None
    if table is not None:
        points = lambda: _read(table)  # noqa: E731
    elif swept:
        points = lambda: _sweep(model, profiles, chosen, batch, options, mapping, objective, overrides, what_if)  # noqa: E731
    chips = () if points is not None else _chips(kind, profiles, overrides, what_if)
    return Wish(
        None if model is None or table is not None else (lambda at: network_of(model, at or batch, options)),
        chips, chosen, by, _batches(batches) if batches else BATCHES,
        tuple(names(metrics, "--metrics")) if metrics else (), x, y, points, share_of(unranged),
        {"mapping": mapping, "objective": objective},
    )  # fmt: skip


def _chips(kind: str, profiles: str | None, overrides: Sequence[str], what_if: bool) -> tuple[Chip, ...]:
    """The chips that are named; all that there are for a plot of density without any."""
    if profiles is not None:
        return tuple(chip_of(profile, overrides, what_if) for profile in names(profiles, "--on"))
    if kind == "memory":
        return ()
    if kind != "density":
        raise UsageError("--on must name a hardware profile, such as --on horowitz-45nm.")
    from accelsim.hardware.catalog import list_profiles

    return tuple(chip_of(entry.name, overrides, what_if) for entry in list_profiles())


def _many(value: str) -> bool:
    """Whether a value of --set is several: a list or a range."""
    return "," in value or value.count(":") >= 2


def _batches(text: str) -> tuple[int, ...]:
    found = names(text, "--batches")
    if not all(one.isdigit() and int(one) for one in found):
        raise UsageError(f"--batches must be whole numbers of at least 1, joined by commas; got {text!r}.")
    return tuple(map(int, found))


def _sweep(
    model: str | None,
    profiles: str | None,
    schemes: Sequence[str],
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
) -> Any:
    """Return the points of the sweep that --set asks for."""
    if model is None or profiles is None:
        raise UsageError("a sweep needs a model and --on P.")
    from accelsim.explore.sweep.api import sweep

    fields = {name: _values(value) for name, value in pairs(overrides, "--set").items()}
    return sweep(
        model, names(profiles, "--on"), list(schemes) or "fp32", set=fields, batch=batch,
        options=pairs(options, "--option or --dim"), mapping=mapping, objective=objective, what_if=what_if,
    )  # fmt: skip


def _values(text: str) -> Any:
    """Return the values of --set: one, or a list where commas part them; a range stays a text."""
    found = [value_of(part.strip()) for part in text.split(",")]
    return found if len(found) > 1 else found[0]


def _read(path: str) -> Any:
    """Return the points that a file holds; see `accelsim.explore.points.read_points`."""
    from accelsim.explore.points import read_points

    return read_points(path)
