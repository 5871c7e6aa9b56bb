"""How are a module and its inputs copied without their data?"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from accelsim.documents import shown
from accelsim.errors import InputError
from accelsim.workload.stream import whole

if TYPE_CHECKING:
    import torch

    Inputs = torch.Tensor | tuple[Any, ...] | list[Any] | Mapping[str, Any]


class Blank:
    """Makes tensors that have a shape and a type and no data.

    Parameters
    ----------
    pretended : bool
        False: on the meta device. True: tensors that say they were on the CPU, for modules that ask for
        it; torch calls them fake.

    Attributes
    ----------
    device : str
        What the tensors say of where they are.
    """

    def __init__(self, *, pretended: bool) -> None:
        from torch._subclasses.fake_tensor import FakeTensorMode

        self.device = "cpu" if pretended else "meta"
        self._mode: AbstractContextManager[Any] = (
            FakeTensorMode(allow_non_fake_inputs=True) if pretended else nullcontext()
        )

    def tensor(self, like: Any, shape: list[int] | None = None) -> Any:
        """Return a tensor without data, of the type of another and of its shape or the one given."""
        import torch

        with self._mode:
            return torch.empty(list(like.shape) if shape is None else shape, dtype=like.dtype, device=self.device)

    def module(self, module: torch.nn.Module) -> torch.nn.Module:
        """Return a copy of a module; tensors that it shares stay shared, and all of them are without data."""
        import torch
        from torch.overrides import TorchFunctionMode

        blank, known = self.tensor, {}

        class Deep(TorchFunctionMode):
            """Tensors that are neither parameters nor buffers are copied without data, too."""

            def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                if function is torch.Tensor.__deepcopy__:
                    tensor, memo = args
                    return memo.setdefault(id(tensor), blank(tensor))
                return function(*args, **(kwargs or {}))

        for tensor in [*module.parameters(), *module.buffers()]:
            made = blank(tensor)
            is_parameter = isinstance(tensor, torch.nn.Parameter)
            known[id(tensor)] = torch.nn.Parameter(made, tensor.requires_grad) if is_parameter else made
        with torch.no_grad(), Deep():
            return copy.deepcopy(module, known)

    def arguments(self, inputs: Inputs, batch: int | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return positional and keyword arguments, ``batch`` as their leading extent where it is given.

        Raises
        ------
        InputError
            There is no tensor among the inputs, or none with an axis for ``batch``.
        """
        import torch
        from torch.utils._pytree import tree_leaves, tree_map_only

        args: tuple[Any, ...] = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
        kwargs: dict[str, Any] = {}
        if isinstance(inputs, Mapping):
            args, kwargs = (), dict(inputs)
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        if not tensors:
            example = "torch.empty(1, 3, 224, 224)"
            raise InputError(f"example_inputs must hold at least one tensor, such as {example}; got {shown(inputs)}.")
        leading = next((tensor.shape[0] for tensor in tensors if tensor.dim()), None)
        if batch is not None:
            whole("batch", batch)
            if leading is None:
                raise InputError("batch must not be given where every example input is a single value.")

        def made(tensor: Any) -> Any:
            shape = list(tensor.shape)
            if batch is not None and shape and shape[0] == leading:
                shape[0] = batch
            return self.tensor(tensor, shape)

        return tree_map_only(torch.Tensor, made, (args, kwargs))  # type: ignore[no-any-return]
