"""What do the layers with multiply-accumulates cost? Equal ones are mapped and costed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from accelsim.engine.capacity import check_fit, footprint_bits
from accelsim.engine.case import Batch, Case
from accelsim.engine.energy import multiplied_formats
from accelsim.engine.evaluate import Evaluation, evaluate
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.counts import count_many
from accelsim.mapping.nest import Nest
from accelsim.mapping.row_stationary import ROWS
from accelsim.mapping.tally import LevelCounts
from accelsim.search import store
from accelsim.search.certificate import Certificate
from accelsim.search.heuristic import Choice, Objective, choose, choose_rows
from accelsim.simulation.line import Line
from accelsim.simulation.requested import CONSTRAINED, GIVEN, OPTIMAL, SEARCHED, Request
from accelsim.simulation.result import LayerResult


def chosen_mappings(chip: Chip, cases: Mapping[str, Case], wanted: Request, objective: Objective) -> dict[str, Choice]:
    """Return the mapping of every case by layer name; equal ones under equal constraints are searched once.

    Raises
    ------
    InfeasibleError
        Nothing fits.
    """
    choices = {name: Choice.of(GIVEN, nest) for name, nest in wanted.nests.items()}
    pinned = {name: constraints.identity for name, constraints in wanted.constraints.items()}
    free = [name for name in cases if name not in choices and name not in pinned]
    groups = [(Constraints(), free, OPTIMAL)]
    for identity in dict.fromkeys(pinned.values()):
        names = [name for name in cases if pinned.get(name) == identity]
        groups.append((wanted.constraints[names[0]], names, CONSTRAINED))
    for constraints, names, origin in groups:
        distinct = {cases[name].identity: cases[name] for name in names}
        if not distinct:
            continue
        if wanted.name == ROWS and origin == OPTIMAL:
            found = choose_rows(chip, list(distinct.values()), objective)
        elif wanted.dataflows and origin == OPTIMAL:
            found = choose(chip, list(distinct.values()), wanted.dataflows, objective)
        else:
            optima = store.found(chip, list(distinct.values()), objective, constraints)
            found = [
                Choice.of(origin if one.certificate.proven else SEARCHED, one.nest, one.certificate) for one in optima
            ]
        by_identity = dict(zip(distinct, found, strict=True))
        choices |= {name: by_identity[cases[name].identity] for name in names}
    return choices


def mac_layers(chip: Chip, cases: Mapping[str, Case], choices: Mapping[str, Choice]) -> dict[str, LayerResult]:
    """Return the result of every case by layer name.

    Cases whose mappings have the same structure are evaluated together, equal ones once.
    """
    keys = {
        name: (chip.digest, case.identity, choices[name].nest, choices[name].dataflow, choices[name].certificate)
        for name, case in cases.items()
    }
    groups: dict[Nest, dict[_Key, tuple[Case, Choice]]] = {}
    for name, key in keys.items():
        if key not in _costed:
            groups.setdefault(choices[name].structure, {}).setdefault(key, (cases[name], choices[name]))
    for group in groups.values():
        found = list(group.values())
        evaluation = _evaluate(chip, found)
        _costed.update((key, _layer_result(chip, evaluation, row, found[row])) for row, key in enumerate(group))
    results = {name: _costed[key] for name, key in keys.items()}
    while len(_costed) > _REMEMBERED:
        del _costed[next(iter(_costed))]
    return results


_Key = tuple[str, tuple[object, ...], Nest, str, Certificate | None]
_REMEMBERED = 10_000
_costed: dict[_Key, LayerResult] = {}
"""Results computed before in this process, oldest first: they depend on nothing but their key."""


def _evaluate(chip: Chip, group: Sequence[tuple[Case, Choice]]) -> Evaluation:
    cases = [case for case, _ in group]
    shapes = [case.shape for case in cases]
    which = np.arange(len(group), dtype=np.int64)
    nest = group[0][1].structure
    tiles = np.array([choice.tiles for _, choice in group], dtype=np.int64).reshape(len(group), -1)
    counts = count_many(shapes, which, nest, tiles)
    batch = Batch(chip, cases, which)
    check_fit(batch, nest, counts)
    return evaluate(batch, nest, counts)


def _layer_result(chip: Chip, evaluation: Evaluation, row: int, found: tuple[Case, Choice]) -> LayerResult:
    case, choice = found
    number = int(evaluation.batch.case_of[row])
    lines = tuple(
        Line(
            *(term.part, term.place, term.operand, term.action),
            *(float(term.count[row]), float(term.bits[row]), term.costs[number]),
        )
        for term in evaluation.terms
        if term.count[row]
    )
    counts = {
        key: LevelCounts(
            **{name: int(np.broadcast_to(value, evaluation.cycles.shape)[row]) for name, value in vars(tally).items()}
        )
        for key, tally in evaluation.counts.levels.items()
    }
    limit = float(evaluation.bounds.energy_pj[row])
    rate = chip.macs_per_pe_cycle(*multiplied_formats(case)).value
    return LayerResult(
        layer=case.layer,
        lines=lines,
        cycle_parts={name: float(part[row]) for name, part in evaluation.time.parts.items() if part[row]},
        busy={name: float(needed[row]) for name, needed in evaluation.time.busy.items()},
        bound_by=str(evaluation.time.bound_by[row]),
        formats=case.formats,
        nest=choice.nest,
        mapping=choice.dataflow,
        counts=counts,
        certificate=choice.certificate,
        boxes={key: int(box[row]) for key, box in evaluation.counts.boxes.items()},
        footprints=_footprints(chip, evaluation, row),
        instances={name: int(used[row]) for name, used in evaluation.counts.instances.items()},
        skipped_macs=case.shape.macs * (1 - float(case.work.timed)),
        gated_macs=case.shape.macs * float(case.work.timed - case.work.multiplied),
        peak_macs_per_cycle=float(chip.pes * rate),
        bound_energy_pj=None if np.isnan(limit) else limit,
        bound_cycles=float(evaluation.bounds.cycles[row]),
        bound_dram_bits=float(evaluation.bounds.dram_bits[row]),
        bound_compulsory_bits=float(evaluation.bounds.compulsory_bits[row]),
        phase_bits={key: float(bits[row]) for key, bits in evaluation.time.phase_bits.items() if bits[row]},
    )


def _footprints(chip: Chip, evaluation: Evaluation, row: int) -> dict[tuple[str, str], float]:
    """Bits that one instance of a level sets aside for each operand."""
    batch, nest, counts = evaluation.batch, evaluation.nest, evaluation.counts
    found = {}
    for level, operand in counts.boxes:
        bits = footprint_bits(batch, nest, counts, chip.level(level), operand)
        found[level, operand] = float(np.broadcast_to(bits, evaluation.cycles.shape)[row])
    return found
