"""Which mapping of a tiny layer is really the best? All of them costed by the engine, and the search confronted.

Nothing here knows how the search works: `space` writes the declared space down, `executed` has the
interpreter execute all of it, and the engine turns what moves into energy and time. The order in which tiles move
(`ordered`) is found for those mappings alone that may be the best: the time of the others is at least that of sums.

A longer hunt for counterexamples than a test may be, on seeds of your own::

    PYTHONPATH=tests/search python tests/search/exhaustive.py FIRST_SEED SEEDS [MOST_MAPPINGS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from random import Random

import numpy as np
from executed import Executed, Group, execute, size
from ordered import Steps
from pins import obeys, random_pins
from space import Mapping
from tiny import random_case

from accelsim.engine.capacity import footprint_bits
from accelsim.engine.case import Batch, Case, home
from accelsim.engine.evaluate import evaluate
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.counts import Counts
from accelsim.mapping.nest import Hierarchy, Keep, Nest
from accelsim.search.certificate import Certificate
from accelsim.search.optimal import EFFORT, Optimum, optimum
from accelsim.workload.shape import OPERANDS

SAME = 1e-9
"""Relative difference up to which two costs are equal."""

FREE = Constraints()
OBJECTIVES = ("energy", "latency", "edp")
EVERY_MOVE = frozenset({"read", "fill", "return", "update", "drain"})


@dataclass(frozen=True)
class Costs:
    """The cost of every mapping of a case, an entry a mapping.

    Parameters
    ----------
    chip, case, executed : Chip, Case, Executed
    group_of, row_of : int arrays, shape (n,)
        Where a mapping stands in ``executed``.
    energy : float array, shape (n,)
        In pJ; bits through DRAM where the chip has no costs.
    cycles : float array, shape (n,)
    fits : bool array, shape (n,)
    timed : bool array, shape (n,)
        Whether energy and cycles are known (`time`); until then they are what the sums alone allow, so not above.
    """

    chip: Chip
    case: Case
    executed: Executed
    group_of: np.ndarray
    row_of: np.ndarray
    energy: np.ndarray
    cycles: np.ndarray
    fits: np.ndarray
    timed: np.ndarray

    def time(self, numbers: Sequence[int]) -> None:
        """Time mappings as the engine does, in the order in which the interpreter moves their tiles."""
        batch = Batch(self.chip, [self.case], np.zeros(1, dtype=np.int64))
        for number in numbers:
            if not self.timed[number]:
                group, row = self.executed.groups[self.group_of[number]], int(self.row_of[number])
                nest = self.executed.mapping(group, row).nest(self.chip)
                steps = Steps(self.case.shape, nest)
                counts = replace(group.of(row), closing=steps.closing(), order=steps.order())
                energy, cycles = _priced(batch, nest, counts)
                assert cycles[0] >= self.cycles[number] * (1 - SAME)
                assert energy[0] >= self.energy[number] * (1 - SAME)
                self.energy[number], self.cycles[number], self.timed[number] = energy[0], cycles[0], True

    def mapping(self, number: int) -> Mapping:
        """Return one mapping."""
        return self.executed.mapping(self.executed.groups[self.group_of[number]], int(self.row_of[number]))

    def find(self, mapping: Mapping) -> int | None:
        """Return the number of a mapping; None if the declared space does not have it."""
        if mapping.loops not in self.executed.orders:
            return None
        loops = self.executed.orders.index(mapping.loops)
        own = self.executed.chains[loops]
        if any(chain not in chains for chain, chains in zip(mapping.chains, own, strict=True)):
            return None
        places = [chains.index(chain) for chain, chains in zip(mapping.chains, own, strict=True)]
        offset = 0
        for group in self.executed.groups:
            same = (group.loops_of == loops) & (group.chain_of == np.array(places)[:, None]).all(axis=0)
            if same.any():
                return offset + int(np.flatnonzero(same)[0])
            offset += len(group.loops_of)
        return None

    def ranked(self, objective: str) -> np.ndarray:
        """Return the metrics by which an objective ranks mappings, most important first, shape (metrics, n)."""
        edp = self.energy * self.cycles
        return np.array(
            {
                "energy": (self.energy, self.cycles),
                "latency": (self.cycles, self.energy),
                "edp": (edp, self.energy, self.cycles),
            }[objective]
        )

    def best(
        self, objective: str, allowed: np.ndarray | None = None, *, ties: bool = False
    ) -> tuple[int, list[float]] | None:
        """Return the best mapping that fits and its metrics; None if nothing fits.

        Parameters
        ----------
        objective : {"energy", "latency", "edp"}
        allowed : bool array, shape (n,), optional
            The mappings to choose from.
        ties : bool
            Whether ties are broken, for which all of the best are timed; else the first metric alone is the least.
        """
        left = np.flatnonzero(self.fits if allowed is None else self.fits & allowed)
        if not left.size:
            return None
        while True:  # mappings whose time is not known yet may only be worse
            first = self.ranked(objective)[0][left]
            leading = left[first <= first.min() * (1 + SAME)]
            known = self.timed[leading]
            if known.all() or (known.any() and not ties):
                break
            self.time(leading[~known] if ties else leading[:1])
        left, least = left[self.timed[left]], []
        for metric in self.ranked(objective):
            least.append(float(metric[left].min()))
            left = left[metric[left] <= least[-1] * (1 + SAME)]
        return int(left[0]), least


def costs(chip: Chip, case: Case, executed: Executed) -> Costs:
    """Return the cost of every mapping."""
    columns = [_cost(chip, case, group) for group in executed.groups]
    energy, cycles, fits = (np.concatenate(column) for column in zip(*columns, strict=True))
    sizes = [len(group.loops_of) for group in executed.groups]
    rows = np.concatenate([np.arange(count) for count in sizes])
    timed = np.zeros(len(rows), dtype=bool)
    return Costs(chip, case, executed, np.repeat(np.arange(len(sizes)), sizes), rows, energy, cycles, fits, timed)


def _cost(chip: Chip, case: Case, group: Group) -> tuple[np.ndarray, ...]:
    batch = Batch(chip, [case], np.zeros(len(group.loops_of), dtype=np.int64))
    return *_priced(batch, group.nest, group.counts), _fits(batch, group)


def _priced(batch: Batch, nest: Nest, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Energy and cycles; counts that do not tell of the order of tiles are timed by their sums."""
    result = evaluate(batch, nest, counts)
    energy = result.energy_pj
    if not batch.chip.has_costs:
        assert np.isnan(energy).all()
        energy = result.moved.bits(batch.chip.outermost.name, EVERY_MOVE)
    return energy, result.cycles


