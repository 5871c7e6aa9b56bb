"""Which real data can accuracy be measured on without a download? Handwritten digits that scikit-learn carries.

1797 gray images of 8 x 8 pixels in 17 shades, ten classes, written by 13 people: the test part of the original
set [1]_, which scikit-learn carries.

References
----------
.. [1] E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import UsageError

Images = NDArray[np.float32]
Labels = NDArray[np.int64]

CLASSES = 10
TEST_SHARE = 0.3
MISSING = "handwritten digits need scikit-learn, which is not installed; run: pip install 'accelsim[digits]'"
_SHADES = 16


@dataclass(frozen=True)
class Digits:
    """Images with labels, split in two.

    Parameters
    ----------
    train_images, test_images : ndarray of float32, (images, 1, 8, 8)
        0 to 1, in steps of 1/16.
    train_labels, test_labels : ndarray of int64
        0 to 9.
    seed : int
        What the split was drawn with.
    """

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    seed: int


def load_digits(seed: int = 0, test_share: float = TEST_SHARE) -> Digits:
    """Return the digits, split at random so that each class has the same share in both parts.

    Parameters
    ----------
    seed : int
        Equal seeds give equal splits; at least 0.
    test_share : float
        Share of the images that is kept for testing, above 0 and below 1. Of each class at least one image is on
        either side.

    Raises
    ------
    UsageError
        The seed or the share is out of range, or scikit-learn is not installed.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"a seed must be a whole number of at least 0; got {seed!r}.")
    if isinstance(test_share, bool) or not isinstance(test_share, int | float) or not 0 < test_share < 1:
        raise UsageError(f"the share of test images must be above 0 and below 1; got {test_share!r}.")
    images, labels = _stored()
    random = np.random.default_rng(seed)
    in_test = np.zeros(len(labels), dtype=bool)
    for digit in range(CLASSES):
        places = random.permutation(np.flatnonzero(labels == digit))
        count = min(max(round(test_share * len(places)), 1), len(places) - 1)
        in_test[places[:count]] = True
    return Digits(images[~in_test], labels[~in_test], images[in_test], labels[in_test], int(seed))


@lru_cache(maxsize=1)
def _stored() -> tuple[Images, Labels]:
    try:
        from sklearn import datasets
    except ImportError:
        raise UsageError(MISSING) from None
    found: Any = datasets.load_digits()
    images = np.ascontiguousarray(found.images[:, None] / _SHADES, dtype=np.float32)
    labels = np.ascontiguousarray(found.target, dtype=np.int64)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels
