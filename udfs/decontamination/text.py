"""What copies are compared by: tokens that no disguise changes, where they lie in the text, and the other ways to write a text."""

from __future__ import annotations

import html
import re
import string
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.words import SINGLE, WORD, classes, codepoints, nfkc, tokens

Offsets = NDArray[np.int64]

# Bounded and with the semicolon: `html.unescape` on a whole page fails on references of thousands of digits.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_CALCULATOR_MARK = re.compile(r"<<[^<>\n]{1,100}>>")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_CHUNK = re.compile(r"\S+")
_JAMO = range(0x1160, 0x1200)
"""Hangul vowels and finals, which NFKC joins to the consonant before them."""

_SENTENCE_MARKS = ".,;:!?'\"‘’“”"
WRITINGS: tuple[dict[int, None], ...] = tuple(
    dict.fromkeys(map(ord, m)) for m in ("", _SENTENCE_MARKS, string.punctuation + "‘’“”")
)
"""Marks that copies leave out with nothing in their place: none, those of sentences, all. ``a.b(c)`` becomes ``ab(c)`` or ``abc``."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenSpans:
    """Where the tokens of a text lie in it: first code point and the one behind the last, ascending."""

    starts: Offsets
    ends: Offsets


def plain(text: str) -> str:
    """Return a text without what hides a copy: character references, invisible characters, calculator marks of GSM8K."""
    if "&" in text:
        text = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
    if "<<" in text:
        text = _CALCULATOR_MARK.sub("", text)
    return text if text.isascii() else _INVISIBLE.sub("", text)


def copy_tokens(text: str, *, writing: int = 0) -> list[str]:
    """Return the tokens that copies are compared by.

    Parameters
    ----------
    text : str
        Any string.
    writing : int
        Which of `WRITINGS`: the marks that are taken out first.
    """
    shown = plain(text)
    return tokens(shown.translate(WRITINGS[writing]) if writing else shown)


def token_spans(text: str) -> TokenSpans:
    """Return where the tokens of `copy_tokens` lie in the text as it is written.

    Code points that only together make one (a letter and its accents, a character reference) belong to a token together. Where
    normalisation does more than that to a word, the token's span is the whole word, up to the blanks around it.
    """
    shown, starts, ends = _plain_with_places(text)
    letters, places = _folded(shown)
    points = codepoints(letters)
    flags = classes(points)
    word, single = (flags & WORD) != 0, (flags & SINGLE) != 0
    run = word & ~single
    before = np.concatenate(([False], run[:-1]))
    after = np.concatenate((run[1:], [False]))
    alone = word & single
    first = np.flatnonzero(alone | (run & ~before))
    last = np.flatnonzero(alone | (run & ~after))
    return TokenSpans(starts[places[first, 0]], ends[places[last, 1]])


def _plain_with_places(text: str) -> tuple[str, Offsets, Offsets]:
    """Return the plain text and, for each of its code points, where what it stands for begins and ends in the text."""
    starts = np.arange(len(text), dtype=np.int64)
    ends = starts + 1
    for pattern in (_REFERENCE, _CALCULATOR_MARK, _INVISIBLE):
        pieces: list[str] = []
        kept: list[tuple[Offsets, Offsets]] = []
        at = 0
        for match in pattern.finditer(text):
            new = html.unescape(match[0]) if pattern is _REFERENCE else ""
            here = slice(at, match.start())
            pieces += (text[here], new)
            kept.append((starts[here], ends[here]))
            kept.append((np.repeat(starts[match.start()], len(new)), np.repeat(ends[match.end() - 1], len(new))))
            at = match.end()
        if at:
            pieces.append(text[at:])
            kept.append((starts[at:], ends[at:]))
            text = "".join(pieces)
            starts, ends = (np.concatenate([pair[side] for pair in kept]) for side in (0, 1))
    return text, starts, ends


def _folded(text: str) -> tuple[str, Offsets]:
    """Return the text in NFKC and lower case, and first and last place in the text of what each of its code points comes from."""
    if text.isascii():
        places = np.arange(len(text), dtype=np.int64)
        return text.lower(), np.column_stack((places, places))
    pieces: list[str] = []
    places_of: list[Offsets] = []
    for match in _CHUNK.finditer(text):
        whole = nfkc(match[0]).lower()
        parts = _clusters(match[0])
        made = [nfkc(match[0][start:end]).lower() for start, end in parts]
        # Only the form of a sigma depends on what stands around it.
        if "".join(made).replace("ς", "σ") != whole.replace("ς", "σ"):
            parts, made = [(0, len(match[0]))], [whole]
        spans = np.array([(match.start() + start, match.start() + end - 1) for start, end in parts], dtype=np.int64)
        pieces += (whole, " ")
        places_of += (np.repeat(spans, [len(one) for one in made], axis=0), spans[-1:])
    return "".join(pieces), np.concatenate(places_of) if places_of else np.zeros((0, 2), dtype=np.int64)


def _clusters(chunk: str) -> list[tuple[int, int]]:
    """Return the stretches of a word that normalisation treats alone: a base and what follows and combines with it."""
    heads = [i for i, c in enumerate(chunk) if not i or not (unicodedata.combining(c) or ord(c) in _JAMO)]
    return list(zip(heads, [*heads[1:], len(chunk)], strict=True))
