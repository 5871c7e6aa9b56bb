"""Does the design-review report say what the comparison says, whole, safely and reproducibly?"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import accelsim as sim
from accelsim.cli import run
from accelsim.report.review import assumptions as claims
from accelsim.report.review.facts import review
from accelsim.report.review.layers import FIXED, plot_data
from accelsim.report.review.page import script_safe
from accelsim.report.review.ranges import tornado_data
from accelsim.units import engineering

HOSTILE = (
    "</script><script>window.ran = 1</script>", "<!--", "]]>", "<img src=x onerror=window.ran=1>", "\"' onload=ran()",
    "${ran}{{ 7*7 }}{% raw %}", "\u2028line\u2029\u202eeltit", "javascript:ran()", "&lt;b&gt;", "|pipe|`tick`",
    "\ud800half",
)  # fmt: skip


@pytest.fixture(scope="module")
def small() -> sim.Comparison:
    return sim.compare("resnet8", "horowitz-45nm", ["fp32", "w8a8-dequant-fp32", "int8"], mapping="heuristic")


def page_of(comparison: sim.Comparison, folder: Path, **options: str) -> str:
    return sim.save_report(comparison, folder / "review.html", **options).read_text(encoding="utf-8")


class Seen(HTMLParser):
    """The elements of a page with their attributes, and the texts of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text: list[str] = []
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.raw:
            self._inside = tag
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside][-1] += data
        else:
            self.text.append(data)

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw["script"][0])
        return found


# ---------------------------------------------------------------------- the numbers


@pytest.mark.parametrize(
    ("workload", "profile", "schemes", "options"),
    [
        ("autoencoder", "horowitz-45nm", ["fp32", "int8"], {}),
        ("resnet8", "jetson-orin-nano", ["int8"], {}),
        ("llama-2-7b/decode", "tpu-v4i", ["bf16", "int8"], {}),
        ("autoencoder", "horowitz-45nm", ["fp16"], {"pass_": "training"}),
        ("filter-3x3x256", "horowitz-45nm", ["int8"], {}),
    ],
)
def test_layers_and_parts_sum_to_the_totals(
    workload: str, profile: str, schemes: list[str], options: dict[str, Any]
) -> None:
    """Every layer once, all its repeats together; fixed times are a row of their own."""
    comparison = sim.compare(workload, profile, schemes, mapping="heuristic", **options)
    data = plot_data(comparison)
    for shown, result in zip(data["schemes"], comparison.results, strict=True):
        names = [layer["name"] for layer in shown["layers"] if layer["kind"] != "fixed"]
        assert names == [one.layer.name for one in result.layers]
        assert (FIXED in {layer["name"] for layer in shown["layers"]}) == bool(result.overhead_s)
        assert sum(layer["timeS"] for layer in shown["layers"]) == pytest.approx(result.latency_s)
        assert sum(shown["causes"]) == pytest.approx(result.latency_s)
        assert sum(layer["macs"] for layer in shown["layers"]) == result.macs
        assert sum(layer["trafficBytes"] for layer in shown["layers"]) == pytest.approx(result.dram_bits / 8)
        bounds = {entry["name"] for entry in data["bounds"]}
        assert {layer["bound"] for layer in shown["layers"] if layer["timeS"]} <= bounds
        if result.energy_pj is None:
            assert shown["parts"] is None
            continue
        assert sum(shown["parts"]) == pytest.approx(result.energy_pj)
        for layer in shown["layers"]:
            assert sum(layer["parts"]) == pytest.approx(layer["energyPj"])


def test_roofline_points_lie_below_their_roof() -> None:
    comparison = sim.compare("resnet8", ["horowitz-45nm", "tpu-v4i"], ["int8"], mapping="heuristic")
    for scheme in plot_data(comparison)["schemes"]:
        points = [layer for layer in scheme["layers"] if layer["macsPerByte"]]
        assert points
        for layer in points:
            assert layer["macsPerByte"] == pytest.approx(layer["macs"] / layer["trafficBytes"])
            assert layer["macsPerS"] == pytest.approx(layer["macs"] / layer["timeS"])
            assert layer["macsPerS"] <= scheme["roof"]["macsPerS"] * (1 + 1e-9)
            assert layer["macsPerS"] <= layer["macsPerByte"] * scheme["roof"]["bytesPerS"] * (1 + 1e-9)


