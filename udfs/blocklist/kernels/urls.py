"""URLs judged without Python: hosts with their parents, plain paths, and words that may drop a page.

A host is a prefix of every host below it when both are read backwards, so one pass over a host's bytes gives the hashes of all
its parents, and a path goes on from there forwards. URLs that are not plainly ``http(s)://host/…`` in ASCII are not judged here:
they are answered with `ODD`, and `udfs.urls.canonical` decides what they mean.
"""

from __future__ import annotations

import numpy as np

from udfs.blocklist.kernels.layout import (
    ALLOWED,
    COLON,
    DASH,
    DIGIT,
    DOT,
    FOLDING,
    HARD,
    HASH,
    HEX,
    HOST,
    HOST_END,
    HOST_KIND,
    HTTP,
    LABEL_END,
    LOWER,
    MAX_HOST,
    MAX_LABEL,
    MAX_PLAIN,
    NAME,
    NONE,
    NUMBER,
    ODD,
    PATH_KIND,
    PATHS,
    PERCENT,
    QUERY,
    SLASH,
    SOFT,
    START,
    SUFFIX,
    WORD,
    WWW,
    Bytes,
    Numbers,
    Offsets,
    Table,
    entry,
    helper,
)
from udfs.blocklist.kernels.names import find, roll


@helper
def _walk_host(data: Bytes, start: int, end: int, exact: int, whole: bool, table: Table, allow: int):  # type: ignore[no-untyped-def]
    """Look up a host and its parents of two labels and more, the widest first.

    Parameters
    ----------
    data, start, end
        The host, in any case.
    exact
        Where it begins in canonical form, which is after ``www.``.
    whole
        Whether only the host itself counts.
    table, allow
        What is looked up; lists below ``allow`` are allow lists.

    Returns
    -------
    tuple of (answer, where, state, paths)
        The answer, where the entry begins, and the hash of the exact host and whether there are entries with paths.
    """
    state, target, found, where, paths, dots = START, START, NONE, end, False, 0
    for at in range(end - 1, start - 2, -1):
        byte = DOT if at < start else LOWER[data[at]]
        if byte == DOT:
            if at < start or (dots > 0 and not whole):
                code = find(table, state)
                if code >= 0:
                    number = code & NUMBER
                    if number < allow:
                        return ALLOWED, at + 1, state, False
                    if found < 0 and number != NUMBER:
                        found, where = number, at + 1
                    if code & PATHS and at + 1 <= exact:
                        # `www.` before a public suffix is no mere decoration.
                        if (at + 1 < exact) or (code & SUFFIX and exact > start):
                            return ODD, at + 1, state, False
                        paths = True
                if at + 1 == exact:
                    target = state
            dots += 1
        state = roll(state, byte)
    return found, where, target, paths


@helper
def _walk_path(data: Bytes, start: int, end: int, state: np.uint64, table: Table, allow: int) -> tuple[int, int]:
    """Look up the prefixes of a canonical path at its slashes, then all of it; return the answer and where the entry ends."""
    found, where, query = NONE, end, False
    for at in range(start, end + 1):
        edge = at == end
        if not edge and not query and at > start:
            byte = data[at]
            query = byte == QUERY
            edge = byte == SLASH or (query and at > start + 1)
        if edge:
            code = find(table, state)
            if code >= 0 and code & NUMBER < allow:
                return ALLOWED, at
            if code >= 0 and found < 0 and code & NUMBER != NUMBER:
                found, where = code & NUMBER, at
        if at < end:
            state = roll(state, data[at])
    return found, where


@entry
def find_entry(key: Bytes, host_end: int, path: int, whole: bool, table: Table, allow: int) -> tuple[int, int]:
    """Look up a canonical URL.

    Parameters
    ----------
    key : array of uint8
        What `udfs.urls.canonical` gave; the host begins at byte 8.
    host_end, path : int
        Where the host ends and the path begins.
    whole : bool
        Whether the host is an address, which has no parents.
    table : Table
        What is looked up.
    allow : int
        Lists below this number are allow lists.

    Returns
    -------
    tuple of (int, int)
        Number of the list, `NONE` or `ALLOWED`; the byte at which an entry without a path begins, or one with a path ends.
    """
    found, where, state, paths = _walk_host(key, 8, host_end, 8, whole, table, allow)
    if paths and found != ALLOWED:
        below, stop = _walk_path(key, path, len(key), state, table, allow)
        if below == ALLOWED or found < 0:
            return below, stop
    return found, where


@helper
def _is_label(data: Bytes, start: int, end: int) -> bool:
    """Whether a label has a lawful length and is not encoded, so that it means what it says."""
    if not start < end <= start + MAX_LABEL:
        return False
    dashes = end - start > 3 and data[start + 2] == DASH and data[start + 3] == DASH
    return not (dashes and LOWER[data[start]] == ord("x") and LOWER[data[start + 1]] == ord("n"))


