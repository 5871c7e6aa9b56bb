"""What is there to estimate, and what does it say of itself? ``list``, ``show`` and ``check``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.options import check_output, chip_of, network_of, workload_options
from accelsim.errors import InputError, UsageError, did_you_mean

if TYPE_CHECKING:
    from accelsim.report.page import Page

KINDS = ("profiles", "workloads", "schemes", "formats")


@click.command("list", short_help="List profiles, workloads, schemes or formats.")
@click.argument("kind", required=False, type=click.Choice(KINDS))
def list_(kind: str | None) -> None:
    """List profiles, workloads, schemes or formats; all but formats without an argument."""
    from accelsim.cli.output import show as show_page
    from accelsim.report.page import Text

    page: Page = []
    for one in (kind,) if kind else KINDS[:3]:
        if page:
            page.append(Text(""))
        page += [Text(one, "title"), *_listing(one)]
    if kind is None:
        page += [
            Text(""),
            Text("accelsim list formats: every number format. accelsim show NAME: any of these in full.", "note"),
        ]
    show_page(page)


def _listing(kind: str) -> Page:
    from accelsim.layout import table
    from accelsim.report.page import Text, headed

    if kind == "profiles":
        from accelsim.hardware.catalog import list_profiles

        return [Text(line) for line in table(["", ""], [[one.name, one.title] for one in list_profiles()], "ll")[1:]]
    if kind == "workloads":
        from accelsim.workload.catalog import list_workloads

        rows = [
            [
                one.name,
                f"broken: {one.problem}" if one.problem else one.title,
                ", ".join(f"{name}={_default(value)}" for name, value in one.options.items()),
            ]
            for one in list_workloads()
        ]
        return [Text(line) for line in table(["", "", ""], rows, "lll")[1:]]
    if kind == "schemes":
        return _schemes()
    from accelsim.report.cards import format_rows

    return list(headed(table(["name", "kind", "bits", "largest", "stored as"], format_rows(), "llrrl")))


def _default(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _schemes() -> Page:
    from accelsim.layout import paragraph
    from accelsim.library import names
    from accelsim.report.page import Text
    from accelsim.scheme import FROM_MODEL, GRAMMAR, known_schemes

    schemes = known_schemes()
    width = max(len(scheme.name) for scheme in schemes)
    page = []
    for scheme in schemes:
        lines = paragraph(scheme.summary, indent=" " * (width + 4))
        page.append(Text(f"  {scheme.name:<{width}}  {lines[0].lstrip()}"))
        page += [Text(line) for line in lines[1:]]
    page.append(
        Text(f"  {FROM_MODEL:<{width}}  the formats that the model itself states, layer by layer (docs/from-model.md)")
    )
    page += [Text(f"  {name:<{width}}  {path}") for name, path in names("schemes").items()]
    return [*page, Text(""), Text(f"  Any other of the grammar is as good: {GRAMMAR}, or a YAML file.", "note")]


@click.command(short_help="Show any of these in full, or the tensors of a file of weights.")
@click.argument("name", required=False)
@click.option("--template", is_flag=True, help="Print a commented profile to start from.")
@workload_options
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a field of a profile.")
@click.option("--plot", metavar="FILE", help="Draw a profile's cost per operation: FILE ends in .svg, .png or .pdf.")
@click.option("--json", "as_json", is_flag=True, help="Print the tensors of a GGUF or safetensors file as JSON.")
def show(
    name: str | None,
    template: bool,
    batch: int | None,
    options: Sequence[str],
    overrides: Sequence[str],
    plot: str | None,
    as_json: bool,
) -> None:
    """Show a profile, a workload, a scheme, a number format, or the tensors of a GGUF or safetensors file."""
    from accelsim.cli.output import echo
    from accelsim.cli.output import show as show_page

    if template:
        from accelsim.hardware.catalog import template as text

        echo(text().rstrip("\n"))
        return
    if name is None:
        raise UsageError("show needs a name, or --template. Names: accelsim list.")
    check_output(False, False, plot)
    if _holds_tensors(name):
        if plot is not None or batch is not None or options or overrides:
            raise UsageError(f"show of a file of weights lists its tensors; for a pass of its model: {name}/decode.")
        _show_tensors(Path(name), as_json)
        return
    kind = kind_of(name)
    if as_json:
        raise UsageError(f"--json of show prints the tensors of a GGUF or safetensors file; {name} is a {kind}.")
    if plot is not None and kind != "profile":
        raise UsageError(f"--plot of show draws a profile; {name} is a {kind}.")
    if kind == "profile":
        from accelsim.report.cards import profile_card

        chip = chip_of(name, overrides, False)
        show_page(profile_card(chip))
        if plot is not None:
            from accelsim.cli.output import note
            from accelsim.report.plots import cost_figure, save

            note(f"wrote {save(cost_figure(chip), plot)}")
    elif kind == "workload":
        from accelsim.report.cards import workload_card

        show_page(workload_card(network_of(name, batch, options)))
    else:
        show_page(_scheme_or_format(name))


def _holds_tensors(name: str) -> bool:
    path = Path(name)
    if "\0" in name or not path.exists():
        return False
    from accelsim.workload.tensors import holds_tensors

    return holds_tensors(path)


def _show_tensors(path: Path, as_json: bool) -> None:
    from accelsim.cli import output
    from accelsim.report.tensor_card import tensor_page, tensor_record

    if as_json:
        output.show_json(tensor_record(path))
    else:
        output.show(tensor_page(path))


def _scheme_or_format(name: str) -> Page:
    from accelsim.precision import parse_format
    from accelsim.report.cards import scheme_card, stored_words
    from accelsim.report.page import Text
    from accelsim.scheme import FROM_MODEL, parse_scheme

    try:
        return scheme_card(parse_scheme(name))
    except InputError as not_a_scheme:
        try:
            stored = parse_format(name)
        except InputError:
            if Path(name).exists() or name == FROM_MODEL:
                raise not_a_scheme from None
            raise InputError(_unknown(name)) from None
    return [Text(stored.name, "title"), Text(f"  {stored.kind}; {stored_words(stored)}; largest {stored.max:.6g}")]


def kind_of(name: str) -> str:
    """Return whether a name or file is a "profile", a "workload" or, failing both, a "scheme"."""
    from accelsim.library import names

    path = Path(name)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        from accelsim.documents import load_document

        data = load_document(path).data
        fields = set(data) if isinstance(data, dict) else set()
        if fields & {"levels", "clock_hz", "array", "extends"}:
            return "profile"
        foreign = isinstance(data, list) or "problem" in fields  # its reader names the command that imports it
        return "workload" if foreign or fields & {"layers", "phases", "input", "transformer"} else "scheme"
    if path.is_dir():
        from accelsim.workload.importers import IN_FOLDERS

        if any((path / each).is_file() for each in IN_FOLDERS):
            return "workload"
        raise InputError(f"show takes a name or a file; {name} is a directory.")
    if name in names("hw_profiles"):
        return "profile"
    if (
        name.partition("/")[0] in names("workloads")
        or path.suffix in (".onnx", ".json", ".gguf", ".csv")
        or os.sep in name
    ):
        return "workload"
    return "scheme"


def _unknown(name: str) -> str:
    from accelsim.hardware.catalog import list_profiles
    from accelsim.precision import CATALOG
    from accelsim.scheme import known_schemes
    from accelsim.workload.catalog import list_workloads

    profiles, workloads = [one.name for one in list_profiles()], [one.name for one in list_workloads()]
    schemes = [one.name for one in known_schemes()]
    hint = did_you_mean(name, [*profiles, *workloads, *schemes, *CATALOG]) or "."
    return f"{name!r} is not a profile, workload, scheme or format{hint} See: accelsim list."


@click.command()
@click.argument("profile")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a field of the profile first.")
@click.option("--what-if", is_flag=True, help="Give formats that the chip lacks hypothetical rates.")
def check(profile: str, overrides: Sequence[str], what_if: bool) -> None:
    """Say what a profile's numbers imply, and what looks odd in it."""
    from accelsim.cli.output import show as show_page
    from accelsim.hardware.check import lines
    from accelsim.report.page import Text, sentences

    text = lines(chip_of(profile, overrides, what_if))
    odd = [line for line in text if line.startswith("  odd: ")]
    page = [Text(text[0], "title")]
    for line in text[1:]:
        page += sentences([line.strip()], "warning" if line in odd else "plain")
    show_page(page if odd else [*page, Text("  nothing looks odd.", "note")])


__all__ = ["check", "kind_of", "list_", "show"]