def _fits(batch: Batch, group: Group) -> np.ndarray:
    """Whether the boxes of every level, and what stays in it for other layers, fit it."""
    chip, kept = batch.chip, home(batch.chip)
    good = np.ones(len(batch.case_of), dtype=bool)
    for level in chip.levels[:-1]:
        held = [operand for operand in OPERANDS if (level.name, operand) in group.counts.boxes]
        used = sum((footprint_bits(batch, group.nest, group.counts, level, operand) for operand in held), np.zeros(1))
        if kept is not None and kept.name == level.name:
            used = used + batch.cases[0].reserved_bits
        if level.capacity_bits is not None:
            good &= used <= level.capacity_bits
    return good


# The search, confronted


@dataclass(frozen=True)
class Problem:
    """A chip, a case and the cost of every mapping."""

    chip: Chip
    case: Case
    costs: Costs

    @classmethod
    def of(cls, seed: int, most: int, executions: int, *, provable: bool = False) -> Problem:
        """Return the problem of a seed, no larger than asked for; ``provable`` ones are what the search can prove."""
        chip, case = random_case(
            Random(seed), lambda chip, shape: size(chip, shape, most, executions), provable=provable
        )
        return cls(chip, case, costs(chip, case, execute(chip, case.shape)))


def faults(
    problem: Problem, objective: str, found: Optimum, pins: Constraints = FREE, *, ties: bool = False
) -> Iterator[str]:
    """Yield everything that is claimed of what the search found, and wrong.

    Parameters
    ----------
    problem : Problem
    objective : {"energy", "latency", "edp"}
    found : Optimum
    pins : Constraints
        What the search was told to keep.
    ties : bool
        Whether the search came to its end, so that of equal mappings it must have found the better one.
    """
    chip, case, known = problem.chip, problem.case, problem.costs
    certificate = found.certificate
    found.nest.check(case.shape, Hierarchy(*chip.hierarchy))
    mapping = Mapping.of(case.shape, found.nest)
    number = known.find(mapping)
    if number is None:
        yield "the mapping is not in the declared space"
        return
    if not known.fits[number]:
        yield "the mapping does not fit"
    if not obeys(chip, case.shape, mapping, pins, surely=False):
        yield f"the mapping does not keep the constraints: {show(chip, mapping)}"
    known.time([number])
    own = known.ranked(objective)[:, number].tolist()
    if abs(own[0] - certificate.value) > SAME * abs(own[0]):
        yield f"the certificate says {certificate.value!r}, the interpreter {own[0]!r}"
    if certificate.bound > certificate.value:
        yield f"the bound {certificate.bound!r} is above the value {certificate.value!r}"
    if certificate.objective != objective or certificate.evaluated < 1 or certificate.space < 1:
        yield f"the certificate does not make sense: {certificate}"
    best = known.best(objective, _keeping(problem, objective, own[0], pins), ties=ties)
    if best is not None:
        yield from _beaten(chip, certificate, own, best[1], ties, (mapping, known.mapping(best[0])))


