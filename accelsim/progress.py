"""How far is a long piece of work? A bar on the terminal once it has taken a while, and nothing anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

Item = TypeVar("Item")

PATIENCE_S = 0.5
"""Work that takes less shows nothing."""


@contextmanager
def progress(
    items: Iterable[Item], label: str, total: int | None = None, unit: str = "it", patience_s: float = PATIENCE_S
) -> Iterator[Iterable[Item]]:
    """Show how far one is through ``items``, with rate and time left, while the ``with`` block lasts.

    The bar appears on stderr if that is a terminal, after ``patience_s`` seconds; whatever ends the block wipes it.
    Work within such work shows nothing of its own.

    Parameters
    ----------
    items : iterable
    label, unit : str
        What is done, and the name of one item.
    total : int, optional
        How many items there are; by default what ``len`` says, if it says anything.
    patience_s : float

    Yields
    ------
    iterable
        The same items; one counts as done when the next is asked for.
    """
    if not _on_terminal() or not _outermost.acquire(blocking=False):
        yield items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    bar = _Bar(label, total, unit)
    timer = Timer(patience_s, bar.appear)
    timer.daemon = True
    timer.start()
    try:
        yield bar.counted(items)
    finally:
        timer.cancel()
        bar.vanish()
        _outermost.release()


_outermost = Lock()
"""Held while there is a bar."""


def _on_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False


class _Bar:
    """A count of items done, and the bar that shows it from the moment it appears until it vanishes."""

    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self.began_s = time.time()
        self.over = False
        self.shown: tqdm[object] | None = None
        self.lock = Lock()

    def counted(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            yield item
            with self.lock:
                self.done += 1
                if self.shown is not None:
                    self.shown.update()

    def appear(self) -> None:
        from tqdm import tqdm

        class Quiet(tqdm):  # type: ignore[type-arg]
            monitor_interval = 0  # no thread of its own: whoever forks meanwhile must not have threads

        with self.lock:
            if not self.over:
                self.shown = Quiet(
                    desc=self.label, total=self.total, unit=f" {self.unit}", file=sys.stderr, leave=False,
                    dynamic_ncols=True, miniters=1,
                )  # fmt: skip
                self.shown.start_t = self.began_s
                self.shown.update(self.done)
                self.shown.refresh()

    def vanish(self) -> None:
        with self.lock:
            self.over = True
            if self.shown is not None:
                self.shown.close()
