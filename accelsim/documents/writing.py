"""How is plain data written as YAML that the reader takes back? In the order given, without anchors."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _dumper() -> Any:
    import yaml

    class Plain(yaml.SafeDumper):
        """A dumper that repeats what stands twice; an alias would be hard to read and to edit."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return Plain


def in_one_line(value: object) -> str:
    """Return a value as YAML on one line: {name: conv1, kind: nest, shape: {K: 64}}."""
    import yaml

    text = yaml.dump(value, Dumper=_dumper(), default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)
    return str(text).removesuffix("...\n").strip()


def in_lines(fields: dict[str, Any]) -> str:
    """Return a mapping as YAML: its innermost mappings and lists on one line each, the others indented."""
    import yaml

    text = yaml.dump(
        fields, Dumper=_dumper(), default_flow_style=None, sort_keys=False, width=10**6, allow_unicode=True
    )
    return str(text)
