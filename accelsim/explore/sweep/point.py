"""What is one point of a sweep, and what does it cost? A job that any process can do, with its content key."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelsim.explore.sweep.outcome import Failure, Outcome, Value
from accelsim.hardware.chip import Chip
from accelsim.scheme import Scheme
from accelsim.simulation.estimate import estimate
from accelsim.simulation.requested import DEFAULT, Wanted
from accelsim.simulation.residency import GREEDY
from accelsim.simulation.result import Result
from accelsim.simulation.training import INFERENCE
from accelsim.workload.network import Network


@dataclass(frozen=True, eq=False)
class Job:
    """Everything that one estimate needs, resolved: no name is looked up and no file read any more.

    Parameters
    ----------
    network : Network
    chip : Chip
        With all overrides made.
    scheme : Scheme
    mapping, objective, keep_weights, residency, fuse, pass_
        As in `accelsim.simulation.estimate.estimate`.
    per_layer : bool
        Whether the outcome has one row per layer.
    """

    network: Network
    chip: Chip
    scheme: Scheme
    mapping: Wanted = DEFAULT
    objective: str = "energy"
    keep_weights: bool = False
    residency: str = GREEDY
    fuse: bool = False
    pass_: str = INFERENCE
    per_layer: bool = False

    def estimate(self) -> Result:
        """Return the full result of the job; raises as `accelsim.simulation.estimate.estimate` does."""
        return estimate(
            self.network, self.chip, self.scheme, mapping=self.mapping, objective=self.objective,
            keep_weights=self.keep_weights, residency=self.residency, fuse=self.fuse, pass_=self.pass_,
        )  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One combination of a sweep's values. Points with equal keys have equal outcomes, whatever they are called.

    Parameters
    ----------
    key : str
        Hash of the contents of everything that the outcome depends on, the code included, and of no names;
        64 hexadecimal digits. See `accelsim.explore.sweep.identity`.
    values : tuple of (axis, value)
        What the axes say of it: ("array.rows", 8).
    job : Job or None
        None where it could not be set up.
    failure : Failure or None
        Why it could not be set up.
    storable : bool
        Whether the key tells the version of the code: not where a file changed while the program ran.
    """

    key: str
    values: tuple[tuple[str, Value], ...] = field(default=(), compare=False)
    job: Job | None = field(default=None, compare=False, repr=False)
    failure: Failure | None = field(default=None, compare=False)
    storable: bool = field(default=True, compare=False)

    @property
    def label(self) -> str:
        """What the axes say of it, as text: "scheme=int8, array.rows=8"."""
        return ", ".join(f"{name}={value}" for name, value in self.values)


def evaluate(point: Point) -> Outcome:
    """Return what a point costs, or why it has no cost; only an interruption of the program is raised."""
    if point.job is None:
        return Outcome(failure=point.failure or Failure("InputError", "the point could not be set up."))
    try:
        return Outcome.of(point.job.estimate(), point.job.per_layer)
    except Exception as error:  # also a defect in one point must not cost the others
        return Outcome(failure=Failure.of(error))


__all__ = ["Failure", "Job", "Outcome", "Point", "evaluate"]
