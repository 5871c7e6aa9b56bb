"""Heuristic mappings are legal, fit the chip, and honor their dataflow, on every shipped chip."""

import numpy as np
import pytest

from accelsim.engine.capacity import check_fit
from accelsim.engine.case import Batch, Case
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.counts import count_many
from accelsim.mapping.dataflows import candidates
from accelsim.mapping.growth import FanOutRoom
from accelsim.mapping.nest import Hierarchy, Keep, Loop
from accelsim.scheme import parse_scheme
from accelsim.search.heuristic import rooms_of, tiled
from accelsim.workload.catalog import load_workload
from accelsim.workload.shape import DIMS, RELEVANT

CHIPS = ("horowitz-45nm", "eyeriss-v1", "tpu-v1", "tpu-v4i", "nvdla-full", "nvdla-small")
LAYERS = (("alexnet", "conv2"), ("mobilenetv2", "features.1.0"), ("resnet18", "layer2.0.conv1"), ("resnet18", "fc"))


def problem(chip_name, network, layer_name):
    chip, scheme = load_profile(chip_name), parse_scheme("int8")
    layers = load_workload(network).layers
    layer = next((one for one in layers if one.name == layer_name), None) or next(x for x in layers if x.shape)
    case = Case(layer, scheme.resolve(layer), scheme.vector_format)
    fanouts = [FanOutRoom(one.name, one.size, one.dims or frozenset(DIMS)) for one in chip.fanouts]
    return chip, case, candidates([case.shape], rooms_of(chip, [case]), fanouts, chip.dataflows)


@pytest.mark.parametrize("chip_name", CHIPS)
@pytest.mark.parametrize(("network", "layer_name"), LAYERS)
def test_candidates_are_legal_and_fit(chip_name, network, layer_name):
    chip, case, pools = problem(chip_name, network, layer_name)
    hierarchy = Hierarchy(*chip.hierarchy)
    assert sum(len(pool.case_of) for pool in pools) > 10
    allowed = {fanout.name: fanout.dims or frozenset(DIMS) for fanout in chip.fanouts}
    for pool in pools:
        for row in range(0, len(pool.case_of), max(len(pool.case_of) // 5, 1)):
            nest = tiled(pool.nest, pool.tiles[row].tolist(), case)
            nest.check(case.shape, hierarchy)
            assert all(loop.dim in allowed[loop.fanout] for loop in nest.loops if loop.fanout)
        counts = count_many([case.shape], pool.case_of, pool.nest, pool.tiles)
        check_fit(Batch(chip, [case], pool.case_of), pool.nest, counts)


@pytest.mark.parametrize(
    ("dataflow", "operand"), [("weight-stationary", "W"), ("output-stationary", "O"), ("input-stationary", "I")]
)
def test_a_dataflow_keeps_its_operand_still(dataflow, operand):
    """Just above the registers, the loops that do not touch the stationary operand stand innermost."""
    _, _, pools = problem("horowitz-45nm", "alexnet", "conv3")
    for pool in (pool for pool in pools if pool.dataflow == dataflow):
        last = max(place for place, line in enumerate(pool.nest.lines) if isinstance(line, Keep))
        block = [line for line in pool.nest.lines[:last] if isinstance(line, Loop) and line.fanout is None][-8:]
        touching = [loop.dim in RELEVANT[operand] for loop in block]
        assert touching == sorted(touching, reverse=True)


def test_approximate_counts_rank_like_exact_ones():
    """Where there is no window the approximation is exact; with one it stays near."""
    for layer_name, slack in (("fc", 0.0), ("layer2.0.conv1", 0.15)):
        _, case, pools = problem("horowitz-45nm", "resnet18", layer_name)
        for pool in pools[:3]:
            exact = count_many([case.shape], pool.case_of, pool.nest, pool.tiles)
            near = count_many([case.shape], pool.case_of, pool.nest, pool.tiles, exact=False)
            for key, tally in exact.levels.items():
                got = np.broadcast_to(near.levels[key].reads, pool.case_of.shape)
                want = np.broadcast_to(tally.reads, pool.case_of.shape)
                assert np.median(np.abs(got - want) / np.maximum(want, 1)) <= slack, key
