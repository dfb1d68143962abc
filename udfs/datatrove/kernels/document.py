"""All values of one document in one compiled call."""

from __future__ import annotations

import numpy as np

from udfs.datatrove.kernels.blocks import block_values
from udfs.datatrove.kernels.compiled import Values, compiled
from udfs.datatrove.kernels.lines import MIN_WORDS, line_values, split_lines
from udfs.datatrove.kernels.words import Words, ngrams, word_values
from udfs.words import Flags, Offsets, Points


@compiled
def fill(points: Points, words: Words, sentences: Offsets, table: Flags, row: Values) -> None:
    """Write every value of one document into ``row`` (see `udfs.datatrove.measure`)."""
    row[:] = np.nan
    n_words = len(words[1])
    block_values(points, table, n_words, row)
    line_values(points, split_lines(points, table, MIN_WORDS), sentences, n_words, row)
    hashes, any_blank = word_values(words, table, row)
    if len(points):
        ngrams(words, hashes, any_blank, len(points), row)
