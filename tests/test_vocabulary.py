"""Does every word that two floors share stand in one place?"""

from __future__ import annotations

import ast
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from accelsim import vocabulary
from accelsim.hardware.scalar_energy import OPERATIONS
from accelsim.mapping.dataflows import ALIASES, DATAFLOWS
from accelsim.workload.shape import RELEVANT, Shape

PACKAGE = Path(__file__).parents[1] / "accelsim"
WORDS = {name: getattr(vocabulary, name) for name in ("DIMS", "OPERANDS", "DATAFLOWS", "VECTOR_OPS")}


@cache
def lists() -> list[tuple[Path, int, list[object]]]:
    """Every list of constants that the package assigns, with its file and line."""
    return [
        (path, node.lineno, [item.value for item in node.value.elts if isinstance(item, ast.Constant)])
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple | ast.List | ast.Set)
    ]


@pytest.mark.parametrize("name", WORDS)
def test_no_other_file_lists_the_words_again(name: str) -> None:
    again = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path, line, own in lists()
        if own == list(WORDS[name]) and path.name != "vocabulary.py"
    ]
    assert again == []


def test_every_dataflow_has_an_order_that_names_every_loop_once() -> None:
    assert tuple(DATAFLOWS) == vocabulary.DATAFLOWS
    for order in DATAFLOWS.values():
        assert sorted(order.split()) == sorted(vocabulary.DIMS)
    assert set(ALIASES.values()) == set(DATAFLOWS)


def test_shapes_and_costs_use_the_same_words() -> None:
    assert tuple(one.name for one in fields(Shape))[: len(vocabulary.DIMS)] == vocabulary.DIMS
    assert tuple(RELEVANT) == vocabulary.OPERANDS
    assert set().union(*RELEVANT.values()) == set(vocabulary.DIMS)
    assert set(OPERATIONS) == {*vocabulary.VECTOR_OPS, "convert"}
