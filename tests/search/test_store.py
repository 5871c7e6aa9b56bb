"""Are equal layers searched once, in one process and over many, and never answered by what is out of date?

The search itself is replaced by one that counts: what is tested is what is searched, not what is found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from accelsim.cache import Cache, CacheWarning, key_of, store
from accelsim.engine.case import Case
from accelsim.errors import InfeasibleError
from accelsim.hardware.catalog import load_profile
from accelsim.hardware.chip import Chip
from accelsim.mapping.constraints import Constraints
from accelsim.mapping.nest import Keep, Loop, Nest
from accelsim.scheme import parse_scheme
from accelsim.search import store as searched
from accelsim.search.certificate import Certificate
from accelsim.search.optimal import FREE, Optimum
from accelsim.search.store import STORE, found
from accelsim.workload.catalog import load_workload

CHIP = load_profile("horowitz-45nm")
OTHER_CHIP = load_profile("horowitz-45nm", {"clock_hz": "2.0e+9"})
PINNED = Constraints(keeps={"RF": "WO"}, nodes=(("SRAM", "W"),), spatial={"rows": {"C": None, "FY": 3}})


def cases(scheme: str = "int8", workload: str = "resnet18") -> list[Case]:
    chosen = parse_scheme(scheme)
    layers = [layer for layer in load_workload(workload).layers if layer.shape is not None]
    return [Case(layer, chosen.resolve(layer), chosen.vector_format, frozenset("IO"), 0.5) for layer in layers]


CASES = cases()
DISTINCT = len({case.identity for case in CASES})


class Search:
    """A search that finds something else for every layer, and remembers for which it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(
        self, chip: Chip, case: Case, objective: str = "energy", constraints: Constraints = FREE,
        others: Sequence[Case] = (),
    ) -> Optimum:  # fmt: skip
        self.asked.append(case.layer.name)
        lines = (Keep("DRAM", "WIO"), Loop("K", case.shape.K), Keep("RF", ""), Loop("C", 1, "rows"))
        value = case.shape.macs / 3
        return Optimum(Nest(lines), Certificate(objective, 10**40 + case.shape.macs, 7, 9, value, value * (1 + 1e-12)))


@pytest.fixture(autouse=True)
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """A cache and a memory of the test's own."""
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "cache"))
    for name in ("_unusable", "_unwritable"):
        monkeypatch.setattr(store, name, set())
    monkeypatch.setattr(store, "_warned", [])
    monkeypatch.setattr(searched, "_known", {})
    monkeypatch.setattr(searched, "code_version", lambda *_: "this version")
    counting = Search()
    monkeypatch.setattr(searched, "optimum", counting)
    return counting


def forget() -> None:
    """Begin a new process, as far as the store can tell."""
    searched._known.clear()


def test_equal_layers_are_searched_once_and_answered_in_order(search: Search) -> None:
    assert len(CASES) > DISTINCT
    results = found(CHIP, CASES)
    assert len(search.asked) == DISTINCT
    assert results == [Search()(CHIP, case) for case in CASES]
    assert found(CHIP, [*CASES[::-1], replace(CASES[0], layer=replace(CASES[0].layer, name="other"))]) == [
        *results[::-1],
        results[0],
    ]
    assert len(search.asked) == DISTINCT
    assert found(CHIP, []) == []


def test_another_process_reads_them_from_disk(search: Search) -> None:
    results = found(CHIP, CASES[:10])
    asked = len(search.asked)
    forget()
    again = found(CHIP, CASES)
    assert again[:10] == results
    assert again == [Search()(CHIP, case) for case in CASES]
    assert len(search.asked) == DISTINCT
    assert asked < DISTINCT
    forget()
    assert found(CHIP, CASES) == again
    assert len(search.asked) == DISTINCT


