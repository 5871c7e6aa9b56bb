"""Was this optimum found before? Equal layers are searched once: in this process, and by way of the disk ever.

An optimum depends on the chip, the layer in its formats, the objective, the constraints and the code that
searches. It is stored under a hash of all five as soon as it is found, so that a search that is interrupted
keeps what it has finished.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

from accelsim.cache import Cache, code_version, key_of
from accelsim.engine.case import Case
from accelsim.errors import InputError
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.nest import Nest
from accelsim.mapping.nest_text import read_line, written
from accelsim.progress import progress
from accelsim.search.certificate import Certificate
from accelsim.search.heuristic import Objective
from accelsim.search.optimal import FREE, Optimum, optimum

STORE = "optima"
"""Name of the store on disk."""

FLOORS_ABOVE = ("simulation", "quantization", "explore", "validation", "report", "cli")
"""The parts of the package that an optimum does not depend on."""

_Identity = tuple[object, ...]
_REMEMBERED = 20_000
_known: dict[_Identity, Optimum] = {}
"""Optima found or read before in this process, oldest first."""


def found(
    chip: Chip, cases: Sequence[Case], objective: Objective = "energy", constraints: Constraints = FREE
) -> list[Optimum]:
    """Return what the search finds for every case, in order; what was found before is not searched again.

    Parameters
    ----------
    chip : Chip
    cases : sequence of Case
    objective : {"energy", "latency", "edp"}
    constraints : Constraints

    Raises
    ------
    InfeasibleError, InputError
        As `accelsim.search.optimal.optimum` does; what was found until then is kept.
    """
    identities: list[_Identity] = [(chip.digest, case.identity, objective, constraints.identity) for case in cases]
    results = {identity: _known[identity] for identity in identities if identity in _known}
    new: dict[_Identity, Case] = {}
    for identity, case in zip(identities, cases, strict=True):
        if identity not in results:
            new.setdefault(identity, case)
    if new:
        for identity, one in _from_disk_or_searched(chip, new, objective, constraints).items():
            results[identity] = one
    return [results[identity] for identity in identities]


def _from_disk_or_searched(
    chip: Chip, cases: Mapping[_Identity, Case], objective: Objective, constraints: Constraints
) -> dict[_Identity, Optimum]:
    with Cache(STORE) as cache:
        version = code_version(*FLOORS_ABOVE) if cache.enabled else None
        keys = {identity: key_of(version, identity) for identity in cases} if version else {}
        texts = cache.get(keys.values())
        read = {identity: _read(texts[key]) for identity, key in keys.items() if key in texts}
        results = {identity: one for identity, one in read.items() if one is not None}
        _known.update(results)
        missing = {identity: case for identity, case in cases.items() if identity not in results}
        search = partial(optimum, chip, objective=objective, constraints=constraints, others=list(missing.values()))
        with progress(missing.values(), "searching mappings", len(missing), "layer") as layers:
            for one, identity in zip(map(search, layers), missing, strict=True):
                results[identity] = _known[identity] = one
                if identity in keys:
                    cache.put({keys[identity]: _text(one)})
    for oldest in list(_known)[: max(0, len(_known) - _REMEMBERED)]:
        _known.pop(oldest, None)
    return results


def _text(one: Optimum) -> str:
    """An optimum as JSON: the lines of its nest as a mapping file has them, and its certificate."""
    lines = [written(line) for line in one.nest.lines]
    return json.dumps({"nest": lines, "certificate": asdict(one.certificate)}, default=lambda number: number.item())


def _read(text: str) -> Optimum | None:
    """The optimum that a text stands for; None if it stands for none."""
    try:
        content = json.loads(text)
        nest = Nest(tuple(read_line(line) for line in content["nest"]))
        return Optimum(nest, Certificate(**content["certificate"]))
    except (InputError, ValueError, KeyError, TypeError):
        return None
