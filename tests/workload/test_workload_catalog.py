"""Are the shipped workloads found, listed and loaded quickly?"""

from __future__ import annotations

import subprocess
import sys
from time import process_time

import pytest

from accelsim.workload.catalog import list_workloads, load_workload

SHIPPED = {
    "alexnet",
    "bert-base",
    "dlrm",
    "filter-3x3x256",
    "gpt2/decode",
    "gpt2/prefill",
    "llama-2-13b/decode",
    "llama-2-70b/prefill",
    "llama-2-7b/decode",
    "llama-2-7b/prefill",
    "llama-3-8b/decode",
    "mistral-7b/decode",
    "mixtral-8x7b/decode",
    "mobilenetv2",
    "resnet18",
    "resnet50",
    "vgg16",
    "vit-b-16",
}


def test_everything_shipped_is_listed_and_loads():
    entries = {entry.name: entry for entry in list_workloads()}
    assert set(entries) >= SHIPPED
    for name in SHIPPED:
        assert not entries[name].problem
        network = load_workload(name)
        assert network.name == name
        assert network.source
        assert entries[name].description
        assert dict(entries[name].options) == {key: value for key, value in network.options.items() if key != "phase"}


def test_a_folder_of_ones_own_comes_first_and_may_be_broken(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("name: mine\nlayers: [{name: g, kind: gemm, M: 1, N: 2, K: 3}]\n")
    (tmp_path / "broken.yaml").write_text("nothing: here\n")
    monkeypatch.setenv("ACCELSIM_PATH", str(tmp_path))
    entries = {entry.name: entry for entry in list_workloads()}
    assert "nothing is not a field of a workload" in entries["broken"].problem
    assert load_workload("mine").macs == 6
    assert load_workload("resnet18").name == "resnet18"


def test_shipped_files_are_named_for_their_network():
    assert all(entry.path.stem == entry.name.partition("/")[0] for entry in list_workloads())


def test_the_catalog_imports_nothing_heavy():
    heavy = "{'numpy', 'pandas', 'pydantic', 'yaml'}"
    code = f"import sys, accelsim.workload.catalog; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("name", "most_s"), [("resnet50", 0.015), ("llama-2-7b/prefill", 0.010)])
def test_loading_is_quick(name, most_s):
    """Processor time, the best of ten, so that a busy machine does not fail it; the bound is some four times it."""
    load_workload(name)

    def once() -> float:
        start = process_time()
        load_workload(name)
        return process_time() - start

    assert min(once() for _ in range(10)) < most_s
