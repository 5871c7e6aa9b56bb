"""Is what a sweep found the same as a table, as arrays, in files and on a page?"""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny_sweep import swept

from accelsim.errors import AccelsimError, InputError, UnsupportedError, UsageError
from accelsim.explore.points import points_of, read_points
from accelsim.explore.sweep.effects import effects
from accelsim.explore.sweep.result import SweepResult

UNITS = {"energy_pj": "pJ", "latency_s": "s", "peak_memory_bytes": "B", "energy_breakdown_pj.DRAM": "pJ"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    """Two schemes on three arrays, of which the one without rows fails."""
    folder = tmp_path_factory.mktemp("sweep")
    return swept(folder, {"array.rows": [0, 4, 8], "array.cols": [1, 2, 4]}, scheme=["int8", "fp32"], batch=2)


def test_table_has_axes_first_and_every_point(found: SweepResult) -> None:
    table = found.to_frame()
    assert list(table.columns[:3]) == ["scheme", "array.rows", "array.cols"]
    assert list(table.columns[-2:]) == ["status", "reason"]
    assert table["array.rows"].tolist() == [0, 4, 8, 0, 4, 8]
    assert table["status"].tolist() == ["failed", "done", "done"] * 2
    assert table["energy_pj"].isna().tolist() == [True, False, False] * 2
    assert table["reason"][0] == "array.rows=0: must be at least 1; got 0."
    assert table.attrs["axes"] == ["scheme", "array.rows", "array.cols"]
    assert table.attrs["fixed"]["batch"] == 2
    assert table.attrs["fixed"]["mapping"] == "heuristic"
    assert {name: table.attrs["units"][name] for name in UNITS} == UNITS


def test_csv_json_and_parquet_hold_the_table(found: SweepResult, tmp_path: Path) -> None:
    table = found.to_frame()
    back = pd.read_csv(io.StringIO(str(found.to_csv())))
    pd.testing.assert_frame_equal(back, table, check_dtype=False, check_exact=True)
    back = pd.read_parquet(found.save(tmp_path / "points.parquet"))
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    assert back.attrs == table.attrs
    record = json.loads(Path(found.save(tmp_path / "points.json")).read_text("utf-8"))
    assert record["together"] == [["array.rows", "array.cols"]]
    assert record["failed"] == 2
    assert [{name: row[name] for name in found.columns} for row in record["points"]] == [dict(r) for r in found.rows]
    assert (tmp_path / "points.json").stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_file_tells_the_axes_again(tmp_path: Path, suffix: str) -> None:
    known = swept(tmp_path, scheme=["int8", "fp32"], array=[4, 8])
    again = read_points(known.save(tmp_path / f"points{suffix}"))
    assert again.varying == points_of(known).varying == ("scheme", "array")
    assert again.label(1) == points_of(known).label(1) == "int8, array 8"


def test_arrays_have_the_axes_as_coordinates(found: SweepResult, tmp_path: Path) -> None:
    data = found.to_xarray()
    assert dict(data.sizes) == {"scheme": 2, "array.rows": 3}
    assert data["array.cols"].dims == ("array.rows",)
    for row in found.rows:
        cell = data.sel({"scheme": row["scheme"], "array.rows": row["array.rows"]})
        energy = float(cell["energy_pj"])
        assert math.isnan(energy) if row["energy_pj"] is None else energy == row["energy_pj"]
        assert str(cell["status"].values) == row["status"]
    assert data["energy_pj"].attrs == {"units": "pJ"}
    with pytest.raises(InputError, match=r"every combination of the axes \(2 x 3\); this result has 4"):
        found.done().to_xarray()
    single = swept(tmp_path).to_xarray()
    assert not single.sizes
    assert float(single["macs"]) == 128


def test_mixed_values_become_texts(tmp_path: Path) -> None:
    mixed = swept(tmp_path, array=[4, "4x8"])
    assert mixed.to_frame()["array"].tolist() == ["4", "4x8"]
    mixed.to_parquet(tmp_path / "mixed.parquet")
    assert mixed.to_xarray()["array"].values.tolist() == ["4", "4x8"]


@pytest.mark.parametrize(("library", "ask"), [
    ("pyarrow", lambda found, folder: found.to_parquet(folder / "a.parquet")),
    ("pyarrow", lambda found, folder: found.save(folder / "a.parquet")),
    ("xarray", lambda found, _: found.to_xarray()),
])  # fmt: skip
def test_missing_extra(
    found: SweepResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, ask: Any
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnsupportedError, match=rf"{library}, which is not installed; run: pip install 'accelsim\[tab"):
        ask(found, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_are_whole_or_not_there(found: SweepResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.csv").write_text("old", "utf-8")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"old\.csv cannot be written: No space left on device"):
        found.save(tmp_path / "old.csv")
    monkeypatch.setattr(pd.DataFrame, "to_parquet", lambda table, path, **_: full(path, b"PAR1"))
    with pytest.raises(InputError, match="No space left on device"):
        found.save(tmp_path / "new.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert (tmp_path / "old.csv").read_text("utf-8") == "old"
    for name, said in (
        ("x.xlsx", ".csv, .json, .parquet"),
        ("no/x.csv", "there is no folder"),
        (".", "must be a file"),
    ):
        with pytest.raises((InputError, UsageError), match=said):
            found.save(tmp_path / name)


def test_page_shows_counts_effects_and_reasons(found: SweepResult) -> None:
    page = repr(found)
    assert "6 points (2 scheme x 3 rows with cols), heuristic mapping" in page
    assert "6 points: 4 computed in" in page
    assert "2 failed" in page
    assert "failed: scheme=int8, array.rows=0, array.cols=1 and 1 more: must be at least 1; got 0." in page
    assert page.count("least energy") == 1
    html = found._repr_html_()
    assert "<table>" in html
    assert "<script" not in html


def test_html_is_escaped(tmp_path: Path) -> None:
    odd = tmp_path / "a<b>&.yaml"
    odd.write_text("name: tiny\ninput: {channels: 4}\nlayers:\n  - {name: fc, kind: linear, out: 4}\n", "utf-8")
    for workload in (str(odd), [str(odd)]):  # in the heading, in a cell
        html = swept(tmp_path, workload=workload)._repr_html_()
        assert "a&lt;b&gt;&amp;.yaml" in html
        assert "<b>&" not in html


def test_effects_are_ratios_along_one_axis(tmp_path: Path) -> None:
    found = swept(tmp_path, scheme=["int8", "fp32"], clock_hz=[5e8, 1e9, 0])
    table = found.to_frame().pivot(index="scheme", columns="clock_hz", values="latency_s")[[5e8, 1e9]]
    by_axis = {one.axis: one for one in effects(found, "latency_s")}
    rows = table.max(axis=1) / table.min(axis=1)
    assert by_axis["clock_hz"].most == pytest.approx(rows.max())
    assert by_axis["clock_hz"].mean == pytest.approx(np.exp(np.log(rows).mean()))
    assert {one.axis for one in effects(found, "energy_pj")} == {"scheme", "clock_hz"}


def test_any_point_can_be_found_and_estimated_in_full(found: SweepResult) -> None:
    number = found.find(scheme="fp32", **{"array.rows": 4})
    assert found.estimate(number).energy_pj == found.rows[number]["energy_pj"]
    with pytest.raises(InputError, match="must be at least 1; got 0"):
        found.estimate(0)
    with pytest.raises(InputError, match="from 0 to 5; got 6"):
        found.estimate(6)
    with pytest.raises(InputError, match=r"array.row is not an axis of the sweep; did you mean array.rows\?"):
        found.find(**{"array.row": 4})
    with pytest.raises(InputError, match=r"2 points have array\.rows=4"):
        found.find(**{"array.rows": 4})


def test_questions_about_the_points(found: SweepResult) -> None:
    done = [row for row in found.rows if row["status"] == "done"]
    least = min(done, key=lambda row: float(str(row["energy_pj"])))
    best = found.best("energy")
    assert best.place is not None
    assert found.rows[best.place]["energy_pj"] == least["energy_pj"]
    assert best.place in found.pareto().places
    assert set(found.pareto().places).isdisjoint({0, 3})


def test_layers_are_kept_where_they_are_asked_for(tmp_path: Path, found: SweepResult) -> None:
    from tiny_sweep import tiny

    import accelsim as sim

    kept = sim.sweep(tiny(tmp_path), "horowitz-45nm", ["int8", "fp32"], mapping="heuristic", layers=True, jobs=1)
    table = kept.layers_to_frame()
    assert table["layer"].tolist() == ["fc", "fc"]
    assert table["energy_pj"].tolist() == [row["energy_pj"] for row in kept.rows]
    with pytest.raises(AccelsimError, match="must be asked for layers"):
        found.layers_to_frame()
