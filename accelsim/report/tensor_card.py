"""Which tensors does a file of weights store, by type: as a page, and as data for JSON?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from accelsim.errors import AccelsimError
from accelsim.layout import table
from accelsim.report.page import Page, Text, headed, sentences
from accelsim.report.tables import octets
from accelsim.workload.importers.joining import Joined
from accelsim.workload.importers.stored import TensorTable
from accelsim.workload.importers.totals import stated_totals
from accelsim.workload.tensors import join_graph, list_tensors

MOST_NAMED = 6
LONGEST_ROLE = 50
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def tensor_page(path: Path) -> Page:
    """Return the types of a file's tensors with bytes and bits, totals, and how they fit the model's graph."""
    stored = list_tensors(path)
    about = [f"{key} {value}" for key, value in stored.about.items()]
    files = f"{len(stored.files)} file{'s' * (len(stored.files) != 1)}"
    page = [
        Text(f"{path.name or path}: {stored.kind}, {len(stored)} tensors in {files}", "title"),
        *sentences([", ".join(about)] if about else [], "note"),
        Text(""),
    ]
    rows = [
        [total.type, f"{total.tensors:,}", f"{total.elements:,}", f"{total.bytes:,}", f"{float(total.bits):.4g}",
         _roles(stored, total.type)]
        for total in stored.by_type
    ]  # fmt: skip
    rows.append(
        ["all", f"{len(stored):,}", f"{stored.elements:,}", f"{stored.bytes:,}", f"{float(stored.bits):.4g}", ""]
    )
    page += headed(table(["type", "tensors", "elements", "bytes", "bits each", "such as"], rows, "lrrrrl"))
    try:
        joined = join_graph(path)
    except AccelsimError as error:
        return [*page, *sentences([f"no graph: {error.message}"])]
    formats = [
        [name, f"{count:,}", f"{float(size):,.0f}"] for name, (count, size) in stated_totals(joined.network).items()
    ]
    page += headed(table(["layers store", "elements", "bytes"], formats, "lrr"))
    return [*page, *sentences(_fit(joined))]


def _roles(stored: TensorTable, type_: str) -> str:
    """Return what one tensor of a type is, the block's number left out, and how many other kinds there are."""
    roles = list(dict.fromkeys(_NUMBER.sub("*", one.name) for one in stored if one.type == type_))
    first = roles[0] if len(roles[0]) <= LONGEST_ROLE else f"...{roles[0][-LONGEST_ROLE:]}"
    return first + (f" and {len(roles) - 1} other kinds" if len(roles) > 1 else "")


def _fit(joined: Joined) -> list[str]:
    """Return in words what the model's graph makes of the tensors."""
    network = joined.network
    told = [
        f"{network.parameters:,} parameters in the layers of the graph, {joined.bytes:,} bytes "
        f"({octets(joined.bytes)}), {8 * joined.bytes / network.parameters:.4g} bits per weight."
    ]
    if joined.told_bytes != joined.bytes:
        told.append(
            f"--scheme from-model counts {float(joined.told_bytes):,.0f} bytes: "
            f"{float(joined.bytes - joined.told_bytes):,.0f} stand beside codes, scales and zero points."
        )
    if joined.beside:
        names = ", ".join(one.name for one in joined.beside[:MOST_NAMED])
        more = f" and {len(joined.beside) - MOST_NAMED} more" if len(joined.beside) > MOST_NAMED else ""
        told.append(f"{sum(one.bytes for one in joined.beside):,} bytes belong to no layer: {names}{more}.")
    return told


def tensor_record(path: Path) -> dict[str, Any]:
    """Return the same as data, and every tensor."""
    stored = list_tensors(path)
    return {
        "name": stored.name,
        "kind": stored.kind,
        "files": list(stored.files),
        "about": stored.about,
        "count": len(stored),
        "elements": stored.elements,
        "bytes": stored.bytes,
        "bits_per_element": float(stored.bits),
        "types": [
            {"type": one.type, "tensors": one.tensors, "elements": one.elements, "bytes": one.bytes,
             "bits_per_element": float(one.bits)}
            for one in stored.by_type
        ],
        "graph": _graph(path),
        "tensors": [
            {"name": one.name, "type": one.type, "shape": list(one.shape), "bytes": one.bytes, "file": one.file}
            for one in stored
        ],
    }  # fmt: skip


def _graph(path: Path) -> dict[str, Any]:
    try:
        joined = join_graph(path)
    except AccelsimError as error:
        return {"problem": error.message}
    return {
        "parameters": joined.network.parameters,
        "bytes": joined.bytes,
        "from_model_bytes": float(joined.told_bytes),
        "formats": {
            name: {"elements": count, "bytes": float(size)}
            for name, (count, size) in stated_totals(joined.network).items()
        },
        "bits_per_weight": 8 * joined.bytes / joined.network.parameters,
        "beside": [one.name for one in joined.beside],
    }
