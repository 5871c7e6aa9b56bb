"""Are the ratios that people quote tested as they are said, and do the pages show what the code says?"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from accelsim.simulation.estimate import estimate
from accelsim.validation import claims
from accelsim.validation.claims import CLAIMS, IMAGES, LANGUAGE, ONE_WIDTH, examine

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def found():
    quick = [*examine(("a100-80gb", "apple-m1-max"), ("decode", "prefill")), *examine(("stm32-mcu", "edge-tpu"))]
    return {(one.device, one.task, one.claim.key): one for one in quick}


@pytest.mark.parametrize(
    ("key", "ratio", "verdict"),
    [
        ("2-4x", 1.89, "less"), ("2-4x", 1.91, "holds"), ("2-4x", 4.19, "holds"), ("2-4x", 4.21, "more"),
        ("int8-4x", 3.79, "less"), ("int8-4x", 3.81, "holds"), ("int4-2x", 2.11, "more"),
    ],
)  # fmt: skip
def test_a_ratio_within_5_percent_of_the_quoted_one_holds(key, ratio, verdict):
    (claim,) = (one for one in CLAIMS if one.key == key)
    assert claim.verdict(ratio) == verdict


def test_decoding_gains_its_bytes_and_no_gpu_of_apple_gains_in_prefill(found):
    """Bytes by hand: 6.6 G weights, 16 or 4 + 16/128 bits, and 2048 x 262,144 words of KV cache in 16 bits."""
    weights, cache = 6_738_415_616 - 32_000 * 4096, 2048 * 262_144 * 2
    by_hand = (weights * 2 + cache) / (weights * (4 + 16 / 128) / 8 + cache)
    for device in ("a100-80gb", "apple-m1-max"):
        assert found[device, "decode", "2-4x"].faster == pytest.approx(by_hand, rel=0.01)
        assert found[device, "decode", "int8-4x"].faster == pytest.approx(4, rel=0.01)
        assert found[device, "decode", "int4-2x"].verdict == "less"
    assert found["apple-m1-max", "prefill", "2-4x"].verdict == "less"
    assert found["a100-80gb", "prefill", "2-4x"].verdict == "holds"
    assert found["a100-80gb", "prefill", "int8-4x"].verdict == "more"


def test_energy_is_compared_in_mappings_of_least_energy(monkeypatch):
    """On a microcontroller nobody knows; on the teaching chip the ratio is that of two ordinary estimates."""
    monkeypatch.setattr(claims, "SMALL", ("horowitz-45nm", "stm32-mcu"))
    claims._run.cache_clear()
    (claim,) = (one for one in CLAIMS if one.key == "int8-4x")
    one = claims.Tested(claim, "horowitz-45nm", "CNN", ("fp32", "int8"), 4.0)
    wide, narrow = (
        estimate("resnet8", "horowitz-45nm", scheme, mapping="weight-stationary", objective="energy").energy_pj
        for scheme in one.pair
    )
    assert one.leaner == pytest.approx(wide / narrow)
    assert claims.Tested(claim, "stm32-mcu", "CNN", ("fp32", "int8"), 3.0).leaner is None
    claims._run.cache_clear()


def test_what_a_device_does_not_multiply_has_a_reason_in_place_of_a_ratio(found):
    one = found["edge-tpu", "CNN", "int8-4x"]
    assert one.faster is None
    assert one.verdict == ""
    assert "edge-tpu cannot multiply fp32" in one.reason


def test_the_page_shows_these_ratios(found):
    page = (DOCS / "quoted-ratios.md").read_text(encoding="utf-8")
    tables = dict(re.findall(r"<!-- claim: ([\w-]+) -->\n(.*?)<!-- end -->", page, re.DOTALL))
    for claim in CLAIMS:
        rows = {cells[1].strip(" `"): [cell.strip() for cell in cells[2:5]]
                for cells in (line.split("|") for line in tables[claim.key].splitlines()[2:])}  # fmt: skip
        assert tuple(rows) == (*LANGUAGE, *IMAGES)
        for device in ("a100-80gb", "apple-m1-max"):
            for cell, task in zip(rows[device], ("decode", "prefill"), strict=False):
                one = found[device, task, claim.key]
                shown = f"{one.faster:.2f}" if one.faster < 10 else f"{one.faster:.0f}"
                assert cell == (f"**{shown}**" if one.verdict == "holds" else shown)
    assert all(f"`{name}`" in page for name in ONE_WIDTH)


def test_the_page_of_costs_is_that_of_the_data(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    made = importlib.import_module("cost_tables")
    page = (DOCS / "costs-that-disagree.md").read_text(encoding="utf-8")
    assert made.with_costs(page) == page, "run: python docs/refresh.py docs/costs-that-disagree.md"
    sys.modules.pop("cost_tables")
