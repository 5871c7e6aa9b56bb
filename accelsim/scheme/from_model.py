"""Which scheme does a model itself state? One that follows the formats of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.precision import CATALOG, Format, parse_format
from accelsim.scheme.families import choose
from accelsim.scheme.grammar import FROM_MODEL
from accelsim.scheme.patterns import escape
from accelsim.scheme.scheme import Scheme
from accelsim.scheme.signed import signed_activation, signed_weight
from accelsim.workload.stated import Stated

if TYPE_CHECKING:
    from accelsim.workload.layer import Layer
    from accelsim.workload.network import Network

UNSTATED = "fp32"
"""Format of what neither the layer nor the network states."""


def from_model(network: Network) -> Scheme:
    """Return the scheme that follows what ``network`` states of its formats, layer by layer.

    A layer that states nothing takes what the network states, and fp32 where that is silent too.
    The family follows from the formats, as in `accelsim.scheme.families.choose`. The scheme itself
    is that of most multiply-accumulates; every layer that differs from it has an override.

    Parameters
    ----------
    network : Network
        What it states is in `Layer.stated` and `Network.stated`.

    Raises
    ------
    InputError
        It states nothing at all, or a layer's formats cannot be multiplied.
    """
    if not network.stated and not any(layer.stated for layer in network.layers):
        raise InputError(
            f"{FROM_MODEL} follows the number formats that a model states, and {network.name} states none; "
            "name a scheme, such as fp16 or int8 (accelsim list schemes)."
        )
    own = [_follow(network, layer) for layer in network.layers]
    kv = _kv_format(network, own)
    own = [_with_kv(network, layer, each, kv) for layer, each in zip(network.layers, own, strict=True)]
    base = _usual(network, own)
    overrides = tuple(
        (escape(layer.name), each)
        for layer, each in zip(network.layers, own, strict=True)
        if not _alike(layer, base, each)
    )
    return replace(base, name=FROM_MODEL, overrides=overrides, description=_told(network, own))


def _follow(network: Network, layer: Layer) -> Scheme:
    """Return the scheme of one layer alone; KV as its activations."""
    try:
        return _scheme(layer.stated or Stated(), network.stated or Stated(), _has_weights(layer))
    except InputError as error:
        raise InputError(error.message, where=f"{network.name}: formats stated for {layer.name}") from None


def _with_kv(network: Network, layer: Layer, scheme: Scheme, kv: Format) -> Scheme:
    found = replace(scheme, kv_format=kv)
    try:
        return found.with_kv_multiplied() if layer.second_operand == "kv" else found
    except InputError as error:
        raise InputError(error.message, where=f"{network.name}: KV format stated for {layer.name}") from None


@cache
def _scheme(own: Stated, default: Stated, has_weights: bool) -> Scheme:
    stated = own.over(default)
    activation = parse_format(stated.activations or UNSTATED)
    weight = parse_format(stated.weights or UNSTATED) if has_weights else activation
    integers = weight.kind != "float" and activation.kind != "float"
    if integers and (not own.compute or parse_format(own.compute).kind != "float"):
        activation = signed_activation(activation)
        weight = signed_weight(weight) if has_weights else activation
    compute = _compute(own, default, weight, activation)
    output = signed_activation(parse_format(stated.output)) if stated.output else None
    return Scheme(
        FROM_MODEL, weight, activation, activation, compute=compute,
        accumulator=_accumulator(own, default, integer=choose(weight, activation, compute).weight.kind != "float"),
        output=None if output == activation else output, vector=_vector(stated),
    )  # fmt: skip


def _vector(stated: Stated) -> Format | None:
    """Return the float in which biases and norms are stored; None where none is stated."""
    found = parse_format(stated.parameters) if stated.parameters else None
    return found if found and found.kind == "float" and found.block is None else None


def _accumulator(own: Stated, default: Stated, *, integer: bool) -> Format | None:
    """Return the accumulator: the layer's own, or the network's where it is of the kind that the layer needs."""
    if own.accumulator:
        return parse_format(own.accumulator)
    found = parse_format(default.accumulator) if default.accumulator else None
    return found if found and (found.kind != "float") == integer else None


def _compute(own: Stated, default: Stated, weight: Format, activation: Format) -> Format | None:
    """Return what the layer converts to before it multiplies; None for what its formats imply.

    What the network states counts where the layer's formats fit it. A pair that has no multiply of
    its own is converted to the network's float, else to fp16 or fp32.
    """
    if own.compute:
        return parse_format(own.compute)
    usual = parse_format(default.activations or "fp16")
    wide = usual if usual.kind == "float" and usual.block is None and usual.bits >= 16 else CATALOG["fp16"]
    offered = [parse_format(default.compute)] if default.compute else []
    return next((each for each in (*offered, None, wide, CATALOG["fp32"]) if _fits(weight, activation, each)), None)


def _fits(weight: Format, activation: Format, compute: Format | None) -> bool:
    try:
        choose(weight, activation, compute)
    except InputError:
        return False
    return True


def _has_weights(layer: Layer) -> bool:
    return layer.weight_elements > 0 or layer.kind == "embedding"


def _kv_format(network: Network, own: Sequence[Scheme]) -> Format:
    """Return what is stated of the KV cache, else what its readers read; the widest where they differ."""
    stated = {layer.stated.kv for layer in network.layers if layer.stated and layer.stated.kv}
    if network.stated and network.stated.kv:
        stated.add(network.stated.kv)
    found = [parse_format(text) for text in sorted(stated)] or [
        each.activation_format
        for layer, each in zip(network.layers, own, strict=True)
        if layer.second_operand == "kv"
    ]  # fmt: skip
    return max(found, key=lambda stored: stored.storage_bits(), default=_usual(network, own).activation_format)


def _usual(network: Network, own: Sequence[Scheme]) -> Scheme:
    """Return the scheme of most multiply-accumulates, counting those with weights if there are any."""
    weighed = [_has_weights(layer) and layer.shape is not None for layer in network.layers]
    macs: dict[Scheme, int] = {}
    for layer, each, counts in zip(network.layers, own, weighed, strict=True):
        if counts or not any(weighed):
            macs[each] = macs.get(each, 0) + layer.macs * layer.repeat
    return max(macs, key=lambda each: macs[each])


def _alike(layer: Layer, base: Scheme, own: Scheme) -> bool:
    """Return whether ``base`` does to the layer what ``own`` does."""
    if _has_weights(layer):
        return base == own
    if (base.activation_format, base.vector_format, base.output) != (
        own.activation_format, own.vector_format, own.output,
    ):  # fmt: skip
        return False
    second = {"kv": own.kv_format}.get(layer.second_operand, own.activation_format)
    if layer.shape is None:
        return True
    return _fits(second, base.activation_format, base.compute) and base.multiply(second) == own.multiply(second)


def _told(network: Network, own: Sequence[Scheme]) -> str:
    """Return in one sentence what the model states, by the MACs that it governs."""
    share: dict[str, list[int]] = {}
    for layer, each in zip(network.layers, own, strict=True):
        if layer.shape is None:
            continue
        second = {"weights": each.weight_format, "kv": each.kv_format}.get(layer.second_operand, each.activation_format)
        noun = {"weights": "weights", "kv": "KV"}.get(layer.second_operand, "activations")
        pair = f"{second} {noun} by {each.activation_format} inputs ({each.multiply(second).family})"
        found = share.setdefault(pair, [0, 0])
        found[0] += layer.repeat
        found[1] += layer.macs * layer.repeat
    ordered = sorted(share.items(), key=lambda item: -item[1][1])
    parts = [f"{count} layer{'s' * (count > 1)} of {pair}" for pair, (count, _) in ordered[:_MOST_TOLD]]
    more = sum(count for _, (count, _) in ordered[_MOST_TOLD:])
    return f"{network.name} states {', '.join([*parts, f'{more} others'] if more else parts) or 'formats'}."


_MOST_TOLD = 4
"""Pairs of formats that the sentence names."""
