"""Does the heuristic keep its promises: a well-used array, levels apart, ties by time, the best candidate?"""

from dataclasses import replace
from math import prod

import numpy as np
import pytest

from accelsim.engine.capacity import check_fit
from accelsim.engine.case import Batch, Case
from accelsim.engine.evaluate import evaluate
from accelsim.hardware.catalog import load_profile
from accelsim.mapping.counts import count_many
from accelsim.mapping.dataflows import candidates
from accelsim.mapping.growth import FanOutRoom
from accelsim.mapping.nest import Keep, Loop
from accelsim.precision import parse_format
from accelsim.scheme import parse_scheme
from accelsim.search.heuristic import _shortlist, choose, rooms_of
from accelsim.search.optimal import optimum
from accelsim.search.ranking import Ranking, winner
from accelsim.simulation.estimate import estimate, evaluate_mapping
from accelsim.workload.catalog import load_workload
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.shape import DIMS, Shape


def test_an_array_that_does_not_fit_in_full_is_used_in_large_part():
    """Words of 16 bits for all 65,536 PEs overflow a buffer of the TPU; a large part of it must still work."""
    result = estimate("resnet18", "tpu-v1", "wint16aint16", mapping="heuristic")
    for one in result.layers:
        shape = one.layer.shape
        if shape is None or one.layer.kind != "conv" or shape.K < 128 or shape.C * shape.FY * shape.FX < 256:
            continue
        assert prod(one.instances.values()) >= 256 * 256 / 4, one.layer.name


def apart(nest, first, second):
    """Loops of a nest between the nodes of two levels."""
    places = [
        next(number for number, line in enumerate(nest.lines) if isinstance(line, Keep) and line.level == level)
        for level in (first, second)
    ]
    return [line for line in nest.lines[min(places) : max(places)] if isinstance(line, Loop)]


def test_accumulators_and_buffer_may_stand_apart():
    result = estimate("alexnet", "nvdla-full", "int8", mapping="heuristic")
    assert any(apart(one.nest, "CBUF", "CACC") for one in result.layers if one.nest is not None)


def test_mappings_within_a_hundredth_count_as_equal_and_the_better_product_wins():
    first = np.array([100.0, 100.9, 101.1, 100.9])
    second = np.array([50.0, 20.0, 1.0, 30.0])
    assert winner(first, second) == 1
    assert winner(first, np.full(4, 7.0)) == 0  # all else equal, the best itself
    assert winner(np.array([100.0, 100.9]), np.array([50.0, 49.9])) == 0  # not worth it


def test_the_shortlist_has_the_best_in_each_score_and_in_the_product():
    first, second = np.arange(1000.0) + 1, np.arange(1000.0)[::-1] + 1
    product = first * second
    listed = set(_shortlist(first, second).tolist())
    assert {0, 999} <= listed
    assert int(np.argmin(product)) in listed
    assert len(listed) < 1000


def metric(result, objective):
    """What an objective asks for, by its definition."""
    return {"energy": result.energy_pj, "latency": result.cycles, "edp": result.energy_pj * result.cycles}[objective]


def ranked_exactly(chip, case, objective):
    """Exact objective of every candidate of a case."""
    fanouts = [FanOutRoom(one.name, one.size, one.dims or frozenset(DIMS)) for one in chip.fanouts]
    found = []
    for pool in candidates([case.shape], rooms_of(chip, [case]), fanouts, chip.dataflows):
        counts = count_many([case.shape], pool.case_of, pool.nest, pool.tiles)
        found.append(metric(evaluate(Batch(chip, [case], pool.case_of), pool.nest, counts), objective))
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("chip_name", "network", "layer_name", "objective"),
    [
        ("horowitz-45nm", "alexnet", "conv2", "latency"),
        ("eyeriss-v1", "resnet18", "layer2.0.conv1", "energy"),
        ("nvdla-full", "alexnet", "conv3", "latency"),
        ("horowitz-45nm", "resnet18", "fc", "energy"),
    ],
)
def test_the_chosen_mapping_is_about_the_best_of_all_candidates(chip_name, network, layer_name, objective):
    chip, scheme = load_profile(chip_name), parse_scheme("int8")
    layer = load_workload(network)[layer_name]
    case = Case(layer, scheme.resolve(layer), scheme.vector_format)
    [choice] = choose(chip, [case], chip.dataflows, objective)
    tiles = np.array([choice.tiles], dtype=np.int64)
    counts = count_many([case.shape], np.zeros(1, dtype=np.int64), choice.structure, tiles)
    batch = Batch(chip, [case], np.zeros(1, dtype=np.int64))
    chosen = metric(evaluate(batch, choice.structure, counts), objective)[0]
    assert chosen <= ranked_exactly(chip, case, objective).min() * 1.01 * (1 + 1e-9)


