"""What do the inner loops of the search need to know? Layer, skeleton and scratch space as records of fixed size.

Dimensions of extent 1 are left out. A dimension belongs to the *class* of the operand that it reuses
(0: W, 1: I, 2: O; `NONE` for G, which all have). Places are numbered from outside to inside, and levels as the
chip lists them, innermost first, so that the outermost level is the last. A record is laid out once, so that the
compiled code knows where everything is, and fits every chip with at most `PLACES` nodes and groups of fan-outs.
"""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Records = NDArray[np.void]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DIMENSIONS, PLACES, LEVELS = 8, 24, 10
"""The most that there may be."""

ORDERS = np.array(list(permutations(range(4))))
"""Orders of the image loops OY, OX, FY, FX, from outside to inside."""

DEEP = 2 * PLACES
"""The most loops of one dimension."""

# A number of Python is a type of its own to numba, which compiles a function for each. So those that are handed on
# are of numpy.

FIRST = np.int64(0)
"""The first depth, place or variant."""

WEIGHT, INPUT, OUTPUT = np.int64(0), np.int64(1), np.int64(2)
"""The operands."""

NONE = 3
"""The class of a dimension that every operand has; the kind of a place that is a group of fan-outs."""

_AXIS = [
    ("stride", "i8"), ("dilation", "i8"), ("pad", "i8"), ("size", "i8"),
    ("slides", "i8"),  # whether it is more than a plain dimension
    ("out", "i8"), ("taps", "i8"),  # its dimensions, -1 for those of one step
    ("touched", "f8"),  # input positions that are reached
    ("pairs", "f8"),  # pairs of an output and a filter position that reach one
]  # fmt: skip

LOOPS = np.dtype(
    [
        ("dims", "i8"),
        ("extent", "i8", DIMENSIONS),
        ("reuse", "i8", DIMENSIONS),  # the class of every dimension
        ("image", "i8", DIMENSIONS),  # 0 to 3 for OY, OX, FY, FX where the input has a window, else -1
        ("at_image", "i8", 4),  # the dimensions that are these, -1 for those of one step
        ("order", "i8", DIMENSIONS),  # dimensions as their loops stand, those of the image innermost
        ("choices", "i8", DIMENSIONS),  # tiles to choose from
        ("exact", "i8"),  # whether tiles must divide
        ("windowed", "i8"),
        ("wholes", "i8"),  # whether nodes of double-buffered levels may keep a whole operand whatever their loops
        ("halo", "i8"),  # whether what tiles reach of the input is known
        ("y", _AXIS),
        ("x", _AXIS),
        ("words", "f8", 3),  # of W, I and O that must move at least
    ],
    align=True,
)
"""The loop nest of a layer."""

