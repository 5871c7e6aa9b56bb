"""Does a fused group do the same work with less traffic, within what the chip holds, and never at a loss?"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.simulation.estimate import estimate
from accelsim.simulation.fusion.result import Fusion, Unfused
from accelsim.simulation.requested import DEFAULT
from accelsim.simulation.result import Result
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

CONVS = """
name: convs
input: {channels: 4, height: 16, width: 16}
layers:
  - {name: one, kind: conv, out: 8, kernel: 3, pad: 1, activation: relu}
  - {name: two, kind: conv, out: 4, kernel: 3, pad: 1}
"""
ATTENTION = """
name: attention
input: {channels: 16, tokens: 64}
layers:
  - {name: core, kind: attention, heads: 4, causal: true}
"""
MLP = """
name: mlp
input: {channels: 16, tokens: 64}
layers:
  - {name: up, kind: linear, out: 64, bias: false, activation: relu}
  - {name: down, kind: linear, out: 16, bias: false}
"""


def loaded(folder: Path, text: str, **options: object) -> Network:
    """The network of a workload file."""
    path = folder / "net.yaml"
    path.write_text(text)
    return load_workload(str(path), **options)  # type: ignore[arg-type]


def both(network: Network, size: str, scheme: str = "int8", objective: str = "energy") -> tuple[Result, Result]:
    """Layer by layer, and fused, with an SRAM of some size."""
    chip = load_profile("horowitz-45nm", {"levels.SRAM.capacity": size})
    return (
        estimate(network, chip, scheme, objective=objective, mapping="heuristic"),
        estimate(network, chip, scheme, objective=objective, fuse=True),
    )


def moved(result: Result, name: str, operand: str, *actions: str) -> float:
    """Bits of an operand that pass DRAM in a layer."""
    lines = result.layer(name).lines
    return sum(
        line.total_bits for line in lines
        if (line.place, line.operand) == ("DRAM", operand) and line.action in actions
    )  # fmt: skip


def test_two_convolutions_hand_on_nothing_to_dram(tmp_path):
    """2 KiB of intermediate do not fit 2 KiB beside tiles; a few rows of it do."""
    network = loaded(tmp_path, CONVS)
    alone, fused = both(network, "2KiB")
    assert "one" in alone.residency.spilled
    (record,) = fused.fusion
    assert isinstance(record, Fusion)
    assert record.layers == ("one", "two")
    assert moved(alone, "one", "O", "update") == moved(alone, "two", "I", "read") == 8 * 16 * 16 * 8
    assert moved(fused, "one", "O", "update") == moved(fused, "two", "I", "read") == 0
    assert moved(fused, "two", "O", "update") == 4 * 16 * 16 * 8
    for part in ("multiply", "add", "vector"):
        counts = [
            sum(line.count for one in result.layers for line in one.lines if line.part == part)
            for result in (alone, fused)
        ]
        assert counts[0] == pytest.approx(counts[1]), part
    assert fused.energy_pj < alone.energy_pj
    assert fused.memory.activation_bytes < alone.memory.activation_bytes
    assert (record.unfused_energy_pj, record.energy_pj) == pytest.approx((alone.energy_pj, fused.energy_pj))


def test_weights_are_fetched_once_or_for_every_tile(tmp_path):
    network = loaded(tmp_path, CONVS)
    _, fused = both(network, "2KiB")
    (record,) = fused.fusion
    assert isinstance(record, Fusion)
    for name in ("one", "two"):
        bits = network[name].weight_elements * float(fused.layer(name).formats.weight_bits)
        least = bits * (1 if record.weights == "kept" else record.tiles)
        assert moved(fused, name, "W", "read") >= least * (1 - 1e-12)
    kept = moved(fused, "one", "W", "read") + moved(fused, "one", "bias", "read")
    if record.weights == "kept":
        weights = network["one"].weight_elements * float(fused.layer("one").formats.weight_bits)
        assert kept == pytest.approx(weights + 8 * 32)


def test_rows_of_the_input_are_read_with_their_halo(tmp_path, monkeypatch):
    """By stepping through the tiles: the words of the network's input that the rows of each part touch."""
    monkeypatch.setattr("accelsim.simulation.fusion.choice.TRIED", 5)
    network = loaded(tmp_path, CONVS)
    _, fused = both(network, "2KiB")
    (record,) = fused.fusion
    assert isinstance(record, Fusion)
    computed, words = 0, 0
    for start in range(0, 16, record.rows):
        end = 16 if start + record.rows >= 16 else min(16, start + record.rows + 1)
        rows = {place for row in range(computed, end) for place in (row - 1, row, row + 1) if 0 <= place < 16}
        words += len(rows) * 16 * 4
        computed = end
    assert computed == 16
    assert moved(fused, "one", "I", "read") == words * 8


