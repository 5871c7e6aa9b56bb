"""How is a model trained in a scheme? Its step as a network, and the scheme of forward and backward layers alike.

Forward and backward products use the scheme's formats: the gradient of an activation is stored and multiplied as
the activations are, weights are read again as they are stored. Gradients of parameters leave their products in a
format of their own, in which the optimizer reads them; it keeps its states, and a master copy of weights that are
stored otherwise, in another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from accelsim.errors import InputError, UsageError, did_you_mean
from accelsim.precision import CATALOG, Format, parse_format
from accelsim.scheme import Scheme
from accelsim.scheme.patterns import Patterns
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.optimizers import OPTIMIZERS, optimizer_of
from accelsim.workload.training import training_step
from accelsim.workload.training_updates import UPDATE, Storage, Tensor

INFERENCE, TRAINING = "inference", "training"
PASSES = (INFERENCE, TRAINING)
BACKWARD = ("", ".dX*", ".dW", ".d")
"""What the names of a layer's own pass and of its gradients end with."""


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Parameters
    ----------
    optimizer : {"sgd", "momentum", "adam"}
    gradients, states : str
        Formats of the gradients of parameters, and of optimizer states and master weights: bare floats.
    """

    optimizer: str = "adam"
    gradients: str = "fp32"
    states: str = "fp32"

    def __post_init__(self) -> None:
        optimizer_of(self.optimizer)
        for field in ("gradients", "states"):
            found = parse_format(getattr(self, field))
            if found.kind != "float" or found.block is not None:
                raise InputError(f"{field} must be in a bare float format such as fp32; got {found.name}.")


PARTS = {UPDATE: "updates", ".dW": "gradients by weights", ".grad": "sums of gradients", ".d": "other gradients"}
"""What the layers are called together whose names end so."""


def part_of(name: str) -> str:
    """Return to which part of a training step a layer belongs, by its name."""
    if name == "loss":
        return "loss"
    if ".dX" in name:
        return "gradients by inputs"
    return next((part for end, part in PARTS.items() if name.endswith(end)), "forward")


def check_pass(name: str) -> str:
    """Return the name of a pass, or raise UsageError with the nearest one."""
    if name not in PASSES:
        hint = did_you_mean(name, PASSES) or "."
        raise UsageError(f"pass must be one of {', '.join(PASSES)}; got {name!r}{hint}")
    return name


def trained(network: Network, scheme: Scheme, how: Training) -> tuple[Network, Scheme]:
    """Return one step of training as a network, and the scheme of its layers.

    Parameters
    ----------
    network : Network
        The forward pass.
    scheme : Scheme
        Its overrides apply to the gradients of the layers that they name.
    how : Training

    Raises
    ------
    InputError
        The network is a decode step.
    """
    wide = parse_format(how.states).storage_bits()

    def parameters(layer: Layer) -> tuple[Tensor, ...]:
        own = scheme.parameter_bits(layer, layer.row_elements or None) if layer.parameters else Fraction(0)
        weights = scheme.resolve(layer).weight_bits if layer.weight_elements else Fraction(0)
        return (layer.weight_elements, weights), (layer.parameters, own)

    step = training_step(network, OPTIMIZERS[how.optimizer], Storage(wide, parameters))
    return step, _backward_too(scheme, parse_format(how.gradients), step)


def _backward_too(scheme: Scheme, gradients: Format, step: Network) -> Scheme:
    """Return a scheme that speaks of gradients and updates as well, and of repeats written out."""
    full = CATALOG["fp32"]
    update = replace(
        scheme, weight_format=full, activation_format=gradients, compute=None, accumulator=None, vector=full,
        convert_at=None, output=None, overrides=(),
    )  # fmt: skip
    overrides = [(f"*{UPDATE}", update)]
    for pattern, own in scheme.overrides:
        block, dot, rest = pattern.partition(".")
        for name in dict.fromkeys((pattern, f"{block}.*{dot}{rest}")):
            overrides += [(f"{name}{end}", own) for end in BACKWARD]
    patterns = Patterns([pattern for pattern, _ in overrides])
    used = {patterns.first(layer.name) for layer in step.layers}
    return replace(scheme, overrides=tuple(one for place, one in enumerate(overrides) if place in used))
