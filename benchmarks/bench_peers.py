"""How do accelsim's search and those of AccelForge and ZigZag compare: time, and the least energy found?

``python benchmarks/bench_peers.py`` installs the peers into environments of their own (``--env DIR`` keeps them, the
default is a temporary folder; they need Python 3.12 or later and the network), runs every job of `peers.jobs` in its
peer and in accelsim, each in a process of its own, and prints two tables. ``--save FILE`` keeps what the peers said,
``--peers FILE`` reads it instead of running them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from child import Child, run
from peers.environment import ask, python_of
from peers.jobs import JOBS, Job
from peers.mappings import energy_pj, from_accelforge, from_zigzag

OWN = str(Path(__file__).parent / "own_search.py")
KINDS = ("divisors", "free")
ROUNDING = 1e-9
COMPILING_S = 300.0
LEGEND = """\
The peer's first and later search of tiles that divide, and one of any tiles; accelsim's later searches. ratio: the
peer's later search, of tiles that divide, to accelsim's of any tiles. A network: each a process from start to end.
"""
COLD = """
import sys
sys.path.insert(0, {here!r})
from peers.jobs import JOBS
import accelsim as sim
chip = next(job for job in JOBS if job.name == {name!r}).chip
sim.estimate(sim.load_workload("resnet18"), chip, "int8", mapping="optimal").energy_pj
"""


@dataclass(frozen=True)
class Outcome:
    """What both sides made of a job.

    Parameters
    ----------
    job : Job
    theirs : Child or None
        The peer's process, a record for each run.
    own : Child
        accelsim's searches: of kind "divisors", under the peer's rules, and "free"; of a network, one for each layer.
    cold : Child or None
        accelsim's estimate of a network, the whole process.
    """

    job: Job
    theirs: Child | None
    own: Child
    cold: Child | None

    def own_s(self, kind: str) -> float | None:
        """CPU time of a later search of accelsim in s; None if there was none."""
        found = [record["cpu_s"] for record in self.own.records if record["kind"] == kind and "cpu_s" in record]
        return statistics.median(found[1:] or found) if found else None

    def own_pj(self, kind: str) -> float | None:
        """accelsim's optimum in pJ."""
        found = [record["energy_pj"] for record in self.own.records if record["kind"] == kind]
        if self.job.shape is None:
            return None if not found or self.own.stopped or self.own.error else float(sum(found))
        return found[0] if found else None

    def own_answer(self, kind: str) -> str:
        """Whether accelsim's answer is proven."""
        found = [record["proven"] for record in self.own.records if record["kind"] == kind]
        return "-" if not found else "proven" if all(found) else "searched"

    @property
    def defects(self) -> list[str]:
        """What must not be: a mapping that the peer's own beats."""
        found = []
        for kind, rules in zip(KINDS, ("the same rules", "any tile"), strict=True):
            own, other = self.own_pj(kind), [self.their_mapping_pj(other) for other in KINDS[: KINDS.index(kind) + 1]]
            if own is not None and any(theirs is not None and theirs < own * (1 - ROUNDING) for theirs in other):
                found.append(f"{rules}: the peer's mapping is better")
        return [f"{self.job.name}: {one}" for one in found]

    def their(self, kind: str) -> list[dict[str, Any]]:
        """The peer's finished searches of a kind, first to last."""
        return [record for record in self.theirs.records if record["kind"] == kind] if self.theirs else []

    def their_pj(self, kind: str) -> float | None:
        """The peer's optimum in pJ; of ZigZag's network, that of its layers with weights."""
        found = self.their(kind)
        if not found:
            return None
        if self.job.peer == "zigzag" and self.job.shape is None:
            return float(sum(layer["energy"] for layer in found[-1]["layers"] if layer["kind"] in ("Conv", "Gemm")))
        return float(found[-1]["energy"]) * self.job.unit_pj

    def their_mapping_pj(self, kind: str) -> float | None:
        """What accelsim charges for the mapping that the peer found, in pJ."""
        job, found = self.job, self.their(kind)
        if job.shape is None or not found:
            return None
        if job.peer == "accelforge":
            nest = from_accelforge(found[-1]["mapping"], job.shape)
        else:
            nest = from_zigzag(found[-1]["layers"][0]["mapping"], job.shape, job.chip)
        return energy_pj(job.chip, job.case(job.shape), nest)


def asked(chosen: list[Job], folder: Path, save: Path | None) -> dict[str, Child]:
    """Return what the peers say, by job."""
    answers = {}
    for job in chosen:
        python = python_of(job.peer, folder.absolute())
        print(f"{job.peer}: {job.name} ...", file=sys.stderr)
        answers[job.name] = ask(job.peer, python, {**job.asked, "runs": job.runs}, job.limit_s)
        if save:
            save.write_text(json.dumps({name: asdict(one) for name, one in answers.items()}, indent=1))
    return answers


