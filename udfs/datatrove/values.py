"""From a text and its words to the values on which datatrove decides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from udfs.datatrove.kernels.compiled import ALPHA, BRACKET, BREAK, DIGIT, RARE, SPACE, SYMBOL, TERMINAL
from udfs.datatrove.kernels.document import fill
from udfs.datatrove.kernels.lines import MIN_WORDS, split_lines
from udfs.datatrove.kernels.words import with_marks
from udfs.datatrove.rows import NAMES
from udfs.words import LETTER, NUMBER, Flags, Offsets, Points, classes, codepoints, sentence_ends, word_bounds
from udfs.words import TERMINAL as SENTENCE_TERMINAL

Values = NDArray[np.float64]

# datatrove's PUNCTUATION, its terminal marks apart: ASCII, general and CJK marks; of full-width digits only the one.
_SYMBOLS: Final = (
    "0-8 b-1f 21-2f 3a-40 5b-60 7b-9f ab b4 bb 2013-2014 2019 201c-201e 2026 2236 2501 25ba 3001-3002 3008-300d 3010-3011 "
    "ff01 ff05 ff08-ff09 ff0c ff0e ff11 ff1a-ff1b ff1f ff5e"
)
# Its terminal marks are Unicode's Sentence_Terminal with three Khmer signs, without the Thai and Tibetan marks of ours.
_TERMINAL_TOO: Final = "17d6 17d9-17da"
_NOT_TERMINAL: Final = "e2f e5a-e5b f0d-f10 f11"
_RARE: Final = "46 4b 4d 56 66 6b 6d 76 7b 212a"  # f k m v, whatever their case, and the curly bracket
_BREAKS: Final = "a-d 1c-1e 85 2028-2029"
_BLANKS: Final = "9-d 1c-20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000"


def signals(text: str, words: Sequence[str], sentences: Sequence[int] | None = None) -> dict[str, float]:
    """Compute datatrove's values of a text from words that are given.

    Parameters
    ----------
    text : str
        Any text.
    words : sequence of str
        Its words in their order, such as datatrove's own. They need not be found in the text.
    sentences : sequence of int, optional
        Number of sentences of each line of ``text.splitlines()``; by default those of `udfs.words.sentence_ends` with a word.

    Returns
    -------
    dict of str to float
        A value for every name of `udfs.datatrove.NAMES`, in that order; NaN where datatrove divides by nothing.

    Raises
    ------
    ValueError
        When ``sentences`` has not one number for each line.
    """
    points = codepoints(text)
    ends = np.cumsum([len(word) for word in words], dtype=np.int64)
    starts = np.concatenate((np.zeros(1, dtype=np.int64), ends))[:-1] if len(ends) else ends
    begins = sentence_starts(points) if sentences is None else _repeated(text, sentences)
    values = measure(points, starts, ends, sentences=begins, word_points=codepoints("".join(words)))
    return dict(zip(NAMES, values.tolist(), strict=True))


def measure(points: Points, starts: Offsets, ends: Offsets, *, sentences: Offsets, word_points: Points | None = None) -> Values:
    """Compute datatrove's values of a text from code points and bounds.

    Parameters
    ----------
    points : array of uint32, shape (n_chars,)
        The code points of the text.
    starts, ends : array of int64, shape (n_words,)
        Half-open bounds of the words, ascending.
    sentences : array of int64
        Where sentences start in the text, ascending; a line has those that start in it.
    word_points : array of uint32, optional
        What the bounds refer to; by default ``points``.

    Returns
    -------
    array of float64, shape (n_values,)
        In the order of `udfs.datatrove.NAMES`; NaN where datatrove divides by nothing.
    """
    row = np.empty(len(NAMES))
    text = _as(points, np.uint32)
    words = (text if word_points is None else _as(word_points, np.uint32), _as(starts, np.int64), _as(ends, np.int64))
    fill(text, words, _as(sentences, np.int64), table(), row)
    return row


def compile_kernels() -> None:
    """Compile what this package and the rules on lines call."""
    points = codepoints("a b")
    token_bounds(points, *word_bounds(classes(points)))
    signals("a b", ["a", "b"])
    split_lines(points, table(), MIN_WORDS)


def token_bounds(points: Points, starts: Offsets, ends: Offsets) -> tuple[Offsets, Offsets]:
    """Return starts and ends of the words that are given and of the punctuation between them, as datatrove's words have it.

    A run of one mark is one token. Without these tokens nearly every text would pass the rule on words with a letter, which
    counts them as words without.
    """
    return with_marks((_as(points, np.uint32), _as(starts, np.int64), _as(ends, np.int64)), table())


def sentence_starts(points: Points) -> Offsets:
    """Return where the sentences with a word start, at their first word, by our own words and sentences."""
    flags = classes(points)
    starts = word_bounds(flags)[0]
    of_word = np.searchsorted(sentence_ends(points, flags), starts, side="right")
    return starts[np.flatnonzero(np.diff(of_word, prepend=-1))]


@cache
def table() -> Flags:
    """Return the bits of every code point (`udfs.datatrove.kernels.compiled`)."""
    every = np.arange(0x110000, dtype=np.uint32)
    known = classes(every)
    bits = np.where(known & LETTER, ALPHA, 0).astype(np.uint8)
    bits[[int(point) for point in np.flatnonzero(known & NUMBER) if chr(point).isdecimal()]] |= DIGIT
    terminal = (known & SENTENCE_TERMINAL) != 0
    terminal[_ranges(_NOT_TERMINAL)] = False
    terminal[_ranges(_TERMINAL_TOO)] = True
    bits[terminal] |= TERMINAL | SYMBOL
    for ranges, bit in ((_SYMBOLS, SYMBOL), (_BREAKS, BREAK), (_BLANKS, SPACE), (_RARE, RARE), ("5b", BRACKET)):
        bits[_ranges(ranges)] |= bit
    bits.flags.writeable = False
    return bits


def _ranges(listed: str) -> list[int]:
    bounds = [[int(point, 16) for point in item.split("-")] for item in listed.split()]
    return [point for first, *rest in bounds for point in range(first, (rest or [first])[-1] + 1)]


def _repeated(text: str, sentences: Sequence[int]) -> Offsets:
    """Return as many starts of sentences at the beginning of each line as the line has sentences."""
    lengths = [len(line) for line in text.splitlines(keepends=True)]
    if len(lengths) != len(sentences):
        raise ValueError(f"sentences has {len(sentences)} numbers for {len(lengths)} lines; give one for each line")
    begins = np.cumsum([0, *lengths], dtype=np.int64)[:-1]
    return np.repeat(begins, np.asarray(sentences, dtype=np.int64))


def _as(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return an array in the one form that the kernel is compiled for: contiguous, of one type, read-only."""
    view = np.ascontiguousarray(array, dtype=dtype).view()
    view.flags.writeable = False
    return view
