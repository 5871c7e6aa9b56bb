"""Is published accuracy kept apart by protocol, true to what it stands for, and next to the right energy?"""

from __future__ import annotations

import json
from typing import Any

import pytest

import accelsim as sim
from accelsim.cli import run
from accelsim.errors import InputError, UnsupportedError
from accelsim.quantization.published import published_accuracy, read_published
from accelsim.quantization.published_table import PERPLEXITY, PublishedTable
from accelsim.report.facts import published_panels
from accelsim.report.page import plain
from accelsim.report.published_text import published_page

MODEL, CHIP = "llama-3-8b", "horowitz-45nm"


@pytest.fixture(scope="module")
def costed() -> PublishedTable:
    return published_accuracy(MODEL, CHIP)


def test_one_protocol_has_one_baseline_metric_and_task() -> None:
    """So that within it, and only there, values compare."""
    groups = published_accuracy().by_protocol
    for rows in groups.values():
        assert len({(row.baseline, row.metric, row.task, row.unquantized) for row in rows}) == 1
        assert all(row.source and row.protocol and row.status in ("seen", "from memory") for row in rows)
    perplexities = {protocol for (_, protocol), rows in groups.items() if rows[0].metric == PERPLEXITY}
    assert len([key for key in groups if key[0] == "llama-2-7b" and key[1] in perplexities]) == 5


def test_every_scheme_stores_the_bits_that_were_published() -> None:
    rows = [row for row in read_published() if row.scheme]
    assert len(rows) > 50
    names = {entry.name for entry in sim.list_workloads()}
    for row in rows:
        scheme = sim.parse_scheme(row.scheme)
        assert float(scheme.weight_format.payload_bits) == float(row.weight_bits)
        assert float(scheme.activation_format.payload_bits) == float(row.activation_bits)
        assert ("g128" in row.scheme) is (row.granularity == "g128")
        assert row.workload in names


def test_energy_is_that_of_an_estimate(costed: PublishedTable) -> None:
    row = next(row for row in costed.rows if row.scheme == "w8a8")
    whole = sim.estimate("llama-3-8b/decode", CHIP, "fp16", mapping="heuristic")
    own = sim.estimate("llama-3-8b/decode", CHIP, "w8a8", mapping="heuristic")
    assert whole.energy_pj is not None
    assert own.energy_pj is not None
    assert (row.cost.energy_pj, row.cost.latency_s) == (own.energy_pj, own.latency_s)
    assert row.energy_ratio == own.energy_pj / whole.energy_pj
    assert row.lost == pytest.approx(6.258 - 6.138)
    frame = costed.to_frame()
    assert frame["energy_pj"].tolist() == [one.cost.energy_pj for one in costed.rows]
    assert any("one protocol" in note for note in frame.attrs["notes"])


def test_pages_and_plots_keep_protocols_apart(costed: PublishedTable) -> None:
    several = published_accuracy("llama-2-7b")
    page = plain(published_page(several))
    for protocol in ("SmoothQuant's README", "context 4096, OWQ", "context 512, llama.cpp"):
        assert f"llama-2-7b: WikiText{'' if '512' in protocol else '2'} perplexity, {protocol}" in page
    facts = published_panels(several)
    assert len(facts.panels) == 4, "llama.cpp gives no baseline"
    assert len({panel.heading for panel in facts.panels}) == 4
    assert published_panels(costed).panels[0].baseline is not None
    assert "simulated energy on horowitz-45nm" in published_panels(costed).x
    assert costed.plot().heading == published_panels(costed).title


def test_names_of_models_and_workloads_are_taken() -> None:
    assert published_accuracy("mobilenetv2").rows == published_accuracy("mobilenet_v2").rows
    assert published_accuracy("llama-2-7b/decode").rows == published_accuracy("Llama-2-7b").rows
    assert len(published_accuracy("llama-2-7b", protocol="omniquant").by_protocol) == 1


def test_what_the_chip_cannot_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def estimate(*given: Any, **options: Any) -> Any:
        if given[2] == "fp16":
            raise UnsupportedError("it cannot multiply fp16.")
        return sim.estimate(*given, **options)

    monkeypatch.setattr("accelsim.quantization.published.estimate", estimate)
    found = published_accuracy(MODEL, CHIP)
    row = found.rows[0]
    assert row.reference.reason == "it cannot multiply fp16."
    assert row.cost.energy_pj is not None
    assert row.energy_ratio is None
    assert "warning: fp16: it cannot multiply fp16." in plain(published_page(found))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("resnet5",), "did you mean resnet50"),
        (("resnet18", "--protocol", "SmoothQuant"), "no protocol has 'SmoothQuant' in its name. Known: ImageNet"),
        (("resnet18", "--on", "horowitz"), "did you mean horowitz-45nm"),
    ],
)
def test_bad_names_get_one_sentence(arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["accuracy", *arguments]) == 1
    assert words in " ".join(capsys.readouterr().err.split())
    with pytest.raises(InputError):
        published_accuracy("")


def test_the_command_answers_in_three_ways(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["accuracy", "vit_b_32", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {row["protocol"] for row in data["rows"]} == {data["rows"][0]["protocol"]}
    assert data["rows"][0]["lost"] == pytest.approx(75.912 - 70.66)
    assert run(["accuracy", "vit_b_32", "--csv"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == len(data["rows"]) + 1
    assert "within one protocol" in printed.err
    assert run(["accuracy", "vit_b_32"]) == 0
    assert "+5.25" in capsys.readouterr().out
