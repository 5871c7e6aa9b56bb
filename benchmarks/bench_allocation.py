"""How long does an exact allocation take? 224 layers x 36 choices, against a dynamic program over the same choices.

The peer is the textbook way: layer by layer, keep the (cost, error) pairs that no other pair beats. It is exact too,
and slower as the pairs multiply; so both are run on a few layers. Costs and
errors are drawn as a model's are: bits times words times a spread, error falling by 6 dB per bit.

    python benchmarks/bench_allocation.py
"""

from __future__ import annotations

import time

import numpy as np

from accelsim.quantization.allocation.problem import Item, Option, Problem
from accelsim.quantization.allocation.solve import solve

FORMATS = (2, 3, 4, 5, 6, 8)
"""Bits of weights and of activations: 36 pairs."""

CAP = 300_000
"""Pairs beyond which the dynamic program is given up."""


def drawn(layers: int, seed: int) -> Problem:
    """Return a problem of many layers; choices by bits of weights and activations."""
    random = np.random.default_rng(seed)
    items = []
    for number in range(layers):
        macs, weights, sensitive = random.lognormal(18, 1), random.lognormal(12, 1), random.lognormal(0, 1.5)
        options = tuple(
            Option(
                f"w{w}a{a}",
                {
                    "error": float(sensitive * (4.0**-w + 0.5 * 4.0**-a) * random.uniform(0.8, 1.25)),
                    "energy_pj": float(macs * (0.01 * w * a + 0.1) + weights * w * 20.0),
                    "latency_s": float(macs * max(w, a) * 1e-12),
                },
            )
            for w in FORMATS
            for a in FORMATS
        )
        items.append(Item(f"layer{number}", options))
    return Problem(tuple(items))


def by_dynamic_program(problem: Problem, budget: float) -> float | None:
    """Return the least error within an energy budget, or None where pairs became too many."""
    front = np.zeros((1, 2))
    for item in problem.items:
        steps = np.array([[one.measures["energy_pj"], one.measures["error"]] for one in item.options])
        pairs = (front[:, None, :] + steps[None]).reshape(-1, 2)
        pairs = pairs[pairs[:, 0] <= budget]
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        front = pairs[pairs[:, 1] < np.concatenate([[np.inf], np.minimum.accumulate(pairs[:, 1])[:-1]])]
        if len(front) > CAP:
            return None
    return float(front[:, 1].min())


def main() -> None:
    """Print times of both ways."""
    for layers in (10, 40, 224):
        for seed in range(3):
            problem = drawn(layers, seed)
            dear = [len(item.options) - 1 for item in problem.items]
            budget = problem.total("energy_pj", dear) * 0.5
            started = time.perf_counter()
            found = solve(problem, "error", {"energy_pj": budget})
            took = time.perf_counter() - started
            line = f"{layers} layers x 36, seed {seed}: least error {took:.3f} s (proven: {found.proven})"
            if layers < 100:
                started = time.perf_counter()
                peer = by_dynamic_program(problem, budget)
                peer_took = time.perf_counter() - started
                same = "given up" if peer is None else f"same error: {abs(peer - found.totals['error']) < 1e-9 * peer}"
                line += f"; dynamic program {peer_took:.3f} s ({peer_took / took:.1f}x), {same}"
            print(line)
            error_budget = found.totals["error"]
            for minimize in ("energy_pj", "edp_pj_s"):
                started = time.perf_counter()
                again = solve(problem, minimize, {"error": error_budget})
                took = time.perf_counter() - started
                print(f"    {minimize} within that error: {took:.3f} s ({again.programs} programs, {again.proven})")


if __name__ == "__main__":
    main()
