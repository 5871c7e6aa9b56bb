"""Which weights has a PyTorch module?"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from accelsim.errors import InputError
from accelsim.quantization.tensors import Tensors, TensorSource


def torch_tensors(module: Any) -> Tensors:
    """Return the weights of a `torch.nn.Module`: its float parameters of two axes or more, by submodule.

    Channels are along the first axis, of transposed convolutions along the second.

    Raises
    ------
    InputError
        A parameter is on the meta device and so has no values.
    """
    name = type(module).__name__
    sources: list[TensorSource] = []
    weightless: list[str] = []
    left = 0
    seen: set[int] = set()
    for path, part in module.named_modules():
        own = [(key, value) for key, value in part.named_parameters(recurse=False)]
        matrices = [(key, value) for key, value in own if value.ndim >= 2 and value.is_floating_point()]
        left += len(own) - len(matrices)
        if not matrices and not any(True for _ in part.children()):
            weightless.append(path)
        axis = 1 if "ConvTranspose" in type(part).__name__ else 0
        for key, value in matrices:
            if id(value) in seen:
                continue
            seen.add(id(value))
            full = f"{path}.{key}" if path else key
            if value.is_meta:
                raise InputError(
                    f"{full} of {name} is on the meta device, which has no values; load its weights first."
                )
            layer = f"{path}.{_product(key)}".lstrip(".") if _is_attention(part) else path or name
            sources.append(TensorSource(layer, full, "weights", tuple(value.shape), axis, _reader(value)))
    notes = (f"{left} parameters of fewer than two axes (biases, norms) are left out.",) if left else ()
    return Tensors(name, tuple(sources), tuple(weightless), notes)


def _is_attention(part: Any) -> bool:
    return type(part).__name__ == "MultiheadAttention"


def _product(key: str) -> str:
    """Return what the product with a weight of an attention is called: "in_proj" of in_proj_weight."""
    return key.removesuffix("weight").rstrip("._")


def _reader(parameter: Any) -> Any:
    def read() -> NDArray[Any]:
        values = parameter.detach().cpu()
        return values.numpy() if values.dtype.itemsize in (4, 8) else values.float().numpy()  # type: ignore[no-any-return]

    return read
