"""Which safetensors files make up a model: one file, the shards of an index, or what a folder holds?

The names in an index are names of files in its own folder, nothing else. A symbolic link must end in
that folder too, or in the ``blobs`` of the download cache whose snapshot the folder is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from accelsim.errors import InputError
from accelsim.workload.importers.safetensors.document import parse
from accelsim.workload.importers.safetensors.header import read_header
from accelsim.workload.importers.stored import Tensor, TensorTable

INDEX = ".safetensors.index.json"
SINGLE = ".safetensors"
LONGEST_INDEX = 32 * 2**20
MOST_SHARDS = 2_000
MOST_TENSORS = 1_000_000
PREFERRED = ("model.safetensors", "model.safetensors.index.json")
"""What a folder is asked for, in this order, before any other file."""


def read_table(path: Path) -> TensorTable:
    """Return the tensors of a safetensors file, an index or a folder; only headers are read.

    Raises
    ------
    InputError
        A file is missing, broken, or outside the folder; an index and its shards disagree.
    """
    file = weights_file(path)
    if not file.name.endswith(INDEX):
        return _table(path, [file.name], read_header(file))
    wanted = _weight_map(file)
    tensors: list[Tensor] = []
    shards = list(dict.fromkeys(wanted.values()))
    for shard in shards:
        tensors += [one for one in read_header(inside(file.parent, shard, str(file))) if wanted.get(one.name) == shard]
        if len(tensors) > MOST_TENSORS:
            raise InputError(f"a model must have at most {MOST_TENSORS} tensors.", where=str(file))
    found = {one.name for one in tensors}
    missing = [name for name in wanted if name not in found]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise InputError(
            f"weight_map says that {missing[0]}{more} is in {wanted[missing[0]]}; it is not there.", where=str(file)
        )
    return _table(path, shards, tensors)


def _table(path: Path, files: Iterable[str], tensors: Iterable[Tensor]) -> TensorTable:
    return TensorTable(str(path), "safetensors", tuple(files), tuple(tensors))


def weights_file(path: Path) -> Path:
    """Return the file or index that ``path`` stands for: itself, or the one that a folder holds."""
    if not path.is_dir():
        return path
    for name in PREFERRED:
        if (path / name).is_file():
            return path / name
    others = sorted(path.glob(f"*{INDEX}")) or sorted(path.glob(f"*{SINGLE}"))
    if len(others) == 1:
        return others[0]
    if not others:
        raise InputError(f"the folder must hold a file that ends in {SINGLE}; it holds none.", where=str(path))
    raise InputError(
        f"the folder must hold {' or '.join(PREFERRED)}, or one file that ends in {SINGLE}; it holds {len(others)} "
        f"such as {others[0].name}. Name the one that is meant.", where=str(path),
    )  # fmt: skip


def _weight_map(index: Path) -> dict[str, str]:
    where = str(index)
    try:
        if index.stat().st_size > LONGEST_INDEX:
            raise InputError(f"an index must have at most {LONGEST_INDEX} bytes.", where=where)
        raw = index.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read; {error.strerror or error}.", where=where) from None
    wanted = parse(raw, where).get("weight_map")
    if not isinstance(wanted, dict) or not wanted or not all(isinstance(name, str) for name in wanted.values()):
        raise InputError("an index must have a weight_map from tensors to files.", where=where)
    if len(set(wanted.values())) > MOST_SHARDS:
        raise InputError(f"an index must name at most {MOST_SHARDS} files.", where=where)
    return wanted


def inside(folder: Path, name: str, where: str) -> Path:
    """Return the file called ``name`` in ``folder``.

    Raises
    ------
    InputError
        The name is a path, does not end as a safetensors file, or leads out of the folder; or there is no such file.
    """
    plain = name.isprintable() and not set(name) & set('/\\:*?"<>|') and not name.startswith(".")
    if not plain or not name.endswith(SINGLE) or len(name) > 255:
        raise InputError(
            f"a shard must be the name of a file in the same folder that ends in {SINGLE}; got {ascii(name)[:80]}.",
            where=where,
        )
    path = folder / name
    if not path.is_file():
        raise InputError(f"the shard {name} is not in the folder. Fetch it too.", where=where)
    home, target = folder.resolve(), path.resolve()
    allowed = [home]
    if home.parent.name == "snapshots":
        allowed.append(home.parent.parent / "blobs")
    if target.parent not in allowed:
        raise InputError(f"a shard must stay in its folder; {name} is a link that leads out of it.", where=where)
    return path
