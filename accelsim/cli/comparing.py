"""Which comparison do the options of ``compare`` and ``report`` ask for?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.cli.options import chip_of, names, network_of
from accelsim.cli.training import training_of

if TYPE_CHECKING:
    from accelsim.explore.compare import Comparison
    from accelsim.workload.network import Network


def comparison_of(
    workload: str,
    profiles: str,
    schemes: str,
    reference: str | None,
    fuse: bool,
    keep_weights: bool,
    pass_: str,
    optimizer: str | None,
    gradients: str | None,
    states: str | None,
    batch: int | None,
    options: Sequence[str],
    mapping: str,
    objective: str,
    overrides: Sequence[str],
    what_if: bool,
) -> tuple[Network, Comparison]:
    """Return the network and how it compares, from the options as they were given.

    Raises
    ------
    InputError, UsageError, UnsupportedError
        As loading and `accelsim.explore.compare.compare` raise them: of names first, then the network, then chips.
    """
    wanted = names(schemes, "--schemes")
    network = network_of(workload, batch, options)
    chips = [chip_of(profile, overrides, what_if) for profile in names(profiles, "--on")]
    from accelsim.explore.compare import compare

    return network, compare(
        network,
        chips,
        wanted,
        reference,
        mapping=mapping,
        objective=objective,
        keep_weights=keep_weights,
        fuse=fuse,
        pass_=pass_,
        training=training_of(pass_, optimizer=optimizer, gradients=gradients, states=states),
    )
