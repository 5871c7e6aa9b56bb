"""Does the header reader see what the safetensors package wrote, and refuse everything else in one sentence?"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file

from accelsim.errors import InputError
from accelsim.workload.importers.safetensors.header import BITS, read_header
from accelsim.workload.importers.safetensors.shards import read_table
from accelsim.workload.tensors import list_tensors

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32, torch.uint64,
    torch.int64, torch.float8_e4m3fn, torch.float8_e5m2, torch.float16, torch.bfloat16, torch.float32, torch.float64,
]  # fmt: skip


def test_header_is_that_of_the_package(tmp_path: Path) -> None:
    tensors = {str(dtype): torch.zeros((3, 5), dtype=dtype) for dtype in DTYPES}
    tensors |= {"scalar": torch.zeros((), dtype=torch.float32), "empty": torch.zeros((0, 4), dtype=torch.float16)}
    path = tmp_path / "all.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    found = {one.name: one for one in read_header(path)}
    assert set(found) == set(tensors)
    with safe_open(path, "pt") as reference:
        for name, tensor in tensors.items():
            slice_ = reference.get_slice(name)
            assert (found[name].type, list(found[name].shape)) == (slice_.get_dtype(), slice_.get_shape())
            assert found[name].bytes == tensor.numel() * tensor.element_size()
            assert BITS[found[name].type] == 8 * tensor.element_size()
    table = read_table(path)
    assert table.bytes == path.stat().st_size - 8 - struct.unpack("<Q", path.read_bytes()[:8])[0]


def test_arrays_of_numpy_are_read_too(tmp_path: Path) -> None:
    save_arrays({"a": np.zeros((2, 3), np.float32)}, tmp_path / "a.safetensors")
    (one,) = list_tensors(tmp_path / "a.safetensors")
    assert (one.name, one.type, one.shape, one.bytes, one.elements, one.bits) == ("a", "F32", (2, 3), 24, 6, 32)


def raw(header: Any, data: int = 8, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def entry(dtype: Any = "F32", shape: Any = (2,), begin: Any = 0, end: Any = 8) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


HOSTILE = {
    "nothing": (b"", "at least 8 bytes, the length of its header; it has 0"),
    "a few bytes": (b"\1\2\3", "at least 8 bytes, the length of its header; it has 3"),
    "a huge header": (raw({}, length=2**60), "at most 33554432 bytes; its length is given as 1152921504606846976"),
    "a header beyond the end": (raw({}, length=5000), "truncated: its header has 5000 bytes, of which 10 are there"),
    "another kind of file": (raw(b"\x80\x02pickle"), "must begin with the length of its header and a JSON object"),
    "broken JSON": (raw(b'{"a": '), "must be JSON in UTF-8"),
    "text that is no UTF-8": (raw(b'{"\xff": 1}'), "must be JSON in UTF-8"),
    "a deep nest": (raw(b'{"a":' + b"[" * 100_000), "must not nest so deep"),
    "many objects": (raw(b'{"a":[' + b"{}," * 300_000 + b"{}]}"), "at most 300000 objects"),
    "many lists": (raw(b'{"a":[' + b"[]," * 600_000 + b"[]]}"), "two lists in each"),
    "a list": (raw(b'{} []'), "must be JSON in UTF-8"),
    "a key twice": (raw(b'{"a": 1, "a": 2}'), "a key must stand once; 'a' stands twice"),
    "a field twice": (raw(b'{"a": {"dtype": "F32", "dtype": "F16"}}'), "'dtype' stands twice"),
    "a long number": (raw(b'{"a": ' + b"9" * 5000 + b"}"), "must be JSON in UTF-8"),
    "no number": (raw(b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 8]}}'), "must be JSON in UTF-8"),
    "no tensor": (raw({"a": 5}), "exactly dtype, shape and data_offsets"),
    "a field too many": (raw({"a": entry() | {"more": 1}}), "exactly dtype, shape and data_offsets"),
    "an unknown type": (raw({"a": entry("F23")}), "'F23' is not a type of a tensor; did you mean F32"),
    "a type that is no text": (raw({"a": entry([1])}), "is not a type of a tensor"),
    "a negative extent": (raw({"a": entry(shape=[-2])}), "whole numbers, of at most 2[*][*]62"),
    "a fraction": (raw({"a": entry(shape=[2.0])}), "whole numbers, of at most 2[*][*]62"),
    "a truth": (raw({"a": entry(shape=[True, 2])}), "whole numbers, of at most 2[*][*]62"),
    "a huge tensor": (raw({"a": entry(shape=[2**40, 2**40])}), "whole numbers, of at most 2[*][*]62"),
    "many dimensions": (raw({"a": entry(shape=[1] * 20)}), "a list of at most 8 whole numbers"),
    "one offset": (raw({"a": entry() | {"data_offsets": [0]}}), "two whole numbers, the begin and the end"),
    "a negative offset": (raw({"a": entry(begin=-8, end=0)}), "two whole numbers, the begin and the end"),
    "offsets the wrong way": (raw({"a": entry(begin=8, end=0)}), "two whole numbers, the begin and the end"),
    "too short a span": (raw({"a": entry(end=4)}), "must span the 2 elements of 32 bits; they span 4 bytes"),
    "a tensor beyond the end": (raw({"a": entry(shape=[200], end=800)}), "truncated: a ends at byte 800"),
    "an overlap": (
        raw({"a": entry(), "b": entry(begin=4, end=12)}, 12),
        "tensors must not overlap; b begins at byte 4, inside a",
    ),
    "the same place": (raw({"a": entry(), "b": entry()}), "tensors must not overlap; b begins at byte 0, inside a"),
    "a gap": (raw({"a": entry(begin=8, end=16)}, 16), "a must begin where the header ends, at byte 0; its offset is 8"),
    "bytes behind the last": (raw({"a": entry()}, 100), "must fill the file; they take 8 of the 100 bytes"),
    "a name that is no text": (raw({"\x1b[31m": entry()}), r"printable characters; got 5: '\\x1b\[31m'"),
    "a long name": (raw({"a" * 1000: entry()}), "1 to 300 printable characters; got 1000"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_is_refused_in_a_sentence(what: str, tmp_path: Path) -> None:
    written, sentence = HOSTILE[what]
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(written)
    with pytest.raises(InputError, match=sentence) as refused:
        read_header(path)
    assert len(str(refused.value)) < 400 + len(str(path))


def shards(folder: Path, weight_map: Any, *files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for file in files:
        save_arrays({file[:1]: np.zeros(4, np.float16)}, folder / file)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


def test_shards_are_one_table(tmp_path: Path) -> None:
    wanted = {"a": "a.safetensors", "b": "b.safetensors"}
    index = shards(tmp_path / "model", wanted, "a.safetensors", "b.safetensors")
    for path in (index, index.parent):
        table = list_tensors(path)
        assert {one.name: one.file for one in table} == wanted
        assert (table.bytes, table.files) == (16, ("a.safetensors", "b.safetensors"))


@pytest.mark.parametrize(
    "name",
    ["../secret.safetensors", "/etc/secret.safetensors", "sub/secret.safetensors", "..\\secret.safetensors",
     "C:secret.safetensors", ".secret.safetensors", "secret.bin", "se\0cret.safetensors", "x" * 300 + ".safetensors"],
)  # fmt: skip
def test_an_index_names_files_of_its_folder_and_nothing_else(name: str, tmp_path: Path) -> None:
    save_arrays({"s": np.zeros(4, np.float16)}, tmp_path / "secret.safetensors")
    with pytest.raises(InputError, match=r"must be the name of a file in the same folder that ends in .safetensors"):
        list_tensors(shards(tmp_path / "model", {"s": name}))


def test_a_link_may_lead_into_the_download_cache_and_nowhere_else(tmp_path: Path) -> None:
    save_arrays({"a": np.zeros(4, np.float16)}, tmp_path / "outside.safetensors")
    index = shards(tmp_path / "model", {"a": "a.safetensors"})
    (index.parent / "a.safetensors").symlink_to(tmp_path / "outside.safetensors")
    with pytest.raises(InputError, match=r"a shard must stay in its folder; a.safetensors is a link that leads out"):
        list_tensors(index)
    cache = tmp_path / "models--org--name"
    (cache / "blobs").mkdir(parents=True)
    (cache / "snapshots").mkdir()
    (tmp_path / "outside.safetensors").rename(cache / "blobs" / "0123abcd")
    index = shards(cache / "snapshots" / "rev", {"a": "a.safetensors"})
    (index.parent / "a.safetensors").symlink_to(Path("../../blobs/0123abcd"))
    assert list_tensors(index).bytes == 8


@pytest.mark.parametrize(
    ("weight_map", "sentence"),
    [
        ({"a": "a.safetensors", "z": "a.safetensors"}, "weight_map says that z is in a.safetensors; it is not there"),
        ({"a": "b.safetensors"}, "the shard b.safetensors is not in the folder. Fetch it too"),
        ({}, "must have a weight_map"),
        ({"a": 5}, "must have a weight_map"),
        ([], "must have a weight_map"),
        ({str(i): f"{i}.safetensors" for i in range(3000)}, "must name at most 2000 files"),
    ],
)
def test_an_index_that_cannot_be_is_refused(weight_map: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        list_tensors(shards(tmp_path / "model", weight_map, "a.safetensors"))


def test_a_folder_is_asked_for_one_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tensors are listed of files that end in"):
        list_tensors(tmp_path)
    for name in ("one.safetensors", "two.safetensors"):
        save_arrays({name[:1]: np.zeros(4, np.float16)}, tmp_path / name)
        if name.startswith("one"):
            assert [one.name for one in list_tensors(tmp_path)] == ["o"]
    with pytest.raises(InputError, match=r"it holds 2 such as one.safetensors. Name the one that is meant"):
        list_tensors(tmp_path)
    save_arrays({"m": np.zeros(4, np.float16)}, tmp_path / "model.safetensors")
    assert [one.name for one in list_tensors(tmp_path)] == ["m"]
