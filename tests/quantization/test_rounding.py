"""Do values become what the formats define: against ml_dtypes and gguf-py, and by laws that hold for all values?"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from accelsim.errors import InputError, UsageError
from accelsim.precision import CATALOG, parse_format
from accelsim.quantization import rounding_pieces
from accelsim.quantization.grid import grid_of
from accelsim.quantization.rounding import quantize, round_to
from accelsim.quantization.rounding_ggml import UNKNOWN

DATA = Path(__file__).parent / "data"
TYPES: dict[str, Any] = {
    "fp8e4m3": ml_dtypes.float8_e4m3fn, "fp8e5m2": ml_dtypes.float8_e5m2, "fp6e2m3": ml_dtypes.float6_e2m3fn,
    "fp6e3m2": ml_dtypes.float6_e3m2fn, "fp4e2m1": ml_dtypes.float4_e2m1fn, "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16, "fp32": np.float32,
}  # fmt: skip
QUANTIZED = [name for name in CATALOG if name not in UNKNOWN]


def sqnr_db(values: NDArray[Any], found: NDArray[Any]) -> float:
    exact = values.astype(np.float64)
    return float(10 * np.log10(np.square(exact).sum() / np.square(exact - found).sum()))


# ---------------------------------------------------------------------- grids of floats


@pytest.mark.parametrize("name", [name for name in TYPES if name != "fp32"])
def test_every_code_every_tie_and_its_neighbors_round_as_in_ml_dtypes(name: str) -> None:
    stored = CATALOG[name]
    codes = np.arange(1 << stored.bits, dtype=np.uint16 if stored.bits == 16 else np.uint8)
    with np.errstate(invalid="ignore"):
        values = np.unique(codes.view(TYPES[name]).astype(np.float64))
    values = values[np.isfinite(values)]
    ties = ((values[1:] + values[:-1]) / 2).astype(np.float32)
    beside = [np.nextafter(ties, np.float32(side)) for side in (np.inf, -np.inf)]
    asked = np.concatenate([values.astype(np.float32), ties, *beside])
    expected = asked.astype(TYPES[name]).astype(np.float64)
    assert np.array_equal(round_to(asked, name), expected)


@pytest.mark.parametrize("name", TYPES)
def test_the_range_ends_at_the_largest_value(name: str) -> None:
    largest = float(CATALOG[name].max)
    assert round_to(np.array([largest * 4, -largest * 4, largest]), name).tolist() == [largest, -largest, largest]


@pytest.mark.parametrize("name", ["int8", "uint4", "fp8e4m3", "fp6e3m2", "fp4e2m1", "nf4", "iq4_nl"])
def test_listed_levels_are_those_that_rounding_reaches(name: str) -> None:
    grid = grid_of(CATALOG[name], symmetric=True)
    levels = grid.levels
    assert np.array_equal(grid.round(levels), levels)
    dense = np.linspace(grid.low * 1.1, grid.high * 1.1, 20_001)
    assert set(grid.round(dense)) <= set(levels)
    assert np.allclose(np.abs(grid.round(dense) - dense), np.abs(_nearest(levels, dense) - dense))


def _nearest(levels: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(levels[np.abs(values[:, None] - levels).argmin(axis=1)])


# ---------------------------------------------------------------------- formats with blocks


def blocks_of(name: str) -> dict[str, NDArray[np.float32]]:
    with (DATA / name).open(encoding="utf-8") as file:
        rows = csv.reader(line for line in file if not line.startswith("#"))
        return {row[0]: np.array(row[1:], dtype=np.float32)[None, :] for row in rows}


GGUF, LLAMA = blocks_of("gguf_blocks.csv"), blocks_of("llama_blocks.csv")


@pytest.mark.parametrize("name", [name for name in GGUF if name != "values"])
def test_blocks_are_those_of_gguf_py(name: str) -> None:
    assert np.array_equal(quantize(GGUF["values"], name).values, GGUF[name])


@pytest.mark.parametrize("name", [name for name in LLAMA if name != "values"])
def test_searched_scales_are_those_of_llama_cpp(name: str) -> None:
    """Its float32 sums sometimes prefer another of two nearly equal scales: most blocks are alike, all equally good."""
    found = quantize(LLAMA["values"], name).values
    alike = (found == LLAMA[name]).reshape(-1, 256).mean(axis=1)
    assert (alike == 1.0).sum() >= 2
    assert sqnr_db(LLAMA["values"], found) == pytest.approx(sqnr_db(LLAMA["values"], LLAMA[name]), abs=0.05)


@pytest.mark.parametrize("name", QUANTIZED)
def test_every_format_of_the_catalog_stores_weights(name: str) -> None:
    values = np.random.default_rng(5).standard_normal((4, 300)).astype(np.float32) * np.float32(0.05)
    found = quantize(values, name)
    assert found.values.shape == values.shape
    assert found.values.dtype == np.float32
    assert found.bits == CATALOG[name].storage_bits(300, 1200)
    least = 0.5 if CATALOG[name].payload_bits <= 2 else min(6.0 * float(CATALOG[name].payload_bits) - 12.5, 24)
    assert np.array_equal(values, found.values) or sqnr_db(values, found.values) > least


def test_scales_stand_for_their_groups() -> None:
    values = np.random.default_rng(6).standard_normal((130, 300))
    assert quantize(values, "int8").scale.shape == ()
    assert quantize(values, "int8", granularity="channel").scale.shape == (130,)
    assert quantize(values, "int4g128").scale.shape == (130, 3)
    assert quantize(values, "q4_k").scale.shape == (130, 16)
    assert quantize(values, "fp8e4m3_128x128").scale.shape == (2, 3)
    groups = quantize(values, "int4g100")
    codes = groups.values.reshape(130, 3, 100) / groups.scale[:, :, None]
    assert np.allclose(codes, np.rint(codes), atol=1e-9)
    assert np.abs(codes).max() < 7 + 1e-9


def test_a_tile_shares_its_scale_over_128_channels() -> None:
    values = np.random.default_rng(7).standard_normal((128, 128))
    tile = quantize(values, "fp8e4m3_128x128")
    assert np.array_equal(tile.values, quantize(values, "fp8e4m3").values)


def test_microscaling_follows_the_standard() -> None:
    values = np.zeros((1, 32))
    values[0, :4] = (7.9, 5.0, -0.26, 0.1)  # scale 2^(2 - 2) = 1: fp4 has 0.5 steps below 2 and 6 as its largest
    found = quantize(values, "mxfp4")
    assert float(found.scale[0, 0]) == 1.0
    assert found.values[0, :4].tolist() == [6.0, 4.0, -0.5, 0.0]
    assert float(quantize(values, "mxfp4", clip="mse").scale[0, 0]) == 2.0


# ---------------------------------------------------------------------- laws

TENSORS = arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 70)),
    elements=st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda one: round(one, 4)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(TENSORS, st.sampled_from(["int2", "int4", "int8", "uint3", "uint8"]), st.booleans())
def test_nothing_is_farther_off_than_half_a_step(values: NDArray[Any], name: str, channel: bool) -> None:
    """With the largest value kept; a stored scale is off by 2^-11 of itself at most, which shifts the end codes."""
    found = quantize(values, name, granularity="channel" if channel else "tensor")
    scale = found.scale[:, None] if channel else found.scale
    slack = (1 << parse_format(name).bits) * 2.0**-11 if channel else 1e-4
    seen = np.broadcast_to(scale, values.shape) >= 2.0**-14
    assert (np.abs(values - found.values) <= scale * (0.5 + slack))[seen].all()


@settings(max_examples=40, deadline=None)
@given(TENSORS, st.sampled_from(["int4g16", "uint4g16zuint4", "mxfp4", "nf4", "q4_0", "q4_k", "int8gc", "fp8e4m3g8"]))
def test_channels_are_independent_and_the_axis_only_says_where_they_are(values: NDArray[Any], name: str) -> None:
    whole = quantize(values, name).values
    alone = np.concatenate([quantize(row[None, :], name).values for row in values])
    turned = quantize(np.ascontiguousarray(values.T), name, axis=1).values.T if len(values) > 1 else whole
    assert np.array_equal(whole, alone)
    assert np.array_equal(whole, turned) or values.shape[1] == 1


@pytest.mark.parametrize("name", ["int8", "uint8", "int4g32", "int8gc", "nvfp4", "q5_k", "fp16", "fp8e4m3_128x128"])
def test_pieces_do_not_change_the_result(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(8).standard_normal((140, 5, 30))
    whole = quantize(values, name, axis=1 if name == "int8gc" else 0)
    monkeypatch.setattr(rounding_pieces, "PIECE_ELEMENTS", 77)
    parts = quantize(values, name, axis=1 if name == "int8gc" else 0)
    assert np.array_equal(whole.values, parts.values)
    assert np.array_equal(whole.scale, parts.scale)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, (2, 24), elements=st.floats(-10, 10).map(lambda one: round(one, 3))),
    st.sampled_from(["int2", "int3", "int4", "fp4e2m1"]),
)
def test_no_scale_has_less_error_than_the_exact_search(values: NDArray[Any], name: str) -> None:
    from accelsim.quantization.clipping import symmetric_scales

    grid = grid_of(CATALOG[name], symmetric=True)
    scales = symmetric_scales(values, grid, ("mse", 100.0))
    for row, scale in zip(values, scales, strict=True):
        tried = np.linspace(1e-3, 1.3, 1500) * (np.abs(row).max() / grid.high or 1.0)
        errors = np.square(row - grid.round(row / tried[:, None]) * tried[:, None]).sum(axis=1)
        own = np.square(row - grid.round(row / (scale or 1.0)) * scale).sum()
        assert own <= errors.min() + 1e-9


@pytest.mark.parametrize(("name", "symmetric"), [("int8", True), ("int6", True), ("fp8e4m3", True), ("int4", False)])
@pytest.mark.parametrize("length", [64, 5000])
def test_the_line_search_is_never_worse_than_the_largest_value(name: str, symmetric: bool, length: int) -> None:
    values = np.random.default_rng(9).standard_t(3, (2, length))
    by = {
        clip: sqnr_db(values, quantize(values, name, symmetric=symmetric, granularity="channel", clip=clip).values)
        for clip in ("absmax", "mse", "p99.9", "p99")
    }
    assert by["mse"] >= max(by.values()) - 0.02


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros((0, 3)), {}, "must have elements"),
        (np.array([1.0, np.nan]), {}, "1 of 2 are NaN or infinite, the first at (1,)"),
        (np.array([1.0, -np.inf]), {}, "NaN or infinite"),
        (np.array(["a"]), {}, "must hold real numbers"),
        (np.ones((2, 2)), {"axis": 2}, "axis must be one of the tensor's 2 axes; got 2"),
        (np.full(3, 1e6), {"format": "fp16"}, "holds values up to 65504; 3 are beyond"),
        (np.full((2, 2), 1e9), {"format": "int8gc"}, "a scale must fit the format in which it is stored, fp16"),
        (np.ones((2, 2)), {"format": "iq2_s"}, "code book"),
        (np.ones((2, 2)), {"format": "mxfp4", "granularity": "channel"}, "has its own scales, one per 32"),
        (np.ones((2, 2)), {"format": "fp16", "symmetric": False}, "it has no zero point"),
        (np.ones((2, 2)), {"format": "q4_0", "symmetric": False}, "stores no zero point"),
        (-np.ones((2, 2)), {"format": "uint8", "symmetric": True}, "holds no negative values"),
        (np.ones((2, 2)), {"format": "itn8"}, "did you mean int8?"),
    ],
)
def test_one_sentence_says_what_cannot_be(values: NDArray[Any], options: dict[str, Any], message: str) -> None:
    options = {"format": "int8"} | options
    with pytest.raises(InputError) as caught:
        quantize(values, options.pop("format"), **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"clip": "mes"}, {"clip": "p101"}, {"clip": ("percentile", "x")}, {"granularity": ("group", 0)},
                {"granularity": "row"}],
)  # fmt: skip
def test_wrong_words_are_usage_errors(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        quantize(np.ones((2, 2)), "int8", **options)
