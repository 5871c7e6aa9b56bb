"""How do the layers that another tool's file lists become a workload? A `Network`, and the file that says the same.

An importer states each layer in the fields of a workload file, beside the line that it came from. The
network is built from these fields by the reader of workload files, so both say the same, and what is
wrong is reported at the line of the file that was imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelsim.documents import Document, Mark
from accelsim.documents.writing import in_one_line
from accelsim.workload.importers.graph import build_graph
from accelsim.workload.network import Network


@dataclass(frozen=True)
class Entry:
    """One layer: its fields in a workload file, and where it stands in the imported one."""

    fields: dict[str, Any]
    mark: Mark


@dataclass(frozen=True)
class ImportedWorkload:
    """The layers of another tool's file.

    Parameters
    ----------
    path : Path
        The imported file.
    source : str
        What kind of file it is.
    entries : tuple of Entry
    remarks : tuple of str
        What the file says that a workload does not, and what was changed; one sentence each.
    """

    path: Path
    source: str
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the network: the file's, without its ending."""
        return plain_name(self.path.name.split(".")[0])

    @property
    def data(self) -> dict[str, Any]:
        """All that the workload file says."""
        return {
            "name": self.name,
            "source": f"imported from {self.path.name}, {self.source}",
            "layers": [entry.fields for entry in self.entries],
        }

    def network(self, batch: int = 1) -> Network:
        """Return the network; what is wrong with a layer names its line.

        Raises
        ------
        InputError
            A layer is not what it must be.
        """
        from accelsim.workload.importers.yaml import read

        layers = Mark(str(self.path), 0, 0, children={n: entry.mark for n, entry in enumerate(self.entries)})
        document = Document(self.path, self.data, Mark(str(self.path), 0, 0, children={"layers": layers}))
        workload = read(document)
        built = build_graph(document, workload, batch)
        return replace(Network(workload.name, built, batch=batch), title=self.name, source=workload.source)

    def text(self) -> str:
        """Return the workload file, one layer a line, remarks as comments on top."""
        lines = [f"# {' '.join(remark.split())}" for remark in self.remarks]
        lines += [f"{key}: {in_one_line(self.data[key])}" for key in ("name", "source")]
        lines += ["layers:", *(f"  - {in_one_line(entry.fields)}" for entry in self.entries)]
        return "\n".join(lines) + "\n"


def plain_name(text: str) -> str:
    """Return a text as a name of the workload file: letters, digits and ``_ . / : -``; others become ``_``."""
    name = re.sub(r"[^A-Za-z0-9_./:-]+", "_", text.strip()).strip("./:-")[:190]
    return name or "unnamed"


class Names:
    """Names given so far; a name that stands already gets ``-2``, ``-3`` ... behind it."""

    def __init__(self) -> None:
        self.taken: set[str] = {"input", "block"}
        self.remarks: list[str] = []

    def new(self, text: str) -> str:
        """Return a new, plain name for a layer, and remember what had to be changed."""
        name = base = plain_name(text)
        count = 1
        while name in self.taken:
            count += 1
            name = f"{base}-{count}"
        self.taken.add(name)
        if name != text.strip():
            self.remarks.append(f"layer {text.strip()!r} is called {name}.")
        return name
