"""What has the search kept on disk, and where? ``cache`` says so, and empties it."""

from __future__ import annotations

import click

from accelsim.errors import InputError


@click.command(short_help="Show or clear what searches have kept on disk.")
@click.argument("action", required=False, type=click.Choice(["clear"]))
def cache(action: str | None) -> None:
    """Show where searched mappings are kept, how many and how large they are; or clear them.

    ACCELSIM_CACHE names the folder, or is "off". Without the cache every result is the same, but is searched anew.
    """
    from accelsim.cache import SETTING, clear, folder, stores
    from accelsim.cli.output import show
    from accelsim.layout import table
    from accelsim.report.page import Page, Text
    from accelsim.units import engineering

    place = folder()
    if place is None:
        show([Text(f"the cache is off ({SETTING})")])
        return
    if place.exists() and not place.is_dir():
        raise InputError(f"{SETTING} must name a folder, or be off; {place} is a file.")
    try:
        if action == "clear":
            clear(place)
        kept = stores(place)
    except OSError as error:
        raise InputError(
            f"the cache cannot be {'cleared' if action else 'read'}: {error.strerror}.", where=str(place)
        ) from None
    rows = [
        [one.name, "damaged" if one.entries is None else f"{one.entries:,}", engineering(one.bytes, "B")]
        for one in kept
    ]
    page: Page = [Text(str(place), "title")]
    page += [Text(line) for line in table(["", "entries", "size"], rows, "lrr")] if rows else [Text("  empty")]
    show(page)
