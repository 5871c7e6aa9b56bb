"""How long does the command line take from a cold start, and how much memory?

``python benchmarks/bench_cli.py`` prints the best and the median time of several runs in fresh processes without the
cache on disk, the least CPU time, and what ``accelsim --help`` imports.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

HEAVY = ("numpy", "pandas", "matplotlib", "pydantic")
ESTIMATE = "estimate resnet50 --on eyeriss-v1 --scheme int8"
COMMANDS = ("--help", "list", f"{ESTIMATE} --mapping heuristic", ESTIMATE)
RUNS = 5


def cold(arguments: list[str]) -> tuple[float, float, float]:
    """Return wall and CPU time in s and peak resident memory in MB of one run of the command line."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "accelsim.cli", *arguments]
    environment = os.environ | {"ACCELSIM_CACHE": "off"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}")
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB elsewhere
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale / 1e6


def imported_by_help() -> list[str]:
    """Return which heavy packages ``accelsim --help`` imports: none should be."""
    program = (
        "import sys\nfrom accelsim.cli import run\nrun(['--help'])\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr.split()


def main() -> None:
    """Print the table."""
    print(f"{'command':78} {'best':>8} {'median':>8} {'CPU':>8} {'peak memory':>12}")
    for arguments in COMMANDS:
        runs = [cold(arguments.split()) for _ in range(RUNS)]
        seconds = [run[0] for run in runs]
        cpu, memory = min(run[1] for run in runs), max(run[2] for run in runs)
        times = " ".join(f"{value:6.2f} s" for value in (min(seconds), statistics.median(seconds), cpu))
        print(f"accelsim {arguments:69} {times} {memory:9.0f} MB", flush=True)
    found = imported_by_help()
    print(f"--help imports {', '.join(found) if found else 'none of ' + ', '.join(HEAVY)}")


if __name__ == "__main__":
    main()
