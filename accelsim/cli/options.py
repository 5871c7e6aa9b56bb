"""Which options do commands share, and what do their texts stand for?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.hardware.chip import Chip
    from accelsim.workload.layer import Layer
    from accelsim.workload.network import Network

Command = Callable[..., Any]


class Count(click.IntRange):
    """A whole number of at least 1."""

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number that a text stands for; any other text is a usage error."""
        try:
            number = int(value)
        except ValueError:
            number = 0
        if number < 1:
            self.fail(f"it must be a whole number of at least 1; got {value}.", param, ctx)
        return number


_STRICT = "strict"
"""Where a command's context keeps whether ``--strict`` is given; only `_check` asks."""

_WORKLOAD = (
    click.option("--batch", type=Count(), metavar="N", help="Images or sequences at once."),
    click.option(
        "--option",
        "--dim",
        "options",
        multiple=True,
        metavar="NAME=VALUE",
        help="Option of the workload, such as context=4096, or extent of a dynamic axis (--dim sequence=128).",
    ),
    click.option(
        "--strict",
        is_flag=True,
        expose_value=False,
        callback=lambda context, _, value: context.meta.__setitem__(_STRICT, value),
        help="Refuse a model with operators that are not understood.",
    ),
)
_PROFILE = (
    click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        help="Change a field of the profile, such as levels.SRAM.capacity=256KiB.",
    ),
    click.option(
        "--what-if", is_flag=True, help="Give formats that the chip lacks hypothetical rates; marked as derived."
    ),
)
_OUTPUT = (
    click.option("--keep-weights", is_flag=True, help="Weights that all fit on chip stay there from pass to pass."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    click.option("--csv", "as_csv", is_flag=True, help="Print CSV."),
    click.option("--plot", "plot", metavar="FILE", help="Draw it too: FILE ends in .svg, .png or .pdf."),
    click.option("--cite", is_flag=True, help="Print every cost with its source, and the works in full."),
)


def _mapping(default: str) -> tuple[Callable[[Command], Command], ...]:
    return (
        click.option(
            "--mapping",
            default=default,
            show_default=True,
            metavar="M",
            help="optimal (searched, proven where possible), heuristic, a dataflow (ws, os, is, rs), or a .yaml file.",
        ),
        click.option(
            "--objective",
            default="energy",
            show_default=True,
            metavar="O",
            help="What mappings are chosen for: energy, latency or edp.",
        ),
    )


_BITS = (
    click.option(
        "--mapping", default="heuristic", show_default=True, metavar="M", help="heuristic, optimal or a dataflow."
    ),
    click.option("--objective", default="energy", show_default=True, metavar="O", help="What mappings are chosen for."),
    click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a field of the profile."),
    _PROFILE[1],
)


def model_options(command: Command) -> Command:
    """Give a command the options of everything that estimates a model."""
    return _given(command, (*_WORKLOAD, *_mapping("optimal"), *_PROFILE, *_OUTPUT))


def workload_options(command: Command) -> Command:
    """Give a command the options of everything that loads a model."""
    return _given(command, _WORKLOAD)


def mapping_options(command: Command) -> Command:
    """Give a command the options of everything that maps a layer."""
    return _given(command, (*_WORKLOAD, *_mapping("optimal"), *_PROFILE))


def bits_options(command: Command) -> Command:
    """Give a command the options of everything that maps a model many times, and so by the heuristic."""
    return _given(command, (*_WORKLOAD, *_BITS))


def _given(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Return NAME=VALUE texts as a dict, the last of a name standing.

    Raises
    ------
    UsageError
        One has no name or no "=".
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"{option} must be {'PATH' if option == '--set' else 'NAME'}=VALUE; got {text!r}.")
        found[name.strip()] = value.strip()
    return found


def names(text: str, option: str) -> list[str]:
    """Return the names in a comma-separated text; an empty one raises UsageError."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise UsageError(f"{option} must be names joined by commas; got {text!r}.")
    return found


def value_of(text: str) -> int | bool | str:
    """Return an option's value: a whole number, true or false, or the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return int(text)
    except ValueError:
        return text


def network_of(workload: str, batch: int | None, options: Sequence[str]) -> Network:
    """Return the workload that the arguments name; with ``--strict`` only if all of it is understood."""
    from accelsim.workload.catalog import load_workload

    network = load_workload(workload, batch=batch, **_of_workload(options))
    _check(network)
    return network


def layer_of(text: str, batch: int | None, options: Sequence[str]) -> Layer:
    """Return the layer that the arguments name, and print what was assumed of its workload."""
    from accelsim.cli import output
    from accelsim.workload.one_layer import load_layer

    def seen(network: Network) -> None:
        _check(network)
        for note in network.notes:
            output.note(f"warning: {note}")

    return load_layer(text, batch=batch, seen=seen, **_of_workload(options))


def _check(network: Network) -> None:
    """Refuse what is not understood of a workload if ``--strict`` is given."""
    from accelsim.workload.uncounted import require_counted

    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(_STRICT):
        require_counted(network)


def _of_workload(options: Sequence[str]) -> dict[str, int | bool | str]:
    given = {name: value_of(value) for name, value in pairs(options, "--option or --dim").items()}
    if "batch" in given:
        raise UsageError(f"the batch must be set by --batch {given['batch']}; got it by --option or --dim.")
    if clash := {"name", "text", "seen"} & set(given):
        raise UsageError(f"--option or --dim must be an option of the workload; {clash.pop()} is none of any.")
    return given


def chip_of(profile: str, overrides: Sequence[str], what_if: bool) -> Chip:
    """Return the chip that the arguments name."""
    from accelsim.hardware.catalog import load_profile

    return load_profile(profile, pairs(overrides, "--set"), what_if=what_if)


def check_output(as_json: bool, as_csv: bool, plot: str | None) -> None:
    """Refuse outputs that exclude each other, and plots that cannot be drawn, before anything is computed."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other; give one.")
    if plot is not None:
        from accelsim.files import check_place, check_suffix

        check_place(check_suffix(plot, (".svg", ".png", ".pdf"), "--plot"))
