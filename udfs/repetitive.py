"""Lines that consist of repeated content, within one document, and their removal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from udfs.line_edits import LineEdit, touched_lines, without_lines
from udfs.signals.kernels.document import STAMP_NUMBERS
from udfs.signals.kernels.skeletons import repeated_in_lines, skeletons, stamp_numbers
from udfs.signals.kernels.traits import folds, traits
from udfs.signals.kernels.words import scan
from udfs.spans import Span
from udfs.words import codepoints

MAX_COVERAGE = 0.7
"""Share of a line's word characters inside n-grams that the line repeats, above which the line goes."""

MIN_RUN = 8
"""Adjacent lines with one masked skeleton that make a run; shorter lists of numbered things are ordinary writing."""

MIN_STAMPED = 5
"""Adjacent lines with one stamp that make a log."""

_EVERYWHERE: Final = np.zeros(0, dtype=np.bool_)
_ZERO: Final = np.uint64(0)


def remove_repetitive_lines(text: str, spans: Sequence[Span] = ()) -> LineEdit:
    """Remove lines that consist of repeated content, such as logging or error messages.

    Llama 3 (section 3.1.1) removes lines by duplicated n-gram coverage, as Rae et al. measure it. Digits and hexadecimal
    words are masked first. A line goes when over 70 % of its word characters lie inside n-grams that it holds three times or
    more (n = 3 from 12 words, 5 from 40; twice that in scripts without blanks): twice is how sentences with two like halves
    are written. It goes, too, when it belongs to a run of eight adjacent lines that are equal once masked, that hold numbers
    and each occur eight times once masked (the lines of a log take turns), or of five that begin with one stamp (four numbers
    or more in the first three blank-separated parts, a date, a time or an address among them). Lines overlapping a code,
    math or table span stay; so does a poem's refrain, whose lines are short and not adjacent.
    """
    points, bits, folded = codepoints(text), traits(), folds()
    words = scan(points, bits, folded, _EVERYWHERE)
    locked = touched_lines(text, spans)
    whole, heads, numbered = skeletons(points, bits, words)
    stamps = np.where(stamp_numbers(points, bits, folded, words.rows) >= STAMP_NUMBERS, heads, _ZERO)
    gone = _runs(whole, stamps, numbered, locked)
    gone |= (repeated_in_lines(words) > MAX_COVERAGE) & ~locked
    return without_lines(text, spans, np.flatnonzero(gone), locked)


def _runs(
    whole: NDArray[np.uint64], stamps: NDArray[np.uint64], numbered: NDArray[np.bool_], locked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Lines of long runs that say the same once masked, take turns in saying a few things, or begin with a log's stamp."""
    rows = np.flatnonzero((whole != _ZERO) | locked)
    free = ~locked[rows]
    _, inverse, times = np.unique(whole[rows], return_inverse=True, return_counts=True)
    often = free & (times[inverse] >= MIN_RUN)
    gone = np.zeros(len(whole), dtype=np.bool_)
    for keys, least in (
        (np.where(often, whole[rows], _ZERO), MIN_RUN),
        ((often & numbered[rows]).astype(np.uint64), MIN_RUN),
        (np.where(free, stamps[rows], _ZERO), MIN_STAMPED),
    ):
        gone[rows[_in_long_runs(keys, least)]] = True
    return gone


def _in_long_runs(keys: NDArray[Any], least: int) -> NDArray[np.bool_]:
    """Whether each key but 0 belongs to a run of at least so many equal ones."""
    if not len(keys):
        return np.zeros(0, dtype=np.bool_)
    begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    lengths = np.diff(np.append(begins, len(keys)))
    long: NDArray[np.bool_] = np.repeat(lengths >= least, lengths) & (keys != 0)
    return long
