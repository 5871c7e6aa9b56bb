"""Which costs does a cost sweep try? Axes of values, multiples, DRAM technologies and nodes, as a grid or as a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import isfinite, prod
from typing import Any, Literal

import numpy as np

from accelsim.engine.case import Floats, Ints
from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.hardware.dram import dram_pj_per_bit
from accelsim.hardware.unit_costs import is_cost, listed_costs, unit_cost

DRAM, NODE = "dram", "node_nm"
MAX_VARIANTS = 2_000_000
Kind = Literal["value", "factor", "dram", "node"]


@dataclass(frozen=True)
class Axis:
    """One thing that varies.

    Parameters
    ----------
    name : str
        A path as the caller wrote it, "dram" or "node_nm".
    kind : {"value", "factor", "dram", "node"}
    entries : tuple
        What it takes: costs, multiples, technologies or nm.
    paths : frozenset of str
        The fields that it sets; a DRAM technology those of the outermost memories, a node none by itself.
    """

    name: str
    kind: Kind
    entries: tuple[Any, ...]
    paths: frozenset[str]


@dataclass(frozen=True, eq=False)
class Variants:
    """All combinations to try.

    Parameters
    ----------
    axes : tuple of Axis
    chosen : int64 array, shape (axes, variants)
        Which entry of each axis each variant takes.
    """

    axes: tuple[Axis, ...]
    chosen: Ints

    def __len__(self) -> int:
        return int(self.chosen.shape[1])

    def of(self, axis: int) -> np.ndarray[tuple[int, ...], Any]:
        """Return what an axis is in each variant."""
        return np.asarray(np.array(self.axes[axis].entries)[self.chosen[axis]])

    def settings(self) -> dict[str, np.ndarray[tuple[int, ...], Any]]:
        """Return what varies as columns, one entry a variant."""
        names = [axis.name if axis.kind != "factor" else f"{axis.name} factor" for axis in self.axes]
        return {name: self.of(place) for place, name in enumerate(names)}


def variants_of(
    chips: Sequence[Chip],
    values: Mapping[str, Iterable[float]] | None,
    factors: Mapping[str, Iterable[float]] | None,
    dram: Iterable[str],
    node_nm: Iterable[float],
    pairing: str,
) -> Variants:
    """Return the variants that a caller describes; see `accelsim.explore.cost_sweep.cost_sweep`."""
    if pairing not in ("grid", "list"):
        raise UsageError(
            f"pairing must be grid or list; got {pairing!r}{did_you_mean(str(pairing), ('grid', 'list'))}."
        )
    axes = [*_node_axis(chips, node_nm), *_dram_axis(chips, dram)]
    for kind, given in (("value", values or {}), ("factor", factors or {})):
        for name, entries in given.items():
            axes.append(Axis(name, kind, _numbers(name, entries), _paths(chips, name)))  # type: ignore[arg-type]
    if not axes:
        raise UsageError("a cost sweep must vary something: values, factors, dram, node_nm or draws.")
    _check_apart(axes)
    return Variants(tuple(axes), _combined(axes, pairing))


def _node_axis(chips: Sequence[Chip], node_nm: Iterable[float]) -> list[Axis]:
    nodes = tuple(node_nm)
    if not nodes:
        return []
    for chip in chips:
        if chip.node_nm is None:
            raise InputError(f"{chip.name} must state its node_nm for its costs to be moved to another node.")
    return [Axis(NODE, "node", _numbers(NODE, nodes, least=1.0), frozenset())]


def _dram_axis(chips: Sequence[Chip], dram: Iterable[str]) -> list[Axis]:
    if isinstance(dram, str):
        dram = (dram,)
    names = tuple(dram)
    for name in names:
        dram_pj_per_bit(name)
    paths = frozenset(path for chip in chips for path in outermost_paths(chip))
    return [Axis(DRAM, "dram", names, paths)] if names else []


def outermost_paths(chip: Chip) -> tuple[str, str]:
    """Return the fields that a DRAM technology sets."""
    name = chip.outermost.name
    return f"levels.{name}.read_pj_per_bit", f"levels.{name}.write_pj_per_bit"


def _numbers(name: str, given: Iterable[float], least: float = 0.0) -> tuple[float, ...]:
    try:
        numbers = tuple(float(one) for one in (given if isinstance(given, Iterable) else (given,)))
    except (TypeError, ValueError):
        raise InputError(f"{name} must be varied over numbers; got {given!r}.") from None
    if not numbers:
        raise InputError(f"{name} must be varied over at least one number; got none.")
    wrong = [one for one in numbers if not isfinite(one) or one < least]
    if wrong:
        raise InputError(f"{name} must be varied over finite numbers of at least {least:g}; got {wrong[0]:g}.")
    return numbers


def _paths(chips: Sequence[Chip], name: str) -> frozenset[str]:
    """Return the fields that a path or a pattern such as ``levels.DRAM.*`` means on any of the chips."""
    known = dict.fromkeys(path for chip in chips for path in listed_costs(chip))
    if "*" in name and name not in known:
        found = frozenset(path for path in known if fnmatchcase(path, name))
    else:
        found = frozenset(path for path in (name,) if path in known or any(_derived(chip, path) for chip in chips))
    if found:
        return found
    if any(name == path for chip in chips for path, _ in chip.numbers()):
        raise InputError(f"{name} must be a unit cost; it changes counts or time, which a cost sweep keeps.")
    where = chips[0].name if len(chips) == 1 else "any of the chips"
    hint = did_you_mean(name, known) or f"; {where} lists {', '.join(list(known)[:6])} ..."
    raise InputError(f"{name} must be the path of a unit cost that {where} has{hint}")


def _derived(chip: Chip, path: str) -> bool:
    """Whether a chip derives the cost of a multiply or add that it does not list."""
    return path.startswith(("multiply_pj.", "add_pj.")) and is_cost(path) and unit_cost(chip, path) is not None


def _check_apart(axes: Sequence[Axis]) -> None:
    """Refuse two axes that set one cost; a factor may stand upon a DRAM technology or a node."""
    for place, axis in enumerate(axes):
        for other in axes[:place]:
            upon = "factor" in (axis.kind, other.kind) and "dram" in (axis.kind, other.kind)
            both = axis.paths & other.paths
            if both and not upon:
                raise InputError(
                    f"a cost must be varied once; {sorted(both)[0]} is in both {other.name} and {axis.name}."
                )


def _combined(axes: Sequence[Axis], pairing: str) -> Ints:
    sizes = [len(axis.entries) for axis in axes]
    if pairing == "list":
        longest = max(sizes)
        for axis, size in zip(axes, sizes, strict=True):
            if size not in (1, longest):
                raise InputError(
                    f"a list of variants must give every cost as many entries; {axis.name} has {size}, "
                    f"another {longest}."
                )
        _check_count(longest)
        return np.array([np.zeros(longest, int) if size == 1 else np.arange(longest) for size in sizes])
    _check_count(prod(sizes))
    return np.indices(sizes).reshape(len(sizes), -1)


def _check_count(count: int) -> None:
    if count > MAX_VARIANTS:
        raise UsageError(f"a cost sweep must have at most {MAX_VARIANTS:,} variants; got {count:,}.")


def priced(variants: Variants, chip: Chip, which: Ints) -> dict[str, Floats]:
    """Return the costs that some variants set on a chip (already moved to its node), by path, one a variant."""
    costs: dict[str, Floats] = {}
    own = listed_costs(chip)
    for place, axis in sorted(enumerate(variants.axes), key=lambda each: each[1].kind == "factor"):
        if axis.kind == "node":
            continue
        entries, chosen = axis.entries, variants.chosen[place, which]
        table = [dram_pj_per_bit(one).value for one in entries] if axis.kind == "dram" else entries
        given = np.array(table, dtype=float)[chosen]
        for path in sorted(axis.paths):
            if path not in own and not _derived(chip, path):
                continue
            if axis.kind == "factor":
                cost = unit_cost(chip, path)
                assert cost is not None
                given_here = costs.get(path, np.full(len(which), cost.value)) * given
            else:
                given_here = given
            costs[path] = given_here
    return costs
