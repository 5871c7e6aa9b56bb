"""Which published costs differ? The tables of docs/costs-that-disagree.md, made from the data."""

from __future__ import annotations

import re
from itertools import groupby

MARK = re.compile(r"(<!-- costs -->\n).*?(<!-- end -->)", re.DOTALL)


def with_costs(text: str) -> str:
    """Return a page with the tables between its ``<!-- costs -->`` markers made new."""
    return MARK.sub(lambda mark: f"{mark[1]}{_tables()}\n{mark[2]}", text) if MARK.search(text) else text


def _tables() -> str:
    from accelsim.hardware.disagreements import figures, stated_range
    from accelsim.provenance import bibliography

    works, parts = bibliography(), []
    for quantity, group in groupby(figures(), lambda one: one.quantity):
        own = list(group)
        where = next(one.where for one in own if one.where)
        least, value, most = stated_range(where)
        title = quantity if quantity.startswith(("fp", "int")) else quantity[0].upper() + quantity[1:]
        parts += [f"\n## {title}\n", f"| {own[0].unit} | what | work | |", "|---|---|---|---|"]
        parts += [
            f"| {one.value:g} | {one.what} | {works[one.source].short().strip()}{_status(one)} | {_stands(one)} |"
            for one in own
        ]
        parts.append(f"\nStated by `{where}`: {value:.3g}, range {least:.3g} to {most:.3g}.")
    return "\n".join(parts)


def _status(one) -> str:
    return "" if one.status == "seen" else f" ({one.status})"


def _stands(one) -> str:
    return f"apart: {one.why}" if one.stands == "apart" else one.stands
