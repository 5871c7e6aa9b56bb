"""Is the documentation true of the code: the table of formats, the links, the names in the glossary?"""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]


def refresh() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_of_formats_is_current() -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert refresh().with_table(page) == page, "run: python docs/refresh.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_named_files_exist() -> None:
    """Files of the package that a page names in backquotes, as in `accelsim/mapping/counts.py`."""
    pattern = r"`((?:accelsim|tests|docs|benchmarks|hw_profiles|workloads)/[\w./-]+)`"
    named = {(page.name, name) for page in PAGES for name in re.findall(pattern, page.read_text(encoding="utf-8"))}
    assert named
    assert [(page, name) for page, name in sorted(named) if not (ROOT / name).exists()] == []


def members(kind: type) -> set[str]:
    own = {field.name for field in fields(kind)} if is_dataclass(kind) else set()
    return own | {name for name in dir(kind) if not name.startswith("__")}


def test_glossary_names_exist() -> None:
    """Every table of the glossary lists members of the class named in its heading."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## .*?`([\w.]+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(sections) > 5
    missing = []
    for home, body in sections:
        module, _, name = home.rpartition(".")
        known = members(getattr(importlib.import_module(module), name))
        for row in re.findall(r"^\| (`[^|]*`) \|", body, re.MULTILINE):
            missing += [f"{home}: {one}" for one in re.findall(r"`(\w+)`", row) if one not in known]
    assert missing == []
