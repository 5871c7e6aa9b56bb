"""How long does a mapping take if its tiles are moved one by one? The oracle of docs/memory-time.md, by events.

The interpreter says which words each step of the nest fills, reads, drains and updates; here every such
transfer becomes an event that waits for its source, its slot and its ports. No formula of the engine is used.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from accelsim.hardware.chip import Chip
from accelsim.mapping import interpreter
from accelsim.mapping.nest import Hierarchy, Nest
from accelsim.workload.shape import Shape

Bits = dict[tuple[str, str], float]


@dataclass(eq=False)
class Event:
    """Something that takes ports for a time: a step of the MACs, the move of a tile, or (without work) a gate.

    Parameters
    ----------
    work : dict of port to float
        Cycles that each port it needs would take alone.
    due : int
        The first step that waits for it.
    after : list of Event
        What must be over before it starts.
    """

    name: tuple[str, ...]
    order: tuple[int, ...]
    due: int
    work: dict[str, float] = field(default_factory=dict)
    after: list[Event] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Simulation:
    """Cycles in all, and those in which no step computes, by what they wait for (level, operand)."""

    cycles: float
    stalls: dict[tuple[str, ...], float]


@dataclass(frozen=True)
class Widths:
    """Bits of a word: W and I by level, partial sums, finished outputs."""

    inputs: Bits
    partial: float
    finished: float


class Transfers:
    """The words that each step moves between the nodes of a mapping, executed by the interpreter's boxes."""

    def __init__(self, shape: Shape, nest: Nest) -> None:
        self.run = interpreter._Run.of(shape, nest)
        self.steps = len(self.run.steps)
        self.chains = {operand: self.run.chain(operand) for operand in "WIO"}
        self.moved: dict[tuple[str, str], list[Counter]] = {}
        self.starts: dict[tuple[str, str], list[int]] = {}
        for operand in "WI":
            for parent, child in pairwise(self.chains[operand]):
                self._fetch(parent, child)
        self._accumulate()
        self.fed = [self._feed(number) for number in range(self.steps)]

    def _fetch(self, parent, child) -> None:
        run, key = self.run, (child.level, child.operand)
        held = dict.fromkeys(run.instances(child), frozenset())
        self.moved[key], self.starts[key] = [], []
        for number, step in enumerate(run.steps):
            boxes = {instance: run.box(child, step[: child.temporal], instance) for instance in held}
            if number and boxes == held:
                continue
            words, wanted = Counter(), defaultdict(set)
            for instance, box in boxes.items():
                words["fills"] += len(box - held[instance])
                wanted[parent.instance(instance)] |= box - held[instance]
            words["reads"] = sum(map(len, wanted.values()))
            held = boxes
            self.starts[key].append(number)
            self.moved[key].append(words)

    def _accumulate(self) -> None:
        run, nodes = self.run, self.chains["O"]
        timelines = [interpreter._stays(run, node) for node in nodes]
        before = [{} for _ in nodes]
        self.summed: list[Counter] = []
        for node in nodes[1:]:
            self.moved[node.level, "O"], self.starts[node.level, "O"] = [], []
        for number in range(self.steps + 1):
            last = number == self.steps
            now = [{} if last else timeline[number] for timeline in timelines]
            links = list(pairwise(range(len(nodes))))
            starts = {down: now[down] is not before[down] and self._boxes(now[down]) != self._boxes(before[down])
                      for _, down in links}  # fmt: skip
            tallies = {down: Counter() for _, down in links}
            for up, down in reversed(links):
                interpreter._drain(run, nodes[up], nodes[down], before[up], before[down], now[down], tallies[down])
            for up, down in links:
                if not last:
                    interpreter._return(nodes[up], nodes[down], now[up], before[down], now[down], tallies[down])
            for up, down in links:
                if starts[down] or last:
                    key = nodes[down].level, "O"
                    if not last:
                        self.starts[key].append(number)
                    self.moved[key].append(self._words(nodes[up].level, nodes[down].level, tallies[down]))
                else:
                    assert not tallies[down]
            if not last:
                summed = Counter()
                interpreter._multiply(run, nodes[-1], now[-1], run.operations[number], summed)
                self.summed.append(summed)
            before = now

    @staticmethod
    def _boxes(stays) -> dict:
        return {instance: stay.box for instance, stay in stays.items()}

    @staticmethod
    def _words(up: str, down: str, tally: Counter) -> Counter:
        return Counter({
            "drains_partial": tally[down, "O", "drains_partial"], "drains_final": tally[down, "O", "drains_final"],
            "updates_partial": tally[up, "O", "updates_partial"], "updates_final": tally[up, "O", "updates_final"],
            "fills": tally[down, "O", "fills"], "reads": tally[up, "O", "reads"],
        })  # fmt: skip

    def _feed(self, number: int) -> Counter:
        """Words that the MACs read and write at one step, by (level, operand, action)."""
        run, working, words = self.run, self.run.operations[number], Counter()
        for operand in "WI":
            node = self.chains[operand][-1]
            wanted = {(node.instance(mac), interpreter._word(run.shape, operand, at)) for mac, at in working.items()}
            words[node.level, operand, "read"] = sum(word is not None for _, word in wanted)
        return words


