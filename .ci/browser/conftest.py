"""What do the tests in a browser share? Debian's Chromium without a network, and a report opened from disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import accelsim as sim

SCHEMES = ["fp32", "fp16", "w8a8-dequant-fp32", "int8"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
HOSTILE = (
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror='window.ran=1'>",
    "<!--<script>",
    "a\u2028b&lt;",
)

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The installed Chromium; it must be there."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, f"there must be one of {', '.join(NAMES)}: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def comparison() -> sim.Comparison:
    return sim.compare("resnet8", "horowitz-45nm", SCHEMES, mapping="heuristic")


@pytest.fixture(scope="session")
def report(comparison: sim.Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return comparison.report(tmp_path_factory.mktemp("report") / "review.html", command="accelsim report resnet8")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose model, layers and schemes have names that would run as scripts."""
    network = sim.load_workload("resnet8")
    names = {layer.name: HOSTILE[place % len(HOSTILE)] + str(place) for place, layer in enumerate(network.layers)}
    layers = tuple(
        replace(layer, name=names[layer.name], inputs=tuple(names.get(one, one) for one in layer.inputs))
        for layer in network.layers
    )
    model = replace(network, title=HOSTILE[1], layers=layers)
    schemes = [
        replace(sim.parse_scheme(text), name=name) for text, name in zip(("fp32", "int8"), HOSTILE, strict=False)
    ]
    comparison = sim.compare(model, "horowitz-45nm", schemes, mapping="heuristic")
    return comparison.report(tmp_path_factory.mktemp("hostile") / "review.html", question=" ".join(HOSTILE))


@pytest.fixture
def open_report(browser: Browser, report: Path) -> Iterator[Open]:
    """Open a report from disk; when the test ends, nothing may have been said on the console or asked of a network."""
    noise: list[str] = []
    contexts = []

    def opened(path: Path = report, **options: object) -> Page:
        context = browser.new_context(offline=True, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("request", lambda one: noise.append(f"request: {one.url}") if one.url != path.as_uri() else None)
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready=true]", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert noise == []


@pytest.fixture
def page(open_report: Open) -> Page:
    """The report on a desktop's screen."""
    return open_report(viewport={"width": 1280, "height": 900})
