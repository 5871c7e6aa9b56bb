"""Which points does a sweep have? Every combination of its axes, resolved; what cannot be set up says why."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from accelsim.cache import key_of
from accelsim.errors import AccelsimError, UnsupportedError, UsageError
from accelsim.explore.sweep.axis import Setting
from accelsim.explore.sweep.chips import Chips
from accelsim.explore.sweep.identity import Parts, key, version
from accelsim.explore.sweep.mappings import portable
from accelsim.explore.sweep.outcome import Failure, Value
from accelsim.explore.sweep.point import Job, Point
from accelsim.explore.sweep.question import Sweep
from accelsim.scheme import FROM_MODEL, Scheme, parse_scheme
from accelsim.simulation.estimate import check_objective
from accelsim.simulation.requested import request
from accelsim.simulation.residency import HOW
from accelsim.simulation.training import check_pass
from accelsim.workload.catalog import load_workload
from accelsim.workload.network import Network

Chosen = Mapping[str, int]
"""Which value of every parameter a point has, by its number."""


def set_up(sweep: Sweep) -> tuple[Point, ...]:
    """Return the points of a sweep; see `Sweep.points`."""
    bench = _Bench(sweep)
    fixed = {one.name: 0 for one in sweep.fixed}
    labels = {one.name: one.labels for axis in sweep.axes for one in axis.settings}
    points = []
    for steps in product(*(range(len(axis)) for axis in sweep.axes)):
        varied = {one.name: step for axis, step in zip(sweep.axes, steps, strict=True) for one in axis.settings}
        values = tuple((name, labels[name][step]) for name, step in varied.items())
        points.append(bench.point({**fixed, **varied}, values))
    bench.check(points)
    return tuple(points)


class _Bench:
    """Sets up points; whatever several share is loaded, checked and hashed once."""

    def __init__(self, sweep: Sweep) -> None:
        self.settings = {one.name: one for one in sweep.settings}
        self.chips = Chips(self.settings, sweep.what_if)
        self.per_layer = sweep.per_layer
        self.parts = Parts()
        self.version = version()
        self.first: AccelsimError | None = None
        self._networks: dict[tuple[int, ...], Network | AccelsimError] = {}
        self._schemes: dict[tuple[int, int], Scheme | AccelsimError] = {}
        self._named = _named_schemes(self.settings["scheme"])
        self.options = [name for name, one in self.settings.items() if one.parameter.kind == "option"]
        self.plain = {
            name: _plain(one) for name, one in self.settings.items()
            if one.parameter.kind == "plain" and name not in _LOADED
        }  # fmt: skip

    def point(self, chosen: Chosen, values: tuple[tuple[str, Value], ...]) -> Point:
        """Return the point of some values."""
        try:
            network, chip = self.network(chosen), self.chips.chip(chosen)
            rest = {_FIELD.get(name, name): found[chosen[name]] for name, found in self.plain.items()}
            job = Job(network, chip, self.scheme(chosen, network), **rest, per_layer=self.per_layer)
        except AccelsimError as error:
            self.first = self.first or error
            failure = Failure.of(error)
            return Point(key_of("not set up", failure), values, None, failure, storable=False)
        return Point(key(job, self.parts, self.version), values, job, None, self.version is not None)

    def network(self, chosen: Chosen) -> Network:
        """Return the workload with its batch and options."""
        names = ["workload", *(["batch"] if "batch" in self.settings else []), *self.options]
        mark = tuple(chosen[name] for name in names)
        if mark not in self._networks:
            self._networks[mark] = self._loaded(chosen)
        found = self._networks[mark]
        if isinstance(found, AccelsimError):
            raise found
        return found

    def _loaded(self, chosen: Chosen) -> Network | AccelsimError:
        given, where = self._value("workload", chosen)
        options = {name: self._value(name, chosen)[0] for name in self.options}
        batch = self._value("batch", chosen)[0] if "batch" in self.settings else None
        if isinstance(given, Network):
            if options or batch is not None:
                return UsageError("batch and options need a workload's name or file; got a Network.", where=where)
            return given
        try:
            return load_workload(given, batch, **options)
        except AccelsimError as error:
            for name in self.options:
                if f"'{name}'" in error.message or f"option {name} " in error.message:
                    where = self._value(name, chosen)[1] or error.where
            return type(error)(error.message, where=error.where or where)

    def _check_name(self, given: Any, where: str | None) -> None:
        """Refuse a workload that nothing has; one that only does not take the options has failed points."""
        try:
            load_workload(given)
        except AccelsimError as error:
            raise type(error)(error.message, where=error.where or where) from None

    def scheme(self, chosen: Chosen, network: Network) -> Scheme:
        """Return the scheme, read once, or once for every model if the model states it."""
        step = chosen["scheme"]
        named = self._named[step]
        if named is not None:
            return named
        mark = step, id(network)
        if mark not in self._schemes:
            try:
                self._schemes[mark] = parse_scheme(FROM_MODEL, network)
            except AccelsimError as error:
                self._schemes[mark] = type(error)(error.message, where=error.where or self._value("scheme", chosen)[1])
        one = self._schemes[mark]
        if isinstance(one, AccelsimError):
            raise one
        return one

    def _value(self, name: str, chosen: Chosen) -> tuple[Any, str | None]:
        one, step = self.settings[name], chosen[name]
        return one.values[step], one.place(step)

    def check(self, points: list[Point]) -> None:
        """Refuse a sweep of which nothing can be set up, and names that stand for nothing."""
        if self.first is not None and all(point.job is None for point in points):
            raise self.first
        loaded = {mark[0] for mark, found in self._networks.items() if isinstance(found, Network)}
        for step, given in enumerate(self.settings["workload"].values):
            if step not in loaded and not isinstance(given, Network):
                self._check_name(given, self.settings["workload"].place(step))
        self.chips.check_words()
        job = next(point.job for point in points if point.job is not None)
        mapping = self.settings["mapping"]
        for step, value in enumerate(self.plain["mapping"]):
            if isinstance(value, str):
                try:
                    request(value, job.chip, job.network)
                except UnsupportedError:
                    continue
                except UsageError as error:
                    raise UsageError(error.message, where=mapping.place(step)) from None


_LOADED = ("workload", "profile", "scheme", "batch")
"""Plain parameters that are names of what has to be loaded, or part of it."""

_FIELD = {"pass": "pass_"}
"""Fields of a job that are called otherwise than the parameter."""


def _named_schemes(one: Setting) -> list[Scheme | None]:
    """Return the schemes, read once; None for one that every model states for itself."""
    found: list[Scheme | None] = []
    for step, given in enumerate(one.values):
        stated = isinstance(given, str) and given.strip().lower() == FROM_MODEL
        try:
            found.append(None if stated else parse_scheme(given))
        except AccelsimError as error:
            raise type(error)(error.message, where=error.where or one.place(step)) from None
    return found


def _plain(one: Setting) -> tuple[Any, ...]:
    """Values of a parameter that needs nothing else to be understood, checked."""
    found = []
    for step, value in enumerate(one.values):
        try:
            found.append(_checked(one.name, value))
        except AccelsimError as error:
            raise type(error)(error.message, where=error.where or one.place(step)) from None
    return tuple(found)


def _checked(name: str, value: Any) -> Any:
    if name == "objective":
        return check_objective(value)
    if name == "pass":
        return check_pass(value)
    if name == "residency" and value not in HOW:
        raise UsageError(f"residency must be {' or '.join(HOW)}; got {value!r}.")
    if name == "mapping":
        return portable(value)
    return value
