"""Which mapping of a layer is best, what does it look like, and how do we know? ``map``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from accelsim.cli.options import chip_of, layer_of, mapping_options
from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.simulation.result import Result


@click.command("map", short_help="Find the best mapping of a layer, and say how good it is.")
@click.argument("layer")
@click.option("--on", "profile", required=True, metavar="P", help="Hardware profile: a name or a file.")
@click.option(
    "--scheme", default="fp32", show_default=True, metavar="S", help="How operands are stored and multiplied."
)
@click.option("--constraints", metavar="FILE", help="Mapping file with what is pinned; the rest is searched.")
@click.option("--save", metavar="FILE", help="Write the mapping as YAML, which --mapping reads back.")
@mapping_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--cite", is_flag=True, help="Print every cost with its source, and the works in full.")
def map_(
    layer: str,
    profile: str,
    scheme: str,
    constraints: str | None,
    save: str | None,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
    as_json: bool,
    cite: bool,
) -> None:
    """Search the best mapping of LAYER on a chip, print it as a loop nest, and say how good it is known to be.

    LAYER is WORKLOAD:LAYER, or a workload that has one layer with multiply-accumulates. Every operand
    comes from and goes to the outermost memory. The mapping is called "optimal" where the search proved that
    no other is better, else "searched": the best found, beside what no mapping can beat (docs/search.md).

    \b
    accelsim map resnet50:layer1.0.conv1 --on eyeriss-v1 --scheme int8
    accelsim map llama-2-7b/decode:layers.q_proj --on tpu-v1 --scheme int8 --objective edp
    accelsim map filter-3x3x256 --on horowitz-45nm --save filter.yaml

    A file of constraints pins any part of a mapping; the rest is searched:

    \b
    constraints:
      keeps: {SRAM: W I}           # what a level keeps, exactly
      order: [SRAM.W, SRAM.I]      # nodes from outside to inside
      tiles: {SRAM.W: {K: 16}}     # the tile at a node; SRAM alone: at all its nodes
      spatial: {rows: {C: 16}, cols: [K, OY]}
      loops: {SRAM.W: K C}         # those between a node and the node above it
      divisors: true               # only tiles that divide
    """
    from accelsim.cli import output
    from accelsim.report.mapping_file import check_mapping_place, save_mapping

    if save is not None:
        check_mapping_place(save)
    result = _mapped(layer, profile, scheme, constraints, batch, options, mapping, objective, overrides, what_if)
    one = result.layers[0]
    if as_json:
        from accelsim.simulation.mapping_record import mapping_record

        output.show_json(mapping_record(result, one))
    else:
        from accelsim.report.mapping_text import mapping_page

        output.show(mapping_page(result, one, cite))
    if cite and as_json:
        for source in result.citations():
            output.note(source.cite())
    if save is not None:
        output.note(f"wrote {save_mapping(result, save)}")


def _mapped(
    layer: str,
    profile: str,
    scheme: str,
    constraints: str | None,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
) -> Result:
    if constraints is not None and mapping != "optimal":
        raise UsageError(f"--constraints restricts the search of a mapping; it excludes --mapping {mapping}.")
    one, chip = layer_of(layer, batch, options), chip_of(profile, overrides, what_if)
    from accelsim.simulation.estimate import estimate_layer
    from accelsim.simulation.requested import Wanted
    from accelsim.simulation.search_mapping import pinned_by

    wanted: Wanted = mapping if constraints is None else pinned_by(constraints, one.name)
    return estimate_layer(one, chip, scheme, mapping=wanted, objective=objective)
