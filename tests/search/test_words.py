"""Does the search count one mapping as the engine does? Random layers and mappings of every kind, word for word."""

import numpy as np
from hypothesis import given, settings

from accelsim.mapping.counts import count
from accelsim.mapping.nest import Keep
from accelsim.search.compiled import records
from accelsim.search.inner.words import count as count_words
from accelsim.search.plans import active, menu_of, scratch_of
from accelsim.search.problem import NEST
from tests.mapping.random_nests import Knobs, cases


def counted(shape, nest):
    """What a mapping moves as the search counts it: words by (level, operand), and first words."""
    dims, found = active(shape), np.zeros(1, NEST)
    one = found[0]
    handed, advances = shape.extents, []
    nodes = {operand: [] for operand in "WIO"}
    for place, line in enumerate(nest.lines):
        if isinstance(line, Keep):
            for operand in line.operands:
                nodes[operand].append((place, line.level))
        elif line.tile < handed[line.dim]:
            d = dims.index(line.dim)
            j = one["count"][d]
            one["at"][d, j], one["tile"][d, j], one["spatial"][d, j] = place, line.tile, line.fanout is not None
            one["bound"][d, j] = -(-handed[line.dim] // line.tile)
            one["count"][d] += 1
            handed[line.dim] = line.tile
            if line.fanout is None:
                advances.append(place)
    one["bottom"], one["advances"] = len(nest.lines), len(advances)
    one["advance"][: len(advances)] = advances
    for number, operand in enumerate("WIO"):
        one["nodes"][number] = len(nodes[operand])
        one["node"][number, : len(nodes[operand])] = [place for place, _ in nodes[operand]]
    count_words(records(menu_of(shape).record)[0], records(found)[0], scratch_of(shape))
    words, first = {}, {}
    for number, operand in enumerate("WIO"):
        for k, (_, level) in enumerate(nodes[operand]):
            words[level, operand] = tuple(one["words"][number, k].astype(int).tolist())
            if k and operand != "O":
                first[level, operand] = tuple(one["first"][number, k].astype(int).tolist())
    return words, first


def engine_counts(shape, nest):
    """The same by the engine."""
    exact = count(shape, nest)
    words = {
        key: (own.reads, own.fills, own.updates_partial, own.updates_final, own.drains_partial, own.drains_final)
        for key, own in exact.levels.items()
    }
    return words, {key: (own.fills, own.reads) for key, own in exact.opening.items()}


@settings(deadline=None, max_examples=300)
@given(cases(Knobs(max_macs=20_000)))
def test_one_mapping_is_counted_as_the_engine_counts_it(case):
    shape, nest, _ = case
    assert counted(shape, nest) == engine_counts(shape, nest)
