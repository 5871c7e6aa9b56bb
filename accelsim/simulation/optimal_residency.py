"""Which activations should stay on chip so that most DRAM traffic is saved? A small integer program.

    maximize    sum over activations of  x * (bits written) + sum over reads of  y * (bits read)
    subject to  y <= x of every activation that the read needs
                at every layer: sum of the bits of what stays <= the room of the home level
                x in {0, 1};  x is one number for what is bound together

A read is saved only if all that it reads from is on chip, as in `Residency.operands`. Bits are counted once per
write and once per reader, for every repeat: what no mapping can do without. With ``keep_weights`` the weights of
each layer, or of the whole model, are further things that may stay, at every layer. The program is solved by HiGHS
(extra ``optimize``): Q. Huangfu, J. A. J. Hall, Parallelizing the dual revised simplex method, Mathematical
Programming Computation 10, 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accelsim.errors import UsageError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme
from accelsim.simulation.memory import Weights
from accelsim.simulation.residency import (
    HOW,
    OPTIMAL,
    SEARCHED,
    Residency,
    Room,
    operand_producers,
    plan,
    room_of,
    words_read,
)
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network

MISSING = "an optimal residency needs HiGHS, which is not installed; run: pip install 'accelsim[optimize]'"
TIME_LIMIT_S = 10.0
"""After which the best plan found is taken without a proof, and not called optimal."""
NEGLIGIBLE = 1e-9
"""Share of the room that HiGHS takes in no constraint; what fits is made sure of without it."""


@dataclass(frozen=True)
class Saving:
    """DRAM traffic that a pass saves if all of some activations stay on chip.

    Parameters
    ----------
    names : frozenset of str
    bits : float
    """

    names: frozenset[str]
    bits: float


def savings(network: Network, scheme: Scheme, output_bits: Mapping[str, float]) -> list[Saving]:
    """Return what a pass saves: every write of an output, and every read of one, in bits over all repeats."""
    found: list[Saving] = []
    for layer in network.layers:
        found.append(Saving(frozenset([layer.name]), layer.repeat * output_bits[layer.name]))
        bits = layer.repeat * float(scheme.activation_bits(layer))
        found += [Saving(names, bits * words) for names, words in _reads(network, layer) if words]
    return found


def _reads(network: Network, layer: Layer) -> list[tuple[frozenset[str], float]]:
    """What a layer reads together, and how many words."""
    if layer.shape is not None:
        first, second = operand_producers(layer)
        reads = [(frozenset(first), float(layer.shape.words("I")))]
        return reads if second is None else [*reads, (frozenset([second]), float(layer.shape.words("W")))]
    return [(frozenset([name]), words) for name, words in words_read(network, layer).items()]


def saved_bits(residency: Residency, gains: Sequence[Saving], weights: Weights) -> float:
    """Return the DRAM bits that a plan saves in a pass, beside storing every tensor there."""
    kept = sum(one.bits for one in gains if residency.outputs.issuperset(one.names))
    if residency.weights:
        return kept + weights.read_bits
    return kept + sum(weights.layers[name][1] for name in residency.kept_weights)


def available() -> bool:
    """Return whether HiGHS is installed."""
    from importlib.util import find_spec

    return find_spec("highspy") is not None


def optimal_plan(
    network: Network,
    chip: Chip,
    output_bits: Mapping[str, float],
    weights: Weights,
    gains: Sequence[Saving],
    *,
    keep_weights: bool = False,
) -> Residency:
    """Return what stays on chip if as much DRAM traffic as possible is to be saved; never less than `plan` saves.

    Parameters
    ----------
    network : Network
    chip : Chip
    output_bits : mapping of str to float
        Stored bits of each layer's output, and of the network's as "input".
    weights : Weights
        What the parameters take.
    gains : sequence of Saving
        See `savings`.
    keep_weights : bool
        Whether weights may stay from one pass to the next, all or those of some layers.

    Raises
    ------
    UsageError
        HiGHS is not installed; the message has the command that installs it.
    """
    if not available():
        raise UsageError(MISSING)
    greedy = plan(network, chip, output_bits, weights.stored_bits, keep_weights=keep_weights)
    room = room_of(network, chip, output_bits)
    if room is None:
        return greedy
    program = _Program(room, gains, weights if keep_weights and room.holds_weights else Weights(0.0))
    kept, proven = program.solve()
    best = replace(
        room.residency(
            [own for own in kept if own < len(room.groups)], program.whole in kept, greedy.alive_bits, network
        ),
        kept_weights=frozenset(program.layers[own] for own in kept if own in program.layers),
        how=OPTIMAL if proven else SEARCHED,
    )
    if saved_bits(best, gains, weights) > saved_bits(greedy, gains, weights):
        return best
    return replace(greedy, how=best.how)


def chosen_plan(
    how: str,
    network: Network,
    chip: Chip,
    scheme: Scheme,
    output_bits: Mapping[str, float],
    weights: Weights,
    *,
    keep_weights: bool = False,
) -> Residency:
    """Return what stays on chip, chosen ``how`` the caller asks: "greedy" (`plan`) or "optimal" (`optimal_plan`).

    Raises
    ------
    UsageError
        It is neither, or HiGHS is not installed.
    """
    if how not in HOW:
        raise UsageError(f"residency must be {' or '.join(HOW)}; got {how!r}{did_you_mean(how, HOW) or '.'}")
    if how != OPTIMAL:
        return plan(network, chip, output_bits, weights.stored_bits, keep_weights=keep_weights)
    gains = savings(network, scheme, output_bits)
    return optimal_plan(network, chip, output_bits, weights, gains, keep_weights=keep_weights)


class _Program:
    """The integer program of one network, in shares of the room and of the largest saving.

    Its items are the groups of activations, then the weights of each layer, then those of the whole model, which
    exclude the former. HiGHS meets constraints to a tolerance; a plan that is too large by less than that is cut off
    and the program solved again, so that what is returned fits exactly.
    """

    def __init__(self, room: Room, gains: Sequence[Saving], weights: Weights) -> None:
        import highspy

        self.room = room
        self.moments = sorted({moment for taken in room.taken for moment in taken}) or [0]
        fitting = [name for name, (stored, read) in weights.layers.items() if read and stored <= room.bits]
        self.layers = dict(enumerate(fitting, len(room.groups)))
        self.whole = len(room.groups) + len(fitting)
        all_fit = 0 < weights.stored_bits <= room.bits
        sizes = [weights.layers[name][0] for name in fitting] + [weights.stored_bits] * all_fit
        self.taken = [*room.taken, *(dict.fromkeys(self.moments, size) for size in sizes)]
        worth = self._worth(gains)
        worth |= {frozenset([own]): weights.layers[name][1] for own, name in self.layers.items()}
        worth |= {frozenset([self.whole]): weights.read_bits} if all_fit else {}
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self.solver.silent()
        for option, value in (("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("time_limit", TIME_LIMIT_S), ("threads", 1)):
            self.solver.setOptionValue(option, value)
        self._state(worth)

    def _worth(self, gains: Sequence[Saving]) -> dict[frozenset[int], float]:
        """Bits saved by groups of activations that are kept together."""
        number = {name: place for place, group in enumerate(self.room.groups) for name in group}
        worth: dict[frozenset[int], float] = {}
        for one in gains:
            if one.names and all(name in number for name in one.names):
                needed = frozenset(number[name] for name in one.names)
                worth[needed] = worth.get(needed, 0.0) + one.bits
        return worth

    def _state(self, worth: Mapping[frozenset[int], float]) -> None:
        """Give the solver its variables and constraints."""
        most = max(worth.values(), default=0.0) or 1.0
        alone = [worth.get(frozenset([own]), 0.0) / most for own in range(len(self.taken))]
        self.stay = [self.solver.addBinary(obj=gain) for gain in alone]
        for needed, bits in worth.items():
            if len(needed) > 1:
                read = self.solver.addBinary(obj=bits / most)
                for own in needed:
                    self.solver.addConstr(read <= self.stay[own])
        if self.whole < len(self.taken):
            for own in self.layers:
                self.solver.addConstr(self.stay[own] + self.stay[self.whole] <= 1)
        for here in self._crowded():
            shares = {own: self.taken[own][here] / self.room.bits for own in self._at(here)}
            terms = [self.stay[own] * share for own, share in shares.items() if share > NEGLIGIBLE]
            self.solver.addConstr(sum(terms[1:], terms[0]) <= 1.0)

    def _at(self, moment: int) -> list[int]:
        return [own for own, taken in enumerate(self.taken) if taken.get(moment)]

    def _crowded(self) -> list[int]:
        """Moments at which not everything fits, those with equal contents once."""
        distinct: dict[tuple[tuple[int, float], ...], int] = {}
        for moment in self.moments:
            there = tuple((own, self.taken[own][moment]) for own in self._at(moment))
            if sum(bits for _, bits in there) > self.room.bits:
                distinct.setdefault(there, moment)
        return list(distinct.values())

    def solve(self) -> tuple[list[int], bool]:
        """Return the numbers of the items that stay, and whether that is proven best."""
        if not self.stay:
            return [], True
        while True:
            self.solver.maximize()
            values = list(self.solver.getSolution().col_value)
            if not values:
                return [], False
            kept = [own for own, variable in enumerate(self.stay) if values[variable.index] > 0.5]
            over = next((moment for moment in self.moments if self._needed(moment, kept) > self.room.bits), None)
            if over is None:
                return kept, "kOptimal" in str(self.solver.getModelStatus())
            chosen = [self.stay[own] for own in kept if self.taken[own].get(over)]
            self.solver.addConstr(sum(chosen[1:], chosen[0] * 1.0) <= len(chosen) - 1)

    def _needed(self, moment: int, kept: Sequence[int]) -> float:
        return sum(self.taken[own].get(moment, 0.0) for own in kept)
