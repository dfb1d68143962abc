"""Published rules on single lines, which edit a text: C4's and RefinedWeb's, by name.

The rules of `udfs.rules` judge a document and change nothing; these take lines, and some words within lines, out of it. Lines
that share a character with a code, math or table span stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.datatrove.kernels.compiled import SPACE
from udfs.datatrove.kernels.lines import (
    CURLY_BRACKET,
    FEW_WORDS,
    JAVASCRIPT,
    LONG_WORD,
    LOREM_IPSUM,
    NO_END_MARK,
    POLICY,
    split_lines,
)
from udfs.datatrove.values import table
from udfs.line_edits import LineEdit, touched_lines, without_lines
from udfs.spans import Edit, Span, apply_edits
from udfs.words import UPPER, Offsets, classes, codepoints, word_bounds

Range = tuple[int, int]

_CITATION: Final = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")

_MAX_UPPER: Final = 0.5
_MIN_LINE_WORDS: Final = 2
_PHRASE_WORDS: Final = 10
_COUNTED: Final = (
    "likes",
    "shares",
    "comments",
    "retweets",
    "reposts",
    "quotes",
    "bookmarks",
    "upvotes",
    "downvotes",
    "downloads",
    "views",
    "followers",
)
_COUNTER: Final = re.compile(rf"\W*\d[\d.,]*[kmb]?\s+(?:{'|'.join(_COUNTED)})\W*", re.IGNORECASE)
_PHRASES: Final = tuple(
    re.compile(pattern, re.IGNORECASE) for pattern in (r"\s?items in cart", r"\s?read more(?:\.{3}|…)\Z", r"\Asign-in\s?")
)


@dataclass(frozen=True, slots=True)
class LineRules:
    """A named set of rules on lines.

    Parameters
    ----------
    edit : callable
        From a text and its spans to what is left.
    max_removed : float
        Share of words (0-1) above which a page goes, from which the rules removed more; 1: never.
    source : str
        Where the rules come from, and our reading of them.
    """

    edit: Callable[[str, Sequence[Span]], LineEdit]
    max_removed: float
    source: str


def removed_words(before: str, after: str) -> float:
    """Return the share of words (0-1, by `udfs.words.word_bounds`) that an edit took out of a text."""
    left, whole = (len(word_bounds(classes(codepoints(text)))[0]) for text in (after, before))
    return (whole - left) / whole if whole else 0.0


def edit_c4(text: str, spans: Sequence[Span] = (), *, end_marks: bool, min_words: int) -> LineEdit:
    """Keep the lines that C4 keeps (Raffel et al. 2020), in the reading and order of datatrove's ``C4QualityFilter``.

    Lines are those of `str.splitlines`. One goes when a word has over 1000 characters; when, without its citation marks, it does
    not end in ``. ? ! " '``, or ends in ``...``; when it has too few words, citation marks counted; when it holds
    "javascript"; when it holds a phrase of legal and consent notices. From what stays the citation marks (``[12]``,
    ``[edit]``, ``[citation needed]``) and the blanks around lines are cut. Blank lines have too few words, so C4's texts have
    none; only one next to a line with a span stays. A line with "lorem ipsum" or a curly bracket stays where the filter would
    end the page there: the rule on pages must see it.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans, sorted, without overlap.
    end_marks : bool
        Whether lines without an end mark go.
    min_words : int
        Words between blanks that a line needs.
    """
    points = codepoints(text)
    starts, firsts, lasts, stops, found = split_lines(points, table(), min_words)
    ends = np.append(starts[1:], len(points))
    locked = _shared(starts, ends, spans)
    early = found & (LONG_WORD | FEW_WORDS | (NO_END_MARK if end_marks else 0)) != 0
    script, policy = found & JAVASCRIPT != 0, found & (POLICY | CURLY_BRACKET) == POLICY
    gone = (early | ((script | policy) & (found & LOREM_IPSUM == 0))) & ~locked
    blank = firsts == lasts
    beside = np.append(locked[1:], False) | np.append(False, locked[:-1]) if len(locked) else locked
    gone &= ~(blank & beside)
    trimmed = ~gone & ~locked
    cuts = [*_pairs(starts[gone], ends[gone]), *_pairs(starts[trimmed], firsts[trimmed]), *_pairs(lasts[trimmed], stops[trimmed])]
    cuts += _citations(text, firsts[trimmed], lasts[trimmed])
    solid = table()[points] & SPACE == 0
    for start, end in _pairs(starts[locked], ends[locked]):
        solid[start:end] = True
    return _edited(text, spans, _with_edges(cuts, solid), int(np.count_nonzero(gone & ~blank)))


def edit_refinedweb(text: str, spans: Sequence[Span] = ()) -> LineEdit:
    r"""Edit lines as RefinedWeb does (Penedo et al. 2023), in the order and with the limits of DCLM-baseline.

    A line goes when over half of its characters, blanks included, are capitals; when it is all digits; when it is a counter
    such as "3 likes"; when it has one word. From lines of at most ten words "items in cart" is cut anywhere, "Read more..."
    at the end and "Sign-in" at the beginning, whatever the case; a line of which nothing is left goes. Lines end at ``\n``.
    DCLM reads the three dots of "Read more..." as any three characters; here they are dots, or one ellipsis.
    """
    rows = text.split("\n")
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths + 1)[:-1]))
    capitals = np.concatenate(([0], np.cumsum(classes(codepoints(text)) & UPPER != 0)))
    shouted = capitals[starts + lengths] - capitals[starts] > _MAX_UPPER * lengths
    locked = touched_lines(text, spans)
    gone, cuts = [], []
    for i in np.flatnonzero(~locked & (lengths > 0)).tolist():
        row, start = rows[i], int(starts[i])
        if row.isspace():
            continue
        inner = _phrases(row)
        if shouted[i] or _is_machine_line(row) or inner == [(0, len(row))]:
            gone.append(i)
        else:
            cuts += [(start + first, start + last) for first, last in inner]
    lines = without_lines(text, spans, np.array(gone, dtype=np.int64), locked)
    return _edited(text, spans, [*lines.ranges, *cuts], lines.removed_lines)


LINE_RULES: Mapping[str, LineRules] = {
    "c4": LineRules(
        partial(edit_c4, end_marks=True, min_words=3), 1.0, "Raffel et al. 2020 as in datatrove's defaults: 3 words a line"
    ),
    "c4_no_punct": LineRules(
        partial(edit_c4, end_marks=False, min_words=3), 1.0, "the same without end marks, as FineWeb uses it"
    ),
    "c4_tfds": LineRules(partial(edit_c4, end_marks=True, min_words=5), 1.0, "the same with 5 words a line, as TFDS and DCLM"),
    "refinedweb": LineRules(edit_refinedweb, 0.05, "Penedo et al. 2023 as in DCLM-baseline"),
}
"""Every set of rules on lines by name."""


def _is_machine_line(line: str) -> bool:
    return line.isdigit() or len(line.split(None, _MIN_LINE_WORDS)) < _MIN_LINE_WORDS or bool(_COUNTER.fullmatch(line))


def _phrases(line: str) -> list[Range]:
    """Return what of a short line is cut, ascending; all of it where only blanks would be left."""
    if len(line.split(None, _PHRASE_WORDS + 1)) > _PHRASE_WORDS:
        return []
    cuts = _merged(match.span() for phrase in _PHRASES for match in phrase.finditer(line))
    left = "".join(line[end:start] for (_, end), (start, _) in zip([(0, 0), *cuts], [*cuts, (len(line), 0)], strict=True))
    return cuts if not cuts or left.strip() else [(0, len(line))]


def _shared(starts: Offsets, ends: Offsets, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Whether each line, its line end included, shares a character with a span."""
    if not spans:
        return np.zeros(len(starts), dtype=np.bool_)
    span_starts, span_ends = np.array([span.start for span in spans]), np.array([span.end for span in spans])
    first = np.searchsorted(span_ends, starts, side="right")
    return (first < len(spans)) & (span_starts[np.minimum(first, len(spans) - 1)] < ends)


