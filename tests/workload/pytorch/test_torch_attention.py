"""Is attention counted in whatever way a module spells it? A fused operator that is dropped would be a silent loss."""

from __future__ import annotations

import warnings
from fractions import Fraction

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch_models import Llama

import accelsim as sim

BATCH, HEADS, KV_HEADS, TOKENS, SIZE = 2, 8, 2, 12, 16
PAIRS = BATCH * HEADS * TOKENS * TOKENS


class Attend(nn.Module):
    """One fused call with the options given."""

    def __init__(self, **options):
        super().__init__()
        self.options = options

    def forward(self, query, key, value):
        return functional.scaled_dot_product_attention(query, key, value, **self.options)


def tensors(heads, keys=TOKENS):
    with torch.device("meta"):
        return (torch.empty(BATCH, HEADS, TOKENS, SIZE), *(torch.empty(BATCH, heads, keys, SIZE) for _ in range(2)))


def test_a_fused_call_is_two_products_and_a_softmax():
    scores, softmax, attend = sim.from_torch(Attend(), tensors(HEADS)).layers
    assert [layer.kind for layer in (scores, softmax, attend)] == ["matmul", "softmax", "matmul"]
    assert scores.macs == attend.macs == PAIRS * SIZE
    assert dict(softmax.vector_ops)["exp"] == dict(scores.vector_ops)["multiply"] == PAIRS
    assert (scores.second_operand, attend.second_operand) == ("activation", "activation")
    assert (softmax.inputs, attend.inputs[0]) == (("attention.scores",), "attention.softmax")


def test_grouped_queries_read_their_keys_once():
    scores, _, attend = sim.from_torch(Attend(enable_gqa=True), tensors(KV_HEADS)).layers
    assert scores.macs == attend.macs == PAIRS * SIZE
    assert scores.shape.words("W") == attend.shape.words("W") == BATCH * KV_HEADS * TOKENS * SIZE


@pytest.mark.parametrize(
    ("keys", "seen"), [(TOKENS, 78), (5, 1 + 2 + 3 + 4 + 8 * 5), (20, 78)], ids=["square", "fewer keys", "more keys"]
)
def test_a_causal_call_counts_the_pairs_that_torch_lets_see_each_other(keys, seen):
    visible = torch.ones(TOKENS, keys).tril().sum()
    assert seen == int(visible)
    scores, softmax, attend = sim.from_torch(Attend(is_causal=True), tensors(HEADS, keys)).layers
    assert scores.macs == attend.macs == BATCH * HEADS * seen * SIZE
    assert scores.shape.density == Fraction(seen, TOKENS * keys)
    assert dict(softmax.vector_ops)["exp"] == BATCH * HEADS * seen


def network(style):
    with torch.device("meta"):
        return sim.from_torch(Llama(30, 64, 8, 2, 96, 1, style=style), torch.empty(2, 12, dtype=torch.long))


def test_repeated_keys_are_grouped_queries():
    assert network("expand").layers == network("gqa").layers


def test_attention_in_pieces_costs_the_same_whatever_repeats_the_keys():
    pieces, interleaved, fused = network("matmul"), network("interleave"), network("gqa")
    assert [layer.shape for layer in interleaved.layers] == [layer.shape for layer in pieces.layers]
    square = [layer.shape.words("W") for layer in fused.layers if layer.kind == "matmul"]
    assert (
        [layer.shape.words("W") for layer in pieces.layers if layer.kind == "matmul"] == square == [2 * 2 * 12 * 8] * 2
    )
    assert "layers.0.softmax" in {layer.name for layer in pieces.layers} & {layer.name for layer in fused.layers}


def test_multihead_attention_is_named_after_its_weights():
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        for parameter in layer.parameters():
            parameter.requires_grad_(False)
        whole = sim.from_torch(layer, torch.empty(2, 5, 64), strict=True)
    assert [layer.name for layer in whole.layers] == [
        "self_attn.in_proj", "self_attn.scores", "self_attn.softmax", "self_attn.attend", "self_attn.out_proj", "add",
        "norm1", "linear1", "linear2", "add#2", "norm2",
    ]  # fmt: skip
    assert whole["add"].inputs == ("input", "self_attn.out_proj")


def test_a_program_that_torch_took_to_pieces_has_the_same_products():
    with torch.device("meta"):
        module, example = Llama(30, 64, 8, 8, 96, 1, style="matmul"), torch.empty(2, 12, dtype=torch.long)
        encoder, tokens = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), torch.empty(2, 5, 64)
    for whole, inputs in ((module, example), (encoder, tokens)):
        program = torch.export.export(whole.eval(), (inputs,), strict=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own calls
            core = sim.from_torch(program.run_decompositions(), strict=True)
        assert core.macs == sim.from_torch(program).macs == sim.from_torch(whole, inputs).macs
        assert core.parameters == sim.from_torch(program).parameters
