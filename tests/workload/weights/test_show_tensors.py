"""Does ``accelsim show`` list the tensors of a file of weights by type, with bytes and bits per weight?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from gguf_files import Model, q4_k_m
from gguf_files import write as write_gguf
from safetensors_files import FAMILIES, LLAMA, bytes_of, zeros
from safetensors_files import write as write_safetensors

import accelsim as sim
from accelsim.cli import run


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["show", *arguments]) == 0
    return capsys.readouterr().out


def test_gguf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Model(blocks=8)
    path = write_gguf(tmp_path / "m.gguf", q4_k_m(model), model.fields)
    table = sim.list_tensors(path)
    page = shown(capsys, str(path))
    assert "m.gguf: GGUF, 75 tensors in 1 file" in page
    assert "architecture llama, version 3, byte order little endian" in page
    for total in table.by_type:
        assert f"{total.bytes:,}" in page
    assert f"{table.elements:,} parameters in the layers of the graph, {table.bytes:,} bytes" in page
    assert f"{float(table.bits):.4g} bits per weight" in page
    record = json.loads(shown(capsys, str(path), "--json"))
    assert (record["bytes"], record["elements"], record["count"]) == (table.bytes, table.elements, 75)
    assert {one["type"]: one["bytes"] for one in record["types"]} == {one.type: one.bytes for one in table.by_type}
    assert sum(one["bytes"] for one in record["tensors"]) == record["graph"]["from_model_bytes"] == table.bytes
    assert record["tensors"][0] == {"name": "token_embd.weight", "type": "Q4_K", "shape": [300, 256],
                                    "bytes": 300 * 144, "file": "m.gguf"}  # fmt: skip
    assert "layers_0.attention_norm" in shown(capsys, f"{path}/decode")
    assert run(["show", str(path), "--batch", "2"]) == 2
    assert "lists its tensors; for a pass of its model:" in capsys.readouterr().err


def test_safetensors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tensors = zeros(FAMILIES["llama"][1])
    folder = write_safetensors(tmp_path / "model", LLAMA, tensors, parts=2)
    for path in (folder, folder / "model.safetensors.index.json"):
        page = shown(capsys, str(path))
        assert "safetensors, 21 tensors in 2 files" in page
        assert f"{bytes_of(tensors):,} bytes" in page
        assert "16 bits per weight" in page
    record = json.loads(shown(capsys, str(folder), "--json"))
    assert record["graph"]["bits_per_weight"] == 16
    frame = sim.list_tensors(folder).frame()
    assert (frame["bytes"].sum(), len(frame)) == (bytes_of(tensors), 21)


def test_packed_tensors_are_told_as_the_formats_that_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = zeros(FAMILIES["llama"][1])
    stem = "model.layers.0.mlp.up_proj"
    del tensors[f"{stem}.weight"]
    tensors |= {f"{stem}.weight_packed": torch.zeros(512, 32, dtype=torch.int32),
                f"{stem}.weight_scale": torch.zeros(512, 2, dtype=torch.float16),
                f"{stem}.weight_shape": torch.zeros(2, dtype=torch.int64)}  # fmt: skip
    page = shown(capsys, str(write_safetensors(tmp_path / "model", LLAMA, tensors)))
    assert "int4g128" in page
    assert "16 stand beside codes, scales and zero points" in page


def test_what_has_no_graph_is_listed_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_safetensors(tmp_path / "alone", None, zeros(FAMILIES["vit"][1]))
    assert "no graph: a safetensors file has tensors but no graph" in shown(capsys, str(folder))
    assert "problem" in json.loads(shown(capsys, str(folder), "--json"))["graph"]
    assert run(["show", "int8", "--json"]) == 2
    assert "--json of show prints the tensors" in capsys.readouterr().err
    assert run(["show", str(tmp_path / "absent.gguf")]) == 1
    assert "there is no file" in capsys.readouterr().err


def test_estimate_and_compare_take_the_file_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Model(blocks=2)
    path = write_gguf(tmp_path / "m.gguf", q4_k_m(model), model.fields)
    arguments = [f"{path}/decode", "--on", "horowitz-45nm", "--option", "context=16"]
    assert run(["estimate", *arguments, "--scheme", "from-model", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["weight_bytes"] == sim.list_tensors(path).bytes
    assert run(["compare", *arguments, "--schemes", "from-model,fp16"]) == 0
    assert "from-model" in capsys.readouterr().out
