"""What does a scheme's name say? ``w<fmt>[g<size>]a<fmt>[kv<fmt>][-dequant-<fmt>|-int<bits>]``

No format's name contains the letter a, so the first one divides weights from activations.
"""

from __future__ import annotations

import re
from typing import Any

from accelsim.errors import InputError, nearest
from accelsim.precision import CATALOG, Format, grouped, parse_format
from accelsim.scheme.scheme import Scheme

GRAMMAR = "w<fmt>[g<size>]a<fmt>[kv<fmt>][-dequant-<fmt>|-int<bits>]"

FROM_MODEL = "from-model"
"""What stands for the formats that a model itself states; see `accelsim.scheme.from_model`."""

ALIASES = {
    "fp32": "w32a32", "fp16": "w16a16", "bf16": "wbf16abf16", "tf32": "wtf32atf32",
    "fp8": "wfp8e4m3afp8e4m3", "int8": "w8a8", "int4": "w4a4",
    "mxfp8": "wmxfp8e4m3amxfp8e4m3", "mxfp4": "wmxfp4amxfp4", "nvfp4": "wnvfp4anvfp4",
}  # fmt: skip

KNOWN = (
    "fp32", "fp16", "bf16", "fp8", "w8a8-dequant-fp32", "w8a32", "w8a16", "w4g128a16", "wq4_ka16", "w16a16kv8",
    "w4g32a8-int8", "wq4_0aq8_1-int8", "int8", "w4a8", "int4", "mxfp8", "nvfp4",
)  # fmt: skip
"""Schemes worth listing, family by family; any other of the grammar is as good."""

_BARE = re.compile(r"[0-9]+")
_WEIGHT = re.compile(r"(?P<format>[0-9]+)g(?P<size>[0-9]{1,40})")
_INTEGER = re.compile(r"int[0-9]+")
_MAX_LENGTH = 120


def parse_name(text: str) -> Scheme:
    """Return the scheme that a name or a text of the grammar stands for.

    Raises
    ------
    InputError
        It does not follow the grammar, a format is unknown, or the formats cannot be multiplied.
    """
    name = text.strip().lower()
    spelled = ALIASES.get(name, name)
    if not spelled.startswith("w") or "a" not in spelled or len(spelled) > _MAX_LENGTH:
        raise _not_a_scheme(text)
    stored, _, compute = spelled[1:].partition("-")
    weight, _, rest = stored.partition("a")
    activation, _, kv = rest.rpartition("kv") if "kv" in rest else (rest, "", rest)
    try:
        return Scheme(
            name=name,
            weight_format=read_weights(weight),
            activation_format=read_format(activation),
            kv_format=read_format(kv),
            compute=_read_compute(compute) if "-" in spelled else None,
        ).with_kv_multiplied()
    except InputError as error:
        raise InputError(f"scheme {_short(text)}: {error.message}", where=error.where) from None


def read_format(text: str | int) -> Format:
    """Return a format named as in a scheme: bare 2..8 is a signed integer, bare 16 and 32 are fp16 and fp32."""
    name = str(text)
    if not name:
        raise InputError(f"a format must be given after w, a and kv, as in w8a8; the grammar is {GRAMMAR}.")
    if not _BARE.fullmatch(name):
        return parse_format(name)
    if name in ("16", "32"):
        return CATALOG[f"fp{name}"]
    if len(name) == 1 and "2" <= name <= "8":
        return CATALOG[f"int{name}"]
    raise InputError(
        f"a bare number must be 2 to 8 (a signed integer), 16 or 32 (a float); got {_short(name)}. "
        "Name any other, as in wint12abf16."
    )


def read_weights(text: str | int) -> Format:
    """Return a weight format with its scales: integers have an fp16 scale per output channel unless grouped.

    Unsigned integers cannot be symmetric, so they have a zero point of their own format as well.
    """
    name = str(text)
    group = _WEIGHT.fullmatch(name)
    stored = read_format(group["format"]) if group else read_format(name)
    size = int(group["size"]) if group else None
    if size is not None:
        return grouped(stored, size)
    if stored.kind == "uint" and (stored.block is None or _plain_group(stored)):
        bare = CATALOG[stored.name.partition("g")[0]]
        return grouped(bare, stored.block.size if stored.block else "channel", zero_point=bare.name)
    return grouped(stored, "channel") if stored.kind == "int" and stored.block is None and stored.bits < 32 else stored


def _plain_group(stored: Format) -> bool:
    """Return whether a grouped format was named without a scale format or zero point."""
    block = stored.block
    return block is not None and stored.name not in CATALOG and block.zero_point is None and block.scale == "fp16"


def _read_compute(text: str) -> Format:
    if text.startswith("dequant-"):
        compute = parse_format(text.removeprefix("dequant-"))
        if compute.kind != "float" or compute.block:
            raise InputError(f"-dequant- must name a float such as fp16; got {compute}.")
        return compute
    if _INTEGER.fullmatch(text):
        return parse_format(text)
    close = nearest(text, ["dequant-fp16", "dequant-fp32", "int8"])
    hint = f"; did you mean -{close}?" if close else "."
    raise InputError(f"the ending must be -dequant-<fmt> or -int<bits>; got {_short('-' + text)}{hint}")


def _not_a_scheme(text: str) -> InputError:
    close = nearest(text[:_MAX_LENGTH], [*ALIASES, *KNOWN, FROM_MODEL])
    hint = f"; did you mean {close}?" if close else "."
    return InputError(
        f"{_short(text)} is not a scheme{hint} "
        f"A scheme is {GRAMMAR}, as in w4g128a16, an alias such as int8, or a YAML file."
    )


def _short(text: Any) -> str:
    shown = repr(str(text))
    return shown if len(shown) <= 60 else shown[:56] + "...'"


def known_schemes() -> list[Scheme]:
    """Return the schemes that ``accelsim list schemes`` explains, each with its one-line `Scheme.summary`."""
    return [parse_name(name) for name in KNOWN]