PLAN = np.dtype(
    [
        ("places", "i8"),
        ("levels", "i8"),  # the outermost included
        ("kind", "i8", PLACES),  # operand of a node, or NONE for a group of fan-outs
        ("level", "i8", PLACES),  # of a node
        ("parent", "i8", PLACES),  # place of the operand's next node outside, -1 for the outermost level
        ("inner", "i8", PLACES),  # and of the next one inside, -1 for the MACs
        ("last", "i8", 3),  # place of the innermost node of every operand, -1 for the outermost level
        # prices of one word between a node and its parent: pJ sent and received; pJ out, unfinished and finished;
        # pJ merged outside, likewise; the bits of all six; cycles of the converters
        ("cross", "f8", (PLACES, 13)),
        # prices of one word between the innermost node and the MACs: pJ sent and merged, bits of both, converter
        ("feed", "f8", (3, 5)),
        ("bits", "f8", (PLACES, 2)),  # width of a word of a box: at the least, and with partial sums
        ("keeper", "i8", PLACES),  # 1 for nodes just inside a group of fan-outs that may keep more than one tile
        ("pins", "i8", (PLACES, DIMENSIONS)),  # tiles that are given, 0 for those that are not
        # whether a loop of a dimension stands directly below the place before: 1 it must, 2 it must not, 0 it may
        ("loops", "i8", (PLACES + 1, DIMENSIONS)),
        ("capacity", "f8", LEVELS),  # in bits; below 0: unbounded
        ("copies", "f8", LEVELS),  # of what moves
        ("taken", "f8", LEVELS),  # bits that are not free
        ("rate", "f8", (LEVELS, 3)),  # cycles per bit read and per bit written, and 1 where both share a port
        ("serial", "i8", LEVELS),  # 1 for levels whose transfers do not overlap with work
        ("ramps", "i8", LEVELS),  # 1 for those whose first transfers do not
        ("outside", "i8", LEVELS),  # place up to which groups of fan-outs stand outside a level
        ("groups", "i8"),
        ("group", "i8", PLACES),  # places of the groups
        ("fanouts", "i8", PLACES),  # of a group
        ("fixed_pj", "f8"),  # of every mapping
        ("own_pj", "f8", 3),  # the part of it that depends on the levels that keep an operand
        ("static_pj", "f8"),  # of every cycle
        ("add_pj", "f8"),  # of one addition of two partial sums outside the MACs
        ("work", "f8"),  # PE cycles of a step
        ("skew", "f8"),  # cycles of a systolic array, at the least
        ("register", "i8"),  # level of the registers of a systolic array that take time to load, -1 for none
        ("rows", "f8"),  # PEs that they are loaded through
        ("speed", "f8"),  # MACs of a PE in a cycle
        ("least_cycles", "f8"),  # of the vector unit
        ("converting", "f8"),  # cycles of converters for outputs
        ("bias_bits", "f8"),
        ("bias_level", "i8"),
    ],
    align=True,
)
"""A skeleton on a chip at the engine's prices."""

GOAL = np.dtype([("objective", "i8"), ("energy", "f8"), ("cycles", "f8")], align=True)
"""What is minimized: 0 energy, 1 cycles, 2 their product; ties by the other, in units of these."""

WORK = np.dtype(
    [
        ("tile", "i8", (PLACES, DIMENSIONS)),  # at a node with the loops directly below; at a group of one instance
        ("spread", "i8", (PLACES, DIMENSIONS)),  # instances over groups
        ("outside", "f8", (PLACES + 1, DIMENSIONS)),  # instances outside every place, and of the MACs
        ("comings", "f8", PLACES),
        ("used", "f8", LEVELS),  # instances of every level that work
        ("unit_pj", "f8", (PLACES, 2)),  # per coming: what is filled or drained, and what is read from the parent
        ("unit_bits", "f8", (PLACES, 5)),  # per coming: in and out of the parent, out of and into the node; converters
        ("cycles", "f8"),  # of the MACs
        # for every number of decided places, what it comes to so far
        ("top", "i8", (PLACES + 2, DIMENSIONS)),
        ("energy", "f8", PLACES + 2),
        ("converting", "f8", PLACES + 2),
        ("room", "f8", (PLACES + 2, LEVELS)),
        ("open", "i8", PLACES + 2),  # the keeper whose comings are not known yet, -1 for none
        ("bits", "f8", (PLACES + 2, LEVELS, 2)),  # read from and written to every level
        ("apart", "f8", (PLACES + 2, LEVELS, 2)),  # the part that moves while the MACs wait
        # first boxes into a level that ramps: read from each level outside, and written into it
        ("ramp", "f8", (PLACES + 2, LEVELS, LEVELS)),
        ("own_ramp", "f8", (PLACES + 2, LEVELS)),
        ("held", "i8", DIMENSIONS),
        ("side", "f8", 4),
        ("row", "i8", PLACES),  # which of its ways every group takes
        ("floor", "f8", (3, 3)),  # of every operand at its best: energy, bits read and written outermost
        ("count", "i8", PLACES),  # tiles lined up at every depth, and how far they are done
        ("position", "i8", PLACES),
    ],
    align=True,
)
"""Scratch space: what is decided."""

