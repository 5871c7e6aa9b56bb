"""Does every file import only from its own floor or below, lazy imports included?

The house has one direction: a chip knows nothing of a workload, an estimate nothing of a plot. The
only upward reference is by name: a result's ``plot`` accessor names the floor that draws it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "accelsim"

FLOORS = (
    ("errors", "units", "provenance", "documents", "files", "library", "layout", "accessor", "vocabulary", "cache",
     "progress"),
    ("precision",), ("hardware",), ("workload",), ("scheme",), ("mapping",), ("engine",), ("search",),
    ("simulation",), ("quantization",), ("explore",), ("validation",), ("report",), ("cli", "__main__"),
)  # fmt: skip
FLOOR = {name: rank for rank, names in enumerate(FLOORS) for name in names}
NAMED_ABOVE = {
    "accelsim.report.plots:AccuracyPlots", "accelsim.report.plots:AllocationPlots",
    "accelsim.report.plots:BitWidthPlots", "accelsim.report.plots:PublishedPlots",
    "accelsim.report.plots:ErrorPlots", "accelsim.report.plots:MemoryPlots", "accelsim.report.plots:ComparisonPlots",
    "accelsim.report.plots:FrontPlots", "accelsim.report.plots:ResultPlots",
    "accelsim.report.plots:SensitivityPlots", "accelsim.report.plots:SweepPlots",
    "accelsim.report.plots:ValidationPlots",
    "accelsim.explore.uncertainty:UncertaintyOf",
    "accelsim.report.review.saving:ComparisonReport",
}  # fmt: skip
"""The only names of a higher floor that a string may carry: what draws a result, and how sure it is."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


def imports(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of everything a file imports or names as ``accelsim.module:name``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            if module == "accelsim":
                yield from ((node.lineno, f"accelsim.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = re.fullmatch(r"(accelsim(\.\w+)+)(:\w+)?", node.value)
            if named and node.value not in NAMED_ABOVE:
                yield node.lineno, named[1]


def climbs(source: str, path: Path) -> list[str]:
    """Return what a file of the package imports from a floor above its own, as "file:line: what"."""
    parts = ("accelsim", *path.with_suffix("").parts)
    here = parts[1]
    assert here in FLOOR, f"{path} is on no floor; add {here} to FLOORS."
    found = []
    for line, name in imports(ast.parse(source), parts[:-1]):
        target = name.split(".")
        if target[0] != "accelsim" or name == "accelsim.__version__":
            continue
        if len(target) == 1 or target[1] not in FLOOR:
            found.append(f"{path}:{line}: imports {name}; import it from the file that defines it")
        elif FLOOR[target[1]] > FLOOR[here]:
            found.append(f"{path}:{line}: {here} imports {name}, a floor above it")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    assert climbs(path.read_text(encoding="utf-8"), path.relative_to(PACKAGE)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from accelsim.engine.case import Case",
        "import accelsim.engine.case",
        "def later():\n    from accelsim.engine import case",
        "from accelsim import engine",
        "from accelsim import estimate",
        "from ..engine import case",
        "import_module('accelsim.engine.case')",
    ],
)
def test_a_climb_is_seen(source: str) -> None:
    assert len(climbs(source, Path("mapping/nest.py"))) == 1


@pytest.mark.parametrize("source", ["from accelsim.mapping.nest import Nest", "from . import nest", "import numpy"])
def test_what_stays_below_is_allowed(source: str) -> None:
    assert climbs(source, Path("engine/case.py" if "mapping" in source else "mapping/counts.py")) == []