def test_attention_keeps_scores_on_chip(tmp_path):
    network = loaded(tmp_path, ATTENTION)
    alone, fused = both(network, "8KiB")
    assert {"core.scores", "core.softmax"} <= set(alone.residency.spilled)
    groups = [one for one in fused.fusion if isinstance(one, Fusion)]
    assert ("core.scores", "core.softmax", "core.attend") in [one.layers for one in groups]
    assert moved(fused, "core.softmax", "I", "read") == moved(fused, "core.softmax", "O", "update") == 0
    assert moved(fused, "core.attend", "I", "read") == 0
    assert fused.dram_bits < alone.dram_bits
    assert fused.macs == alone.macs
    for name in ("core.scores", "core.attend"):
        scaled = [line.count for line in fused.layer(name).lines if line.part == "vector"]
        assert sum(scaled) == sum(count for _, count in network[name].vector_ops)
        assert sum(line.count for line in fused.layer(name).lines if line.part == "add") == network[name].macs


def test_an_mlp_reads_its_weights_again_for_every_tile_it_takes(tmp_path):
    network = loaded(tmp_path, MLP)
    alone, fused = both(network, "3KiB")
    record = fused.fusion[0]
    assert "up" in alone.residency.spilled
    if isinstance(record, Fusion):
        assert fused.energy_pj < alone.energy_pj
        assert moved(fused, "down", "I", "read") == 0
    else:
        assert fused.energy_pj == alone.energy_pj
        assert record.reason


@pytest.mark.parametrize(
    ("size", "objective"), [("1KiB", "energy"), ("3KiB", "latency"), ("6KiB", "edp"), ("24KiB", "energy")]
)
@pytest.mark.parametrize("text", [CONVS, ATTENTION, MLP], ids=["convs", "attention", "mlp"])
def test_never_worse_and_within_the_chip(tmp_path, text, size, objective):
    network = loaded(tmp_path, text, batch=2)
    alone, fused = both(network, size, objective=objective)
    values = {
        "energy": (alone.energy_pj, fused.energy_pj),
        "latency": (alone.cycles, fused.cycles),
        "edp": (alone.edp_pj_s, fused.edp_pj_s),
    }
    before, after = values[objective]
    assert after <= before * (1 + 1e-12)
    level = fused.chip.level("SRAM")
    for one in fused.layers:
        taken = sum(bits for (name, _), bits in one.footprints.items() if name == "SRAM")
        assert taken <= level.capacity_bits
    assert fused.cycle_breakdown.keys() >= {"compute"}
    assert sum(fused.energy_breakdown_pj.values()) == pytest.approx(fused.energy_pj)


def test_a_group_that_would_cost_more_is_left_alone(tmp_path):
    """Four tokens hand on little, and every tile of them would read large weights again."""
    network = loaded(tmp_path, MLP.replace("tokens: 64", "tokens: 4").replace("out: 64", "out: 2048"))
    alone, fused = both(network, "6KiB")
    assert "up" in alone.residency.spilled
    (record,) = fused.fusion
    assert isinstance(record, Unfused)
    assert "no tile of it saves energy" in record.reason
    assert (fused.energy_pj, fused.cycles) == (alone.energy_pj, alone.cycles)


def test_nothing_to_fuse_where_everything_stays(tmp_path):
    network = loaded(tmp_path, CONVS)
    alone, fused = both(network, "256KiB")
    assert fused.fusion == ()
    assert fused.energy_pj == alone.energy_pj


def test_what_is_not_fused_says_why(tmp_path):
    """In a thousand bits not even one row of a tile fits."""
    network = loaded(tmp_path, CONVS)
    _, fused = both(network, "256B")
    (record,) = fused.fusion
    assert isinstance(record, Unfused)
    assert "no tile of it fits" in record.reason


def test_given_mappings_are_refused(tmp_path):
    network = loaded(tmp_path, CONVS)
    alone, _ = both(network, "2KiB")
    with pytest.raises(UsageError, match="takes no given mappings"):
        estimate(network, alone.chip, "int8", mapping={"one": alone.layer("one").nest}, fuse=True)
    assert estimate(network, alone.chip, "int8", mapping=DEFAULT, fuse=True).fusion


def test_a_chip_that_keeps_no_outputs_fuses_nothing_and_says_why(tmp_path: Path) -> None:
    found = estimate(loaded(tmp_path, CONVS), "nvdla-small", "int8", fuse=True)
    assert [type(one) for one in found.fusion] == [Unfused]
    assert "keeps inputs and outputs on chip" in str(found.fusion[0])
