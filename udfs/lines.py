"""Lines: their hashes for deduplication across documents, and the removal of repeated and repetitive ones.

Lines that overlap a code or math span are neither hashed nor removed: closing braces and aligned equations repeat by
nature.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan
from operator import itemgetter

import numpy as np
import xxhash
from numpy.typing import NDArray

from udfs.prose import Hashes, hash_stretches, ngram_hashes
from udfs.spans import Edit, Span, apply_edits
from udfs.words import BLANK, NUMBER, SINGLE, WORD, Offsets, classes, codepoints, from_codepoints, word_bounds

MAX_COVERAGE = 0.7
"""Share of a line's word characters inside n-grams that the line repeats, above which the line goes."""

MIN_RUN = 5
"""Adjacent lines with one masked skeleton that make a run."""

_STAMP_NUMBERS = 4
_MIN_STAMPED = 10
_SHORT, _LONG = 12, 40
_NGRAM_SHORT, _NGRAM_LONG = 3, 5

_VARIABLE = re.compile(r"0x[0-9a-f]+|\b(?=[a-f]{0,32}[0-9])[0-9a-f]{4,}\b|\d+", re.IGNORECASE)

_ASCII_LINE = {
    i: ("0" if chr(i).isdigit() else None) for i in range(128) if chr(i).isdigit() or not (chr(i).isalnum() or chr(i).isspace())
}


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
    """

    text: str
    spans: tuple[Span, ...]
    removed_lines: int
    removed_chars: int


def line_hashes(text: str, spans: Sequence[Span] = ()) -> Hashes:
    """Hash the lines of a text for line deduplication.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans.

    Returns
    -------
    array of uint64
        xxh3-64 (seed 0) of each normalised line in order, several equal lines included. Normalised: blanks stripped and
        collapsed, lower case, every digit ``0``, all but letters, marks and numbers removed. A line of which nothing is
        left counts under its stripped raw text. Blank lines, and lines that overlap a span (rows of
        numbers look alike in tables), are left out.
    """
    return _keyed_lines(text, spans)[1]


def remove_lines(text: str, spans: Sequence[Span], hot: Hashes) -> LineEdit:
    """Remove every copy of the lines whose hash is listed.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans.
    hot : array of uint64
        Hashes in ascending order, as `line_hashes` makes them; it may be memory-mapped.
    """
    rows, hashes = _keyed_lines(text, spans)
    if not len(hot) or not len(hashes):
        return LineEdit(text, tuple(spans), 0, 0)
    at = np.minimum(np.searchsorted(hot, hashes), len(hot) - 1)
    return _without(text, spans, rows[hot[at] == hashes])


def remove_repetitive_lines(text: str, spans: Sequence[Span] = ()) -> LineEdit:
    """Remove lines that consist of repeated content, such as logging or error messages.

    Llama 3 (section 3.1.1) removes lines by duplicated n-gram coverage, as Rae et al. measure it. Digits and hexadecimal
    runs are masked first. A line goes when over 70 % of its word characters lie inside n-grams that the line repeats
    (n = 3 from 12 words, 5 from 40; twice that in scripts without blanks), or when it belongs to a run of five or more
    adjacent lines that are equal once masked, that hold numbers and each occur five times once masked (the lines of a log
    take turns), or that begin with one stamp (four numbers or more in the first three blank-separated parts, such as a date
    with a time, or an address). Lines overlapping a code, math or table span stay; so does a poem's refrain,
    whose lines are short and not adjacent.
    """
    masked = _VARIABLE.sub("0", text)
    free = ~_touching(text, spans)
    gone = (_runs(masked, free) | _covered(masked, len(free))) & free
    return _without(text, spans, np.flatnonzero(gone))


def stamped_line_share(text: str) -> float:
    """Share (0-1) of the lines, blank ones apart, that begin with a log's stamp, code and table spans included.

    A stamp is four numbers or more in the first three blank-separated parts of a line (a date with a time, an address); so
    begin records of measurements and tables of numbers, too. Fewer than ten such lines are no log: 0.
    """
    lines = [line for line in _VARIABLE.sub("0", text).split("\n") if line and not line.isspace()]
    stamped = sum(bool(_stamp(line)) for line in lines)
    if not lines:
        return nan
    return stamped / len(lines) if stamped >= _MIN_STAMPED else 0.0


def _stamp(line: str) -> str:
    head = " ".join(line.split(None, 3)[:3])
    return head if head.count("0") >= _STAMP_NUMBERS else ""


def _keyed_lines(text: str, spans: Sequence[Span]) -> tuple[Offsets, Hashes]:
    free = ~_touching(text, spans)
    rows, keys = [], []
    for row, (raw, plain) in enumerate(zip(text.split("\n"), _normalised(text).split("\n"), strict=True)):
        if free[row] and (key := " ".join(plain.split()) or raw.strip()):
            rows.append(row)
            keys.append(xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass")))
    return np.array(rows, dtype=np.int64), np.array(keys, dtype=np.uint64)


def _normalised(text: str) -> str:
    folded = text.lower()
    if folded.isascii():
        return folded.translate(_ASCII_LINE)
    points = codepoints(folded)
    flags = classes(points)
    plain = np.where(flags & NUMBER, np.uint32(ord("0")), points)
    return from_codepoints(plain[(flags & (WORD | BLANK)) != 0])


def _touching(text: str, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Whether each line, its line end included, shares a character with a span."""
    lengths = np.array([len(row) + 1 for row in text.split("\n")], dtype=np.int64)
    ends = np.cumsum(lengths)
    if not spans:
        return np.zeros(len(ends), dtype=np.bool_)
    span_starts = np.array([span.start for span in spans])
    span_ends = np.array([span.end for span in spans])
    first = np.searchsorted(span_ends, ends - lengths, side="right")
    inside = first < len(spans)
    return inside & (span_starts[np.minimum(first, len(spans) - 1)] < ends)


