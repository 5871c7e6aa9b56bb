"""Can a chip run a mapping that somebody wrote, and if not, which line is wrong?"""

from __future__ import annotations

from accelsim.errors import AccelsimError, InputError
from accelsim.hardware.chip import Chip
from accelsim.mapping.nest import Hierarchy, Keep, Loop, Nest
from accelsim.workload.shape import DIMS, Shape


def check_given(nest: Nest, shape: Shape, chip: Chip) -> None:
    """Refuse a nest that is no mapping of a layer, or that the chip cannot run.

    Raises
    ------
    InputError
        It is not well formed (see `Nest.check`), a level keeps an operand that it does not hold, or a
        dimension runs across a fan-out that does not carry it.
    InfeasibleError
        Spatial loops need more instances than a fan-out has.
    """
    nest.check(shape, Hierarchy(*chip.hierarchy))
    carries = {fanout.name: fanout.dims or frozenset(DIMS) for fanout in chip.fanouts}
    for line in nest.lines:
        if isinstance(line, Keep):
            holds = chip.level(line.level).holds
            for operand in line.operands:
                if operand not in holds:
                    raise InputError(f"{line.level} of {chip.name} holds {' '.join(holds)}; it cannot keep {operand}.")
        elif line.fanout is not None and line.dim not in carries[line.fanout]:
            allowed = " ".join(dim for dim in DIMS if dim in carries[line.fanout])
            raise InputError(f"{line.fanout} of {chip.name} carries {allowed}; {line.dim} cannot run across it.")


def first_wrong(nest: Nest, shape: Shape, chip: Chip) -> tuple[int | None, AccelsimError] | None:
    """Return the first line that makes a nest wrong, and why; no number if all together do; None for a good nest."""
    for count in range(1, len(nest.lines) + 1):
        lines = nest.lines[:count]
        left = shape.extents | {line.dim: line.tile for line in lines if isinstance(line, Loop)}
        rest = tuple(Loop(dim, 1) for dim, tile in left.items() if dim in DIMS and tile != 1)
        try:
            check_given(Nest((*lines, *rest)), shape, chip)
        except AccelsimError as error:
            return count - 1, error
    try:
        check_given(nest, shape, chip)
    except AccelsimError as error:
        return None, error
    return None