def test_whatever_the_optimum_depends_on_is_searched_apart(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[0]
    asked = [
        lambda: found(CHIP, [case]),
        lambda: found(OTHER_CHIP, [case]),
        lambda: found(CHIP, [case], "latency"),
        lambda: found(CHIP, [case], "energy", PINNED),
        lambda: found(CHIP, [replace(case, resident=frozenset("I"))]),
        lambda: found(CHIP, [replace(case, reserved_bits=8.0)]),
        lambda: found(CHIP, cases("w4a8")[:1]),
    ]
    for _ in range(2):
        for one in asked:
            one()
        assert len(search.asked) == len(asked)
        forget()
    monkeypatch.setattr(searched, "code_version", lambda *_: "the next version")
    found(CHIP, [case])
    assert len(search.asked) == len(asked) + 1


@pytest.mark.parametrize("without", ["setting", "version"])
def test_without_the_disk_the_memory_still_serves(
    tmp_path: Path, search: Search, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    if without == "setting":
        monkeypatch.setenv("ACCELSIM_CACHE", "off")
    else:
        monkeypatch.setattr(searched, "code_version", lambda *_: None)
    found(CHIP, CASES)
    found(CHIP, CASES)
    assert len(search.asked) == DISTINCT
    forget()
    found(CHIP, CASES)
    assert len(search.asked) == 2 * DISTINCT
    assert not (tmp_path / "cache").exists()


def test_a_disk_that_fails_costs_only_one_warning(
    tmp_path: Path, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "file"))
    with pytest.warns(CacheWarning, match="cannot be used") as warned:
        assert found(CHIP, CASES) == [Search()(CHIP, case) for case in CASES]
    found(OTHER_CHIP, CASES)
    assert len(warned) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), InfeasibleError("nothing fits.", where="conv")])
def test_what_ends_a_search_keeps_what_was_found(
    search: Search, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def failing(*given: object, **options: object) -> Optimum:
        if len(search.asked) == 3:
            raise error
        return search(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(searched, "optimum", failing)
    for _ in range(2):  # the failure itself is not kept
        with pytest.raises(type(error)):
            found(CHIP, CASES)
    assert len(search.asked) == 3
    forget()
    monkeypatch.setattr(searched, "optimum", search)
    found(CHIP, CASES)
    assert len(search.asked) == DISTINCT


@pytest.mark.parametrize("text", ["", "7", "[1]", '{"nest": ["SRAM holds W"], "certificate": {}}', '{"nest": 3}'])
def test_what_is_no_optimum_is_searched_again(search: Search, text: str) -> None:
    results = found(CHIP, CASES[:1])
    identity = (CHIP.digest, CASES[0].identity, "energy", FREE.identity)
    for stored in (text, searched._text(results[0])):
        with Cache(STORE) as cache:
            cache.put({key_of("this version", identity): stored})
        forget()
        assert found(CHIP, CASES[:1]) == results
    assert len(search.asked) == 2


# ---------------------------------------------------------------------- processes

PROGRAM = """
import json, sys, time
sys.path[:0] = [{here!r}]
from accelsim.search import store
from test_store import CASES, CHIP, PINNED, Search

class Slow(Search):
    def __call__(self, *given, **options):
        answer = super().__call__(*given, **options)
        print(len(self.asked), flush=True)
        if len(self.asked) == {hang}:
            time.sleep(3600)
        return answer

store.code_version = lambda *_: "this version"
store.optimum = Slow()
results = store.found(CHIP, CASES, "edp", PINNED)
print(json.dumps([store._text(one) for one in results]))
"""


def process(hang: int = 0, **environment: str) -> subprocess.Popen[str]:
    program = PROGRAM.format(here=str(Path(__file__).parent), hang=hang)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )


def test_processes_share_what_they_find_whatever_the_order_of_their_sets(search: Search) -> None:
    """Two search at once, two read afterwards; their hash seeds differ, so their sets are in different orders."""
    at_once = [process(PYTHONHASHSEED=str(seed)) for seed in (1, 2)]
    printed = [one.communicate(timeout=120)[0].split("\n") for one in at_once]
    after, _ = process(PYTHONHASHSEED="3").communicate(timeout=120)
    assert [len(lines) - 2 for lines in printed] != [0, 0]
    assert [one.returncode for one in at_once] == [0, 0]
    assert after.count("\n") == 1, "the third process must search nothing"
    assert after == printed[0][-2] + "\n" == printed[1][-2] + "\n"
    assert [json.dumps([searched._text(one) for one in found(CHIP, CASES, "edp", PINNED)])] == after.splitlines()
    assert search.asked == []


def test_a_search_that_is_killed_keeps_what_it_finished(search: Search) -> None:
    with process(hang=5) as running:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(5)][-1] == "5\n"
        running.send_signal(signal.SIGKILL)
    found(CHIP, CASES, "edp", PINNED)
    assert len(search.asked) == DISTINCT - 4


def test_the_version_covers_all_code_that_searches() -> None:
    program = (
        "import sys, accelsim.search.store; print(*(name for name in sys.modules if name.startswith('accelsim.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.split(".")[1] for name in done.stdout.split()}
    assert {"search", "engine", "mapping", "hardware"} <= loaded
    assert loaded & set(searched.FLOORS_ABOVE) == set()
