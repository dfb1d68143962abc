"""Lines of ``str.splitlines``: bullets, ellipses, and what C4's filter finds in each."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.datatrove.kernels.blocks import stripped
from udfs.datatrove.kernels.compiled import BRACKET, BREAK, DIGIT, RARE, SPACE, Values, compiled
from udfs.words import Flags, Offsets, Points

Found = NDArray[np.uint8]
Lines = tuple[Offsets, Offsets, Offsets, Offsets, Found]
"""Of each line: its start, the start and end of what is left stripped, its end, and the bits of what was found in it."""

LONG_WORD: Final = 1
NO_END_MARK: Final = 2
FEW_WORDS: Final = 4
LOREM_IPSUM: Final = 8
JAVASCRIPT: Final = 16
CURLY_BRACKET: Final = 32
POLICY: Final = 64
"""Bits of a line. A line with too long a word or too few of them is not searched for phrases."""

MAX_WORD: Final = 1000
MIN_WORDS: Final = 3

AT_SIGNS: Final = 3
AT_C4: Final = 26

_DOT, _ELLIPSIS, _SHARP, _BULLET, _HYPHEN = (ord(char) for char in ".…#•-")
_QUESTION, _EXCLAMATION, _QUOTE, _APOSTROPHE = (ord(char) for char in "?!\"'")
_OPEN, _CLOSE, _CURLY, _FIRST_CAPITAL, _LAST_CAPITAL = (ord(char) for char in "[]{AZ")
_K, _V, _F, _M = (ord(char) for char in "kvfm")
_KELVIN: Final = 0x212A  # the only capital beyond ASCII whose lower case is an ASCII letter by itself
_TO_LOWER: Final = 32
_LINE_END, _RETURN = 10, 13


def _pattern(text: str) -> Points:
    return np.array([ord(char) for char in text], dtype=np.uint32)


_LOREM = _pattern("lorem ipsum")
_SCRIPT = _pattern("javascript")
_TERMS = _pattern("terms of use")
_PRIVACY = _pattern("privacy policy")
_COOKIE_POLICY = _pattern("cookie policy")
_USES = _pattern("uses cookies")
_USE_OF = _pattern("use of cookies")
_USE = _pattern("use cookies")
_EDIT = _pattern("[edit]")
_NEEDED = _pattern("[citation needed]")


@compiled
def split_lines(points: Points, table: Flags, min_words: int) -> Lines:
    """Split a text as ``str.splitlines`` does, and look into every line."""
    n_chars, count = len(points), 1
    for point in points:
        count += table[point] & BREAK != 0
    starts = np.empty(count, dtype=np.int64)
    firsts, lasts, stops = np.empty_like(starts), np.empty_like(starts), np.empty_like(starts)
    found = np.empty(count, dtype=np.uint8)
    scratch = np.empty(n_chars, dtype=np.uint32)
    row, start = 0, 0
    while start < n_chars:
        stop = start
        while stop < n_chars and not table[points[stop]] & BREAK:
            stop += 1
        starts[row], stops[row] = start, stop
        firsts[row], lasts[row] = stripped(points, start, stop, table)
        found[row] = _look(points[firsts[row] : lasts[row]], min_words, table, scratch)
        row += 1
        both = stop + 1 < n_chars and points[stop] == _RETURN and points[stop + 1] == _LINE_END
        start = stop + 1 + int(both)
    return starts[:row], firsts[:row], lasts[:row], stops[:row], found[:row]


@compiled
def line_values(points: Points, lines: Lines, sentences: Offsets, n_words: int, row: Values) -> None:
    """Write the values of signs and line ends, and how C4's filter ends, with end marks asked for and without."""
    starts, firsts, lasts, _, _ = lines
    bullets, trailing = 0, 0
    for i in range(len(starts)):
        first, last = firsts[i], lasts[i]
        if first < last:
            bullets += points[first] == _BULLET or points[first] == _HYPHEN
            trailing += points[last - 1] == _ELLIPSIS or _dotted(points, first, last)
    if len(starts):
        row[AT_SIGNS + 2], row[AT_SIGNS + 3] = bullets / len(starts), trailing / len(starts)
    if n_words:
        sharps, ellipses = _signs(points)
        row[AT_SIGNS], row[AT_SIGNS + 1] = sharps / n_words, ellipses / n_words
    _walk(lines, sentences, NO_END_MARK, row[AT_C4 : AT_C4 + 3])
    _walk(lines, sentences, 0, row[AT_C4 + 3 : AT_C4 + 6])


@compiled
def _walk(lines: Lines, sentences: Offsets, marks: int, values: Values) -> None:
    """Write whether the filter ends at "lorem ipsum", whether at a curly bracket, and the sentences of lines kept so far."""
    starts, found = lines[0], lines[4]
    values[:] = 0.0
    at = 0
    for i in range(len(starts)):
        own, here = at, found[i]
        while at < len(sentences) and (i + 1 == len(starts) or sentences[at] < starts[i + 1]):
            at += 1
        if here & (LONG_WORD | FEW_WORDS | marks):
            continue
        if here & LOREM_IPSUM:
            values[0] = 1.0
            return
        if here & JAVASCRIPT:
            continue
        if here & CURLY_BRACKET:
            values[1] = 1.0
            return
        if not here & POLICY:
            values[2] += at - own


