"""Does the search run without its compiler, and find the same?"""

import json
import subprocess
import sys

import pytest

SEARCH = """
import json, sys
if {blocked}:
    sys.modules["numba"] = None
from accelsim.search.compiled import COMPILED
from accelsim import load_profile, search_mapping
from accelsim.workload.layer import Layer
from accelsim.workload.shape import Shape
one = search_mapping(Layer("product", "linear", Shape.gemm(M=4, N=3, K=2)), load_profile({chip!r}), "int8")
print(json.dumps([COMPILED, one.energy_pj, one.certificate.proven]))
"""


@pytest.mark.parametrize("chip", ["nvdla-small", "horowitz-45nm"])
def test_without_a_compiler_it_finds_the_same_mapping(chip, tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", "off")
    found = []
    for blocked in (False, True):
        program = SEARCH.format(blocked=blocked, chip=chip)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    (compiled, least, _), (plain, same, _) = found
    assert (compiled, plain) == (True, False)
    assert same == pytest.approx(least, rel=0.02)  # it looks at less, and says so
