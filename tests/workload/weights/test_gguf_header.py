"""Does the header reader see what gguf-py wrote, and refuse everything else in one sentence?"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from gguf import GGUFReader, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf_files import F32, Q4_K, Model, write

from accelsim.errors import InputError, UnsupportedError
from accelsim.precision import parse_format
from accelsim.workload.importers.gguf.header import read_header
from accelsim.workload.importers.gguf.metadata import Array
from accelsim.workload.importers.gguf.shards import read_model
from accelsim.workload.importers.gguf.types import TYPES

ALL = {
    type_.name: ((3, GGML_QUANT_SIZES[type_][0] * 2), type_)
    for type_ in GGMLQuantizationType
    if type_.name != "Q8_1" and type_.value in TYPES
}


def test_types_are_those_of_gguf_py_and_of_the_catalog() -> None:
    known = {type_.value for type_ in GGMLQuantizationType}
    assert len(known & set(TYPES)) >= 30
    for number in sorted(known & set(TYPES)):
        type_ = TYPES[number]
        assert GGMLQuantizationType(number).name == type_.name
        assert parse_format(type_.format).storage_bits() * type_.block == 8 * type_.bytes
        if type_.name != "Q8_1":  # 36 bytes in ggml-common.h, 40 in gguf-py; files do not have it
            assert GGML_QUANT_SIZES[GGMLQuantizationType(number)] == (type_.block, type_.bytes)


@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("alignment", [32, 512])
def test_header_is_that_of_the_writer(big: bool, alignment: int, tmp_path: Path) -> None:
    words = [f"<{i}>" for i in range(20_000)]
    fields = {"general.alignment": alignment, "general.name": "tiny", "block_count": 7,
              "attention.head_count_kv": [1, 2, 3], "tokenizer.ggml.tokens": words}  # fmt: skip
    path = write(tmp_path / "all.gguf", ALL, fields, big=big)
    header, reference = read_header(path), GGUFReader(path)
    assert (header.version, header.big_endian) == (3, big)
    assert header.metadata["general.name"] == "tiny"
    assert header.metadata["llama.block_count"] == 7
    kv, tokens = header.metadata["llama.attention.head_count_kv"], header.metadata["tokenizer.ggml.tokens"]
    assert isinstance(kv, Array)
    assert kv.items == (1, 2, 3)
    assert tokens == Array(20_000)
    assert [(one.name, one.type, one.bytes, one.offset + reference.data_offset) for one in header.tensors] == [
        (one.name, one.tensor_type.name, int(one.n_bytes), int(one.data_offset)) for one in reference.tensors
    ]
    assert {one.shape for one in header.tensors} == {shape for shape, _ in ALL.values()}


def test_every_kind_of_value_is_read_or_passed_over(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "values.gguf", "llama")
    numbers = {"uint8": 200, "int8": -7, "uint16": 60_000, "int16": -300, "uint32": 2**31, "int32": -(2**31),
               "uint64": 2**63, "int64": -(2**63), "float32": 0.5, "float64": 1e300, "bool": True}  # fmt: skip
    for kind, value in numbers.items():
        getattr(writer, f"add_{kind}")(f"a.{kind}", value)
    writer.add_array("a.floats", [0.5] * 20_000)
    writer.add_string("a.long", "x" * 100_000)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    metadata = read_header(tmp_path / "values.gguf").metadata
    assert {kind: metadata[f"a.{kind}"] for kind in numbers} == numbers
    assert metadata["a.floats"] == Array(20_000)
    assert metadata["a.long"] == "x" * 10_000


def test_a_split_model_is_one_model_whichever_part_is_named(tmp_path: Path) -> None:
    model = Model()
    whole = write(tmp_path / "whole.gguf", model.tensors(), model.fields)
    write(tmp_path / "split.gguf", model.tensors(), model.fields, parts=8)
    parts = sorted(tmp_path.glob("split-*.gguf"))
    assert len(parts) == 3
    for part in parts:
        metadata, table = read_model(part)
        assert metadata["llama.block_count"] == 2
        assert table.files == tuple(one.name for one in parts)
        assert [(one.name, one.bytes) for one in table] == [(one.name, one.bytes) for one in read_header(whole).tensors]
    parts[1].rename(tmp_path / "elsewhere.gguf")
    with pytest.raises(InputError, match=r"split-00002-of-00003.gguf is not in the folder. Fetch it too"):
        read_model(parts[0])
    with pytest.raises(InputError, match=r"must be named NAME-00001-of-00003.gguf"):
        read_model(tmp_path / "elsewhere.gguf")


def small(tmp_path: Path) -> bytearray:
    return bytearray(write(tmp_path / "small.gguf", {"a": ((2, 4), F32), "b": ((1, 256), Q4_K)}).read_bytes())


VERSION, TENSORS, KEYS, KEY_LENGTH = 4, 8, 16, 24
FIRST_VALUE = KEY_LENGTH + 8 + len("general.architecture")
INFO = FIRST_VALUE + 4 + 8 + len("llama")
"""Where the fields of the small file stand; the first tensor is named by one letter."""

HOSTILE = {
    "no GGUF file": (0, b"GGML", "must begin with b'GGUF'; this begins with b'GGML'"),
    "version 1": (VERSION, struct.pack("<I", 1), "version 1 of GGUF counts in 32 bits"),
    "version 9": (VERSION, struct.pack("<I", 9), "must be of version 2 or 3; this says 9"),
    "many tensors": (TENSORS, struct.pack("<Q", 2**60), "at most 100000 tensors"),
    "tensors that are not there": (TENSORS, struct.pack("<Q", 50_000), "the tensor infos must fit the rest"),
    "many keys": (KEYS, struct.pack("<Q", 2**64 - 1), "at most 100000 metadata keys"),
    "a long key": (KEY_LENGTH, struct.pack("<Q", 2**60), "a metadata key must have at most 1000 bytes"),
    "a key beyond the end": (KEY_LENGTH, struct.pack("<Q", 999), "truncated: it ends, after"),
    "an unknown type of value": (FIRST_VALUE, struct.pack("<I", 77), "type must be a number from 0 to 12; got 77"),
    "a long value": (FIRST_VALUE + 4, struct.pack("<Q", 2**60), "general.architecture must have at most"),
    "an array of arrays": (FIRST_VALUE, struct.pack("<IIQ", 9, 9, 3), "must hold numbers or texts; this holds arrays"),
    "a long array": (FIRST_VALUE, struct.pack("<IIQ", 9, 4, 2**61), "general.architecture must fit the rest"),
    "many texts": (FIRST_VALUE, struct.pack("<IIQ", 9, 8, 2**61), "general.architecture must fit the rest"),
    "a long name": (INFO, struct.pack("<Q", 2**62), "a tensor's name must have at most 300 bytes"),
    "a name that is no text": (INFO + 8, b"\x1b", "1 to 300 printable characters"),
    "the same name": (INFO + 8, b"b", "b stands twice"),
    "many dimensions": (INFO + 9, struct.pack("<I", 2**31), "1 to 4 dimensions; got 2147483648"),
    "no dimension": (INFO + 9, struct.pack("<I", 0), "1 to 4 dimensions; got 0"),
    "a huge tensor": (INFO + 13, struct.pack("<QQ", 2**40, 2**40), "1 to 2[*][*]62 elements"),
    "an empty tensor": (INFO + 13, struct.pack("<Q", 0), "1 to 2[*][*]62 elements"),
    "a tensor beyond the end": (INFO + 13, struct.pack("<Q", 2**30), "truncated: a ends at byte"),
    "an unknown type": (INFO + 29, struct.pack("<I", 99), "a GGML type must be a number from 0 to 41"),
    "a retired type": (INFO + 29, struct.pack("<I", 31), "Q4_0_4_4 is a GGML type that was retired"),
    "rows that do not fill blocks": (INFO + 29, struct.pack("<I", 12), "a row of Q4_K must be a multiple of 256"),
    "an offset between": (INFO + 33, struct.pack("<Q", 8), "a multiple of the alignment, 32; got 8"),
    "an offset beyond the end": (INFO + 33, struct.pack("<Q", 2**62), "truncated: a ends at byte"),
    "an overlap": (INFO + 33, struct.pack("<Q", 64), "tensors must not overlap; "),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_is_refused_in_a_sentence(what: str, tmp_path: Path) -> None:
    raw = small(tmp_path)
    assert raw[INFO + 8 : INFO + 9] == b"a"
    place, written, sentence = HOSTILE[what]
    raw[place : place + len(written)] = written
    path = tmp_path / "hostile.gguf"
    path.write_bytes(raw)
    with pytest.raises((InputError, UnsupportedError), match=sentence):
        read_header(path)


def test_an_empty_file_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.gguf"
    path.touch()
    with pytest.raises(InputError, match="must begin with b'GGUF'; this is empty"):
        read_header(path)


def test_version_2_is_read_and_alignment_checked(tmp_path: Path) -> None:
    raw = small(tmp_path)
    raw[VERSION : VERSION + 4] = struct.pack("<I", 2)
    path = tmp_path / "two.gguf"
    path.write_bytes(raw)
    assert read_header(path).version == 2
    path = write(tmp_path / "odd.gguf", {"a": ((2, 4), F32)}, {"general.alignment": 64})
    raw = bytearray(path.read_bytes())
    place = raw.index(b"general.alignment") + len("general.alignment") + 4
    for wrong in (0, 48, 2**31):
        raw[place : place + 4] = struct.pack("<I", wrong)
        path.write_bytes(raw)
        with pytest.raises(
            InputError, match=f"general.alignment must be a power of two of at most 1048576; got {wrong}"
        ):
            read_header(path)


def test_every_truncation_is_said_to_be_one(tmp_path: Path) -> None:
    model = Model(blocks=1)
    path = write(tmp_path / "whole.gguf", model.tensors(), model.fields)
    whole = path.read_bytes()
    data = sum(one.bytes for one in read_header(path).tensors)
    for length in (*range(4, 400, 7), len(whole) - data - 40, len(whole) - data, len(whole) - 1000):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"truncated|must fit the rest") as refused:
            read_header(path)
        assert str(path) in str(refused.value)


def test_data_begin_at_a_multiple_of_the_alignment_and_end_with_the_last_tensor(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", {"a": ((2, 4), F32), "b": ((1, 5), F32)}, {"general.alignment": 256})
    reference = GGUFReader(path)
    end = max(int(tensor.data_offset + tensor.n_bytes) for tensor in reference.tensors)
    os.truncate(path, end)
    assert [one.bytes for one in read_header(path).tensors] == [32, 20]
    os.truncate(path, end - 1)
    with pytest.raises(
        InputError, match="truncated: b ends at byte 276 of the tensor data, of which the file holds 275"
    ):
        read_header(path)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.gguf: the file cannot be read; No such file"):
        read_header(tmp_path / "absent.gguf")
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_header(tmp_path / "folder.gguf")
    assert os.path.isdir(tmp_path / "folder.gguf")
