"""How are a network's operands stored, moved, converted and multiplied?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from accelsim.errors import InputError, did_you_mean
from accelsim.precision import CATALOG, Format
from accelsim.scheme.conversions import conversions, load_words, store_words
from accelsim.scheme.families import choose
from accelsim.scheme.layer_formats import Conversion, Family, LayerFormats, Multiply
from accelsim.scheme.patterns import Patterns

if TYPE_CHECKING:
    from accelsim.workload.layer import Layer
    from accelsim.workload.network import Network


@dataclass(frozen=True)
class Scheme:
    """One scheme: formats of weights, activations and KV cache, and how they are multiplied.

    Parameters
    ----------
    name : str
        As the user gave it; two schemes that say the same are equal whatever their names.
    weight_format : Format
        Of all linear, convolution and lm_head weights and of embeddings, scales included.
    activation_format, kv_format : Format
        Integers are symmetric, with one static scale per tensor that is a constant of the program.
    compute : Format or None
        Converted to before the multiply: a float (dequantize) or an integer (unpack); None =
        what the stored formats imply, see `accelsim.scheme.families.choose`.
    accumulator : Format or None
        None = int32 or fp32.
    convert_at : str or None
        Level into which words are converted; None = the innermost one that keeps the operand.
    vector : Format or None
        See `vector_format`.
    output : Format or None
        Of a result that no layer reads; None = as the activations.
    overrides : tuple of (pattern, Scheme)
        The first pattern that matches a layer's name replaces this scheme for that layer.
    description : str
        What a scheme file says of itself.
    """

    name: str = field(compare=False)
    weight_format: Format
    activation_format: Format
    kv_format: Format
    compute: Format | None = None
    accumulator: Format | None = None
    convert_at: str | None = None
    vector: Format | None = None
    output: Format | None = None
    overrides: tuple[tuple[str, Scheme], ...] = ()
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for stored in (self.activation_format, self.kv_format, self.output):
            if stored and stored.block and stored.block.size == "channel":
                raise InputError(f"activations and KV have a scale per tensor or group; got {stored}, one per channel.")
        if self.vector is not None and (self.vector.kind != "float" or self.vector.block):
            raise InputError(f"the vector format must be a float such as fp32; got {self.vector.name}.")
        for second in (self.weight_format, self.activation_format):
            self.multiply(second)
        for pattern, own in self.overrides:
            if own.kv_format != self.kv_format or own.overrides:
                raise InputError(
                    f"the override of {pattern!r} must keep the KV format, {self.kv_format}, and have no overrides."
                )

    def __str__(self) -> str:
        return self.name

    def multiply(self, second: Format) -> Multiply:
        """Return how ``second``, which plays W, is multiplied by an activation.

        A float KV cache is never unpacked to integers, nor does an accumulator of the other kind apply to it.
        """
        if second == self.weight_format:
            return choose(second, self.activation_format, self.compute, self.accumulator)
        to_integer = self.compute is not None and self.compute.kind != "float"
        compute = None if to_integer and second.kind == "float" else self.compute
        how = choose(second, self.activation_format, compute)
        if self.accumulator is None or (self.accumulator.kind == "float") != (how.accumulator.kind == "float"):
            return how
        return choose(second, self.activation_format, compute, self.accumulator)

    def with_kv_multiplied(self) -> Scheme:
        """Return this scheme, or raise InputError where its activations cannot be multiplied by its KV cache."""
        self.multiply(self.kv_format)
        return self

    @property
    def family(self) -> Family:
        """Family of the layers that have weights."""
        return self.multiply(self.weight_format).family

    @property
    def summary(self) -> str:
        """One line: family, stored bits, what it does to traffic, multiplies and conversions."""
        from accelsim.scheme.summary import summarize

        return summarize(self)

    @property
    def vector_format(self) -> Format:
        """Format of norms, softmax and adds: the float compute format, fp32 where that is an integer or under 16 bits.

        Biases and norm parameters are stored in it too.
        """
        if self.vector is not None:
            return self.vector
        compute = self.multiply(self.weight_format).weight
        return compute if compute.kind == "float" and compute.bits >= 16 else CATALOG["fp32"]

    def for_layer(self, name: str) -> Scheme:
        """Return the scheme of the layer called ``name``: the first override that matches, or this one."""
        place = self._patterns.first(name)
        return self if place is None else self.overrides[place][1]

    @cached_property
    def _patterns(self) -> Patterns:
        return Patterns([pattern for pattern, _ in self.overrides])

    def check_patterns(self, network: Network) -> None:
        """Raise InputError if an override matches no layer of ``network`` or comes after one that takes all of its."""
        names = [layer.name for layer in network.layers]
        taken = {self._patterns.first(name) for name in names}
        idle = [pattern for place, (pattern, _) in enumerate(self.overrides) if place not in taken]
        for pattern in idle:
            if not any(fnmatchcase(name, pattern) for name in names):
                hint = did_you_mean(pattern, names) or f" such as {names[0]}."
                raise InputError(f"scheme {self.name}: {pattern!r} must match a layer of {network.name}{hint}")
        for pattern in idle:
            raise InputError(f"scheme {self.name}: {pattern!r} must stand before the patterns that take its layers.")

    def resolve(self, layer: Layer, output: Format | None = None, accumulator: Format | None = None) -> LayerFormats:
        """Return the formats and conversions of one layer that has multiply-accumulates.

        Parameters
        ----------
        layer : Layer
        output : Format, optional
            Format in which the result is stored; by default this scheme's (not an override's)
            activation or KV format. With overrides of activations use `output_format`.
        accumulator : Format, optional
            What the chip accumulates in; by default what the scheme says.

        Raises
        ------
        InputError
            The layer has no multiply-accumulates.
        """
        if layer.shape is None:
            raise InputError(f"layer {layer.name} must have multiply-accumulates; this {layer.kind} has none.")
        own = self.for_layer(layer.name)
        roles = {"weights": own.weight_format, "activation": own.activation_format, "kv": own.kv_format}
        weight, input_ = roles[layer.second_operand], own.activation_format
        output = output or (self.kv_format if layer.output_role == "kv" else self.activation_format)
        how = own.multiply(weight)
        if accumulator is not None:
            how = replace(how, accumulator=accumulator)
        reduction = layer.shape.C * layer.shape.FY * layer.shape.FX
        stored = layer.second_operand == "weights"
        whole = layer.weight_elements or layer.shape.words("W")
        weight_bits = weight.storage_bits(reduction, whole) if stored else weight.storage_bits()
        found = conversions(how, weight, input_, output, reduction)
        return LayerFormats(
            weight=weight, input=input_, output=output,
            weight_bits=weight_bits, input_bits=input_.storage_bits(), output_bits=output.storage_bits(),
            compute_weight=how.weight, compute_input=how.input, accumulator=how.accumulator, family=how.family,
            convert_at=own.convert_at if any(each.operand != "O" for each in found) else None, conversions=found,
        )  # fmt: skip

    def output_format(self, layer: Layer, network: Network) -> Format:
        """Return the format in which ``layer`` stores its result: the widest that its consumers read."""
        if layer.output_role == "kv":
            return self.kv_format
        readers = [self.for_layer(each.name).activation_format for each in network.layers if layer.name in each.inputs]
        unread = self.for_layer(layer.name).output or self.activation_format
        return max(readers, key=lambda stored: stored.storage_bits(), default=unread)

    def activation_bits(self, layer: Layer) -> Fraction:
        """Stored bits per activation element that ``layer`` reads."""
        return self.for_layer(layer.name).activation_format.storage_bits()

    def kv_bits(self) -> Fraction:
        """Stored bits per element of the KV cache; overrides do not change it."""
        return self.kv_format.storage_bits()

    def parameter_bits(self, layer: Layer, row_elements: int | None = None) -> Fraction:
        """Stored bits per element of ``layer.parameters``.

        Embedding tables follow the weights, one scale per row of ``row_elements`` (or per group
        along it); without ``row_elements`` a scale per row is left out, 16/row bits too few.
        Biases, norm scales and other parameters are never quantized: they are in `vector_format`.
        """
        own = self.for_layer(layer.name)
        if layer.kind != "embedding":
            return own.vector_format.storage_bits()
        block = own.weight_format.block
        if row_elements is None and block and block.size == "channel":
            return own.weight_format.payload_bits
        return own.weight_format.storage_bits(row_elements, layer.parameters or None)

    def vector_conversions(self, layer: Layer, output: Format | None = None) -> tuple[Conversion, ...]:
        """Return what a layer without multiply-accumulates converts per input word read and output word written.

        Nothing where stored activations are floats, and nothing in a layer that only compares
        (max pooling, ReLU): symmetric integers are ordered as their values are. ``output`` as in `resolve`.
        """
        if all(op == "compare" for op, _ in layer.vector_ops):
            return ()
        own = self.for_layer(layer.name)
        stored, compute = own.activation_format, own.vector_format
        output = output or (self.kv_format if layer.output_role == "kv" else self.activation_format)
        read = () if layer.kind == "embedding" else load_words(stored, compute)
        return (*read, *store_words(output, compute))
