"""Is a network read from PyTorch, layer by layer, the network that the shipped workload describes?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from torch_models import Bert, Cached, Llama, MobileNetV2, alexnet, resnet18, resnet50

import accelsim as sim
from accelsim.workload.dimensions import Transformer
from accelsim.workload.transformer import decode, prefill
from accelsim.workload.unroll import unroll

IMAGE = (1, 3, 224, 224)


def plain(layer):
    """Return a layer without the formats that it states, and with its inputs in no order."""
    return replace(layer, stated=None, inputs=tuple(sorted(layer.inputs)))


@pytest.mark.parametrize(
    ("module", "name", "shape"),
    [
        (resnet18, "resnet18", IMAGE),
        (resnet50, "resnet50", IMAGE),
        (MobileNetV2, "mobilenetv2", IMAGE),
        (alexnet, "alexnet", (1, 3, 227, 227)),
    ],
)
def test_every_layer_is_that_of_the_workload_file(module, name, shape):
    with torch.device("meta"):
        network = sim.from_torch(module(), torch.empty(shape))
    written = sim.load_workload(name)
    called = {"adaptive_avg_pool2d": "avgpool"}  # MobileNetV2 calls it as a function
    layers = [
        replace(layer, name=called.get(layer.name, layer.name), inputs=tuple(called.get(n, n) for n in layer.inputs))
        for layer in map(plain, network.layers)
    ]
    assert layers == [plain(layer) for layer in written.layers]
    assert network.parameters == written.parameters
    assert network.uncounted == ()


def test_resnet50_of_the_onnx_package_has_the_same_layers_and_a_softmax():
    with torch.device("meta"):
        network = sim.from_torch(resnet50(), torch.empty(IMAGE))
    light = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"
    *others, softmax = sim.load_workload(light).layers
    assert softmax.kind == "softmax"
    places = {layer.name: number for number, layer in enumerate(network.layers)} | {"input": -1}
    onnx_places = {layer.name: number for number, layer in enumerate(others)} | {"input": -1}
    named = [replace(plain(layer), name="", inputs=()) for layer in network.layers]
    assert named == [replace(plain(layer), name="", inputs=()) for layer in others]
    reads = [sorted(places[name] for name in layer.inputs) for layer in network.layers]
    assert reads == [sorted(onnx_places[name] for name in layer.inputs) for layer in others]


def test_the_traffic_of_an_estimate_is_that_of_the_workload_file():
    results = [
        sim.estimate(network, "eyeriss-v1", "int8", mapping="heuristic")
        for network in (sim.from_torch(resnet18(), torch.empty(IMAGE)), sim.load_workload("resnet18"))
    ]
    torch_lines, file_lines = ([(one.layer.name, one.lines) for one in result.layers] for result in results)
    assert torch_lines == file_lines
    assert results[0].dram_bits == results[1].dram_bits > 0
    assert results[0].cycles == results[1].cycles


def test_batch_of_the_example_or_of_the_call():
    with torch.device("meta"):
        module = resnet18()
        one, eight = (sim.from_torch(module, torch.empty(count, 3, 224, 224)) for count in (1, 8))
    assert sim.from_torch(module, torch.empty(IMAGE), batch=8).layers == eight.layers
    assert (one.batch, eight.batch) == (1, 8)
    assert eight.macs == 8 * one.macs
    assert eight.parameters == one.parameters == 11_689_512


def products(network):
    """Return how often each matrix product occurs: shape, whether W is stored, parameters beside W."""
    found: Counter[object] = Counter()
    for layer in network.layers:
        if layer.macs:
            stored = layer.second_operand == "weights"
            found[layer.shape, stored, layer.parameters] += layer.repeat
    return found


def tensors(network):
    """Return how often each layer occurs, as its kind, its products and the words that it reads, writes and stores."""
    return Counter(
        (
            layer.kind,
            layer.shape,
            layer.input_elements,
            layer.output_elements,
            layer.gathered_elements,
            layer.weight_elements + layer.parameters,
        )
        for layer in unroll(network).layers
    )


def operations(network):
    """Return all vector operations by kind."""
    found: Counter[str] = Counter()
    for layer in network.layers:
        for operation, count in layer.vector_ops:
            found[operation] += layer.repeat * count
    return found


def test_bert_base_is_the_workload_file():
    with torch.device("meta"):
        module, ids = Bert(), torch.empty(1, 128, dtype=torch.long)
    network, written = sim.from_torch(module, (ids, ids)), sim.load_workload("bert-base")
    assert network.macs == written.macs == 11_174_215_680
    assert network.parameters == written.parameters == 109_482_240
    assert products(network) == products(written)
    ours, theirs = tensors(network), tensors(written)
    assert {key[0] for key in (ours - theirs) + (theirs - ours)} == {"elementwise"}
    assert operations(network) == operations(written)


def test_llama_is_the_transformer():
    sizes = {"hidden": 64, "heads": 8, "kv_heads": 2, "intermediate": 160, "layers": 2}
    model = Transformer(vocabulary=300, rotary=8, tied_embeddings=True, **sizes)
    network = sim.from_torch(Llama(300, *sizes.values(), tied=True), torch.zeros(3, 16, dtype=torch.long))
    written = prefill(model, batch=3, tokens=16)
    assert network.macs == written.macs
    assert network.parameters == written.parameters
    assert network.tied_parameters == written.tied_parameters == 300 * 64
    assert products(network) == products(written)
    assert tensors(network) == tensors(written)
    assert operations(network) == operations(written)


def test_a_decode_step_reads_the_cache():
    past = torch.empty(3, 4, 99, 8)
    network = sim.from_torch(Cached(32, 4), (torch.empty(3, 1, 32), (past, past)), kv_cache=["past"])
    step = decode(Transformer(hidden=32, intermediate=1, layers=1, heads=4), batch=3, context=100)
    assert (network.kv_tokens, network.kv_elements_per_token) == (100, step.kv_elements_per_token)
    for ours, theirs in (("attention.scores", "layers.scores"), ("attention.attend", "layers.attend")):
        assert network[ours].shape == step[theirs].shape
        assert network[ours].second_operand == "kv"
    assert [layer.name for layer in network.layers if layer.output_role == "kv"] == ["k_proj", "v_proj"]