def outcome(job: Job, theirs: Child | None, limit_s: float) -> Outcome:
    """Search a job in accelsim."""
    print(f"accelsim: {job.name} ...", file=sys.stderr)
    own, cold = run([sys.executable, OWN, job.name], limit_s), None
    if job.shape is None:
        program = COLD.format(here=str(Path(__file__).parent), name=job.name)
        cold = run([sys.executable, "-c", program], limit_s)
    for child in (own, cold):
        if child and child.error:
            print(f"accelsim: {job.name}: {child.error}", file=sys.stderr)
    return Outcome(job, theirs, own, cold)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path, metavar="DIR", help="where the peers' environments are, or will be")
    parser.add_argument("--only", default="", metavar="TEXT", help="jobs whose name contains it")
    parser.add_argument("--limit", type=float, default=120.0, metavar="S", help="stop each of accelsim's after S s")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write what the peers said")
    parser.add_argument("--peers", type=Path, metavar="FILE", help="read what the peers said instead of running them")
    arguments = parser.parse_args()
    chosen = [job for job in JOBS if arguments.only in job.name]
    if arguments.peers:
        answers = {name: Child(**one) for name, one in json.loads(arguments.peers.read_text()).items()}
    else:
        with tempfile.TemporaryDirectory() as temporary:
            answers = asked(chosen, arguments.env or Path(temporary), arguments.save)
    run([sys.executable, OWN, JOBS[0].name], COMPILING_S)  # compiles what is not compiled yet
    outcomes = [outcome(job, answers.get(job.name), arguments.limit) for job in chosen]
    print_times(outcomes)
    print_optima(outcomes)


def print_times(outcomes: list[Outcome]) -> None:
    """Print CPU times: the peer's, and accelsim's under its rules and free of them."""
    columns = ("first", "later", "any tile", "same rules", "any tile", "ratio")
    print(f"{'CPU time, one core':38} {'peer':10} {' '.join(f'{name:>10}' for name in columns)}")
    for one in outcomes:
        cells = _network_times(one) if one.cold else _layer_times(one)
        print(f"{one.job.name:38} {one.job.peer:10} {' '.join(f'{cell:>10}' for cell in cells)}")
    print(LEGEND)


def _layer_times(one: Outcome) -> list[str]:
    divisors = [record["cpu_s"] for record in one.their("divisors")]
    free = [record["cpu_s"] for record in one.their("free")]
    own_s = one.own_s("free")
    own = [_time(one.own_s("divisors")), _time(own_s)]
    if one.theirs is not None and not divisors:
        return [f"> {one.theirs.cpu_s:.0f} s", "-", "-", *own, _ratio(one.theirs.cpu_s, own_s, "> ")]
    theirs = [_time(found[0] if found else None) for found in (divisors, divisors[1:], free)]
    return [*theirs, *own, _ratio(divisors[-1] if divisors else None, own_s)]


def _network_times(one: Outcome) -> list[str]:
    assert one.cold is not None
    their_s = one.theirs.cpu_s if one.theirs else None
    least = "> " if one.theirs and not one.theirs.records else ""
    own_s = None if one.cold.error or one.cold.stopped else one.cold.cpu_s
    own = f"> {one.cold.cpu_s:.0f} s" if one.cold.stopped else _time(own_s)
    return [f"{least}{_time(their_s)}", "-", "-", "-", own, _ratio(their_s, own_s, least)]


def _ratio(theirs: float | None, own: float | None, least: str = "") -> str:
    if not (theirs and own):
        return "-"
    times = theirs / own
    return f"{least}{times:,.0f} x" if times >= 10 else f"{least}{times:.1f} x"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _uj(energy_pj: float | None) -> str:
    return "-" if energy_pj is None else f"{energy_pj * 1e-6:,.4f}"


def print_optima(outcomes: list[Outcome]) -> None:
    """Print the least energies in uJ, and what is not equal on both sides."""
    columns = ("peer", "costed here", "any tile", "costed here", "same rules", "answer", "any tile", "answer")
    print(f"{'least energy, uJ':38} {' '.join(f'{name:>13}' for name in columns)}")
    notes: dict[str, int] = {}
    for one in outcomes:
        theirs = [energy for kind in KINDS for energy in (one.their_pj(kind), one.their_mapping_pj(kind))]
        own = [cell for kind in KINDS for cell in (_uj(one.own_pj(kind)), one.own_answer(kind))]
        cells = " ".join(f"{cell:>13}" for cell in (*map(_uj, theirs), *own))
        marks = [notes.setdefault(note, len(notes) + 1) for note in one.job.differs.split("; ") if note]
        print(f"{one.job.name:38} {cells}  {' '.join(f'[{mark}]' for mark in marks)}".rstrip())
    print("The peer's optimum and what its mapping costs here, for tiles that divide and for any; then accelsim's own.")
    for note, mark in notes.items():
        print(f"[{mark}] {note}.")
    for one in outcomes:
        for defect in one.defects:
            print(f"NOTE: {defect}.")


if __name__ == "__main__":
    main()