def simulate(shape: Shape, nest: Nest, hierarchy: Hierarchy, chip: Chip, widths: Widths, rate: float) -> Simulation:
    """Run a mapping event by event; ``rate`` is MACs per PE and cycle."""
    nest.check(shape, hierarchy)
    return _Machine(shape, nest, chip, widths, rate).go()


class _Machine:
    def __init__(self, shape: Shape, nest: Nest, chip: Chip, widths: Widths, rate: float) -> None:
        self.chip, self.widths = chip, widths
        self.levels = {level.name: level for level in chip.levels}
        self.used = dict.fromkeys(self.levels, 1)
        bounds = zip(nest.loops, nest.bounds(shape), strict=True)
        by_fanout = Counter()
        for loop, bound in bounds:
            if loop.fanout is not None:
                by_fanout[loop.fanout] = max(by_fanout[loop.fanout], 1) * bound
        for level in chip.levels:
            for fanout in chip.fanouts[: level.depth]:
                self.used[level.name] *= max(1, by_fanout[fanout.name])
        self.moves = Transfers(shape, nest)
        self.events: list[Event] = []
        self.gates: list[Event] = []
        self.steps: list[Event] = []
        self._compute(rate)
        self.drains: dict[tuple[str, str], list[Event]] = {}
        self.fills: dict[tuple[str, str], list[Event]] = {}
        links = [(operand, *link) for operand in "WI" for link in pairwise(self.moves.chains[operand])]
        names = [level.name for level in chip.levels]
        for operand, parent, child in sorted(links, key=lambda link: -names.index(link[2].level)):
            self._inputs(parent.level, child.level, operand)
        for parent, child in pairwise(self.moves.chains["O"]):
            self._outputs(parent.level, child.level)
        self._outward()

    # ---- what there is to do -------------------------------------------------------------------

    def _event(self, name: tuple[str, ...], due: int, work=None, after=(), drain=False) -> Event:
        event = Event(name, self._rank(name, drain), due, work or {}, list(after), dict(work or {}))
        self.events.append(event)
        return event

    def _rank(self, name: tuple[str, ...], drain: bool) -> tuple[int, int, int]:
        """Of what is due at one time: drains from inside out, then fills from outside in."""
        place = [level.name for level in self.chip.levels].index(name[0]) if len(name) > 1 else 0
        return (0, place, 0) if drain else (1, -place, "WIO".index(name[1]) if len(name) > 1 else 0)

    def _ports(self, moves) -> dict[str, float]:
        """Cycles on every port of (level, direction, bits)."""
        work: Counter = Counter()
        for name, direction, bits in moves:
            level = self.levels[name]
            width = level.read_bits_per_cycle if direction == "read" else level.write_bits_per_cycle
            if width and bits:
                port = name if level.shared_port else f"{name} {direction}"
                work[port] += bits / (width * level.efficiency.value * self.used[name])
        return dict(work)

    def _compute(self, rate: float) -> None:
        widths, output = self.widths, self.moves.chains["O"][-1].level
        for number in range(self.moves.steps):
            before = self.steps[-1:]
            gate = self._event(("gate",), number, after=before)
            fed = [
                (level, "read", words * widths.inputs[level, operand])
                for (level, operand, _), words in self.moves.fed[number].items()
            ]
            fed += [
                (output, way, self.moves.summed[number][output, "O", action] * widths.partial)
                for way, action in (("read", "reads"), ("write", "updates_partial"))
            ]
            step = self._event(("compute",), number, {"MACs": 1 / rate, **self._ports(fed)}, [gate])
            self.gates.append(gate)
            self.steps.append(step)

    def _inputs(self, parent: str, child: str, operand: str) -> None:
        key, widths = (child, operand), self.widths.inputs
        starts, single = self.moves.starts[key], self.levels[child].buffering == "single"
        fills = self.fills[key] = []
        for number, (start, words) in enumerate(zip(starts, self.moves.moved[key], strict=True)):
            after = [*fills[-1:], *self._source((parent, operand), start)]
            if not number:
                after += self._outside(child)
            if number:
                after.append(self.steps[start - 1] if single else self.gates[starts[number - 1]])
            work = self._ports([
                (parent, "read", words["reads"] * widths[parent, operand]),
                (child, "write", words["fills"] * widths[child, operand]),
            ])  # fmt: skip
            fills.append(self._event(key, start, work, after))
            self.gates[start].after.append(fills[-1])

    def _outside(self, level: str) -> list[Event]:
        """The first boxes of the levels outside one: at the beginning, levels fill one after another."""
        names = [other.name for other in self.chip.levels]
        outer = names[names.index(level) + 1 :]
        return [fills[0] for (name, _), fills in self.fills.items() if name in outer]

    def _source(self, key: tuple[str, str], step: int) -> list[Event]:
        """The move that brought the box that a node holds at a step."""
        if key not in self.fills:
            return []
        number = sum(start <= step for start in self.moves.starts[key]) - 1
        return [self.fills[key][number]]

    def _outputs(self, parent: str, child: str) -> None:
        key, widths = (child, "O"), self.widths
        starts, moved = self.moves.starts[key], self.moves.moved[key]
        behind = 1 if self.levels[child].buffering == "single" else 2
        fills, drains = self.fills.setdefault(key, []), self.drains.setdefault(key, [])
        ends = [*starts[1:], self.moves.steps]
        for number, start in enumerate(starts):
            words = moved[number]
            slot = drains[number - behind : number - behind + 1] if number >= behind else []
            after = [*fills[-1:], *self._source((parent, "O"), start), *slot]
            if number:
                after.append(self.steps[start - 1] if behind == 1 else self.gates[starts[number - 1]])
            work = self._ports([
                (parent, "read", words["reads"] * widths.partial), (child, "write", words["fills"] * widths.partial)
            ])  # fmt: skip
            fills.append(self._event(key, start, work, after))
            self.gates[start].after.append(fills[-1])
            words, end = moved[number + 1], ends[number]
            work = self._ports([
                (child, "read", words["drains_partial"] * widths.partial + words["drains_final"] * widths.finished),
                (parent, "write", words["updates_partial"] * widths.partial + words["updates_final"] * widths.finished),
            ])  # fmt: skip
            drains.append(self._event(key, self.moves.steps, work, [*drains[-1:], self._swapped(child, end)], True))

    def _swapped(self, level: str, end: int) -> Event:
        """What a box of outputs waits for before it leaves: the swap of the slots, or the last step."""
        chain = [node.level for node in self.moves.chains["O"][1:]]
        outside = [name for name in chain[: chain.index(level) + 1] if end in self.moves.starts[name, "O"]]
        at_once = end == self.moves.steps or any(self.levels[name].buffering == "single" for name in outside)
        return self.steps[end - 1] if at_once else self.gates[end]

    def _outward(self) -> None:
        """A box of outputs leaves a level when the last box inside it has arrived there."""
        for parent, child in pairwise(self.moves.chains["O"][1:]):
            outer, inner = (parent.level, "O"), (child.level, "O")
            ends = [*self.moves.starts[outer][1:], self.moves.steps]
            for number, end in enumerate(ends):
                last = sum(start < end for start in self.moves.starts[inner]) - 1
                self.drains[outer][number].after.append(self.drains[inner][last])

    # ---- doing it --------------------------------------------------------------------------------

    def go(self) -> Simulation:
        waiting, then = {}, defaultdict(list)
        for event in self.events:
            waiting[event] = len(event.after)
            for other in event.after:
                then[other].append(event)
        self._hurry(waiting, then)
        ready = [event for event, count in waiting.items() if not count]
        now, stalls = 0.0, Counter()
        done = 0
        while ready:
            ready.sort(key=lambda event: (event.due, event.order))
            over = [event for event in ready if not event.left]
            if not over:
                served = _served(ready)
                time = min(event.left[port] for port, event in served.items())
                if not any(event.name == ("compute",) for event in ready):
                    stalls[next(event.name for event in ready if event in served.values())] += time
                now += time
                for port, event in served.items():
                    event.left[port] -= time
                    if event.left[port] <= 1e-12:
                        del event.left[port]
                over = [event for event in ready if not event.left]
            for event in over:
                done += 1
                ready.remove(event)
                for other in then[event]:
                    waiting[other] -= 1
                    if not waiting[other]:
                        ready.append(other)
        assert done == len(self.events), "events wait for each other"
        return Simulation(now, dict(stalls))

    def _hurry(self, waiting, then) -> None:
        """Give every event the due time of the first step that waits for it, be it through others."""
        count = dict.fromkeys(self.events, 0)
        for event in self.events:
            count[event] = len(then[event])
        free = [event for event in self.events if not count[event]]
        while free:
            event = free.pop()
            for other in event.after:
                other.due = min(other.due, event.due)
                count[other] -= 1
                if not count[other]:
                    free.append(other)


def _served(ready: list[Event]) -> dict[str, Event]:
    """Every port serves, of the events that still need it, the one that is wanted first."""
    served: dict[str, Event] = {}
    for event in ready:
        for port in event.left:
            served.setdefault(port, event)
    return served
