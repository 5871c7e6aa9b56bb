"""How long does it take to decide what stays on chip, and how much more does the best choice save?

``python benchmarks/bench_memory.py`` prints, for shipped networks and for random ones of many layers (half of them
with a shortcut over up to 12 layers, sizes drawn between 0.01 and 0.6 of the room): the time of the greedy choice, of
the integer program with its proof, and the shares of the possible savings. Outside the times are loading model and
profile, and importing HiGHS.
"""

from __future__ import annotations

import random
import time

import accelsim as sim
from accelsim.simulation.lifetimes import bound_together
from accelsim.simulation.memory import Weights, output_bits
from accelsim.simulation.optimal_residency import optimal_plan, saved_bits, savings
from accelsim.simulation.residency import TILE_SHARE, plan
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

CASES = (("mobilenetv2", "eyeriss-v1"), ("resnet50", "edge-2w"), ("bert-base", "horowitz-45nm"))
LAYERS = (100, 300, 1000)
DEVICE = "edge-2w"


def made_up(count: int, room_bytes: float) -> Network:
    """Return a chain of layers with shortcuts, the same at every call."""
    draw = random.Random(count)
    layers: list[Layer] = []
    for number in range(count):
        inputs = [layers[-1].name if layers else "input"]
        if number > 2 and draw.random() < 0.5:
            inputs.append(layers[max(0, number - draw.randint(2, 12))].name)
        words = int(room_bytes * draw.uniform(0.01, 0.6))
        names = tuple(dict.fromkeys(inputs))
        read = sum(one.output_elements for one in layers if one.name in names) or words
        layers.append(Layer(f"n{number}", "elementwise", inputs=names, input_elements=read, output_elements=words))
    return Network(f"random-{count}", tuple(layers))


def row(network: Network, chip: sim.Chip) -> str:
    """Return one line: times and shares saved of a network in int8."""
    scheme = sim.parse_scheme("int8")
    bits = output_bits(network, scheme)
    gains = savings(network, scheme, bits)
    names = {name for group in bound_together(network) for name in group}
    possible = sum(one.bits for one in gains if one.names <= names)
    start = time.perf_counter()
    greedy = plan(network, chip, bits, 0.0)
    between = time.perf_counter()
    best = optimal_plan(network, chip, bits, Weights(0.0), gains)
    end = time.perf_counter()
    shares = (saved_bits(one, gains, Weights(0.0)) / possible for one in (greedy, best))
    return (
        f"{network.name:14} {chip.name:14} {len(network.layers):7,} {1e3 * (between - start):7.1f} ms "
        f"{1e3 * (end - between):9.1f} ms" + "".join(f"{share:9.1%}" for share in shares) + f"  {best.how}"
    )


def main() -> None:
    """Print the table."""
    sim.memory("resnet8", ["int8"], DEVICE)  # imports everything
    print(f"{'model':14} {'profile':14} {'layers':>7} {'greedy':>10} {'best':>12} {'greedy':>8} {'best':>8}")
    for model, profile in CASES:
        print(row(sim.load_workload(model), sim.load_profile(profile)))
    chip = sim.load_profile(DEVICE)
    room = chip.level("SRAM").capacity_bits
    assert room is not None
    for count in LAYERS:
        print(row(made_up(count, room / 8 * (1 - TILE_SHARE)), chip))


if __name__ == "__main__":
    main()