STATE = np.dtype(
    [
        ("below", "f8"),  # what to be below
        ("bounds", "i8"),  # computed
        ("counted", "i8"),  # mappings counted
        ("spent", "i8"),  # of the effort
        ("left", "f8"),  # the least bound of what was left undone
        ("unsettled", "f8"),  # the least bound of what costs more than its bound
        ("slack", "f8"),  # by how much more than the best a mapping may cost to be kept
    ],
    align=True,
)
"""How a search stands."""


class Scratch(NamedTuple):
    """Room to count the words of one mapping: tiles of both dimensions of an image axis, and input positions.

    Parameters
    ----------
    tiles : int64 array, shape (2, most, 4)
        First position and length of each, after and before a step.
    groups : int64 array, shape (2, most + 2)
        Where those begin that one parent serves together.
    marks : int64 array, shape (2, positions)
    """

    tiles: Ints
    groups: Ints
    marks: Ints


class Kept(NamedTuple):
    """The best complete mappings, in no order; arrays of ``n`` entries.

    Parameters
    ----------
    value : float array
        The objective as it is counted; infinite for what is empty.
    at : int64 array
        The skeleton.
    open : int64 array
        The place of a keeper, -1 for none.
    variant : int64 array
        Which of the nests that the bound does not tell apart.
    tile, spread : int64 arrays, shape (n, PLACES, DIMENSIONS)
    """

    value: Floats
    at: Ints
    open: Ints
    variant: Ints
    tile: Ints
    spread: Ints

    @classmethod
    def empty(cls, most: int) -> Kept:
        """Return room for so many."""
        value, tiles = np.full(most, np.inf), (most, PLACES, DIMENSIONS)
        at, open_, variant = (np.full(most, -1) for _ in range(3))
        return cls(value, at, open_, variant, np.ones(tiles, dtype=np.int64), np.ones(tiles, dtype=np.int64))


NEST = np.dtype(
    [
        ("below", "i8", (PLACES, DIMENSIONS)),  # tile at every place of the search
        ("box", "i8", (PLACES, DIMENSIONS)),  # and what a node has of it
        ("moved", "i8", PLACES),  # whether a loop outside a node replaces its box
        ("handed", "i8", DIMENSIONS),  # tile below the loops that are written
        ("turned", "i8"),  # a code of the order of image loops
        ("codes", "i8", 24),
        ("bottom", "i8"),  # position of the MACs; lines are numbered from outside to inside
        # the loops of every dimension, outermost first, those of a single step left out
        ("count", "i8", DIMENSIONS),
        ("at", "i8", (DIMENSIONS, DEEP)),
        ("tile", "i8", (DIMENSIONS, DEEP)),
        ("bound", "i8", (DIMENSIONS, DEEP)),
        ("spatial", "i8", (DIMENSIONS, DEEP)),
        ("advances", "i8"),  # temporal loops, outermost first
        ("advance", "i8", DIMENSIONS * DEEP),
        ("nodes", "i8", 3),  # of every operand, the outermost level's included
        ("node", "i8", (3, PLACES + 1)),
        # of every node: words read, filled, updated unfinished and finished, drained unfinished and finished
        ("words", "f8", (3, PLACES + 1, 6)),
        ("first", "f8", (3, PLACES + 1, 2)),  # words of W and I filled before the first step, and read outside for them
        # scratch space: what is asked of the loops of a dimension, classes of tiles, and sums of an image axis
        ("role", "i8", DEEP),
        ("weight", "i8", DEEP + 1),
        ("lead", "i8", DEEP + 1),
        ("own", "i8", DEEP + 1),
        ("image", "f8", 4),
        ("lines", "i8", 2),
        ("mark", "i8"),
        ("looked", "i8"),  # pairs of tiles of image axes that were looked at
        # nodes of O whose words instances share, and whether they do after the last advance of each loop
        ("shared", "i8", PLACES + 1),
        ("crowd", "i8", (PLACES + 1, DIMENSIONS * DEEP + 1)),
    ],
    align=True,
)
"""A complete mapping, and what it moves."""