@helper
def _host_of(data: Bytes, start: int, end: int) -> tuple[int, int, int]:
    """Return where the host of a plain URL begins and ends and the path begins; `ODD` thrice for any other."""
    odd = (ODD, ODD, ODD)
    if end - start < 10 or end - start > MAX_PLAIN:
        return odd
    for i in range(4):
        if LOWER[data[start + i]] != HTTP[i]:
            return odd
    first = start + 4 + (LOWER[data[start + 4]] == ord("s"))
    if data[first] != COLON or data[first + 1] != SLASH or data[first + 2] != SLASH:
        return odd
    first += 3
    label = at = first
    while at < end:
        kind = HOST_KIND[data[at]]
        if kind == LABEL_END:
            if not _is_label(data, label, at):
                return odd
            label = at + 1
        elif kind != NAME:
            break
        at += 1
    last = at
    if label == first or last - first > MAX_HOST or not _is_label(data, label, last) or DIGIT[data[label]]:
        return odd
    if at < end and data[at] == COLON:
        port = 0
        at += 1
        while at < end and DIGIT[data[at]] and port <= 65535:
            port = port * 10 + data[at] - ord("0")
            at += 1
        if port > 65535:
            return odd
    if at < end and HOST_KIND[data[at]] != HOST_END:
        return odd
    return first, last, at


@helper
def _www(data: Bytes, first: int, last: int) -> int:
    """Return where a host goes on behind ``www.``, its own start where it has none, `ODD` where ``www.`` stands twice."""
    for i in range(8):
        if first + i >= last or LOWER[data[first + i]] != WWW[i]:
            break
    else:
        return ODD
    if i < 4:
        return first
    for at in range(first + 4, last):
        if data[at] == DOT:
            return first + 4
    return first


@helper
def _is_plain_path(data: Bytes, start: int, end: int) -> bool:
    """Whether a path is canonical but for a slash at its end, and nothing follows it."""
    if start == end:
        return False
    segment = start + 1
    for at in range(start, end):
        byte = data[at]
        if PATH_KIND[byte] == 0:
            return False
        if byte == SLASH:
            if at > start and data[at - 1] == SLASH:
                return False
            segment = at + 1
        elif byte == DOT:
            # `.`, `..`, and pages called `index.*` or `default.*`, which canonical URLs leave out.
            length = at - segment
            initial = LOWER[data[segment]]
            if length == 0 or (length == 5 and initial == ord("i")) or (length == 7 and initial == ord("d")):
                return False
    return True


@entry
def folds_to_ascii(before: np.uint8, byte: np.uint8) -> bool:
    """Whether two bytes may end a character whose folded form holds an ASCII letter (``ß``, ``K`` for kelvin, ``ﬁ``)."""
    found = False
    for i in range(len(FOLDING)):
        found = found or (FOLDING[i, 0] == before and FOLDING[i, 1] <= byte <= FOLDING[i, 2])
    return found


@helper
def _weight(table: Table, state: np.uint64, in_host: bool) -> int:
    """Return 2 for a word that drops by itself, 1 for one that needs another, 0 for any other."""
    code = find(table, state)
    if code < 0:
        return 0
    return 2 if code & HARD or (in_host and code & HOST) else int(code & SOFT != 0)


@helper
def _has_words(data: Bytes, first: int, host_end: int, end: int, words: Table, beyond: bool) -> bool:
    """Whether a plain URL may hold words enough to drop it: every URL that does, and a few more.

    ``beyond`` tells that some of the words are not ASCII.
    """
    state, letters, before, weight = START, START, np.uint8(0), 0
    start, tail = NONE, False
    at = first
    while at <= end:
        place, byte = at, np.uint8(0) if at == end else data[at]
        if at < end and (byte < 0x20 or byte == HASH):
            if byte != HASH:
                return True
            byte, end = np.uint8(0), at
        if byte == PERCENT and at + 2 < end and HEX[data[at + 1]] < 16 and HEX[data[at + 2]] < 16:
            byte = np.uint8(HEX[data[at + 1]] * 16 + HEX[data[at + 2]])
            at += 2
        if byte >= 0x80 and (beyond or folds_to_ascii(before, byte)):
            return True
        before, letter = byte, WORD[byte]
        if letter:
            if start < 0:
                start, state, letters = place, START, START
            state = roll(state, letter)
            tail = DIGIT[byte] != 0
            if not tail:
                letters = state
        elif start >= 0:
            weight += _weight(words, state, start < host_end)
            if tail and letters != START:
                weight += _weight(words, letters, start < host_end)
            if weight > 1:
                return True
            start = NONE
        at += 1
    return False


@helper
def _judge(data: Bytes, start: int, end: int, table: Table, allow: int, words: Table, beyond: bool) -> int:
    first, last, rest = _host_of(data, start, end)
    exact = _www(data, first, last) if first >= 0 else ODD
    if exact < 0:
        return ODD
    found, _, state, paths = _walk_host(data, first, last, exact, False, table, allow)
    if paths and found != ALLOWED and found != ODD:
        if not _is_plain_path(data, rest, end):
            return ODD
        below, _ = _walk_path(data, rest, end, state, table, allow)
        if below == ALLOWED or found < 0:
            found = below
    if found == NONE and (beyond or len(words.hashes) > 0) and _has_words(data, first, last, end, words, beyond):
        return ODD
    return NONE if found == ALLOWED else found


@entry
def scan(data: Bytes, offsets: Offsets, table: Table, allow: int, words: Table, beyond: bool, found: Numbers) -> None:
    """Judge many URLs.

    Parameters
    ----------
    data, offsets
        URLs in UTF-8, one behind the other, and where each begins; one offset more than URLs.
    table, allow
        Entries; lists below number ``allow`` are allow lists.
    words, beyond
        Words of URLs with their codes; whether there are others, which are not ASCII.
    found
        Written: the number of the list that holds each URL, `NONE`, or `ODD`.
    """
    for row in range(len(offsets) - 1):
        found[row] = _judge(data, offsets[row], offsets[row + 1], table, allow, words, beyond)
