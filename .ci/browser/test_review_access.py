"""Can the report be used with a keyboard and with a screen reader, and read by everybody?"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Open
from playwright.sync_api import Page

FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const order = [...document.querySelectorAll("*")].indexOf(one);
  return {order, text: (one.getAttribute("aria-label") || one.textContent || one.id).trim().slice(0, 40),
    seen: box.width > 0 && box.height > 0, ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2};
}"""


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and its own best practices, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0].get('failureSummary', '')}"
        for one in found
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(open_report: Open, scheme: str, width: int) -> None:
    page = open_report(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.locator("#layer-table button.open").first.click()
    page.locator("#energy-by-part summary").click()
    page.locator("#assumptions summary").first.click()
    page.locator("#energy-by-part .legend button").first.click()
    assert violations(page) == []


def test_axe_finds_nothing_in_a_hostile_report(open_report: Open, hostile: Path) -> None:
    assert violations(open_report(hostile)) == []


def test_tab_visits_everything_in_order_and_shows_where(open_report: Open) -> None:
    """From the skip link to the end: every stop is visible, has a ring, and comes later in the page."""
    page = open_report(viewport={"width": 1280, "height": 900})
    stops = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        stops.append(stop)
    else:
        raise AssertionError("Tab never leaves the page")
    assert stops[0]["text"] == "Skip to the verdict"
    orders = [stop["order"] for stop in stops]
    assert orders == sorted(set(orders))
    assert [stop["text"] for stop in stops if not (stop["seen"] and stop["ring"])] == []
    controls = page.locator("button:visible, select:visible, input:visible, summary:visible, a:visible").count()
    assert len(stops) >= controls


def test_skip_link_leads_to_the_verdict(open_report: Open) -> None:
    page = open_report()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "verdict"


def test_headings_and_landmarks(open_report: Open) -> None:
    page = open_report()
    levels: list[int] = page.eval_on_selector_all("h1,h2,h3,h4,h5", "all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for landmark in ("main", "nav", "aside"):
        assert page.locator(landmark).count() == 1
    sections = page.locator("main > section").count()
    assert page.locator("main").get_by_role("region").filter(has=page.locator("h2")).count() == sections
    assert page.get_by_role("img").count() == page.locator("figure.plot").count()


def test_every_plot_has_a_name_a_summary_and_a_table(open_report: Open) -> None:
    page = open_report()
    for figure in page.locator("figure.plot").all():
        assert figure.locator("h3").inner_text()
        assert figure.locator(".summary").inner_text()
        assert figure.locator("svg[role=img]").get_attribute("aria-label")
        assert figure.locator("details table").count() + figure.locator("a[href='#layers']").count() == 1
