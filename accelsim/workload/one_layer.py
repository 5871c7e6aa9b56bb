"""Which layer does a text such as "resnet50:conv1" stand for? A workload, a colon, and one of its layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from accelsim.errors import AccelsimError, InputError, did_you_mean
from accelsim.workload.catalog import load_workload
from accelsim.workload.importers import Option
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.stated import Stated


def load_layer(
    text: str, batch: int | None = None, *, seen: Callable[[Network], None] | None = None, **options: Option
) -> Layer:
    """Return the layer that a text stands for.

    Parameters
    ----------
    text : str
        WORKLOAD:LAYER, as in "resnet50:layer1.0.conv1", "llama-2-7b/decode:layers.q_proj" or
        "chip/net.yaml:conv1"; WORKLOAD alone if it has one layer with multiply-accumulates.
    seen : callable, optional
        Given the whole workload, before the layer is looked up.
    batch, **options
        Of the workload, as in `load_workload`.

    Raises
    ------
    InputError
        The workload or the layer is unknown, the layer has no loop nest, or several have one and none is named.
    """
    workload, _, name = (text, "", "") if Path(text).is_file() else text.partition(":")
    try:
        network = load_workload(workload, batch, **options)
    except InputError as error:
        raise InputError(_with_colon(workload, batch, options) or error.message, where=error.where) from None
    if seen is not None:
        seen(network)
    mapped = [layer.name for layer in network.layers if layer.shape is not None]
    if not name:
        return _alone(network, _only(network, mapped))
    layer = _alone(network, name)
    if layer.shape is None:
        raise InputError(
            f"a mapping maps multiply-accumulates; {name} ({layer.kind}) of {network.name} has none"
            f"{did_you_mean(name, mapped) or '.'}"
        )
    return layer


def _alone(network: Network, name: str) -> Layer:
    """Return a layer with the formats that the network states for it."""
    layer = network[name]
    return replace(layer, stated=(layer.stated or Stated()).over(network.stated)) if network.stated else layer


def _only(network: Network, mapped: list[str]) -> str:
    if len(mapped) == 1:
        return mapped[0]
    if not mapped:
        raise InputError(f"a mapping maps multiply-accumulates; {network.name} has none.")
    raise InputError(
        f"{network.name} has {len(mapped)} layers with multiply-accumulates; name one, as in "
        f"{network.name}:{mapped[0]} (accelsim show {network.name} lists them)."
    )


def _with_colon(text: str, batch: int | None, options: dict[str, Option]) -> str:
    """Return what to write where somebody put a slash before a layer's name; "" where that is not the mistake."""
    workload, slash, name = text.rpartition("/")
    if slash:
        try:
            found = load_workload(workload, batch, **options)
        except (AccelsimError, OSError):
            return ""
        known = [layer.name for layer in found.layers]
        if name in known or did_you_mean(name, known):
            return f"a layer stands behind a colon; did you mean {workload}:{name}?"
    return ""