@compiled
def _signs(points: Points) -> tuple[int, int]:
    """Count number signs, and ellipses of either form."""
    sharps, ellipses, dots = 0, 0, 0
    for point in points:
        dots = dots + 1 if point == _DOT else 0
        if dots == 3:
            ellipses += 1
            dots = 0
        sharps += point == _SHARP
        ellipses += point == _ELLIPSIS
    return sharps, ellipses


@compiled
def _dotted(points: Points, start: int, stop: int) -> bool:
    """Whether a stretch ends in three dots."""
    dots = 0
    while dots < 3 and stop - dots > start and points[stop - dots - 1] == _DOT:
        dots += 1
    return dots == 3


@compiled
def _look(line: Points, min_words: int, table: Flags, scratch: Points) -> int:
    """Return the bits of a stripped line, whose phrases and end are read without its citation marks."""
    words, run, longest, some, blank = 0, 0, 0, 0, 1
    for point in line:
        flag = int(table[point])
        some |= flag
        words += blank & ~flag
        blank = flag & SPACE
        run = (run + 1) * (1 - blank)
        longest = max(longest, run)
    read = _uncited(line, table, scratch) if some & BRACKET else line
    found = (LONG_WORD if longest > MAX_WORD else 0) | (FEW_WORDS if words < min_words else 0)
    found |= 0 if _ended(read) else NO_END_MARK
    return found if found & (LONG_WORD | FEW_WORDS) or not some & RARE else found | _phrases(read, table)


@compiled
def _ended(line: Points) -> bool:
    """Whether a line ends in one of C4's marks, three dots apart."""
    last = line[-1] if len(line) else 0
    marked = last in (_DOT, _QUESTION, _EXCLAMATION, _QUOTE, _APOSTROPHE)
    return marked and not _dotted(line, 0, len(line))


@compiled
def _uncited(line: Points, table: Flags, scratch: Points) -> Points:
    """Return a line without its citation marks."""
    size, at = 0, 0
    while at < len(line):
        if line[at] == _OPEN:
            past = citation_end(line, at, table)
            if past > at:
                at = past
                continue
        scratch[size] = line[at]
        size, at = size + 1, at + 1
    return scratch[:size]


@compiled
def citation_end(line: Points, at: int, table: Flags) -> int:
    """Return where the citation mark ends that an opening bracket begins; ``at`` where it begins none."""
    end = at + 1
    while end < len(line) and table[line[end]] & DIGIT:
        end += 1
    if end < len(line) and line[end] == _CLOSE:
        return end + 1
    if _is(_EDIT, line, at):
        return at + len(_EDIT)
    return at + len(_NEEDED) if _is(_NEEDED, line, at) else at


@compiled
def _is(pattern: Points, line: Points, at: int) -> bool:
    """Whether a pattern stands in a line at a place, case mattering."""
    if at + len(pattern) > len(line):
        return False
    same = 0
    while same < len(pattern) and line[at + same] == pattern[same]:
        same += 1
    return same == len(pattern)


@compiled
def _phrases(line: Points, table: Flags) -> int:
    """Return the bits of the phrases in a line, each looked for where its rarest letter stands."""
    found = 0
    for i in range(len(line)):
        if not table[line[i]] & RARE:
            continue
        point = _lower(line[i])
        if point == _CURLY:
            found |= CURLY_BRACKET
        elif point == _V:
            found |= JAVASCRIPT if _stands(_SCRIPT, line, i - 2) else 0
            found |= POLICY if _stands(_PRIVACY, line, i - 3) else 0
        elif point == _K:
            cookies = _stands(_USES, line, i - 8) or _stands(_USE_OF, line, i - 10) or _stands(_USE, line, i - 7)
            found |= POLICY if cookies or _stands(_COOKIE_POLICY, line, i - 3) else 0
        elif point == _M:
            found |= LOREM_IPSUM if _stands(_LOREM, line, i - 4) else 0
        elif point == _F:
            found |= POLICY if _stands(_TERMS, line, i - 7) else 0
    return found


@compiled
def _stands(pattern: Points, line: Points, at: int) -> bool:
    """Whether a pattern in lower case stands in a line at a place, whatever the line's case."""
    if at < 0 or at + len(pattern) > len(line):
        return False
    same = 0
    while same < len(pattern) and _lower(line[at + same]) == pattern[same]:
        same += 1
    return same == len(pattern)


@compiled
def _lower(point: int) -> int:
    if _FIRST_CAPITAL <= point <= _LAST_CAPITAL:
        return int(point) + _TO_LOWER
    return _K if point == _KELVIN else int(point)
