"""Under which key is a point stored? A hash of what it depends on: contents and code, never names or files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from accelsim.cache import canonical, code_version, key_of
from accelsim.explore.sweep.point import Job
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.dataflows import ALIASES
from accelsim.mapping.file import MappingFile
from accelsim.scheme import Scheme
from accelsim.workload.network import Network

NOT_NEEDED = ("quantization", "explore", "validation", "report", "cli")
"""The parts of the package that no outcome depends on, but for `_OWN`."""

_OWN = tuple(Path(__file__).with_name(name).read_text("utf-8") for name in ("identity.py", "outcome.py", "point.py"))
"""The files of sweeps that an outcome depends on, as they were loaded."""


def version() -> str | None:
    """Return the version of the code that outcomes depend on; None if a file changed while the program runs."""
    below = code_version(*NOT_NEEDED)
    return None if below is None else key_of(below, _OWN)


def key(job: Job, parts: Parts, version: str | None) -> str:
    """Return the content key of a job in a `version` of the code."""
    switches = (job.objective, job.keep_weights, job.residency, job.fuse, job.pass_, job.per_layer)
    return key_of(
        version, parts.network(job.network), parts.chip(job.chip), parts.scheme(job.scheme),
        parts.mapping(job.mapping), switches,
    )  # fmt: skip


class Parts:
    """Hashes of what many points share, each computed once.

    Every object is kept as long as its hash, so that no other can take its identity.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str]] = {}

    def _once(self, given: object, content: Any) -> str:
        if id(given) not in self._known:
            self._known[id(given)] = given, _hash(content(given))
        return self._known[id(given)][1]

    def network(self, network: Network) -> str:
        """Return the hash of a network's contents: its layers and sizes, without its name, title and notes."""
        return self._once(network, _nameless_network)

    def chip(self, chip: Chip) -> str:
        """Return the hash of a chip's numbers with their sources, without its name, title and description."""
        return self._once(chip, lambda one: replace(one, name="", title="", description="").digest)

    def scheme(self, scheme: Scheme) -> str:
        """Return the hash of what a scheme says, without its name and description."""
        return self._once(scheme, _nameless_scheme)

    def mapping(self, wanted: Any) -> str:
        """Return the hash of the mappings asked for: names without their short forms, files by what they say."""
        return _name(wanted) if isinstance(wanted, str) else self._once(wanted, mapping_content)


@lru_cache(maxsize=64)
def _name(text: str) -> str:
    return _hash(ALIASES.get(text, text))


def mapping_content(wanted: Any) -> Any:
    """Return what a mapping says as plain content: of a file its entries, without its path and positions."""
    if isinstance(wanted, MappingFile):
        return [(one.pattern, one.nest, one.constraints.identity, dict(one.extents)) for one in wanted.entries]
    if isinstance(wanted, Constraints):
        return wanted.identity
    return dict(wanted) if isinstance(wanted, Mapping) else wanted


def _nameless_network(network: Network) -> Network:
    return replace(network, name="", title="", source="", options={}, notes=())


def _nameless_scheme(scheme: Scheme) -> Scheme:
    own = tuple((pattern, replace(each, name="", description="")) for pattern, each in scheme.overrides)
    return replace(scheme, name="", description="", overrides=own)


def _hash(content: object) -> str:
    return hashlib.sha256(canonical(content).encode("utf-8", "backslashreplace")).hexdigest()
