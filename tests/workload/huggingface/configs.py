"""Reads, changes and writes the config.json files in ``data/configs``; their sources stand in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).parents[1] / "data" / "configs"
NAMES = sorted(path.name for path in CONFIGS.iterdir())


def content(name: str) -> dict[str, Any]:
    """What the config.json of a model holds."""
    return json.loads((CONFIGS / name / "config.json").read_text())


def write(folder: Path, name: str, changes: dict[str, Any] | None = None, drop: tuple[str, ...] = ()) -> Path:
    """Write a model's config.json with other values into a folder; return the file."""
    fields = {key: value for key, value in (content(name) | (changes or {})).items() if key not in drop}
    path = folder / "config.json"
    path.write_text(json.dumps(fields))
    return path
