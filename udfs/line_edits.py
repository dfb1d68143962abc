"""Texts without some of their lines: what spans touch, what is cut, and what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.spans import Edit, Span, apply_edits
from udfs.words import Offsets


@dataclass(frozen=True, slots=True)
class LineEdit:
    """A text after lines were taken out.

    Parameters
    ----------
    text : str
        The text left.
    spans : tuple of Span
        Its structure spans, moved with it.
    removed_lines : int
        Number of lines taken out, not counting blank ones.
    removed_chars : int
        Characters fewer than before, line ends included.
    ranges : tuple of (int, int)
        Half-open ranges of code points of the text before that were taken out, ascending; no two touch.
    """

    text: str
    spans: tuple[Span, ...]
    removed_lines: int
    removed_chars: int
    ranges: tuple[tuple[int, int], ...]


def touched_lines(text: str, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Whether each line, its line end included, shares a character with a span."""
    if not spans:
        return np.zeros(text.count("\n") + 1, dtype=np.bool_)
    lengths = np.array([len(row) + 1 for row in text.split("\n")], dtype=np.int64)
    ends = np.cumsum(lengths)
    span_starts = np.array([span.start for span in spans])
    span_ends = np.array([span.end for span in spans])
    first = np.searchsorted(span_ends, ends - lengths, side="right")
    inside = first < len(spans)
    return inside & (span_starts[np.minimum(first, len(spans) - 1)] < ends)


def without_lines(text: str, spans: Sequence[Span], rows: Offsets, locked: NDArray[np.bool_]) -> LineEdit:
    """Cut lines, and the blank lines between two that were blank-separated already, so that no wide gap is left behind.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans.
    rows : array of int64
        Numbers of the lines to cut, none of them blank or locked.
    locked : array of bool
        For every line whether it stays even where it is blank.
    """
    if not len(rows):
        return LineEdit(text, tuple(spans), 0, 0, ())
    ranges = _merged(_cuts(text, set(rows.tolist()), locked.tolist()))
    after, moved = apply_edits(text, spans, [Edit(start, end) for start, end in ranges])
    return LineEdit(after, moved, len(rows), len(text) - len(after), ranges)


def _cuts(text: str, gone: Collection[int], locked: Sequence[bool]) -> list[tuple[int, int]]:
    ranges, at, kept_end = [], 0, 0
    after_blank, after_cut = True, False
    for row, line in enumerate(text.split("\n")):
        blank = not line.strip() and not locked[row]
        if row in gone or (blank and after_cut and after_blank):
            ranges.append((at, min(at + len(line) + 1, len(text))))
            after_cut = True
        else:
            after_blank, after_cut = blank, after_cut and blank
            kept_end = kept_end if blank else at + len(line)
        at += len(line) + 1
    if after_cut:
        ranges = [(start, end) for start, end in ranges if start < kept_end] + [(kept_end, len(text))]
    return ranges


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join ascending ranges that touch."""
    joined: list[tuple[int, int]] = []
    for start, end in ranges:
        begin = joined.pop()[0] if joined and joined[-1][1] == start else start
        joined.append((begin, end))
    return tuple(joined)
