"""Is the reference complete: every field of a file, every public name, every command, every page?"""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

import accelsim
from accelsim.cli.app import app
from accelsim.explore.sweep.file import FIELDS
from accelsim.explore.sweep.parameters import PLAIN
from accelsim.hardware.schema import ProfileSpec
from accelsim.mapping.constraint_file import ConstraintsFields
from accelsim.mapping.file import FileFields
from accelsim.scheme.file import SchemeFile, Weights
from accelsim.workload.layer_schema import KINDS
from accelsim.workload.schema import BlockUse, Workload

DOCS = Path(__file__).parents[1] / "docs"
FILES = {
    "profile-file": [ProfileSpec], "workload-file": [Workload, BlockUse, *KINDS.values()],
    "scheme-file": [SchemeFile, Weights], "mapping-file": [FileFields, ConstraintsFields],
}  # fmt: skip


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def scripts() -> ModuleType:
    sys.path.insert(0, str(DOCS))
    try:
        return importlib.import_module("refresh")
    finally:
        sys.path.remove(str(DOCS))


def reached(kinds: list[type[BaseModel]]) -> set[type[BaseModel]]:
    """The classes of a schema and all that their fields and bases name."""
    from pydantic.fields import FieldInfo

    def inside(annotation: object) -> set[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return reached([annotation])
        return set().union(*(inside(one) for one in getattr(annotation, "__args__", ())))

    infos: list[FieldInfo] = [info for kind in kinds for info in kind.model_fields.values()]
    return set(kinds).union(*(inside(info.annotation) for info in infos))


@pytest.mark.parametrize("name", FILES)
def test_every_field_of_a_file_is_in_its_page(name: str) -> None:
    rows = set(re.findall(r"^\| `(\w+)` \| [^|\s]", page(name), re.MULTILINE))
    fields = {field for kind in reached(FILES[name]) for field in kind.model_fields}
    assert fields - rows == set()
    assert rows - fields == set()


def test_every_field_of_a_sweep_is_in_its_page() -> None:
    assert re.findall(r"^\| `(\w+)` \|", page("sweep-file"), re.MULTILINE) == list(FIELDS)
    assert set(PLAIN) < set(FIELDS)


@pytest.mark.parametrize("name", [*FILES, "sweep-file", "cli", "formats"])
def test_tables_are_current(name: str, scripts: ModuleType) -> None:
    assert scripts.with_tables(page(name)) == page(name), "run: python docs/refresh.py"


def test_every_public_name_is_in_the_interface_once() -> None:
    documented = Counter(re.findall(r"^\.\. auto\w+:: accelsim\.(\w+)$", page("api"), re.MULTILINE))
    assert documented == Counter(name for name in accelsim.__all__ if name != "__version__")


def test_every_command_is_in_its_page() -> None:
    named = re.findall(r"^\| `accelsim ([\w-]+)` \| \S.* \|$", page("cli"), re.MULTILINE)
    assert named == list(app.commands)
    assert ".. click:: accelsim.cli.app:app\n   :prog: accelsim\n   :nested: full\n" in page("cli")


def test_every_page_is_in_the_table_of_contents_once() -> None:
    """`search.md` is called the-search there, for the site has a search page of its own."""
    trees = "".join(re.findall(r"```\{toctree\}(.*?)```", page("index"), re.DOTALL))
    listed = re.findall(r"^(?:.*<)?([a-z-]+)>?$", trees, re.MULTILINE)
    files = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert sorted(listed) == sorted({"search": "the-search"}.get(name, name) for name in files)
