"""Which dimensions, coefficients and tensors does the shape of a Timeloop problem have?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from accelsim.documents import shown
from accelsim.documents.part import Part
from accelsim.errors import did_you_mean

_CNN = {
    "Weights": ((("C", ""),), (("K", ""),), (("R", ""),), (("S", ""),)),
    "Inputs": (
        (("N", ""),), (("C", ""),), (("R", "Wdilation"), ("P", "Wstride")), (("S", "Hdilation"), ("Q", "Hstride")),
    ),
    "Outputs": ((("N", ""),), (("K", ""),), (("Q", ""),), (("P", ""),)),
}  # fmt: skip
"""The shape that Timeloop knows as ``cnn-layer``: terms of a dimension and a coefficient by tensor."""


@dataclass(frozen=True)
class Space:
    """A tensor of a shape: its axes as sums of (dimension, coefficient or "")."""

    name: str
    axes: tuple[tuple[tuple[str, str], ...], ...]
    written: bool


@dataclass(frozen=True)
class ProblemShape:
    """The shape of a problem.

    Parameters
    ----------
    name : str
    dimensions : list of str
    defaults : dict of str to int
        Coefficients and what they are where the instance does not say.
    spaces : list of Space
    """

    name: str
    dimensions: list[str]
    defaults: dict[str, int]
    spaces: list[Space]


def read_shape(part: Part) -> ProblemShape:
    """Return a shape, written out or one that Timeloop knows by name.

    Raises
    ------
    InputError
        A field, a dimension or a coefficient is unknown, or the tensors are not two read and one written.
    """
    if isinstance(part.value, str):
        return _known_shape(part)
    known = ("name", "dimensions", "coefficients", "data_spaces")
    fields = part.fields(known, "a shape", needed=("dimensions", "data_spaces"))
    dimensions = [one.text() for one in fields["dimensions"].items("dimensions")]
    if len(set(dimensions)) < len(dimensions):
        raise fields["dimensions"].error("dimensions must be named once.")
    defaults = {}
    for one in fields["coefficients"].items() if "coefficients" in fields else []:
        parts = one.fields(("name", "default"), "a coefficient", needed=("name",))
        defaults[parts["name"].text()] = parts["default"].whole() if "default" in parts else 1
    spaces = [_space(one, dimensions, defaults) for one in fields["data_spaces"].items("data_spaces")]
    written = [space.name for space in spaces if space.written]
    if len(spaces) != 3 or len(written) != 1:
        text = ", ".join(space.name for space in spaces)
        raise fields["data_spaces"].error(
            f"a layer must have two tensors that are read and one with read_write: true; got {len(written)} "
            f"written of {len(spaces)}: {text}."
        )
    return ProblemShape(fields["name"].text() if "name" in fields else "", dimensions, defaults, spaces)


def _known_shape(part: Part) -> ProblemShape:
    name = part.text()
    if name.replace("_", "-") != "cnn-layer":
        hint = did_you_mean(name, ("cnn-layer",)) or "; cnn-layer is."
        raise part.error(f"{shown(name)} is not a shape that is known by name{hint} Any other must be written out.")
    defaults = dict.fromkeys(("Wstride", "Hstride", "Wdilation", "Hdilation"), 1)
    spaces = [Space(one, axes, one == "Outputs") for one, axes in _CNN.items()]
    return ProblemShape(name, list("RSPQCKN"), defaults, spaces)


def _space(part: Part, dimensions: list[str], coefficients: Iterable[str]) -> Space:
    fields = part.fields(("name", "projection", "read_write"), "a data space", needed=("name", "projection"))
    projection = fields["projection"]
    if isinstance(projection.value, str):
        axes = tuple(_sum(text, projection) for text in projection.value.strip().strip("[]").split(","))
    else:
        axes = tuple(tuple(_term(term) for term in axis.items("an axis")) for axis in projection.items("a projection"))
    for axis in axes:
        if not axis:
            raise projection.error("an axis must be a sum of dimensions; one is empty.")
        for dimension, coefficient in axis:
            if dimension not in dimensions:
                hint = did_you_mean(dimension, dimensions) or f"; they are {', '.join(dimensions)}."
                raise projection.error(f"{shown(dimension)} is not one of the dimensions{hint}")
            if coefficient and not coefficient.isdecimal() and coefficient not in coefficients:
                hint = did_you_mean(coefficient, coefficients) or f"; they are {', '.join(coefficients) or 'none'}."
                raise projection.error(f"{shown(coefficient)} is not one of the coefficients{hint}")
    return Space(fields["name"].text(), axes, "read_write" in fields and fields["read_write"].flag())


def _term(part: Part) -> tuple[str, str]:
    """Return [P, Wstride] as ("P", "Wstride") and [P] as ("P", "")."""
    texts = [one.text() for one in part.items("a term")]
    if len(texts) not in (1, 2):
        raise part.error(f"a term must be [DIMENSION] or [DIMENSION, COEFFICIENT]; got {shown(part.value)}.")
    return texts[0], texts[1] if len(texts) == 2 else ""


def _sum(text: str, part: Part) -> tuple[tuple[str, str], ...]:
    """Return the axis that ``2*p + r`` stands for."""
    terms = []
    for term in text.split("+"):
        factors = [factor.strip() for factor in term.split("*")]
        numbers = [factor for factor in factors if factor.isdecimal()]
        names = [factor for factor in factors if re.fullmatch(r"[A-Za-z_]\w*", factor)]
        if len(numbers) + len(names) != len(factors) or not 1 <= len(factors) <= 2 or not names or len(numbers) > 1:
            raise part.error(f"an axis must be a sum of dimensions, such as p or 2*p + r; got {shown(text.strip())}.")
        terms.append((names[0], numbers[0] if numbers else "".join(names[1:])))
    return tuple(terms)
