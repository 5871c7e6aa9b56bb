"""What do another tool's files say in accelsim's terms? ``import``, of SCALE-Sim, Timeloop and ZigZag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.errors import InputError, UsageError, did_you_mean

if TYPE_CHECKING:
    from accelsim.mapping.importers.bundle import Imported

SUFFIXES = (".yaml", ".yml")


class Tools(click.Group):
    """A group of tools that names the nearest where one is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run; an unknown one raises UsageError."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = self.list_commands(ctx)
            hint = did_you_mean(args[0], known) or f"; it knows {', '.join(known)}."
            raise click.UsageError(f"import does not know {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group("import", cls=Tools, short_help="Turn files of SCALE-Sim, Timeloop or ZigZag into accelsim's.")
def import_() -> None:
    """Turn files of SCALE-Sim, Timeloop or ZigZag into workload, profile and mapping files (docs/import.md).

    What a file of accelsim cannot say is refused, or told on stderr and in comments on top of the file.

    \b
    accelsim import scalesim topology.csv -o net.yaml
    accelsim import scalesim topology.csv --config scale.cfg -o imported
    accelsim import timeloop problem.yaml arch.yaml mapping.yaml ERT.yaml -o imported
    accelsim import zigzag workload.yaml accelerator.yaml -o imported
    """


_FOLDER = click.option("-o", "--output", metavar="FOLDER", help="Write the files there and not to stdout.")


@import_.command(short_help="A topology: convolutions or matrix products, a row each.")
@click.argument("topology")
@click.option("--config", metavar="FILE", help="A configuration (.cfg): makes a profile, too; -o is then a folder.")
@click.option("-o", "--output", metavar="PLACE", help="Write the workload, or with --config the folder, there.")
def scalesim(topology: str, config: str | None, output: str | None) -> None:
    """Turn a SCALE-Sim TOPOLOGY (CSV, with its header) into a workload file, and its --config into a profile."""
    from accelsim.files import check_place, check_suffix
    from accelsim.mapping.importers.bundle import WORKLOAD, import_scalesim

    if config is not None:
        folder = _folder(output)
        _deliver(import_scalesim(topology, config), folder)
        return
    if output is not None:
        check_place(check_suffix(output, SUFFIXES, "a workload"))
    imported = import_scalesim(topology)
    if output is None:
        _show(imported)
    else:
        _write(Path(output), imported.files[WORKLOAD])
    _remark(imported)


@import_.command(short_help="A problem, an architecture, a mapping, an ERT.")
@click.argument("files", nargs=-1, required=True)
@_FOLDER
def timeloop(files: tuple[str, ...], output: str | None) -> None:
    """Turn Timeloop FILES (YAML of version 0.2 to 0.4, in any order) into a workload, a profile and a mapping.

    An architecture has costs only with the ERT that Accelergy made for it.
    """
    from accelsim.mapping.importers.bundle import import_timeloop

    folder = _folder(output)
    _deliver(import_timeloop(*files), folder)


@import_.command(short_help="A workload, an accelerator.")
@click.argument("files", nargs=-1, required=True)
@_FOLDER
def zigzag(files: tuple[str, ...], output: str | None) -> None:
    """Turn ZigZag FILES (YAML of version 3: a workload, an accelerator, or both) into a workload and a profile."""
    from accelsim.mapping.importers.bundle import import_zigzag

    folder = _folder(output)
    _deliver(import_zigzag(*files), folder)


def _folder(output: str | None) -> Path | None:
    """Return the folder to write to, checked before anything is read."""
    if output is None:
        return None
    folder = Path(output)
    if folder.suffix in SUFFIXES or folder.is_file():
        raise UsageError(f"-o must be a folder, for several files; got {output!r}.")
    if not folder.is_dir() and not folder.parent.is_dir():
        raise InputError(f"{folder} cannot be made: there is no folder {folder.parent}.")
    return folder


def _deliver(imported: Imported, folder: Path | None) -> None:
    if folder is None:
        _show(imported)
    else:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder} cannot be made: {error.strerror}.") from None
        for name, text in imported.files.items():
            _write(folder / name, text)
    _remark(imported)


def _show(imported: Imported) -> None:
    """Print the files; several are separated as YAML separates documents."""
    from accelsim.cli.output import echo

    texts = [f"# {name}\n{text}" if len(imported.files) > 1 else text for name, text in imported.files.items()]
    echo("---\n".join(texts).rstrip("\n"))


def _write(place: Path, text: str) -> None:
    from accelsim.cli.output import note
    from accelsim.files import write_whole

    def write(unfinished: Path) -> None:
        unfinished.write_text(text, encoding="utf-8", newline="\n")

    note(f"wrote {write_whole(place, write)}")


def _remark(imported: Imported) -> None:
    from accelsim.cli.output import note

    for remark in imported.remarks:
        note(f"note: {remark}")


__all__ = ["import_"]
