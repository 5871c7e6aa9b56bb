"""Are formats what their specifications say: exact bits, range, spacing and which holds which?"""

from __future__ import annotations

import csv
from contextlib import suppress
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.precision import CATALOG, Format, element_of, grouped, parse_format

DATA = Path(__file__).parent / "data"


def rows(file: str) -> list[dict[str, str]]:
    with open(DATA / file, encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("row", rows("bits_per_weight.csv"), ids=lambda row: row["row"])
def test_published_bits_per_weight(row: dict[str, str]) -> None:
    size = int(row["block_size"])
    exact = Fraction(row["bits_payload"]) + Fraction(row["bits_overhead_per_block"]) / size
    stored = parse_format(row["format"])
    assert stored.storage_bits(size, size) == exact
    assert float(exact) == pytest.approx(float(row["bits_per_weight"]), abs=5.1e-6)  # printed with five decimals


@pytest.mark.parametrize("row", rows("gguf_bits_per_weight.csv"), ids=lambda row: row["row"])
def test_gguf_block_sizes(row: dict[str, str]) -> None:
    exact = Fraction(8 * int(row["block_bytes"]), int(row["block_elems"]))
    assert parse_format(row["format"]).storage_bits() == exact == Fraction(row["bits_per_weight"])


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("int4g32", "9/2"),
        ("q8_0", "17/2"),
        ("mxfp4", "17/4"),
        ("nvfp4", "9/2"),
        ("mxfp8e4m3", "33/4"),
        ("mxint8", "33/4"),
        ("tf32", "32"),
        ("mxfp6e3m2", "25/4"),
        ("uint4g128zuint4", "133/32"),
        ("int4g32sbf16zint4", "37/8"),
        ("int4g16se8m0", "9/2"),
    ],
)
def test_known_bits(name: str, bits: str) -> None:
    assert parse_format(name).storage_bits() == Fraction(bits)


def test_scale_per_channel_needs_the_channel() -> None:
    per_channel = parse_format("int8gc")
    assert per_channel.storage_bits(147) == 8 + Fraction(16, 147)
    with pytest.raises(InputError, match="elements per channel"):
        per_channel.storage_bits()


@pytest.mark.parametrize(("elements", "blocks"), [(31, 1), (32, 1), (33, 2), (147, 5)])
def test_blocks_do_not_cross_channels(elements: int, blocks: int) -> None:
    assert parse_format("int4g32").storage_bits(elements) == 4 + Fraction(16 * blocks, elements)


@pytest.mark.parametrize(
    ("name", "highest", "smallest_step", "at_one", "significand"),
    [
        ("fp8e4m3", 448, 2**-9, 2**-3, 4),
        ("fp8e5m2", 57344, 2**-16, 2**-2, 3),
        ("fp6e2m3", 7.5, 2**-3, 2**-3, 4),
        ("fp6e3m2", 28, 2**-4, 2**-2, 3),
        ("fp4e2m1", 6, 2**-1, 2**-1, 2),
        ("fp16", 65504, 2**-24, 2**-10, 11),
        ("bf16", (2 - 2**-7) * 2.0**127, 2**-133, 2**-7, 8),
        ("fp32", (2 - 2**-23) * 2.0**127, 2**-149, 2**-23, 24),
        ("tf32", (2 - 2**-10) * 2.0**127, 2**-136, 2**-10, 11),
        ("int8", 127, 1, 1, 7),
        ("uint8", 255, 1, 1, 8),
    ],
)
def test_range_step_and_significand(
    name: str, highest: float, smallest_step: float, at_one: float, significand: int
) -> None:
    found = CATALOG[name]
    assert (found.max, found.step, found.step_at_one, found.significand) == (
        highest,
        smallest_step,
        at_one,
        significand,
    )


def test_lowest_values() -> None:
    assert [CATALOG[name].min for name in ("int8", "int2", "uint8", "fp4e2m1")] == [-128, -2, 0, -6]
    assert float(f"{CATALOG['bf16'].max:.4e}") == 3.3895e38


@cache
def decoded(name: str) -> set[Fraction]:
    """Every finite value, by decoding each code as its specification says; shares nothing with the catalog."""
    if name.startswith(("int", "uint")):
        bits = int(name.removeprefix("u").removeprefix("int"))
        low = 0 if name.startswith("u") else -(1 << (bits - 1))
        return {Fraction(low + code) for code in range(1 << bits)}
    layout = {
        "fp4e2m1": (2, 1),
        "fp6e2m3": (2, 3),
        "fp6e3m2": (3, 2),
        "fp8e4m3": (4, 3),
        "fp8e5m2": (5, 2),
        "fp16": (5, 10),
        "bf16": (8, 7),
    }
    exponent_bits, mantissa_bits = layout[name]
    bias = 2 ** (exponent_bits - 1) - 1
    found = set()
    for code in range(1 << (exponent_bits + mantissa_bits)):
        exponent, mantissa = code >> mantissa_bits, code & ((1 << mantissa_bits) - 1)
        top = exponent == (1 << exponent_bits) - 1
        if top and name in ("fp8e5m2", "fp16", "bf16"):
            continue
        if top and name == "fp8e4m3" and mantissa == 7:
            continue
        scale = Fraction(2) ** ((exponent or 1) - bias - mantissa_bits)
        value = (mantissa + (1 << mantissa_bits) * (exponent > 0)) * scale
        found |= {value, -value}
    return found


