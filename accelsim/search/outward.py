"""What does it cost at least to collect the outputs? Optimistic partial sums at the engine's prices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from accelsim.engine.case import Floats
from accelsim.search.bill import Bill
from accelsim.search.clock import Flow
from accelsim.search.partial import Bools
from accelsim.search.prices import Crossing
from accelsim.search.skeleton import REUSE
from accelsim.search.undecided import returns


def add_outputs(bill: Bill) -> None:
    """Add what crosses into and out of every node of O, and what the MACs write."""
    facts, instances = bill.facts, bill.instances
    places = facts.skeleton.nodes["O"]
    prices, fixed = facts.prices.crossings("O", facts.skeleton.chains["O"])
    bill.energy = bill.energy + fixed
    words = float(facts.shape.words("O"))
    perfect = bill.comings.perfect()
    touches: Floats = np.full(len(bill.part), words)
    apart = np.zeros(len(bill.part), dtype=bool)  # reduction spread outside the parent
    for number, (parent, node) in enumerate(pairwise(places)):
        price = prices[number]
        drained, updates = _words(bill, parent, node)
        outside = facts.times(instances.outside(parent), REUSE["O"])
        returned = np.maximum(np.where(apart, updates / outside - words, updates - touches), 0.0)
        bill.room.add("O", number + 1)
        ready = np.minimum(_finished(words, apart & perfect), updates)
        apart = apart | (facts.times(instances.between(parent, node), REUSE["O"]) > 1)
        final = np.minimum(_finished(words, apart & perfect), drained)
        _charge(bill, node, price, returned, (updates - ready, ready), (drained - final, final))
        if node >= bill.part.place:
            bill.clock.load("O", node, drained)
            if instances.known(node):
                bill.clock.finish(price, _last(bill, node, price, ready))
        touches = drained - returned
    _collect(bill, places[-1], prices[-1], touches)


def _finished(words: float, unfinished: Bools) -> Floats:
    """Words that cross finished: each once, or none where instances outside add them up."""
    return np.where(unfinished, 0.0, words)


def _words(bill: Bill, parent: int, node: int) -> tuple[Floats, Floats]:
    """Words drained from a node, and words with which its parent is updated."""
    words = float(bill.facts.shape.words("O"))
    if node >= bill.part.place:
        return words * bill.comings.comings("O", node, node), words * bill.comings.comings("O", node, parent)
    alone, together = returns(bill.instances, "O", parent, node)
    return words * alone, words * together


def _charge(
    bill: Bill,
    node: int,
    price: Crossing,
    returned: Floats,
    merged: tuple[Floats, Floats],
    drained: tuple[Floats, Floats],
) -> None:
    """Add words that return to a node, and words that leave it and arrive outside, unfinished and finished."""
    energy = (
        returned * (price.sent_pj + price.inward_pj)
        + drained[0] * price.outward_pj[0] + drained[1] * price.outward_pj[1]
        + merged[0] * price.merged_pj[0] + merged[1] * price.merged_pj[1]
        + np.maximum(sum(drained) - sum(merged), 0.0) * bill.facts.prices.add_pj
    )  # fmt: skip
    read = returned * price.sent_bits
    written = merged[0] * price.merged_bits[0] + merged[1] * price.merged_bits[1]
    bill.charge(node, price, energy, read + written)
    flow = Flow(
        sender_read=read,
        receiver_written=returned * price.inward_bits,
        receiver_read=drained[0] * price.outward_bits[0] + drained[1] * price.outward_bits[1],
        sender_written=written,
    )
    bill.clock.move(price, flow)


def _last(bill: Bill, node: int, price: Crossing, ready: Floats) -> Flow:
    """The last boxes of all instances: drained from a decided node, and updated outside it."""
    facts, outside = bill.facts, bill.instances.outside(node)
    box = facts.words("O", np.minimum(bill.part.tiles[node] * outside, facts.extents))
    return Flow(
        sender_written=np.where(ready > 0, box, 0.0) * price.merged_bits[1],
        receiver_read=box * facts.times(outside, REUSE["O"]) * price.outward_bits[1],
    )


def _collect(bill: Bill, last: int, price: Crossing, touches: Floats) -> None:
    """Add what the MACs write to the innermost node and read back."""
    facts, words = bill.facts, float(bill.facts.shape.words("O"))
    updates = words * bill.comings.states(REUSE["O"], len(facts.skeleton.places), last)
    if bill.instances.known(last):
        reads = np.maximum(updates - touches, 0.0)
    else:
        outside = facts.times(bill.instances.outside(last), REUSE["O"])
        reads = np.maximum(updates / outside - words, 0.0)
    bill.energy = bill.energy + reads * price.sent_pj + updates * price.merged_pj[0]
    bill.clock.ports[price.sender].add(reads * price.sent_bits, updates * price.merged_bits[0])
