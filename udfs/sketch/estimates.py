"""What sketches say about pairs of documents: similarity from signatures and from shingles, and the curve of the bands."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.sketch.hashing import Hashes

_CHANCE: Final = 1 / 256
"""Share of unequal minima whose eight kept bits agree."""


def similarity(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Estimate the Jaccard similarity of pairs of documents from their signatures.

    Parameters
    ----------
    first, second : ndarray of uint8, shape (n, m)
        Signatures of n pairs, one a row (``np.frombuffer(signature, np.uint8)``), made under the same settings.

    Returns
    -------
    ndarray of float64
        The share of agreeing values, freed of the 1/256 that agrees by chance since eight bits are kept, 0-1. Its
        standard error is ``sqrt(j (1 - j) / m)``: 0.04 at 0.75 with 120 values.
    """
    agreeing = np.count_nonzero(first == second, axis=1) / first.shape[1]
    estimate: NDArray[np.float64] = np.clip((agreeing - _CHANCE) / (1 - _CHANCE), 0.0, 1.0)
    return estimate


def s_curve(jaccard: float, bands: int, rows: int) -> float:
    """Return the probability that two documents of a given Jaccard similarity share a band key."""
    return float(1 - (1 - jaccard**rows) ** bands)


def shingle_jaccard(first: Hashes, second: Hashes, most: int) -> float:
    """Return the Jaccard similarity of two documents from their smallest shingle hashes (bottom-k sketches).

    Up to the largest hash of a set that was cut, both documents are known in full; the similarity of these parts estimates
    that of the whole without bias to speak of (Cohen and Kaplan 2007), with a standard error of ``sqrt(j (1 - j) / most)``.
    When both sets are whole, that is shorter than ``most``, it is exact.

    Parameters
    ----------
    first, second : ndarray of uint64
        From `udfs.sketch.shingle_hashes` under the same settings: ascending, distinct, the ``most`` smallest at most.
    most : int
        Length from which a set counts as cut.

    Returns
    -------
    float
        0-1; 0 when a document has no shingle, since such a document is nobody's duplicate.
    """
    limit = min([hashes[-1] for hashes in (first, second) if len(hashes) >= most], default=None)
    if limit is not None:
        first, second = (hashes[: np.searchsorted(hashes, limit, side="right")] for hashes in (first, second))
    if not len(first) or not len(second):
        return 0.0
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (len(first) + len(second) - shared)
