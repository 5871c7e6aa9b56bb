"""What does the command ``accelsim`` do? It hands its arguments to a command and turns errors into exit codes.

0 done, 1 bad input, 2 wrong usage, 3 infeasible or unsupported, 130 interrupted. Nothing heavy is
imported before a command needs it.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial

import click

from accelsim.cli.app import app
from accelsim.errors import AccelsimError

INTERRUPTED = 130
COMPLETION = "_ACCELSIM_COMPLETE"
"""Set by a shell that asks for completions."""


GARBAGE = 100_000
"""New objects before Python looks for cycles among all; after its own 700 that takes a tenth of a short command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; what is left then is not looked through for cycles."""
    gc.set_threshold(GARBAGE)
    code = run(arguments)
    gc.freeze()
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    if sys.stdout is None:  # what Python makes of a closed standard output
        return _fail("the output cannot be written: standard output is closed.", AccelsimError.exit_code)
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _mute(sys.stdout)
        return 0
    except OSError as error:
        _mute(sys.stdout)
        where = f"{error.filename}: " if error.filename else "the output cannot be written: "
        return _fail(f"{where}{error.strerror or error}.", AccelsimError.exit_code)


def _run(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings():
        warnings.showwarning = partial(_show_warning, warnings.showwarning)
        return _answer(given)


def _answer(given: list[str]) -> int:
    if COMPLETION in os.environ:
        app.main(given, "accelsim", complete_var=COMPLETION)
    try:
        with app.make_context("accelsim", given) as context:
            app.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.UsageError as error:
        hint = f" See: {error.ctx.command_path} --help" if error.ctx else ""
        return _fail(f"{error.format_message()}{hint}", error.exit_code)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted.", INTERRUPTED)
    except AccelsimError as error:
        return _fail(str(error), error.exit_code)
    return 0


def _show_warning(
    otherwise: Callable[..., None], message: Warning | str, category: type[Warning], *place: object, **options: object
) -> None:
    """Print a warning of accelsim as one line, any other as Python does."""
    if category.__module__.split(".")[0] == "accelsim":
        click.echo(f"warning: {message}", err=True)
    else:
        otherwise(message, category, *place, **options)


def _fail(message: str, code: int) -> int:
    try:
        click.echo(f"error: {message}", err=True)
    except OSError:
        _mute(sys.stderr)
    return code


def _mute(stream: object) -> None:
    """Point a stream that nobody reads any more at nothing, so that the interpreter can close it."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        pass


__all__ = ["app", "main", "run"]