def test_formula_is_that_of_explain(small: sim.Comparison) -> None:
    """Every cell that the drill-down shows stands in what ``--explain`` prints, and the total is the energy."""
    data = plot_data(small)
    texts = data["texts"]
    for shown, result in zip(data["schemes"], small.results, strict=True):
        for layer, one in zip(shown["layers"], result.layers, strict=True):
            printed, detail = " ".join(result.explain(one.layer.name).split()), data["details"][layer["detail"]]
            cells = [texts[cell] for row in (*detail["bill"], *detail["time"]) for cell in row]
            words = [
                texts[number] for number in (*detail["words"], *detail["nest"], detail["loops"], detail["counted"])
            ]
            assert all(" ".join(cell.split()) in printed for cell in (*cells, *words))
            assert texts[detail["bill"][-1][5]] == engineering(one.energy_pj, "pJ")


def test_texts_and_formulas_stand_once(small: sim.Comparison) -> None:
    data = plot_data(small)
    details = [json.dumps(detail) for detail in data["details"]]
    assert len(set(details)) == len(details) < sum(len(scheme["layers"]) for scheme in data["schemes"])
    assert len(set(data["texts"])) == len(data["texts"])


def test_comparison_table_holds_the_results(small: sim.Comparison) -> None:
    table = review(small).comparison
    labels = [column.label for column in table.columns]
    for row, name in zip(table.rows, small.names, strict=True):
        cells = dict(zip(labels, row, strict=True))
        assert cells["Scheme"].text == name
        assert (cells["Energy"].value, cells["Time"].value) == (small[name].energy_pj, small[name].latency_s)
        assert cells["Energy"].text == engineering(small[name].energy_pj, "pJ")
    assert table.rows[0][0].note == "reference"
    assert table.rows[-1][2].note == small.ratio("int8", "latency_s").text


def test_cards_name_the_best(small: sim.Comparison) -> None:
    cards = {card.label: card for card in review(small).cards}
    best = min(small.results, key=lambda one: one.energy_pj or 0.0)
    assert cards["Least energy"].amount == engineering(best.energy_pj, "pJ")
    assert small.name_of(best) in cards["Least energy"].name
    assert "w8a8-dequant-fp32 and int8" in cards["Least memory"].name


def test_ranges_and_tornado_are_of_the_finding(small: sim.Comparison) -> None:
    facts = review(small)
    assert facts.ranges is not None
    assert facts.tornado is not None
    found = small.uncertainty().interval("int8")
    row = next(row for row in facts.ranges.rows if row[0].text == "int8")
    assert [cell.value for cell in row[1:4]] == [found.least, found.value, found.most]
    assert facts.tornado.quantity == "energy of int8 over fp32"
    data = tornado_data(facts.tornado)
    assert data is not None
    assert {swing["name"] for swing in data["swings"]} <= {one.cost for one in facts.tornado.ranged}


def test_largest_parts_are_stated(small: sim.Comparison) -> None:
    finding = review(small).parts_finding
    for name in small.names:
        parts = small[name].energy_breakdown_pj
        largest = max(parts, key=lambda part: parts[part] or 0.0)
        assert re.search(rf"{largest} [\d% to]+ in [^;]*{name}", finding)


# ---------------------------------------------------------------------- what may be missing


def test_refusal_is_shown_with_its_reason(tmp_path: Path) -> None:
    comparison = sim.compare("filter-3x3x256", "eyeriss-v1", ["fp32", "int8"], mapping="heuristic")
    assert "fp32" in review(comparison).question
    for suffix in ("html", "md"):
        text = html.unescape(comparison.report(tmp_path / f"review.{suffix}").read_text(encoding="utf-8"))
        assert "cannot multiply fp32" in text.replace("\\", "")


def test_without_costs_the_answer_is_the_time(tmp_path: Path) -> None:
    comparison = sim.compare("filter-3x3x256", "a100-80gb", ["fp16", "int8"], mapping="heuristic")
    facts = review(comparison)
    assert "faster" in facts.answer
    assert "unknown" in facts.reasons[0]
    assert [facts.parts, facts.ranges, facts.tornado] == [None, None, None]
    page = page_of(comparison, tmp_path)
    assert 'id="time"' in page
    assert 'id="energy"' not in page
    assert "TDP" in page


