"""How are two stored formats multiplied? The choice among the four families."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.precision import CATALOG, Format, element_of
from accelsim.scheme.layer_formats import Multiply


def choose(
    weight: Format, input_: Format, compute: Format | None = None, accumulator: Format | None = None
) -> Multiply:
    """Return how a pair of stored formats is multiplied.

    =================================== ==========================================================
    stored and asked for                family
    =================================== ==========================================================
    both the same bare float            reference
    a float ``compute``                 dequantize to it
    a bare float of 16 bits or more     dequantize to it (the wider one, if both are)
    an integer and a bare float         dequantize to the float, if it is wide enough
    an integer ``compute``              unpack to it; native if both are that integer already
    two integers                        native, as stored, even if their widths differ
    two narrow floats, or blocked ones  native, as stored (mxfp8 by mxfp4, fp8e4m3 by fp8e5m2)
    =================================== ==========================================================

    The accumulator is int32 for integers and fp32 for floats unless ``accumulator`` is given.

    Raises
    ------
    InputError
        The compute format cannot take what is stored, or no multiply follows from the pair.
    """
    if compute is None:
        compute = _implied_compute(weight, input_)
    if compute is None:
        family = "native"
        pair = element_of(weight), element_of(input_)
    else:
        for stored in (weight, input_):
            _check_fits(stored, compute)
        pair = compute, compute
        same = element_of(weight) == element_of(input_) == compute
        if compute.kind == "float":
            family = "reference" if weight == input_ == compute else "dequantize"
        else:
            family = "native" if same and not _is_packed(weight) and not _is_packed(input_) else "unpack"
    return Multiply(family, *pair, _accumulator(pair, accumulator))  # type: ignore[arg-type]


def _implied_compute(weight: Format, input_: Format) -> Format | None:
    """Return the float that both are multiplied in, or None if they are multiplied as stored."""
    stored = (weight, input_)
    floats = [each for each in stored if each.kind == "float"]
    bare = [each for each in floats if each.block is None]
    if not floats:
        return None
    if weight == input_ and bare:
        return weight
    wide = sorted((each for each in bare if each.bits >= 16), key=lambda each: (each.bits, each.mantissa_bits))
    if wide:
        return wide[-1]
    if len(floats) == 2:
        return None
    if bare:
        return bare[0]
    raise InputError(
        f"{weight} by {input_} has no multiply of its own; name a float to convert to, as in -dequant-fp16."
    )


def _is_packed(stored: Format) -> bool:
    return stored.packed_bits is not None


def _check_fits(stored: Format, compute: Format) -> None:
    """Refuse a compute format that is narrower than what is stored.

    An integer multiplier must hold every stored code. A float of 16 bits or more may round, as
    any scaled weight is rounded, but must not be narrower than the code.
    """
    element = element_of(stored)
    may_round = stored.block is not None or element.kind != "float"
    wide_enough = compute.kind == "float" and compute.bits >= 16 and compute.bits >= stored.payload_bits
    if not (compute.holds(element) or (may_round and wide_enough)):
        raise InputError(
            f"the compute format must hold what is stored; {compute} does not hold {stored}. "
            f"Use a wider one{_hint(element, compute)}."
        )


def _hint(element: Format, compute: Format) -> str:
    both_integers = element.kind != "float" and compute.kind != "float"
    wider = ("int8", "int16") if both_integers else ("fp16", "fp32")
    found = next((name for name in wider if CATALOG[name].holds(element)), None)
    return f", as in -{'' if both_integers else 'dequant-'}{found}" if found else ""


def _accumulator(pair: tuple[Format, Format], asked: Format | None) -> Format:
    integer = pair[0].kind != "float"
    if asked is None:
        return CATALOG["int32" if integer else "fp32"]
    if (asked.kind != "float") != integer:
        noun = "an integer" if integer else "a float"
        raise InputError(f"the accumulator of {pair[0]} by {pair[1]} must be {noun}; got {asked}.")
    if asked.bits < max(each.bits for each in pair):
        raise InputError(f"the accumulator must be at least as wide as {pair[0]} and {pair[1]}; got {asked}.")
    return asked
