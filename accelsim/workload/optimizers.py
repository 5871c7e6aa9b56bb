"""What does an optimizer do per parameter, and what does it keep? The update of a training step.

With the gradient g of a parameter w, and the usual constants folded into one another where they can be:

- sgd: w -= a*g; 1 multiply, 1 add; keeps nothing;
- momentum: v = m*v + g, w -= a*v; 2 multiplies, 2 adds; keeps v;
- adam: m = b1*m + (1 - b1)*g, v = b2*v + (1 - b2)*g*g, w -= a*m / (sqrt(v) + e), the bias corrections in a and e;
  6 multiplies, 4 adds, 1 square root, 1 divide; keeps m and v (Kingma and Ba, arXiv:1412.6980, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.errors import UsageError, did_you_mean
from accelsim.workload.vector import Ops, ops


@dataclass(frozen=True)
class Optimizer:
    """One rule of update.

    Parameters
    ----------
    name, title : str
    per_parameter : Ops
        Scalar operations for each parameter.
    states : int
        Values that it keeps for each parameter.
    """

    name: str
    title: str
    per_parameter: Ops
    states: int

    def operations(self, parameters: int) -> Ops:
        """Return the operations of one update of so many parameters."""
        return tuple((kind, count * parameters) for kind, count in self.per_parameter)


OPTIMIZERS = {
    one.name: one
    for one in (
        Optimizer("sgd", "SGD", ops(multiply=1, add=1), 0),
        Optimizer("momentum", "SGD with momentum", ops(multiply=2, add=2), 1),
        Optimizer("adam", "Adam", ops(multiply=6, add=4, sqrt=1, divide=1), 2),
    )
}


def optimizer_of(name: str) -> Optimizer:
    """Return the optimizer of a name, or raise UsageError with the nearest one."""
    if name not in OPTIMIZERS:
        hint = did_you_mean(name, OPTIMIZERS) or "."
        raise UsageError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {name!r}{hint}")
    return OPTIMIZERS[name]
