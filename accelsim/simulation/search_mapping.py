"""Which mapping of a layer is best on a chip, and how do we know? One layer, searched; proven where it can be."""

from __future__ import annotations

from pathlib import Path

from accelsim.errors import InputError, UsageError
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.file import MappingFile, load_mapping
from accelsim.scheme import Scheme
from accelsim.simulation.estimate import estimate_layer
from accelsim.simulation.requested import OPTIMAL
from accelsim.simulation.result import LayerResult
from accelsim.workload.layer import Layer
from accelsim.workload.one_layer import load_layer


def search_mapping(
    layer: Layer | str,
    chip: Chip | str | Path,
    scheme: Scheme | str | Path = "fp32",
    objective: str = "energy",
    *,
    constraints: Constraints | MappingFile | str | Path | None = None,
) -> LayerResult:
    """Return what a layer costs in the best mapping that is found, every operand coming from and going to DRAM.

    docs/search.md says where the search proves its mapping best, and what it does elsewhere.

    Parameters
    ----------
    layer : Layer or str
        A layer, or a text such as "resnet50:conv1"; a workload's name alone if it has one such layer.
    chip : Chip, str or Path
    scheme : Scheme, str or Path
    objective : {"energy", "latency", "edp"}
        Mappings equal in it are told apart by another; see docs/search.md.
    constraints : Constraints, MappingFile, str or Path, optional
        What is pinned; the rest is searched. A file must state constraints for a layer of this name.

    Returns
    -------
    LayerResult
        With ``nest``, the mapping, and ``certificate``: the proof that none is better, or how far it may be from
        one; ``mapping`` is "optimal", "constrained-optimal" or "searched".

    Raises
    ------
    InputError
        A name is unknown, the layer has no loop nest, or constraints contradict.
    InfeasibleError
        No mapping fits the chip, or none that keeps the constraints.
    """
    one = load_layer(layer) if isinstance(layer, str) else layer
    if one.shape is None:
        raise InputError(f"a mapping maps multiply-accumulates; {one.name} ({one.kind}) has none.")
    wanted = pinned_by(constraints, one.name) if constraints is not None else OPTIMAL
    return estimate_layer(one, chip, scheme, mapping=wanted, objective=objective).layers[0]


def pinned_by(constraints: Constraints | MappingFile | str | Path, layer: str) -> Constraints | MappingFile:
    """Return constraints, read from a file if need be; InputError if it states a whole mapping for the layer."""
    found = load_mapping(constraints) if isinstance(constraints, str | Path) else constraints
    if not isinstance(found, Constraints | MappingFile):
        raise UsageError(f"constraints must be Constraints or a mapping file; got {found!r}.")
    if isinstance(found, MappingFile):
        entry = found.entry(layer)
        if entry is not None and entry.nest is not None:
            raise InputError(
                f"the file must state constraints for {layer}; it states a whole mapping, of which nothing is left to "
                "search.",
                where=entry.document.where(*entry.at, "mapping"),
            )
    return found
