"""What goes into the compiled kernel and comes out of it; the fields are part of its cached signature."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64]


class Plan(NamedTuple):
    """What is computed: the settings as whole numbers and the functions ``a*x + b`` (mod 2^64) whose high 32 bits count."""

    ngram: int
    max_tokens: int
    sha1: bool
    factors: Hashes
    terms: Hashes


class Texts(NamedTuple):
    """UTF-8 texts: text i is ``data[starts[i]:ends[i]]``, read by the entries ``folds``."""

    data: Bytes
    starts: Offsets
    ends: Offsets
    folds: Words


class Results(NamedTuple):
    """What is filled, one row a text, all zero for a text without a token.

    ``exact`` (n, 2); ``n_shingles`` (n,), or `udfs.sketch.kernel.NOT_READ`; ``bands`` (n, bands); ``signature`` (n, m), low eight
    bits of the minima; and ``lowest`` (m,), the minima of the text that was read last.
    """

    exact: Hashes
    n_shingles: Offsets
    bands: Hashes
    signature: Bytes
    lowest: Hashes