def test_alone_the_answer_is_what_it_takes() -> None:
    comparison = sim.compare("filter-3x3x256", "horowitz-45nm", "int8", mapping="heuristic")
    facts = review(comparison)
    assert facts.answer.startswith(f"int8 takes {engineering(comparison.reference.energy_pj, 'pJ')}")
    assert facts.cards == ()
    assert facts.comparison.rows[0][0].note == ""


# ---------------------------------------------------------------------- assumptions and how to reproduce it


def test_every_condition_is_of_a_paragraph_on_the_page() -> None:
    """A claim reworded in docs/assumptions.md must be reworded in CONDITIONS too."""
    assert set(claims.CONDITIONS) <= {one.key for one in claims.every()}


def test_assumptions_are_those_that_apply(small: sim.Comparison) -> None:
    llama = sim.compare("llama-2-7b/decode", "tpu-v4i", ["bf16", "int8"], mapping="heuristic")
    of_small, of_llama = ({one.key for one in claims.assumptions(each)} for each in (small, llama))
    assert of_small - of_llama >= {"The teaching chip was never built.", "Convolutions are direct."}
    assert of_llama - of_small >= {"Batch and context are what you say."}
    always = {one.key for one in claims.every()} - set(claims.CONDITIONS)
    assert always <= of_small & of_llama
    assert all(one.claim.endswith((".", ":")) or "." in one.claim for one in claims.every())


def test_recipe_tells_content_apart() -> None:
    changed = sim.load_profile("horowitz-45nm", {"levels.SRAM.capacity": "2 MiB"})
    other, same = (
        sim.compare("filter-3x3x256", chip, ["fp32", "int8"], mapping="heuristic")
        for chip in (changed, "horowitz-45nm")
    )
    first, second = review(same).recipe, review(other).recipe
    hashes = [{(row[0].text, row[1].text): row[2].text for row in one.contents.rows} for one in (first, second)]
    differing = {
        kind for kind, name in hashes[0].keys() & hashes[1].keys() if hashes[0][kind, name] != hashes[1][kind, name]
    }
    assert differing >= {"profile"}
    assert not differing & {"model", "scheme"}
    assert first.overrides is None
    assert second.overrides is not None
    assert any("levels.SRAM" in row[1].text for row in second.overrides.rows)
    assert first.version.startswith(f"accelsim {sim.__version__}")


# ---------------------------------------------------------------------- hostile names


@pytest.fixture(scope="module")
def hostile() -> sim.Comparison:
    """Layers, model, chips and schemes with names that would run, or end what they stand in."""
    network = sim.load_workload("resnet8")
    names = {layer.name: HOSTILE[place % len(HOSTILE)] + str(place) for place, layer in enumerate(network.layers)}
    layers = tuple(
        replace(layer, name=names[layer.name], inputs=tuple(names.get(one, one) for one in layer.inputs))
        for layer in network.layers
    )
    model = replace(network, name=HOSTILE[0], title=HOSTILE[3], layers=layers, notes=HOSTILE)
    chip = replace(sim.load_profile("horowitz-45nm"), name=HOSTILE[4])
    schemes = [
        replace(sim.parse_scheme(text), name=name) for text, name in zip(["fp32", "int8"], HOSTILE, strict=False)
    ]
    return sim.compare(model, chip, schemes, mapping="heuristic")


def test_no_name_is_markup(hostile: sim.Comparison, small: sim.Comparison, tmp_path: Path) -> None:
    page = page_of(hostile, tmp_path, question=" ".join(HOSTILE), command=f"accelsim report '{HOSTILE[0]}'")
    seen, plain = Seen(page), Seen(page_of(small, tmp_path, question="?", command="accelsim"))
    assert {tag for tag, _ in seen.elements} <= {tag for tag, _ in plain.elements}
    assert sum(tag == "script" for tag, _ in seen.elements) == 2
    assert not any(name.startswith("on") or name == "style" for _, attributes in seen.elements for name in attributes)
    links = [attributes.get("href") or "" for _, attributes in seen.elements if "href" in attributes]
    assert all(link.startswith(("#", "data:,")) for link in links)
    assert not any(name in ("src", "srcset", "action") for _, attributes in seen.elements for name in attributes)


