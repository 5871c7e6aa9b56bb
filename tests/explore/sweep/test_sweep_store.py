"""Does a store keep what it was given through full disks and other programs' files, and is a wrong file left alone?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sweep_tasks import TASK, points

from accelsim.cache import CacheWarning
from accelsim.cache import store as cache_store
from accelsim.errors import InputError
from accelsim.explore.sweep.outcome import INTERNAL, LOST, Failure, Outcome
from accelsim.explore.sweep.run import run
from accelsim.explore.sweep.store import Store

DONE = Outcome({"energy_pj": 0.1 + 0.2, "cycles": 7, "bound_by": "DRAM \u00b5", "area_mm2": None}, warnings=("a", "b"))
LAYERS = Outcome({"macs": 1}, layers=({"name": "conv1", "macs": 1},))
FINAL = Outcome(failure=Failure("InfeasibleError", "it does not fit."))
DEFECT, KILLED = Outcome(failure=Failure(INTERNAL, "why")), Outcome(failure=Failure(LOST, "why"))
ALL = {"done": DONE, "layers": LAYERS, "final": FINAL, "defect": DEFECT, "killed": KILLED}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache and a log of the test's own, in a process that has had no trouble yet."""
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    for name in ("_unusable", "_unwritable"):
        monkeypatch.setattr(cache_store, name, set())
    monkeypatch.setattr(cache_store, "_warned", [])


def fill(path: Path | None) -> None:
    with Store(path) as store:
        for key, outcome in ALL.items():
            store.put(key, outcome)


@pytest.mark.parametrize("named", [True, False])
def test_what_comes_out_the_same_again_is_found(tmp_path: Path, named: bool) -> None:
    path = tmp_path / "store" if named else None
    fill(path)
    with Store(path) as store:
        assert store.get([*ALL, "none"]) == {"done": DONE, "layers": LAYERS, "final": FINAL}
    with Store(path, fresh=True) as store:
        assert store.get(ALL) == {}
    if path is not None:  # the reason of a failure that is tried again is kept all the same
        with closing(sqlite3.connect(path)) as database:
            rows = dict(database.execute("SELECT CAST(key AS TEXT), CAST(value AS TEXT) FROM entries"))
        assert Outcome.from_text(rows["killed"]) == KILLED


def test_a_text_that_is_no_outcome_is_not_found(tmp_path: Path) -> None:
    fill(tmp_path / "store")
    with Store(tmp_path / "store") as store:
        for text in ("", "{}", "[]", '{"metrics": 1}'):
            store._texts.put({"done": text})
            assert set(store.get(ALL)) == {"layers", "final"}


def another_form(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE entries (id TEXT)")


def cut(path: Path) -> None:
    fill(path)
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"noise" * 500 + whole[6596:])


LEFT = "left as it is"
WRONG: list[tuple[Callable[[Path], object], str, str]] = [
    (another_form, "must be of form 1; another version of accelsim has written it, in form 99", LEFT),
    (another_program, "this is another program's database", LEFT),
    (lambda path: path.write_text("scheme,energy_pj\nint8,1\n"), "that a sweep has written; this is none", LEFT),
    (cut, "the store is damaged", LEFT),
    (overwritten, "the store is damaged", LEFT),
    (Path.mkdir, "must be a file in a folder that exists; it is a folder.", ""),
    (lambda path: None, "there is no folder", ""),
]


@pytest.mark.parametrize(("make", "said", "then"), WRONG)
def test_a_file_that_is_no_store_is_refused_before_the_sweep_begins(
    tmp_path: Path, make: Callable[[Path], object], said: str, then: str
) -> None:
    path = tmp_path / ("store" if make is not WRONG[-1][0] else "none/store")
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(InputError) as error:
        list(run(points(3), jobs=1, store=path, task=TASK))
    assert said in str(error.value)
    assert then in str(error.value)
    assert str(error.value).startswith(str(path))
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not (tmp_path / "log").exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ([path.name] if path.exists() else [])


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that this process may read only, be it the administrator's."""
    folder = Path(tempfile.mkdtemp())
    fill(folder / "old")
    (folder / "old").chmod(0o444)
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder_is_refused_before_the_sweep_begins(unwritable: Path) -> None:
    for name, why in (("new", "unable to open database file"), ("old", "attempt to write a readonly database")):
        with pytest.raises(InputError) as error, Store(unwritable / name):
            pass
        assert str(error.value) == (
            f"{unwritable / name}: the store cannot be used: {why}. Name a file that can be written, with --store."
        )
    assert [one.name for one in unwritable.iterdir()] == ["old"]


def test_the_sweep_goes_on_when_the_disk_is_full(tmp_path: Path) -> None:
    path, asked = tmp_path / "store", points(60)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        sweep = run(asked, jobs=1, store=path, task=TASK)
        found = [next(sweep)]
        store = sweep.gi_frame.f_locals["store"]  # type: ignore[attr-defined]
        store._texts._connection.execute("PRAGMA max_page_count = 4")
        found += sweep
    assert sorted(number for number, _ in found) == list(range(60))
    assert [str(one.message) for one in said] == [
        f"the store {path} takes no more results: database or disk is full. The sweep goes on; what is not stored "
        "will be computed again another time."
    ]
    assert said[0].category is CacheWarning
    with Store(path) as again:
        kept = again.get([point.key for point in asked])
    assert 0 < len(kept) < 60
    assert all(outcome == Outcome({"key": key}) for key, outcome in kept.items())


def test_without_a_cache_the_sweep_goes_on(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.warns(CacheWarning, match="cannot be used") as said:
        assert len(list(run(points(5), jobs=1, task=TASK))) == 5
    assert len(said) == 1
