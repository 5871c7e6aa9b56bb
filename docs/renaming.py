"""How is a page called on the site? As its file, but for one that would overwrite the site's own search page."""

from __future__ import annotations

from os import PathLike

from sphinx.project import Project

NAMES = {"search": "the-search"}


class Renamed(Project):
    """The pages of the site, under the names that they have there."""

    def path2doc(self, filename: str | PathLike[str]) -> str | None:
        """Return the name of the page that a file becomes."""
        name = super().path2doc(filename)
        return NAMES.get(name, name) if name else name
