"""All that the kernels of this folder measure on a document, in one call."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.catalogue import DUP_N, TOP_N
from udfs.signals.kernels.compiled import Hashes, Places, compiled
from udfs.signals.kernels.garble import SUSPECT, wrecked_chars
from udfs.signals.kernels.lines import line_counts
from udfs.signals.kernels.repetition import LONGEST, ngram_chars, repeated_chars, sentences, vocabulary
from udfs.signals.kernels.skeletons import stamp_numbers
from udfs.signals.kernels.traits import Folds, Traits
from udfs.signals.kernels.words import Bounds, Scanned, count_words, line_ends, scan
from udfs.words import Points

Values = NDArray[np.float64]

NAMES: Final = (
    *("n_words", "n_prose_words", "mean_word_chars", "max_word_chars", "alpha_word_share", "mixed_script_word_share"),
    *("consonant_word_share", "alnum_mix_word_share", "unique_word_share", "word_entropy_bits", "stop_word_count"),
    *("stop_word_share", "digit_char_share", "upper_char_share", "curly_char_share", "hash_word_ratio", "ellipsis_word_ratio"),
    *("symbol_word_ratio", "newline_word_ratio", "mojibake_share", "stamped_line_share", "n_lines", "mean_line_words"),
    *("bullet_line_share", "ellipsis_line_share", "terminal_line_share", "short_line_share", "list_line_share"),
    *("one_word_line_share", "dup_line_share", "dup_line_char_share", "dup_paragraph_share", "dup_paragraph_char_share"),
    *("n_sentences", "dup_sentence_share", *(f"top_{n}gram_char_share" for n in TOP_N)),
    *(f"dup_{n}gram_char_share" for n in DUP_N),
    "masked_dup_5gram_char_share",
    "codepoint_word_share",
)
"""The signals measured here, in the order of the values."""

STAMP_NUMBERS: Final = 4
"""Numbers in the first three blank-separated parts of a line, with a date, a time or an address among them, of a log's stamp."""

_MIN_STAMPED: Final = 10
_NUMBERED_KIND: Final = 2
_SINGLE_KIND: Final = 4
_MASKED_N: Final = 5


@compiled
def measure(
    points: Points,
    every: Points,
    holes: Places,
    begins: NDArray[np.bool_],
    every_begins: NDArray[np.bool_],
    stops: Hashes,
    traits: Traits,
    folds: Folds,
) -> tuple[Values, Hashes]:
    """Measure a document.

    Parameters
    ----------
    points, every : array of uint32
        Code points of the prose, in which a blank stands for each span, and of the whole text.
    holes : array of int64
        Offsets of those blanks, ascending.
    begins, every_begins : array of bool
        Where words begin in scripts without blanks, in the prose and in the whole text; empty: at each code point.
    stops : array of uint64
        The language's stop words (`udfs.signals.kernels.listed.hash_table`); empty where none are known, or they are not words.
    traits, folds : array of uint32
        `udfs.signals.kernels.traits`.

    Returns
    -------
    values : array of float64
        In the order of `NAMES`; NaN where there is nothing to measure.
    tokens : array of uint64
        Hashes that listed words are looked up by.
    """
    values = np.empty(len(NAMES), np.float64)
    scanned = scan(points, traits, folds, begins)
    starts, ends, counts = scanned.starts, scanned.ends, scanned.counts
    values[0] = count_words(every, traits, every_begins) if len(holes) else len(starts)
    values[1] = len(starts)
    word_chars = 0
    for i in range(len(starts)):
        word_chars += ends[i] - starts[i]
    _word_values(values, counts, word_chars, len(points))
    repeated = _vocabulary_values(values, scanned.hashes, stops)
    _line_values(values, line_counts(points, traits, scanned.rows, scanned.upto, holes))
    whole = len(holes) == 0
    wrecks = wrecked_chars(every, traits) if not whole or counts[15] & SUSPECT else (counts[3], 0)
    _garble_values(values, wrecks, stamp_numbers(every, traits, folds, scanned.rows if whole else line_ends(every)))
    first_words, again = sentences(points, traits, starts, ends, scanned.masked, holes)
    values[33], values[34] = len(first_words), _ratio(again, len(starts))
    _ngram_values(values, scanned, repeated, holes, word_chars, len(begins) > 0)
    return values, scanned.tokens


