"""Which workloads are there, and which network does a name or a path stand for?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from accelsim.errors import AccelsimError, InputError
from accelsim.library import find, names
from accelsim.workload.importers import IN_FOLDERS, READERS, Option, reader
from accelsim.workload.network import Network

FOLDER = "workloads"


@dataclass(frozen=True)
class WorkloadEntry:
    """One line of the catalog.

    Parameters
    ----------
    name : str
        What `load_workload` takes: "resnet50", "llama-2-7b/decode".
    title, description : str
    options : dict
        Options of `load_workload` for this workload and their defaults.
    path : Path
    problem : str
        Why the file cannot be loaded; "" if it can.
    """

    name: str
    title: str
    description: str
    path: Path
    options: dict[str, Option] = field(default_factory=dict)
    problem: str = ""


def load_workload(name: str | Path, batch: int | None = None, **options: Option) -> Network:
    """Return the network that ``name`` stands for.

    Parameters
    ----------
    name : str or Path
        A shipped name ("resnet50"), a file, the folder of a Hugging Face model, or any of these with a
        phase behind it ("llama-2-7b/decode", "models/Llama-3-8B/config.json/decode").
    batch : int, optional
        Images or sequences; by default what the file says, mostly 1.
    **options
        ``context`` of a decode step (default 2048); ``tokens`` (2048), ``causal`` (True) and
        ``all_logits`` (False) of a prefill; ``tokens`` (128) of an encoder.

    Raises
    ------
    InputError
        Nothing has that name, the file is broken, or an option is unknown; the nearest is named.
    """
    path, phase = _locate(str(name))
    return reader(path).load(path, phase, batch, options)


def _locate(name: str) -> tuple[Path, str | None]:
    """Return the file and the phase of ``name``; the phase is what stands behind the last slash.

    A folder stands for the model file that it holds (`IN_FOLDERS`); where a bare word is both a
    folder and a workload's name, it is the name: write ``./word`` for the folder.
    """
    if "\0" in name or not name:
        raise InputError(f"a workload must be a name or a path; got {name!r}.")
    head, slash, phase = name.rpartition("/")
    for path, behind in ((name, None), (head, phase)):
        if path and (found := _file(path)):
            return found, behind
    _refuse_empty_folder(name)
    if not Path(phase).suffix:
        _refuse_empty_folder(head)
    if slash and "/" not in head and not Path(phase).suffix:
        return find(FOLDER, head, "workload"), phase
    return find(FOLDER, name, "workload"), None


def _file(name: str) -> Path | None:
    """Return the file that is meant if ``name`` is a path to one, or to a folder that holds a model."""
    path = Path(name)
    try:
        if path.is_file():
            return None if _is_bare(name) and name in names(FOLDER) else path
        inside = [path / each for each in IN_FOLDERS if (path / each).is_file()]
    except OSError:
        raise InputError(f"a workload must be a name or a path; got {name[:40]!r}....") from None
    return None if not inside or (_is_bare(name) and name in names(FOLDER)) else inside[0]


def _refuse_empty_folder(name: str) -> None:
    path = Path(name)
    named = _is_bare(name) and name in names(FOLDER)
    if name and path.is_dir() and path.suffix not in READERS and not named:
        raise InputError(f"a folder must hold {', '.join(IN_FOLDERS[:-1])} or {IN_FOLDERS[-1]}; {name} has none.")


def _is_bare(name: str) -> bool:
    return "/" not in name and not Path(name).suffix


def list_workloads() -> list[WorkloadEntry]:
    """Return every workload that `load_workload` finds by name, one entry per phase."""
    return [entry for name, path in names(FOLDER).items() for entry in _entries(name, path)]


def _entries(name: str, path: Path) -> list[WorkloadEntry]:
    from accelsim.documents import load_document
    from accelsim.workload.importers.yaml import phases, read

    try:
        workload = read(load_document(path))
    except AccelsimError as error:
        return [WorkloadEntry(name, name, "", path, problem=str(error))]
    offered = phases(workload)
    return [
        WorkloadEntry(
            f"{name}/{phase}" if len(offered) > 1 else name, workload.title, workload.description, path, options
        )
        for phase, options in offered.items()
    ]