def _beaten(
    chip: Chip, certificate: Certificate, own: list[float], least: list[float], ties: bool, both: tuple[Mapping, ...]
) -> Iterator[str]:
    """Yield what the best mapping there is disproves; ``both`` are the one that was found and the best."""
    shown = "\nbetter:\n".join(show(chip, mapping) for mapping in both)
    if certificate.bound > least[0] * (1 + SAME):
        yield f"the bound is {certificate.bound!r}, there is {least[0]!r}\n{shown}"
    claims = [("objective", own[0], least[0])] if certificate.proven else []
    if ties and own[0] <= least[0] * (1 + SAME):
        claims += zip(("first tie-breaker", "second"), own[1:], least[1:], strict=False)
    for metric, mine, better in claims:
        if mine > better * (1 + SAME):
            yield f"{metric}: found {mine!r}, there is {better!r}\n{shown}"
        if abs(mine - better) > SAME * abs(better):
            return


def finished(found: Optimum, effort: int) -> bool:
    """Whether a search surely ended before it had spent its effort, of which no pass gets less than a third."""
    return found.certificate.candidates < effort // 3


def _keeping(problem: Problem, objective: str, value: float, pins: Constraints) -> np.ndarray:
    """The mappings that are no worse than a value, fit and keep the constraints."""
    known = problem.costs
    allowed = known.fits & (known.ranked(objective)[0] <= value * (1 + SAME))
    if pins != FREE:
        for number in np.flatnonzero(allowed):
            allowed[number] = obeys(problem.chip, problem.case.shape, known.mapping(number), pins)
    return allowed


def show(chip: Chip, mapping: Mapping) -> str:
    """Return a mapping in one line."""
    lines = mapping.nest(chip).lines
    return " ".join(
        f"[{line.level}.{line.operands}]" if isinstance(line, Keep)
        else f"{line.dim}:{line.tile}" + (f"@{line.fanout}" if line.fanout else "")
        for line in lines
    )  # fmt: skip


def describe(problem: Problem) -> str:
    """Return the chip and the case of a problem, all that matters, in a few lines."""
    chip, case = problem.chip, problem.case
    lines = [f"fan-out {one.name}: {one.size}, dims {sorted(one.dims) if one.dims else 'any'}" for one in chip.fanouts]
    lines += [
        f"{one.name}: depth {one.depth}, holds {one.holds}, {one.capacity_bits} bits, {one.buffering}, "
        f"read {one.read_bits_per_cycle} write {one.write_bits_per_cycle}{' shared' * one.shared_port}, "
        f"pJ {one.read_pj_per_bit.value:.4g} {one.write_pj_per_bit.value:.4g}"
        for one in chip.levels
    ]
    extents = {dim: extent for dim, extent in case.shape.extents.items() if extent > 1}
    lines.append(f"{extents}, {case.shape.y}, {case.shape.x}, {chip.timing}")
    lines.append(f"{case.formats.weight.name}/{case.formats.input.name}, resident {''.join(case.resident)}")
    return "\n".join(lines)


def main(first: int, seeds: int, most: int = 400_000, executions: int = 3000) -> None:
    """Confront the search on many seeds, and print every counterexample."""
    cases = mappings = wrong = 0
    for seed in range(first, first + seeds):
        problem = Problem.of(seed, most, executions)
        mappings += len(problem.costs.fits)
        for objective, pins in product(OBJECTIVES, (FREE, pinned(problem, Random(seed)))):
            cases += 1
            for fault in _attempt(problem, objective, pins):
                wrong += 1
                said = {field.name: getattr(pins, field.name) for field in fields(pins) if getattr(pins, field.name)}
                print(f"seed {seed}, {objective} {said or ''}: {fault}\n{describe(problem)}\n", flush=True)
    print(f"{cases} searches over {mappings} mappings of {seeds} cases, {wrong} faults")


def _attempt(problem: Problem, objective: str, pins: Constraints) -> list[str]:
    try:
        found = optimum(problem.chip, problem.case, objective, pins)
        return list(faults(problem, objective, found, pins, ties=finished(found, EFFORT)))
    except Exception as error:  # a hunt goes on
        return [f"{type(error).__name__}: {error}"]


def pinned(problem: Problem, rng: Random) -> Constraints:
    """Return random constraints that some mapping keeps that fits."""
    number = int(rng.choice(np.flatnonzero(problem.costs.fits)))
    return random_pins(rng, problem.chip, problem.case.shape, problem.costs.mapping(number))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
