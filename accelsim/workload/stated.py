"""In which formats does a model itself say that its tensors are stored and multiplied?"""

from __future__ import annotations

from dataclasses import dataclass, fields

from accelsim.errors import InputError
from accelsim.precision import parse_format


@dataclass(frozen=True)
class Stated:
    """Formats that a model states, of one layer or, as a default, of the whole network.

    Each is a text that `accelsim.precision.parse_format` reads ("int4g128", "fp16", "q4_k",
    "fp8e4m3"); "" = not stated. `accelsim.scheme.from_model` makes a scheme of them.

    Parameters
    ----------
    weights : str
        Of the W tensor of the layer, or of the table of an embedding, scales included.
    activations : str
        Of what the layer reads.
    output : str
        Of what the layer writes, where its readers do not state it.
    kv : str
        Of the KV cache; one for the whole network.
    compute : str
        Converted to before the multiply: a float (dequantize) or an integer (unpack).
    accumulator : str
        Of partial sums.
    parameters : str
        Of biases and of the gains and shifts of norms: a bare float, in which the vector unit works on the layer.

    Raises
    ------
    InputError
        A text is not a format.
    """

    weights: str = ""
    activations: str = ""
    output: str = ""
    kv: str = ""
    compute: str = ""
    accumulator: str = ""
    parameters: str = ""

    def __post_init__(self) -> None:
        for each in fields(self):
            text = getattr(self, each.name)
            if not text:
                continue
            try:
                parse_format(text)
            except InputError as error:
                raise InputError(error.message, where=f"stated {each.name}") from None

    def __bool__(self) -> bool:
        """Whether anything is stated."""
        return any(getattr(self, each.name) for each in fields(self))

    def over(self, default: Stated | None) -> Stated:
        """Return this with what it leaves out taken from ``default``."""
        if default is None:
            return self
        return Stated(**{each.name: getattr(self, each.name) or getattr(default, each.name) for each in fields(self)})
