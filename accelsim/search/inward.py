"""What does it cost at least to bring weights or inputs to the MACs? Optimistic words at the engine's prices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from accelsim.engine.case import Floats
from accelsim.search.bill import Bill
from accelsim.search.clock import Flow
from accelsim.search.facts import PLAIN_INPUT
from accelsim.search.image import fetched
from accelsim.search.prices import Crossing
from accelsim.search.skeleton import REUSE
from accelsim.search.undecided import returns


def add_inputs(bill: Bill, operand: str) -> None:
    """Add what crosses into every node of W or I, and what the MACs are fed.

    Parameters
    ----------
    bill : Bill
    operand : {"W", "I"}
    """
    facts = bill.facts
    places = facts.skeleton.nodes[operand]
    prices, fixed = facts.prices.crossings(operand, facts.skeleton.chains[operand])
    bill.energy = bill.energy + fixed
    for number, (parent, node) in enumerate(pairwise(places)):
        price = prices[number]
        fills, reads = _words(bill, operand, parent, node)
        bill.room.add(operand, number + 1)
        bill.charge(node, price, fills * price.inward_pj + reads * price.sent_pj, reads * price.sent_bits)
        bill.clock.converting = bill.clock.converting + fills * price.converter_cycles
        bill.clock.move(price, Flow(sender_read=reads * price.sent_bits, receiver_written=fills * price.inward_bits))
        if node >= bill.part.place:
            bill.clock.load(operand, node, fills)
            if bill.instances.known(node):
                bill.clock.start(price, _first(bill, operand, parent, node, price))
    _feed(bill, operand, places[-1], prices[-1])


def _words(bill: Bill, operand: str, parent: int, node: int) -> tuple[Floats, Floats]:
    """Words filled into a node and read from its parent."""
    facts, instances, reuse = bill.facts, bill.instances, REUSE[operand]
    words = float(facts.shape.words("W")) if operand == "W" else float(facts.plain_input)
    if node < bill.part.place:
        least = words * (facts.touched if operand == "I" else 1.0)
        alone, together = returns(instances, operand, parent, node)
        return least * alone, least * together
    states = bill.comings.comings(operand, node, -1)
    into, out_of = (states, states) if operand == "W" else fetched(instances, parent, node, states)
    fills, reads = words * into, words * out_of
    if instances.known(node):
        fills = fills * facts.times(instances.outside(node), reuse)
        reads = reads * facts.times(instances.outside(parent), reuse)
    return fills, reads


def _first(bill: Bill, operand: str, parent: int, node: int, price: Crossing) -> Flow:
    """The first boxes of all instances: filled into a decided node, and read for them."""
    facts, outside, reuse = bill.facts, bill.instances.outside(node), REUSE[operand]
    held = np.minimum(bill.part.tiles[node] * outside, facts.extents)
    if operand == "W":
        box = facts.words("W", held)
    else:
        box = facts.times(held, PLAIN_INPUT)
        for axis, out, taps in facts.sides:
            box = box * axis.first(held[:, out], held[:, taps])
    filled = box * facts.times(outside, reuse)
    read = box * facts.times(bill.instances.outside(parent), reuse)
    return Flow(sender_read=read * price.sent_bits, receiver_written=filled * price.inward_bits)


def _feed(bill: Bill, operand: str, last: int, price: Crossing) -> None:
    """Add what the MACs take from the innermost node."""
    facts, bottom = bill.facts, len(bill.facts.skeleton.places)
    words = float(facts.shape.words("W")) if operand == "W" else float(facts.plain_input)
    fed = words * bill.comings.states(REUSE[operand], bottom, last)
    if operand == "I":
        below = bill.instances.between(last, bottom)
        for axis, out, taps in facts.sides:
            fed = fed * axis.pairs / np.minimum(below[:, out], below[:, taps])
    bill.energy = bill.energy + fed * price.sent_pj
    bill.clock.converting = bill.clock.converting + fed * price.converter_cycles
    bill.clock.ports[price.sender].add(fed * price.sent_bits, 0.0)
