"""What does one layer of a ZigZag workload compute? Its loops, its tensors and what it says of its formats.

::

    - id: 3
      operator_type: Conv
      equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
      dimension_relations: [ix=1*ox+1*fx, iy=1*oy+1*fy]
      loop_dims: [B, K, C, OY, OX, FY, FX]
      loop_sizes: [1, 64, 64, 56, 56, 3, 3]
      operand_precision: {W: 8, I: 8, O: 16, O_final: 8}
      operand_source: {I: 2, W: 3}
      pr_loop_dims: [IX, IY]            # optional: sizes and padding of the input
      pr_loop_sizes: [56, 56]
      padding: [[1, 1], [1, 1]]
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from accelsim.documents import shown
from accelsim.documents.part import Part
from accelsim.errors import did_you_mean
from accelsim.workload.importers.peer_loops import Axis, Tensor

FIELDS = (
    "id", "name", "operator_type", "equation", "dimension_relations", "loop_dims", "loop_sizes", "operand_precision",
    "operand_source", "pr_loop_dims", "pr_loop_sizes", "padding",
)  # fmt: skip
NEEDED = ("id", "operator_type", "equation", "loop_dims", "loop_sizes")
PRODUCTS = ("Conv", "Conv_downsample", "Gemm")
POOLS = {"MaxPool": False, "Pooling": False, "Pool": False, "AveragePool": True, "GlobalAveragePool": True}
"""Operators that take the largest or (True) the average of a window."""
OPERATORS = (*PRODUCTS, *POOLS, "Add")

_EQUATION = re.compile(r"(\w)((?:\[\w*\])+)\s*(\+{0,2})=\s*(\w)((?:\[\w*\])+)\s*([*+])\s*(\w)((?:\[\w*\])+)")
_RELATION = re.compile(r"(\w+)\s*=\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*\+\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)")


@dataclass(frozen=True)
class Window:
    """Size of the input along an image axis, and the padding before and after it; -1 where the file says nothing."""

    size: int = -1
    before: int = -1
    after: int = -1


@dataclass(frozen=True)
class ZigZagLayer:
    """One layer as the file has it.

    Parameters
    ----------
    part : Part
    number : int
        Its id.
    name, operator : str
    extents : dict of str to int
        By loop, in the order of the file.
    product : bool
        The two operands are multiplied, and not added.
    tensors : dict of "O", "W" and "I" to Tensor
    windows : tuple of Window
        Of the image axes of the input, in its order.
    formats : dict of str to int
        Bits by "W", "I", "O" and "O_final".
    sources : dict of str to int
        Id of the layer that makes W or I; its own id, or none, for a constant.
    """

    part: Part
    number: int
    name: str
    operator: str
    extents: dict[str, int]
    product: bool
    tensors: dict[str, Tensor]
    windows: tuple[Window, ...]
    formats: dict[str, int]
    sources: dict[str, int]


def read_layer(part: Part) -> ZigZagLayer:
    """Return a layer.

    Raises
    ------
    InputError
        A field is unknown or missing, the equation is none, or a number is no whole number.
    """
    fields = part.fields(FIELDS, "a ZigZag layer", needed=NEEDED)
    operator = fields["operator_type"].text()
    if operator not in OPERATORS:
        hint = did_you_mean(operator, OPERATORS) or f"; it is one of {', '.join(OPERATORS)}."
        raise fields["operator_type"].error(f"{operator!r} is not an operator that can be imported{hint}")
    extents = _extents(fields["loop_dims"], fields["loop_sizes"])
    relations = _relations(fields.get("dimension_relations"), extents)
    product, tensors, summed = _tensors(fields["equation"], extents, relations)
    number = fields["id"].whole(0)
    named = "name" in fields and fields["name"].value is not None
    return ZigZagLayer(
        part, number, fields["name"].text() if named else f"Layer{number}", operator, extents, product, tensors,
        _windows(fields, summed), _numbers(fields.get("operand_precision"), ("W", "I", "O", "O_final")),
        _numbers(fields.get("operand_source"), ("W", "I")),
    )  # fmt: skip


def _extents(dims: Part, sizes: Part) -> dict[str, int]:
    names = [one.text().upper() for one in dims.items("loop_dims")]
    values = [one.whole() for one in sizes.items("loop_sizes")]
    if len(names) != len(values):
        raise sizes.error(f"must have one size for each of the {len(names)} loops; got {len(values)}.")
    if len(set(names)) < len(names):
        raise dims.error("must name each loop once.")
    return dict(zip(names, values, strict=True))


def _relations(part: Part | None, extents: dict[str, int]) -> dict[str, Axis]:
    relations: dict[str, Axis] = {}
    for one in part.items("dimension_relations") if part is not None else []:
        found = _RELATION.fullmatch(one.text())
        if found is None:
            raise one.error(f"must be such as ix=2*ox+1*fx; got {shown(one.value)}.")
        terms = ((found[3].upper(), int(found[2] or 1)), (found[5].upper(), int(found[4] or 1)))
        for name, factor in terms:
            if name not in extents:
                raise one.error(f"{name} is not one of the loop_dims{did_you_mean(name, extents) or '.'}")
            if factor < 1:
                raise one.error(f"the coefficient of {name} must be at least 1; got {factor}.")
        relations[found[1].upper()] = terms
    return relations


def _tensors(
    part: Part, extents: dict[str, int], relations: dict[str, Axis]
) -> tuple[bool, dict[str, Tensor], list[str]]:
    """Return whether operands are multiplied, the tensors, and the names of the input's image axes."""
    found = _EQUATION.fullmatch(part.text())
    if found is None or found[1] != "O" or {found[4], found[7]} != {"W", "I"}:
        raise part.error(
            f"must be such as O[b][k]+=W[k][c]*I[b][c], of the tensors O, W and I; got {shown(part.value)}."
        )
    tensors: dict[str, Tensor] = {}
    summed = []
    for name, axes in ((found[1], found[2]), (found[4], found[5]), (found[7], found[8])):
        made: list[Axis] = []
        for index in re.findall(r"\[(\w+)\]", axes):
            upper = index.upper()
            if upper not in extents and upper not in relations:
                raise part.error(f"{index} must be one of the loop_dims or have one of the dimension_relations.")
            made.append(((upper, 1),) if upper in extents else relations[upper])
            if name == "I" and upper not in extents:
                summed.append(upper)
        tensors[name] = tuple(made)
    return found[6] == "*", tensors, summed


