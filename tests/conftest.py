"""What do all tests share? They leave the cache of whoever runs them alone, and share one of their own."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run on all cores already


def pytest_configure(config: pytest.Config) -> None:
    """Name a new folder for the cache, for parallel workers and processes that tests start too."""
    if not hasattr(config, "workerinput"):
        os.environ["ACCELSIM_CACHE"] = tempfile.mkdtemp(prefix="accelsim-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["ACCELSIM_CACHE"], ignore_errors=True)
