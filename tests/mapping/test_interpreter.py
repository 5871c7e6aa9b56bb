"""Does the interpreter count what a person counts by hand?

In a nest here, ``"RF:WI"`` is a node, ``"K2"`` a temporal loop over K that hands down tiles of 2,
and ``"C1@pe"`` a spatial loop. Words of outputs: T leave, U arrive above, F come back.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from random_nests import Case, Knobs, cases

from accelsim.errors import InputError
from accelsim.mapping.interpreter import Interpretation, interpret
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.mapping.tally import LevelCounts
from accelsim.workload.shape import Shape, Window

FLAT = Hierarchy((("DRAM", 0), ("GLB", 0), ("RF", 0)), ())
ARRAY = Hierarchy((("DRAM", 0), ("GLB", 0), ("RF", 1)), (("pe", 9),))
CLUSTERS = Hierarchy((("DRAM", 0), ("GLB", 1), ("RF", 2)), (("cluster", 2), ("pe", 4)))


def nest(text: str) -> Nest:
    """Return the nest written as words, outermost first."""
    return Nest(tuple(line(word) for word in text.split()))


def line(word: str) -> Loop | Keep:
    if ":" in word:
        return Keep(*word.split(":"))
    loop, _, fanout = word.partition("@")
    name = loop.rstrip("0123456789")
    return Loop(name, int(loop[len(name) :]), fanout or None)


def run(shape: Shape, text: str, hierarchy: Hierarchy = FLAT) -> Interpretation:
    return interpret(shape, nest(text), hierarchy)


def moved(shape: Shape, text: str, hierarchy: Hierarchy = FLAT) -> dict[tuple[str, str], LevelCounts]:
    return run(shape, text, hierarchy).counts


def test_weight_stationary_matmul() -> None:
    # 4x3 by 3x2: 24 MACs, 8 outputs of 3 products. Each of the 6 weights is fetched once and used
    # by 4 MACs. I and O live in DRAM: a read per MAC, an update per MAC, and a partial sum read
    # before each update but the first of a word: 24 - 8.
    found = run(Shape.gemm(M=4, N=2, K=3), "DRAM:WIO K1 C1 RF:W B1")
    assert found.macs == 24
    assert found.steps == 24
    assert found.counts == {
        ("DRAM", "W"): LevelCounts(reads=6),
        ("RF", "W"): LevelCounts(reads=24, fills=6),
        ("DRAM", "I"): LevelCounts(reads=24),
        ("DRAM", "O"): LevelCounts(reads=16, updates_partial=24),
    }


def test_weight_stationary_with_all_operands_kept() -> None:
    # The register's box of I is 4 rows of one c; it changes at each of the 6 (k, c): 24 fills.
    # Its box of O is 4 rows of one k; it stays over c, so 2 boxes of 4 words leave, finished.
    found = moved(Shape.gemm(M=4, N=2, K=3), "DRAM:WIO K1 C1 RF:WIO B1")
    assert found["RF", "I"] == LevelCounts(reads=24, fills=24)
    assert found["RF", "O"] == LevelCounts(reads=16, updates_partial=24, drains_final=8)
    assert found["DRAM", "O"] == LevelCounts(updates_final=8)


def test_output_stationary_matmul() -> None:
    # One output word stays over its 3 products. W and I change at every MAC.
    found = moved(Shape.gemm(M=4, N=2, K=3), "DRAM:WIO K1 B1 C1 RF:WIO")
    assert found["RF", "W"] == LevelCounts(reads=24, fills=24)
    assert found["RF", "I"] == LevelCounts(reads=24, fills=24)
    assert found["RF", "O"] == LevelCounts(reads=16, updates_partial=24, drains_final=8)
    assert found["DRAM", "O"] == LevelCounts(updates_final=8)


def test_partial_sums_are_evicted_and_return() -> None:
    # C outermost: each of 4 words visits the register 3 times with 1 product each. Visits 2 and 3
    # fetch it (F = 8) and its MAC reads it; visits 1 and 2 leave unfinished (8), visit 3 finished (4).
    found = moved(Shape.gemm(M=2, N=2, K=3), "DRAM:WIO C1 K1 B1 RF:O")
    assert found["DRAM", "O"] == LevelCounts(reads=8, updates_partial=8, updates_final=4)
    assert found["RF", "O"] == LevelCounts(reads=8, fills=8, updates_partial=12, drains_partial=8, drains_final=4)


def test_halo_reuse_in_two_dimensions() -> None:
    # 3x3 filter on 5x5: 9 boxes of 3x3. First box 9. A step along the row brings a new column:
    # 2 steps x 3 rows x 3 words = 18. Return to the row's start, one row down: of the old box's
    # rows y..y+2, columns 2..4, the new rows y+1..y+3, columns 0..2 share 2 words: 7 new, twice = 14.
    shape = Shape(OY=3, OX=3, FY=3, FX=3)
    found = moved(shape, "DRAM:WIO OY1 OX1 RF:I FY1 FX1")
    assert found["DRAM", "I"] == LevelCounts(reads=41)
    assert found["RF", "I"] == LevelCounts(reads=81, fills=41)


def test_no_reuse_when_the_register_keeps_one_pixel() -> None:
    # ox 0..3, fx 0..2: pixels 0 1 2, 1 2 3, 2 3 4, 3 4 5: each differs from the one before.
    found = moved(Shape(OX=4, FX=3), "DRAM:WIO OX1 FX1 RF:I")
    assert found["RF", "I"] == LevelCounts(reads=12, fills=12)


def test_padding_is_computed_but_not_fetched() -> None:
    # Boxes [-1,1] [0,2] [1,3] [2,4] clipped to [0,3]: new words 2 + 1 + 1 + 0. Of the 12 MACs,
    # the first and the last are on padding: they read W, not I.
    shape = Shape(OX=4, FX=3, x=Window(pad=1, size=4))
    found = run(shape, "DRAM:WIO OX1 RF:WIO FX1")
    assert found.macs == 12
    assert found.counts["RF", "I"] == LevelCounts(reads=10, fills=4)
    assert found.counts["RF", "W"] == LevelCounts(reads=12, fills=3)
    assert found.counts["RF", "O"] == LevelCounts(reads=8, updates_partial=12, drains_final=4)


def test_a_box_wholly_in_padding_is_empty() -> None:
    # Pixels -2 -1 0 1 2 3, of which 0 and 1 exist.
    found = moved(Shape(OX=6, x=Window(pad=2, size=2)), "DRAM:WIO OX1 RF:I")
    assert found["RF", "I"] == LevelCounts(reads=2, fills=2)


def test_stride_shrinks_the_halo() -> None:
    # Stride 2, 3 taps: [0,2] [2,4] [4,6]: 3 + 2 + 2.
    found = moved(Shape(OX=3, FX=3, x=Window(stride=2, size=7)), "DRAM:WIO OX1 RF:I FX1")
    assert found["RF", "I"] == LevelCounts(reads=9, fills=7)


def test_a_box_includes_the_pixels_that_a_stride_skips() -> None:
    # Stride 3, 1 tap, tiles of 2 outputs: [0,3] and [6,9], 4 words each, of which MACs read 2 each.
    found = moved(Shape(OX=4, x=Window(stride=3, size=10)), "DRAM:WIO OX2 RF:I OX1")
    assert found["RF", "I"] == LevelCounts(reads=4, fills=8)


def test_dilation_widens_the_box() -> None:
    # Taps 2 apart: [0,2] [1,3] [2,4]: 3 + 1 + 1.
    found = moved(Shape(OX=3, FX=2, x=Window(dilation=2, size=5)), "DRAM:WIO OX1 RF:I FX1")
    assert found["RF", "I"] == LevelCounts(reads=6, fills=5)


def test_a_box_is_clipped_after_it_is_drawn() -> None:
    # Taps at -1 and 1: the box [-1,1] clipped is [0,1], though pixel 0 is never touched.
    found = moved(Shape(FX=2, x=Window(dilation=2, pad=1, size=3)), "DRAM:WIO RF:I FX1")
    assert found["RF", "I"] == LevelCounts(reads=1, fills=2)


def test_multicast_reads_once_per_parent_instance() -> None:
    # 4 output channels over 2 clusters of 2 PEs want the same 3 inputs: DRAM reads each once,
    # both buffers take it (6), each buffer reads it once (6), all 4 registers take it (12).
    found = moved(Shape(B=3, K=4), "DRAM:WIO B1 K2@cluster GLB:I K1@pe RF:I", CLUSTERS)
    assert found["DRAM", "I"] == LevelCounts(reads=3)
    assert found["GLB", "I"] == LevelCounts(reads=6, fills=6)
    assert found["RF", "I"] == LevelCounts(reads=12, fills=12)


def test_multicast_of_overlapping_halos() -> None:
    # PEs at ox 0 1 2 want [0,2] [1,3] [2,4]: 9 fills, 5 words read. Then ox 3 4 5: [3,5] [4,6] [5,7],
    # all new to each PE: 9 fills, 5 words, though pixels 3 and 4 were in a neighbor.
    found = moved(Shape(OX=6, FX=3), "DRAM:WIO OX3 OX1@pe RF:I FX1", ARRAY)
    assert found["DRAM", "I"] == LevelCounts(reads=10)
    assert found["RF", "I"] == LevelCounts(reads=18, fills=18)


def test_row_stationary_diagonals() -> None:
    # 3 filter rows x 3 output rows on 9 PEs: row oy + fy is shared along a diagonal: 5 rows of 4
    # pixels are read, 9 PEs x 4 fills. Each PE makes 2 outputs of 3 products; the partial sums of
    # a column of PEs are added: 3 x 2 finished updates.
    shape = Shape(OY=3, OX=2, FY=3, FX=3)
    found = moved(shape, "DRAM:WIO OY1@pe FY1@pe RF:WIO OX1 FX1", ARRAY)
    assert found["DRAM", "I"] == LevelCounts(reads=20)
    assert found["RF", "I"] == LevelCounts(reads=54, fills=36)
    assert found["DRAM", "W"] == LevelCounts(reads=9)
    assert found["RF", "W"] == LevelCounts(reads=54, fills=27)
    assert found["DRAM", "O"] == LevelCounts(updates_final=6)
    assert found["RF", "O"] == LevelCounts(reads=36, updates_partial=54, drains_partial=18)


def test_macs_below_one_node_multicast_and_add() -> None:
    # No register: at each of 3 steps 2x2 MACs read 4 weights, 2 inputs and add into 2 outputs.
    found = moved(Shape(B=3, K=2, C=2), "DRAM:WIO GLB:WIO B1 K1@pe C1@pe", ARRAY)
    assert found["GLB", "W"] == LevelCounts(reads=12, fills=4)
    assert found["GLB", "I"] == LevelCounts(reads=6, fills=6)
    assert found["GLB", "O"] == LevelCounts(updates_partial=6, drains_final=6)


def test_two_loops_on_one_fanout() -> None:
    # 4 PEs are 2 k x 2 c; weights stay over 3 rows. Each row: 2 inputs read, 4 fills; 4 unfinished
    # words leave, 2 finished sums arrive.
    found = moved(Shape(B=3, K=2, C=2), "DRAM:WIO B1 K1@pe C1@pe RF:WIO", ARRAY)
    assert found["DRAM", "W"] == LevelCounts(reads=4)
    assert found["RF", "W"] == LevelCounts(reads=12, fills=4)
    assert found["DRAM", "I"] == LevelCounts(reads=6)
    assert found["RF", "I"] == LevelCounts(reads=12, fills=12)
    assert found["DRAM", "O"] == LevelCounts(updates_final=6)
    assert found["RF", "O"] == LevelCounts(updates_partial=12, drains_partial=12)


def test_returned_sum_goes_to_one_of_two_sharers() -> None:
    # C = 8 as 2 (time) x 2 PEs x 2 (time). 2 words x 2 visits x 2 PEs = 8 stays of 2 products.
    # Visit 2 fetches each word into one PE (F = 2). No PE alone holds all: 8 partial drains; DRAM
    # gets 2 sums of 4 products and 2 of 8. A MAC reads a sum in all but the first operation of a
    # stay that starts at zero: 6 x 1 + 2 x 2.
    found = moved(Shape(B=2, C=8), "DRAM:WIO C4 B1 C2@pe RF:O C1", ARRAY)
    assert found["DRAM", "O"] == LevelCounts(reads=2, updates_partial=2, updates_final=2)
    assert found["RF", "O"] == LevelCounts(reads=10, fills=2, updates_partial=16, drains_partial=8)


def test_first_touch_is_relative_to_the_parent_instance() -> None:
    # C = 8 as 2 x 2 clusters x 2, outputs 2 b x 2 k. A cluster's stay holds 2 words, 8 stays: T = 16,
    # of which 4 words were returned from DRAM. The register visits each word of a stay twice (T = 32);
    # it fetches twice where the buffer was filled (4 x 2) and once where it began at zero (12 x 1).
    found = moved(Shape(B=2, K=2, C=8), "DRAM:WIO C4 B1 C2@cluster GLB:O C1 K1 RF:O", CLUSTERS)
    assert found["DRAM", "O"] == LevelCounts(reads=4, updates_partial=4, updates_final=4)
    assert found["GLB", "O"] == LevelCounts(reads=20, fills=4, updates_partial=32, drains_partial=16)
    assert found["RF", "O"] == LevelCounts(reads=20, fills=20, updates_partial=32, drains_partial=32)


def test_idle_cluster_neither_fetches_nor_drains() -> None:
    # C = 3 as 2 visits over 2 clusters: cluster 1 idles in visit 2. Visit 1, per b: 2 clusters x 2 k
    # leave with 1 product of 3. Visit 2: cluster 0 alone fetches 2 k x 2 b and finishes them.
    found = moved(Shape(B=2, K=2, C=3), "DRAM:WIO C2 B1 C1@cluster GLB:O K1@pe RF:O", CLUSTERS)
    final = {"drains_partial": 8, "drains_final": 4}
    assert found["DRAM", "O"] == LevelCounts(reads=4, updates_partial=4, updates_final=4)
    assert found["GLB", "O"] == LevelCounts(reads=4, fills=4, updates_partial=8, updates_final=4, **final)
    assert found["RF", "O"] == LevelCounts(reads=4, fills=4, updates_partial=12, **final)


def test_instance_idle_in_a_relevant_loop_loses_its_box() -> None:
    # k = 0, 2 on PE 0 and 1 on PE 1, twice over. PE 1 is empty at k = 2, so it fetches weight 1 again.
    found = run(Shape(B=2, K=3), "DRAM:WIO B1 K2 K1@pe RF:W", ARRAY)
    assert (found.macs, found.steps) == (6, 4)
    assert found.counts["DRAM", "W"] == LevelCounts(reads=6)
    assert found.counts["RF", "W"] == LevelCounts(reads=6, fills=6)


def test_instance_idle_in_an_irrelevant_loop_still_fills() -> None:
    # At k = 2 PE 1 has no work but takes the inputs b = 0, 1 like PE 0: 4 steps x 2 fills, 6 MAC reads.
    found = moved(Shape(B=2, K=3), "DRAM:WIO K2 B1 K1@pe RF:IO", ARRAY)
    assert found["DRAM", "I"] == LevelCounts(reads=4)
    assert found["RF", "I"] == LevelCounts(reads=6, fills=8)
    assert found["RF", "O"] == LevelCounts(updates_partial=6, drains_final=6)


def test_imperfect_tiles_in_time() -> None:
    # OX = 5 as 3 + 2; the 3 as 2 + 1, the 2 as 2; pairs on 2 PEs: {0 1} {2 -} {3 4}: 3 steps.
    # The register's boxes of outputs: PE 0 has 0, 2, 3; PE 1 has 1, nothing, 4.
    found = run(Shape(OX=5), "DRAM:WIO OX3 OX2 GLB:O OX1@pe RF:O", ARRAY)
    assert (found.macs, found.steps) == (5, 3)
    assert found.counts["GLB", "O"] == LevelCounts(updates_final=5, drains_final=5)
    assert found.counts["RF", "O"] == LevelCounts(updates_partial=5, drains_final=5)


def test_lockstep_follows_the_lead_instance() -> None:
    # K = 5 as 3 + 2 on two PEs: 3 steps, PE 1 idle in the last.
    found = run(Shape(K=5), "DRAM:WIO K3@pe RF:WI K1", ARRAY)
    assert (found.macs, found.steps) == (5, 3)
    assert found.counts["RF", "W"] == LevelCounts(reads=5, fills=5)
    assert found.counts["RF", "I"] == LevelCounts(reads=5, fills=2)
    assert found.counts["DRAM", "I"] == LevelCounts(reads=1)


def test_bypassed_level_is_not_in_the_counts() -> None:
    # W goes from DRAM to the register, 4 words for each of 2 rows; I passes through the buffer.
    found = moved(Shape(B=2, K=2, C=2), "DRAM:WIO B1 GLB:I K1 C1 RF:WI")
    assert set(found) == {("DRAM", "W"), ("RF", "W"), ("DRAM", "I"), ("GLB", "I"), ("RF", "I"), ("DRAM", "O")}
    assert found["DRAM", "W"] == LevelCounts(reads=8)
    assert found["RF", "W"] == LevelCounts(reads=8, fills=8)
    assert found["DRAM", "I"] == LevelCounts(reads=4)
    assert found["GLB", "I"] == LevelCounts(reads=8, fills=4)


@pytest.mark.parametrize(("text", "fills"), [("DRAM:WIO K1 GLB:I C1 B1", 4), ("DRAM:WIO K1 C1 GLB:I B1", 8)])
def test_a_node_higher_up_keeps_more_for_longer(text: str, fills: int) -> None:
    # Above C the buffer holds all 2 x 2 inputs over both k; below C it holds 2 and changes 4 times.
    assert moved(Shape(B=2, K=2, C=2), text)["GLB", "I"] == LevelCounts(reads=8, fills=fills)


def test_groups_share_no_inputs() -> None:
    # Depthwise: 3 groups on 3 PEs, 2 outputs each: nothing is multicast.
    found = moved(Shape(G=3, OX=2, FX=2), "DRAM:WIO G1@pe RF:WI OX1 FX1", ARRAY)
    assert found["DRAM", "I"] == LevelCounts(reads=9)
    assert found["RF", "I"] == LevelCounts(reads=12, fills=9)
    assert found["DRAM", "W"] == LevelCounts(reads=6)


def test_density_is_ignored() -> None:
    shape = Shape.gemm(M=2, N=2, K=1, density=Fraction(1, 2))
    assert run(shape, "DRAM:WIO B1 K1").macs == 4


def test_an_illegal_nest_is_refused() -> None:
    with pytest.raises(InputError, match="end at a tile of 1"):
        run(Shape(K=4), "DRAM:WIO K2")


def chain(found: Interpretation, hierarchy: Hierarchy, operand: str) -> list[LevelCounts]:
    """Return the counts of the levels that keep ``operand``, outermost first."""
    return [found.counts[level, operand] for level, _ in hierarchy.levels if (level, operand) in found.counts]


@settings(max_examples=150, deadline=None)
@given(cases(Knobs(max_macs=400)))
def test_partial_sums_are_conserved(case: Case) -> None:
    # What leaves a level less what first touched it came back: F(N) = U(N) - (T(P) - F(P)), for the
    # MACs below the innermost node too. The home level holds every output once and never drains it.
    shape, mapping, hierarchy = case
    found = interpret(shape, mapping, hierarchy)
    assert found.macs == shape.macs
    nodes = chain(found, hierarchy, "O")
    taken, returned = shape.words("O"), 0
    for parent, child in zip(nodes, [*nodes[1:], None], strict=True):
        updates = parent.updates_partial + parent.updates_final
        assert parent.reads == updates - (taken - returned)
        if child is not None:
            assert child.fills == parent.reads
            taken, returned = child.drains_partial + child.drains_final, child.fills
            assert updates <= taken
    assert nodes[0].updates_final == (shape.words("O") if len(nodes) > 1 else 0)


@settings(max_examples=150, deadline=None)
@given(cases(Knobs(max_macs=400)))
def test_loops_of_bound_one_change_nothing(case: Case) -> None:
    shape, mapping, hierarchy = case
    handed, padded = shape.extents, list(mapping.lines[:1])
    for entry in mapping.lines[1:]:
        padded += [Loop(dim, tile) for dim, tile in handed.items()]
        padded.append(entry)
        if isinstance(entry, Loop):
            handed[entry.dim] = entry.tile
    assert interpret(shape, Nest(tuple(padded)), hierarchy) == interpret(shape, mapping, hierarchy)


@settings(max_examples=150, deadline=None)
@given(cases(Knobs(max_macs=400)))
def test_a_level_reads_no_more_than_is_filled_below(case: Case) -> None:
    shape, mapping, hierarchy = case
    found = interpret(shape, mapping, hierarchy)
    for operand in ("W", "I"):
        nodes = chain(found, hierarchy, operand)
        for parent, child in pairwise(nodes):
            assert parent.reads <= child.fills
        assert nodes[-1].reads <= found.macs
