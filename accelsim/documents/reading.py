"""How is a YAML file read into plain data that remembers its positions?

Files are read event by event into plain data beside a tree of positions. Reading is strict where
YAML 1.1 surprises: duplicate keys, ``on`` as a boolean, explicit tags, recursive or exploding
aliases and NaN are refused, keys are always text, and ``2e9`` stays text and is explained where a
number is expected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelsim.errors import InputError

MAX_BYTES = 10 * 1024 * 1024
MAX_ALIASED = 10_000
MAX_DEPTH = 60
TAG = "!"
"""Key under which a mapping keeps its tag, where a reader allows tags."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$")
_HEX = re.compile(r"[-+]?0x[0-9a-fA-F_]+$")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")
_AMBIGUOUS = {word for lower in ("on", "off", "yes", "no") for word in (lower, lower.title(), lower.upper())}
_CONSTANTS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_CONSTANTS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


@dataclass(slots=True)
class Mark:
    """Position of one value, and the marks of what is inside it.

    ``line`` 0 means that the value came from no file (a ``--set``); ``file`` then says whence.
    """

    file: str
    line: int
    column: int
    key_line: int = 0
    key_column: int = 0
    children: dict[str | int, Mark] = field(default_factory=dict)

    def place(self, *, key: bool = False) -> str:
        """Return ``file:line:column`` of the value, or of its key if it has one."""
        if not self.line:
            return self.file
        if key and self.key_line:
            return f"{self.file}:{self.key_line}:{self.key_column}"
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Document:
    """Plain data read from one file (or merged from several) that remembers positions."""

    path: Path
    data: Any
    mark: Mark

    def where(self, *keys: str | int) -> str:
        """Return ``file:line:column: a.b[1].c`` of the value at ``keys``, or of its nearest ancestor."""
        return f"{self.nearest(keys)[0].place()}: {dotted(keys)}" if keys else self.mark.place()

    def where_key(self, *keys: str | int) -> str:
        """Return ``file:line:column`` of the key that the last of ``keys`` names."""
        return self.nearest(keys)[0].place(key=True)

    def mark_at(self, keys: Iterable[str | int]) -> Mark | None:
        """Return the mark at ``keys``, or None if the files say nothing there."""
        mark: Mark | None = self.mark
        for key in keys:
            mark = mark.children.get(key) if mark is not None else None
        return mark

    def nearest(self, keys: Iterable[str | int]) -> tuple[Mark, Any]:
        """Return the mark and value at ``keys``, or those of the nearest ancestor that exists."""
        mark, data = self.mark, self.data
        for key in keys:
            if key not in mark.children:
                break
            mark, data = mark.children[key], data[key]
        return mark, data


def dotted(keys: Iterable[str | int]) -> str:
    """Return ``a.b[1].c`` for the path ("a", "b", 1, "c")."""
    path = list(keys)
    text = ""
    for key in path[:12]:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text + "..." if len(path) > 12 else text


def load_document(path: Path, tags: Iterable[str] = ()) -> Document:
    """Read one YAML file into plain data (dict with text keys, list, str, int, float, bool, None).

    Parameters
    ----------
    path : Path
    tags : iterable of str
        Tags that a mapping may carry ("!Component"); it keeps its tag as text under the key `TAG`.

    Raises
    ------
    InputError
        The file is missing, a directory, empty, not UTF-8 text, too large or not YAML; a key stands twice;
        a value is ambiguous (``on``), not finite, tagged, or built from recursive or exploding aliases.
    """
    return parse_document(read_text(Path(path)), Path(path), tags)


def parse_document(text: str, path: Path, tags: Iterable[str] = ()) -> Document:
    """Read YAML text as `load_document` does; ``path`` names it in messages."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(str(path), frozenset(tags))
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except UnicodeError:
        raise InputError("the file must be text in UTF-8; it is not.", where=str(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise InputError(f"the file must be YAML; {problem}.", where=place) from None
    if builder.root is None or builder.root[0] is None:
        raise InputError("the file must hold fields; it is empty.", where=str(path))
    data, mark = builder.root
    return Document(path, data, mark)


def read_text(path: Path, noun: str = "a YAML file") -> str:
    """Return the text of a file; one that is missing, too large or not UTF-8 raises InputError."""
    try:
        if path.is_dir():
            raise InputError("this must be a file; it is a directory.", where=str(path))
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{noun} must be at most {MAX_BYTES} bytes; this has {path.stat().st_size}.", where=str(path)
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file.", where=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"the file cannot be read; {getattr(error, 'strerror', None) or error}.", where=str(path)
        ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError("the file is not UTF-8 text; save it as UTF-8.", where=str(path))
    return text


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is still being read."""

    data: Any
    mark: Mark
    anchor: str | None
    nodes: int = 1
    key: str | None = None
    key_at: tuple[int, int] = (0, 0)


