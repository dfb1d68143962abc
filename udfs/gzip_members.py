"""Gzip members (RFC 1952) of a large file, one by one, whatever became of them: whole, damaged, cut, or endless.

A `Window` gives random access to a source in few large reads; `inflate` takes a small member at once; `Extent` and
`Inflated` read one that is damaged or too large to hold.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, Protocol

MAGIC: Final = b"\x1f\x8b\x08"

_BLOCK: Final = 4 * 2**20  # one read of the source: few requests to an object store, small beside a worker's memory
_STEP: Final = 16 * 2**10  # compressed bytes a call: at a member's end zlib copies what it has not used
_CAREFUL_STEP: Final = 16  # an error loses all that its own call had inflated: damage is approached in small steps
_CHUNK: Final = 2**20


class Source(Protocol):
    """What a window needs of a binary file."""

    def seek(self, at: int, /) -> int:
        """Go to a byte."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none only at the end."""


class Window:
    """Random access to a source of a known size through one moving block.

    Parameters
    ----------
    source : Source
        Read in blocks of 4 MiB, or of what is asked for where that is more.
    size : int
        Bytes in the source.
    """

    def __init__(self, source: Source, size: int) -> None:
        self.size = size
        self._source = source
        self._data = b""
        self._base = 0

    def read(self, at: int, size: int) -> bytes:
        """Return the bytes ``at:at+size``, fewer at the end.

        Raises
        ------
        OSError
            When the source is shorter than its size.
        """
        size = min(size, self.size - at)
        if size <= 0:
            return b""
        self._hold(at, size)
        return self._data[at - self._base : at - self._base + size]

    def find(self, needle: bytes, at: int, stop: int) -> int | None:
        """Return the first place in ``at:stop`` where the needle begins."""
        stop = min(stop, self.size - len(needle) + 1)
        while at < stop:
            self._hold(at, len(needle))
            found = self._data.find(needle, at - self._base, stop - self._base + len(needle) - 1)
            if found >= 0:
                return self._base + found
            at = self._base + len(self._data) - len(needle) + 1
        return None

    def _hold(self, at: int, size: int) -> None:
        if self._base <= at and at + size <= self._base + len(self._data):
            return
        known = self._data[at - self._base :] if self._base <= at <= self._base + len(self._data) else b""
        pieces, have = [known], len(known)
        want = min(max(size, _BLOCK), self.size - at)
        self._source.seek(at + have)
        while have < want and (piece := self._source.read(want - have)):
            pieces.append(piece)
            have += len(piece)
        if have < size:
            raise OSError(f"the source ends at byte {at + have}, before its size of {self.size}")
        self._data, self._base = b"".join(pieces), at


def pieces(window: Window, at: int, fragile: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Inflate the member at `at` piece by piece.

    Parameters
    ----------
    window : Window
        The file.
    at : int
        First byte of the member.
    fragile : int, optional
        Place in the file from which to go in small steps, so that an error loses little of what came before it.

    Yields
    ------
    tuple of (bytes, int)
        At most 1 MiB of output, and the place in the file up to which its input went.

    Raises
    ------
    zlib.error
        Where the member is damaged.
    EOFError
        Where the file ends inside it.
    """
    inflater = zlib.decompressobj(31)
    while not inflater.eof:
        piece = inflater.unconsumed_tail
        if not piece:
            piece = window.read(at, _STEP if fragile is None or at < fragile else _CAREFUL_STEP)
            at += len(piece)
        out = inflater.decompress(piece, _CHUNK)
        if not (piece or out):
            raise EOFError(f"the file ends inside a gzip member, at byte {at}")
        yield out, at - len(inflater.unused_data)


def opens_with(window: Window, at: int, start: bytes) -> bool:
    """Whether there is a member at `at` that inflates to something beginning with `start`."""
    try:
        return zlib.decompressobj(31).decompress(window.read(at, 2**10), len(start)) == start
    except zlib.error:
        return False


def member_end(window: Window, at: int) -> int | None:
    """Return the byte behind the member at `at`; None when it is damaged or cut."""
    end = at
    try:
        for _, reached in pieces(window, at):
            end = reached
    except (EOFError, zlib.error):
        return None
    return end


def inflate(window: Window, at: int, most: int) -> tuple[bytes, int] | None:
    """Return a whole member's content and the byte behind it; None when it is damaged, cut or above `most` bytes."""
    out: list[bytes] = []
    size, end = 0, at
    try:
        for piece, reached in pieces(window, at):
            out.append(piece)
            size, end = size + len(piece), reached
            if size > most:
                return None
    except (EOFError, zlib.error):
        return None
    return out[0] if len(out) == 1 else b"".join(out), end


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a member can be read.

    Parameters
    ----------
    end : int
        The byte behind what can be read of it.
    size : int
        Bytes that it inflates to.
    how : {"whole", "cut", "broken"}
        Whether it ends well, with the file, or in an error (`why`).
    fragile : int or None
        Where to begin small steps to get those `size` bytes.
    """

    end: int
    size: int
    how: Literal["whole", "cut", "broken"]
    fragile: int | None = None
    why: str = ""


def extent(window: Window, at: int, fragile: int | None = None) -> Extent:
    """Measure the member at `at` without holding it; a broken one is gone through twice, then in small steps."""
    size, end = 0, at
    try:
        for piece, reached in pieces(window, at, fragile):
            size, end = size + len(piece), reached
    except EOFError:
        return Extent(end, size, "cut", fragile)
    except zlib.error as error:
        return extent(window, at, end) if fragile is None else Extent(end, size, "broken", fragile, str(error))
    return Extent(end, size, "whole", fragile)


class Inflated:
    """What a member inflates to, as a source that is held in pieces; to go back is to begin again.

    Parameters
    ----------
    reopen : callable
        Gives the pieces from the beginning, as `pieces` does.
    """

    def __init__(self, reopen: Callable[[], Iterator[tuple[bytes, int]]]) -> None:
        self._reopen = reopen
        self._pieces = reopen()
        self._piece = b""
        self._at = 0

    def seek(self, at: int, /) -> int:
        """Go to a byte of the content."""
        if at < self._at:
            self._pieces, self._piece, self._at = self._reopen(), b"", 0
        while self._at < at and self.read(at - self._at):
            pass
        return self._at

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none where the member ends or breaks."""
        try:
            while not self._piece:
                self._piece = next(self._pieces)[0]
        except (StopIteration, EOFError, zlib.error):
            return b""
        out, self._piece = self._piece[:size], self._piece[size:]
        self._at += len(out)
        return out
