"""Does the report work in a real browser, opened from disk: shown, sorted, filtered, zoomed, opened, printed?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import HOSTILE, SCHEMES, Open
from playwright.sync_api import Page, expect

import accelsim as sim
from accelsim.units import engineering

PLOTS = ["energy-by-part", "energy-by-layer", "time-by-cause", "timeline", "roofline", "tornado"]


def rows(page: Page, table: str = "results") -> list[str]:
    """The names of the rows that show, from the top."""
    names: list[str] = page.eval_on_selector_all(
        f"#{table} > tbody:not([hidden]) > tr:first-child > th",
        "all => all.map(one => one.firstChild.textContent.trim())",
    )
    return names


def marks(page: Page, plot: str) -> int:
    return page.locator(f"#{plot} [data-mark]").count()


def ticks(page: Page, plot: str) -> list[str]:
    return page.locator(f"#{plot} .axis text:not(.label)").all_text_contents()


def tip(page: Page, plot: str) -> str:
    return " ".join(page.locator(f"#{plot} .tip").inner_text().split())


def status(page: Page) -> str:
    return page.locator("#status").text_content() or ""


# ---------------------------------------------------------------------- shown


def test_everything_is_drawn(page: Page, comparison: sim.Comparison) -> None:
    assert page.title().startswith("Design review: ")
    assert page.locator(".answer").inner_text() == comparison.verdict[0]
    assert rows(page) == SCHEMES
    assert [plot for plot in PLOTS if not marks(page, plot)] == []
    assert marks(page, "timeline") == sum(bool(one.cycles) for result in comparison.results for one in result.layers)
    assert rows(page, "layer-table") == [f"{one.layer.name}" for one in comparison.reference.layers]


def test_without_scripts_the_tables_are_there(open_report: Open) -> None:
    page = open_report(java_script_enabled=False)
    assert page.locator("#results tbody").count() == len(SCHEMES)
    assert page.locator("noscript p").is_visible()
    assert not page.locator(".filter").first.is_visible()


def test_hostile_names_are_text(open_report: Open, hostile: Path) -> None:
    page = open_report(hostile)
    page.locator("#layer-table button.open").first.click()
    page.locator("#energy-by-layer .canvas").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert rows(page) == list(HOSTILE[:2])
    assert page.locator("#layer-table h3").inner_text().startswith(HOSTILE[0])
    assert HOSTILE[1] in page.locator("h1").inner_text()


# ---------------------------------------------------------------------- tables


def test_sorts_by_click(page: Page, comparison: sim.Comparison) -> None:
    by_energy = sorted(SCHEMES, key=lambda name: comparison[name].energy_pj or 0.0)
    heading = page.locator("#results th", has_text="Energy")
    assert heading.get_attribute("aria-sort") == "none"
    heading.get_by_role("button").click()
    assert (heading.get_attribute("aria-sort"), rows(page)) == ("ascending", by_energy)
    assert status(page) == "Sorted by Energy, ascending"
    heading.get_by_role("button").click()
    assert (heading.get_attribute("aria-sort"), rows(page)) == ("descending", by_energy[::-1])
    page.locator("#results th", has_text="Scheme").get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "none"
    assert rows(page) == ["fp16", "fp32", "int8", "w8a8-dequant-fp32"]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_sorts_by_keyboard(page: Page, comparison: sim.Comparison, key: str) -> None:
    page.locator("#results th", has_text="Time").get_by_role("button").focus()
    page.keyboard.press(key)
    assert rows(page) == sorted(SCHEMES, key=lambda name: comparison[name].latency_s)


def test_sorts_amounts_whatever_their_prefix(page: Page, comparison: sim.Comparison) -> None:
    page.locator("#layer-table thead th", has_text="MACs").first.get_by_role("button").click()
    result = comparison.reference
    macs = [result.layer(name).layer.macs * result.layer(name).layer.repeat for name in rows(page, "layer-table")]
    assert macs == sorted(macs)
    assert len({engineering(each, "").partition(" ")[2] for each in macs}) > 2


def test_filters_results_and_layers(page: Page) -> None:
    page.get_by_label("Filter results").fill("FP")
    assert rows(page) == ["fp32", "fp16", "w8a8-dequant-fp32"]
    assert page.locator("output[for=comparison-filter]").inner_text() == "3 of 4 shown"
    page.get_by_label("Filter results").fill("no such scheme")
    assert rows(page) == []
    page.get_by_label("Filter layers").fill("conv")
    shown = rows(page, "layer-table")
    assert shown
    assert len(shown) < page.locator("#layer-table > tbody").count()


def test_sorted_layers_keep_their_formulas(page: Page, comparison: sim.Comparison) -> None:
    page.get_by_label("Scheme", exact=True).select_option(label="int8")
    page.locator("#layer-table thead th", has_text="Energy").get_by_role("button").dblclick()
    costliest = comparison["int8"].costliest(1)[0]
    assert rows(page, "layer-table")[0] == costliest.layer.name
    page.locator("#layer-table button.open").first.click()
    shown = page.locator("#layer-table > tbody").first.inner_text()
    assert costliest.layer.name in shown
    assert engineering(costliest.energy_pj, "pJ") in shown


# ---------------------------------------------------------------------- schemes and parts


def test_a_scheme_is_toggled_everywhere(page: Page) -> None:
    before = {plot: marks(page, plot) for plot in PLOTS}
    box = page.locator("#toggles").get_by_label("fp32", exact=True)
    box.focus()
    page.keyboard.press("Space")
    assert rows(page) == SCHEMES[1:]
    fewer = [plot for plot in PLOTS if marks(page, plot) < before[plot]]
    assert fewer == PLOTS[:5]
    assert status(page) == f"Shown: {', '.join(SCHEMES[1:])}"
    box.check()
    assert {plot: marks(page, plot) for plot in PLOTS} == before


def test_the_last_scheme_stays(page: Page) -> None:
    for name in SCHEMES:
        page.locator("#toggles").get_by_label(name, exact=True).click()
    assert rows(page) == SCHEMES[-1:]
    assert page.locator("#toggles input:checked").count() == 1


def test_a_part_is_toggled_in_its_plot(page: Page) -> None:
    before, scale = marks(page, "energy-by-part"), ticks(page, "energy-by-part")
    button = page.locator("#energy-by-part .legend button", has_text="DRAM")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert marks(page, "energy-by-part") == before - len(SCHEMES)
    assert ticks(page, "energy-by-part") != scale
    assert page.evaluate("document.activeElement.textContent") == "DRAM"


# ---------------------------------------------------------------------- zoom and tips


@pytest.mark.parametrize("plot", PLOTS)
def test_zooms_by_button_key_and_mouse(page: Page, plot: str) -> None:
    figure, whole = page.locator(f"#{plot}"), ticks(page, plot)
    figure.get_by_role("button", name="Zoom in").click()
    assert figure.get_attribute("data-zoomed") == "true"
    assert ticks(page, plot) != whole
    figure.get_by_role("button", name="Show everything").click()
    assert ticks(page, plot) == whole
    canvas = figure.locator(".canvas")
    canvas.focus()
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    assert ticks(page, plot) != whole
    page.keyboard.press("0")
    assert ticks(page, plot) == whole
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    assert figure.get_attribute("data-zoomed") == "true"
    assert status(page).startswith("Zoomed to 3")
    canvas.dblclick(position={"x": 5, "y": 5})
    assert ticks(page, plot) == whole


def test_hover_tells_the_number(page: Page, comparison: sim.Comparison) -> None:
    page.locator("#energy-by-part [data-mark]").first.hover()
    energy = comparison["fp32"].energy_breakdown_pj["DRAM"]
    assert tip(page, "energy-by-part").startswith(f"DRAM fp32: {engineering(energy, 'pJ')}")
    page.mouse.move(0, 0)
    assert not page.locator("#energy-by-part .tip").is_visible()


def test_arrows_step_through_the_marks(page: Page, comparison: sim.Comparison) -> None:
    page.locator("#timeline .canvas").focus()
    page.keyboard.press("ArrowRight")
    first = comparison["fp32"].layers[0]
    assert tip(page, "timeline").startswith(f"{first.layer.name} fp32")
    assert status(page).startswith(f"{first.layer.name}, fp32, ")
    page.keyboard.press("ArrowLeft")
    assert tip(page, "timeline").startswith(comparison["int8"].layers[-1].layer.name)
    page.keyboard.press("Escape")
    assert not page.locator("#timeline .tip").is_visible()


# ---------------------------------------------------------------------- formulas


def test_a_formula_opens_and_closes(page: Page, comparison: sim.Comparison) -> None:
    page.get_by_label("Scheme", exact=True).select_option(label="fp16")
    button = page.locator("#layer-table button.open").first
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    detail = page.locator(f"#{button.get_attribute('aria-controls')}")
    printed = comparison["fp16"].explain(comparison.reference.layers[0].layer.name)
    for cell in detail.locator(".bill td").all_inner_texts():
        assert " ".join(cell.split()) in " ".join(printed.split())
    assert "energy = count × bits × cost" in detail.inner_text()
    page.keyboard.press("Enter")
    assert not detail.is_visible()


# ---------------------------------------------------------------------- paper and small screens


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_small_screen(open_report: Open, width: int) -> None:
    page = open_report(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    plot = page.locator("#timeline .canvas > svg")
    before = plot.get_attribute("width")
    assert before is not None
    page.set_viewport_size({"width": width + 100, "height": 800})
    expect(plot).not_to_have_attribute("width", before)


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints(page: Page, paper: str) -> None:
    """Headings repeat, controls are left out, formulas of the costliest layers and all assumptions are printed."""
    width = {"A4": 695, "Letter": 717}[paper]
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for table in ("results", "layer-table", "ranges", "costs"):
        heads = page.locator(f"#{table} > thead th").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().right)"
        )
        assert 0 < heads[0] < heads[-1] <= width + 1
    assert not page.locator("aside").is_visible()
    assert not page.locator(".tools").first.is_visible()
    assert page.locator("tr.detail:not([hidden])").count() == 3
    assert page.locator("#assumptions details:not([open])").count() == 0
    assert page.eval_on_selector("#layer-table thead", "one => getComputedStyle(one).display") == "table-header-group"
    assert page.locator("#layer-table > tbody:visible").count() == page.locator("#layer-table > tbody").count() <= 40
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("tr.detail:not([hidden])").count() == 0
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper)))
    assert 5 < pages < 20


def test_paper_holds_the_costliest_of_many_layers(open_report: Open, tmp_path: Path) -> None:
    comparison = sim.compare("resnet50", "horowitz-45nm", "int8", mapping="heuristic")
    page = open_report(comparison.report(tmp_path / "review.html"))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    shown = page.locator("#layer-table > tbody:visible > tr:first-child > th").all_inner_texts()
    assert sorted(shown) == sorted(one.layer.name for one in comparison.reference.costliest(40))
    assert "40 costliest of 72 layers" in page.locator("#layer-table > caption").inner_text()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#layer-table > tbody:visible").count() == 72


def test_a_page_without_costs_works(open_report: Open, tmp_path: Path) -> None:
    comparison = sim.compare("resnet8", ["a100-80gb", "horowitz-45nm"], ["fp16", "int8"], mapping="heuristic")
    page = open_report(comparison.report(tmp_path / "review.html"))
    for name in ("fp16 on horowitz-45nm", "int8 on horowitz-45nm"):
        page.locator("#toggles").get_by_label(name, exact=True).uncheck()
    assert marks(page, "energy-by-part") == 0
    assert "unknown, for want of costs" in (page.locator("#energy-by-part .canvas").text_content() or "")
    assert marks(page, "timeline") > 0
