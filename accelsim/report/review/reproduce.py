"""How does somebody else get the same report? The command, the version, and hashes of all that went in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim import __version__
from accelsim.cache.code import code_version
from accelsim.cache.content import key_of
from accelsim.explore.compare import Comparison
from accelsim.hardware.chip import Chip
from accelsim.provenance import COMMAND_LINE
from accelsim.report.review.tables import Table, plain_table

SHOWN = 16
"""Hexadecimal digits of a hash that are printed."""


@dataclass(frozen=True)
class Recipe:
    """How to make a report again.

    Parameters
    ----------
    command : str
        "" where it was made in Python.
    version : str
        Of accelsim, with a hash of its code.
    contents : Table
        What went in, with content hashes.
    overrides : Table or None
        Fields of profiles that were changed for this report; None where there are none.
    """

    command: str
    version: str
    contents: Table
    overrides: Table | None


def recipe(comparison: Comparison, command: str | None) -> Recipe:
    """Return how to make the report of a comparison again."""
    contents = plain_table(
        "What went in. Equal hashes mean equal content; a file that was changed since has another.",
        ["part", "name", "SHA-256 of the content, its beginning"],
        list(_contents(comparison)),
    )
    code = code_version("report", "cli")
    version = f"accelsim {__version__}" + (f", code {code[:SHOWN]}" if code else "")
    return Recipe(command or "", version, contents, _overrides(comparison))


def _chips(comparison: Comparison) -> list[Chip]:
    return list({result.chip.digest: result.chip for result in comparison.results}.values())


def _contents(comparison: Comparison) -> Iterator[list[str]]:
    reference = comparison.reference
    network = reference.network
    options = [f"batch {network.batch}", *(f"{name} {value}" for name, value in network.options.items())]
    yield ["model", f"{network.name}, {', '.join(options)}", key_of(network)[:SHOWN]]
    for chip in _chips(comparison):
        yield ["profile", chip.name + (", what-if" if chip.what_if else ""), chip.digest[:SHOWN]]
    for scheme in dict.fromkeys(result.scheme for result in comparison.results):
        yield ["scheme", scheme.name, key_of(scheme)[:SHOWN]]
    mappings = dict.fromkeys(result.mapping for result in comparison.results)
    nests = tuple(one.nest for result in comparison.results for one in result.layers)
    yield ["mappings", f"{', '.join(mappings)} for {reference.objective}", key_of(nests)[:SHOWN]]


def _overrides(comparison: Comparison) -> Table | None:
    """Return the numbers that the user gave, whose source is the command line."""
    rows = [
        [chip.name, path, f"{number.value:.6g}"]
        for chip in _chips(comparison)
        for path, number in chip.numbers()
        if number.source == COMMAND_LINE
    ]
    caption = "Fields of the profile that were changed for this report"
    return plain_table(caption, ["profile", "field", "value"], rows) if rows else None
