"""What do all tests share? A cache of their own, and machine code that is compiled once for all workers."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run on all cores already

SEARCH = "import accelsim; accelsim.estimate('resnet8', 'horowitz-45nm', 'int8')"
"""A short search, of convolutions and a product, for which all that is compiled is compiled."""

COMPILING = pytest.StashKey["subprocess.Popen[bytes]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Name a new folder for the cache, for parallel workers and processes that tests start too.

    Where there are workers, the inner loops of the search are compiled while they collect.
    """
    if not hasattr(config, "workerinput"):
        os.environ["ACCELSIM_CACHE"] = tempfile.mkdtemp(prefix="accelsim-tests-")
        if config.getoption("tx", None):
            config.stash[COMPILING] = subprocess.Popen([sys.executable, "-c", SEARCH], cwd=config.rootpath)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """Give no worker a test before everything is compiled: else each of them would compile it."""
    node.config.stash[COMPILING].wait()


def pytest_collection_finish() -> None:
    """Spare the garbage collector all that was imported, which stays to the end, and have it look more rarely."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the cache."""
    if not hasattr(config, "workerinput"):
        if compiling := config.stash.get(COMPILING, None):
            compiling.terminate()  # a run may end before its tests begin
            compiling.wait()
        shutil.rmtree(os.environ["ACCELSIM_CACHE"], ignore_errors=True)
