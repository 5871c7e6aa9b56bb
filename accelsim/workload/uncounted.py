"""Is everything of a model counted? What ``--strict`` asks."""

from __future__ import annotations

from accelsim.errors import UnsupportedError
from accelsim.workload.network import Network

SHOWN = 6


def require_counted(network: Network) -> None:
    """Refuse a network with operators that are not understood.

    Raises
    ------
    UnsupportedError
        It has some; they are named with count and share of all operators.
    """
    if not network.uncounted:
        return
    more = len(network.uncounted) - SHOWN
    rest = f" and {more} more" if more > 0 else ""
    raise UnsupportedError(
        f"strict asks that every operator be counted; {network.name} has {', '.join(network.uncounted[:SHOWN])}{rest}."
    )
