"""Does ``accelsim import`` print or write whole files, remarks on stderr, and one sentence for what it refuses?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from timeloop_files import texts
from zigzag_files import accelerator, resnet18

import accelsim as sim
from accelsim.cli import run

CASE = json.loads((Path(__file__).parents[1] / "mapping" / "data" / "timeloop_cases.json").read_text())[0]
TOPOLOGY = "Layer,M,N,K,\nTest 1,64,32,16,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.csv").write_text(TOPOLOGY)
    for name, text in texts(CASE, "0.4").items():
        (tmp_path / name).write_text(text)
    (tmp_path / "zigzag.yaml").write_text(yaml.safe_dump(resnet18(), sort_keys=False))
    (tmp_path / "chip.yaml").write_text(yaml.safe_dump(accelerator(), sort_keys=False))
    return tmp_path


def test_a_topology_is_printed_or_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "scalesim", "net.csv"]) == 0
    printed, remarks = capsys.readouterr()
    assert remarks == "note: layer 'Test 1' is called Test_1.\n"
    assert run(["import", "scalesim", "net.csv", "-o", "net.yaml"]) == 0
    assert (folder / "net.yaml").read_text() == printed
    assert sim.load_workload(folder / "net.yaml").macs == sim.load_workload(folder / "net.csv").macs == 64 * 32 * 16
    assert capsys.readouterr().out == ""


def test_timeloop_files_are_written_to_a_folder_and_can_be_estimated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["mapping.yaml", "ERT.yaml", "problem.yaml", "arch.yaml"]  # in any order
    assert run(["import", "timeloop", *files, "-o", "made"]) == 0
    assert sorted(path.name for path in (folder / "made").iterdir()) == [
        "mapping.yaml",
        "profile.yaml",
        "workload.yaml",
    ]
    capsys.readouterr()
    made = ["made/workload.yaml", "--on", "made/profile.yaml", "--mapping", "made/mapping.yaml", "--scheme", "int8"]
    assert run(["estimate", *made, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["macs"] == 70_276_800
    assert record["energy_pj"] > 0


def test_zigzag_files_are_printed_as_documents(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "zigzag", "zigzag.yaml", "chip.yaml"]) == 0
    workload, profile = yaml.safe_load_all(capsys.readouterr().out)
    assert len(workload["layers"]) == 31
    assert profile["name"] == "small"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["import", "zigzg"], 2, "did you mean zigzag?"),
        (["import", "timeloop"], 2, "Missing argument"),
        (["import", "scalesim", "absent.csv"], 1, "there is no such file"),
        (["import", "scalesim", "net.csv", "-o", "net.txt"], 2, "must be a file ending in .yaml"),
        (["import", "scalesim", "net.csv", "-o", "absent/net.yaml"], 1, "there is no folder absent"),
        (["import", "timeloop", "problem.yaml", "-o", "made.yaml"], 2, "must be a folder"),
        (["import", "timeloop", "problem.yaml", "-o", "absent/made"], 1, "there is no folder absent"),
        (["import", "timeloop", "problem.yaml", "mapping.yaml", "-o", "made"], 1, "must come with its architecture"),
        (["import", "zigzag", "problem.yaml"], 1, "problem is not a field of a ZigZag accelerator"),
        (["estimate", "problem.yaml", "--on", "eyeriss-v1"], 1, "accelsim import timeloop problem.yaml"),
        (["show", "zigzag.yaml"], 1, "accelsim import zigzag zigzag.yaml"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    before = sorted(folder.rglob("*"))
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(folder.rglob("*")) == before
