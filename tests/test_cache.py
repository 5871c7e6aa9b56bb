"""Is the cache shared, whole after any accident, bounded, and never in the way?"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import warnings
from collections import UserDict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accelsim import cache, cli
from accelsim.cache import Cache, CacheWarning, canonical, clear, code, folder, key_of, place, store, stores, table
from accelsim.cli import run

ENTRIES = {f"key{number}": f"text {number} \u00b5" for number in range(20)}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, in a process that has had no trouble yet."""
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "cache"))
    for name in ("_unusable", "_unwritable"):
        monkeypatch.setattr(store, name, set())
    monkeypatch.setattr(store, "_warned", [])
    return tmp_path / "cache"


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was warned of."""
    said: list[str] = []

    def warn(message: str, category: type[Warning], stacklevel: int) -> None:
        assert issubclass(category, CacheWarning)
        said.append(message)

    monkeypatch.setattr(warnings, "warn", warn)
    return said


def get(*keys: str) -> dict[str, str]:
    with Cache("test") as opened:
        return opened.get(keys)


def put(entries: dict[str, str]) -> None:
    with Cache("test") as opened:
        opened.put(entries)


def database(own: Path) -> sqlite3.Connection:
    return sqlite3.connect(place.in_use(own, "test").path, isolation_level=None)


def process(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)


# ---------------------------------------------------------------------- what is stored is found


def test_texts_are_found_by_key() -> None:
    assert get("key1") == {}
    put(ENTRIES)
    put({"key1": "another"})
    assert get("key1", "key2", "none") == {"key1": "another", "key2": ENTRIES["key2"]}
    assert get(*ENTRIES, *(f"none{number}" for number in range(2000))) == ENTRIES | {"key1": "another"}
    with Cache("other") as opened:
        assert opened.get(["key1"]) == {}


def test_many_processes_store_at_once_and_lose_nothing() -> None:
    program = (
        "import sys; from accelsim.cache import Cache\n"
        "with Cache('test') as opened:\n"
        "    for number in range(50):\n"
        "        opened.put({f'{sys.argv[1]}-{number}': 'text', 'shared': 'text'})\n"
        "        assert len(opened.get([f'{sys.argv[1]}-{number}', 'shared'])) == 2\n"
    )
    running = [process(f"import warnings; warnings.simplefilter('error'); {program}", str(one)) for one in range(4)]
    assert [one.wait(60) for one in running] == [0] * 4
    for one in running:
        one.communicate()
    assert len(get(*(f"{one}-{number}" for one in range(4) for number in range(50)))) == 200


def test_a_killed_process_leaves_what_it_had_stored() -> None:
    endless = (
        "import itertools; from accelsim.cache import Cache\n"
        "with Cache('test') as opened:\n"
        "    for number in itertools.count():\n"
        "        opened.put({f'key{number}': 'text' * 500})\n"
        "        print(f'key{number}', flush=True)\n"
    )
    for _ in range(2):
        with process(endless) as running:
            assert running.stdout is not None
            seen = [running.stdout.readline().strip() for _ in range(200)]
            running.send_signal(signal.SIGKILL)
            seen += running.stdout.read().split()
        found = get(*seen)
        assert len(found) == len(seen)
        assert set(found.values()) == {"text" * 500}
        clear(Path(os.environ["ACCELSIM_CACHE"]))


def test_an_interrupt_leaves_no_half_of_a_batch(monkeypatch: pytest.MonkeyPatch, own: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with Cache("test") as opened:
        with monkeypatch.context() as patch:
            patch.setattr(store, "_prune", interrupted)
            with pytest.raises(KeyboardInterrupt):
                opened.put(ENTRIES)
        assert opened.get(ENTRIES) == {}
        opened.put({"key1": "text"})
    assert get(*ENTRIES) == {"key1": "text"}


def test_a_forked_process_leaves_the_connection_to_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    with Cache("test") as opened:
        opened.put({"key1": "text"})
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 0)
            opened.put({"key2": "text"})
            assert opened.get(["key1"]) == {}
        assert opened.get(["key1", "key2"]) == {"key1": "text"}


@pytest.mark.parametrize(("most_entries", "most_bytes"), [(20, 10**9), (10**6, 60_000)])
def test_the_oldest_are_dropped(own: Path, monkeypatch: pytest.MonkeyPatch, most_entries: int, most_bytes: int) -> None:
    monkeypatch.setattr(store, "_BETWEEN_PRUNINGS", 3)
    with Cache("test", most_entries, most_bytes) as opened:
        for number in range(100):
            opened.put({f"key{number}": "x" * 1000})
    numbers = sorted(int(key[3:]) for key in get(*(f"key{number}" for number in range(100))))
    assert numbers == list(range(100 - len(numbers), 100))
    assert 10 <= len(numbers) <= min(most_entries, most_bytes // 1000) + 2
    assert sum(path.stat().st_size for path in own.iterdir()) < 200_000


# ---------------------------------------------------------------------- accidents


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def noise(path: Path) -> None:
    path.write_bytes(b"noise" * 3000)


def of_another_form(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE entries (id TEXT)")


@pytest.mark.parametrize("damage", [cut, noise, of_another_form])
def test_a_damaged_file_is_set_aside_and_replaced(own: Path, damage: object, warned: list[str]) -> None:
    put(ENTRIES)
    file = place.in_use(own, "test").path
    damage(file)  # type: ignore[operator]
    broken = file.read_bytes()
    assert get("key1") == {}
    put({"key1": "text"})
    assert get("key1") == {"key1": "text"}
    assert warned == [f"the cache {file} was damaged; a new one is begun."]
    assert file.read_bytes()[100:] == broken[100:]  # its header may say that it was opened
    assert [one.entries for one in stores(own)] == [1]


def test_damage_again_and_again_leaves_one_file_aside(own: Path, warned: list[str]) -> None:
    for _ in range(3):
        put(ENTRIES)
        assert get(*ENTRIES) == ENTRIES
        noise(place.in_use(own, "test").path)
        assert get("key1") == {}
    assert len(warned) == 1
    assert len(place.files(own)) == 2


def test_a_file_is_set_aside_once_by_all_who_find_it_damaged(
    own: Path, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    select = table.select

    def malformed(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, str]:
        if b"-0.sqlite" in connection.execute("PRAGMA database_list").fetchone()[2]:
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        return select(connection, keys)

    with Cache("test") as first, Cache("test") as second:
        for opened in (first, second):
            opened.put(ENTRIES)
        monkeypatch.setattr(table, "select", malformed)
        for opened, key in ((first, "new1"), (second, "new2")):
            assert opened.get(["key1"]) == {}
            opened.put({key: "text"})
        assert first.get(["new1", "new2"]) == second.get(["new1", "new2"]) == {"new1": "text", "new2": "text"}
    assert [file.number for file in place.files(own)] == [0, 1]
    assert len(warned) == 1


def test_a_changed_byte_is_no_answer(own: Path) -> None:
    put(ENTRIES)
    with closing(database(own)) as connection:
        connection.execute("UPDATE entries SET value = CAST('text 7' AS BLOB) WHERE key = CAST('key1' AS BLOB)")
        connection.execute("UPDATE entries SET value = 7 WHERE key = CAST('key2' AS BLOB)")
    assert get("key1", "key2", "key3") == {"key3": ENTRIES["key3"]}
    put({"key1": "text"})
    assert get("key1") == {"key1": "text"}


def test_a_full_disk_stores_nothing_and_still_answers(monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    put(ENTRIES)
    connect = sqlite3.connect

    def cramped(*given: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*given, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", cramped)
    with Cache("test") as opened:
        for number in range(3):
            opened.put({f"new{number}": "x" * 100_000})
            assert opened.get(["key1", f"new{number}"]) == {"key1": ENTRIES["key1"]}
    assert len(warned) == 1
    assert "cannot be written to: database or disk is full. Set" in warned[0]
    assert get("key1") == {"key1": ENTRIES["key1"]}


def test_a_lock_that_is_never_released_is_not_waited_for_twice(
    own: Path, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    monkeypatch.setattr(table, "WAIT_S", 0.01)
    put(ENTRIES)
    with closing(database(own)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        put({"new": "text"})
        assert "cannot be written to: database is locked. Set" in warned[0]
        holder.execute("ROLLBACK")
    put({"new": "text"})
    assert get("key1", "new") == {"key1": ENTRIES["key1"]}
    assert len(warned) == 1


@pytest.mark.parametrize("where", ["file", "file/below", "taken"])
def test_a_folder_that_cannot_be_used_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warned: list[str], where: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "test-1-0.sqlite").mkdir(parents=True)
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / where))
    for _ in range(2):
        put(ENTRIES)
        assert get("key1") == {}
    assert len(warned) == 1
    assert "cannot be used: " in warned[0]
    assert warned[0].endswith("Set ACCELSIM_CACHE to another folder or to off.")


def test_off_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELSIM_CACHE", "Off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    put(ENTRIES)
    assert get("key1") == {}
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- keys

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.fractions()
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.frozensets(ATOMS)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=8,
)


@dataclass(frozen=True)
class Pair:
    first: object
    second: object


@given(VALUES, VALUES)
def test_different_values_have_different_texts(first: object, second: object) -> None:
    assume(first != second)
    assert canonical(first) != canonical(second)
    assert canonical(Pair(first, second)) != canonical(Pair(second, first))
    assert key_of(first, second) != key_of(second, first)


@given(st.dictionaries(st.text(), ATOMS, min_size=2), st.randoms())
def test_the_order_of_sets_and_mappings_is_no_part_of_a_text(values: dict[str, object], random: object) -> None:
    shuffled = list(values.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert canonical(UserDict(shuffled)) == canonical(values)
    assert canonical({name for name, _ in shuffled}) == canonical(frozenset(values))


def test_texts_are_those_of_the_value_alone() -> None:
    assert (
        canonical((np.int64(3), np.float64(0.1), Fraction(3, 4)))
        == canonical((3, 0.1, Fraction(3, 4)))
        == "(3,0.1,3/4)"
    )
    assert canonical(Pair("a", {True, None})) == "Pair(first='a',second=<None,True>)"
    with pytest.raises(TypeError, match="must be made of numbers"):
        canonical(object())


def test_a_key_is_of_the_code_that_the_result_depends_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = code.code_version.__wrapped__
    for name in ("search/best.py", "hardware/data/law.yaml", "report/page.py", "search/__pycache__/best.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(code, "_PACKAGE", str(tmp_path))
    assert version("report") is None  # the files are newer than this process
    monkeypatch.setattr(code, "_LOADED_S", float("inf"))
    first = version("report")
    for name, same in (
        ("report/page.py", True), ("search/__pycache__/best.pyc", True), ("hardware/data/law.yaml", False),
        ("search/best.py", False), ("search/new.py", False),
    ):  # fmt: skip
        (tmp_path / name).write_text("two")
        assert (version("report") == first) == same, name
        first = version("report")
    assert version() != first
    assert cache.code_version("report") == cache.code_version("report") is not None


# ---------------------------------------------------------------------- where it is, and emptying it


def test_the_folder_is_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCELSIM_CACHE")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for platform, expected in (("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")):
        monkeypatch.setattr(sys, "platform", platform)
        assert folder() == tmp_path / expected / "accelsim"
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert folder() == tmp_path / ".cache" / "accelsim"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder() == tmp_path / "xdg" / "accelsim"
    monkeypatch.setenv("ACCELSIM_CACHE", "~/mine")
    assert folder() == tmp_path / "mine"


def test_clearing_hurts_nobody_who_uses_it(own: Path) -> None:
    with Cache("test") as opened:
        opened.put(ENTRIES)
        assert [(one.name, one.entries) for one in stores(own)] == [("test", 20)]
        clear(own)
        assert [(one.name, one.entries) for one in stores(own)] == [("test", 0)]
        put({"new": "text"})
        assert opened.get(["key1"]) == {"key1": ENTRIES["key1"]}
    assert get("key1", "new") == {"new": "text"}
    with closing(database(own)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_command_shows_and_clears(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*arguments: str, code: int = 0) -> str:
        assert run(["cache", *arguments]) == code
        return "".join(capsys.readouterr())

    assert said().split() == [str(own), "empty"]
    put(ENTRIES)
    assert said().splitlines()[0] == str(own)
    assert said().split()[-4:-2] == ["test", "20"]
    noise(place.in_use(own, "test").path)
    assert "damaged" in said()
    assert said("clear").split()[-4:] == ["test", "0", "0", "B"]
    monkeypatch.setenv("ACCELSIM_CACHE", __file__)
    assert said(code=1).startswith("error: ACCELSIM_CACHE must name a folder, or be off; ")
    monkeypatch.setenv("ACCELSIM_CACHE", "off")
    assert said("clear") == "the cache is off (ACCELSIM_CACHE)\n"


def test_the_command_line_says_a_warning_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(given: list[str]) -> int:
        warnings.simplefilter("always")
        warnings.warn("the cache is full.", CacheWarning, stacklevel=1)
        warnings.warn("another's", UserWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(cli, "_answer", answer)
    with pytest.warns(UserWarning, match="another's") as others:
        assert run([]) == 0
    assert capsys.readouterr().err == "warning: the cache is full.\n"
    assert len(others) == 1


def test_the_tests_leave_the_users_cache_alone(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.hasplugin(str(Path(__file__).with_name("conftest.py")))
    monkeypatch = request.getfixturevalue("monkeypatch")
    monkeypatch.undo()
    own = folder()
    assert own is not None
    assert own.name.startswith("accelsim-tests-")
