"""What does a mapping file look like when it is written? The same text for the same mappings, easy to compare."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from accelsim.mapping.nest import Loop, Nest
from accelsim.mapping.nest_text import written
from accelsim.workload.shape import Shape

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_AMBIGUOUS = {"on", "off", "yes", "no", "y", "n", "true", "false", "null"}


def file_text(layers: Mapping[str, tuple[Shape, Nest]], heading: Sequence[str] = ()) -> str:
    """Return mappings of layers as the text of a mapping file.

    Parameters
    ----------
    layers : mapping of layer name to (Shape, Nest)
    heading : sequence of str
        Comments at the top of the file.
    """
    lines = [f"# {' '.join(comment.split())}" for comment in heading]
    lines.append("layers:")
    for name, (shape, nest) in layers.items():
        extents = ", ".join(f"{dim}: {extent}" for dim, extent in shape.extents.items() if extent > 1)
        lines += [f"  {_key(name)}:", f"    extents: {{{extents}}}", "    mapping:"]
        bounds = iter(nest.bounds(shape))
        for line in nest.lines:
            times = f"  # {next(bounds)} of them" if isinstance(line, Loop) else ""
            lines.append(f"      - {written(line)}{times}")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    """Return a layer's name as a pattern that takes it alone, quoted where YAML would read something else."""
    pattern = re.sub(r"([*?\[])", r"[\1]", name)
    if _PLAIN.fullmatch(pattern) and pattern.lower() not in _AMBIGUOUS:
        return pattern
    import yaml

    text: str = yaml.safe_dump(pattern, default_style='"', width=10**6, allow_unicode=True)
    return text.strip()
