"""What do all tests of validation share? One run of every comparison, its studies shared out among the workers."""

import os
import pickle
import time
from pathlib import Path

import pytest

from accelsim.validation.comparison import Comparison
from accelsim.validation.validate import Validation, study_names, validate


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    for study in study_names():
        if _claimed(folder / f"{study}.claim"):
            _run(study, folder)
    return Validation(tuple(one for study in study_names() for one in _read(study, folder)))


def _claimed(path: Path) -> bool:
    """Whether this worker is the first to come to a study."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _run(study: str, folder: Path) -> None:
    """Leave what a study compares, or what went wrong, for every worker."""
    try:
        found: object = validate(study).comparisons
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    unfinished = folder / f"{study}.part"
    unfinished.write_bytes(pickle.dumps(found))
    unfinished.rename(folder / f"{study}.pickle")


def _read(study: str, folder: Path) -> tuple[Comparison, ...]:
    """What a study compares, once the worker that runs it is done."""
    kept = folder / f"{study}.pickle"
    while not kept.exists():
        time.sleep(0.1)
    found = pickle.loads(kept.read_bytes())
    assert isinstance(found, tuple), f"the study {study} failed: {found}"
    return found
