"""The hashes of the words and tokens of short texts, such as the entries of lists."""

from __future__ import annotations

import numpy as np

from udfs.signals.kernels.compiled import Hashes
from udfs.signals.kernels.traits import folds, traits
from udfs.signals.kernels.words import scan
from udfs.words import codepoints

_EVERYWHERE = np.zeros(0, dtype=np.bool_)


def whole_hash(word: str) -> Hashes:
    """Return the hash of a text that is one word, of a script without blanks too; empty for a text that is not."""
    begins = np.zeros(len(word), dtype=np.bool_)
    hashes: Hashes = scan(codepoints(word), traits(), folds(), begins).hashes
    return hashes[:1]


def token_hashes(text: str) -> Hashes:
    """Return the hashes of the tokens of a text that listed words are looked up by: words, cut at the marks inside them."""
    hashes: Hashes = scan(codepoints(text), traits(), folds(), _EVERYWHERE).tokens
    return hashes
