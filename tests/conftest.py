"""What do all tests share? They leave the cache of whoever runs them alone."""

from __future__ import annotations

import os


def pytest_configure() -> None:
    """Turn the cache off, for processes that tests start too; a test of the cache names a folder of its own."""
    os.environ["ACCELSIM_CACHE"] = "off"