def _citations(text: str, firsts: Offsets, lasts: Offsets) -> list[Range]:
    """Return the citation marks within stretches that ascend."""
    marks = [match.span() for match in _CITATION.finditer(text)] if "[" in text else []
    if not marks or not len(firsts):
        return []
    at = np.searchsorted(firsts, [start for start, _ in marks], side="right") - 1
    return [mark for mark, i in zip(marks, at.tolist(), strict=True) if i >= 0 and mark[1] <= lasts[i]]


def _with_edges(cuts: list[Range], solid: NDArray[np.bool_]) -> list[Range]:
    """Add to cuts what would be left at either end of the text that is not solid."""
    left = solid.copy()
    for start, end in cuts:
        left[start:end] = False
    places = np.flatnonzero(left)
    if not len(places):
        return [(0, len(solid))]
    return [*cuts, (0, int(places[0])), (int(places[-1]) + 1, len(solid))]


def _pairs(starts: Offsets, ends: Offsets) -> list[Range]:
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Sort ranges, join those that touch or overlap, and leave out empty ones."""
    joined: list[Range] = []
    for start, end in sorted(pair for pair in ranges if pair[0] < pair[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _edited(text: str, spans: Sequence[Span], ranges: Iterable[Range], removed_lines: int) -> LineEdit:
    cuts = _merged(ranges)
    after, moved = apply_edits(text, spans, [Edit(start, end) for start, end in cuts])
    return LineEdit(after, moved, removed_lines, len(text) - len(after), tuple(cuts))