def _windows(fields: dict[str, Part], summed: list[str]) -> tuple[Window, ...]:
    """Return what the file says of each image axis of the input, in the order of the equation."""
    for name in ("pr_loop_sizes", "padding"):
        if name in fields and fields[name].value is not None and fields.get("pr_loop_dims") is None:
            raise fields[name].error("must come with pr_loop_dims, the axes that it is for.")
    dims = fields.get("pr_loop_dims")
    if dims is None or dims.value is None:
        return tuple(Window() for _ in summed)
    names = [one.text().upper() for one in dims.items("pr_loop_dims")]
    if sorted(names) != sorted(summed):
        raise dims.error(
            f"must name the image axes of the input, {', '.join(summed) or 'none'}; got {', '.join(names)}."
        )
    sizes, pads = (_items(fields.get(key)) for key in ("pr_loop_sizes", "padding"))
    for key, given in (("pr_loop_sizes", sizes), ("padding", pads)):
        if given and len(given) != len(names):
            raise fields[key].error(f"must have one entry for each of the {len(names)} pr_loop_dims; got {len(given)}.")
    windows = {}
    for place, name in enumerate(names):
        size = sizes[place].whole() if sizes else -1
        both = [one.whole(0) for one in pads[place].items("a padding")] if pads else [-1, -1]
        if len(both) != 2:
            raise pads[place].error(f"must be two numbers, before and after; got {len(both)}.")
        windows[name] = Window(size, *both)
    return tuple(windows[name] for name in summed)


def _items(part: Part | None) -> list[Part]:
    return part.items(str(part.at[-1])) if part is not None and part.value is not None else []


def _numbers(part: Part | None, known: tuple[str, ...]) -> dict[str, int]:
    if part is None:
        return {}
    return {name: one.whole(0) for name, one in part.fields(known, f"{part.at[-1]}").items()}
