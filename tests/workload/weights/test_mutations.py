"""Is a file with changed bytes read or refused in one sentence, in bounded memory, whatever the change?"""

from __future__ import annotations

import tracemalloc
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from gguf_files import Model
from gguf_files import write as write_gguf
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors_files import FAMILIES, zeros
from safetensors_files import write as write_safetensors

import accelsim as sim
from accelsim.errors import AccelsimError

MOST_BYTES = 24 * 2**20
"""Memory for reading headers of less than 1 MiB; 16 MiB are set aside to read a config.json."""

number = st.one_of(st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**60, 2**63, 2**64 - 1]), st.integers(0, 300))
change = st.one_of(
    st.tuples(st.just("byte"), st.floats(0, 1), st.integers(0, 255)),
    st.tuples(st.just("number"), st.floats(0, 1), number),
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
    st.tuples(st.just("double"), st.floats(0, 1), st.integers(1, 60)),
    st.tuples(st.just("drop"), st.floats(0, 1), st.integers(1, 60)),
)


@cache
def originals() -> dict[str, bytes]:
    """A small file of each kind; of the safetensors folder config.json too."""
    model = Model(blocks=1, hidden=256, intermediate=256, vocabulary=32)
    with TemporaryDirectory() as folder:
        path = write_gguf(
            Path(folder) / "m.gguf", model.tensors(), {**model.fields, "tokenizer.ggml.tokens": ["a", "b"]}
        )
        found = {"m.gguf": path.read_bytes()}
        made = write_safetensors(Path(folder), FAMILIES["llama"][0], zeros(FAMILIES["llama"][1]), parts=2)
        return found | {file.name: file.read_bytes() for file in made.iterdir()}


def changed(raw: bytes, changes: list[tuple[str, float, int]], head: int) -> bytes:
    """``raw`` with changes in its first ``head`` bytes."""
    data = bytearray(raw)
    for kind, where, value in changes:
        place = int(where * (min(head, len(data)) - 1))
        if kind == "byte" and data:
            data[place] = value
        elif kind == "number":
            data[place : place + 8] = value.to_bytes(8, "little")
        elif kind == "cut":
            del data[place:]
        elif kind == "double":
            data[place:place] = data[place : place + value]
        else:
            del data[place : place + value]
    return bytes(data)


def read_or_refuse(path: Path, phase: str) -> None:
    tracemalloc.start()
    refused = []
    try:
        for use in (lambda: sim.list_tensors(path), lambda: sim.load_workload(f"{path}/{phase}", context=3)):
            try:
                use()
            except AccelsimError as error:
                refused.append(str(error))
        assert all("\n" not in sentence and len(sentence) < 1000 for sentence in refused)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@settings(max_examples=250, deadline=None)
@given(changes=st.lists(change, min_size=1, max_size=3))
def test_gguf(changes: list[tuple[str, float, int]]) -> None:
    raw = originals()["m.gguf"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.gguf"
        path.write_bytes(changed(raw, changes, head=1200))
        read_or_refuse(path, "decode")


@pytest.mark.parametrize("file", ["model-00001-of-00002.safetensors", "model.safetensors.index.json"])
@settings(max_examples=100, deadline=None)
@given(changes=st.lists(change, min_size=1, max_size=3))
def test_safetensors(file: str, changes: list[tuple[str, float, int]]) -> None:
    with TemporaryDirectory() as folder:
        for name, raw in originals().items():
            written = changed(raw, changes, head=1600) if name == file else raw
            (Path(folder) / name).write_bytes(written)
        read_or_refuse(Path(folder) / "model.safetensors.index.json", "decode")
