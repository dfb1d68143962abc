"""A text tokenised once: code points, words and hashes that all signals share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels import words
from udfs.signals.kernels.compiled import Hashes, Places
from udfs.signals.kernels.repetition import vocabulary
from udfs.signals.kernels.traits import Folds, Traits, folds, traits
from udfs.signals.kernels.words import Bounds
from udfs.spans import Span, prose
from udfs.words import Points, codepoints

_SINGLE_KIND: Final = 4
_EVERYWHERE: Final = np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Tokenised:
    """The prose of a text and its words.

    Parameters
    ----------
    text : str
        The characters outside spans; each span leaves one blank.
    points, all_points : array of uint32
        Code points of ``text``, and of the text with its spans.
    traits, folds : array of uint32
        `udfs.signals.kernels.traits`.
    holes : array of int64
        Offsets of the blanks that stand for spans, ascending.
    n_words : int
        Words of the text with its spans.
    starts, ends : array of int32
        Half-open bounds of the words.
    hashes, masked : array of uint64
        Hash of each word in lower case, and with its numbers masked; not for storage.
    unit : int
        Words that stand for one in n-grams: 2 where most words are code points of scripts without blanks.
    counts : dict of str to int
        `udfs.signals.kernels.words.COUNTS`.
    word_chars : int
        Characters of all words.
    vocabulary, occurrences : array
        The different words in order of appearance, and how often each occurs.
    entropy_bits : float
        Entropy of their distribution.
    """

    text: str
    points: Points
    all_points: Points
    traits: Traits
    folds: Folds
    holes: Places
    n_words: int
    starts: Bounds
    ends: Bounds
    hashes: Hashes
    masked: Hashes
    unit: int
    counts: dict[str, int]
    word_chars: int
    vocabulary: Hashes
    occurrences: NDArray[np.int32]
    entropy_bits: float

    def tokens(self) -> Hashes:
        """Return the hashes of the tokens that listed words are looked up by: words, cut at the marks inside them."""
        return words.find_tokens(self.points, self.traits, self.folds, self.word_chars)


def tokenise(text: str, spans: Sequence[Span] = (), begins: NDArray[np.bool_] = _EVERYWHERE) -> Tokenised:
    """Find the prose of a text and its words.

    Parameters
    ----------
    text : str
        Any text.
    spans : sequence of Span
        Its code, math and table spans, sorted, without overlap.
    begins : array of bool
        For every code point of the prose whether a word begins there, in scripts without blanks; empty: at each of them.
    """
    plain = prose(text, spans)
    bits, folded = traits(), folds()
    points = codepoints(plain)
    every = codepoints(text) if spans else points
    n_words = words.count_words(points, bits, begins)
    starts, ends, hashes, masked, kinds = words.find_words(points, bits, folded, begins, n_words)
    counts = dict(zip(words.COUNTS, words.count_characters(points, bits, kinds).tolist(), strict=True))
    pieces = not len(begins) and 2 * np.count_nonzero(kinds & _SINGLE_KIND) > n_words
    return Tokenised(
        plain,
        points,
        every,
        bits,
        folded,
        _holes(spans),
        words.count_words(every, bits, _EVERYWHERE) if spans else n_words,
        starts,
        ends,
        hashes,
        masked,
        2 if pieces else 1,
        counts,
        int(ends.sum(dtype=np.int64) - starts.sum(dtype=np.int64)),
        *vocabulary(hashes),
    )


def word_hashes(text: str) -> Hashes:
    """Return the hash of each word of a text in lower case."""
    return tokenise(text).hashes


def token_hashes(text: str) -> Hashes:
    """Return the hash of each token of a text (see `Tokenised.tokens`)."""
    return tokenise(text).tokens()


def _holes(spans: Sequence[Span]) -> Places:
    before, holes = 0, []
    for span in spans:
        holes.append(span.start - before)
        before += span.end - span.start - 1
    return np.array(holes, dtype=np.int64)
