"""Does every range hold the figures that other works publish, and does every work stand in the bibliography?"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from accelsim.hardware.disagreements import Figure, figures, held, stated_range
from accelsim.provenance import bibliography

ALL = tuple(figures())


@pytest.mark.parametrize("figure", ALL, ids=lambda one: f"{one.quantity}, {one.source}, {one.value:g}")
def test_the_choice_is_named_and_its_range_holds_the_others(figure: Figure) -> None:
    assert held(figure)
    assert figure.source in bibliography()
    assert (figure.stands == "apart") == bool(figure.why)
    assert bool(figure.where) == (figure.stands != "apart")
    if figure.where:
        outside = replace(figure, value=stated_range(figure.where)[2] * 1.02)
        assert not held(outside)


def test_every_quantity_has_one_choice_and_somebody_who_disagrees() -> None:
    for quantity, group in groupby(ALL, lambda one: one.quantity):
        own = list(group)
        assert [one.stands for one in own].count("chosen") == 1, quantity
        assert len({one.value for one in own}) > 1, quantity
        assert len({one.unit for one in own}) == 1, quantity
        assert len({one.where for one in own if one.where}) == 1, quantity


def test_horowitz_and_aladdin_differ_ninefold_and_the_range_says_so() -> None:
    least, value, most = stated_range("horowitz-45nm:multiply_pj.fp32")
    assert (least, value, most) == (3.7, 3.7, 35.3)
    assert most / value == pytest.approx(9.54, abs=0.01)
