"""Which blocks does a stack have, whether they stand as one run of equal ones or as several?

Transformers are built as one block that repeats. An importer that knows of differences writes the block
once for every run of equal ones (``layers_0.``, ``layers_1_78.``); here such runs are put together
again to one block, and what each of the blocks states.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from accelsim.workload.importers.huggingface.formats import BLOCK, write_runs
from accelsim.workload.layer import Layer
from accelsim.workload.network import Network
from accelsim.workload.stated import Stated

_RUN = re.compile(r"layers_\d+(?:_\d+)?\.")


@dataclass(frozen=True)
class Stack:
    """A network taken apart.

    Parameters
    ----------
    network : Network
    before, after : tuple of Layer
        Outside the blocks; they speak of the block's layers as ``layers.NAME``.
    block : tuple of Layer
        One block, its layers called ``layers.NAME``, each with ``repeat`` 1.
    stated : tuple of tuple
        For each block the formats of each of its layers.
    """

    network: Network
    before: tuple[Layer, ...]
    block: tuple[Layer, ...]
    after: tuple[Layer, ...]
    stated: tuple[tuple[Stated | None, ...], ...]

    @classmethod
    def of(cls, network: Network) -> Stack:
        """Return the stack that a network is; one without blocks has none."""
        plain = [replace(one, name=_plain(one.name), inputs=tuple(map(_plain, one.inputs))) for one in network.layers]
        inside = [place for place, one in enumerate(plain) if one.name.startswith(BLOCK)]
        if not inside:
            return cls(network, tuple(plain), (), (), ())
        names = list(dict.fromkeys(plain[place].name for place in inside))
        size, start = len(names), inside[0]
        stated = [
            tuple(one.stated for one in plain[place : place + size])
            for place in range(start, inside[-1] + 1, size)
            for _ in range(plain[place].repeat)
        ]
        block = tuple(replace(one, repeat=1, stated=None) for one in plain[start : start + size])
        return cls(network, tuple(plain[:start]), block, tuple(plain[inside[-1] + 1 :]), tuple(stated))

    def rebuilt(
        self, before: Sequence[Layer], stated: Sequence[tuple[Stated | None, ...]], after: Sequence[Layer]
    ) -> Network:
        """Return the network with other formats: one run for all blocks that are alike and stand together."""
        if not self.block:
            return replace(self.network, layers=(*before, *after))
        runs = [(own, len(list(run))) for own, run in groupby(stated)]
        written, last = write_runs(self.block, runs)
        end = self.block[-1].name
        behind = [replace(one, inputs=tuple(last if name == end else name for name in one.inputs)) for one in after]
        return replace(self.network, layers=(*before, *written, *behind))


def _plain(name: str) -> str:
    return _RUN.sub(BLOCK, name, count=1) if _RUN.match(name) else name
