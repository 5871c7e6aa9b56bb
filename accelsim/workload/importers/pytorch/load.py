"""Which network is a PyTorch module?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError
from accelsim.workload.importers.pytorch.export import export, load_torch, unwrapped
from accelsim.workload.importers.pytorch.formats import stated_format
from accelsim.workload.network import Network
from accelsim.workload.stated import Stated
from accelsim.workload.uncounted import require_counted

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram

    from accelsim.workload.importers.pytorch.blank import Inputs


def from_torch(
    module: torch.nn.Module | ExportedProgram,
    example_inputs: Inputs | None = None,
    *,
    name: str | None = None,
    batch: int | None = None,
    kv_cache: Sequence[str] = (),
    strict: bool = False,
) -> Network:
    """Return the network that a PyTorch module computes, read through `torch.export` on the meta device.

    Parameters
    ----------
    module : torch.nn.Module or torch.export.ExportedProgram
        A module is not changed and its weights are not read: it may be made on the meta device. It is
        exported in evaluation mode.
    example_inputs : Tensor, tuple of arguments, or mapping of keyword arguments
        Tensors of which only shape and type matter, on any device. Not given with an exported program.
    name : str, optional
        Of the network; by default that of the module's class.
    batch : int, optional
        Leading extent to give to every input that has the same leading extent as the first; by default
        that of the example.
    kv_cache : sequence of str
        Arguments that hold the keys and values of earlier tokens, to which the module joins the new
        ones: attention reads them from the KV cache.
    strict : bool
        Refuse operators that are not understood, which are otherwise listed in `Network.uncounted`.

    Returns
    -------
    Network
        Layers carry the paths of the submodules; formats are those of the parameters' and the
        activations' types (`--scheme from-model`).

    Raises
    ------
    UsageError
        torch is not installed.
    InputError
        The module cannot be exported on these inputs, or nothing in it costs anything.
    UnsupportedError
        ``strict`` and an operator is not understood.
    """
    torch = load_torch()
    from accelsim.workload.importers.pytorch.names import settled
    from accelsim.workload.importers.pytorch.walk import walk
    from accelsim.workload.operators import Graph

    if isinstance(module, torch.export.ExportedProgram):
        if example_inputs is not None or batch is not None:
            raise InputError("example_inputs and batch must not be given with an exported program; it has its own.")
        program, called = module, "exported"
    elif isinstance(module, torch.nn.Module):
        if example_inputs is None:
            raise InputError(
                f"example_inputs must be given with the module {type(module).__name__}, "
                "such as torch.empty(1, 3, 224, 224)."
            )
        module = unwrapped(module)
        program, called = export(module, example_inputs, batch), type(module).__name__
    else:
        raise InputError(f"module must be a torch.nn.Module or an exported program; got {type(module).__name__}.")
    graph = Graph(name or called)
    outputs, functional = walk(program, graph, kv_cache)
    if not graph.steps:
        found = f"it has {', '.join(graph.uncounted)}" if graph.uncounted else "it only looks at its inputs"
        raise InputError(f"{graph.name} must have an operator that is understood and costs something; {found}.")
    network = graph.network(outputs, batch=_leading(program))
    layers = settled(network.layers, functional)
    network = replace(network, layers=layers, source="PyTorch module", stated=_stated(program))
    if strict:
        require_counted(network)
    return network


def _leading(program: ExportedProgram) -> int:
    """Return the leading extent of the first input that is a tensor with axes."""
    wanted = set(program.graph_signature.user_inputs)
    for node in program.graph.nodes:
        shape: Any = getattr(node.meta.get("val"), "shape", ())
        if node.op == "placeholder" and node.name in wanted and len(shape):
            return max(1, int(shape[0]))
    return 1


def _stated(program: ExportedProgram) -> Stated | None:
    """Return the format in which most parameters are stored, for weights and activations alike."""
    elements: Counter[str] = Counter()
    for parameter in program.parameters():
        elements[stated_format(parameter.dtype)] += parameter.numel()
    most = max(elements, key=lambda format_: elements[format_], default="")
    return Stated(weights=most, activations=most) if most else None
