"""Which word of a layer is asked for in which cycle? ``trace``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accelsim.cli.options import chip_of, layer_of, mapping_options
from accelsim.errors import UsageError


@click.command(short_help="Write every word that a layer moves, with cycle and address.")
@click.argument("layer")
@click.option("--on", "profile", required=True, metavar="P", help="Hardware profile: a name or a file.")
@click.option("--scheme", default="fp32", show_default=True, metavar="S", help="Decides which mappings fit.")
@click.option("--level", metavar="L", help="What this level exchanges with those outside it, in a mapping.")
@click.option("-o", "--output", required=True, metavar="FILE", help="File: .csv, .csv.gz or .parquet.")
@mapping_options
def trace(
    layer: str,
    profile: str,
    scheme: str,
    level: str | None,
    output: str,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
) -> None:
    """Write the trace of LAYER (WORKLOAD:LAYER): cycle, level, operand, action, address of every word.

    Without --level: the words that enter and leave a systolic array. With it: fills and drains of that level,
    and the reads and updates outside it. Cycles are those without stalls; addresses count the words of a
    tensor from 0, row-major (docs/systolic.md).

    \b
    accelsim trace resnet8:conv --on tpu-v1 --scheme int8 -o edge.csv.gz
    accelsim trace resnet8:conv --on eyeriss-v1 --scheme int8 --mapping heuristic --level GLB -o glb.parquet
    """
    from accelsim.cli.output import note
    from accelsim.report.trace_file import check_trace_place, save_trace
    from accelsim.simulation.trace import trace as traced

    check_trace_place(output)
    context = click.get_current_context()
    if level is None and context.get_parameter_source("mapping") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("the edge of an array is traced in the array's own schedule; --mapping needs --level.")
    one, chip = layer_of(layer, batch, options), chip_of(profile, overrides, what_if)
    place, lines = save_trace(traced(one, chip, scheme, level=level, mapping=mapping, objective=objective), output)
    note(f"wrote {place}: {lines} lines")


__all__ = ["trace"]