def _runs(masked: str, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lines of long runs that say the same once masked, take turns in saying a few things, or begin with a log's stamp."""
    skeletons = [" ".join(line.split()) for line in masked.split("\n")]
    rows = [row for row, skeleton in enumerate(skeletons) if skeleton or not free[row]]
    lines = [skeletons[row] if free[row] else "" for row in rows]
    counts = Counter(lines)
    often = [line if counts[line] >= MIN_RUN else "" for line in lines]
    turns = ["turn" if "0" in line else "" for line in often]
    stamps = [_stamp(line) for line in lines]
    gone = np.zeros(len(free), dtype=np.bool_)
    for keys in (often, turns, stamps):
        for key, run in groupby(zip(keys, rows, strict=True), key=itemgetter(0)):
            members = [row for _, row in run]
            if key and len(members) >= MIN_RUN:
                gone[members] = True
    return gone


def _covered(masked: str, n_lines: int) -> NDArray[np.bool_]:
    points = codepoints(masked)
    flags = classes(points)
    starts, ends = word_bounds(flags)
    line = np.searchsorted(np.flatnonzero(points == 10), starts)
    single = (flags[starts] & SINGLE) != 0
    n_words = np.bincount(line, minlength=n_lines)
    scale = np.where(2 * np.bincount(line, weights=single, minlength=n_lines) > n_words, 2, 1)
    hashes = hash_stretches(codepoints(masked), starts, ends)
    chars = ends - starts
    total = np.bincount(line, weights=chars, minlength=n_lines)
    gone = np.zeros(n_lines, dtype=np.bool_)
    for unit in (1, 2):
        fits = scale == unit
        for n, chosen in (
            (_NGRAM_SHORT * unit, fits & (n_words >= _SHORT * unit) & (n_words < _LONG * unit)),
            (_NGRAM_LONG * unit, fits & (n_words >= _LONG * unit)),
        ):
            if chosen.any():
                inside = chars * _repeated_in_line(hashes, line, n)
                gone |= chosen & (np.bincount(line, weights=inside, minlength=n_lines) > MAX_COVERAGE * total)
    return gone


def _repeated_in_line(hashes: Hashes, line: Offsets, n: int) -> NDArray[np.bool_]:
    """Whether each word lies inside an n-gram that its line holds twice."""
    grams = ngram_hashes(hashes, n)
    whole = np.flatnonzero(line[: len(grams)] == line[n - 1 :])
    order = whole[np.lexsort((grams[whole], line[whole]))]
    twin = (grams[order][1:] == grams[order][:-1]) & (line[order][1:] == line[order][:-1])
    begins = np.zeros(len(hashes) + 1, dtype=np.int64)
    begins[order[1:][twin]] = 1
    begins[order[:-1][twin]] = 1
    upto = np.concatenate((np.zeros(n, dtype=np.int64), np.cumsum(begins[:-1])))
    return upto[n:] > upto[:-n]


def _without(text: str, spans: Sequence[Span], rows: Offsets) -> LineEdit:
    """Cut lines, and the blank lines between two that were blank-separated already, so that no wide gap is left behind."""
    if not len(rows):
        return LineEdit(text, tuple(spans), 0, 0)
    gone, locked = set(rows.tolist()), _touching(text, spans)
    edits, at, kept_end = [], 0, 0
    after_blank, after_cut = True, False
    for row, line in enumerate(text.split("\n")):
        blank = not line.strip() and not locked[row]
        if row in gone or (blank and after_cut and after_blank):
            edits.append(Edit(at, min(at + len(line) + 1, len(text))))
            after_cut = True
        else:
            after_blank, after_cut = blank, after_cut and blank
            kept_end = kept_end if blank else at + len(line)
        at += len(line) + 1
    if after_cut:
        edits = [edit for edit in edits if edit.start < kept_end] + [Edit(kept_end, len(text))]
    after, moved = apply_edits(text, spans, edits)
    return LineEdit(after, moved, len(rows), len(text) - len(after))
