"""How many words does one mapping move? The engine's closed forms, one mapping at a time, in compiled loops.

The same sums as `accelsim.mapping.counts`, which counts many mappings of one structure at once, and equal to
it word for word; docs/model.md derives them. A search asks for one mapping of one structure after another.
"""

from __future__ import annotations

from accelsim.search.compiled import entry, jit
from accelsim.search.inner.outputs import FILLED, READ, accumulate
from accelsim.search.inner.states import START, entered, held, moves, spread_over, working
from accelsim.search.inner.windows import axis_of, image


@jit
def plain(loops, operand, d):
    """Whether an operand has a dimension, and not by way of a window."""
    if loops.reuse[d] == operand:
        return False
    return operand != 1 or not (
        (loops.y.slides > 0 and (d == loops.y.out or d == loops.y.taps))
        or (loops.x.slides > 0 and (d == loops.x.out or d == loops.x.taps))
    )


@jit
def fetch(loops, nest, scratch, operand, node, parent, advance):
    """Words of W or I newly filled into a node over all advances of a loop, and read from its parent for it."""
    repeated, sharers = 1.0, 1.0
    for d in range(loops.dims):
        if loops.reuse[d] == operand:
            repeated *= working(loops, nest, d, node, advance, START) * spread_over(nest, d, START, parent)
            sharers *= spread_over(nest, d, parent, node)
    new, old = repeated, repeated if advance != START else 0.0
    for d in range(loops.dims):
        if plain(loops, operand, d):
            new *= entered(loops, nest, d, node, advance)
            if old > 0:
                old *= held(loops, nest, d, node, advance)
    filled, kept, read, known = new, old, new, old
    if operand == 1 and new > 0:
        for number in range(2):
            axis = axis_of(loops, number)
            if axis.slides > 0:
                image(loops, nest, axis, scratch, node, parent, advance)
                filled *= nest.image[0]
                kept *= nest.image[1]
                read *= nest.image[2]
                known *= nest.image[3]
    return sharers * (filled - kept), read - known


@jit
def fetched(loops, nest, scratch, operand):
    """Count the words of W or I that move into every node."""
    for k in range(1, nest.nodes[operand]):
        parent, node = nest.node[operand, k - 1], nest.node[operand, k]
        filled, read = fetch(loops, nest, scratch, operand, node, parent, START)
        nest.first[operand, k, 0], nest.first[operand, k, 1] = filled, read
        for a in range(nest.advances):
            if nest.advance[a] >= node:
                break
            more, extra = fetch(loops, nest, scratch, operand, node, parent, nest.advance[a])
            filled += more
            read += extra
        nest.words[operand, k, FILLED], nest.words[operand, k - 1, READ] = filled, read


@jit
def fed(loops, nest, scratch, operand):
    """Words that the MACs take of W or I: at every step once for all that share an instance of the innermost node."""
    node, bottom = nest.node[operand, nest.nodes[operand] - 1], nest.bottom
    words = 1.0
    for d in range(loops.dims):
        if loops.reuse[d] == operand:
            words *= working(loops, nest, d, bottom, bottom, node)
        elif plain(loops, operand, d):
            words *= loops.extent[d]
    if operand == 1:
        for number in range(2):
            axis = axis_of(loops, number)
            if axis.slides > 0:
                image(loops, nest, axis, scratch, bottom, node, bottom)
                words *= nest.image[2]
    return words


@jit
def steps(loops, nest):
    """Steps of all temporal loops."""
    result = 1.0
    for d in range(loops.dims):
        result *= working(loops, nest, d, nest.bottom, nest.bottom, START)
    return result


@entry
def count(loops, nest, scratch):
    """Count all words that a mapping moves."""
    for operand in range(3):
        for k in range(nest.nodes[operand]):
            for column in range(6):
                nest.words[operand, k, column] = 0.0
    for operand in range(2):
        fetched(loops, nest, scratch, operand)
        nest.words[operand, nest.nodes[operand] - 1, READ] = fed(loops, nest, scratch, operand)
    accumulate(loops, nest)


@jit
def visits(loops, nest, operand):
    """Boxes of an operand that its innermost node holds one after another."""
    node = nest.node[operand, nest.nodes[operand] - 1]
    total, replaced = 1.0, False
    for a in range(nest.advances - 1, -1, -1):
        advance = nest.advance[a]
        if advance < node:
            for d in range(loops.dims):
                replaced = replaced or (loops.reuse[d] != operand and moves(nest, d, advance))
            if replaced:
                often = 1.0
                for d in range(loops.dims):
                    often *= working(loops, nest, d, nest.bottom, advance, START)
                total += often
    return total
