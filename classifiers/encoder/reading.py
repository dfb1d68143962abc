"""A text as an encoder reads it: the token ids of its windows, and the share of it that they cover.

Needs the package ``tokenizers`` alone, so that training and scoring read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from classifiers.encoder.windows import Rule, Span, covered, pieces, within

Ids = tuple[int, ...]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a document.

    Parameters
    ----------
    windows : tuple of tuple of int
        Token ids of each window, with the tokens that frame it; empty for a text without tokens.
    seen : float
        Share (0-1) of the characters that lie in a window; 1 for a text without tokens, of which nothing is left out.
    """

    windows: tuple[Ids, ...]
    seen: float


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A tokenizer with a rule for long documents; made by `reader`."""

    tokenizer: Any
    rule: Rule
    before: Ids
    after: Ids

    def read(self, text: str) -> Reading:
        """Return the windows of any string; a lone surrogate is read as U+FFFD."""
        text = clean(text)
        found = [] if text.isspace() else list(self._windows(text))
        if not found:
            return Reading((), 1.0)
        ids = tuple((*self.before, *window, *self.after) for window, _ in found)
        return Reading(ids, covered(span for _, span in found) / len(text))

    def _windows(self, text: str) -> Iterator[tuple[Ids, Span]]:
        parts = pieces(len(text), self.rule)
        for place, (start, end) in enumerate(parts):
            found = self.tokenizer.encode(text[start:end], add_special_tokens=False)
            ids, offsets = found.ids, found.offsets
            for first, last in within(place, len(parts), len(ids), self.rule):
                if first < last:
                    # blanks before the first token and after the last have no token, and are not unread
                    left = start if first == 0 else start + offsets[first][0]
                    right = end if last == len(ids) else start + offsets[last - 1][1]
                    yield tuple(ids[first:last]), (left, right)


def clean(text: str) -> str:
    """Return a text that a tokenizer takes: a lone surrogate becomes U+FFFD, so that no position moves."""
    return _LONE_SURROGATE.sub(_REPLACEMENT, text)


def reader(tokenizer: Any, rule: Rule) -> Reader:
    """Return a reader; the padding and truncation that a tokenizer's file may carry are switched off.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Of the encoder.
    rule : Rule
        How documents are windowed.
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    before, after = _frame(tokenizer)
    return Reader(tokenizer, rule, before, after)


def _frame(tokenizer: Any) -> tuple[Ids, Ids]:
    """Return the tokens that the tokenizer puts before and after a sequence."""
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    framed = tokenizer.encode("a").ids
    for start in range(len(framed) - len(bare) + 1):
        if framed[start : start + len(bare)] == bare:
            return tuple(framed[:start]), tuple(framed[start + len(bare) :])
    return (), ()
