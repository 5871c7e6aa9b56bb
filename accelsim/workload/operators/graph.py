"""Which operators does a model apply, one after the other, and which network are they?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from accelsim.errors import InputError
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.operators.fold import fold
from accelsim.workload.operators.pieces import joined
from accelsim.workload.operators.readers import Readers
from accelsim.workload.operators.step import Step
from accelsim.workload.operators.tensor import Dims, Tensor
from accelsim.workload.operators.written import written
from accelsim.workload.vector import Ops

MOST_EDGES = 10_000_000
"""Most results of other layers that all layers of a network may read together."""


class Graph:
    """Records what operators become, in execution order; `network` makes the network of it.

    Parameters
    ----------
    name : str
        Of the network.

    Attributes
    ----------
    steps : list of Step
    operators : int
        Operators seen, counted or not: the base of the shares in ``uncounted``; an importer counts them.
    kv_elements_per_token, kv_tokens : int
        See `Network`; filled by `concat` where it extends a cache.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps: list[Step] = []
        self.operators = 0
        self.kv_elements_per_token = 0
        self.kv_tokens = 0
        self.cached: set[str] = set()
        self._skipped: Counter[str] = Counter()
        self._sizes: dict[str, int] = {}
        self._used: Counter[str] = Counter()
        self._names = {"input"}
        self._copies: Counter[str] = Counter()
        self._edges = 0

    def input(self, shape: Dims, format: str = "", *, cached: bool = False) -> Tensor:
        """Return an input of the network; ``cached`` says that it is a KV cache filled before."""
        return Tensor(tuple(shape), ("input",), format=format, cached=cached)

    def stored(self, name: str, shape: Dims, format: str = "", *, parameter: bool = True) -> Tensor:
        """Return a stored tensor: a weight, or with ``parameter`` False a constant of the program.

        Asking twice for one name gives two views of one stored tensor: parameters read in two
        places are stored once (`Network.tied_parameters`).
        """
        tensor = Tensor(tuple(shape), (), name, parameter, format)
        self._sizes.setdefault(name, tensor.elements)
        return tensor

    def fresh(self, name: str) -> str:
        """Return ``name``, or with a number behind it if a layer has that name already."""
        made = name
        while made in self._names:
            self._copies[name] += 1
            made = f"{name}#{self._copies[name] + 1}"
        self._names.add(made)
        return made

    def joins(self, producers: int) -> None:
        """Note that a tensor or a layer has so many producers.

        Raises
        ------
        InputError
            All together have more than `MOST_EDGES`.
        """
        self._edges += producers
        if self._edges > MOST_EDGES:
            raise InputError(f"layers must read at most {MOST_EDGES} results of others in all.")

    def skip(self, operator: str) -> None:
        """Note an operator that is not understood: it is listed with count and share, never silently free."""
        self._skipped[operator] += 1

    def record(
        self,
        operator: str,
        layers: Sequence[Layer],
        reads: Sequence[Tensor],
        shape: Dims,
        *,
        weights: Sequence[Tensor] = (),
        makers: tuple[str, ...] = (),
        each: Ops = (),
        pieces: tuple[str, ...] = (),
        biased: bool = False,
        format: str = "",
    ) -> Tensor:
        """Record the layers of one operator and return what it makes.

        Parameters
        ----------
        reads, weights : sequence of Tensor
            Activations and stored tensors that it reads.
        shape : tuple of int
            Of what it makes.
        makers : tuple of str
            Layers that write the result; by default the last.
        each, pieces, biased
            See `Step`.
        format : str
            Of the result; by default that of the first activation read.
        """
        found = format or next((tensor.format for tensor in reads), "")
        result = Tensor(tuple(shape), makers or (layers[-1].name,), format=found)
        self.joins(sum(len(layer.inputs) for layer in layers))
        for tensor in weights:
            self._used[tensor.stored] += tensor.parameters
        self._names.update(layer.name for layer in layers)
        self.steps.append(
            Step(operator, tuple(layers), tuple(reads), tuple(weights), result, each, pieces, biased)
        )  # fmt: skip
        return result

    @property
    def tied_parameters(self) -> int:
        """Parameters read in several places but stored once."""
        return sum(max(0, used - self._sizes.get(name, used)) for name, used in self._used.items())

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Operators that are not understood, each with how many there are and their share of all."""
        total = max(self.operators, self._skipped.total())
        return tuple(
            f"{operator} ({count} of {total} operators, {count / total:.1%})"
            for operator, count in self._skipped.most_common()
        )

    def network(self, outputs: Sequence[Tensor], batch: int = 1) -> Network:
        """Return the network: norms and functions in pieces joined, what is applied on the way out folded.

        Parameters
        ----------
        outputs : sequence of Tensor
            What the model hands out; a layer whose result is handed out is folded into nothing.
        batch : int
            Images or sequences at once.
        """
        readers = Readers(self.steps, outputs)
        steps = fold(joined(self.steps, readers), readers)
        return Network(
            self.name,
            written(steps, readers, outputs, self.cached),
            batch=batch,
            kv_elements_per_token=self.kv_elements_per_token,
            kv_tokens=self.kv_tokens,
            tied_parameters=self.tied_parameters,
            uncounted=self.uncounted,
        )
