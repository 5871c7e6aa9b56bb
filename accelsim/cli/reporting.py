"""Which report does a design review read? ``report``."""

from __future__ import annotations

import shlex
from typing import Any

import click

from accelsim.cli.comparing import comparison_of
from accelsim.cli.options import mapping_options
from accelsim.cli.training import training_options
from accelsim.errors import UsageError

ARGUMENTS = "arguments"
"""Where a context keeps the words that its command was called with."""


class Recorded(click.Command):
    """A command that remembers its arguments as they were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments, then read them."""
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)


@click.command(cls=Recorded, short_help="Write a comparison as a design-review report.")
@click.argument("workload")
@click.option("--on", "profiles", required=True, metavar="P[,P2]", help="Hardware profiles: names or files.")
@click.option("--schemes", required=True, metavar="A,B,C", help="Schemes to compare.")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to: FILE ends in .html or .md.")
@click.option(
    "--question", metavar="TEXT", help="What the review is to decide; by default which scheme or chip is best."
)
@click.option("--reference", metavar="NAME", help="What all are compared with; by default the first that runs.")
@click.option("--keep-weights", is_flag=True, help="Weights that all fit on chip stay there from pass to pass.")
@click.option("--fuse", is_flag=True, help="Run layers that hand on more than fits together, tile by tile.")
@training_options
@mapping_options
def report(output: str, question: str | None, **asked: Any) -> None:
    """Write how WORKLOAD compares in several schemes as one page for a design review.

    \b
    accelsim report resnet50 --on horowitz-45nm --schemes fp32,fp16,int8 -o review.html
    accelsim report llama-2-7b/decode --on tpu-v4i --schemes bf16,int8 --question "Is int8 worth it?" -o review.md
    """
    from accelsim.cli.output import note
    from accelsim.files import check_place, check_suffix
    from accelsim.report.review.saving import SUFFIXES, save_report

    if question is not None and not question.strip():
        raise UsageError("--question must say something, or be left out.")
    check_place(check_suffix(output, SUFFIXES, "--output"))
    _, found = comparison_of(**asked)
    note(f"wrote {save_report(found, output, question=question, command=_command())}")


def _command() -> str:
    """Return the command that is running, as it can be pasted into a shell."""
    return shlex.join(["accelsim", "report", *click.get_current_context().meta[ARGUMENTS]])
