"""Lines that consist of repeated content, within one document: their removal, and how much of a text looks like a log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from math import nan
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from udfs.line_edits import LineEdit, touched_lines, without_lines
from udfs.prose import Hashes, hash_stretches, ngram_hashes
from udfs.spans import Span
from udfs.words import SINGLE, Offsets, classes, codepoints, word_bounds

MAX_COVERAGE = 0.7
"""Share of a line's word characters inside n-grams that the line repeats, above which the line goes."""

MIN_RUN = 5
"""Adjacent lines with one masked skeleton that make a run."""

_STAMP_NUMBERS = 4
_MIN_STAMPED = 10
_SHORT, _LONG = 12, 40
_NGRAM_SHORT, _NGRAM_LONG = 3, 5

_VARIABLE = re.compile(r"0x[0-9a-f]+|\b(?=[a-f]{0,32}[0-9])[0-9a-f]{4,}\b|\d+", re.IGNORECASE)


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
    locked = touched_lines(text, spans)
    free = ~locked
    gone = (_runs(masked, free) | _covered(masked, len(free))) & free
    return without_lines(text, spans, np.flatnonzero(gone), locked)


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
