"""Does the search run without its compiler, by what that left or as plain Python, and find the same?"""

import json
import subprocess
import sys

import numpy as np
import pytest

from accelsim.search.machine_code import INNER, keep, load
from accelsim.search.problem import GOAL, LOOPS, PLAN, WORK

INT, REAL = np.dtype(np.int64), np.dtype(np.float64)

SEARCH = """
import json, sys
if {blocked}:
    sys.modules["numba"] = None
from accelsim.search.compiled import COMPILED
from accelsim import load_profile, search_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
one = search_mapping(Layer("product", "linear", Shape.gemm(M=4, N=3, K=2)), load_profile({chip!r}), "int8")
print(json.dumps([COMPILED, one.energy_pj, [name for name in ("numba", "scipy") if sys.modules.get(name)]]))
"""


@pytest.mark.parametrize("chip", ["nvdla-small", "horowitz-45nm"])
def test_without_a_compiler_it_finds_the_same_mapping(chip, tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", "off")
    found = []
    for blocked in (False, True):
        program = SEARCH.format(blocked=blocked, chip=chip)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    (compiled, least, _), (plain, same, loaded) = found
    assert (compiled, plain, loaded) == (True, False, [])
    assert same == pytest.approx(least, rel=0.02)  # it looks at less, and says so


def test_machine_code_that_was_kept_needs_no_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", "off")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))
    place = tmp_path / INNER.relative_to(INNER.anchor)
    place.mkdir(parents=True)

    def search():
        program = SEARCH.format(blocked=False, chip="nvdla-small")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        _, energy_pj, loaded = json.loads(done.stdout)
        return energy_pj, "numba" in loaded

    least, compiled = search()
    assert compiled
    assert search() == (least, False)

    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    (roots,) = place.glob("bound_roots.*.o")
    records = [(one, 1) for one in (PLAN, LOOPS, GOAL, WORK)]
    kinds = (*records, (INT, 4), (INT, 2), (INT, 1), (INT, 1), (INT, 1), (REAL, 1))
    assert load("bound_roots", kinds) is not None
    assert load("bound_roots", (*kinds[:-1], (INT, 1))) is None
    with monkeypatch.context() as other:
        other.setenv("NUMBA_NUM_THREADS", "1")
        assert load("bound_roots", kinds) is not None
        other.setenv("NUMBA_BOUNDSCHECK", "1")
        assert load("bound_roots", kinds) is None
    roots.write_bytes(roots.read_bytes()[:-1])
    assert load("bound_roots", kinds) is None
    keep("bound_roots", kinds, None)  # what cannot be kept leaves nothing to load
    assert load("bound_roots", kinds) is None
    assert 0 < roots.stat().st_size < 100
