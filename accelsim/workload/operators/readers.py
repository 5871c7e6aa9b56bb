"""Who reads what a step makes? Needed to know what may be folded away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accelsim.workload.operators.step import Step
from accelsim.workload.operators.tensor import Tensor


class Readers:
    """Makers and readers of every layer's result, kept up to date while steps are merged.

    Parameters
    ----------
    steps : sequence of Step
    outputs : sequence of Tensor
        What the model hands out; it counts as a reader of its own.
    """

    def __init__(self, steps: Sequence[Step], outputs: Sequence[Tensor]) -> None:
        self._maker: dict[str, Step] = {}
        self._alias: dict[str, tuple[str, ...]] = {}
        self._counts: dict[str, int] = {}
        for step in steps:
            self.made_by(step)
            self._count(name for tensor in step.reads for name in tensor.producers)
        self._count(name for tensor in outputs for name in tensor.producers)

    def _count(self, names: Iterable[str], by: int = 1) -> None:
        for name in names:
            self._counts[name] = self._counts.get(name, 0) + by

    def made_by(self, step: Step) -> None:
        """Note that ``step`` makes its result."""
        for name in step.result.producers:
            self._maker[name] = step

    def names(self, tensor: Tensor) -> tuple[str, ...]:
        """Return the layers that make a tensor, after all merging so far."""
        found: list[str] = []
        for name in tensor.producers:
            found.extend(self.name(name))
        return tuple(found)

    def name(self, name: str) -> tuple[str, ...]:
        """Return the layers that stand for one that may have been merged."""
        while name in self._alias:
            after = self._alias[name]
            if len(after) > 1:
                return after
            (name,) = after
        return (name,)

    def maker(self, tensor: Tensor) -> Step | None:
        """Return the one step that makes all of a tensor and nothing else, or None."""
        names = self.names(tensor)
        step = self._maker.get(names[0]) if names else None
        if step is None or set(names) != set(step.result.producers) or step.result.elements != tensor.elements:
            return None
        return step if not tensor.padding else None

    def reads_of(self, step: Step) -> int:
        """Return how often the result of ``step`` is read, outputs included."""
        return max(self._counts.get(name, 0) for name in step.result.producers)

    def merge(self, gone: Step, into: Step, absorbed: int = 1) -> None:
        """Note that ``into`` makes what ``gone`` made, having taken ``absorbed`` reads of its own result inside."""
        reads = self.reads_of(gone)
        for name in gone.result.producers:
            if name not in into.result.producers:
                self._alias[name] = into.result.producers
        for name in into.result.producers:
            self._counts[name] = self._counts.get(name, 0) - absorbed + reads
        self.made_by(into)

    def drop(self, tensor: Tensor, times: int) -> None:
        """Note that a tensor is read ``times`` times less."""
        self._count(self.names(tensor), -times)
