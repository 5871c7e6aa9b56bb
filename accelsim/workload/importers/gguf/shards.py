"""Which files make up a GGUF model: one, or the parts that a split left in one folder?"""

from __future__ import annotations

import re
from pathlib import Path

from accelsim.errors import InputError
from accelsim.workload.importers.gguf.header import Header, read_header
from accelsim.workload.importers.gguf.metadata import Value
from accelsim.workload.importers.stored import TensorTable

MOST_PARTS = 1_000
_PART = re.compile(r"(?P<stem>.+)-(?P<place>[0-9]{5})-of-(?P<count>[0-9]{5})\.gguf")


def read_model(path: Path) -> tuple[dict[str, Value], TensorTable]:
    """Return the metadata of a model's first part and the tensors of all parts; only headers are read.

    A split model is named by any of its parts, NAME-00001-of-00003.gguf, as llama.cpp's
    gguf-split writes them; the others are looked for in the same folder under that name.

    Raises
    ------
    InputError
        A part is missing or broken, or two parts have a tensor of the same name.
    """
    headers = _parts(path)
    first = headers[0]
    tensors = [tensor for header in headers for tensor in header.tensors]
    names = {tensor.name for tensor in tensors}
    if len(names) != len(tensors):
        raise InputError("the parts of a model must not share a tensor; these do.", where=str(path))
    expected = first.metadata.get("split.tensors.count")
    if isinstance(expected, int) and len(headers) > 1 and expected != len(tensors):
        raise InputError(f"the parts must have {expected} tensors together; they have {len(tensors)}.", where=str(path))
    about = {"version": str(first.version), "byte order": "big endian" if first.big_endian else "little endian"}
    architecture = first.metadata.get("general.architecture")
    if isinstance(architecture, str):
        about = {"architecture": architecture[:60], **about}
    files = tuple(header.path.name for header in headers)
    return first.metadata, TensorTable(str(path), "GGUF", files, tuple(tensors), about)


def _parts(path: Path) -> list[Header]:
    header = read_header(path)
    count = header.metadata.get("split.count", 0)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_PARTS:
        raise InputError(f"split.count must be a whole number of at most {MOST_PARTS}.", where=str(path))
    if count <= 1:
        return [header]
    named = _PART.fullmatch(path.name)
    if not named or int(named["count"]) != count:
        raise InputError(
            f"a part of a model split in {count} must be named NAME-00001-of-{count:05}.gguf; this is not. "
            "Give it the name that it was published under.",
            where=str(path),
        )
    paths = [path.with_name(f"{named['stem']}-{place:05}-of-{count:05}.gguf") for place in range(1, count + 1)]
    for part in paths:
        if not part.is_file():
            raise InputError(f"the part {part.name} is not in the folder. Fetch it too.", where=str(path))
    return [header if part == path else read_header(part) for part in paths]