@compiled
def find_words(every: Points, begins: NDArray[np.bool_], traits: Traits, folds: Folds) -> tuple[Bounds, Bounds, Bounds]:
    """Return the bounds of the words of a text, and the first word of every sentence."""
    found = scan(every, traits, folds, begins)
    first_words, _ = sentences(every, traits, found.starts, found.ends, found.masked, np.empty(0, np.int64))
    return found.starts, found.ends, first_words


@compiled
def _ratio(count: float, total: float) -> float:
    return count / total if total else np.nan


@compiled
def _word_values(values: Values, counts: NDArray[np.int64], word_chars: int, n_chars: int) -> None:
    letters, capitals, digits, solid, longest, lettered, numbered, mixed, unsayable, chunks, mixed_chunks = counts[:11]
    hashes, braces, ellipses, line_ends = counts[11:15]
    n = values[1]
    values[2], values[3] = _ratio(word_chars, n), longest
    values[4] = _ratio(lettered, lettered + numbered - mixed)
    values[5] = _ratio(mixed_chunks, chunks)
    values[6], values[7] = _ratio(unsayable, lettered), _ratio(mixed, lettered)
    values[12], values[13], values[14] = _ratio(digits, solid), _ratio(capitals, letters), _ratio(braces, n_chars)
    values[15], values[16], values[17] = _ratio(hashes, n), _ratio(ellipses, n), _ratio(hashes + ellipses, n)
    values[18] = _ratio(line_ends, n)


@compiled
def _vocabulary_values(values: Values, hashes: Hashes, stops: Hashes) -> NDArray[np.bool_]:
    n = len(hashes)
    different, bits, kinds, occurrences, repeated = vocabulary(hashes, stops)
    values[8], values[9] = _ratio(different, n), bits if n else np.nan
    known = len(stops) and n
    values[10], values[11] = kinds if known else np.nan, _ratio(occurrences, n) if known else np.nan
    return repeated


@compiled
def _ngram_values(
    values: Values, words: Scanned, repeated: NDArray[np.bool_], holes: Places, word_chars: int, segmented: bool
) -> None:
    starts, ends, kinds = words.starts, words.ends, words.kinds
    pieces = 0
    for kind in kinds:
        pieces += kind & _SINGLE_KIND != 0
    pieces = 0 if segmented else pieces
    values[45] = _ratio(pieces, len(kinds))
    unit = 2 if 2 * pieces > len(kinds) else 1
    inside = ngram_chars(words.hashes, repeated, starts, ends, holes, unit)
    for n in range(2, LONGEST + 1):
        values[33 + n] = _ratio(inside[n], word_chars)
    again = inside[_MASKED_N]
    if words.counts[6]:
        # Masking makes words with a number equal to others, and leaves the rest.
        for i in range(len(repeated)):
            repeated[i] |= kinds[i] & _NUMBERED_KIND != 0
        again = repeated_chars(words.masked, repeated, starts, ends, holes, _MASKED_N * unit)
    values[44] = _ratio(again, word_chars)


@compiled
def _garble_values(values: Values, wrecks: tuple[int, int], stamps: Bounds) -> None:
    solid, wrecked = wrecks
    values[19] = _ratio(wrecked, solid)
    lines, stamped = 0, 0
    for numbers in stamps:
        lines += numbers >= 0
        stamped += numbers >= STAMP_NUMBERS
    values[20] = _ratio(stamped if stamped >= _MIN_STAMPED else 0, lines)


@compiled
def _line_values(values: Values, counts: NDArray[np.int64]) -> None:
    n = counts[0]
    values[21], values[22] = n, _ratio(counts[10], n)
    for i in range(6):
        values[23 + i] = _ratio(counts[4 + i], n)
    values[29], values[30] = _ratio(counts[2], n), _ratio(counts[3], counts[1])
    values[31], values[32] = _ratio(counts[13], counts[11]), _ratio(counts[14], counts[12])
