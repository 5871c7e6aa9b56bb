"""Which groups of layers are fused, in tiles of how many rows? What saves most under the objective, or nothing.

Every run that can be fused is costed in tiles of all its rows, half of them, a quarter ... as long as tiles fit, with
weights kept and with weights read again; of runs that overlap those are taken that together save most. A group that
is not cheaper than its layers one by one stays as it is, so that fusing never costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from accelsim.engine.case import home
from accelsim.errors import InfeasibleError
from accelsim.search.heuristic import Objective
from accelsim.simulation.fusion.cost import Fused, Option, fused_cost, option
from accelsim.simulation.fusion.groups import Group, groups
from accelsim.simulation.fusion.result import Fusion, Unfused
from accelsim.simulation.fusion.room import Setting
from accelsim.simulation.result import LayerResult

MOVES = ("read", "drain", "fill", "return", "update")
TRIED = 3
"""Sizes of tiles that are costed, of those that may fit: the largest read weights least often."""
AT_ONCE = 128
"""Parts that are mapped together."""


@dataclass(frozen=True)
class _Offer:
    group: Group
    fused: Fused
    saved: float


@dataclass(frozen=True)
class Choice:
    """A network with groups fused.

    Parameters
    ----------
    layers : tuple of LayerResult
    records : tuple of Fusion or Unfused
        What was fused and what was not.
    inner_bits : mapping of str to float
        What the outputs that never leave their group take, tile by tile.
    """

    layers: tuple[LayerResult, ...]
    records: tuple[Fusion | Unfused, ...]
    inner_bits: Mapping[str, float]


def fuse(setting: Setting, layers: Sequence[LayerResult], objective: Objective) -> Choice:
    """Return the layers of a network with groups fused where that saves.

    Parameters
    ----------
    setting : Setting
    layers : sequence of LayerResult
        Layer by layer, in execution order.
    objective : {"energy", "latency", "edp"}
    """
    found = {group: _options(setting, group) for group in groups(setting.network, setting.residency)}
    _map_ahead(setting, [how for options, _ in found.values() for how in options])
    worth = Worth(setting, layers, objective)
    offers: list[_Offer] = []
    refused: dict[tuple[str, ...], str] = {}
    for group, (options, reason) in found.items():
        alone = layers[group.start : group.start + len(group.layers)]
        best, why = _best(setting, group, options, alone, worth)
        if best is None:
            refused[group.names] = why or reason
        else:
            offers.append(best)
    taken = _disjoint(offers)
    costed = list(layers)
    records: list[Fusion | Unfused] = []
    for offer in taken:
        start, size = offer.group.start, len(offer.group.layers)
        records.append(_record(setting, offer, layers[start : start + size]))
        costed[start : start + size] = offer.fused.layers
    fused = {name for offer in taken for name in offer.group.names}
    records += [Unfused(names, why) for names, why in refused.items() if fused.isdisjoint(names)]
    inner = {name: bits for offer in taken for name, bits in offer.fused.inner_bits.items()}
    return Choice(tuple(costed), tuple(records), inner)


def _options(setting: Setting, group: Group) -> tuple[list[Option], str]:
    """Ways to run a group that may fit, and why others do not."""
    if home(setting.chip) is None:
        return [], f"no level of {setting.chip.name} keeps inputs and outputs on chip."
    found: list[Option] = []
    reason = "its operations do not divide into tiles."
    for keep in (False, True):
        fitting = 0
        for tile in _sizes(group.rows[-1].rows):
            try:
                how = option(setting, group, tile, keep_weights=keep)
            except InfeasibleError as error:
                reason = f"no tile of it fits: {error}"
                continue
            if how is not None:
                found.append(how)
                fitting += 1
            if fitting == TRIED:
                break
    return found, reason


def _map_ahead(setting: Setting, options: Sequence[Option]) -> None:
    """Map the parts of all options many at a time, which is much quicker; what does not fit is left to be refused."""
    distinct = {case.identity: case for how in options for case in how.cases.values()}
    pending = list(distinct.values())
    batches = [pending[start : start + AT_ONCE] for start in range(0, len(pending), AT_ONCE)]
    while batches:
        batch = batches.pop()
        try:
            setting.choose({str(number): case for number, case in enumerate(batch)})
        except InfeasibleError:
            half = len(batch) // 2
            batches += [batch[:half], batch[half:]] if half else []


def _best(
    setting: Setting, group: Group, options: Sequence[Option], alone: Sequence[LayerResult], worth: Worth
) -> tuple[_Offer | None, str]:
    """The cheapest way to run a group if it is cheaper than its layers alone, or why there is none."""
    before = worth(alone)
    best: _Offer | None = None
    reason = ""
    for how in options:
        try:
            fused = fused_cost(setting, how)
        except InfeasibleError as error:
            reason = reason or f"no tile of it fits: {error}"
            continue
        saved = before - worth(fused.layers)
        what = "time" if worth.objective == "latency" else worth.objective
        reason = f"no tile of it saves {what}: its parts read more again than they no longer hand on."
        if saved > 0 and (best is None or saved > best.saved):
            best = _Offer(group, fused, saved)
    return best, reason


def _sizes(rows: int) -> Iterator[int]:
    while rows > 1:
        yield rows
        rows = -(-rows // 2)
    yield 1


class Worth:
    """What some layers are worth under an objective: a sum over layers, less of which is better for the network.

    Of the energy-delay product E*T of a network, a change of a group is worth dE/E + dT/T: if these sum to less than
    zero over all groups, the product of the sums falls.
    """

    def __init__(self, setting: Setting, layers: Sequence[LayerResult], objective: Objective) -> None:
        self.dram, self.objective = setting.chip.outermost.name, objective
        self.known = all(one.energy_pj is not None for one in layers)
        self.whole = 1.0, 1.0
        if objective == "edp":
            self.whole = self._energy(layers), _cycles(layers)

    def __call__(self, layers: Sequence[LayerResult]) -> float:
        """Return the value of some layers, all repeats."""
        energy, cycles = self.whole
        if self.objective == "latency":
            return _cycles(layers)
        if self.objective == "energy":
            return self._energy(layers)
        return self._energy(layers) / energy + _cycles(layers) / cycles

    def _energy(self, layers: Sequence[LayerResult]) -> float:
        """Energy, or traffic of the outermost level where that is unknown."""
        if self.known:
            return sum((one.energy_pj or 0.0) * one.layer.repeat for one in layers)
        return sum(one.bits_of(self.dram, *MOVES) * one.layer.repeat for one in layers)


def _cycles(layers: Sequence[LayerResult]) -> float:
    return sum(one.cycles * one.layer.repeat for one in layers)


def _disjoint(offers: Sequence[_Offer]) -> list[_Offer]:
    """Offers that do not overlap and together save most."""
    ordered = sorted(offers, key=lambda offer: offer.group.start + len(offer.group.layers))
    best: list[tuple[float, list[_Offer]]] = [(0.0, [])]
    for number, offer in enumerate(ordered):
        before = max(
            place
            for place in range(number + 1)
            if place == 0 or ordered[place - 1].group.start + len(ordered[place - 1].group.layers) <= offer.group.start
        )
        saved, chosen = best[before]
        best.append(max(best[-1], (saved + offer.saved, [*chosen, offer]), key=lambda each: each[0]))
    return best[-1][1]


def _record(setting: Setting, offer: _Offer, alone: Sequence[LayerResult]) -> Fusion:
    repeat = offer.group.layers[0].repeat

    def totals(layers: Sequence[LayerResult]) -> tuple[float | None, float, float]:
        energies = [one.energy_pj for one in layers]
        energy = None if None in energies else sum(one or 0.0 for one in energies) * repeat
        traffic = sum(one.bits_of(setting.chip.outermost.name, *MOVES) for one in layers) * repeat
        return energy, sum(one.cycles for one in layers) * repeat, traffic

    (energy, cycles, bits), (whole, slow, wide) = totals(offer.fused.layers), totals(alone)
    weights = "kept" if offer.fused.kept_weights else "read again"
    return Fusion(
        offer.group.names, offer.fused.rows, offer.fused.tiles, weights, energy, whole, cycles, slow, bits, wide
    )  # fmt: skip
