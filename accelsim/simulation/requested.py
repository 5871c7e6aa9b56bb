"""How does the caller want every layer mapped? By search, by the heuristic, or as given, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accelsim.errors import AccelsimError, InputError, UnsupportedError, UsageError, did_you_mean
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraint_check import check_constraints
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.dataflows import ALIASES, DATAFLOWS
from accelsim.mapping.file import SUFFIXES, MappingFile, load_mapping
from accelsim.mapping.given import check_given
from accelsim.mapping.nest import Nest
from accelsim.workload.network import Network
from accelsim.workload.shape import Shape

Wanted = str | Path | Nest | Constraints | MappingFile | Mapping[str, Nest]
"""What ``mapping=`` takes; see `accelsim.simulation.estimate.estimate`."""

DEFAULT = "optimal"
"""How layers are mapped of which nobody says anything."""

QUICK = "heuristic"
"""How they are mapped where searching would take too long."""

OPTIMAL, CONSTRAINED, SEARCHED, GIVEN = "optimal", "constrained-optimal", "searched", "given"
"""What a layer's mapping is called: proven best of all, proven best within constraints, the best that a search found
without a proof, or the caller's own."""


@dataclass(frozen=True)
class Request:
    """How every layer is to be mapped, checked against the layers and the chip.

    Parameters
    ----------
    name : str
        What a result calls it: "optimal", "heuristic", "given" ...
    nests : mapping of layer name to Nest
        The caller's own.
    constraints : mapping of layer name to Constraints
        What restricts the search of a layer.
    dataflows : tuple of str
        Of the heuristic, for all other layers; empty to search them.
    """

    name: str
    nests: Mapping[str, Nest] = field(default_factory=dict)
    constraints: Mapping[str, Constraints] = field(default_factory=dict)
    dataflows: tuple[str, ...] = ()


def request(wanted: Wanted, chip: Chip, network: Network) -> Request:
    """Return how the layers of a network are to be mapped.

    Raises
    ------
    UsageError
        The text is no mapping's name, or one nest is given for several layers.
    UnsupportedError
        The chip does not run the dataflow.
    InputError, InfeasibleError
        A layer is unknown, a file is wrong, a nest is not a mapping of its layer, or constraints contradict.
    """
    shapes = {layer.name: layer.shape for layer in network.layers if layer.shape is not None}
    if isinstance(wanted, str) and Path(wanted).suffix.lower() not in SUFFIXES:
        return _named(wanted, chip)
    if isinstance(wanted, str | Path):
        wanted = load_mapping(wanted)
    if isinstance(wanted, MappingFile):
        return _from_file(wanted, chip, shapes)
    if isinstance(wanted, Constraints):
        return _mixed({}, {name: _checked(wanted, name, shape, chip) for name, shape in shapes.items()}, chip, shapes)
    if isinstance(wanted, Nest):
        if len(shapes) != 1:
            raise UsageError(
                f"one mapping maps one layer; {network.name} has {len(shapes)}. Give a dict of layer name to Nest."
            )
        wanted = dict.fromkeys(shapes, wanted)
    if not isinstance(wanted, Mapping) or not all(isinstance(nest, Nest) for nest in wanted.values()):
        raise UsageError(f"mapping must be a name, a file, Constraints, a Nest or a dict of Nests; got {wanted!r}.")
    for name in wanted:
        if name not in shapes:
            raise InputError(f"{network.name} has no layer {name!r} with MACs{did_you_mean(name, shapes) or '.'}")
        try:
            check_given(wanted[name], shapes[name], chip)
        except AccelsimError as error:
            raise type(error)(error.message, where=f"mapping of {name}") from None
    return _mixed(wanted, {}, chip, shapes)


def called(asked: Request, found: Iterable[str]) -> str:
    """Return what a result calls its mappings: as asked, but "searched" where a layer lacks the proof.

    Parameters
    ----------
    asked : Request
    found : iterable of str
        What the mapping of each layer is called.
    """
    if SEARCHED not in found:
        return asked.name
    kinds = asked.name.split(" and ")
    return " and ".join(dict.fromkeys(SEARCHED if kind in (OPTIMAL, CONSTRAINED) else kind for kind in kinds))


def _named(text: str, chip: Chip) -> Request:
    name = ALIASES.get(text, text)
    if name == OPTIMAL:
        return Request(name)
    if name == QUICK:
        return Request(name, dataflows=chip.dataflows)
    if name not in DATAFLOWS:
        known = (OPTIMAL, QUICK, *DATAFLOWS, *ALIASES)
        hint = did_you_mean(text, known) or "."
        raise UsageError(f"mapping must be one of {', '.join(known)}, or a file ending in .yaml; got {text!r}{hint}")
    if name not in chip.dataflows:
        raise UnsupportedError(f"{chip.name} runs {', '.join(chip.dataflows)}; got {name}. Choose one of these.")
    return Request(name, dataflows=(name,))


def _from_file(file: MappingFile, chip: Chip, shapes: Mapping[str, Shape]) -> Request:
    entries = {name: entry for name in shapes if (entry := file.entry(name)) is not None}
    if not entries:
        named = [entry.pattern for entry in file.entries]
        raise InputError(
            f"the file must say something of {_either(shapes)}; it speaks of {', '.join(named[:4])}.",
            where=str(file.path),
        )
    if len(shapes) > 1:
        file.check_patterns(list(shapes))
    nests, constraints = {}, {}
    for name, entry in entries.items():
        if entry.nest is not None:
            nests[name] = entry.nest_for(name, shapes[name], chip)
        else:
            constraints[name] = entry.constraints_for(name, shapes[name], chip)
    return _mixed(nests, constraints, chip, shapes)


def _either(names: Iterable[str]) -> str:
    found = list(names)
    return found[0] if len(found) == 1 else f"one of the {len(found)} layers, such as {found[0]}"


def _checked(constraints: Constraints, name: str, shape: Shape, chip: Chip) -> Constraints:
    try:
        return check_constraints(constraints, shape, chip)
    except InputError as error:
        raise InputError(f"{name}: {error.message}", where=error.where) from None


def _mixed(
    nests: Mapping[str, Nest], constraints: Mapping[str, Constraints], chip: Chip, shapes: Mapping[str, Shape]
) -> Request:
    """Return a request of nests and constraints; of the other layers what is usual."""
    rest = len(shapes) > len(nests) + len(constraints)
    usual = _named(DEFAULT, chip)
    kinds = [*([GIVEN] if nests else []), *([CONSTRAINED] if constraints else []), *([usual.name] if rest else [])]
    return Request(" and ".join(kinds) or usual.name, nests, constraints, usual.dataflows)
