"""What does each bit-width of a model cost and lose: FP32, 16, 8 and 4 bits and a mix of them, side by side?

Memory, time and energy are simulated. What is lost is not one number, so three stand beside each other: signal over
noise of the model's own weights, if it has any; noise of the formats added up over layers, by which the mix was
allocated (`accelsim.quantization.allocation`); and published accuracy of the same model in the same formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.errors import InfeasibleError, UnsupportedError, UsageError
from accelsim.explore.bit_widths_table import MIXED, BitWidth, BitWidths, label_of
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.progress import progress
from accelsim.quantization.allocation.allocate import CHOICES, Allocation, allocator
from accelsim.quantization.allocation.errors import LayerErrors, errors_of
from accelsim.quantization.allocation.program import require_solver
from accelsim.quantization.allocation.sizes import weight_bits_of
from accelsim.quantization.error import quantization_error
from accelsim.quantization.error_table import ErrorTable
from accelsim.quantization.published import published_of
from accelsim.quantization.tensors import SUFFIXES
from accelsim.scheme import Scheme, parse_scheme
from accelsim.simulation.estimate import check_objective, estimate
from accelsim.simulation.requested import QUICK
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

SCHEMES = ("fp32", "fp16", "int8", "int4")
BUDGET: Mapping[str, float | str] = {"error": "20%"}
"""Error that the mix may have: a fifth of the way from the uniform choice that loses least to that which loses most."""


@dataclass(frozen=True)
class _Question:
    """What every row is made from.

    ``weights`` are errors of the model's own weights, None where it has none, and ``fitting`` the same where they are
    of layers of the network; ``errors`` are added up over layers.
    """

    network: Network
    chip: Chip
    mapping: str
    objective: str
    weights: ErrorTable | None
    fitting: ErrorTable | None
    errors: LayerErrors


def bit_widths(
    model: Network | str | Path,
    chip: Chip | str | Path,
    schemes: Sequence[str | Scheme] = SCHEMES,
    *,
    mixed: bool = True,
    choices: Sequence[str] = CHOICES,
    budget: Mapping[str, float | str] | None = None,
    weights: Any = None,
    mapping: str = QUICK,
    objective: str = "energy",
) -> BitWidths:
    """Return memory, speed, energy and error of a model in several bit-widths and a mix of them, side by side.

    Parameters
    ----------
    model : Network, str or Path
    chip : Chip, str or Path
    schemes : sequence of str or Scheme
        The first is what the others are compared with. One that the chip cannot run keeps its memory and says why.
    mixed : bool
        Whether to allocate a mix too: least energy (least time where energy is unknown) within ``budget``.
    choices : sequence of str
        Schemes of which each layer of the mix takes one.
    budget : mapping, optional
        As of `accelsim.allocate`; by default {"error": "20%"}.
    weights : path, torch.nn.Module or mapping, optional
        Where the model's weights are, as `accelsim.quantization_error` takes them; by default ``model`` if it is a
        file that holds weights.
    mapping, objective : str
        As in `accelsim.estimate`; "heuristic" by default.

    Returns
    -------
    BitWidths

    Raises
    ------
    InputError, UsageError
        A name, file or option is wrong; a scheme is given twice.
    UnsupportedError, InfeasibleError
        The chip can run none of the schemes.
    """
    check_objective(objective)
    network = model if isinstance(model, Network) else load_workload(model)
    on = chip if isinstance(chip, Chip) else load_profile(chip)
    wanted = [parse_scheme(one, network) for one in ([schemes] if isinstance(schemes, str | Scheme) else schemes)]
    names = [one.name for one in wanted]
    if not wanted or len(set(names)) < len(names):
        raise UsageError(f"schemes must be one or more, each once; got {', '.join(names) or 'none'}.")
    offered = [parse_scheme(one) for one in choices] if mixed else []
    every = {one.name: one for one in (*wanted, *offered)}
    source = weights if weights is not None else model if holds_weights(model) else None
    table = None if source is None else quantization_error(source, list(every.values()), clip="mse")
    fitting = table if _fits(table, network) else None
    errors = errors_of(fitting, network, every)
    asked = _Question(network, on, mapping, objective, table, fitting, errors)
    rows, allocation = _rows(asked, wanted, source, choices if mixed else (), budget)
    told = (*errors.notes, *_remarks(table, fitting, network))
    return BitWidths(network, on, mapping, objective, rows, errors.source, table is not None, allocation, told)


def _remarks(table: ErrorTable | None, fitting: ErrorTable | None, network: Network) -> Iterator[str]:
    """What the errors of weights do not say by themselves."""
    if table is None:
        return
    yield from table.notes
    if fitting is None:
        named = ", ".join(table.layers[:3])
        yield f"None of the weights ({named}) has the name of a layer of {network.name}; they may be another model's."
    empty = (row for row in table.rows if row.measures is not None and not row.measures.signal)
    yield from dict.fromkeys(f"{row.layer}: {row.note}." for row in empty)


def _rows(
    asked: _Question,
    wanted: Sequence[Scheme],
    source: Any,
    choices: Sequence[str],
    budget: Mapping[str, float | str] | None,
) -> tuple[tuple[BitWidth, ...], Allocation | None]:
    """Return a row per scheme, and one of the mix if it has choices."""
    rows: list[BitWidth] = []
    allocation = None
    with progress(range(len(wanted) + bool(choices)), "estimating", unit="bit-width") as steps:
        for step in steps:
            if step < len(wanted):
                rows.append(_uniform(asked, wanted[step]))
                continue
            if all(row.result is None for row in rows):
                break
            allocation, reason = _allocated(asked, choices, budget)
            rows.append(_mix(asked, allocation, source, reason))
    if all(row.result is None for row in rows):
        raise UnsupportedError(f"{asked.chip.name} must run one of the schemes; {rows[0].reason}")
    return tuple(rows), allocation


def _uniform(asked: _Question, scheme: Scheme) -> BitWidth:
    """Return a scheme's row; where the chip cannot run it, with its memory alone."""
    bits = sum(weight_bits_of(asked.network, layer, scheme) for layer in asked.network.layers)
    error = _added(asked, scheme)
    sqnr_db = None if asked.weights is None else asked.weights.sqnr_db(scheme.name)
    result, reason = None, ""
    try:
        result = estimate(asked.network, asked.chip, scheme, mapping=asked.mapping, objective=asked.objective)
    except (UnsupportedError, InfeasibleError) as problem:
        reason = str(problem)
    published = () if scheme.overrides else published_of(asked.network.name, scheme)
    return BitWidth(label_of(scheme), scheme, result, bits / 8, error, sqnr_db, published, reason)


