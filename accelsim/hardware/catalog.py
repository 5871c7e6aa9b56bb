"""Which chips are there, and what does the profile of one say? By name or path, with parents and overrides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.documents import Document, Mark, load_document, validate
from accelsim.errors import InputError
from accelsim.hardware.build import build_chip
from accelsim.hardware.chip import Chip
from accelsim.hardware.merge import Layered
from accelsim.hardware.normalize import normalize
from accelsim.hardware.overrides import apply_overrides
from accelsim.hardware.schema import ProfileSpec
from accelsim.library import find, names, packaged

MAX_PARENTS = 8


@dataclass(frozen=True)
class Entry:
    """One line of the catalog: the profile's name, what it is, and its file."""

    name: str
    title: str
    path: Path


def list_profiles() -> list[Entry]:
    """Return every profile on the search path, by name. A file that cannot be read lists its error as title."""
    entries = []
    for name, path in sorted(names("hw_profiles").items()):
        try:
            data = load_document(path).data
            title = data.get("title") if isinstance(data, dict) else None
        except InputError as error:
            title = f"(broken: {error})"
        entries.append(Entry(name, str(title or name), path))
    return entries


def load_profile(
    name: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None, what_if: bool = False
) -> Chip:
    """Return the chip of a profile.

    Parameters
    ----------
    name : str or path
        A name from `list_profiles` or the path of a YAML file.
    overrides : dict, optional
        Dotted field path -> value, as ``--set`` gives them: {"levels.SRAM.capacity": "256KiB"}.
    what_if : bool
        Give formats that the chip does not support hypothetical rates, and let an overridden
        ``node_nm`` rescale the on-chip costs; every such number is marked as derived.

    Raises
    ------
    InputError
        There is no such profile, or it is wrong: one sentence with ``file:line:column: field``.
    """
    return open_profile(name).chip(overrides, what_if)


@dataclass(frozen=True)
class OpenProfile:
    """A profile's files, read: chips with different overrides are built from it without reading them again.

    Parameters
    ----------
    path : Path
    layered : Layered
        What the file and its parents say.
    """

    path: Path
    layered: Layered

    def chip(self, overrides: Mapping[str, Any] | None = None, what_if: bool = False) -> Chip:
        """Return the chip of the profile with some overrides; see `load_profile`."""
        profile = Layered(self.layered.data, self.layered.mark, list(self.layered.remarks))
        apply_overrides(profile, overrides or {})
        document = Document(self.path, profile.data, profile.mark)
        spec = validate(ProfileSpec, document)
        chip = build_chip(spec, document, tuple(profile.remarks), what_if)
        return _at_node(chip, self.layered.data.get("node_nm"))


def open_profile(name: str | os.PathLike[str]) -> OpenProfile:
    """Return a profile, read but not yet checked; a name that nothing has raises InputError with the nearest."""
    path = find("hw_profiles", os.fspath(name), "hardware profile")
    return OpenProfile(path, _layer(path))


def template() -> str:
    """Return the text of a commented profile to start from; it loads as it stands."""
    return packaged("hardware/data/template.yaml")


def _layer(path: Path, children: tuple[Path, ...] = ()) -> Layered:
    """Return a profile's data laid over its parents'."""
    document = load_document(path)
    data = document.data
    if not isinstance(data, dict):
        raise InputError("a profile must be a mapping of fields.", where=str(path))
    chain = (*children, path.resolve())
    parent = data.get("extends")
    own = normalize(data)
    if parent is None:
        return Layered(own, document.mark)
    base = _layer(_parent(parent, document, chain), chain)
    base.data = {key: value for key, value in base.data.items() if key not in ("title", "description")}
    base.lay(own, document.mark)
    return base


def _parent(parent: Any, document: Document, chain: tuple[Path, ...]) -> Path:
    where = document.where("extends")
    if not isinstance(parent, str) or not parent:
        raise InputError(f"must be the name or path of another profile; got {parent!r}.", where=where)
    beside = document.path.parent / (parent if parent.endswith((".yaml", ".yml")) else f"{parent}.yaml")
    try:
        path = beside if beside.is_file() else find("hw_profiles", parent, "hardware profile")
    except (InputError, OSError, ValueError) as error:
        raise InputError(
            getattr(error, "message", "must be the name or path of another profile."), where=where
        ) from None
    if path.resolve() in chain:
        names = " -> ".join(link.stem for link in (*chain, path))
        raise InputError(f"profiles must not extend each other in a circle; got {names}.", where=where)
    if len(chain) > MAX_PARENTS:
        raise InputError(f"a profile must have at most {MAX_PARENTS} parents above each other.", where=where)
    return path


def _at_node(chip: Chip, base_node: Any) -> Chip:
    """Return the chip, with its costs moved if the node was overridden under ``what_if``."""
    before = base_node.get("value") if isinstance(base_node, dict) else None
    after = chip.node_nm.value if chip.node_nm else None
    if before is None or after is None or before == after:
        return chip
    from accelsim.hardware.node_scaling import keep_costs, move_costs

    return move_costs(chip, float(before)) if chip.what_if else keep_costs(chip, float(before))


__all__ = ["Entry", "Mark", "OpenProfile", "list_profiles", "load_profile", "open_profile", "template"]
