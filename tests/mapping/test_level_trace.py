"""Does the trace of a mapping have as many words as the counts say, in order, inside the tensors?"""

from __future__ import annotations

from collections import Counter
from math import prod
from random import Random

import pytest
from hypothesis import given, settings
from random_nests import Knobs, cases, random_case

from accelsim.engine.tracing import levels
from accelsim.engine.tracing.levels import Walk, level_trace, links_of
from accelsim.errors import UnsupportedError
from accelsim.mapping.counts import count
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import Shape


@settings(max_examples=60, deadline=None)
@given(cases(Knobs(max_macs=500)))
def test_a_level_exchanges_as_many_words_as_counted(case) -> None:  # type: ignore[no-untyped-def]
    check(*case)


@pytest.mark.parametrize("seed", range(12))
def test_so_it_does_where_instances_share_outputs(seed: int) -> None:
    for number in range(10):
        check(*random_case(Random(100 * seed + number), Knobs(max_macs=150, max_instances=24, spatial=0.7, bypass=0.4)))


def check(shape: Shape, nest: Nest, _: Hierarchy) -> None:
    counts = count(shape, nest)
    whole = levels.WORDS
    levels.WORDS = 5  # small pieces
    try:
        for level in {line.level for line in nest.lines if isinstance(line, Keep)}:
            links = links_of(nest, level)
            try:
                pieces = list(level_trace(shape, nest, level, 1.0))
            except UnsupportedError:
                outer = next(link.outer for link in links if link.operand == "O")
                assert any(isinstance(line, Loop) and line.fanout for line in nest.lines[:outer])
                continue
            found: Counter[tuple[str, str, str]] = Counter()
            last = 0
            for piece in pieces:
                found.update(piece.kinds[kind] for kind in piece.kind.tolist())
                assert (piece.cycle[1:] >= piece.cycle[:-1]).all()
                assert piece.cycle[0] >= last
                last = int(piece.cycle[-1])
                for kind, address in zip(piece.kind.tolist(), piece.address.tolist(), strict=True):
                    link = next(link for link in links if link.operand == piece.kinds[kind][1])
                    assert 0 <= address < prod(Walk(shape, nest, link).tensor())
            drains = any(link.operand == "O" for link in links)
            assert last == counts.steps if drains else last < counts.steps
            expected: Counter[tuple[str, str, str]] = Counter()
            for link in links:
                parent = nest.lines[link.outer].level
                inner, outer = counts.levels[level, link.operand], counts.levels[parent, link.operand]
                expected[level, link.operand, "fill"] = inner.fills
                expected[parent, link.operand, "read"] = outer.reads
                expected[level, link.operand, "drain"] = inner.drains_partial + inner.drains_final
                expected[parent, link.operand, "update"] = outer.updates_partial + outer.updates_final
            assert found == +expected
    finally:
        levels.WORDS = whole