def _added(asked: _Question, scheme: Scheme) -> float:
    """Return the errors of all layers added up, each in its own formats."""
    if not scheme.overrides:
        return sum(row[scheme.name] for row in asked.errors.rows.values())
    total, known = 0.0, dict[Scheme, LayerErrors]()
    for layer in asked.network.layers:
        own = scheme.for_layer(layer.name)
        if own not in known:
            known[own] = errors_of(asked.fitting, asked.network, {scheme.name: own})
        total += known[own].rows.get(layer.name, {}).get(scheme.name, 0.0)
    return total


def _allocated(
    asked: _Question, choices: Sequence[str], budget: Mapping[str, float | str] | None
) -> tuple[Allocation | None, str]:
    """Return the mix, or None and why there is none: no solver installed, no choice that the chip supports."""
    try:
        require_solver()
    except UsageError as problem:
        return None, str(problem)
    try:
        found = allocator(
            asked.network, asked.chip, choices, errors=asked.errors, mapping=asked.mapping, objective=asked.objective
        )
        cost = "energy" if "energy_pj" in found.problem.measures else "latency"
        return found.allocate(cost, BUDGET if budget is None else budget), ""
    except UnsupportedError as problem:
        return None, str(problem)


def _mix(asked: _Question, found: Allocation | None, source: Any, reason: str) -> BitWidth:
    if found is None:
        return BitWidth(MIXED, None, None, None, None, None, (), reason)
    own = None
    if source is not None:
        own = quantization_error(source, [found.scheme], clip="mse").sqnr_db(found.scheme.name)
    weight_bytes = float(found.result.memory.weight_bytes)
    return BitWidth(MIXED, found.scheme, found.result, weight_bytes, found.totals["error"], own)


def holds_weights(model: Any) -> bool:
    """Whether a model is a file with weights."""
    return isinstance(model, str | Path) and Path(model).suffix.lower() in SUFFIXES


def _fits(table: ErrorTable | None, network: Network) -> bool:
    """Whether a table of errors names layers of the network; weights of other names still have a total."""
    return table is not None and any(layer.name in table.layers for layer in network.layers)
