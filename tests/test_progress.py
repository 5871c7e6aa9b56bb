"""Does long work show a bar on a terminal, wipe it, and otherwise say nothing?"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from accelsim.progress import progress

WORK = """
import json, sys
from accelsim.progress import progress
try:
    with progress(range(3), "searching mappings", unit="layer", patience_s={patience}) as items:
        for item in items:
            if sys.stdin.readline() == "fail\\n":
                raise KeyboardInterrupt
except KeyboardInterrupt:
    print("stopped", file=sys.stderr)
print(json.dumps(list(range(3))))
"""


class Terminal:
    """A process whose stderr is a terminal of 80 columns, and what it shows there."""

    def __init__(self, program: str, **environment: str) -> None:
        self.seen = b""
        self.end, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=other, text=True,
            env=os.environ | {"TERM": "xterm", "TQDM_MININTERVAL": "0"} | environment,
        )  # fmt: skip
        os.close(other)

    def say(self, line: str) -> None:
        """Let it go on to the next item."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def until(self, text: bytes) -> None:
        """Wait until it shows a text."""
        while text not in self.seen:
            more = self._read()
            assert more, f"it ended without showing {text!r}: {self.seen!r}"
            self.seen += more

    def _read(self) -> bytes:
        assert select.select([self.end], [], [], 60)[0], f"it hangs after showing {self.seen!r}"
        try:
            return os.read(self.end, 4096)
        except OSError:  # how Linux says that the other end is closed
            return b""

    def finish(self) -> tuple[str, str]:
        """Return what it printed to stdout, and the lines that its terminal is left with."""
        out, _ = self.process.communicate(timeout=60)
        while more := self._read():
            self.seen += more
        rows = [""]
        for shown in self.seen.decode().replace("\r\n", "\n").split("\n"):
            for part in shown.split("\r"):
                rows[-1] = part + rows[-1][len(part) :]
            rows.append("")
        return out, "\n".join(row.rstrip() for row in rows).strip("\n")


@contextmanager
def terminal(program: str, **environment: str) -> Iterator[Terminal]:
    running = Terminal(program, **environment)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()
        os.close(running.end)


def test_a_bar_appears_moves_and_is_wiped() -> None:
    with terminal(WORK.format(patience=0)) as running:
        running.until(b"0/3")  # before even one item is done
        assert b"searching mappings" in running.seen
        running.say("next")
        running.until(b"1/3")
        assert b"layer/s" in running.seen or b"s/ layer" in running.seen
        running.say("next")
        running.say("next")
        assert running.finish() == ("[0, 1, 2]\n", "")


def test_it_is_wiped_when_the_work_fails() -> None:
    with terminal(WORK.format(patience=0)) as running:
        running.until(b"0/3")
        running.say("fail")
        assert running.finish() == ("[0, 1, 2]\n", "stopped")


def test_a_dumb_terminal_shows_nothing() -> None:
    with terminal(WORK.format(patience=0), TERM="dumb") as running:
        for _ in range(3):
            running.say("next")
        assert running.finish() == ("[0, 1, 2]\n", "")
        assert running.seen == b""


def test_the_bar_waits_for_work_that_takes_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is the test's: it strikes when the test says so."""
    clocks: list[Clock] = []

    class Clock:
        def __init__(self, seconds: float, strike: Callable[[], None]) -> None:
            self.seconds, self.strike, self.canceled = seconds, strike, False
            clocks.append(self)

        def start(self) -> None:
            pass

        def cancel(self) -> None:
            self.canceled = True

    screen = io.StringIO()
    monkeypatch.setattr("accelsim.progress.Timer", Clock)
    monkeypatch.setattr("accelsim.progress._on_terminal", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    with progress(iter("abc"), "spelling", total=3) as items:
        next(iter(items))
    assert [(clock.seconds, clock.canceled) for clock in clocks] == [(0.5, True)]
    clocks[0].strike()  # too late: the work is done
    assert screen.getvalue() == ""
    with progress(iter("abc"), "spelling", total=3) as items:
        for _ in items:
            pass
        assert screen.getvalue() == ""
        clocks[1].strike()
        assert "3/3" in screen.getvalue()


def test_without_a_terminal_nothing_is_shown_or_loaded() -> None:
    program = WORK.format(patience=0) + "print('tqdm' in sys.modules)\n"
    done = subprocess.run(
        [sys.executable, "-c", program], input="", capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("[0, 1, 2]\nFalse\n", "")


def test_the_items_pass_through() -> None:
    with progress(iter("abc"), "spelling") as items:
        assert list(items) == ["a", "b", "c"]
