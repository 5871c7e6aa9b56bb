"""Which graph of operators does a PyTorch module compute on given inputs? `torch.export` without data.

A copy of the module is exported, in evaluation mode, whose tensors are on the meta device: they have
shapes and types and no data, so that a model of any size is read in little memory and the module that
was given is not changed. What cannot run there (a tensor made on the CPU by name) is exported on
tensors that pretend to be on the CPU.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from accelsim.errors import InputError, UsageError
from accelsim.workload.importers.pytorch.blank import Blank

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram

    from accelsim.workload.importers.pytorch.blank import Inputs

MOST_REASON = 300
"""Characters of torch's own words that an error repeats."""


def load_torch() -> Any:
    """Return the module ``torch``, or raise UsageError with the command that installs it."""
    try:
        import torch
        import torch.export
    except ImportError as error:
        raise UsageError(
            f"reading a PyTorch module needs torch, which is not installed ({error}); "
            "run: pip install 'accelsim[torch]'"
        ) from None
    return torch


def export(module: torch.nn.Module, inputs: Inputs, batch: int | None = None) -> ExportedProgram:
    """Return the operators that ``module`` calls on ``inputs``.

    Parameters
    ----------
    module : torch.nn.Module
        Not changed; it may live on any device, the meta device included.
    inputs : Tensor, tuple or list of arguments, or mapping of keyword arguments
        Only their shapes and types matter.
    batch : int, optional
        Leading extent to give to every input that has the leading extent of the first.

    Raises
    ------
    InputError
        The inputs hold no tensor, or torch cannot export the module on them; torch's reason is given.
    """
    torch = load_torch()
    called = f"the module {type(module).__name__}"
    reason = ""
    for blank in (Blank(pretended=False), Blank(pretended=True)):
        args, kwargs = blank.arguments(inputs, batch)
        try:
            shell = blank.module(module).eval()
        except Exception as error:
            raise InputError(f"{called} must be one that can be copied without its data; {_said(error)}") from None
        try:
            with _quiet(torch), torch.device(blank.device):
                return cast("ExportedProgram", torch.export.export(shell, args, kwargs, strict=False))
        except Exception as error:
            reason = _said(error)
    raise InputError(f"{called} must be one that torch.export can trace on these inputs without data; {reason}")


def unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """Return the module inside what ``torch.compile`` and data parallelism put around it."""
    torch = load_torch()
    parallel = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    while (inner := getattr(module, "module" if isinstance(module, parallel) else "_orig_mod", None)) is not None:
        module = inner
    return module


@contextmanager
def _quiet(torch: Any) -> Iterator[None]:
    """Keep torch from warnings and logs, and from fused encoder layers whose operators say nothing of their parts."""
    fused, silenced = torch.backends.mha.get_fastpath_enabled(), logging.root.manager.disable
    torch.backends.mha.set_fastpath_enabled(False)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        logging.disable(silenced)


def _said(error: Exception) -> str:
    """Return torch's own first sentence, shortened to `MOST_REASON`."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    if isinstance(error, KeyError | IndexError | AttributeError | TypeError):
        said = f"{type(error).__name__}: {said}"
    said = said if len(said) <= MOST_REASON else f"{said[:MOST_REASON].rstrip()} ..."
    return f"torch says: {said}" if said.endswith((".", "!", "?")) else f"torch says: {said}."
