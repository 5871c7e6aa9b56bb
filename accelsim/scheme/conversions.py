"""What is converted per word, per block and per output? Written in multiplies, adds and converts.

Where the counts come from (operations per weight in published kernels):

- scale after the matmul, one multiply per output, for a scale per channel: gpt-fast
  ``WeightOnlyInt8Linear`` (quantize.py, commit 6ecad9b); one convert per weight before it.
- convert, subtract the zero point and multiply by the scale per weight, for a scale per group:
  llama.cpp ``dequantize_row_q4_0`` (1 integer subtract, 1 int-to-float, 1 multiply; 1 scale convert
  per 32); AWQ ``dequantize_s4_to_fp16x2`` does the same in packed halves (llm-awq, commit d6e797a).
- per 32-block and output 1 convert and 2 multiplies, for integer products with a scale per block
  on both sides: llama.cpp ``vec_dot_q8_0_q8_1_impl``; 1 convert and about 3 float operations where
  one side has an offset: ``vec_dot_q4_0_q8_1_impl`` (vecdotq.cuh, ik_llama.cpp commit 8337e4c).
- nothing per weight and one rescale per output, for native int8: SmoothQuant's W8A8 pipeline
  (1 convert, 2 multiplies because its scales are dynamic). Activations are symmetric per tensor
  and static here, so weight, input and output scale are one constant: one fixed-point multiply in
  int32 and one shift-round-saturate, counted as a convert (Jacob et al., CVPR 2018, section 2.2).
"""

from __future__ import annotations

from fractions import Fraction

from accelsim.precision import CATALOG, Format, element_of
from accelsim.scheme.layer_formats import Conversion, Multiply, Operation

FLOAT = "fp32"
"""Format in which block results are scaled and summed: that of the float accumulator."""


def conversions(
    how: Multiply, weight: Format, input_: Format, output: Format, reduction: int
) -> tuple[Conversion, ...]:
    """Return every conversion of one layer.

    Parameters
    ----------
    how : Multiply
    weight, input_, output : Format
        As stored.
    reduction : int
        Products per output, C * FY * FX.

    Returns
    -------
    tuple of Conversion
        For the family reference none, except to store outputs as integers or blocks (a KV cache).
    """
    if how.family in ("reference", "dequantize"):
        return _dequantize(how, weight, input_, output)
    return _multiply_as_stored(how, weight, input_, output, reduction)


def _dequantize(how: Multiply, weight: Format, input_: Format, output: Format) -> tuple[Conversion, ...]:
    """Convert words on the way in; scales per channel or tensor wait for the output, in one multiply."""
    compute = how.weight.name
    found = [*_widen("W", weight, compute), *_widen("I", input_, compute)]
    if _scaled_at_output(weight) or _scaled_at_output(input_):
        found.append(_of("O", "output", 1, (Operation("multiply", compute),), "scale once per output"))
    return (*found, *_store(output, compute))


def _widen(operand: str, stored: Format, compute: str) -> list[Conversion]:
    """Per word: convert, subtract the zero point, multiply by a group's scale; per group: convert the scale.

    An E8M0 scale is a bare exponent and needs no conversion.
    """
    element = element_of(stored)
    operations: list[Operation] = []
    if element.name != compute:
        operations.append(Operation("convert", compute, element.name))
    block = stored.block
    if block and block.zero_point:
        operations.append(Operation("add", compute))
    group = block.scale_group if block else None
    if block and group:
        operations.append(Operation("multiply", compute))
    found = [_of(operand, "word", 1, tuple(operations), f"{stored} -> {compute}")] if operations else []
    if block and group:
        shared = [name for name in (block.scale, block.zero_point) if name in CATALOG and name != compute]
        if shared:
            reads = tuple(Operation("convert", compute, name) for name in shared if name)
            found.append(_of(operand, "block", Fraction(1, group), reads, f"scale of {stored} -> {compute}"))
    return found


