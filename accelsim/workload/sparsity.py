"""Which share of a layer's weights and activations is not zero? What the model declares; chips may make use of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import TYPE_CHECKING

from accelsim.errors import InputError, did_you_mean
from accelsim.precision.sparse import Pattern, parse_density, parse_pattern

if TYPE_CHECKING:
    from accelsim.workload.network import Network


@dataclass(frozen=True)
class Sparsity:
    """Densities of the tensors of a layer with multiply-accumulates.

    Parameters
    ----------
    weights, inputs, outputs : Fraction or None
        Shares that are not zero; a number or a text such as "3/8" is read as one. None: nothing is declared, so
        the tensor counts as dense and no chip codes it; 1 is a dense tensor that a chip with a codec codes.
    pattern : Pattern or None
        N:M structure of the weights along the reduction; "2:4" is read as one. It declares their density N/M.

    Raises
    ------
    InputError
        A density is not above 0 and at most 1, or differs from N/M; N exceeds M.
    """

    weights: Fraction | None = None
    inputs: Fraction | None = None
    outputs: Fraction | None = None
    pattern: Pattern | None = None

    def __post_init__(self) -> None:
        for name in ("weights", "inputs", "outputs"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, _read(parse_density, given, f"density of {name}"))
        if self.pattern is not None and not isinstance(self.pattern, Pattern):
            object.__setattr__(self, "pattern", _read(parse_pattern, self.pattern, "pattern"))
        if self.pattern is not None:
            if self.weights not in (None, self.pattern.density):
                raise InputError(
                    f"the density of weights of pattern {self.pattern} must be {self.pattern.density}; "
                    f"got {self.weights}. Leave it out."
                )
            object.__setattr__(self, "weights", self.pattern.density)

    def __bool__(self) -> bool:
        """Whether anything is declared."""
        return any(getattr(self, one.name) is not None for one in fields(self))

    def density(self, operand: str) -> Fraction:
        """Return the density of W, I or O; 1 where none is declared."""
        return self.declared(operand) or Fraction(1)

    def declared(self, operand: str) -> Fraction | None:
        """Return the density of W, I or O; None where none is declared."""
        return {"W": self.weights, "I": self.inputs, "O": self.outputs}[operand]


def _read(parse: object, given: object, where: str) -> object:
    try:
        return parse(given)  # type: ignore[operator]
    except InputError as error:
        raise InputError(error.message, where=where) from None


DENSE = Sparsity()
"""Nothing declared."""


def declare_sparsity(network: Network, declared: Mapping[str, Sparsity]) -> Network:
    """Return a network whose layers with multiply-accumulates have declared densities.

    Parameters
    ----------
    network : Network
    declared : mapping of layer name or pattern to Sparsity
        A name, or a pattern with ``*``; the last that matches a layer holds for it.

    Raises
    ------
    InputError
        A name matches no layer with multiply-accumulates.
    """
    able = [layer.name for layer in network.layers if layer.shape is not None]
    for name in declared:
        if not any(fnmatchcase(each, name) for each in able):
            raise InputError(
                f"{name!r} must match a layer of {network.name} with multiply-accumulates"
                f"{did_you_mean(name, able) or '.'}"
            )

    def declared_for(name: str) -> Sparsity | None:
        matching = [one for pattern, one in declared.items() if fnmatchcase(name, pattern)]
        return matching[-1] if matching else None

    layers = tuple(
        replace(layer, sparsity=declared_for(layer.name) or layer.sparsity) if layer.shape is not None else layer
        for layer in network.layers
    )
    return replace(network, layers=layers)
