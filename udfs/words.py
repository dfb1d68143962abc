"""The one tokenisation: classes of code points, words, shingle tokens, lines and sentences.

Words are runs of one class of code points, found for a whole text at once, so the time is linear in the text whatever it
holds. The class comes from the Unicode categories L, M and N: a pattern on alphanumerics alone leaves combining marks out
and cuts Thai, Khmer, Burmese and Hindi words at every vowel sign. Scripts that are written without blanks give one token
a code point.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.uint32]
Offsets = NDArray[np.int64]
Flags = NDArray[np.uint8]

WORD, LETTER, NUMBER, SINGLE, UPPER, BLANK, INNER, TERMINAL = (np.uint8(1 << bit) for bit in range(8))
"""Bits of a code point's class: part of a word; category L; N; a token by itself; capital; blank; may join; ends sentences."""

SINGLE_RANGES: tuple[tuple[int, int], ...] = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""First and last code points of the scripts without blanks between words."""

INNER_MARKS = "'’.,·\u00ad\u200c\u200d"
"""Kept inside a word when a word character stands on either side: ``don't``, ``3.14``, ``col·lecció``, joined Persian."""

CLOSERS = "\"'”’»›)]}」』）】》〉"
"""Marks that may follow the end of a sentence."""

_MAX_MARKS = 30
"""Longest run of combining marks left unbroken: the Stream-Safe Text Format of UAX #15; sorting longer ones is quadratic."""

_GRAPHEME_JOINER = 0x034F

CLASSES_FILE = Path(__file__).parent / "data" / "codepoints.npz"
"""Class bits of every code point, made by ``python -m udfs.codepoints``."""

_ASCII_NOT_WORD = {i: " " for i in range(128) if not chr(i).isalnum()}


def codepoints(text: str) -> Points:
    """Return the code points of a text, lone surrogates included, as unsigned 32-bit integers."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def from_codepoints(points: Points) -> str:
    """Return the text whose code points are given: the inverse of `codepoints`."""
    return points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


@cache
def class_table() -> Flags:
    """Return the class bits of every code point, read once a process."""
    with np.load(CLASSES_FILE) as file:
        table: Flags = file["classes"]
    table.flags.writeable = False
    return table


def classes(points: Points) -> Flags:
    """Return the class bits (`WORD`, `LETTER`, ...) of every code point."""
    return class_table()[points]


def nfkc(text: str) -> str:
    """Return a text in normal form NFKC, in linear time.

    A run of more than 30 combining marks is broken by U+034F, as the Stream-Safe Text Format of UAX #15 asks for: such
    runs do not occur in writing, and putting one in canonical order takes quadratic time.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _stream_safe(text))


def _stream_safe(text: str) -> str:
    points = codepoints(text)
    marks = (classes(points) & (WORD | LETTER | NUMBER)) == WORD
    if np.count_nonzero(marks) <= _MAX_MARKS:
        return text
    index = np.arange(len(points))
    since_base = index - np.maximum.accumulate(np.where(marks, -1, index))
    breaks = np.flatnonzero(marks & (since_base > 1) & (since_base % _MAX_MARKS == 1))
    return from_codepoints(np.insert(points, breaks, np.uint32(_GRAPHEME_JOINER))) if len(breaks) else text


def normalise(text: str) -> str:
    """Normalise a text for near-duplicate comparison.

    NFKC, then lower case, then every code point whose category is not a letter, mark or number becomes a blank. Blanks are
    not collapsed. Any string is accepted; a lone surrogate becomes a blank.
    """
    folded = nfkc(text).lower()
    if folded.isascii():
        return folded.translate(_ASCII_NOT_WORD)
    points = codepoints(folded)
    return from_codepoints(np.where(classes(points) & WORD, points, np.uint32(32)))


def tokens(text: str) -> list[str]:
    """Return the tokens that shingles are made of.

    The normalised text split at blanks; in scripts without blanks (`SINGLE_RANGES`) each code point is a token.
    """
    flat = normalise(text)
    if flat.isascii():
        return flat.split()
    points = codepoints(flat)
    single = (classes(points) & SINGLE) != 0
    if not single.any():
        return flat.split()
    spread = np.full((len(points), 3), 32, dtype=np.uint32)
    spread[:, 1] = points
    used = np.column_stack((single, np.ones_like(single), single))
    return from_codepoints(spread[used]).split()


def word_bounds(flags: Flags) -> tuple[Offsets, Offsets]:
    """Return starts and ends (half-open, ascending) of the words among classified code points.

    Words are runs of letters, marks and numbers, with `INNER_MARKS` kept between two of them; each code point of a script
    without blanks is a word. Punctuation is never a word.
    """
    single = (flags & SINGLE) != 0
    run = ((flags & WORD) != 0) & ~single
    if len(run) > 2:
        run[1:-1] |= ((flags[1:-1] & INNER) != 0) & run[:-2] & run[2:]
    before = np.concatenate(([False], run[:-1]))
    after = np.concatenate((run[1:], [False]))
    return np.flatnonzero(single | (run & ~before)), np.flatnonzero(single | (run & ~after)) + 1


def words(text: str) -> list[str]:
    """Return the words of a text as they are written, in order (see `word_bounds`)."""
    starts, ends = word_bounds(classes(codepoints(text)))
    return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def sentence_ends(points: Points, flags: Flags) -> Offsets:
    """Return the offsets behind the last code point of every sentence.

    A sentence ends at a line end, or behind a terminal mark of any script with its closing quotes and brackets; an ASCII
    mark counts only before a blank, a closing mark or the end, so ``3.14`` and ``a.b`` are not cut.
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    closer = np.isin(points, codepoints(CLOSERS))
    terminal = (flags & TERMINAL) != 0
    tail = terminal | closer
    open_end = np.concatenate((((flags[1:] & BLANK) != 0) | tail[1:], [True]))
    ending = terminal & (open_end | (points >= 128))
    index = np.arange(len(points))
    last_mark = np.maximum.accumulate(np.where(ending, index, -1))
    last_other = np.maximum.accumulate(np.where(tail, -1, index))
    closes = tail & (last_mark > last_other) & ~np.concatenate((tail[1:], [False]))
    closes |= (points == 10) | (index == len(points) - 1)
    return np.flatnonzero(closes) + 1


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that hold at least one word, without the blanks around them."""
    points = codepoints(text)
    flags = classes(points)
    ends = sentence_ends(points, flags)
    with_word = np.unique(np.searchsorted(ends, word_bounds(flags)[0], side="right")).tolist()
    return [text[0 if i == 0 else ends[i - 1] : ends[i]].strip() for i in with_word]
