"""What does .ci/run need that bash does badly? Copy a checkout, take the README apart, read pytest's summary.

python3 steps.py copy FROM TO        copy what belongs to the project, as a fresh checkout would have it
python3 steps.py setup README N      print set-up line N (1 or 2): the first ```sh block has exactly two lines
python3 steps.py snippets README sh  print all later ```sh blocks (or, with "python", all ```python blocks)
python3 steps.py output README FILE  fail unless the first ```text block is what FILE holds
python3 steps.py passed LOG...       fail unless every run ended with "N passed" alone; print the total in that form
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

BUILT = ("__pycache__", "*.egg-info", ".git", "build", "dist", "node_modules", ".venv*", ".*_cache", ".hypothesis",
         ".benchmarks", ".ipynb_checkpoints", "_shipped")  # fmt: skip


def copy(source: str, target: str) -> None:
    """Copy a checkout without what was built or cached in it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*BUILT), symlinks=True)


def blocks(readme: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    text = Path(readme).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def setup(readme: str, number: str) -> None:
    """Print one of the two set-up lines."""
    lines = blocks(readme, "sh")[0].splitlines()
    if len(lines) != 2 or not all(line.strip() for line in lines):
        sys.exit(f"{readme}: the first sh block must be exactly two lines; it has {len(lines)}.")
    print(lines[int(number) - 1])


def snippets(readme: str, language: str) -> None:
    """Print every block of a language but the set-up, as one program."""
    found = blocks(readme, language)[language == "sh" :]
    if not found:
        sys.exit(f"{readme}: there is no {language} block to run.")
    print("\n".join(found))


def output(readme: str, file: str) -> None:
    """Compare the output that the README shows with a real one."""
    shown, real = blocks(readme, "text")[0].strip(), Path(file).read_text(encoding="utf-8").strip()
    if shown != real:
        for own, other in zip(shown.splitlines(), real.splitlines(), strict=False):
            if own != other:
                print(f"README  {own}\nreal    {other}", file=sys.stderr)
        sys.exit(f"{readme}: the output it shows is not what the first line prints; run: python docs/refresh.py")


def passed(*logs: str) -> None:
    """Sum pytest's closing lines; anything but "passed" in one of them fails."""
    total, seconds = 0, 0.0
    for log in logs:
        text = Path(log).read_text(encoding="utf-8")
        found = re.findall(r"^(?:=+ )?((?:\d+ \w+(?:, )?)+) in ([0-9.]+)s", text, re.MULTILINE)
        if not found:
            sys.exit(f"{log}: pytest printed no summary: no test ran.")
        outcomes = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", found[-1][0])}
        if set(outcomes) != {"passed"} or not outcomes["passed"]:
            sys.exit(f"{log}: every test must pass, none skipped or expected to fail; got: {found[-1][0]}.")
        total, seconds = total + outcomes["passed"], seconds + float(found[-1][1])
    print(f"===== {total} passed in {seconds:.2f}s =====")


if __name__ == "__main__":
    {"copy": copy, "setup": setup, "snippets": snippets, "output": output, "passed": passed}[sys.argv[1]](*sys.argv[2:])
