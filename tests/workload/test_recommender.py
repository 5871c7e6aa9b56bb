"""Do tables, look-ups and inner products of a recommender count as they must?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload.catalog import load_workload
from accelsim.workload.interaction import dot_interaction, embedding_bag
from accelsim.workload.stream import Stream

ROWS = 39884406 + 39043 + 17289 + 7420 + 20263 + 3 + 7120 + 1543 + 63 + 38532951 + 2953546 + 403346 + 10
ROWS += 2208 + 11938 + 155 + 4 + 976 + 14 + 39979771 + 25641295 + 39664984 + 585935 + 12972 + 108 + 36
BOTTOM, TOP = (13, 512, 256, 128), (128 + 27 * 26 // 2, 1024, 1024, 512, 256, 1)


@pytest.mark.parametrize("batch", [1, 7])
def test_the_numbers_of_dlrm(batch):
    network = load_workload("dlrm", batch=batch)
    edges = [pair for sizes in (BOTTOM, TOP) for pair in pairwise(sizes)]
    products = sum(one * other for one, other in edges)
    biases = sum(other for _, other in edges)
    assert network.parameters == products + biases + 128 * ROWS
    assert network.macs == batch * (products + 27 * 27 * 128)
    assert sum(layer.gathered_elements for layer in network.layers) == batch * 26 * 128
    assert network["top.0"].shape.C == 479
    assert set(network["top.0"].inputs) == {"bottom.2", "interaction"}


@given(rows=st.integers(1, 10**9), width=st.integers(1, 512), lookups=st.integers(1, 100), batch=st.integers(1, 99))
def test_a_bag_gathers_its_rows_and_adds_them(rows, width, lookups, batch):
    (layer,) = embedding_bag("t", rows, width, lookups, batch).layers
    assert (layer.parameters, layer.gathered_elements) == (rows * width, batch * lookups * width)
    assert (layer.input_elements, layer.output_elements) == (batch * lookups, batch * width)
    assert dict(layer.vector_ops).get("add", 0) == (batch * lookups * width if lookups > 1 else 0)


@given(count=st.integers(2, 40), width=st.integers(1, 64), batch=st.integers(1, 9))
def test_every_two_vectors_meet_once(count, width, batch):
    vectors = [Stream((f"v{number}",), width, batch=batch) for number in range(count)]
    built = dot_interaction("x", vectors)
    assert built.output.channels == width + sum(1 for one in range(count) for _ in range(one))
    assert built.layers[0].macs == batch * count * count * width
    assert built.layers[0].shape.words("I") == sum(vector.elements for vector in vectors)


def test_unequal_vectors_do_not_meet():
    with pytest.raises(InputError, match="input: must be vectors of equal width"):
        dot_interaction("x", [Stream(("a",), 4), Stream(("b",), 5)])
    with pytest.raises(InputError, match="input: must name at least 2 vectors"):
        dot_interaction("x", [Stream(("a",), 4)])
    with pytest.raises(InputError, match="input: must be 2 indices per sample"):
        embedding_bag("t", 9, 4, 2, source=Stream(("a",), 3))
