"""What does one word cost that crosses from a level to the next? The engine's prices, per operand and chain.

The search adds up optimistic words; what a word costs in pJ, in bits of a port and in time of a converter
is asked from the engine's own parts, once for every operand and chain of levels that keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from accelsim.engine.case import Case, home
from accelsim.engine.energy import access_pj, conversion_pj, multiplied_formats, static_costs
from accelsim.engine.width import conversion_place, multiplied_at, multiplied_bits, stored_at
from accelsim.hardware.chip import Chip
from accelsim.provenance import Sourced


@dataclass(frozen=True)
class Crossing:
    """Prices of one word between a level and the next one inside it that keeps the operand.

    The words of W and I move inward: ``inward_*`` counts at the receiving level, ``sent_*`` at the sending
    one. Partial sums that return do the same. ``outward_*`` is what leaves the inner level upward,
    ``merged_*`` what arrives outside, unfinished and finished. A level inside of which nothing keeps the
    operand sends to the MACs, and prices of the receiver are zero.
    """

    sender: str
    receiver: str
    sent_pj: float
    sent_bits: float
    inward_pj: float
    inward_bits: float
    converter_cycles: float = 0.0
    outward_pj: tuple[float, float] = (0.0, 0.0)
    outward_bits: tuple[float, float] = (0.0, 0.0)
    merged_pj: tuple[float, float] = (0.0, 0.0)
    merged_bits: tuple[float, float] = (0.0, 0.0)


class Prices:
    """Prices of a case on a chip. A chip without costs is charged for the bits of its outermost level.

    Attributes
    ----------
    known : bool
        Whether energies are in pJ; else they stand for bits of the outermost level.
    fixed_pj : float
        What every mapping pays: arithmetic, vector operations, conversion of outputs, biases.
    static_pj : float
        What every cycle costs.
    add_pj : float
        One addition of two partial sums outside the MACs.
    """

    def __init__(self, chip: Chip, case: Case) -> None:
        self.chip, self.case = chip, case
        self._chains: dict[tuple[str, tuple[str, ...]], tuple[list[Crossing], float]] = {}
        self.known = True
        home_level = home(chip)
        self._home = home_level.name if home_level is not None else None
        self._levels = {level.name: level for level in chip.levels}
        self._density = float(case.shape.density)
        self._convert = {operand: self._conversion(operand) for operand in "WIO"}
        rate = chip.macs_per_pe_cycle(*multiplied_formats(case))
        add = self._value(chip.add_pj(case.formats.accumulator.name))
        done = case.shape.macs * float(case.work.multiplied)
        fixed = done * (self._value(chip.multiply_pj(rate.weight, rate.input)) + add)
        if chip.sparsity is not None and chip.sparsity.zero_test_pj is not None and case.layer.sparsity:
            fixed += case.shape.macs * float(case.work.timed) * self._value(chip.sparsity.zero_test_pj)
        fixed += self._convert["O"][0] * case.shape.words("O")
        for kind, count in case.layer.vector_ops:
            if count:
                fixed += count * self._value(chip.operation_pj(kind, case.vector_format.name))
        self.bias_bits = case.layer.parameters * case.vector_format.bits
        stays = "W" in case.resident and case.layer.second_operand == "weights" and self._home is not None
        self.bias_level = str(self._home) if stays else chip.outermost.name
        if self.bias_bits:
            fixed += self.bias_bits * self._value(access_pj(self._levels[self.bias_level], "read"))
        static = sum(weight * cost.value for _, _, weight, cost in static_costs(chip))
        for level in chip.levels:
            self._value(level.read_pj_per_bit)
            self._value(level.write_pj_per_bit)
        if self.known:
            self.fixed_pj, self.static_pj, self.add_pj = fixed, static, add
        else:
            bits = self.bias_bits if self.bias_level == chip.outermost.name else 0
            self.fixed_pj, self.static_pj, self.add_pj = float(bits), 0.0, 0.0

    def _value(self, cost: Sourced | None) -> float:
        if cost is None:
            self.known = False
            return 0.0
        return cost.value

    def _conversion(self, operand: str) -> tuple[float, float]:
        """Energy and converter cycles of the conversions that go with one word."""
        rate = self.chip.conversions_per_cycle
        own = [conversion for conversion in self.case.formats.conversions if conversion.operand == operand]
        energy = sum(float(one.count_per) * self._value(conversion_pj(self.chip, one)) for one in own)
        return energy, sum(float(one.count_per) / rate.value for one in own) if rate is not None else 0.0

    @property
    def output_converter_cycles(self) -> float:
        """Converter cycles for the finished outputs, the same in every mapping."""
        return self._convert["O"][1] * self.case.shape.words("O")

    def crossings(self, operand: str, chain: Sequence[str]) -> tuple[list[Crossing], float]:
        """Return the crossings of an operand from the outermost level to the MACs, and a fixed energy in pJ."""
        key = operand, tuple(chain)
        if key not in self._chains:
            self._chains[key] = self._outputs(chain) if operand == "O" else self._inputs(operand, chain)
        return self._chains[key]

    def _pj(self, level: str, action: str) -> float:
        """Energy of one bit."""
        if not self.known:
            return float(level == self.chip.outermost.name)
        cost = access_pj(self._levels[level], action)
        return 0.0 if cost is None else cost.value

    def _moves(self, operand: str, chain: Sequence[str], place: int) -> bool:
        """Whether words really move between ``chain[place]`` and the next level inside it."""
        if self._home is None or self._home not in chain or operand not in self.case.resident:
            return True
        return chain.index(self._home) <= place

    def _link_pj(self, chain: Sequence[str], receiver: int) -> float:
        """Wire energy of one bit delivered into a level of the chain (its length: the MACs)."""
        if not self.known:
            return 0.0
        depths = [self._levels[name].depth for name in chain] + [len(self.chip.fanouts)]
        crossed = self.chip.fanouts[depths[receiver - 1] : depths[receiver]]
        return sum(fanout.link_pj_per_bit.value for fanout in crossed if fanout.link_pj_per_bit is not None)

    def _inputs(self, operand: str, chain: Sequence[str]) -> tuple[list[Crossing], float]:
        case, multiplied = self.case, multiplied_bits(self.case, operand)
        stored = {name: stored_at(case, operand, name) for name in chain}
        converted = {name: multiplied_at(case, operand, name) for name in chain}
        point = conversion_place(self.chip, chain, self.case, operand)
        pj, cycles = self._convert[operand] if self.known else (0.0, self._convert[operand][1])
        found = []
        for place, (sender, receiver) in enumerate(pairwise(chain)):
            moves = self._moves(operand, chain, place)
            sent = stored[sender] if place < point else converted[sender]
            inward = stored[receiver] if place + 1 < point else converted[receiver]
            converts = place + 1 == point
            into = inward * (self._pj(receiver, "fill") + self._link_pj(chain, place + 1)) + converts * pj
            found.append(
                Crossing(
                    sender, receiver,
                    sent_pj=moves * sent * self._pj(sender, "read"), sent_bits=moves * sent,
                    inward_pj=moves * into, inward_bits=moves * inward,
                    converter_cycles=moves * converts * cycles,
                )
            )  # fmt: skip
        own, converts = chain[-1], point == len(chain)
        density = self._density * case.work.fed(operand, own)
        fed = stored[own] if len(chain) - 1 < point else converted[own]
        found.append(
            Crossing(
                own, "",
                sent_pj=density * (fed * self._pj(own, "read") + converts * pj), sent_bits=density * fed,
                inward_pj=0.0, inward_bits=0.0,
                converter_cycles=density * converts * cycles,
            )
        )  # fmt: skip
        links = self._link_pj(chain, len(chain)) * case.work.fed(operand, "")
        return found, case.shape.macs * multiplied * links

    def _outputs(self, chain: Sequence[str]) -> tuple[list[Crossing], float]:
        case, partial = self.case, multiplied_bits(self.case, "O")
        stored = {name: stored_at(case, "O", name) for name in chain}
        found = []
        for place, (sender, receiver) in enumerate(pairwise(chain)):
            moves = self._moves("O", chain, place)
            link = self._link_pj(chain, place + 1)
            write, drain = self._pj(sender, "update"), self._pj(receiver, "drain") + link
            found.append(
                Crossing(
                    sender, receiver,
                    sent_pj=moves * partial * self._pj(sender, "read"), sent_bits=moves * partial,
                    inward_pj=moves * partial * (self._pj(receiver, "return") + link), inward_bits=moves * partial,
                    outward_pj=(moves * partial * drain, moves * stored[receiver] * drain),
                    outward_bits=(moves * partial, moves * stored[receiver]),
                    merged_pj=(moves * partial * write, moves * stored[sender] * write),
                    merged_bits=(moves * partial, moves * stored[sender]),
                )
            )  # fmt: skip
        own, links = chain[-1], self._link_pj(chain, len(chain)) * case.work.fed("O", "")
        density = self._density * case.work.fed("O", own)
        found.append(
            Crossing(
                own, "",
                sent_pj=density * partial * self._pj(own, "read"), sent_bits=density * partial,
                inward_pj=0.0, inward_bits=0.0,
                merged_pj=(density * partial * self._pj(own, "update"), 0.0),
                merged_bits=(density * partial, 0.0),
            )
        )  # fmt: skip
        return found, case.shape.macs * partial * links
