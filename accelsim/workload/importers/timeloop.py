"""Which layer does a Timeloop problem describe, and which of accelsim's loops and operands are its own?

::

    problem:
      shape:
        name: conv
        dimensions: [C, M, R, P]
        coefficients: [{name: Wstride, default: 1}]
        data-spaces:                              # data_spaces in version 0.4
          - {name: Weights, projection: [[[C]], [[M]], [[R]]]}
          - {name: Inputs, projection: [[[C]], [[R], [P, Wstride]]]}
          - {name: Outputs, projection: [[[M]], [[P]]], read-write: true}
      instance: {C: 3, M: 64, R: 3, P: 56, Wstride: 2}

A key of the instance that is neither a dimension nor a coefficient is refused: Timeloop drops it
without a word, and with it, as in ``HStride: 4`` where the shape says ``Hstride``, most of the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from accelsim.documents import shown
from accelsim.documents.part import Part
from accelsim.documents.timeloop import Parts, read_parts
from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers.peer_loops import Axis, Loops, Tensor, loops_of
from accelsim.workload.importers.peers import Entry, ImportedWorkload, Names
from accelsim.workload.importers.timeloop_shape import Space, read_shape

SOURCE = "a Timeloop problem"

_WEIGHTS = re.compile(r"w|b|.*(weight|filter|kernel).*", re.IGNORECASE)
_INPUTS = re.compile(r"i|a|.*(input|ifmap|activation).*", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """One layer.

    Parameters
    ----------
    name : str
    extents : dict of str to int
        By dimension, in the order of the shape.
    loops : Loops
        What each dimension is.
    operands : dict of str to str
        W, I or O by data space.
    part : Part
        Where it stands.
    """

    name: str
    extents: dict[str, int]
    loops: Loops
    operands: dict[str, str]
    part: Part

    def entry(self, names: Names) -> Entry:
        """Return the layer as a workload file states it."""
        fields = {"name": names.new(self.name), "kind": "nest", "shape": self.loops.shape}
        return Entry(fields, self.part.document.nearest(self.part.at)[0])


def read_problems(parts: Parts) -> list[Problem]:
    """Return the layers of the problem in Timeloop files: one, or one for each of a list.

    Raises
    ------
    InputError
        A field or a key of the instance is unknown, a dimension is missing, or the problem is none of
        accelsim's eight loops; file, line and field are named.
    """
    part = parts.need("problem", "what is computed.")
    several = part.items() if isinstance(part.value, list) else [part]
    problems = [_problem(one) for one in several]
    if not problems:
        raise part.error("a problem must have at least one layer; it is empty.")
    return problems


def import_problem(paths: Iterable[str | Path]) -> ImportedWorkload:
    """Return the workload in Timeloop files."""
    parts = read_parts(paths)
    return workload_of(parts, read_problems(parts))


def workload_of(parts: Parts, problems: Iterable[Problem]) -> ImportedWorkload:
    """Return problems as a workload."""
    names = Names()
    entries = tuple(problem.entry(names) for problem in problems)
    return ImportedWorkload(parts.found["problem"].document.path, SOURCE, entries, tuple(names.remarks))


def _problem(part: Part) -> Problem:
    entries = part.entries("a problem")
    if "shape" not in entries:
        raise part.error("shape must be given; a problem needs it.")
    shape = read_shape(entries["shape"])
    dimensions = shape.dimensions
    if "instance" in entries:
        entries = part.fields(("version", "shape", "instance", "name"), "a problem")
        given = entries["instance"].entries("an instance")
    else:  # version 0.1 and 0.2: the extents stand beside the shape
        given = {key: value for key, value in entries.items() if key not in ("version", "shape", "name")}
    values = _values(part, given, dimensions, shape.defaults)
    label = given.get("name") or entries.get("name")
    where = entries["shape"]
    try:
        loops, operands = _classified({dim: values[dim] for dim in dimensions}, values, shape.spaces)
    except InputError as error:
        raise where.error(error.message) from None
    title = label.text() if label is not None else shape.name or part.document.path.name.split(".")[0]
    return Problem(title, {dim: values[dim] for dim in dimensions}, loops, operands, part)


def _values(part: Part, given: dict[str, Part], dimensions: list[str], defaults: dict[str, int]) -> dict[str, int]:
    """Return the value of every dimension and coefficient."""
    values = dict(defaults)
    for key, value in given.items():
        if key == "name":
            continue
        if key in ("densities", "commonDensity"):
            _dense(key, value)
            continue
        if key not in dimensions and key not in defaults:
            known = [*dimensions, *defaults]
            hint = did_you_mean(key, known) or f"; they are {', '.join(known)}."
            raise InputError(
                f"{key} is neither a dimension nor a coefficient of the shape, so Timeloop would ignore it{hint}",
                where=value.document.where_key(*value.at),
            )
        values[key] = value.whole()
    for name in dimensions:
        if name not in values:
            raise part.error(f"{name} must be given: it is a dimension of the shape.")
    return values


def _dense(key: str, part: Part) -> None:
    if key == "commonDensity":
        densities = [part]
    else:
        densities = []
        for one in part.entries("densities").values():
            if isinstance(one.value, dict):
                inside = one.entries("a density")
                densities += [inside["density"]] if "density" in inside else [one]
            else:
                densities.append(one)
    for one in densities:
        if one.value != 1 or isinstance(one.value, bool):
            raise one.error(f"must be 1: accelsim counts dense tensors; got {shown(one.value)}.")


def _classified(extents: dict[str, int], values: dict[str, int], spaces: list[Space]) -> tuple[Loops, dict[str, str]]:
    output = next(space for space in spaces if space.written)
    weights, inputs = _operands([space for space in spaces if not space.written])
    tensors = (_tensor(space, values) for space in (output, weights, inputs))
    loops = loops_of(extents, *tensors)
    return loops, {output.name: "O", weights.name: "W", inputs.name: "I"}


def _operands(read: list[Space]) -> tuple[Space, Space]:
    """Return (weights, inputs): the input is the one with an image axis, else the names decide, else the order."""
    first, second = read
    for inputs, weights in ((first, second), (second, first)):
        if any(len(axis) > 1 for axis in inputs.axes):
            return weights, inputs
    for weights, inputs in ((first, second), (second, first)):
        if _WEIGHTS.fullmatch(weights.name) or _INPUTS.fullmatch(inputs.name):
            return weights, inputs
    return second, first


def _tensor(space: Space, values: dict[str, int]) -> Tensor:
    axes: list[Axis] = []
    for axis in space.axes:
        axes.append(
            tuple((name, int(factor) if factor.isdecimal() else values.get(factor, 1)) for name, factor in axis)
        )
    return tuple(axes)
