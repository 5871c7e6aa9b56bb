"""Which choices does the chip support, and what does the whole model cost in each? One estimate per choice.

A choice that the chip cannot multiply or map is left out with a note. All share one KV cache format: that of the
widest activations among them, unless it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from accelsim.errors import InfeasibleError, InputError, UnsupportedError, UsageError
from accelsim.hardware.chip import Chip
from accelsim.precision import Format
from accelsim.scheme import Scheme
from accelsim.scheme.grammar import parse_name, read_format
from accelsim.simulation.estimate import estimate
from accelsim.simulation.requested import Wanted
from accelsim.simulation.result import Result
from accelsim.workload.network import Network


@dataclass(frozen=True)
class Choices:
    """Uniform schemes that a layer may take, in the order given.

    Parameters
    ----------
    schemes : dict of str to Scheme
    results : dict of str to Result
        The whole model in each.
    notes : tuple of str
        What was left out, and why.
    """

    schemes: Mapping[str, Scheme]
    results: Mapping[str, Result]
    notes: tuple[str, ...]

    @property
    def formats(self) -> tuple[Format, ...]:
        """Formats of activations, each once."""
        return tuple(dict.fromkeys(one.activation_format for one in self.schemes.values()))

    def storing(self, activations: Format) -> str:
        """Return the first choice that stores activations so."""
        return next(name for name, one in self.schemes.items() if one.activation_format == activations)

    @property
    def widest(self) -> str:
        """The choice that stores most bits per weight and activation."""
        return max(self.schemes, key=lambda name: _bits(self.schemes[name]))


def _bits(scheme: Scheme) -> tuple[float, float]:
    weights, activations = scheme.weight_format, scheme.activation_format
    return float(weights.payload_bits + activations.payload_bits), float(weights.payload_bits)


def supported(
    network: Network,
    chip: Chip,
    names: Sequence[str],
    *,
    kv: str | None = None,
    mapping: Wanted = "heuristic",
    objective: str = "energy",
) -> Choices:
    """Return the choices that the chip supports, and the model in each.

    Raises
    ------
    UsageError
        There is no choice, or one stands twice.
    InputError
        A name is no scheme.
    UnsupportedError
        The chip supports none.
    """
    schemes = {name: parse_name(name) for name in names}
    if not names or len(schemes) < len(names):
        raise UsageError(f"choices must be names of schemes, each once, such as w4a4,w8a8; got {', '.join(names)}.")
    found, notes = _estimated(network, chip, schemes, mapping, objective)
    if found:
        cache = read_format(kv) if kv is not None else _cache_format([one.scheme for one in found.values()])
        schemes = {name: replace(schemes[name], kv_format=cache) for name in found}
        found, more = _with_cache(network, found, schemes, mapping, objective)
        notes += more
    if not found:
        raise UnsupportedError(f"{chip.name} must support a choice; {' '.join(notes)}")
    return Choices({name: schemes[name] for name in found}, found, tuple(notes))


def _cache_format(schemes: Sequence[Scheme]) -> Format:
    """Return the widest format of activations that most choices can multiply by."""
    formats = sorted({one.activation_format for one in schemes}, key=lambda one: one.storage_bits(), reverse=True)
    return max(formats, key=lambda one: sum(_multiplies(replace(scheme, kv_format=one)) for scheme in schemes))


def _multiplies(scheme: Scheme) -> bool:
    try:
        scheme.with_kv_multiplied()
    except InputError:
        return False
    return True


def _with_cache(
    network: Network, found: Mapping[str, Result], schemes: Mapping[str, Scheme], mapping: Wanted, objective: str
) -> tuple[dict[str, Result], list[str]]:
    """Return the results with one format of the KV cache; estimated again only where there is a cache."""
    used = any("kv" in (layer.second_operand, layer.output_role) for layer in network.layers)
    kept: dict[str, Result] = {}
    notes: list[str] = []
    for name, scheme in schemes.items():
        if used and scheme != found[name].scheme:
            own, more = _estimated(network, found[name].chip, {name: scheme}, mapping, objective)
            kept |= own
            notes += more
        elif _multiplies(scheme):
            kept[name] = replace(found[name], scheme=scheme)
        else:
            notes.append(f"{name} is left out: it cannot multiply a KV cache in {scheme.kv_format}.")
    return kept, notes


def _estimated(
    network: Network, chip: Chip, schemes: Mapping[str, Scheme], mapping: Wanted, objective: str
) -> tuple[dict[str, Result], list[str]]:
    found, notes = {}, []
    for name, scheme in schemes.items():
        try:
            scheme.with_kv_multiplied()
            found[name] = estimate(network, chip, scheme, mapping=mapping, objective=objective)
        except (UnsupportedError, InfeasibleError) as error:
            notes.append(f"{name} is left out: {error}")
        except InputError as error:
            if scheme.kv_format == scheme.activation_format:
                raise
            notes.append(f"{name} is left out: {error}")
    return found, notes
