"""How far does a model's context go? Until its KV cache grows no more, or its positions end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.workload.network import Network

LONG = 2**20
"""A context longer than any window or learned table of positions."""


@dataclass(frozen=True)
class ContextLimits:
    """Where a model's context ends.

    Parameters
    ----------
    window : int
        Tokens after which the cache grows no more (sliding attention); 0 without such a limit.
    longest : int
        The longest context that the model takes (learned positions); 0 without such a limit.
    """

    window: int = 0
    longest: int = 0

    def cached(self, context: int) -> int:
        """Return the tokens that the cache holds at a context."""
        return min(context, self.window) if self.window else context

    def takes(self, context: int) -> bool:
        """Whether the model can run at a context."""
        return not self.longest or context <= self.longest


def context_limits(network: Network, reload: Callable[[int], Network] | None = None) -> ContextLimits:
    """Return the limits of a network's context; those that cannot be seen are taken not to exist.

    A sliding window shows in a pass whose context is longer than the tokens that it keeps, learned positions in a
    context that is refused.

    Parameters
    ----------
    network : Network
    reload : callable, optional
        Gives the same model at another context.
    """
    seen, longest = network, 0
    if network.kv_elements_per_token and reload is not None and "context" in network.options:
        try:
            seen = reload(LONG)
        except InputError:
            longest = _longest(reload, network.kv_tokens)
    context = seen.options.get("context", 0)
    window = seen.kv_tokens if isinstance(context, int) and 0 < seen.kv_tokens < context else 0
    return ContextLimits(window, longest)


def _longest(reload: Callable[[int], Network], works: int) -> int:
    """The longest context that loads: more than ``works`` may, `LONG` does not."""
    fails = LONG
    while fails - works > 1:
        middle = (works + fails) // 2
        try:
            reload(middle)
        except InputError:
            fails = middle
        else:
            works = middle
    return works
