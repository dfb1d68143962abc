"""Which parts of a long document an encoder reads: head, middle and tail windows of equal size, and what share of it that is.

An encoder reads a few hundred tokens. A document that is longer is cut into at most `Rule.most` windows, evenly spaced from its first
token to its last; its log-odds are the mean of theirs. A very long document is first cut to as many pieces of characters, so that the
work for any document is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

POOLING = "mean of the windows' log-odds"

CHARS_A_TOKEN = 8
"""Characters of a piece for each token of a window: enough for a full window in all but the blankest texts."""

Span = tuple[int, int]
"""Start and end (exclusive)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How documents are windowed.

    Parameters
    ----------
    tokens : int
        Tokens of a window, those that the tokenizer adds not counted; at least 1.
    most : int
        Windows of a document at most: 1 is the head alone, 2 head and tail, 3 head, middle and tail.
    """

    tokens: int = 254
    most: int = 3

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.most < 1:
            raise ValueError(f"windows need at least 1 token and 1 window, here are {self.tokens} tokens, {self.most} windows")

    @property
    def piece(self) -> int:
        """Characters of a piece of a very long document."""
        return self.tokens * CHARS_A_TOKEN


def windows(length: int, size: int, most: int) -> tuple[Span, ...]:
    """Return the windows over a sequence: as few as cover it, at most so many, the first at its start, the last at its end.

    Parameters
    ----------
    length, size : int
        Items of the sequence and of a window.
    most : int
        Windows at most.

    Returns
    -------
    tuple of Span
        Ascending; they overlap where a whole number of windows does not fit; one, shorter than ``size``, where the sequence is.
    """
    count = max(1, min(most, -(-length // size)))
    if count == 1:
        return ((0, min(length, size)),)
    room = length - size
    starts = (room * k // (count - 1) for k in range(count))
    return tuple((start, start + size) for start in starts)


def pieces(length: int, rule: Rule) -> tuple[Span, ...]:
    """Return the stretches of characters of a text that are tokenised: the whole, or a piece for each window of a very long one."""
    if length <= rule.most * rule.piece:
        return ((0, length),)
    return windows(length, rule.piece, rule.most)


def within(piece: int, count: int, tokens: int, rule: Rule) -> tuple[Span, ...]:
    """Return the windows over the tokens of one piece.

    Parameters
    ----------
    piece, count : int
        Which piece it is, from 0, and how many the text has.
    tokens : int
        Tokens of the piece.
    rule : Rule
        How documents are windowed.

    Returns
    -------
    tuple of Span
        Over the tokens: all windows of the text where it is one piece; else one, at the start of the first piece, at the end of the
        last, and in the middle of those between.
    """
    if count == 1:
        return windows(tokens, rule.tokens, rule.most)
    room = max(0, tokens - rule.tokens)
    start = room * piece // (count - 1)
    return ((start, min(tokens, start + rule.tokens)),)


def covered(spans: Iterable[Span]) -> int:
    """Return how many positions lie in at least one span; spans in ascending order of their starts."""
    total = reached = 0
    for start, end in spans:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def pool(log_odds: Sequence[float]) -> float | None:
    """Return the log-odds of a document from those of its windows (`POOLING`); None where there is no window.

    For a linear head this is the score of the windows' mean embedding, which is what the head is fitted on.
    """
    return math.fsum(log_odds) / len(log_odds) if log_odds else None
