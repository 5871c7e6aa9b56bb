"""What does an ONNX network make of its data, as it is and with layers changed? Layer by layer, part by part.

A changed layer is computed by itself, from what it is to read and with the weights it is to have; then the rest of
the network from what it made. Weights are handed in like activations in every run, changed or not: an engine must
not compute with stored ones in another order. A graph whose batch is fixed is run piece by piece, and changed on all
pieces at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.running.inputs import Given
from accelsim.quantization.running.network import Change, Outcome, RunLayer
from accelsim.quantization.running.onnx_engine import engine_of
from accelsim.quantization.running.onnx_graph import PartialGraph
from accelsim.quantization.running.onnx_inputs import in_pieces
from accelsim.quantization.running.onnx_model import hidden, label_of, output_of, types_of, whole_model
from accelsim.quantization.running.onnx_others import others_of
from accelsim.quantization.tensors import TensorSource, tensors_of

Array = NDArray[Any]
Pieces = list[Array]
"""A tensor of the network, one array for each piece of the data."""


class OnnxRunner:
    """An ONNX file with its data; see `accelsim.quantization.running.network.Runner`."""

    def __init__(
        self,
        path: Path,
        data: Given,
        *,
        engine: str = "auto",
        output: str | None = None,
        patterns: Sequence[str] = (),
        others: bool = False,
    ) -> None:
        tensors = tensors_of(path)
        chosen = tensors.only(patterns) if patterns else tensors
        model = whole_model(path)
        self.name = path.name
        self.samples = data.samples
        self.notes = (*tensors.notes, *hidden(model))
        self._graph = PartialGraph(model, engine_of(engine))
        self.engine = self._graph.engine.name
        self._inputs: dict[str, Pieces] = in_pieces(model.graph, data)
        self._pieces = len(next(iter(self._inputs.values())))
        self._output = output_of(model, output)
        self._places = self._nodes_of(chosen.sources)
        unread = [name for name in dict.fromkeys(one.layer for one in chosen) if name not in self._places]
        if unread:
            self.notes += (f"Nothing reads what {', '.join(unread)} makes: left out.",)
        if not self._places:
            raise InputError(f"{self.name} must have a layer with weights whose result is read; it has none.")
        self._only: dict[str, list[str]] = {}
        if others and not patterns:
            first = {name: values[0] for name, values in self._inputs.items()}
            more, self._only, problem = others_of(path, self._graph, self._places, first)
            self._places = dict(sorted({**self._places, **more}.items(), key=lambda one: one[1]))
            self.notes += (problem,) if problem else ()
        self._sources = {name: tuple(one for one in chosen if one.layer == name) for name in self._places}
        self._kinds_of = types_of(model)
        self._weights = self._typed({one.tensor: np.asarray(one.read()) for one in chosen})

    @property
    def layers(self) -> tuple[RunLayer, ...]:
        """Layers in order of execution; those without weights where they are asked for, if they read floats."""
        found = (RunLayer(name, own, bool(self._reads[name])) for name, own in self._sources.items())
        return tuple(one for one in found if one.weights or one.reads)

    def reference(self) -> Outcome:
        """Return what the network makes with its own values."""
        known = self._known
        return Outcome(_joined(known[self._output]), {name: _joined(known[self._made[name][0]]) for name in self._made})

    def alone(self, layer: str, change: Change) -> Array:
        """Return the network's output with one layer changed."""
        made = self._layer(layer, change, self._known, dict(change.weights))
        touched = self._graph.downstream({*made, *change.weights})
        rest = {name: values for name, values in self._known.items() if name not in touched}
        return _joined(self._run([self._output], rest | made, change.weights)[self._output])

    def together(self, changes: Mapping[str, Change]) -> Outcome:
        """Return what the network makes with several layers changed at once."""
        stored = {name: values for change in changes.values() for name, values in change.weights.items()}
        outs = {layer: self._made[layer] for layer in self._places if layer in changes}
        if all(change.read is None for change in changes.values()):
            fetch = [name for made in outs.values() for name in made]
            known = self._run([*fetch, self._output], self._inputs, stored)
        else:
            known = dict(self._inputs)
            for layer in outs:
                known |= self._run(self._reads[layer], known, stored)
                known |= self._layer(layer, changes[layer], known, stored)
            known |= self._run([self._output], known, stored)
        return Outcome(_joined(known[self._output]), {layer: _joined(known[made[0]]) for layer, made in outs.items()})

    def _layer(
        self, layer: str, change: Change, known: Mapping[str, Pieces], stored: Mapping[str, Array]
    ) -> dict[str, Pieces]:
        """Return what one layer makes of known tensors, changed."""
        made = self._made[layer]
        given = {name: values for name, values in known.items() if name not in made}
        read = {name: _changed(known[name], change) for name in self._reads[layer]}
        return self._run(made, given | read, stored)

    def _run(self, fetch: Sequence[str], known: Mapping[str, Pieces], stored: Mapping[str, Array]) -> dict[str, Pieces]:
        found: dict[str, Pieces] = {name: [] for name in fetch}
        held = self._typed(stored)
        for piece in range(self._pieces):
            given = {**self._weights, **held, **{name: values[piece] for name, values in known.items()}}
            for name, values in self._graph.evaluate(fetch, given).items():
                found[name].append(values)
        return found

    @cached_property
    def _known(self) -> dict[str, Pieces]:
        """The inputs, and what layers read and make and the network hands out, with its own values."""
        taps = [name for names in (*self._reads.values(), *self._made.values()) for name in names]
        known = self._inputs | self._run([*taps, self._output], self._inputs, {})
        if not np.issubdtype(known[self._output][0].dtype, np.floating):
            raise InputError(
                f"the output {self._output} of {self.name} must be floats to be compared; it is "
                f"{known[self._output][0].dtype}. Name another."
            )
        return known

    @cached_property
    def _reads(self) -> dict[str, list[str]]:
        """The activations of floats that each layer reads."""
        stored = self._graph.stored()
        named = {
            layer: self._only.get(layer)
            or [name for name in dict.fromkeys(self._graph.nodes[place].input) if name not in stored]
            for layer, place in self._places.items()
        }
        kinds = self._kinds({name for names in named.values() for name in names})
        return {layer: [name for name in names if kinds[name]] for layer, names in named.items()}

    def _kinds(self, names: set[str]) -> dict[str, bool]:
        """Return which tensors are floats, by running the network on its first piece."""
        first = self._weights | {name: values[0] for name, values in self._inputs.items()}
        made = self._graph.evaluate(sorted(names), first)
        return {name: np.issubdtype(values.dtype, np.floating) for name, values in made.items()}

    @cached_property
    def _used(self) -> set[str]:
        """Every tensor that an operator reads or that the network hands out."""
        handed_out = {value.name for value in self._graph.model.graph.output}
        return handed_out.union(*self._graph.needs)

    @cached_property
    def _made(self) -> dict[str, list[str]]:
        """What of each layer's results somebody reads, the first being what is looked at."""
        return {
            layer: [name for name in self._graph.nodes[place].output if name in self._used]
            for layer, place in self._places.items()
        }

    def _typed(self, stored: Mapping[str, Array]) -> dict[str, Array]:
        """Return weights in the types that the file has for them."""
        return {name: values.astype(self._kinds_of[name], copy=False) for name, values in stored.items()}

    def _nodes_of(self, sources: Sequence[TensorSource]) -> dict[str, int]:
        """Return the operator of each layer, in order of execution."""
        stored = self._graph.stored()
        views = {one.layer: set[str]() for one in sources}
        for one in sources:
            views[one.layer] |= self._graph.downstream({one.tensor}) & stored
        found: dict[str, int] = {}
        for place, node in enumerate(self._graph.nodes):
            label = label_of(node)
            holds = views.get(label, set()).intersection(node.input)
            if not holds or stored.intersection(node.output) - {""} or not self._used.intersection(node.output):
                continue
            if label in found:
                raise InputError(
                    f"operators with weights must have names of their own; {label} stands twice in {self.name}."
                )
            found[label] = place
        return found


def _changed(values: Pieces, change: Change) -> Pieces:
    """Return the pieces of a tensor as they are to be read, changed together."""
    if change.read is None:
        return values
    changed = change.read(_joined(values)).astype(values[0].dtype)
    return np.split(changed, len(values)) if len(values) > 1 else [changed]


def _joined(values: Pieces) -> Array:
    return values[0] if len(values) == 1 else np.concatenate(values)
