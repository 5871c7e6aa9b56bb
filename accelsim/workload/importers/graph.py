"""Which layers does the ``layers:`` list of a workload file describe, block by block, name by name?

Names inside a block are looked up in the block first; ``block`` is the block's input. A layer left
out by ``only`` stands for its own (first) input. A block's name stands for its last layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from accelsim.documents import Document, shown, validate
from accelsim.errors import InputError, did_you_mean
from accelsim.workload.importers.kinds import ROOTS, build
from accelsim.workload.layer import Layer
from accelsim.workload.layer_schema import KINDS, AnyLayer
from accelsim.workload.schema import BlockUse, Workload
from accelsim.workload.sparsity import DENSE, Sparsity
from accelsim.workload.stated import Stated
from accelsim.workload.stream import Stream

At = tuple[str | int, ...]
MOST_LAYERS = 100_000


@dataclass
class Scope:
    """Where names are looked up first: the copy of a block that is being written."""

    prefix: str = ""
    entry: Stream | None = None
    first: bool = True
    inside: bool = False


@dataclass
class Graph:
    """The layers built so far, in order, and what each name stands for."""

    document: Document
    batch: int
    blocks: dict[str, list[dict[str, Any]]]
    previous: Stream | None
    layers: list[Layer] = field(default_factory=list)
    streams: dict[str, Stream] = field(default_factory=dict)
    stages: set[str] = field(default_factory=set)

    def add(self, data: dict[str, Any], at: At) -> None:
        """Append what one entry of ``layers:`` describes."""
        if "block" not in data:
            self._layer(data, at, Scope())
            return
        use = validate(BlockUse, self.document, data, at)
        if use.block not in self.blocks:
            hint = did_you_mean(use.block, self.blocks) or "."
            raise self._error(f"must be one of the blocks; got {use.block!r}{hint}", *at, "block")
        self._check_settings(use, at)
        if use.times is None or use.name not in self.stages:
            self._new(use.name, at)
        if use.input is not None:
            self.previous = self._find(use.input, Scope(), (*at, "input"))
        for copy in range(use.times or 1):
            prefix = use.name
            if use.times is not None:
                prefix = f"{use.name}.{use.start + copy}"
                self._new(prefix, at)
            self._copy(use, prefix, use.set | use.first if copy == 0 else use.set, first=copy == 0)
        self.stages.add(use.name)
        if self.previous is not None:
            self.streams[use.name] = self.previous

    def _copy(self, use: BlockUse, name: str, settings: dict[str, Any], *, first: bool) -> None:
        scope = Scope(f"{name}.", self.previous, first, inside=True)
        for index, template in enumerate(self.blocks[use.block]):
            at: At = ("blocks", use.block, index)
            self._layer(self._substitute(template, settings, at), at, scope)
        if self.previous is not None:
            self.streams[name] = self.previous

    def _layer(self, data: dict[str, Any], at: At, scope: Scope) -> None:
        kind = data.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            if "kind" not in data:
                raise self._error(f"kind must be given; it is one of {', '.join(KINDS)}.", *at)
            hint = did_you_mean(str(kind), KINDS) or f"; it is one of {', '.join(KINDS)}."
            raise self._error(f"{shown(kind)} is not a kind of layer{hint}", *at, "kind")
        layer = validate(KINDS[str(kind)], self.document, data, at)
        if layer.only is not None and not scope.inside:
            raise self._error("must not be given outside a block.", *at, "only")
        sources = self._sources(layer, at, scope)
        name = f"{scope.prefix}{layer.name}"
        self._new(name, at)
        if layer.only is not None and (layer.only == "first") != scope.first:
            if sources:
                self.streams[name] = sources[0]
            return
        try:
            built = build(name, layer, sources, self.batch)
            stated = Stated(**layer.stated.model_dump()) if layer.stated is not None else None
            sparsity = Sparsity(**dict(layer.sparsity)) if layer.sparsity is not None else DENSE
        except InputError as error:
            inner = (error.where,) if error.where else ()
            raise InputError(error.message, where=f"{self.document.where(*at, *inner)} of {name}") from None
        if sparsity and not any(one.shape is not None for one in built.layers):
            raise self._error("must not be given: the layer has no multiply-accumulates.", *at, "sparsity")
        for one in built.layers:
            own = sparsity if one.shape is not None else DENSE
            self.layers.append(replace(one, stated=stated or one.stated, sparsity=own or one.sparsity))
        if len(self.layers) > MOST_LAYERS:
            raise self._error(f"a network must have at most {MOST_LAYERS} layers.", *at)
        self.streams[name] = self.previous = built.output

    def _sources(self, layer: AnyLayer, at: At, scope: Scope) -> list[Stream]:
        if layer.input is None:
            if self.previous is None and layer.kind not in ROOTS:
                raise self._error(f"must be given: {layer.name} needs the extents of what it reads.", "input")
            return [self.previous] if self.previous is not None and layer.kind not in ROOTS else []
        if isinstance(layer.input, str):
            return [self._find(layer.input, scope, (*at, "input"))]
        if not layer.input:
            raise self._error("must name at least one layer; got an empty list.", *at, "input")
        return [self._find(name, scope, (*at, "input", position)) for position, name in enumerate(layer.input)]

    def _find(self, name: str, scope: Scope, at: At) -> Stream:
        if name == "block" and scope.entry is not None:
            return scope.entry
        for full in (f"{scope.prefix}{name}", name):
            if full in self.streams:
                return self.streams[full]
        inside = [known.removeprefix(scope.prefix) for known in self.streams if known.startswith(scope.prefix)]
        hint = did_you_mean(name, [*inside, *self.streams]) or "."
        raise self._error(f"must be input or an earlier layer; got {name!r}{hint}", *at)

    def _new(self, name: str, at: At) -> None:
        if name in self.streams or name == "block":
            reason = "names a layer already" if name in self.streams and name != "input" else "is a reserved word"
            raise self._error(f"must be a new name; {name} {reason}.", *at, "name")

    def _check_settings(self, use: BlockUse, at: At) -> None:
        wanted = {name for template in self.blocks[use.block] for name in _parameters(template)}
        for part in ("set", "first"):
            for name in getattr(use, part):
                if name not in wanted:
                    hint = did_you_mean(name, wanted) or f"; it uses {', '.join(sorted(wanted)) or 'none'}."
                    message = f"{name} is not a parameter of block {use.block}{hint}"
                    raise InputError(message, where=self.document.where_key(*at, part, name))
        missing = sorted(wanted - set(use.set) - (set(use.first) if use.times in (None, 1) else set()))
        if missing:
            raise self._error(f"set must give {', '.join(missing)}, which block {use.block} uses.", *at)

    def _substitute(self, template: dict[str, Any], settings: dict[str, Any], at: At) -> dict[str, Any]:
        """Return ``template`` with every ``$name`` replaced; a value is replaced whole or not at all."""
        return {key: settings[value[1:]] if _is_parameter(value) else value for key, value in template.items()}

    def _error(self, message: str, *at: str | int) -> InputError:
        return InputError(message, where=self.document.where(*at))


def _is_parameter(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _parameters(template: dict[str, Any]) -> list[str]:
    return [value[1:] for value in template.values() if _is_parameter(value)]


def build_graph(document: Document, workload: Workload, batch: int) -> tuple[Layer, ...]:
    """Return the layers of a file that has ``layers:``.

    Raises
    ------
    InputError
        A layer, a name or a block is wrong; the position is in the message.
    """
    start = None
    if workload.input is not None:
        start = Stream(("input",), **workload.input.model_dump(), batch=batch)
        if start.tokens > 1 and start.height * start.width > 1:
            raise InputError("must be an image or tokens, not both.", where=document.where("input"))
    graph = Graph(document, batch, workload.blocks, start)
    if start is not None:
        graph.streams["input"] = start
    for index, data in enumerate(workload.layers or []):
        graph.add(data, ("layers", index))
    if not graph.layers:
        raise InputError("must describe at least one layer.", where=document.where("layers"))
    return tuple(graph.layers)