def _multiply_as_stored(
    how: Multiply, weight: Format, input_: Format, output: Format, reduction: int
) -> tuple[Conversion, ...]:
    """Unpack if the multiplier is wider than the code, then rescale per block or once per output."""
    accumulator = how.accumulator.name
    found = [*_unpack("W", weight, how.weight), *_unpack("I", input_, how.input)] if how.family == "unpack" else []
    offset = bool(weight.block and weight.block.zero_point)
    if offset and not (input_.block and input_.block.sum_bits):
        found.append(_of("I", "word", 1, (Operation("add", accumulator),), "sum of the inputs, for the zero point"))
    groups = [fmt.block.scale_group for fmt in (weight, input_) if fmt.block and fmt.block.scale_group]
    if groups:
        found += _rescale_blocks(how, len(groups), offset, -(-reduction // min(groups)))
        leftover = _scaled_at_output(weight) or _scaled_at_output(input_)
        return (*found, *_finish(FLOAT, output, scaled=leftover))
    if offset:
        correction = Operation("multiply", accumulator), Operation("add", accumulator)
        found.append(_of("O", "output", 1, correction, "zero point times the sum of the inputs"))
    return (*found, *_rescale_output(how, weight, input_, output))


def _unpack(operand: str, stored: Format, compute: Format) -> list[Conversion]:
    """One integer operation per word, shift, mask or look-up, if its code is narrower than the multiplier.

    llama.cpp's packed kernel needs 0.375 32-bit instructions per 4-bit weight, 12 bits of ALU
    width: about one and a half 8-bit operations, of which the design counts one.
    """
    if stored.payload_bits >= compute.bits:
        return []
    return [_of(operand, "word", 1, (Operation("add", compute.name),), f"unpack {stored} to {compute}")]


def _rescale_blocks(how: Multiply, scales: int, offset: bool, blocks: int) -> list[Conversion]:
    """Per block and output: convert the integer sum, multiply by each side's scale, add to the float sum."""
    operations = [Operation("convert", FLOAT, how.accumulator.name)] if how.accumulator.kind != "float" else []
    operations += [Operation("multiply", FLOAT)] * scales + [Operation("add", FLOAT)]
    if offset:
        operations += [Operation("multiply", FLOAT), Operation("add", FLOAT)]
    return [_of("O", "block", blocks, tuple(operations), "rescale each block and add it")]


def _rescale_output(how: Multiply, weight: Format, input_: Format, output: Format) -> list[Conversion]:
    """One rescale per output: fixed-point where integers stay integers, in fp32 where they become floats."""
    accumulator = how.accumulator
    if accumulator.kind == "float":
        return _finish(accumulator.name, output, scaled=_scaled_at_output(weight) or _scaled_at_output(input_))
    if output.kind != "float" and output.block is None:
        operations = Operation("multiply", accumulator.name), Operation("convert", output.name, accumulator.name)
        return [_of("O", "output", 1, operations, f"rescale {accumulator} to {output}")]
    operations = Operation("convert", FLOAT, accumulator.name), Operation("multiply", FLOAT)
    return [_of("O", "output", 1, operations, f"rescale {accumulator} to {FLOAT}"), *_store(output, FLOAT)]


def _finish(computed: str, output: Format, scaled: bool) -> list[Conversion]:
    """Store a float result; a scale still to be applied is folded into the one that stores it."""
    stored = _store(output, computed)
    if scaled and not stored:
        return [_of("O", "output", 1, (Operation("multiply", computed),), "scale once per output")]
    return stored


def _store(output: Format, computed: str) -> list[Conversion]:
    """Quantize a float result to what is stored: 1 multiply, 1 convert; a block also finds its largest.

    A result stored as a bare float is rounded as it leaves the adder, which costs nothing more.
    """
    if output.block is None and output.kind == "float":
        return []
    element = element_of(output).name
    largest = (Operation("add", computed),) if output.block and output.block.scale_group else ()
    operations = (*largest, Operation("multiply", computed), Operation("convert", element, computed))
    return [_of("O", "output", 1, operations, f"{computed} -> {output}, for storage")]


def _scaled_at_output(stored: Format) -> bool:
    """Return whether a scale per channel or tensor is owed to each output."""
    if stored.block is None:
        return stored.kind != "float"
    return stored.block.scale_group is None


def load_words(stored: Format, compute: Format) -> tuple[Conversion, ...]:
    """Return what a vector unit that works in ``compute`` does per stored word it reads."""
    if stored.block is None and stored.kind == "float":
        return ()
    scale = (Operation("multiply", compute.name),) if _scaled_at_output(stored) else ()
    read = _widen("I", stored, compute.name)
    word = next((each.operations for each in read if each.per == "word"), ()) + scale
    return (_of("I", "word", 1, word, f"{stored} -> {compute}"), *(each for each in read if each.per == "block"))


def store_words(stored: Format, compute: Format) -> tuple[Conversion, ...]:
    """Return what a vector unit that works in ``compute`` does per word it writes."""
    return tuple(_store(stored, compute.name))


def _of(operand: str, per: str, count: int | Fraction, operations: tuple[Operation, ...], reason: str) -> Conversion:
    return Conversion(operand, per, Fraction(count), operations, reason)  # type: ignore[arg-type]
