"""Which network does an ONNX file describe? Needs the extra ``onnx``.

`skim` maps the file without the data of large tensors, `model` checks it, `axes` binds dynamic axes,
`walk` goes through the graph and evaluates the arithmetic of shapes (`constants`), and ``nodes/`` says
what each operator becomes in terms of `accelsim.workload.operators`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from accelsim.errors import AccelsimError, InputError, UsageError
from accelsim.workload.importers import Option
from accelsim.workload.network import Network


def load(path: Path, phase: str | None, batch: int | None, options: Mapping[str, Option]) -> Network:
    """Return the network of an ONNX file.

    Parameters
    ----------
    phase : None
        An ONNX file has no phases.
    batch : int or None
        Extent of the batch axis; None is 1, which the network's ``notes`` announce.
    options : mapping
        Extents of dynamic axes by name.

    Raises
    ------
    InputError
        The file is broken, an axis is not bound, or an operator's inputs do not fit it.
    UsageError
        The package ``onnx`` is not installed.
    """
    if phase is not None:
        raise InputError(f"{path.name} has no phases; got {phase!r}. Leave it out.")
    from accelsim.workload.importers.onnx.axes import Axes, extents
    from accelsim.workload.importers.onnx.model import read_model
    from accelsim.workload.importers.onnx.walk import walk

    model = read_model(path)
    try:
        axes = Axes(batch, extents(options))
        network = walk(model, path.stem, axes)
    except UsageError:
        raise
    except AccelsimError as error:
        inner = f": {error.where}" if error.where else ""
        raise InputError(error.message, where=f"{path}{inner}") from None
    used: dict[str, int | bool | str] = dict(axes.used)
    return replace(network, source=f"{path.name}, an ONNX file", notes=tuple(axes.notes), options=used)


def phases(path: Path) -> dict[str, dict[str, Option]]:
    """Return the passes of a file: one, whose options are the names of its dynamic axes."""
    return {"": {}}
