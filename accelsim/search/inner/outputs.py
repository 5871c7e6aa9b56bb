"""How many words of O leave each node, return to it, and are finished when they move? One mapping at a time.

As `accelsim.mapping.accumulating` has it for many at once.
"""

from __future__ import annotations

import numpy as np

from accelsim.search.compiled import jit
from accelsim.search.inner.states import FREE, POSITIONS, START, STILL, entered, held, measure, spread_over, working

READ, FILLED, UPDATED, FINISHED, DRAINED, DELIVERED = 0, 1, 2, 3, 4, 5
"""Columns of the words of a node: updates and drains, each unfinished and finished."""

MOST_SHARED = 24
"""The most nodes that instances may share."""


@jit
def left(loops, nest, node, merge):
    """Words of O that leave a node, those of the instances inside ``merge`` that share them as one."""
    total = 0.0
    for a in range(-1, nest.advances):
        advance = nest.advance[a] if a >= 0 else START
        if advance >= node:
            break
        new = 1.0
        for d in range(loops.dims):
            if loops.reuse[d] == 2:
                new *= working(loops, nest, d, node, advance, merge)
        old = new if a >= 0 else 0.0
        for d in range(loops.dims):
            if loops.reuse[d] != 2:
                new *= entered(loops, nest, d, node, advance)
                if old > 0:
                    old *= held(loops, nest, d, node, advance)
        total += new - old
    return total


@jit
def alone(loops, nest, parent, node, mover):
    """Whether one instance of a node alone has work in the last holding that a loop ends.

    Temporal reduction loops outside it stand at their last index, and the second instance of every spatial one
    has nothing to do.
    """
    for d in range(loops.dims):
        if loops.reuse[d] != 2:
            continue
        lead, seconds = loops.extent[d], 0
        for j in range(nest.count[d]):
            at, tile = nest.at[d, j], nest.tile[d, j]
            if at > node:
                break
            last = (lead - 1) // tile if nest.spatial[d, j] == 0 and at < mover else 0
            for i in range(seconds):
                nest.own[i] = min(max(nest.own[i] - last * tile, 0), tile)
            if nest.spatial[d, j] > 0 and at > parent:
                nest.own[seconds] = min(max(lead - tile, 0), tile)
                seconds += 1
            lead = min(lead - last * tile, tile)
        for i in range(seconds):
            if nest.own[i] > 0:
                return False
    return True


@jit
def find_crowds(loops, nest):
    """Find the nodes of O whose words several instances work on, and which loops end that; how many there are."""
    count = 0
    for k in range(1, nest.nodes[2]):
        parent, node = nest.node[2, k - 1], nest.node[2, k]
        spreads = False
        for d in range(loops.dims):
            if loops.reuse[d] == 2 and spread_over(nest, d, parent, node) > 1:
                spreads = True
        if spreads:
            nest.shared[count] = k
            nest.crowd[count, 0] = not alone(loops, nest, parent, node, START)
            for a in range(nest.advances):
                at = nest.advance[a]
                nest.crowd[count, a + 1] = at < node and alone(loops, nest, parent, node, at)
            count += 1
    return count


@jit
def ends(nest, chosen, at):
    """Whether an advance of a loop ends the sharing of a chosen node."""
    for a in range(nest.advances):
        if nest.advance[a] == at:
            for s in range(MOST_SHARED):
                if chosen >> s == 0:
                    break
                if chosen >> s & 1 and nest.crowd[s, a + 1] > 0:
                    return True
    return False


@jit
def crowded(loops, nest, chosen):
    """Words of O that every chosen node shares in its last holding; ``chosen`` are bits."""
    words = 1.0
    for s in range(MOST_SHARED):
        if chosen >> s == 0:
            break
        if chosen >> s & 1 and nest.crowd[s, 0] == 0:
            return 0.0
    for d in range(loops.dims):
        if loops.reuse[d] != 2:
            for j in range(nest.count[d]):
                nest.role[j] = FREE
                if nest.spatial[d, j] == 0 and ends(nest, chosen, nest.at[d, j]):
                    nest.role[j] = STILL
            words *= measure(nest, d, loops.extent[d], nest.bottom, POSITIONS)
    return words


@jit
def finished(loops, nest, crowds, k):
    """Words of O whose last holder was at every node down to node ``k`` the only one to work on them."""
    count = 0
    while count < crowds and nest.shared[count] <= k:
        count += 1
    total = 0.0
    for chosen in range(1 << count):
        sign, rest = 1.0, chosen
        while rest > 0:
            sign = -sign if rest & 1 else sign
            rest >>= 1
        total += sign * crowded(loops, nest, chosen)
    return total


@jit
def accumulate(loops, nest):
    """Count the words of O that move between its nodes."""
    words = 1.0
    for d in range(loops.dims):
        if loops.reuse[d] != 2:
            words *= loops.extent[d]
    crowds = find_crowds(loops, nest)
    touched, ready = words, finished(loops, nest, crowds, np.int64(0))
    for k in range(1, nest.nodes[2]):
        parent, node = nest.node[2, k - 1], nest.node[2, k]
        leaving, updates = left(loops, nest, node, node), left(loops, nest, node, parent)
        back = updates - touched
        done = finished(loops, nest, crowds, k)
        nest.words[2, k - 1, READ], nest.words[2, k, FILLED] = back, back
        nest.words[2, k - 1, UPDATED], nest.words[2, k - 1, FINISHED] = updates - ready, ready
        nest.words[2, k, DRAINED], nest.words[2, k, DELIVERED] = leaving - done, done
        touched, ready = leaving - back, done
    last = nest.nodes[2] - 1
    updates = words
    for d in range(loops.dims):
        if loops.reuse[d] == 2:
            updates *= working(loops, nest, d, nest.bottom, nest.bottom, nest.node[2, last])
    nest.words[2, last, READ] = updates - touched
    nest.words[2, last, UPDATED], nest.words[2, last, FINISHED] = updates, 0.0
