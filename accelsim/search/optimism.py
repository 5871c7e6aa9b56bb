"""What do partial mappings cost at least? Optimistic words, boxes and cycles, priced as the engine does.

For a node with tile T, P instances outside it and S between it and its parent, an operand of which the
words number ``own`` and the dimensions r reuse it (its box does not depend on them) ::

    W, I:  fills >= own * prod_r ceil(D / (T P)) P        reads >= own * prod_r ceil(D / (T P)) P_parent
    O:     drained >= own * prod_r ceil(D / T)            updates >= own * prod_r ceil(D / (T S))

These are equalities where tiles divide and loops that reuse an operand stand directly below its node
(docs/search.md). What is not decided is taken at its best: compulsory traffic, and as many instances as
there are. Input rows and columns add the halo (`accelsim.search.image`).
"""

from __future__ import annotations

from accelsim.engine.case import Floats
from accelsim.search.bill import Bill, Least
from accelsim.search.facts import Facts
from accelsim.search.inward import add_inputs
from accelsim.search.outlook import Outlook
from accelsim.search.outward import add_outputs
from accelsim.search.partial import Partial


class Optimist:
    """Lower bounds for the partial mappings of a skeleton.

    Parameters
    ----------
    facts : Facts

    Attributes
    ----------
    outlook : Outlook or None
        What the nodes outside all fan-outs cost at least; by default each is taken alone.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.outlook: Outlook | None = None

    def least(self, part: Partial) -> Least:
        """Return lower bounds of every row.

        They take it that no operand stays inside a group of fan-outs while loops outside the group run above
        nodes of other operands, until those loops are decided (docs/search.md).
        """
        return self._bill(part).total()

    def crossings(self, part: Partial) -> dict[int, tuple[Floats, Floats]]:
        """Return the energy of what crosses into every node, and the bits of the outermost level for it."""
        return self._bill(part).crossing

    def _bill(self, part: Partial) -> Bill:
        bill = Bill(self.facts, part, self.outlook)
        for operand in "WI":
            add_inputs(bill, operand)
        add_outputs(bill)
        prices = self.facts.prices
        bill.clock.ports[prices.bias_level].add(prices.bias_bits, 0.0)
        return bill
