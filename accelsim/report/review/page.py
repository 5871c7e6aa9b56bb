"""How does the report become one HTML file that opens from disk, asks no network, and runs no script but its own?

Every text is escaped by the template engine, and data travels as JSON in which "<", ">" and "&" are written as
escapes, so that no name can end the element it stands in. A content security policy names the page's only
script and style by their hashes: whatever else got in would not run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from accelsim.explore.compare import Comparison
from accelsim.explore.robust import CLOSE
from accelsim.layout import percent
from accelsim.library import packaged
from accelsim.report.review.assumptions import by_topic
from accelsim.report.review.facts import NOT_ESTIMATED, Review
from accelsim.report.review.layers import plot_data
from accelsim.report.review.ranges import tornado_data, tornado_table, tornado_title

if TYPE_CHECKING:
    from jinja2 import Environment

SCRIPTS = ("page", "format", "table", "drawing", "plot", "lanes", "columns", "roofline", "tornado", "layers", "main")
"""The parts of the page's one script, in order."""


def html_page(comparison: Comparison, facts: Review) -> str:
    """Return the report as one HTML document."""
    from markupsafe import Markup

    style, parts = _text("review.css"), "\n".join(_text(f"{name}.js") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{parts}\n}})();'
    swings = tornado_data(facts.tornado)
    page = (
        _environment()
        .get_template("review.html")
        .render(
            facts=facts,
            not_estimated=NOT_ESTIMATED,
            close=percent(CLOSE, 1),
            known=facts.parts is not None,
            topics=by_topic(facts.assumptions),
            tornado=swings and facts.tornado and (tornado_title(facts.tornado), tornado_table(facts.tornado)),
            policy=_policy(script, style),
            style=Markup(style),
            script=Markup(script),
            data=Markup(script_safe(plot_data(comparison) | {"tornado": swings})),
        )
    )
    return page.encode("utf-8", "backslashreplace").decode()


def script_safe(data: Any) -> str:
    """Return data as JSON that may stand in a script element: ASCII, without "<", ">" and "&"."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(script: str, style: str) -> str:
    allowed = f"script-src {_hash(script)}; style-src {_hash(style)}; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _text(name: str) -> str:
    return packaged(f"report/review/templates/{name}")
