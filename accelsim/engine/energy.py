"""What does each count cost? Energy as the dot product of counts and picojoules, term by term.

Every `Term` keeps its count, its unit cost and the cost's source, so that a result can be explained
and cited line by line. A cost that the chip does not give makes the energy unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from accelsim.engine.case import Batch, Case, Floats
from accelsim.engine.traffic import READS, Traffic
from accelsim.hardware.chip import Chip, Level
from accelsim.mapping.nest import Keep, Nest
from accelsim.provenance import Sourced
from accelsim.scheme import Conversion

PICO = 1e-12


@dataclass(frozen=True)
class Term:
    """One product of a count and a cost.

    Parameters
    ----------
    part : str
        "multiply", "add", "reduce", "convert", "memory", "link", "vector", "clock", "leakage"
        or "background".
    place, operand, action : str
        Where (a level, a fan-out, "array" ...), for what ("W", "I", "O" or "") and which way.
    count : float64 array, shape (n,)
        Operations, or words for a memory.
    bits : float64 array, shape (n,)
        Bits of one word; 1 where the cost is per operation.
    costs : tuple of Sourced or None
        The unit cost of each case of the batch, in pJ per operation or per bit; None where unknown.
    unit_pj : float64 array, shape (n,)
        The same, laid out over the mappings; NaN where unknown.
    """

    part: str
    place: str
    operand: str
    action: str
    count: Floats
    bits: Floats
    costs: tuple[Sourced | None, ...]
    unit_pj: Floats

    @property
    def energy_pj(self) -> Floats:
        """Energy in pJ, shape (n,); a count of zero costs nothing even where the cost is unknown."""
        return np.where(self.count == 0, 0.0, self.count * self.bits * self.unit_pj)


def dynamic_terms(batch: Batch, nest: Nest, moved: Traffic) -> list[Term]:
    """Return the energy terms that do not depend on time.

    Parameters
    ----------
    batch : Batch
    nest : Nest
        Structure of the mappings.
    moved : Traffic
    """
    return [
        *_arithmetic(batch, moved),
        *_conversions(batch, moved),
        *_memories(batch, moved),
        *_links(batch, nest, moved),
        *_vector(batch),
    ]


def static_terms(batch: Batch, cycles: Floats) -> list[Term]:
    """Return the energy of the time that passes: clock tree, leakage, DRAM background."""
    return [
        _uniform(batch, part, place, cycles * weight, cost) for part, place, weight, cost in static_costs(batch.chip)
    ]


def static_costs(chip: Chip) -> list[tuple[str, str, float, Sourced]]:
    """Return (part, place, units per cycle, cost) of everything that costs energy as time passes.

    A power in W is charged in units of the pJ that one watt spends in a cycle. A chip that gives only
    a measured idle power is charged that; it stands for leakage, clock and background together.
    """
    pj_per_watt_cycle = 1 / chip.clock_hz.value / PICO
    found = []
    if chip.clock_pj_per_cycle:
        found.append(("clock", "chip", 1.0, chip.clock_pj_per_cycle))
    for level in chip.levels:
        for part, power in (("leakage", level.leakage_w), ("background", level.background_w)):
            if power:
                found.append((part, level.name, chip.instances(level.name) * pj_per_watt_cycle, power))
    if chip.leakage_w:
        found.append(("leakage", "chip", pj_per_watt_cycle, chip.leakage_w))
    if not found and chip.idle_w:
        found.append(("background", "chip", pj_per_watt_cycle, chip.idle_w))
    return found


def _uniform(
    batch: Batch,
    part: str,
    place: str,
    count: Floats,
    cost: Sourced | None,
    operand: str = "",
    action: str = "",
    bits: Floats | None = None,
) -> Term:
    """A term whose unit cost is the same in every case."""
    width = np.ones_like(count) if bits is None else bits
    unit = np.full(len(count), np.nan if cost is None else cost.value)
    return Term(part, place, operand, action, count, width, (cost,) * len(batch.cases), unit)


def _by_case(
    batch: Batch,
    part: str,
    place: str,
    count: Floats,
    cost: Callable[[Case], Sourced | None],
    operand: str = "",
    action: str = "",
) -> Term:
    """A term whose unit cost depends on the formats of the case."""
    costs = tuple(cost(case) for case in batch.cases)
    unit = np.array([np.nan if one is None else one.value for one in costs])[batch.case_of]
    return Term(part, place, operand, action, count, np.ones_like(count), costs, unit)


def _arithmetic(batch: Batch, moved: Traffic) -> Iterator[Term]:
    chip = batch.chip
    slots = batch.each(lambda case: case.shape.macs * float(case.work.timed))
    macs = batch.each(lambda case: case.shape.macs * float(case.work.multiplied))

    def multiply(case: Case) -> Sourced | None:
        rate = chip.macs_per_pe_cycle(*multiplied_formats(case))
        return chip.multiply_pj(rate.weight, rate.input)

    def add(case: Case) -> Sourced | None:
        return chip.add_pj(case.formats.accumulator.name)

    yield _by_case(batch, "multiply", "array", macs, multiply)
    yield _by_case(batch, "add", "array", macs, add)
    if chip.sparsity is not None and chip.sparsity.zero_test_pj is not None:
        tested = slots * batch.each(lambda case: bool(case.layer.sparsity))
        if tested.any():
            yield _uniform(batch, "zero test", "array", tested, chip.sparsity.zero_test_pj)
    if moved.merged.any():
        yield _by_case(batch, "reduce", "array", moved.merged, add, "O")


def multiplied_formats(case: Case) -> tuple[str, str, str]:
    """Return the names of the weight, input and accumulator formats of the multiply."""
    formats = case.formats
    return formats.compute_weight.name, formats.compute_input.name, formats.accumulator.name


def conversion_counts(batch: Batch, moved: Traffic, by_case: Mapping[int, Conversion]) -> Floats:
    """Return how often conversions happen in each mapping: one conversion of a case, by its number, or none.

    Those of W and I go with the words that pass their conversion point, those of O with the finished outputs; all
    are of one operand.
    """
    per_word = np.zeros(len(batch.cases))
    for number, conversion in by_case.items():
        per_word[number] = float(conversion.count_per)
    operand = next(iter(by_case.values())).operand
    units = batch.each(lambda case: case.shape.words("O")) if operand == "O" else moved.converted[operand]
    return np.asarray(units * per_word[batch.case_of])


def conversion_pj(chip: Chip, conversion: Conversion) -> Sourced | None:
    """Return the energy of one conversion in pJ: the sum of its scalar operations, range included."""
    found = [chip.operation_pj(step.op, step.key) for step in conversion.operations]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found) or not parts:
        return None
    steps = " + ".join(
        f"{step.op} {step.key} {part.value:.3g}" for step, part in zip(conversion.operations, parts, strict=True)
    )
    keys = dict.fromkeys(key for part in parts for key in part.sources)
    return Sourced(
        sum(part.value for part in parts), next(iter(keys)), sum(part.least for part in parts),
        sum(part.most for part in parts), "derived", f"sum of {steps} pJ", tuple(keys)[1:],
    )  # fmt: skip


def _conversions(batch: Batch, moved: Traffic) -> Iterator[Term]:
    found: dict[tuple[str, str], dict[int, Conversion]] = {}
    for number, case in enumerate(batch.cases):
        for conversion in case.formats.conversions:
            found.setdefault((conversion.operand, conversion.reason), {})[number] = conversion
    for (operand, reason), by_case in found.items():
        count = conversion_counts(batch, moved, by_case)
        costs: list[Sourced | None] = [None] * len(batch.cases)
        known: dict[Conversion, Sourced | None] = {}
        for number, conversion in by_case.items():
            if conversion not in known:
                known[conversion] = conversion_pj(batch.chip, conversion)
            costs[number] = known[conversion]
        unit = np.array([np.nan if cost is None else cost.value for cost in costs])[batch.case_of]
        yield Term("convert", "converter", operand, reason, count, np.ones_like(count), tuple(costs), unit)


def _memories(batch: Batch, moved: Traffic) -> Iterator[Term]:
    levels = {level.name: level for level in batch.chip.levels}
    for flow in moved.flows:
        if flow.words.any():
            cost = access_pj(levels[flow.level], flow.action)
            yield _uniform(batch, "memory", flow.level, flow.words, cost, flow.operand, flow.action, flow.bits)


def access_pj(level: Level, action: str) -> Sourced | None:
    """Return what a level charges for a bit that leaves it ("read", "drain") or enters it, in pJ."""
    return level.read_pj_per_bit if action in READS else level.write_pj_per_bit


def _links(batch: Batch, nest: Nest, moved: Traffic) -> Iterator[Term]:
    """Words delivered across each fan-out that has a wire cost: every receiving instance counts.

    A fan-out is crossed on the way into the first level inside it that keeps the operand, or to the MACs.
    """
    chip = batch.chip
    depth = {level.name: level.depth for level in chip.levels}
    macs = batch.each(lambda case: case.shape.macs)
    for place, fanout in enumerate(chip.fanouts):
        if fanout.link_pj_per_bit is None:
            continue
        for operand in "WIO":
            kept = [line.level for line in nest.lines if isinstance(line, Keep) and operand in line.operands]
            inside = next((level for level in kept if depth[level] > place), None)
            if inside is None:
                bits = batch.each(lambda case, operand=operand: _mac_operand_bits(case, operand))  # type: ignore[misc]
                share = batch.each(lambda case, operand=operand: case.work.fed(operand, ""))  # type: ignore[misc]
                yield _uniform(batch, "link", fanout.name, macs * share, fanout.link_pj_per_bit, operand, "feed", bits)
                continue
            for flow in moved.flows:
                crosses = (
                    flow.level == inside and flow.operand == operand and flow.action in ("fill", "return", "drain")
                )
                if crosses and flow.words.any():
                    yield _uniform(
                        batch, "link", fanout.name, flow.words, fanout.link_pj_per_bit, operand, flow.action, flow.bits
                    )


def _mac_operand_bits(case: Case, operand: str) -> float:
    formats = case.formats
    chosen = {"W": formats.compute_weight, "I": formats.compute_input, "O": formats.accumulator}[operand]
    return chosen.bits


def _vector(batch: Batch) -> Iterator[Term]:
    kinds = sorted({op for case in batch.cases for op, _ in case.layer.vector_ops})
    for kind in kinds:
        count = batch.each(lambda case, kind=kind: dict(case.layer.vector_ops).get(kind, 0))  # type: ignore[misc]
        yield _by_case(
            batch, "vector", "vector unit", count,
            lambda case, kind=kind: batch.chip.operation_pj(kind, case.vector_format.name),  # type: ignore[misc]
            action=kind,
        )  # fmt: skip