class _Builder:
    """Builds data and marks from YAML events without recursion."""

    def __init__(self, file: str, tags: frozenset[str] = frozenset()) -> None:
        self.file = file
        self.tags = tags
        self.root: tuple[Any, Mark] | None = None
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, Mark, int]] = {}
        self.aliased = 0

    def take(self, event: Any) -> None:
        """Place one parser event in the tree."""
        kind = type(event).__name__
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            tagged = kind.startswith("Mapping") and event.tag in self.tags
            if not tagged:
                self._tag(event)
            self._open(event, ({TAG: event.tag} if tagged else {}) if kind.startswith("Mapping") else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            done = self.stack.pop()
            self._place(event, done.data, done.mark, done.anchor, done.nodes)
        elif kind == "ScalarEvent":
            self._scalar(event)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent" and self.root is not None:
            self._refuse(event, "a file must hold one document; a second one starts here.")

    def _open(self, event: Any, data: Any) -> None:
        if self.stack and isinstance(self.stack[-1].data, dict) and self.stack[-1].key is None:
            self._refuse(event, "a key must be text, not a list or mapping.")
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(event, f"a file must nest at most {MAX_DEPTH} levels deep.")
        start = event.start_mark
        self.stack.append(_Open(data, Mark(self.file, start.line + 1, start.column + 1), event.anchor))
        if event.anchor:
            self.anchors.pop(event.anchor, None)

    def _scalar(self, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
        plain = event.implicit[0]
        if plain and event.value in _AMBIGUOUS:
            self._refuse(event, f"{event.value} can be read as text or as a boolean; write true or false, or quote it.")
        if top is not None and isinstance(top.data, dict) and top.key is None:
            if event.value in top.data:
                self._refuse(event, f"{event.value} must be given once; it stands twice here.")
            top.key, top.key_at = event.value, (event.start_mark.line + 1, event.start_mark.column + 1)
            return
        self._tag(event)
        start = event.start_mark
        value = self._value(event) if plain else event.value
        self._place(event, value, Mark(self.file, start.line + 1, start.column + 1), event.anchor, 1)

    def _value(self, event: Any) -> Any:
        text: str = event.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NOT_FINITE.match(text):
            self._refuse(event, f"a number must be finite; got {text}.")
        if _INT.match(text) or _HEX.match(text):
            if len(text) > 100:
                self._refuse(event, "a whole number must have at most 100 digits.")
            return int(text.replace("_", ""), 0)
        if _FLOAT.match(text):
            number = float(text.replace("_", ""))
            if not math.isfinite(number):
                self._refuse(event, f"a number must be finite; got {text}.")
            return number
        return text

    def _tag(self, event: Any) -> None:
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            allowed = f" but {', '.join(sorted(self.tags))}" if self.tags else ""
            self._refuse(event, f"a value must not carry a tag{allowed}; got {event.tag}.")

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._refuse(event, f"the alias *{event.anchor} must name an anchor that is complete above it.")
        data, mark, nodes = self.anchors[event.anchor]
        self.aliased += nodes
        if self.aliased > MAX_ALIASED:
            self._refuse(event, f"aliases must expand to at most {MAX_ALIASED} values.")
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            self._refuse(event, "a key must be text, not an alias.")
        copy = Mark(mark.file, mark.line, mark.column, children=mark.children)
        self._place(event, data, copy, None, nodes)

    def _place(self, event: Any, value: Any, mark: Mark, anchor: str | None, nodes: int) -> None:
        if anchor:
            self.anchors[anchor] = (value, mark, nodes)
        if not self.stack:
            self.root = (value, mark)
            return
        top = self.stack[-1]
        top.nodes += nodes
        if isinstance(top.data, list):
            top.mark.children[len(top.data)] = mark
            top.data.append(value)
            return
        assert top.key is not None
        mark.key_line, mark.key_column = top.key_at
        top.mark.children[top.key] = mark
        top.data[top.key] = value
        top.key = None

    def _refuse(self, event: Any, message: str) -> None:
        path: list[str | int] = []
        for level in self.stack:
            inside = len(level.data) if isinstance(level.data, list) else level.key
            if inside is not None:
                path.append(inside)
        start = event.start_mark
        place = f"{self.file}:{start.line + 1}:{start.column + 1}"
        raise InputError(message, where=f"{place}: {dotted(path)}" if path else place)
