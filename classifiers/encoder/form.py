"""What the form of a text says beside its embedding: ratios of `udfs.signals` that no language is needed for.

An encoder reads a few hundred tokens and blurs line ends, repetition and punctuation; these numbers are measured on all of the text
and cost a hundredth of the encoder's time. None of them grows with the length of a text: how long a page is says how it was sampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals import References, compute

Floats = NDArray[np.float64]

NAMES: Final = (
    "mean_word_chars",
    "codepoint_word_share",
    "max_word_chars",
    "mean_line_words",
    "hash_word_ratio",
    "ellipsis_word_ratio",
    "bullet_line_share",
    "ellipsis_line_share",
    "alpha_word_share",
    "dup_line_share",
    "dup_line_char_share",
    "dup_paragraph_share",
    "dup_paragraph_char_share",
    "top_2gram_char_share",
    "top_3gram_char_share",
    "top_4gram_char_share",
    "dup_5gram_char_share",
    "dup_7gram_char_share",
    "dup_10gram_char_share",
    "masked_dup_5gram_char_share",
    "dup_sentence_share",
    "terminal_line_share",
    "short_line_share",
    "one_word_line_share",
    "list_line_share",
    "stamped_line_share",
    "newline_word_ratio",
    "digit_char_share",
    "upper_char_share",
    "curly_char_share",
    "javascript_line_share",
    "policy_line_share",
    "unique_word_share",
    "word_entropy_bits",
    "mojibake_share",
    "consonant_word_share",
    "alnum_mix_word_share",
)
"""The signals, in the order of the features."""

_LANGUAGE: Final = "und"
_REACH: Final = 10.0


def measure(texts: Sequence[str]) -> Floats:
    """Return the features of texts, (texts, `NAMES`): the inverse hyperbolic sine of ten times each signal, 0 for what has none.

    Ten times a share is spread out around its middle, and large ratios are compressed as by a logarithm.
    """
    references = References()
    rows = np.zeros((len(texts), len(NAMES)))
    for row, text in zip(rows, texts, strict=True):
        found = compute(text, _LANGUAGE, (), references)
        row[:] = [found[name] for name in NAMES]
    made: Floats = np.arcsinh(_REACH * np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0))
    return made


def added(texts: Sequence[str], weights: Sequence[float] | Floats) -> list[float]:
    """Return what form adds to the log-odds of each text; 0 where the weights are none.

    Sums are exact before they are rounded: a product of matrices would round by how many texts there are.
    """
    if not len(weights):
        return [0.0] * len(texts)
    return [math.fsum(row) for row in (measure(texts) * np.asarray(weights)).tolist()]
