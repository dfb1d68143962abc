"""A text analysed once: its prose outside structure spans, with the words and hashes that the signals share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from udfs.spans import Span, prose
from udfs.words import Flags, Offsets, Points, classes, codepoints, word_bounds

Hashes = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15
_NGRAM_BASE = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of prose that holds more than blanks.

    Parameters
    ----------
    text : str
        The line as it is written.
    has_span : bool
        Whether a code, math or table span stood in it, so that its text here is not whole.
    n_words : int
        Words of the line's prose.
    """

    text: str
    has_span: bool
    n_words: int


@dataclass(frozen=True, slots=True)
class Prose:
    """The prose of a text and its words.

    Parameters
    ----------
    text : str
        The characters outside spans; each span leaves one blank.
    points, flags : array
        Code points of ``text`` and their class bits (`udfs.words`).
    starts, ends : array
        Half-open bounds of the words.
    hashes : array of uint64
        Hash of each word in lower case: equal words of this text have equal hashes. Not for storage.
    holes : array
        Offsets of the blanks that stand for spans, ascending.
    """

    text: str
    points: Points
    flags: Flags
    starts: Offsets
    ends: Offsets
    hashes: Hashes
    holes: Offsets

    @property
    def word_chars(self) -> Offsets:
        """Length of every word in code points."""
        return self.ends - self.starts

    def lines(self) -> list[Line]:
        """Return the lines that hold more than blanks."""
        return [line for line in self._rows() if line.text and not line.text.isspace()]

    def paragraphs(self) -> list[Line]:
        """Return the paragraphs, which empty lines separate, each as one `Line` with its inner line ends."""
        found = []
        for filled, group in groupby(self._rows(), key=lambda line: line.text != ""):
            rows = list(group)
            text = "\n".join(row.text for row in rows)
            if filled and not text.isspace():
                found.append(Line(text, any(row.has_span for row in rows), sum(row.n_words for row in rows)))
        return found

    def _rows(self) -> list[Line]:
        rows = self.text.split("\n")
        starts = np.cumsum([0] + [len(row) + 1 for row in rows])
        spans = np.diff(np.searchsorted(self.holes, starts)).tolist()
        n_words = np.diff(np.searchsorted(self.starts, starts)).tolist()
        return [Line(row, cut > 0, n) for row, cut, n in zip(rows, spans, n_words, strict=True)]


def analyse(text: str, spans: Sequence[Span] = ()) -> Prose:
    """Find the prose of a text and its words."""
    plain = prose(text, spans)
    points = codepoints(plain)
    flags = classes(points)
    starts, ends = word_bounds(flags)
    hashes = hash_stretches(codepoints(lower(plain)), starts, ends)
    before, holes = 0, []
    for span in spans:
        holes.append(span.start - before)
        before += span.end - span.start - 1
    return Prose(plain, points, flags, starts, ends, hashes, np.array(holes, dtype=np.int64))


def lower(text: str) -> str:
    """Return a text in lower case with every code point where it was: ``İ``, which has no single lower form, becomes ``i``."""
    folded = text.lower()
    return folded if len(folded) == len(text) else "".join(char.lower()[0] for char in text)


def hash_stretches(points: Points, starts: Offsets, ends: Offsets) -> Hashes:
    """Hash many stretches of one text at once, in time linear in the text.

    A polynomial in the code points modulo 2^64, read off prefix sums, then mixed: equal stretches get equal hashes.
    """
    n = len(points)
    powers = _powers(_BASE, n)
    sums = np.zeros(n + 1, dtype=np.uint64)
    np.cumsum((points.astype(np.uint64) + np.uint64(1)) * powers[:n], out=sums[1:])
    return mix((sums[ends] - sums[starts]) * _powers(pow(_BASE, -1, 1 << 64), n)[starts])


def _powers(base: int, n: int) -> Hashes:
    powers = np.full(n + 1, np.uint64(base), dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def mix(values: Hashes) -> Hashes:
    """Scatter 64-bit values over the whole range (the finaliser of SplitMix64, a bijection)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def ngram_hashes(hashes: Hashes, n: int) -> Hashes:
    """Hash every run of ``n`` words, one value a starting word; empty when there are fewer than ``n`` words."""
    count = max(len(hashes) - n + 1, 0)
    total = np.zeros(count, dtype=np.uint64)
    for k in range(n):
        total = total * _NGRAM_BASE + hashes[k : k + count]
    return mix(total)
