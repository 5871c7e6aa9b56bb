"""How is the site of the documentation built? ``python -m sphinx -W --keep-going -b html docs build/docs``.

The pages are plain Markdown, and read as well where they lie. Building runs the commands of the tutorials
again and warns where a page shows something else, or a table is not that of the code.
"""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
HIDDEN = "\N{INVISIBLE SEPARATOR}"
sys.path.insert(0, str(DOCS))

from docutils import nodes  # noqa: E402
from outputs import with_outputs  # noqa: E402
from refresh import with_tables  # noqa: E402
from renaming import NAMES, Renamed  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402
from sphinx.util import logging  # noqa: E402

from accelsim import __version__  # noqa: E402

project = "accelsim"
release = version = __version__
html_title = f"accelsim {release}"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
exclude_patterns = ["images"]
suppress_warnings = ["toc.not_readable"]
"""A page that is no longer there; one that no table of contents names still warns."""

myst_heading_anchors = 4
highlight_language = "text"
default_role = "code"
smartquotes = False

napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "furo"
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["static"]
html_css_files = ["site.css"]


def _check(app: Sphinx) -> None:
    """Warn of every page that shows something else than the code gives."""
    logger = logging.getLogger(__name__)
    pages = {page.name: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))}
    with ThreadPoolExecutor(2) as pool:
        for (name, text), fresh in zip(pages.items(), pool.map(_fresh, pages.values()), strict=True):
            if fresh != text:
                logger.warning("docs/%s is not what the code gives; run: python docs/refresh.py docs/%s", name, name)


def _fresh(text: str) -> str:
    return with_outputs(with_tables(text))


def _benchmarks(app: Sphinx, name: str, source: list[str]) -> None:
    """Lead to the figures inside the site; where the files lie, links lead to the file itself."""
    if name == "benchmarks":
        source[0] = source[0].replace("[benchmarks/README.md](../benchmarks/README.md)", "`benchmarks/README.md`")
    source[0] = source[0].replace("](../benchmarks/README.md", "](benchmarks.md")


def _before_napoleon(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep napoleon from reading the text before a colon as the type of a property."""
    if what in ("property", "attribute"):
        lines[:] = [line.replace(": ", HIDDEN) for line in lines]


def _after_napoleon(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Bring colons back, and lead to the page that is named as docs/PAGE.md."""
    for place, line in enumerate(lines):
        linked = re.sub(r"docs/([\w-]+)\.md", lambda page: f":doc:`{NAMES.get(page[1], page[1])}`", line)
        lines[place] = linked.replace(HIDDEN, ": ")


def _dashes(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Set the dashes between a parameter and its text; options of commands keep theirs."""
    for text in list(tree.findall(nodes.Text)) if name == "api" else ():
        if text.startswith(" -- "):
            text.parent.replace(text, nodes.Text(f" \N{EN DASH} {text[4:]}"))


def _rename(app: Sphinx) -> None:
    app.project.__class__ = Renamed


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what happens before the pages are read."""
    app.connect("builder-inited", _rename)
    app.connect("builder-inited", _check)
    app.connect("source-read", _benchmarks)
    app.connect("autodoc-process-docstring", _before_napoleon, priority=100)
    app.connect("autodoc-process-docstring", _after_napoleon, priority=900)
    app.connect("doctree-resolved", _dashes)
    return {"parallel_read_safe": True}
