"""Where does a Pareto front bend most: where does more of one metric stop buying much of another?

Every metric is brought to 0 (the best on the front) to 1 (the worst on it), on a logarithmic axis if asked
for. The knee is the point that lies farthest from the chord between the two ends, on the side of the ideal
corner; for m metrics the chord is the plane through the m unit points ::

    u_k = (v_k - best_k) / (worst_k - best_k),    distance = (1 - sum_k u_k) / sqrt(m)

Limits: it depends on where the front ends (one more extreme point moves it) and on the axes being linear
or logarithmic, not on units. A front of fewer than three different points, or one that bulges away from
the ideal corner everywhere, has no knee. It says where the trade changes, not what is wanted: for that
state a constraint (`accelsim.explore.queries`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

WIDE = 10.0
"""Ratio of the worst to the best of a metric from which its axis is logarithmic unless stated."""

FLAT = 1e-9


def knee(values: Floats, signs: Floats, log: bool | None = None) -> int | None:
    """Return the row of a front where it bends most; None where it does not.

    Parameters
    ----------
    values : array of shape (points, metrics)
        The points of a front.
    signs : array of shape (metrics,)
        1 where less is better, -1 where more is.
    log : bool, optional
        Whether distances are taken on logarithmic axes; by default on each that spans a factor of `WIDE`.
    """
    import numpy as np

    if values.shape[1] < 2 or len(np.unique(values, axis=0)) < 3 or not np.isfinite(values).all():
        return None
    shares = np.column_stack([_shares(own, sign, log) for own, sign in zip(values.T, signs, strict=True)])
    distance = (1 - shares.sum(axis=1)) / np.sqrt(values.shape[1])
    best = int(np.argmax(distance))
    return best if distance[best] > FLAT else None


def _shares(own: Floats, sign: float, log: bool | None) -> Floats:
    """Return one metric from 0 at its best to 1 at its worst; all 0 where it does not vary."""
    import numpy as np

    if own.min() > 0 and (log or (log is None and own.max() / own.min() >= WIDE)):
        own = np.log(own)
    costs = own * sign
    spread = costs.max() - costs.min()
    return (costs - costs.min()) / spread if spread else np.zeros_like(costs)
