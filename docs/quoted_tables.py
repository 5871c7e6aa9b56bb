"""Which device keeps which quoted promise? The tables of docs/quoted-ratios.md, made from accelsim's estimates."""

from __future__ import annotations

import re

MARK = re.compile(r"(<!-- claim: (?P<key>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
ENERGY = "energy"


def with_claims(text: str) -> str:
    """Return a page with every table between its ``<!-- claim: KEY -->`` markers made new; others as they are."""
    if MARK.search(text) is None:
        return text
    from accelsim.validation.claims import CLAIMS, IMAGES, LANGUAGE, examine

    found = list(examine((*LANGUAGE, *IMAGES)))
    tables = {claim.key: _table([one for one in found if one.claim is claim]) for claim in CLAIMS}
    tables[ENERGY] = _energy(found)
    return MARK.sub(lambda mark: f"{mark[1]}{tables[mark['key']]}\n{mark[3]}", text)


def _table(found) -> str:
    rows = ["| device | decode | prefill | image network |", "|---|---|---|---|"]
    for device in dict.fromkeys(one.device for one in found):
        cells = {one.task: _cell(one) for one in found if one.device == device}
        rows.append(f"| `{device}` | {' | '.join(cells.get(task, '') for task in ('decode', 'prefill', 'CNN'))} |")
    return "\n".join(rows)


def _cell(one) -> str:
    if one.faster is None:
        return "no such format"
    text = f"{one.faster:.2f}" if one.faster < 10 else f"{one.faster:.0f}"
    return f"**{text}**" if one.verdict == "holds" else text


def _energy(found) -> str:
    rows = ["| chip | task | formats | times less time | times less energy |", "|---|---|---|---|---|"]
    rows += [
        f"| `{one.device}` | {one.task} | {one.pair[0]} to {one.pair[1]} | {one.faster:.2f} | {one.leaner:.2f} |"
        for one in found
        if one.leaner is not None
    ]
    return "\n".join(rows)
