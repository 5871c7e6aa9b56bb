"""How accurate is a model in fewer bits? ``accuracy``: as published, next to energy; or measured on digits here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli.options import Count, check_output, chip_of, names
from accelsim.errors import UsageError

if TYPE_CHECKING:
    from accelsim.quantization.published_table import PublishedTable
    from accelsim.quantization.training.accuracy_table import AccuracyTable


@click.command(short_help="Show published accuracy by bits, or measure it on digits.")
@click.argument("model", required=False)
@click.option("--on", "profile", metavar="P", help="Show the simulated energy of the same model and formats there.")
@click.option("--protocol", metavar="TEXT", help="Only values whose protocol has this in its name.")
@click.option("--mapping", metavar="M", help="With --on: heuristic, optimal or a dataflow.  [default: heuristic]")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="With --on: change a field of the chip.")
@click.option("--what-if", is_flag=True, help="With --on: give formats that the chip lacks hypothetical rates.")
@click.option(
    "--digits", metavar="NET", help="Instead: train and measure perceptron, cnn or both on handwritten digits."
)
@click.option("--bits", metavar="B,C", help="With --digits: of weights and activations; by default 16,8,6,5,4,3,2.")
@click.option("--seeds", type=Count(), metavar="N", help="With --digits: how many runs of each kind.  [default: 5]")
@click.option("--epochs", type=Count(), metavar="N", help="With --digits: of training, and again of training on.")
@click.option("--clip", metavar="C", help="With --digits: absmax, mse or a percentile: p99.9.  [default: absmax]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: a row per published value, or per run.")
@click.option("--plot", metavar="FILE", help="Draw it too: .svg, .png or .pdf.")
def accuracy(
    model: str | None,
    profile: str | None,
    protocol: str | None,
    mapping: str | None,
    overrides: Sequence[str],
    what_if: bool,
    digits: str | None,
    bits: str | None,
    seeds: int | None,
    epochs: int | None,
    clip: str | None,
    as_json: bool,
    as_csv: bool,
    plot: str | None,
) -> None:
    """Show the published accuracy of MODEL (by default of all known) by bits, each protocol by itself.

    With --digits, train small networks and measure what quantizing loses, after training and with it.

    \b
    accelsim accuracy resnet50 --on horowitz-45nm
    accelsim accuracy llama-2-7b --protocol OmniQuant
    accelsim accuracy --digits perceptron --bits 8,4,3,2 --plot digits.svg
    """
    check_output(as_json, as_csv, plot)
    of_digits = {"bits": bits, "seeds": seeds, "epochs": epochs, "clip": clip}
    of_published = {"MODEL": model, "--on": profile, "--protocol": protocol, "--mapping": mapping}
    if digits is not None:
        told = next((name for name, value in of_published.items() if value is not None), None)
        if told or overrides or what_if:
            raise UsageError(
                f"--digits measures networks of its own; {told or '--set and --what-if'} must be left out."
            )
        _show(_measured(digits, of_digits), as_json, as_csv, plot)
        return
    if told := next((name for name, value in of_digits.items() if value is not None), None):
        raise UsageError(f"--{told} is about --digits; give it with --digits perceptron, cnn or perceptron,cnn.")
    if profile is None and (mapping or overrides or what_if):
        raise UsageError("--mapping, --set and --what-if are about a chip; name one with --on.")
    from accelsim.quantization.published import published_accuracy

    chip = None if profile is None else chip_of(profile, overrides, what_if)
    found = published_accuracy(model, chip, protocol=protocol, mapping=mapping or "heuristic")
    _show(found, as_json, as_csv, plot)


def _measured(networks: str, given: dict[str, Any]) -> AccuracyTable:
    from accelsim.quantization.training.measuring import quantization_accuracy

    asked = {name: value for name, value in given.items() if value is not None}
    if "bits" in asked:
        found = names(asked["bits"], "--bits")
        if not all(one.isdigit() for one in found):
            raise UsageError(f"--bits must be whole numbers from 2 to 16, joined by commas; got {asked['bits']!r}.")
        asked["bits"] = [int(one) for one in found]
    return quantization_accuracy(names(networks, "--digits"), **asked)


def _show(found: PublishedTable | AccuracyTable, as_json: bool, as_csv: bool, plot: str | None) -> None:
    from accelsim.cli import output

    if plot is not None:
        from accelsim.report.style import save

        output.note(f"wrote {save(found.plot(), plot)}")
    if as_json:
        output.show_json(found.to_dict())
    elif as_csv:
        output.show_csv(found.to_dicts())
        for note in found.notes:
            output.note(f"note: {note}")
    else:
        from accelsim.quantization.published_table import PublishedTable
        from accelsim.report.accuracy_text import accuracy_page
        from accelsim.report.published_text import published_page

        output.show(published_page(found) if isinstance(found, PublishedTable) else accuracy_page(found))
