"""Links to notes in running text, as ``<a role="doc-noteref">[1]</a>``: found in the bytes around the text of one."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import helper

MAX_TAG: Final = 400
"""Bytes of a tag, and of what a link holds, that are looked at."""
MAX_LEVELS: Final = 3
"""Tags between a link and its text."""
MAX_MARK: Final = 6
"""Bytes of the text of a mark, or of its first part."""

_NAMES: Final = (
    np.frombuffer(b"noteref", np.uint8),  # role="doc-noteref" and epub:type="noteref"
    np.frombuffer(b"footnote-ref", np.uint8),  # classes of Docutils and Pandoc
)


@helper
def _holds(source: NDArray[np.uint8], at: int, stop: int, name: NDArray[np.uint8]) -> bool:
    for i in range(at, stop - len(name) + 1):
        if source[i] == name[0]:
            j = 1
            while j < len(name) and source[i + j] == name[j]:
                j += 1
            if j == len(name):
                return True
    return False


@helper
def _after_link(source: NDArray[np.uint8], at: int) -> int:
    """First byte of the next end tag of a link, or 0."""
    for i in range(at, min(at + MAX_TAG, len(source) - 4)):
        if source[i] == 0x3C and source[i + 1] == 0x2F and source[i + 2] | 0x20 == 0x61 and source[i + 3] in (0x3E, 0x20):
            return i
    return 0


@helper
def may_be_mark(source: NDArray[np.uint8], at: int, stop: int) -> bool:
    """Whether a text is as short as a mark of a note, begins as one does, and stands behind a tag."""
    first = source[at]
    return bool(stop - at <= MAX_MARK and at > 0 and (first == 0x5B or 0x30 <= first <= 0x39) and source[at - 1] == 0x3E)


@helper
def note_end(source: NDArray[np.uint8], at: int) -> int:
    """Find the end of the link to a note that begins just before a byte.

    Parameters
    ----------
    source : ndarray of uint8
        The page.
    at : int
        First byte of a text or of an element.

    Returns
    -------
    int
        Where the link's end tag begins; 0 where no link begins here, or one that says nothing of a note.
    """
    for _ in range(MAX_LEVELS):
        if at < 1 or source[at - 1] != 0x3E:
            return 0
        start, least = at - 1, max(0, at - MAX_TAG)
        while start > least and source[start] != 0x3C:
            start -= 1
        if source[start] != 0x3C or source[start + 1] == 0x2F:
            return 0
        if source[start + 1] | 0x20 == 0x61 and source[start + 2] <= 0x20:
            noted = _holds(source, start, at, _NAMES[0]) or _holds(source, start, at, _NAMES[1])
            return _after_link(source, at) if noted else 0
        at = start
    return 0
