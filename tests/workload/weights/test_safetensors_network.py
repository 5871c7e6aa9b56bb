"""Do safetensors give the network of their config.json, with the formats and the bytes of their tensors?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors_files import FAMILIES, LLAMA, L, V, bytes_of, write, zeros

import accelsim as sim
from accelsim.errors import InputError, UnsupportedError
from accelsim.workload.importers import huggingface
from accelsim.workload.importers.safetensors import joined

Tensors = dict[str, torch.Tensor]


def unformatted(network: sim.Network) -> tuple:
    return tuple(replace(layer, stated=None) for layer in network.layers)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("parts", [1, 3])
def test_layers_are_those_of_the_config_and_bytes_those_of_the_file(family: str, parts: int, tmp_path: Path) -> None:
    config, shapes = FAMILIES[family]
    tensors = zeros(shapes)
    masks = {name: tensor for name, tensor in tensors.items() if name.endswith(".attn.bias")}
    folder = write(tmp_path / family, config, tensors, parts)
    phase = "encode" if family in ("bert", "vit") else "decode"
    found = joined(folder, phase, 2, {})
    plain = huggingface.load(folder / "config.json", phase, 2, {})
    assert unformatted(found.network) == unformatted(plain)
    assert {tensor.name for tensor in found.beside} == set(masks)
    assert found.network.uncounted == ()
    assert found.bytes == found.told_bytes == bytes_of(tensors) - bytes_of(masks)
    for path in (folder, folder / ("model.safetensors" if parts == 1 else "model.safetensors.index.json")):
        network = sim.load_workload(f"{path}/{phase}", batch=2)
        assert sim.estimate(network, "horowitz-45nm", "from-model").memory.weight_bytes == found.bytes


def int32(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.int32)


def fp32(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.float32)


def u8(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.uint8)


def gptq(out: int, into: int) -> Tensors:
    return {"qweight": int32(into // 8, out), "qzeros": int32(into // 128, out // 8),
            "scales": torch.zeros(into // 128, out, dtype=torch.float16), "g_idx": int32(into)}  # fmt: skip


def gptq_3_bits(out: int, into: int) -> Tensors:
    return {"qweight": int32(into * 3 // 32, out), "qzeros": int32(into // 128, out * 3 // 32),
            "scales": torch.zeros(into // 128, out, dtype=torch.float16), "g_idx": int32(into)}  # fmt: skip


def awq(out: int, into: int) -> Tensors:
    return {"qweight": int32(into, out // 8), "qzeros": int32(into // 64, out // 8),
            "scales": torch.zeros(into // 64, out, dtype=torch.float16)}  # fmt: skip


def packed(out: int, into: int) -> Tensors:
    return {"weight_packed": int32(out, into // 8), "weight_scale": torch.zeros(out, into // 128, dtype=torch.bfloat16),
            "weight_shape": torch.zeros(2, dtype=torch.int64)}  # fmt: skip


def packed_with_zeros(out: int, into: int) -> Tensors:
    return packed(out, into) | {"weight_zero_point": int32(out // 8, into // 128)}


def mxfp8(out: int, into: int) -> Tensors:
    return {"weight": torch.zeros(out, into, dtype=torch.float8_e4m3fn), "weight_scale": u8(out, into // 32)}


def fp4(out: int, into: int) -> Tensors:
    made = nf4(out, into)
    made["weight.quant_state.bitsandbytes__fp4"] = made.pop("weight.quant_state.bitsandbytes__nf4")
    return made


def int8_channel(out: int, into: int) -> Tensors:
    return {
        "weight": torch.zeros(out, into, dtype=torch.int8),
        "weight_scale": torch.zeros(out, 1, dtype=torch.bfloat16),
    }


def fp8_tensor(out: int, into: int) -> Tensors:
    return {
        "weight": torch.zeros(out, into, dtype=torch.float8_e4m3fn),
        "weight_scale": fp32(1),
        "input_scale": fp32(1),
    }


def fp8_tiles(out: int, into: int) -> Tensors:
    return {
        "weight": torch.zeros(out, into, dtype=torch.float8_e4m3fn),
        "weight_scale_inv": fp32(out // 128, into // 128),
    }


def nvfp4(out: int, into: int) -> Tensors:
    scale = torch.zeros(out, into // 16, dtype=torch.float8_e4m3fn)
    return {"weight_packed": u8(out, into // 2), "weight_scale": scale, "weight_global_scale": fp32(1)}


def nf4(out: int, into: int) -> Tensors:
    return {"weight": u8(out * into // 2, 1), "weight.absmax": fp32(out * into // 64), "weight.quant_map": fp32(16),
            "weight.quant_state.bitsandbytes__nf4": u8(80)}  # fmt: skip


def nf4_double(out: int, into: int) -> Tensors:
    more = {"weight.nested_absmax": fp32(out * into // 64 // 256), "weight.nested_quant_map": fp32(256)}
    return nf4(out, into) | {"weight.absmax": u8(out * into // 64)} | more


def llm_int8(out: int, into: int) -> Tensors:
    return {"weight": torch.zeros(out, into, dtype=torch.int8), "SCB": fp32(out)}


PACKED: dict[Callable[[int, int], Tensors], tuple[str, Callable[[int, int], int]]] = {
    gptq: ("uint4g128zuint4", lambda out, into: 4 * into),
    gptq_3_bits: ("uint3g128zuint3", lambda out, into: 4 * into),
    awq: ("uint4g64zuint4", lambda out, into: 0),
    packed: ("int4g128sbf16", lambda out, into: 16),
    packed_with_zeros: ("uint4g128sbf16zuint4", lambda out, into: 16),
    mxfp8: ("mxfp8e4m3", lambda out, into: 0),
    fp4: ("fp4e2m1g64sfp32", lambda out, into: 4 * 16 + 80),
    int8_channel: ("int8gcsbf16", lambda out, into: 0),
    fp8_tensor: ("fp8e4m3gtsfp32", lambda out, into: 4),
    fp8_tiles: ("fp8e4m3_128x128", lambda out, into: 0),
    nvfp4: ("nvfp4", lambda out, into: 4),
    nf4: ("nf4", lambda out, into: 4 * 16 + 80),
    nf4_double: ("nf4_dq", lambda out, into: 4 * 16 + 80 + 4 * 256),
    llm_int8: ("int8gcsfp32", lambda out, into: 0),
}
"""By quantizer: the format that its tensors are, and the bytes per module that no format counts."""


@pytest.mark.parametrize("pack", PACKED, ids=lambda pack: pack.__name__)
def test_packed_weights_are_the_formats_that_they_are(pack: Callable[[int, int], Tensors], tmp_path: Path) -> None:
    shapes = FAMILIES["llama"][1]
    tensors = zeros(shapes)
    beside = 0
    for name, shape in shapes.items():
        if "_proj" in name:
            del tensors[name]
            stem = name.removesuffix(".weight")
            tensors |= {f"{stem}.{suffix}": tensor for suffix, tensor in pack(*shape).items()}
            beside += PACKED[pack][1](*shape)
    found = joined(write(tmp_path / "model", LLAMA, tensors), "decode", None, {})
    stated = {layer.stated.weights for layer in found.network.layers if "_proj" in layer.name}
    assert stated == {PACKED[pack][0]}
    assert found.network["lm_head"].stated.weights == "bf16"
    assert found.bytes == bytes_of(tensors)
    assert found.bytes - found.told_bytes == beside
    assert sim.estimate(found.network, "horowitz-45nm", "from-model").memory.weight_bytes == found.told_bytes


def test_blocks_that_are_stored_otherwise_stand_apart(tmp_path: Path) -> None:
    tensors = zeros(FAMILIES["llama"][1])
    for name in [name for name in tensors if name.startswith("model.layers.1.")]:
        tensors[name] = tensors[name].to(torch.float32)
    found = joined(write(tmp_path / "model", LLAMA, tensors), "decode", None, {})
    assert [found.network[f"layers_{i}.q_proj"].stated.weights for i in range(L)] == ["bf16", "fp32"]
    assert found.bytes == found.told_bytes == bytes_of(tensors)


def test_a_head_that_shares_the_embedding_is_stored_once(tmp_path: Path) -> None:
    tensors = zeros(FAMILIES["llama"][1])
    tied = LLAMA | {"tie_word_embeddings": True}
    both = joined(write(tmp_path / "both", tied, tensors), "decode", None, {})
    assert [tensor.name for tensor in both.beside] == ["lm_head.weight"]
    assert both.network.uncounted == (f"tensor lm_head.weight ({2 * V * 256} bytes)",)
    del tensors["lm_head.weight"]
    once = joined(write(tmp_path / "once", tied, tensors), "decode", None, {})
    assert both.bytes == once.bytes == once.told_bytes == bytes_of(tensors)
    assert sim.estimate(once.network, "horowitz-45nm", "from-model").memory.weight_bytes == once.bytes


def test_what_config_and_tensors_disagree_on_is_named(tmp_path: Path) -> None:
    tensors = zeros(FAMILIES["llama"][1])
    wrong = write(tmp_path / "wrong", LLAMA | {"intermediate_size": 1024}, tensors)
    with pytest.raises(InputError, match=r"gate_proj.weight: must hold 262144 elements; its shape is 512 x 256"):
        sim.load_workload(f"{wrong}/decode")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    part = write(tmp_path / "part", LLAMA, tensors)
    with pytest.raises(InputError, match=r"layers.up_proj must have its tensors, model.layers.1.mlp.up_proj"):
        sim.load_workload(f"{part}/decode")
    tensors["model.layers.1.mlp.up_proj.lut"] = u8(16)
    strange = write(tmp_path / "strange", LLAMA, tensors)
    with pytest.raises((InputError, UnsupportedError), match=r"up_proj.lut"):
        sim.load_workload(f"{strange}/decode")


def test_tensors_alone_are_no_graph(tmp_path: Path) -> None:
    folder = write(tmp_path / "alone", None, zeros(FAMILIES["llama"][1]))
    for path in (folder, folder / "model.safetensors"):
        with pytest.raises(InputError, match=r"has tensors but no graph: put the model's config.json into its folder"):
            sim.load_workload(f"{path}/decode")
    assert len(sim.list_tensors(folder)) == len(FAMILIES["llama"][1])
