"""Which normalization, softmax or reduction is an operator of PyTorch?"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, prod

from accelsim.errors import UnsupportedError
from accelsim.workload.importers.pytorch.call import Call, Value, several
from accelsim.workload.operators import (
    Tensor,
    batch_norm,
    group_norm,
    layer_norm,
    reduce,
    reshape,
    rms_norm,
    softmax,
)

REDUCTION: dict[str, str] = {
    "sum": "sum", "nansum": "sum", "mean": "mean", "nanmean": "mean", "prod": "product", "amax": "maximum",
    "amin": "maximum", "max": "maximum", "min": "maximum", "argmax": "maximum", "argmin": "maximum",
    "all": "maximum", "any": "maximum", "count_nonzero": "sum", "logsumexp": "log_sum_exp", "var": "variance",
    "std": "variance", "var_mean": "variance", "std_mean": "variance", "aminmax": "maximum",
}  # fmt: skip
"""Names of `accelsim.workload.operators.pooling.REDUCTIONS` by the operator's."""

NORMS_OF_VECTORS = {2: "length", 1: "sum_of_sizes", inf: "maximum", -inf: "maximum", 0: "sum"}


def affine(call: Call) -> list[Tensor]:
    """Return gain and shift, as far as there are any."""
    return [tensor for name in ("weight", "bias") if (tensor := call.optional(name)) is not None]


def over_batch(call: Call) -> Value:
    """Return a batch norm; one that keeps no statistics is a norm of every channel over the batch."""
    x = call.tensor("input")
    live = call.get("training", call.get("use_input_stats", False)) or call.optional("running_mean") is None
    if not live or "no_training" in call.operator:
        return several(call, batch_norm(call.graph, call.name, x, affine(call)))
    channels = x.like((1, x.shape[1], x.elements // x.shape[1]))
    made = group_norm(call.graph, call.name, channels, x.shape[1], affine(call))
    return several(call, made.like(x.shape))


def over_features(call: Call) -> Value:
    """Return a layer norm or RMS norm over the last axes."""
    norm = rms_norm if "rms" in call.operator else layer_norm
    return several(call, norm(call.graph, call.name, call.first, len(call["normalized_shape"]), affine(call)))


def over_groups(call: Call) -> Value:
    """Return a norm over groups of channels; an instance norm has one channel each."""
    x = call.tensor("input")
    if call.operator == "instance_norm" and not call.get("use_input_stats", True):
        return batch_norm(call.graph, call.name, x, affine(call))
    groups = call.get("num_groups", call.get("group", x.shape[1]))
    return several(call, group_norm(call.graph, call.name, x, groups, affine(call)))


def softened(call: Call) -> Tensor:
    """Return a softmax or its logarithm along an axis."""
    return softmax(call.graph, call.name, call.first)


def reduced(call: Call) -> Value:
    """Return a reduction over some axes or all."""
    x = call.first
    if isinstance(call.values.get("other"), Tensor):
        raise UnsupportedError("a maximum of two tensors must be called maximum.")
    kind = _reduction(call)
    given = call.values.get("dim")
    axes = range(len(x.shape)) if given is None or given == [] else [given] if isinstance(given, int) else given
    made = reduce(call.graph, call.name, kind, x, list(axes), keepdims=bool(call.get("keepdim", False)))
    if made.shape != call.shape and made.elements == prod(call.shape):
        made = reshape(made, call.shape)
    return several(call, made)


def _reduction(call: Call) -> str:
    """Return which reduction an operator is; the length of a vector depends on its order."""
    if call.operator in REDUCTION:
        return REDUCTION[call.operator]
    order = call.get("ord", call.get("p", 2))
    if order not in NORMS_OF_VECTORS:
        raise UnsupportedError(f"a vector norm of order {order} is not understood.")
    return NORMS_OF_VECTORS[order]


NORMS: dict[str, Callable[[Call], Value]] = {
    **dict.fromkeys(
        ("batch_norm", "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
         "cudnn_batch_norm", "_batch_norm_no_update", "_batch_norm_with_update"), over_batch),
    **dict.fromkeys(("layer_norm", "native_layer_norm", "rms_norm", "_fused_rms_norm"), over_features),
    **dict.fromkeys(("group_norm", "native_group_norm", "instance_norm"), over_groups),
    **dict.fromkeys(("softmax", "log_softmax", "_softmax", "_log_softmax", "_safe_softmax", "special_softmax"),
                    softened),
    **dict.fromkeys((*REDUCTION, "linalg_vector_norm", "norm"), reduced),
}  # fmt: skip
