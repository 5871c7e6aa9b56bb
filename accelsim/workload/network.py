"""What does a whole model compute? Layers in graph order, and totals that do not depend on a chip."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.layer import Layer
from accelsim.workload.stated import Stated


@dataclass(frozen=True)
class Network:
    """A named sequence of layers in execution order.

    Parameters
    ----------
    name : str
    layers : tuple of Layer
        In execution order; every layer's ``inputs`` come earlier or are "input".
    batch : int
    title : str
        How a report calls the model ("ResNet-50").
    kv_elements_per_token : int
        KV-cache words that one token adds, over all layers and for one sequence.
    kv_tokens : int
        Tokens in the cache of each sequence when the pass ends.
    tied_parameters : int
        Parameters counted in two layers but stored once (a tied embedding).
    uncounted : tuple of str
        Operators that were not understood: listed, warned about, never silently zero.
    source : str
        Where the description comes from.
    stated : Stated or None
        Formats that the model itself states for layers that state none of their own.
    state_bits : Fraction
        What is kept from pass to pass besides parameters: the states of an optimizer, master weights.
    notes : tuple of str
        What the importer assumed and a reader must know, such as a batch that was not given.
    """

    name: str
    layers: tuple[Layer, ...]
    batch: int = 1
    title: str = ""
    kv_elements_per_token: int = 0
    kv_tokens: int = 0
    tied_parameters: int = 0
    uncounted: tuple[str, ...] = ()
    source: str = ""
    options: dict[str, int | bool | str] = field(default_factory=dict)
    stated: Stated | None = None
    state_bits: Fraction = Fraction(0)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen = {"input"}
        for layer in self.layers:
            for producer in layer.inputs:
                if producer not in seen:
                    hint = did_you_mean(producer, seen)
                    raise InputError(f"layer {layer.name}: input {producer!r} must be an earlier layer{hint}.")
            if layer.name in seen:
                raise InputError(f"layer names must be unique; {layer.name!r} stands twice.")
            seen.add(layer.name)
        if not self.layers:
            raise InputError(f"network {self.name} must have at least one layer.")

    def __getitem__(self, name: str) -> Layer:
        """Return the layer called ``name``; an unknown name raises InputError with the nearest one."""
        if name in self._by_name:
            return self._by_name[name]
        known = list(self._by_name)
        raise InputError(f"{self.name} has no layer {name!r}{did_you_mean(name, known)}.")

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one pass over the batch."""
        return sum(layer.macs * layer.repeat for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Stored parameters: weights, biases, norms and tables, tied ones once."""
        stored = sum((layer.weight_elements + layer.parameters) * layer.repeat for layer in self.layers)
        return stored - self.tied_parameters
