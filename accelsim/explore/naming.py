"""What are several results called that are asked about together?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accelsim.errors import InputError
from accelsim.simulation.result import Result


def named_results(results: Mapping[str, Result] | Sequence[Result] | Result) -> dict[str, Result]:
    """Return results by name, by default that of their scheme, and of their chip where there are several.

    Raises
    ------
    InputError
        There is none, a name stands twice, or an energy is unknown.
    """
    if isinstance(results, Mapping):
        found = dict(results)
    else:
        several = [results] if isinstance(results, Result) else list(results)
        chips = {one.chip.name for one in several}
        found = {}
        for one in several:
            name = f"{one.scheme.name} on {one.chip.name}" if len(chips) > 1 else one.scheme.name
            if name in found:
                raise InputError(
                    f"results must be told apart; {name} stands twice. Give a mapping of names to results."
                )
            found[name] = one
    if not found:
        raise InputError("there must be at least one result; got none.")
    for name, result in found.items():
        if result.energy_pj is None:
            raise InputError(
                f"the energy of {name} must be known; {result.chip.name} lacks the cost of an operation that it uses."
            )
    return found