ENUMERATED = [f"{sign}int{n}" for sign in ("", "u") for n in (2, 3, 4, 5, 8, 9, 12, 16)]
ENUMERATED += ["fp4e2m1", "fp6e2m3", "fp6e3m2", "fp8e4m3", "fp8e5m2", "fp16", "bf16"]


@pytest.mark.parametrize("wide", ENUMERATED)
def test_holds_is_inclusion_of_values(wide: str) -> None:
    found = {narrow for narrow in ENUMERATED if CATALOG[wide].holds(CATALOG[narrow])}
    assert found == {narrow for narrow in ENUMERATED if decoded(narrow) <= decoded(wide)}


@pytest.mark.parametrize("name", ENUMERATED)
def test_range_and_step_are_those_of_the_values(name: str) -> None:
    ordered = sorted(decoded(name))
    found = CATALOG[name]
    assert (found.min, found.max) == (ordered[0], ordered[-1])
    assert found.step == min(b - a for a, b in pairwise(ordered))


@pytest.mark.parametrize(
    ("wide", "narrow", "holds"),
    [
        ("fp32", "int24", True),
        ("fp32", "int25", True),
        ("fp32", "int26", False),
        ("fp32", "uint24", True),
        ("fp32", "uint25", False),
        ("tf32", "fp16", True),
        ("tf32", "bf16", True),
        ("fp32", "tf32", True),
        ("fp16", "int16", False),
        ("fp64", "int32", True),
        ("fp64", "int64", False),
        ("int8", "fp4e2m1", False),
        ("fp16", "q4_k", True),
        ("int8", "iq4_nl", True),
        ("fp8e4m3", "mxfp4", True),
    ],
)
def test_holds_beyond_enumeration(wide: str, narrow: str, holds: bool) -> None:
    assert CATALOG[wide].holds(CATALOG[narrow]) is holds


def test_every_name_reads_back() -> None:
    assert all(parse_format(name) == found and found.name == name for name, found in CATALOG.items())
    assert parse_format(" Q4_K ").name == "q4_k"
    assert parse_format("bfloat16") == CATALOG["bf16"]


def test_elements() -> None:
    names = {"mxfp8e4m3": "fp8e4m3", "q4_k": "uint4", "int4g32": "int4", "uint4g128zuint4": "uint4", "fp16": "fp16"}
    assert {name: element_of(parse_format(name)).name for name in names} == names


@given(
    st.sampled_from(["int2", "int4", "uint4", "int8", "int16", "fp8e4m3", "fp4e2m1"]),
    st.one_of(st.integers(1, 4096), st.sampled_from(["channel", "tensor"])),
    st.sampled_from(["fp16", "bf16", "fp32", "fp8e4m3", "e8m0"]),
    st.sampled_from([None, "int4", "uint4", "int8", "fp16", "bf16"]),
)
def test_grouped_names_read_back(element: str, size: int | str, scale: str, zero: str | None) -> None:
    made = grouped(CATALOG[element], size, scale, zero)  # type: ignore[arg-type]
    assert parse_format(made.name) == made
    shared = {"e8m0": 8}.get(scale) or CATALOG[scale].bits
    shared += CATALOG[zero].bits if zero else 0
    assert made.storage_bits(640, 640) == CATALOG[element].bits + Fraction(
        shared * (-(-640 // size) if isinstance(size, int) else 1), 640
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int",
        "int1",
        "int33",
        "int65",
        "fp17",
        "bfloat",
        "q4_2",
        "int4g",
        "int4g0",
        "int4g-1",
        "int4g99999999999999999999",
        "fp16g32",
        "mxfp4g32",
        "int4g32sint8",
        "int4g32s",
        "int4g32zz",
        "int4g32znope",
        "fp32gc",
        "int8 g32",
        "é",
        "int٤",
        "x" * 10_000,
        "e8m0",
    ],
)
def test_broken_names_are_one_sentence(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_format(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(("typo", "meant"), [("fp8e4m4", "fp8e4m3"), ("q4k", "q4_k"), ("bf61", "bf16")])
def test_typos_name_the_nearest(typo: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean {meant}"):
        parse_format(typo)


@given(st.text(alphabet="intufpbxegmkq_szc0123456789", max_size=20))
def test_any_text_is_a_format_or_an_input_error(text: str) -> None:
    with suppress(InputError):
        assert isinstance(parse_format(text), Format)


@pytest.mark.parametrize("name", ["nf4", "nf4_dq"])
def test_a_code_book_has_the_range_of_its_table(name: str) -> None:
    stored = parse_format(name)
    assert (stored.min, stored.max) == (-1, 1)
    assert parse_format("fp32").holds(stored)
    assert not parse_format("bf16").holds(stored)
