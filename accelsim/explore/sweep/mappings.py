"""How does a mapping that somebody asks for reach other processes? Files are read, read-only views copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accelsim.mapping.constraints import Constraints
from accelsim.mapping.file import SUFFIXES, MappingFile, load_mapping


def portable(mapping: Any) -> Any:
    """Return a mapping that other processes can take: files are read, read-only views copied."""
    if not isinstance(mapping, str) and hasattr(mapping, "__fspath__"):
        mapping = str(mapping)
    if isinstance(mapping, str) and mapping.lower().endswith(SUFFIXES):
        mapping = load_mapping(mapping)
    if isinstance(mapping, MappingFile):
        entries = tuple(replace(one, constraints=_copied(one.constraints)) for one in mapping.entries)
        return replace(mapping, entries=entries)
    if isinstance(mapping, Constraints):
        return _copied(mapping)
    return dict(mapping) if isinstance(mapping, Mapping) else mapping


def _copied(one: Constraints) -> Constraints:
    tiles = {node: dict(tiles) for node, tiles in one.tiles.items()}
    spatial = {name: dict(dims) for name, dims in one.spatial.items()}
    return replace(one, keeps=dict(one.keeps), tiles=tiles, spatial=spatial, loops=dict(one.loops))
