"""Which network does a ZigZag workload describe? A list of layers, each with its loops and its sources.

Convolutions and matrix products become loop nests, pools and additions the layers of that kind. Layers
are connected as ``operand_source`` says. Where the file states no padding and a layer needs more input
positions than its producer has, the rest is padding, half of it before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelsim.documents import load_document
from accelsim.documents.part import Part
from accelsim.errors import AccelsimError, InputError
from accelsim.precision import parse_format
from accelsim.workload.importers.peer_loops import Axis, Loops, loops_of
from accelsim.workload.importers.peers import Entry, ImportedWorkload, Names
from accelsim.workload.importers.zigzag_layer import POOLS, PRODUCTS, Window, ZigZagLayer, read_layer

SOURCE = "a ZigZag workload"


def read_workload(path: str | Path) -> ImportedWorkload:
    """Return the layers of a ZigZag workload.

    Raises
    ------
    InputError
        A field or an operator is unknown, an equation is none that accelsim can count, or layers do not fit
        together; file, line and field are named.
    """
    document = load_document(Path(path))
    part = Part.whole_of(document)
    if not isinstance(part.value, list):
        raise part.error("a ZigZag workload must be a list of layers, each with an id and an equation.")
    if part.value and isinstance(part.value[0], dict) and "spatial_mapping" in part.value[0]:
        raise part.error("this is a ZigZag mapping; only workloads and accelerators can be imported.")
    reader = _Reader()
    for one in part.items("a workload"):
        reader.take(read_layer(one))
    if not reader.entries:
        raise part.error("a ZigZag workload must have at least one layer; it is empty.")
    remarks = (*reader.names.remarks, *reader.remarks)
    return ImportedWorkload(Path(path), SOURCE, tuple(reader.entries), remarks)


@dataclass(frozen=True)
class _Output:
    """What a layer hands on: its name in the network, and its image."""

    name: str
    batch: int
    channels: int
    height: int
    width: int

    @property
    def words(self) -> int:
        return self.batch * self.channels * self.height * self.width


@dataclass
class _Reader:
    """Layers taken so far, by id."""

    names: Names = field(default_factory=Names)
    entries: list[Entry] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    outputs: dict[int, _Output] = field(default_factory=dict)

    def take(self, layer: ZigZagLayer) -> None:
        """Append one layer."""
        if layer.number in self.outputs:
            raise layer.part.error(f"an id must be given once; {layer.number} stands twice.")
        for operand, number in layer.sources.items():
            if number != layer.number and number not in self.outputs:
                raise layer.part.error(f"operand_source of {operand} must be an earlier layer; got {number}.")
        name = self.names.new(layer.name)
        if layer.operator in PRODUCTS:
            if not layer.product:
                raise layer.part.error(f"the operands of {layer.operator} must be multiplied, and not added.")
            fields, output = self._product(layer, name)
        elif layer.operator in POOLS:
            fields, output = self._pool(layer, name)
        else:
            fields, output = self._sum(layer, name)
        stated = self._stated(layer)
        self.entries.append(
            Entry(fields | ({"stated": stated} if stated else {}), layer.part.document.nearest(layer.part.at)[0])
        )
        self.outputs[layer.number] = output

    def _producer(self, layer: ZigZagLayer, operand: str) -> _Output | None:
        number = layer.sources.get(operand, layer.number)
        return None if number == layer.number else self.outputs[number]

    # ---------------------------------------------------------------- kinds

    def _product(self, layer: ZigZagLayer, name: str) -> tuple[dict[str, Any], _Output]:
        try:
            loops = loops_of(layer.extents, layer.tensors["O"], layer.tensors["W"], layer.tensors["I"])
        except InputError as error:
            raise layer.part.error(error.message) from None
        shape, extents = loops.shape, loops.extents
        fields: dict[str, Any] = {"name": name, "kind": "nest"}
        producer = self._producer(layer, "I")
        sizes, pads = self._sizes(loops, layer.windows, producer)
        words = extents.get("B", 1) * extents.get("G", 1) * extents.get("C", 1) * sizes[0] * sizes[1]
        if producer is not None and producer.words != words:
            self.remarks.append(
                f"{name} reads {words} words and {producer.name} writes {producer.words}; they are not connected."
            )
            producer = None
        if producer is not None:
            fields["input"] = producer.name
        spans = [loops.span(axis) for axis in "yx"]
        shape |= {"size": sizes} if sizes != spans else {}
        shape |= {"pad": pads} if pads != [0, 0] else {}
        fields["shape"] = shape
        if (second := self._producer(layer, "W")) is not None:
            fields["second_operand"] = "activation"
            self.remarks.append(f"the second operand of {name} comes from {second.name}; the graph does not say so.")
        batch, channels = extents.get("B", 1), extents.get("G", 1) * extents.get("K", 1)
        return fields, _Output(name, batch, channels, extents.get("OY", 1), extents.get("OX", 1))

    def _sizes(
        self, loops: Loops, windows: tuple[Window, ...], producer: _Output | None
    ) -> tuple[list[int], list[int]]:
        """Return rows and columns of the input, and the padding before them."""
        sizes, pads = [], []
        for place, axis in enumerate("yx"):
            span = loops.span(axis)
            stated = windows[place] if place < len(windows) else Window()
            made = (producer.height, producer.width)[place] if producer is not None else -1
            size = stated.size if stated.size > 0 else span - stated.before - stated.after if stated.before >= 0 else -1
            fits = producer is not None and producer.channels == loops.extents.get("G", 1) * loops.extents.get("C", 1)
            border = (loops.extents.get(f"F{axis.upper()}", 1) - 1) * loops.dilation[axis]
            if size < 1:  # a window leaves less than a step unread, and padding is narrower than the filter
                size = made if fits and span - 2 * border <= made < span + loops.stride[axis] else span
            sizes.append(size)
            pads.append(stated.before if stated.before >= 0 else max(0, span - size) // 2)
        return sizes, pads

    def _pool(self, layer: ZigZagLayer, name: str) -> tuple[dict[str, Any], _Output]:
        producer = self._producer(layer, "I")
        if producer is None:
            raise layer.part.error(f"{layer.operator} must read an earlier layer: its operand_source of I is none.")
        axes = [axis for axis in layer.tensors["I"] if len(axis) > 1]
        if len(axes) != 2:
            raise layer.part.error(f"{layer.operator} must have two image axes in its input; it has {len(axes)}.")
        kernel: list[int] = []
        strides: list[int] = []
        outs: list[int] = []
        before: list[int] = []
        after: list[int] = []
        for place, axis in enumerate(axes):
            out, taps, stride = _window(axis, layer)
            size = (producer.height, producer.width)[place]
            missing = (out - 1) * stride + taps - size
            stated = layer.windows[place]
            lead = stated.before if stated.before >= 0 else max(0, missing) // 2
            tail = stated.after if stated.after >= 0 else max(0, missing) - lead
            if (size + lead + tail - taps) // stride + 1 != out:
                raise layer.part.error(
                    f"{layer.operator} must make {out} positions of the {size} of {producer.name}, "
                    f"padded by {lead} and {tail}; a window of {taps} with stride {stride} does not."
                )
            for values, value in ((kernel, taps), (strides, stride), (outs, out), (before, lead), (after, tail)):
                values.append(value)
        average = POOLS[layer.operator]
        if layer.operator in ("Pooling", "Pool"):
            self.remarks.append(f"{name} ({layer.operator}) is taken as a maximum; the file does not say which it is.")
        fields: dict[str, Any] = {
            "name": name,
            "kind": "average_pool" if average else "max_pool",
            "input": producer.name,
        }
        fields |= {"kernel": kernel, "stride": strides}
        if any((*before, *after)):
            fields["pad"] = [*before, *after]
        return fields, _Output(name, producer.batch, producer.channels, *outs)

    def _sum(self, layer: ZigZagLayer, name: str) -> tuple[dict[str, Any], _Output]:
        operands = [self._producer(layer, operand) for operand in ("W", "I")]
        made = [one for one in operands if one is not None]
        if len(made) != 2 or layer.product:
            raise layer.part.error("Add must be the sum of two earlier layers, named by operand_source.")
        first = made[0]
        return {"name": name, "kind": "add", "input": [one.name for one in made]}, _Output(
            name, first.batch, first.channels, first.height, first.width
        )

    # ---------------------------------------------------------------- formats

    def _stated(self, layer: ZigZagLayer) -> dict[str, str]:
        """Return the formats that the file states, as a workload file does."""
        wanted = {"weights": "W", "activations": "I", "output": "O_final", "accumulator": "O"}
        if layer.operator not in PRODUCTS:
            wanted = {"activations": "I", "output": "O_final"}
        stated = {}
        for key, operand in wanted.items():
            bits = layer.formats.get(operand, 0)
            try:
                stated[key] = parse_format(f"int{bits}").name if bits else ""
            except AccelsimError:
                self.remarks.append(f"{bits} bits of {operand} of {layer.name} are not imported: no format has them.")
        return {key: value for key, value in stated.items() if value}


def _window(axis: Axis, layer: ZigZagLayer) -> tuple[int, int, int]:
    """Return outputs, taps and stride of an image axis."""
    output = {name for terms in layer.tensors["O"] for name, _ in terms}
    outs = [(name, factor) for name, factor in axis if name in output]
    taps = [(name, factor) for name, factor in axis if name not in output]
    if len(outs) != 1 or len(taps) != 1 or taps[0][1] != 1:
        text = " + ".join(f"{factor}*{name}" for name, factor in axis)
        raise layer.part.error(f"a pool must slide by stride*output + filter position; got {text}.")
    return layer.extents[outs[0][0]], layer.extents[taps[0][0]], outs[0][1]
