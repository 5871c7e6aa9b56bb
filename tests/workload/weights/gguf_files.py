"""Writes GGUF files with gguf-py's own writer: small ones, and sparse ones of real models' shapes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
from gguf import GGUFEndian, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

F16, F32, BF16 = GGMLQuantizationType.F16, GGMLQuantizationType.F32, GGMLQuantizationType.BF16
Q4_K, Q6_K, Q8_0 = GGMLQuantizationType.Q4_K, GGMLQuantizationType.Q6_K, GGMLQuantizationType.Q8_0
Tensors = Mapping[str, tuple[tuple[int, ...], GGMLQuantizationType]]


def size(shape: tuple[int, ...], type_: GGMLQuantizationType) -> int:
    """Bytes of a tensor, by gguf-py's table."""
    block, each = GGML_QUANT_SIZES[type_]
    return prod(shape) // block * each


def write(
    path: Path,
    tensors: Tensors,
    fields: Mapping[str, int | str | list[int] | list[str]] | None = None,
    architecture: str = "llama",
    big: bool = False,
    parts: int = 0,
) -> Path:
    """Write a file whose data is a hole; with ``parts`` > 0 in files of so many tensors. Shapes outermost first."""
    endian = GGUFEndian.BIG if big else GGUFEndian.LITTLE
    writer = GGUFWriter(path, architecture, endianess=endian, split_max_tensors=parts)
    for key, value in (fields or {}).items():
        full = key if key.startswith(("general.", "tokenizer.", "split.")) else f"{architecture}.{key}"
        add = {int: writer.add_uint32, str: writer.add_string, list: writer.add_array}[type(value)]
        if key == "general.alignment":
            writer.add_custom_alignment(value)
        else:
            add(full, value)
    for name, (shape, type_) in tensors.items():
        block, each = GGML_QUANT_SIZES[type_]
        row = (*shape[:-1], shape[-1] // block * each)
        quantized = type_ not in (F32, F16)
        writer.add_tensor_info(
            name, row if quantized else shape, np.dtype("u1") if quantized else np.dtype({F32: "f4", F16: "f2"}[type_]),
            size(shape, type_), raw_dtype=type_ if quantized else None,
        )  # fmt: skip
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.flush()
    for part, infos in zip(writer.fout, writer.tensors, strict=True):
        align = writer.data_alignment
        start = -(-part.tell() // align) * align
        os.truncate(part.name, start + sum(-(-info.nbytes // align) * align for info in infos.values()))
    writer.close()
    return path


@dataclass(frozen=True)
class Model:
    """Dimensions of a decoder or encoder, and how its architecture stores it."""

    architecture: str = "llama"
    blocks: int = 2
    hidden: int = 256
    intermediate: int = 512
    heads: int = 4
    kv_heads: int = 2
    vocabulary: int = 300
    experts: int = 0
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, int]:
        """Metadata."""
        return {
            "block_count": self.blocks,
            "embedding_length": self.hidden,
            "feed_forward_length": self.intermediate,
            "attention.head_count": self.heads,
            "attention.head_count_kv": self.kv_heads,
            "context_length": 4096,
            **({"expert_count": self.experts, "expert_used_count": 2} if self.experts else {}),
            **self.more,
        }

    def tensors(self, matrix: GGMLQuantizationType = Q4_K, vector: GGMLQuantizationType = F32) -> dict:
        """Tensors by name, as convert_hf_to_gguf.py of llama.cpp names them for the architecture."""
        made = {"token_embd.weight": ((self.vocabulary, self.hidden), matrix)}
        for i in range(self.blocks):
            block = {"qwen2": self._qwen2, "qwen3": self._qwen3, "qwen3moe": self._qwen3, "phi2": self._phi2,
                     "phi3": self._phi3, "gpt2": self._gpt2, "bert": self._bert,
                     }.get(self.architecture, self._llama)()  # fmt: skip
            for name, shape in block.items():
                router = name == "ffn_gate_inp.weight"
                made[f"blk.{i}.{name}"] = (shape, vector if len(shape) == 1 or router else matrix)
        wide = (self.hidden,)
        if self.architecture == "bert":
            made |= {"position_embd.weight": ((512, *wide), F32), "token_types.weight": ((2, *wide), F32)}
            return made | {"token_embd_norm.weight": (wide, vector), "token_embd_norm.bias": (wide, vector)}
        made["output_norm.weight"] = (wide, vector)
        if self.architecture in ("phi2", "gpt2"):
            made["output_norm.bias"] = (wide, vector)
        if self.architecture == "gpt2":
            made["position_embd.weight"] = ((1024, *wide), F32)
        if self.architecture not in ("gpt2", "gemma"):
            made["output.weight"] = ((self.vocabulary, self.hidden), matrix)
        if self.architecture == "phi2":
            made["output.bias"] = ((self.vocabulary,), vector)
        return made

    @property
    def _kv(self) -> int:
        return self.hidden // self.heads * self.kv_heads

    def _attention(self, bias: bool = False) -> dict[str, tuple[int, ...]]:
        rows = {"attn_q": self.hidden, "attn_k": self._kv, "attn_v": self._kv}
        made: dict[str, tuple[int, ...]] = {f"{name}.weight": (row, self.hidden) for name, row in rows.items()}
        if bias:
            made |= {f"{name}.bias": (row,) for name, row in rows.items()}
        return made | {"attn_output.weight": (self.hidden, self.hidden)}

    def _fused(self, bias: bool) -> dict[str, tuple[int, ...]]:
        rows = self.hidden + 2 * self._kv
        made: dict[str, tuple[int, ...]] = {"attn_qkv.weight": (rows, self.hidden)}
        made["attn_output.weight"] = (self.hidden, self.hidden)
        return made | ({"attn_qkv.bias": (rows,), "attn_output.bias": (self.hidden,)} if bias else {})

    def _mlp(self, bias: bool, times: int = 1) -> dict[str, tuple[int, ...]]:
        made: dict[str, tuple[int, ...]] = {"ffn_up.weight": (times * self.intermediate, self.hidden)}
        made["ffn_down.weight"] = (self.hidden, self.intermediate)
        return made | ({"ffn_up.bias": (self.intermediate,), "ffn_down.bias": (self.hidden,)} if bias else {})

    def _norms(self, *names: str, bias: bool = False) -> dict[str, tuple[int, ...]]:
        kinds = ("weight", "bias") if bias else ("weight",)
        return {f"{name}.{kind}": (self.hidden,) for name in names for kind in kinds}

    def _llama(self) -> dict[str, tuple[int, ...]]:
        made = self._norms("attn_norm", "ffn_norm") | self._attention()
        if not self.experts:
            return made | {"ffn_gate.weight": (self.intermediate, self.hidden)} | self._mlp(False)
        wide, narrow = (self.experts, self.intermediate, self.hidden), (self.experts, self.hidden, self.intermediate)
        return made | {"ffn_gate_inp.weight": (self.experts, self.hidden), "ffn_gate_exps.weight": wide,
                       "ffn_up_exps.weight": wide, "ffn_down_exps.weight": narrow}  # fmt: skip

    def _qwen2(self) -> dict[str, tuple[int, ...]]:
        gate = {"ffn_gate.weight": (self.intermediate, self.hidden)}
        return self._norms("attn_norm", "ffn_norm") | self._attention(bias=True) | gate | self._mlp(False)

    def _qwen3(self) -> dict[str, tuple[int, ...]]:
        head = (self.hidden // self.heads,)
        return self._llama() | {"attn_q_norm.weight": head, "attn_k_norm.weight": head}

    def _phi2(self) -> dict[str, tuple[int, ...]]:
        return self._norms("attn_norm", bias=True) | self._fused(True) | self._mlp(True)

    def _phi3(self) -> dict[str, tuple[int, ...]]:
        return self._norms("attn_norm", "ffn_norm") | self._fused(False) | self._mlp(False, times=2)

    def _gpt2(self) -> dict[str, tuple[int, ...]]:
        return self._norms("attn_norm", "ffn_norm", bias=True) | self._fused(True) | self._mlp(True)

    def _bert(self) -> dict[str, tuple[int, ...]]:
        norms = self._norms("attn_output_norm", "layer_output_norm", bias=True)
        return norms | self._attention(bias=True) | {"attn_output.bias": (self.hidden,)} | self._mlp(True)


def use_more_bits(block: int, blocks: int) -> bool:
    """llama.cpp's ``use_more_bits``: the first and last eighth of the blocks, and every third between."""
    return block < blocks // 8 or block >= 7 * blocks // 8 or (block - blocks // 8) % 3 == 2


def q4_k_m(model: Model) -> dict:
    """Tensors of a llama file quantized to Q4_K_M: some values and down projections and the head in Q6_K."""
    tensors = model.tensors()
    for i in range(model.blocks):
        if use_more_bits(i, model.blocks):
            for name in (f"blk.{i}.attn_v.weight", f"blk.{i}.ffn_down.weight"):
                tensors[name] = (tensors[name][0], Q6_K)
    return tensors | {"output.weight": (tensors["output.weight"][0], Q6_K)}