LAYERS = {"alexnet": ("fc6",), "resnet8": ("conv",), "resnet18": ("layer4.0.downsample.0",)}


@pytest.mark.parametrize("chip", ["horowitz-45nm", "eyeriss-v1"])
def test_each_objective_wins_its_own_game_layer_by_layer(chip):
    for network, names in LAYERS.items():
        for name in names:
            alone = Network(name, (replace(load_workload(network)[name], inputs=()),))
            by = {
                objective: estimate(alone, chip, "int8", mapping="heuristic", objective=objective)
                for objective in ("energy", "latency")
            }
            assert by["latency"].cycles <= by["energy"].cycles * 1.02, name
            assert by["energy"].energy_pj <= by["latency"].energy_pj * 1.02, name


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_tiles_leave_room_for_what_stays_on_chip(objective):
    """Beside all of I and what other layers keep, the TPU's unified buffer has room for 2 x 56 x 56 outputs."""
    chip, scheme = load_profile("tpu-v1"), parse_scheme("int8")
    layer = load_workload("resnet18")["layer1.0.conv1"]
    reserved = chip.level("unified-buffer").capacity_bits - 8 * 64 * 56 * 56 - 2 * 8 * 56 * 56
    case = Case(layer, scheme.resolve(layer), scheme.vector_format, frozenset("I"), float(reserved))
    [choice] = choose(chip, [case], chip.dataflows, objective)
    zero = np.zeros(1, dtype=np.int64)
    counts = count_many([case.shape], zero, choice.structure, np.array([choice.tiles], dtype=np.int64))
    check_fit(Batch(chip, [case], zero), choice.structure, counts)
    assert counts.boxes["unified-buffer", "O"][0] <= 56 * 56  # two tiles of O of 8 bits beside them


def test_a_search_for_time_that_proves_nothing_is_no_worse():
    """Bounds of time know no stalls between tiles, so what has the least bound may take longer than the heuristic's."""
    chip, scheme = load_profile("eyeriss-v1"), parse_scheme("wint16aint16")
    layer = Layer("fc", "linear", Shape.gemm(M=1, N=64, K=128))
    case = Case(layer, scheme.resolve(layer, accumulator=parse_format("int16")), scheme.vector_format)
    found = optimum(chip, case, "latency", effort=3000)
    [quick] = choose(chip, [case], chip.dataflows, "latency")
    assert found.certificate.value <= evaluate_mapping(layer, chip, quick.nest, scheme).cycles


@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
@pytest.mark.parametrize("profile", ["horowitz-45nm", "eyeriss-v1", "nvdla-full"])
def test_candidates_that_are_left_out_would_not_have_won(profile, objective):
    """The winner is the same whether all candidates are scored with the order of tiles, or few."""
    chip, scheme, layer = load_profile(profile), parse_scheme("int8"), load_workload("resnet18").layers
    kept = [one for one in layer if one.shape is not None][1:8:3]
    cases = [Case(one, scheme.resolve(one), scheme.vector_format) for one in kept]
    fanouts = [FanOutRoom(one.name, one.size, one.dims or frozenset(DIMS)) for one in chip.fanouts]
    pools = candidates([case.shape for case in cases], rooms_of(chip, cases), fanouts, chip.dataflows)
    ranking = Ranking(chip, cases, pools, objective)
    every = ranking.scored([np.arange(len(pool.case_of)) for pool in pools], exact=True)
    full, few = ranking.ordered(every), ranking.finest(every)
    assert len(few.case_of) < len(full.case_of) / 2
    for case in range(len(cases)):
        all_, some = (scored.take(np.flatnonzero(scored.case_of == case)) for scored in (full, few))
        best, chosen = (one.take(np.array([winner(one.first, one.second)])) for one in (all_, some))
        assert chosen.first == pytest.approx(best.first, rel=1e-12)
        assert chosen.second == pytest.approx(best.second, rel=1e-12)
