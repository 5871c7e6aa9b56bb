"""Which commands are there? One group; every command imports what it needs when it runs."""

from __future__ import annotations

import click

from accelsim import __version__
from accelsim.cli.accuracy import accuracy
from accelsim.cli.allocating import allocate
from accelsim.cli.bit_widths import bit_widths
from accelsim.cli.cache import cache
from accelsim.cli.calibrating import calibrate
from accelsim.cli.catalog import check, list_, show
from accelsim.cli.estimating import compare, estimate
from accelsim.cli.generating import generate
from accelsim.cli.importing import import_
from accelsim.cli.losing import error
from accelsim.cli.mapping import map_
from accelsim.cli.memory import memory
from accelsim.cli.output import note
from accelsim.cli.plotting import plot
from accelsim.cli.reporting import report
from accelsim.cli.sweeping import sweep
from accelsim.cli.tracing import trace
from accelsim.cli.validating import validate
from accelsim.errors import did_you_mean
from accelsim.library import absent

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Group(click.Group):
    """A group that names the nearest command where one is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run; an unknown one raises UsageError."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = self.list_commands(ctx)
            hint = did_you_mean(args[0], known) or f"; it has {', '.join(known)}."
            raise click.UsageError(f"accelsim has no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Group, context_settings=CONTEXT, invoke_without_command=True)
@click.version_option(__version__, prog_name="accelsim", message="%(prog)s %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """What does a model, stored and multiplied in given number formats, cost on a chip, and why?

    \b
    accelsim compare resnet50 --on horowitz-45nm --schemes fp32,fp16,w8a8-dequant-fp32,int8
    accelsim sweep resnet50 --on horowitz-45nm --schemes fp16,int8 --set array=8,16,32 --mapping heuristic
    accelsim estimate llama-2-7b/decode --on horowitz-45nm --scheme w4g128a16
    accelsim map resnet50:layer1.0.conv1 --on eyeriss-v1 --scheme int8
    accelsim list
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(click.UsageError.exit_code)
    if missing := absent():
        note(f"note: ACCELSIM_PATH must name folders; there is no {', '.join(missing)}.")


COMMANDS = (
    list_, show, check, estimate, compare, sweep, plot, report, generate, map_, memory, bit_widths, error, accuracy,
    allocate, validate, calibrate, trace, import_, cache,
)  # fmt: skip
for command in COMMANDS:
    app.add_command(command)
