"""Does every layer read exactly what the layers before it write?"""

from __future__ import annotations

import pytest

from accelsim.workload.catalog import list_workloads, load_workload
from accelsim.workload.network import Network
from accelsim.workload.unroll import blocks, unroll

NAMES = [entry.name for entry in list_workloads()]
IMAGE = 3 * 224 * 224
INPUT = {
    "alexnet": 3 * 227 * 227,
    "autoencoder": 640,
    "bert-base": 128,
    "dlrm": 1,
    "ds-cnn": 49 * 10,
    "filter-3x3x256": 256 * 56 * 56,
    "inception-v4": 3 * 299 * 299,
    "gpt2/prefill": 1024,
    "mobilenetv1-0.25": 3 * 96 * 96,
    "resnet8": 3 * 32 * 32,
} | {name: 2048 if name.endswith("/prefill") else 1 for name in NAMES if "/" in name and name != "gpt2/prefill"}
LAST_TOKEN_ONLY = {"lm_head", "pooler", "classifier"}
EXPERTS = {"expert_up_proj", "expert_gate_proj"}
"""Of Mixtral: every token goes to two experts."""
DLRM = {"bottom.0": 13, "top.0": 128 + 27 * 26 // 2}
"""13 numbers; of the products of 27 vectors each pair once."""


def check(network: Network, batch: int) -> None:
    """Compare every layer's inputs with the outputs of its producers."""
    sizes = {"input": batch * INPUT.get(network.name, IMAGE)}
    for layer in network.layers:
        producers = layer.inputs
        if layer.second_operand != "weights":
            assert layer.kind == "matmul"
            second = producers[-1:]
            if layer.name == "interaction":  # of vectors with each other: both operands are all of them
                second = producers
            else:
                producers = producers[:-1]
            words, made = layer.shape.words("W"), sum(sizes[name] for name in second)
            assert words == made or (layer.second_operand == "kv" and words == made * network.kv_tokens)
        if layer.name in LAST_TOKEN_ONLY:
            assert batch == layer.shape.B
        elif (part := layer.name.rpartition(".")[2]) in EXPERTS:
            assert layer.input_elements == 2 * sizes[producers[0]], layer.name
        elif network.name == "dlrm" and part == "0" and layer.kind == "linear":
            assert layer.input_elements == batch * DLRM[layer.name], layer.name
        else:
            assert layer.input_elements == sum(sizes[name] for name in producers), layer.name
        sizes[layer.name] = layer.output_elements


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_is_what_was_written(name, batch):
    network = load_workload(name, batch=batch)
    check(network, batch)
    check(unroll(network), batch)


@pytest.mark.parametrize("name", NAMES)
def test_all_but_the_last_layer_are_read(name):
    network = unroll(load_workload(name))
    read = {producer for layer in network.layers for producer in layer.inputs}
    assert [layer.name for layer in network.layers if layer.name not in read] == [network.layers[-1].name]


@pytest.mark.parametrize("name", NAMES)
def test_unrolling_changes_no_total(name):
    network = load_workload(name)
    written = unroll(network)
    assert (written.macs, written.parameters) == (network.macs, network.parameters)
    assert len(written.layers) == sum(layer.repeat for layer in network.layers)
    assert {layer.repeat for layer in written.layers} == {1}


def test_a_block_reads_the_repeat_before():
    network = unroll(load_workload("llama-2-7b/decode"))
    assert network["layers.0.attention_norm"].inputs == ("embed_tokens",)
    assert network["layers.1.attention_norm"].inputs == ("layers.0.mlp_add",)
    assert network["layers.1.attention_add"].inputs == ("layers.0.mlp_add", "layers.1.o_proj")
    assert network["norm"].inputs == ("layers.31.mlp_add",)


def test_blocks_are_runs_of_one_repeat():
    sizes = [len(block) for block in blocks(load_workload("llama-2-7b/decode"))]
    assert sizes == [1, 15, 1, 1]
