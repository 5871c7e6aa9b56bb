"""How much memory does a model take in every scheme, and what holds it? Each scheme's needs, put into a table.

    peak = weights + KV cache + the most activations alive at once

Weights are counted as stored, scales included, tied tables once; the KV cache for the whole batch at the context of
the pass; activations over the lifetimes of `accelsim.simulation.lifetimes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from accelsim.errors import UsageError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme, parse_scheme
from accelsim.simulation.context_limits import ContextLimits, context_limits
from accelsim.simulation.levels_held import held
from accelsim.simulation.lifetimes import alive_bits, bound_together
from accelsim.simulation.memory import memory_of, output_bits, stored_bits, weights_of
from accelsim.simulation.memory_table import SIZES, MemoryRow, MemoryTable, Stay
from accelsim.simulation.optimal_residency import MISSING, Saving, available, optimal_plan, saved_bits, savings
from accelsim.simulation.residency import Residency, plan
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

SCHEMES = ("fp32", "fp16", "int8", "w8a16", "w4g128a16")
"""What is asked where nobody says."""


def memory(
    model: Network | str | Path,
    schemes: Sequence[Scheme | str | Path] | Scheme | str | Path = SCHEMES,
    chip: Chip | str | Path | None = None,
    *,
    context: int | None = None,
    keep_weights: bool = False,
    sizes: Iterable[int] = SIZES,
    reload: Callable[[int], Network] | None = None,
) -> MemoryTable:
    """Return what a model takes of memory in every scheme: weights, KV cache, activations, and what holds it.

    Parameters
    ----------
    model : Network, str or Path
        A workload, its shipped name or a file.
    schemes : sequence of Scheme, str or Path
        Formats to store it in.
    chip : Chip, str or Path, optional
        A device: whether the model fits, and what stays on chip.
    context : int, optional
        Tokens in the KV cache; for a model given by name.
    keep_weights : bool
        Whether weights may stay on chip from one pass to the next.
    sizes : iterable of int
        Bytes of memory to ask about.
    reload : callable, optional
        Gives the model at another context, for a network that is built already: to see where its context ends.

    Raises
    ------
    InputError, UsageError
        A name, file or value is wrong; a context is given for a network that is built already.
    """
    network = _network(model, context)
    device = chip if isinstance(chip, Chip) or chip is None else load_profile(chip)
    asked = [schemes] if isinstance(schemes, str | Path | Scheme) else list(schemes)
    if not asked:
        raise UsageError("memory needs at least one scheme.")
    if reload is None and not isinstance(model, Network):
        reload = partial(_loaded, model)
    limits = context_limits(network, reload)
    rows = tuple(_row(network, parse_scheme(one, network), device, keep_weights, limits) for one in asked)
    notes = [f"{operator} is not understood and not counted." for operator in network.uncounted]
    if device is not None and not available():
        notes.append(f"only the greedy residency is shown: {MISSING}.")
    return MemoryTable(network, device, rows, tuple(sizes), tuple(notes))


def _network(model: Network | str | Path, context: int | None) -> Network:
    if context is None:
        return model if isinstance(model, Network) else load_workload(model)
    if isinstance(model, Network):
        raise UsageError("context is an option of a workload that is loaded by name; give it to load_workload.")
    return load_workload(model, context=context)


def _loaded(model: str | Path, context: int) -> Network:
    return load_workload(model, context=context)


def _row(network: Network, scheme: Scheme, chip: Chip | None, keep_weights: bool, limits: ContextLimits) -> MemoryRow:
    scheme.check_patterns(network)
    outputs = output_bits(network, scheme)
    formats = {one.name: scheme.resolve(one) for one in network.layers if one.shape is not None}
    weights = stored_bits(network, scheme, formats)
    per_token = network.batch * network.kv_elements_per_token * float(scheme.kv_bits())
    alive = alive_bits(network, outputs)
    stored = memory_of(network, chip, weights, per_token * network.kv_tokens, alive)
    row = MemoryRow(scheme, stored, per_token / 8, tuple(bits / 8 for bits in alive), limits)
    if chip is None:
        return row
    gains, all_weights = savings(network, scheme, outputs), weights_of(network, scheme, formats, weights)
    greedy = plan(network, chip, outputs, weights, keep_weights=keep_weights)
    best = None
    if available():
        best = optimal_plan(network, chip, outputs, all_weights, gains, keep_weights=keep_weights)

    def stay(residency: Residency) -> Stay:
        levels = held(network, chip, residency, outputs, all_weights, per_token * network.kv_tokens)
        saved = saved_bits(residency, gains, all_weights)
        possible = _possible(network, gains, all_weights.read_bits if keep_weights else 0.0)
        return Stay(residency, saved / 8, possible / 8, levels)

    return replace(row, greedy=stay(greedy), optimal=None if best is None else stay(best))


def _possible(network: Network, gains: Sequence[Saving], weight_bits: float) -> float:
    """Bits saved if all that may stay did."""
    names = {name for group in bound_together(network) for name in group}
    return sum(one.bits for one in gains if one.names <= names) + weight_bits
