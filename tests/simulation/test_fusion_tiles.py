"""Does every tile find the rows that it reads, with no more kept than stated? By stepping through tiles with sets."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.simulation.fusion.tiles import Part, Rows, tiling
from accelsim.workload.shape import Window


@st.composite
def chains(draw: st.DrawFn) -> list[Rows]:
    """Two to four layers, each reading the one before; some read an earlier one of as many rows as well."""
    rows = size = draw(st.integers(1, 14))
    made: list[Rows] = []
    for number in range(draw(st.integers(2, 4))):
        taps, stride, dilation, pad = (draw(st.integers(*span)) for span in ((1, 4), (1, 3), (1, 2), (0, 2)))
        behind = draw(st.integers(0, 2))
        rows = (size + pad + behind - dilation * (taps - 1) - 1) // stride + 1
        assume(rows >= 1)
        reads = (made[-1].name,) if made else ()
        plain = taps == stride == 1 and pad == 0
        if plain:
            reads += tuple(one.name for one in made[:-1] if one.rows == size and draw(st.booleans()))
        made.append(Rows(f"l{number}", rows, Window(stride, dilation, pad, size), taps, reads))
        size = rows
    return made


def touched(one: Rows, row: int) -> set[int]:
    """Input rows of one output row, from its first tap to its last (a box has no gaps); padding left out."""
    first = row * one.window.stride - one.window.pad
    return {
        place
        for place in range(first, first + one.window.dilation * (one.taps - 1) + 1)
        if 0 <= place < one.window.size
    }


def reach(one: Rows, row: int) -> int:
    """How many input rows a layer waits for before it computes a row, whether or not padding is all that it reads."""
    return min(one.window.size, row * one.window.stride - one.window.pad + one.window.dilation * (one.taps - 1) + 1)


@settings(max_examples=150, deadline=None)
@given(members=chains(), tile=st.integers(1, 6))
def test_by_stepping_through_tiles_with_sets(members, tile):
    """An executor that knows only windows: it computes, row by row and on demand, what the last layer's tiles need."""
    found = tiling(members, tile)
    last = members[-1]
    by_name = {one.name: one for one in members}
    computed: dict[str, set[int]] = {one.name: set() for one in members}
    reads_later = {one.name: [reader for reader in members if one.name in reader.reads] for one in members}
    counted: dict[str, list[tuple[int, int]]] = {one.name: [] for one in members}
    most = dict.fromkeys(found.kept, 0)

    def need(name: str, wanted: set[int], fresh: dict[str, set[int]]) -> None:
        """Compute rows of a layer up to the last one wanted, and before them what they read."""
        if not wanted:
            return
        new = set(range(max(wanted) + 1)) - computed[name] - fresh[name]
        fresh[name] |= new
        for producer in by_name[name].reads:
            need(producer, set(range(reach(by_name[name], max(new)))) if new else set(), fresh)

    for start in range(0, last.rows, tile):
        fresh: dict[str, set[int]] = {one.name: set() for one in members}
        need(last.name, set(range(start, min(start + tile, last.rows))), fresh)
        if start + tile >= last.rows:
            for one in reversed(members):
                need(one.name, {one.rows - 1}, fresh)
        for name, rows in fresh.items():
            assert not rows & computed[name], "no row is computed twice"
            if rows:
                counted[name].append((len(rows), len(set().union(*(touched(by_name[name], row) for row in rows)))))
        for name in most:
            readers = reads_later[name]
            pending = {
                place
                for reader in readers
                for row in range(reader.rows)
                if row not in computed[reader.name]
                for place in touched(reader, row)
            }
            there = {row for row in computed[name] | fresh[name] if row in pending or row in fresh[name]}
            most[name] = max(most[name], len(there))
        for name, rows in fresh.items():
            computed[name] |= rows
    assert all(computed[one.name] == set(range(one.rows)) for one in members)
    assert found.tiles == len(range(0, last.rows, tile))
    for one in members:
        stated = sorted((part.rows, part.size) for part in found.parts[one.name].elements())
        executed = sorted(counted[one.name])
        assert [rows for rows, _ in stated] == [rows for rows, _ in executed]
        for (_, size), (_, words) in zip(stated, executed, strict=True):
            assert size >= words, "a part reads the box of rows that it touches"
    for name, rows in most.items():
        assert found.kept[name] >= rows, "all that a later tile reads has a place"


def test_two_convolutions_by_hand():
    """8 rows, 3 taps, padded: a tile of 4 needs 5 rows at first and 3 more then, 5 at once (rows 3 to 7)."""
    window = Window(1, 1, 1, 8)
    found = tiling([Rows("one", 8, window, 3), Rows("two", 8, window, 3, ("one",))], 4)
    assert found.tiles == 2
    assert found.parts["one"] == {Part(5, 1, 6): 1, Part(3, 0, 4): 1}
    assert found.parts["two"] == {Part(4, 1, 5): 1, Part(4, 0, 5): 1}
    assert found.kept == {"one": 5}


def test_tokens_have_no_halo():
    window = Window(1, 1, 0, 10)
    found = tiling(
        [Rows("up", 10, window), Rows("act", 10, window, 1, ("up",)), Rows("down", 10, window, 1, ("act",))], 4
    )
    assert found.parts["up"] == {Part(4, 0, 4): 2, Part(2, 0, 2): 1}
    assert found.kept == {"up": 4, "act": 4}
