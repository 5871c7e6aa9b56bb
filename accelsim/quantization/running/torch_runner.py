"""What does a PyTorch module make of its data, as it is and with layers changed? Run by torch, watched by hooks.

The module is not changed: it runs in evaluation mode without gradients, other weights are handed to one call
(`torch.func.functional_call`), and hooks and modes are taken back whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError, InputError, did_you_mean
from accelsim.quantization.running.inputs import Given
from accelsim.quantization.running.network import Change, Outcome, RunLayer
from accelsim.quantization.tensors import TensorSource, tensors_of
from accelsim.workload.importers.pytorch.export import load_torch, unwrapped

Array = NDArray[Any]
MOST_REASON = 200
AS_IS = Change()
UNSEEN = "Operators without weights cannot be seen in a torch module: what only they read stays in float."


class TorchRunner:
    """A module with its data; see `accelsim.quantization.running.network.Runner`."""

    def __init__(
        self, module: Any, data: Given, *, output: str | None = None, patterns: Sequence[str] = (), others: bool = False
    ) -> None:
        self._torch = load_torch()
        self._module = unwrapped(module)
        tensors = tensors_of(self._module)
        chosen = tensors.only(patterns) if patterns else tensors
        self.name = tensors.name
        self.engine = f"torch {self._torch.__version__}"
        self.samples = data.samples
        self.notes = (*tensors.notes, *(UNSEEN,) * others)
        self._output = output
        self._sources: dict[str, tuple[TensorSource, ...]] = {
            layer: tuple(one for one in chosen if one.layer == layer)
            for layer in dict.fromkeys(one.layer for one in chosen)
        }
        self._args = tuple(self._tensor(array) for array in data.ordered)
        self._named = {name: self._tensor(array) for name, array in data.named.items()}

    @property
    def layers(self) -> tuple[RunLayer, ...]:
        """Layers with weights, in order of execution; those that are never called follow where they are declared."""
        order, reads = self._seen
        return tuple(self._described(name, reads.get(name)) for name in order)

    def reference(self) -> Outcome:
        """Return what the network makes with its own values."""
        return self._reference

    def alone(self, layer: str, change: Change) -> Array:
        """Return the network's output with one layer changed."""
        return self._run({layer: change}, keep=False).output

    def together(self, changes: Mapping[str, Change]) -> Outcome:
        """Return what the network makes with several layers changed at once."""
        return self._run(changes)

    @cached_property
    def _reference(self) -> Outcome:
        return self._run(dict.fromkeys(self._sources, AS_IS))

    @cached_property
    def _seen(self) -> tuple[list[str], dict[str, bool]]:
        """The layers in order of their first call, and whether each reads floats, by layers that are called."""
        reads: dict[str, bool] = {}

        def note(name: str) -> Any:
            def hook(_: Any, args: Any, kwargs: Any) -> None:
                floats = any(map(self._is_float, (*args, *kwargs.values())))
                reads[name] = reads.get(name, False) or floats

            return hook

        with ExitStack() as stack:
            for name in filter(self._is_one, self._sources):
                stack.enter_context(_hooked(self._part(name).register_forward_pre_hook(note(name), with_kwargs=True)))
            self._call({})
        return _ordered(list(self._sources), list(reads)), reads

    def _is_one(self, layer: str) -> bool:
        """Return whether a layer's module is that layer and nothing else: it has no parts with weights of their own."""
        part = self._part(layer)
        return type(part).__name__ == "MultiheadAttention" or all(
            next(inner.parameters(), None) is None for inner in part.children()
        )

    def _described(self, name: str, reads: bool | None) -> RunLayer:
        note = "" if reads is not None else "its module is never called itself: only its weights are changed"
        if not self._is_one(name):
            note = "its module has parts of its own: only its weights are changed"
        return RunLayer(name, self._sources[name], bool(reads), note)

    def _run(self, changes: Mapping[str, Change], keep: bool = True) -> Outcome:
        after: dict[str, list[Array]] = {}
        weights: dict[str, Any] = {}
        with ExitStack() as stack:
            for name, change in changes.items():
                part = self._part(name)
                weights |= {key: self._parameter(key, values) for key, values in change.weights.items()}
                if change.read is not None:
                    hook = part.register_forward_pre_hook(self._reading(change), with_kwargs=True)
                    stack.enter_context(_hooked(hook))
                if keep and self._is_one(name):
                    kept = after.setdefault(name, [])
                    stack.enter_context(_hooked(part.register_forward_hook(self._keeping(kept))))
            output = self._found(self._call(weights))
        return Outcome(
            _numpy(output),
            {name: made[0] if len(made) == 1 else np.concatenate([one.reshape(-1) for one in made])
             for name, made in after.items() if made},
        )  # fmt: skip

    def _reading(self, change: Change) -> Any:
        """Return a hook that changes the floats which a module reads."""

        def changed(value: Any) -> Any:
            if not self._is_float(value) or change.read is None:
                return value
            return self._torch.from_numpy(np.array(change.read(_numpy(value)))).to(value)

        def hook(_: Any, args: Any, kwargs: Any) -> Any:
            return tuple(map(changed, args)), {key: changed(value) for key, value in kwargs.items()}

        return hook

    def _keeping(self, kept: list[Array]) -> Any:
        def hook(_: Any, __: Any, made: Any) -> None:
            first = self._first_float(made)
            if first is not None:
                kept.append(_numpy(first))

        return hook

    def _call(self, weights: Mapping[str, Any]) -> Any:
        torch = self._torch
        with self._settled():
            try:
                return torch.func.functional_call(self._module, dict(weights), self._args, self._named)
            except AccelsimError:
                raise
            except Exception as error:
                reason = (" ".join(str(error).split()) or type(error).__name__)[:MOST_REASON].rstrip(".")
                shapes = ", ".join(str(tuple(one.shape)) for one in (*self._args, *self._named.values()))
                raise InputError(
                    f"data must have the shapes and types that {self.name} takes; on {shapes} torch says: {reason}."
                ) from None

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Run without gradients, in evaluation mode, calling every module: no attention in one piece."""
        torch = self._torch
        modes = [(part, part.training) for part in self._module.modules()]
        fast = torch.backends.mha.get_fastpath_enabled()
        try:
            self._module.eval()
            torch.backends.mha.set_fastpath_enabled(False)
            with torch.no_grad():
                yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for part, mode in modes:
                part.training = mode

    def _part(self, layer: str) -> Any:
        """Return the submodule that holds the weights of a layer."""
        path = self._sources[layer][0].tensor.rpartition(".")[0]
        return self._module.get_submodule(path)

    def _parameter(self, name: str, values: Array) -> Any:
        own = self._module.get_parameter(name)
        return self._torch.from_numpy(np.array(values)).to(own.detach())

    def _tensor(self, array: Array) -> Any:
        """Return data as a tensor where the module is, floats in the module's type."""
        own = next((one for one in self._module.parameters() if one.is_floating_point()), None)
        made = self._torch.from_numpy(np.array(array))
        if own is None:
            return made
        return made.to(own.device, own.dtype) if made.is_floating_point() else made.to(own.device)

    def _is_float(self, value: Any) -> bool:
        return isinstance(value, self._torch.Tensor) and value.is_floating_point()

    def _first_float(self, made: Any) -> Any:
        if self._is_float(made):
            return made
        inner = list(made.values()) if isinstance(made, Mapping) else made if isinstance(made, tuple | list) else []
        return next((found for found in map(self._first_float, inner) if found is not None), None)

    def _found(self, made: Any) -> Any:
        """Return the output that is looked at."""
        names = [str(key) for key in made] if isinstance(made, Mapping) else []
        if self._output is not None and self._output not in names:
            hint = did_you_mean(self._output, names) or (f"; it has {', '.join(names)}." if names else "; it has none.")
            raise InputError(f"{self.name} has no output named {self._output!r}{hint}")
        found = self._first_float(made[self._output] if self._output is not None else made)
        if found is None:
            raise InputError(f"{self.name} must hand out a tensor of floats to be compared; it hands out none.")
        return found


def _ordered(declared: list[str], called: list[str]) -> list[str]:
    """Return layers in order of their calls, each that is never called behind the one declared before it."""
    found = list(called)
    for place, name in enumerate(declared):
        if name not in found:
            found.insert(found.index(declared[place - 1]) + 1 if place else 0, name)
    return found


@contextmanager
def _hooked(handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()


def _numpy(tensor: Any) -> Array:
    values = tensor.detach().cpu()
    return np.asarray(values.numpy() if values.dtype.itemsize in (4, 8) else values.float().numpy())
