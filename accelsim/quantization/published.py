"""Which accuracy of quantized models was published, and what do the same model and formats cost on a chip?

Values and their sources stand in ``accelsim/quantization/data/accuracy_vs_bits.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from accelsim.errors import InfeasibleError, InputError, UnsupportedError, did_you_mean
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.progress import progress
from accelsim.quantization.published_table import APART, NO_COST, Cost, PublishedAccuracy, PublishedTable
from accelsim.scheme import Scheme, parse_scheme
from accelsim.simulation.estimate import check_objective, estimate
from accelsim.simulation.requested import QUICK
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

DATA = Path(__file__).parent / "data" / "accuracy_vs_bits.csv"
SIMULATED = (
    "Energy and time are simulated: the same shapes, weights and activations of the same bits throughout, scales per "
    "output channel or group. A publication that keeps some layers wider, or scales per tensor, costs a little else."
)


@cache
def read_published() -> tuple[PublishedAccuracy, ...]:
    """Return every published value, in the order of the file."""
    lines = [line for line in DATA.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return tuple(_row(cells) for cells in csv.DictReader(lines))


def _row(cells: dict[str, str]) -> PublishedAccuracy:
    numbers = {"baseline": float(cells["baseline"]) if cells["baseline"] else None, "value": float(cells["value"])}
    return PublishedAccuracy(**cells | numbers)  # type: ignore[arg-type]


def published_models() -> tuple[str, ...]:
    """Return the models that accuracy was published of."""
    return tuple(dict.fromkeys(row.model for row in read_published()))


def published_accuracy(
    model: str | None = None,
    chip: Chip | str | Path | None = None,
    *,
    protocol: str | None = None,
    mapping: str = QUICK,
    objective: str = "energy",
) -> PublishedTable:
    """Return published accuracy by bits, next to the simulated cost of the same model and formats.

    Parameters
    ----------
    model : str, optional
        As published ("mobilenet_v2") or as the workload is called ("mobilenetv2", "llama-2-7b/decode"); by default all.
    chip : Chip, str or Path, optional
        Where to simulate; without one, accuracy only. Batch 1; of language models one decoded token at context 2048.
    protocol : str, optional
        Only values whose protocol has this in its name.
    mapping, objective : str
        As in `accelsim.estimate`; "heuristic" by default.

    Raises
    ------
    InputError
        Nothing is published of the model or in the protocol; the nearest name and all known ones are given.
    """
    check_objective(objective)
    known = read_published()
    rows = known if model is None else tuple(row for row in known if _is_called(row, model))
    if not rows:
        names = published_models()
        raise InputError(
            f"no published accuracy of {model!r} is known{did_you_mean(str(model), names) or '.'} "
            f"Known: {', '.join(names)}."
        )
    if protocol is not None:
        known_protocols = list(dict.fromkeys(row.protocol for row in rows))
        rows = tuple(row for row in rows if protocol.lower() in row.protocol.lower())
        if not rows:
            raise InputError(f"no protocol has {protocol!r} in its name. Known: {'; '.join(known_protocols)}.")
    memory = any("from memory" in row.status for row in rows)
    notes = (APART, *(["Rows marked 'from memory' were not checked against their source."] if memory else []))
    if chip is None:
        return PublishedTable(rows, notes=notes)
    on = chip if isinstance(chip, Chip) else load_profile(chip)
    costs = _costs(rows, on, mapping, objective)
    costed = tuple(
        replace(
            row, cost=costs.get((row.workload, row.scheme), NO_COST),
            reference=costs.get((row.workload, row.unquantized), NO_COST),
        ) for row in rows
    )  # fmt: skip
    return PublishedTable(costed, on.name, mapping, (*notes, SIMULATED))


def published_of(model: str, scheme: Scheme) -> tuple[PublishedAccuracy, ...]:
    """Return the values of a workload whose weights and activations are stored as in a scheme without overrides."""
    stored = str(scheme.weight_format), str(scheme.activation_format)
    return tuple(row for row in read_published() if row.scheme and _is_called(row, model) and _stored(row) == stored)


def _stored(row: PublishedAccuracy) -> tuple[str, str]:
    scheme = parse_scheme(row.scheme)
    return str(scheme.weight_format), str(scheme.activation_format)


def _is_called(row: PublishedAccuracy, model: str) -> bool:
    return model.lower() in {row.model, row.workload, row.workload.partition("/")[0]} - {""}


def _costs(rows: Sequence[PublishedAccuracy], chip: Chip, mapping: str, objective: str) -> dict[tuple[str, str], Cost]:
    """Return the cost of every workload and scheme among the rows, each estimated once."""
    wanted = dict.fromkeys(
        (row.workload, scheme) for row in rows if row.workload for scheme in (row.unquantized, row.scheme) if scheme
    )
    networks: dict[str, Network] = {}
    found: dict[tuple[str, str], Cost] = {}
    with progress(list(wanted), "estimating", unit="scheme") as items:
        for workload, scheme in items:
            network = networks.setdefault(workload, networks.get(workload) or load_workload(workload))
            try:
                result = estimate(network, chip, scheme, mapping=mapping, objective=objective)
            except (UnsupportedError, InfeasibleError) as error:
                found[workload, scheme] = Cost(None, None, None, str(error))
            else:
                found[workload, scheme] = Cost(result.energy_pj, result.latency_s, result.memory.weight_bytes)
    return found
