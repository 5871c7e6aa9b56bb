"""Does ``accelsim map`` print a mapping that can be read, saved, read back and trusted?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from accelsim.cli import run
from accelsim.mapping.file import load_mapping

TINY = str(Path(__file__).parent / "engine" / "data" / "tiny.yaml")
NET = """
name: net
input: {channels: 4, height: 6, width: 6}
layers:
  - {name: conv, kind: conv, out: 6, kernel: 3, pad: 1, bias: false}
  - {name: pool, kind: global_average_pool}
  - {name: fc, kind: linear, out: 10, bias: false}
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.yaml"
    path.write_text(NET, encoding="utf-8")
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must succeed; return its stdout."""
    assert run(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """Run a command that must fail with ``code``; return its one line of stderr."""
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert err.count("\n") == 1
    return err


def test_a_page_shows_nest_tiles_occupancy_bounds_and_proof(capsys: pytest.CaptureFixture[str], net: str) -> None:
    page = answer(capsys, "map", f"{net}:conv", "--on", TINY)
    record = json.loads(answer(capsys, "map", f"{net}:conv", "--on", TINY, "--json"))
    assert page.startswith(
        "conv (conv, 7.78 k MACs) in fp32 on tiny\nK=6 C=4 OY=6 OX=6 FY=3 FX=3; 2 PEs at 1.00 GHz, "
        "searched mapping for energy"
    )
    assert re.search(r"DRAM keeps W +K=6 C=4 FY=3 FX=3 +216 +864 B\n", page)
    for dim in ("K", "C", "OY", "OX", "FY", "FX"):
        assert re.search(
            rf"^ +(for {dim} in 0\.\.\d+|spatially {dim} over \d+ pes)( \(tile \d+\))?$", page, re.MULTILINE
        ), dim
    buffer = next(level for level in record["levels"] if level["level"] == "buffer")
    assert re.search(rf"buffer .* of 4 KiB +{100 * buffer['occupancy']:.0f}%  two copies of what changes\n", page)
    assert f"{record['cycles']:,.0f} cycles, bound by {record['bound_by']}" in page
    assert re.search(r"energy +[\d.]+ .J +\d\.\d\dx the [\d.]+ .J that no mapping can beat", page)
    gap = 1 - record["certificate"]["bound"] / record["certificate"]["value"]
    words = " ".join(page.split())
    assert f"partial mappings looked at; no mapping can be more than {gap:.1%} below it in energy." in words
    assert max(map(len, page.splitlines())) <= 110


def test_what_is_proven_says_so(capsys: pytest.CaptureFixture[str], net: str) -> None:
    page = answer(capsys, "map", f"{net}:fc", "--on", TINY)
    record = json.loads(answer(capsys, "map", f"{net}:fc", "--on", TINY, "--json"))
    assert "2 PEs at 1.00 GHz, optimal mapping for energy" in page
    assert record["certificate"]["bound"] == record["certificate"]["value"]
    evaluated = record["certificate"]["evaluated"]
    assert re.search(
        rf"proven: none of the [\d.e,]+ mappings takes less energy; {evaluated:,} evaluated, the rest excluded",
        " ".join(page.split()),
    )


def test_json_is_data_that_adds_up(capsys: pytest.CaptureFixture[str], net: str) -> None:
    record = json.loads(answer(capsys, "map", f"{net}:fc", "--on", TINY, "--objective", "edp", "--json"))
    assert (record["layer"], record["objective"]) == ("fc", "edp")
    assert record["mapping"] in ("optimal", "searched")
    assert record["nest"][0] == "DRAM keeps W I O"
    assert record["certificate"]["value"] == pytest.approx(record["energy_pj"] * record["cycles"], rel=1e-9)
    assert record["certificate"]["pruned"] == record["certificate"]["space"] - record["certificate"]["evaluated"] > 0
    assert record["edp_pj_s"] == pytest.approx(record["energy_pj"] * record["cycles"] / 1e9)
    assert record["energy_pj"] >= record["bound_energy_pj"]
    assert record["cycles"] >= record["bound_cycles"]
    assert record["utilization"] == pytest.approx(record["macs"] / record["cycles"] / record["peak_macs_per_cycle"])
    for level in record["levels"]:
        assert level["used_bits"] == pytest.approx(sum(kept["bits"] for kept in level["keeps"]))
    assert [kept["words"] for kept in record["levels"][0]["keeps"]] == [60, 6, 10]


def test_what_is_saved_is_read_back(capsys: pytest.CaptureFixture[str], net: str, tmp_path: Path) -> None:
    place = str(tmp_path / "best.yaml")
    first = json.loads(answer(capsys, "map", f"{net}:conv", "--on", TINY, "--save", place, "--json"))
    again = json.loads(answer(capsys, "map", f"{net}:conv", "--on", TINY, "--mapping", place, "--json"))
    assert (again["mapping"], again["certificate"]) == ("given", None)
    for field in ("nest", "energy_pj", "cycles", "levels"):
        assert again[field] == first[field]
    whole = json.loads(answer(capsys, "estimate", net, "--on", TINY, "--mapping", place, "--json"))
    assert whole["layers"][0]["mapping"] == "given"
    text = Path(place).read_text(encoding="utf-8")
    assert text.startswith("# conv in fp32 on tiny: searched mapping for energy, ")
    answer(capsys, "map", f"{net}:conv", "--on", TINY, "--save", place)
    assert Path(place).read_text(encoding="utf-8") == text  # the same answer is the same file


def test_constraints_of_a_file_are_kept(capsys: pytest.CaptureFixture[str], net: str, tmp_path: Path) -> None:
    pins = tmp_path / "pins.yaml"
    pins.write_text("constraints: {keeps: {buffer: I O}, spatial: {pes: {K: 2}}}\n", encoding="utf-8")
    for layer, called in (("conv", "searched"), ("fc", "constrained-optimal")):
        page = answer(capsys, "map", f"{net}:{layer}", "--on", TINY, "--constraints", str(pins))
        assert f"{called} mapping for energy" in page
        assert "spatially K over 2 pes" in page
        assert "buffer keeps W" not in page
        assert ("mappings that the constraints leave takes less energy" in page) == (layer == "fc")
    pins.write_text("constraints: {spatial: {pes: {K: 3}}}\n", encoding="utf-8")
    said = refused(capsys, 1, "map", f"{net}:conv", "--on", TINY, "--constraints", str(pins))
    assert f"{pins}:1:34: constraints.spatial.pes.K: conv: spatial K (3) across pes and its size (2) contradict" in said


def test_a_heuristic_mapping_claims_nothing(capsys: pytest.CaptureFixture[str], net: str) -> None:
    page = answer(capsys, "map", f"{net}:conv", "--on", TINY, "--mapping", "ws", "--cite")
    assert "heuristic weight-stationary mapping for energy" in page
    assert "not proven: the choice of a heuristic" in page
    assert "proven: none" not in page
    assert "Round numbers chosen for arithmetic by hand" in page


def test_wrong_use_is_explained(capsys: pytest.CaptureFixture[str], net: str, tmp_path: Path) -> None:
    def said(code: int, *arguments: str) -> str:
        return refused(capsys, code, "map", *arguments, "--on", TINY)

    assert "has 2 layers with multiply-accumulates; name one, as in net:conv" in said(1, net)
    assert "net has no layer 'convv'; did you mean conv?" in said(1, f"{net}:convv")
    assert "pool (pool) of net has none" in said(1, f"{net}:pool")
    assert "it excludes --mapping ws" in said(2, f"{net}:fc", "--mapping", "ws", "--constraints", "c.yaml")
    assert "c.yaml: there is no such file" in said(1, f"{net}:fc", "--constraints", "c.yaml")
    assert "did you mean optimal?" in said(2, f"{net}:fc", "--mapping", "optimum")
    assert "objective must be one of energy, latency, edp" in said(2, f"{net}:fc", "--objective", "speed")
    assert "a mapping file must be a file ending in .yaml" in said(2, f"{net}:fc", "--save", "best.json")
    assert "there is no folder" in said(1, f"{net}:fc", "--save", str(tmp_path / "none" / "best.yaml"))


def test_a_failing_write_leaves_the_old_file(
    capsys: pytest.CaptureFixture[str], net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "best.yaml"
    answer(capsys, "map", f"{net}:fc", "--on", TINY, "--save", str(place))
    before = place.read_bytes()

    def full(self: Path, *_: object, **__: object) -> None:
        self.write_bytes(b"layers:")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert run(["map", f"{net}:conv", "--on", TINY, "--save", str(place)]) == 1
    assert "best.yaml cannot be written: No space left on device" in capsys.readouterr().err
    assert place.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.yaml", "net.yaml"]
    assert load_mapping(place).entry("fc") is not None
