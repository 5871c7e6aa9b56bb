"""Is a file of measurements read as it was meant, and refused in one sentence with its line where it is wrong?"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.explore.calibration.measurements import read_measurements

HEAD = "workload,batch,scheme,latency_ms"


def write(folder: Path, text: str) -> Path:
    path = folder / "m.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_units_remarks_and_what_was_set(tmp_path: Path) -> None:
    """Values are in s and J; power times latency is an energy; lines count remarks and empty lines."""
    text = (
        "# Monday\n\nlabel,workload,batch,scheme,latency_ms,energy_uj,power_mw,set.clock_hz,options.context\n"
        "first,resnet8,4,int8,2,5,,,\n\nsecond,llama-2-7b/decode,,fp16,0.5,,20,1.0e+9,512\n"
    )
    first, second = read_measurements(write(tmp_path, text))
    assert (first.line, first.name, first.batch, first.latency_s) == (4, "first", 4, 2e-3)
    assert first.energy_j == pytest.approx(5e-6)
    assert (second.line, second.latency_s, second.energy_j) == (6, 0.5e-3, pytest.approx(0.5e-3 * 20e-3))
    assert (second.overrides, second.options) == ({"clock_hz": "1.0e+9"}, {"context": "512"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"m\.csv: .*it is empty"),
        (HEAD, r"m\.csv: .*at least one row"),
        ("workload,scheme,latency\nresnet8,int8,3", r"m\.csv:1: latency must carry its unit.*latency_ms"),
        ("workload,scheme,energy\nresnet8,int8,3", r"m\.csv:1: energy must carry its unit.*energy_pj"),
        ("workload,scheme,latency_msec\nresnet8,int8,3", r"m\.csv:1: 'latency_msec' .*did you mean latency_ms\?"),
        ("workload,scheme,zzz\nresnet8,int8,3", r"m\.csv:1: 'zzz' is not a column of measurements; columns are"),
        ("workload,latency_ms\nresnet8,3", r"m\.csv:1: .*must have the column scheme"),
        ("workload,scheme\nresnet8,int8", r"m\.csv:1: .*must have a latency, energy or power"),
        ("workload,scheme,latency_s,latency_ms\nresnet8,int8,3,3", r"latency must be given in one unit"),
        (f"{HEAD},batch\nresnet8,1,int8,3,1", r"m\.csv:1: the column batch must stand once; it stands 2 times"),
        (f"{HEAD}\nresnet8,1,int8,-3", r"m\.csv:2: latency_ms: must be a number above 0; got '-3'"),
        (f"{HEAD}\nresnet8,1,int8,nan", r"m\.csv:2: latency_ms: must be a number above 0; got 'nan'"),
        (f"{HEAD}\nresnet8,1,int8,3 ms", r"m\.csv:2: latency_ms: must be a number above 0; got '3 ms'"),
        (f"{HEAD}\nresnet8,1,int8,1e300", r"m\.csv:2: latency_ms: must be 1e-15 to 1e\+15 in s, J or W; got '1e300'"),
        (f"{HEAD}\nresnet8,1,int8,5e-324", r"m\.csv:2: latency_ms: must be a number above 0|1e-15"),
        (f"{HEAD}\nresnet8,1.5,int8,3", r"m\.csv:2: batch: must be a whole number of at least 1; got '1\.5'"),
        (f"{HEAD}\nresnet8,1,int8", r"m\.csv:2: a row must have 4 cells, as the header; got 3"),
        (f"{HEAD}\nresnet8,1,int8,", r"m\.csv:2: a row must give a latency or an energy; it gives neither"),
        (f"{HEAD}\n,1,int8,3", r"m\.csv:2: workload: must be given in every row"),
        (f"{HEAD}\nresnet8,1,int8,3\n\nresnet8,1,int8,4", r"m\.csv:4: .*repeats line 2 .*Give the mean"),
        (f"{HEAD}\nresnet8,1,\"int8,3", r"m\.csv:2: a row must be CSV on one line"),
        ("workload,scheme,power_w\nresnet8,int8,3", r"m\.csv:2: a power must come with a latency"),
        ("workload,scheme,latency_s,energy_j,power_w\nresnet8,int8,2,10,3", r"m\.csv:2: energy must be power times"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    """With file and line, and the column where it is one value."""
    with pytest.raises(InputError, match=message) as caught:
        read_measurements(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a folder, or no text."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError):
            read_measurements(path)
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_measurements(tmp_path / "m.csv")
