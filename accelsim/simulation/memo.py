"""What has this process computed before, and how is it forgotten? Mappings and layers, which estimates look up again.

They are kept by chip, layer and formats, so that nothing is computed twice while a chip is looked at; a process that
goes on to another chip needs none of them any more.
"""

from __future__ import annotations

from accelsim.search import heuristic, store
from accelsim.simulation import mac_layer


def forget() -> None:
    """Forget all mappings and layers; the next estimate finds the searched ones on disk, if there is a cache."""
    for known in (heuristic._chosen, store._known, mac_layer._costed):
        known.clear()
