"""How does a result reach what draws it, which stands on a higher floor? By name, when first asked."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Accessor:
    """A class attribute that hands its owner to a class named ``module:name``, imported on use.

    Nothing of the higher floor is imported before the attribute is read, so results do not depend on
    what displays them.
    """

    def __init__(self, target: str) -> None:
        self.module, _, self.name = target.partition(":")

    def __get__(self, owner: object | None, kind: type) -> Any:
        if owner is None:
            return self
        return getattr(import_module(self.module), self.name)(owner)