def test_every_name_is_shown_as_it_is(hostile: sim.Comparison, tmp_path: Path) -> None:
    seen = Seen(page_of(hostile, tmp_path))
    expected = [one.layer.name for one in hostile.reference.layers]
    assert [layer["name"] for layer in seen.data["schemes"][0]["layers"]] == expected
    text = " ".join(" ".join(seen.text).split())
    for name in hostile.names:
        assert " ".join(name.split()) in text


def test_policy_allows_the_own_script_and_style_only(small: sim.Comparison, tmp_path: Path) -> None:
    seen = Seen(page_of(small, tmp_path))
    policy = next(
        attributes["content"] for tag, attributes in seen.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind, text in (("script", seen.raw["script"][1]), ("style", seen.raw["style"][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


@settings(max_examples=60)
@given(st.recursive(st.text() | st.sampled_from(HOSTILE) | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_data_in_a_script_element_is_whole_and_cannot_end_it(data: object) -> None:
    text = script_safe(data)
    assert json.loads(text) == data
    assert text.isascii()
    assert not set(text) & set("<>&")


def test_markdown_keeps_its_tables(hostile: sim.Comparison, tmp_path: Path) -> None:
    """No name adds a cell, a line or an element: every row has as many cells as its heading."""
    text = hostile.report(tmp_path / "review.md").read_text(encoding="utf-8")
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\n)+", outside, re.MULTILINE)
    assert len(tables) > 6
    for table in tables:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(cells) == 1
    assert not re.search(r"(?<!\\)[<>]", outside)
    assert "\u2028" not in text


def test_markdown_explains_the_costliest_layer(small: sim.Comparison, tmp_path: Path) -> None:
    text = small.report(tmp_path / "review.md").read_text(encoding="utf-8")
    for result in small.results:
        assert result.explain(result.costliest(1)[0].layer.name) in text
    for heading in (
        "Comparison",
        "Energy",
        "Time",
        "Layers",
        "Uncertainty",
        "Assumptions",
        "Costs and sources",
        "Reproduce",
    ):
        assert f"\n## {heading}\n" in text


# ---------------------------------------------------------------------- the file


def test_same_comparison_same_file(small: sim.Comparison, tmp_path: Path) -> None:
    for suffix in ("html", "md"):
        first = small.report(tmp_path / f"a.{suffix}", command="x").read_bytes()
        assert sim.save_report(small, tmp_path / f"b.{suffix}", command="x").read_bytes() == first
        assert len(first) < 400_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.md", "b.html", "b.md"]


def test_page_asks_no_network(small: sim.Comparison, tmp_path: Path) -> None:
    page = page_of(small, tmp_path)
    assert not re.search(r"@import|url\((?!#)", Seen(page).raw["style"][0])
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|import)\s*\(", Seen(page).raw["script"][1])


@pytest.fixture
def quick() -> list[str]:
    """The arguments of a quick report, but for the file."""
    return ["report", "filter-3x3x256", "--on", "horowitz-45nm", "--schemes", "fp32,int8", "--mapping", "heuristic"]


def test_command_prints_itself(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "re view.html"
    given = [*quick, "--set", "levels.SRAM.capacity=2 MiB", "--question", "Is 'int8' <better>?", "-o", str(place)]
    assert run(given) == 0
    assert capsys.readouterr() == ("", f"wrote {place}\n")
    seen = " ".join("".join(Seen(place.read_text(encoding="utf-8")).text).split())
    assert "accelsim report filter-3x3x256 --on horowitz-45nm" in seen
    assert "--set 'levels.SRAM.capacity=2 MiB'" in seen
    assert "Is 'int8' <better>?" in seen


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-o", "review.pdf"], 2, "--output must be a file ending in .html, .md; got 'review.pdf'."),
        (["-o", "absent/review.html"], 1, "there is no folder absent"),
        (["-o", "."], 2, "must be a file ending in"),
        (["-o", "review.html", "--question", " "], 2, "--question must say something"),
        (["-o", "review.html", "--optimizer", "adam"], 2, "give --pass training"),
        ([], 2, "Missing option '-o'"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], code: int, said: str, quick: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run([*quick, *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_report(
    small: sim.Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "review.html"
    place.write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(sim.InputError, match=re.escape(f"{place} cannot be written: {os.strerror(28)}.")):
        small.report(place)
    assert [path.name for path in tmp_path.iterdir()] == ["review.html"]
    assert place.read_text(encoding="utf-8") == "old"
