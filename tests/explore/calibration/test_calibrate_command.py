"""Does ``accelsim calibrate`` print, write and refuse as it says?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import accelsim as sim
from accelsim.cli import main

ROWS = "workload,scheme,energy_uj\nautoencoder,int8,400\nds-cnn,int8,3372\n"


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", *arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def test_page_data_and_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has numbers and rows, --json the same with null for what is not known, --out a profile that loads."""
    file, out = tmp_path / "m.csv", tmp_path / "mine.yaml"
    file.write_text(ROWS)
    common = ["--profile", "stm32-mcu", "--measurements", str(file), "--mapping", "heuristic"]
    code, page, messages = call(capsys, *common, "--out", str(out))
    assert code == 0
    assert "load_w" in page
    assert "energy: " in page
    assert messages.strip() == f"wrote {out}"
    code, text, _ = call(capsys, *common, "--json")
    found = json.loads(text)
    [parameter] = found["parameters"]
    assert (code, parameter["rows"], parameter["unit"]) == (0, 2, "W")
    assert sim.load_profile(out).load_w.value == parameter["value"]  # type: ignore[union-attr]
    code, table, _ = call(capsys, *common, "--csv")
    assert code == 0
    assert table.splitlines()[0].startswith("line,name,quantity,unit,measured,before,predicted,leave_one_out")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (["--fit", "bandwidth"], 1, "takes measurements of time"),
        (["--fit", "costz"], 2, "did you mean costs?"),
        (["--fit", ","], 2, "--fit must be names joined by commas"),
        (["--fit", "multiply_pj.int8"], 3, "lists no cost of an operation"),
        (["--out", "mine.txt"], 2, "--out must be a file ending in .yaml"),
        (["--json", "--csv"], 2, "exclude each other"),
        (["--objective", "speed"], 2, "objective must be one of"),
        (["--mapping", "best"], 2, "mapping must be one of"),
    ],
)
def test_refusals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], code: int, message: str
) -> None:
    """One sentence on stderr, nothing on stdout, nothing written."""
    (tmp_path / "m.csv").write_text(ROWS)
    common = ["--profile", "stm32-mcu", "--measurements", str(tmp_path / "m.csv"), "--mapping", "heuristic"]
    ended, shown, error = call(capsys, *common, *change)
    assert (ended, shown) == (code, "")
    assert message in " ".join(error.split())
    assert [one.name for one in tmp_path.iterdir()] == ["m.csv"]
