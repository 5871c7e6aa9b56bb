"""How true is it? ``validate``: predictions beside published measurements."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accelsim.cli.options import check_output
from accelsim.errors import UsageError


@click.command(short_help="Compare predictions with published measurements.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listed", is_flag=True, help="Name every comparison and its bounds; run none.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per measurement.")
@click.option("--plot", metavar="FILE", help="Draw predicted against measured: .svg, .png or .pdf.")
@click.option("--write", metavar="FILE", help="Write it as a page in Markdown (.md), with its picture.")
def validate(
    names: Sequence[str], listed: bool, as_json: bool, as_csv: bool, plot: str | None, write: str | None
) -> None:
    """Run the comparisons NAME, or all: predicted, measured, error, what was fitted, and whether bounds are met.

    NAME is a comparison, or a study for all comparisons of a system. Bounds were written down before comparing.

    \b
    accelsim validate
    accelsim validate --list
    accelsim validate eyeriss --plot eyeriss.svg
    accelsim validate eyeriss-glb-traffic --json
    """
    from accelsim.cli import output

    check_output(as_json, as_csv, plot)
    if listed:
        if names or plot is not None or write is not None:
            raise UsageError("--list runs nothing; it excludes names, --plot and --write.")
        _list(as_json, as_csv)
        return
    if write is not None:
        from accelsim.files import check_place, check_suffix

        check_place(check_suffix(write, (".md",), "--write"))
    from accelsim.validation.validate import validate as run

    found = run(names or None)
    if plot is not None:
        output.note(f"wrote {found.plot().save(plot)}")
    if write is not None:
        from accelsim.report.validation_page import save_page

        for path in save_page(found, write):
            output.note(f"wrote {path}")
    if as_json:
        output.show_json(found.to_dict())
    elif as_csv:
        output.show_csv(found.to_dicts())
    else:
        from accelsim.report.validation_text import validation_text

        output.show(validation_text(found))


def _list(as_json: bool, as_csv: bool) -> None:
    """Print every comparison with its bounds."""
    from accelsim.cli import output
    from accelsim.report.validation_text import list_records, list_table

    if as_json:
        output.show_json(list_records())
    elif as_csv:
        output.show_csv([{**one, "bounds": "; ".join(one["bounds"])} for one in list_records()])
    else:
        output.show(list_table())
