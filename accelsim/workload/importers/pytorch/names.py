"""What is a layer called that an operator of a module becomes? After the submodule that calls it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from accelsim.workload.layer import Layer

if TYPE_CHECKING:
    from torch.fx import Node

SEVERAL = ("Sequential", "ModuleList", "ModuleDict", "MultiheadAttention", "Transformer")
"""Modules of torch.nn that are made of layers and are none themselves, by how their class's name begins."""


def module_of(node: Node) -> tuple[str, str]:
    """Return path and class of the submodule that a node stands in; the whole module's path is ""."""
    stack = node.meta.get("nn_module_stack") or {}
    path, kind = next(reversed(stack.values()), ("", ""))
    return str(path), kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def layer_name(node: Node, operator: str, weight: str = "") -> str:
    """Return what a node's layer is called, before equal names are told apart.

    A layer of ``torch.nn`` lends its path. Any other operator has the path of the module that it
    stands in and its own name behind it. The products in ``MultiheadAttention``, which calls no
    submodules, are named after their weight: "attention.in_proj", "attention.out_proj".
    """
    path, kind = module_of(node)
    name = kind.rpartition(".")[2]
    if name == "MultiheadAttention" and weight.startswith(path):
        owner = weight.removeprefix(path).lstrip(".")
        operator = owner.removesuffix("weight").rstrip("._") or operator
    elif path and kind.startswith("torch.nn.") and not name.startswith(SEVERAL):
        return path
    bare = operator.rpartition("::")[2].strip("_")
    return f"{path}.{bare}" if path else bare


def settled(layers: Sequence[Layer], called: Collection[str]) -> tuple[Layer, ...]:
    """Return the layers with the names that only the whole network tells.

    A module's only layer has the module's path in place of its operator's name. Numbers that tell equal
    names apart count the layers that are left, not those that were folded into others.

    Parameters
    ----------
    called : collection of str
        Names that end in that of an operator which the module called as a function.
    """
    inside: Counter[str] = Counter()
    for layer in layers:
        parts = layer.name.split(".")
        inside.update(".".join(parts[:length]) for length in range(1, len(parts)))
    bases = {layer.name: _base(layer.name) for layer in layers}
    taken = set(bases.values()) | {"", "input"}
    for name, base in bases.items():
        path = base.rpartition(".")[0]
        if base in called and inside[path] == 1 and path not in taken:
            bases[name] = path
    seen: Counter[str] = Counter()
    names: dict[str, str] = {}
    for name, base in bases.items():
        seen[base] += 1
        names[name] = base if seen[base] == 1 else f"{base}#{seen[base]}"
    return tuple(
        replace(
            layer,
            name=names[layer.name],
            inputs=tuple(names.get(name, name) for name in layer.inputs),
        )
        for layer in layers
    )


def _base(name: str) -> str:
    """Return a name without the number that tells it from an earlier one."""
    base, mark, number = name.rpartition("#")
    return base if mark and number.isdigit() else name
