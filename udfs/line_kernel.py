"""The compiled loop over lines: UTF-8 bytes to one 64-bit hash for each line that counts.

Everything that is compiled into each other stands in this file, because numba keeps compiled code until its own file
changes. The hash is XXH64 with seed 0 (Collet, the xxHash specification) over the UTF-8 bytes of the normalised line;
words are read as the machine keeps them, so the code asks for a little-endian one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import BLANK, NUMBER, WORD, Offsets, classes, codepoints, from_codepoints

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]

F = TypeVar("F", bound=Callable[..., Any])

_LINE_END: Final = 10
_SPACE: Final = 32
_CAPITAL_SIGMA: Final = 0x03A3
_DOTTED_CAPITAL_I: Final = 0x0130
_DOT_ABOVE: Final = 0x0307
_CODE_POINTS: Final = 0x110000

_P1: Final = np.uint64(0x9E3779B185EBCA87)
_P2: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_P3: Final = np.uint64(0x165667B19E3779F9)
_P4: Final = np.uint64(0x85EBCA77C2B2AE63)
_P5: Final = np.uint64(0x27D4EB2F165667C5)
_V1: Final = np.uint64(0x60EA27EEADC0B5D6)  # _P1 + _P2
_V4: Final = np.uint64(0x61C8864E7A143579)  # -_P1
_ZERO: Final = np.uint64(0)
_LOW_HALF: Final = np.uint64(0xFFFFFFFF)
_BITS: Final = np.uint64(64)
_ROUND_TURN: Final = np.uint64(31)


def _compiled(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True)(function))


def line_rows(data: Bytes, starts: Offsets, ends: Offsets) -> tuple[Offsets, Offsets, Hashes]:
    r"""Normalise and hash the lines of texts that lie in one buffer.

    A line is normalised to what is left of it in lower case (as `str.lower` does it for the whole text) with numbers of any
    script as ``0``, signs other than letters, marks and numbers taken out, and blanks collapsed and stripped; where nothing
    is left, to its stripped raw bytes. Only ``\n`` ends a line. Bytes that are no UTF-8 are signs; three-byte forms of
    surrogates are read as those.

    Parameters
    ----------
    data : array of uint8
        The buffer.
    starts, ends : array of int64, shape (n,)
        Half-open byte ranges of the texts in it.

    Returns
    -------
    offsets : array of int64, shape (n + 1,)
        Where each text's lines begin and end in the two other arrays.
    lines : array of int64
        Number of each line, from 0, within its text.
    hashes : array of uint64
        XXH64 of each normalised line. Blank lines are left out.
    """
    data = data.view()
    data.flags.writeable = False  # numba compiles a second version for arrays that can be written
    offsets, lines, hashes, sigmas = _run(data, starts, ends)
    for row in np.flatnonzero(sigmas).tolist():
        # Which small sigma a capital becomes depends on the letters around it.
        lowered = np.frombuffer(_lower_sigmas(data[starts[row] : ends[row]].tobytes()), dtype=np.uint8)
        whole = (np.zeros(1, dtype=np.int64), np.array([len(lowered)], dtype=np.int64))
        hashes[offsets[row] : offsets[row + 1]] = _run(lowered, *whole)[2]
    return offsets, lines, hashes


def _run(data: Bytes, starts: Offsets, ends: Offsets) -> tuple[Offsets, Offsets, Hashes, NDArray[np.bool_]]:
    longest = int((ends - starts).max(initial=0))
    most = _count_lines(data, starts, ends)
    # Lower case takes up to one and a half times the bytes.
    scratch = np.empty(longest // 4 + 2, dtype=np.uint64)
    offsets = np.zeros(len(starts) + 1, dtype=np.int64)
    lines, hashes = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.uint64)
    sigmas = np.zeros(len(starts), dtype=np.bool_)
    _hash_rows(data, starts, ends, _fold_table(), scratch, offsets, lines, hashes, sigmas)
    # Copies: a view would keep room for every blank line.
    return offsets, lines[: offsets[-1]].copy(), hashes[: offsets[-1]].copy(), sigmas


def _lower_sigmas(data: bytes) -> bytes:
    """Lower the lines with a capital sigma; they hold a letter, so what is no UTF-8 in them has no part in their hash."""
    sigma = chr(_CAPITAL_SIGMA).encode()
    lines = (line.decode("utf-8", "replace").lower().encode() if sigma in line else line for line in data.split(b"\n"))
    return b"\n".join(lines)


@cache
def _fold_table() -> NDArray[np.uint32]:
    """Return what each code point becomes in a normalised line: itself in lower case, ``0``, a blank, or 0 for nothing."""
    points = np.arange(_CODE_POINTS, dtype=np.uint32)
    points[_DOTTED_CAPITAL_I] = ord("i")  # the only one that becomes two; the kernel adds the dot
    table = codepoints(from_codepoints(points).lower()).copy()
    flags = classes(table)
    table[(flags & NUMBER) != 0] = ord("0")
    table[(flags & (WORD | BLANK)) == 0] = 0
    table[(flags & BLANK) != 0] = _SPACE
    table.flags.writeable = False
    return table


@_compiled
def _count_lines(data: Bytes, starts: Offsets, ends: Offsets) -> int:
    count = len(starts)
    for row in range(len(starts)):
        for at in range(starts[row], ends[row]):
            count += data[at] == _LINE_END
    return count


@_compiled
def _hash_rows(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    fold: NDArray[np.uint32],
    scratch: Hashes,
    offsets: Offsets,
    lines: Offsets,
    hashes: Hashes,
    sigmas: NDArray[np.bool_],
) -> None:
    out = scratch.view(np.uint8)
    total = 0
    for row in range(len(starts)):
        line, at, end = 0, starts[row], ends[row]
        while at <= end:
            stop, size, sigma = _normalise(data, at, end, fold, out)
            if size == 0:
                size = _strip(data, at, stop, fold, out)
            if size:
                lines[total] = line
                hashes[total] = _xxh64(scratch, out, size)
                total += 1
            sigmas[row] |= sigma
            line += 1
            at = stop + 1
        offsets[row + 1] = total


@_compiled
def _normalise(data: Bytes, at: int, end: int, fold: NDArray[np.uint32], out: Bytes) -> tuple[int, int, bool]:
    """Write the normal form of the line at ``at``; return where the line ends, bytes written, and whether a sigma was met."""
    size, after_sign, sigma = 0, False, False
    while at < end:
        byte = data[at]
        if byte < 128:
            if byte == _LINE_END:
                break
            at += 1
            folded = int(fold[byte])
            sign, blank = folded > _SPACE, folded == _SPACE
            # Without a branch: what is not kept is written over.
            out[size] = folded
            size += sign | (blank & after_sign)
            after_sign = sign | (after_sign & (not blank))
            continue
        point, width = _decode(data, at, end)
        at += width
        folded = int(fold[point])
        if folded > _SPACE or (folded == _SPACE and after_sign):
            size = _put(out, size, folded)
            after_sign = folded > _SPACE
        if point == _DOTTED_CAPITAL_I:
            size = _put(out, size, _DOT_ABOVE)
        sigma |= point == _CAPITAL_SIGMA
    if size and not after_sign:
        size -= 1
    return at, size, sigma


@_compiled
def _strip(data: Bytes, at: int, end: int, fold: NDArray[np.uint32], out: Bytes) -> int:
    """Write the raw bytes of a line without the blanks around them; return how many."""
    first, last = end, end
    while at < end:
        point, width = int(data[at]), 1
        if point >= 128:
            point, width = _decode(data, at, end)
        if fold[point] != _SPACE:
            first = min(first, at)
            last = at + width
        at += width
    for i in range(first, last):
        out[i - first] = data[i]
    return last - first


@_compiled
def _decode(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return the code point at a byte above 127 and its width; (0, 1) where no whole, shortest form begins."""
    lead = int(data[at])
    if lead < 0xC2 or lead > 0xF4:
        return 0, 1
    width = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    if at + width > end:
        return 0, 1
    point = lead & (0x7F >> width)
    for i in range(at + 1, at + width):
        byte = int(data[i])
        if byte & 0xC0 != 0x80:
            return 0, 1
        point = (point << 6) | (byte & 0x3F)
    if (width == 3 and point < 0x800) or (width == 4 and (point < 0x10000 or point >= _CODE_POINTS)):
        return 0, 1
    return point, width


@_compiled
def _put(out: Bytes, size: int, point: int) -> int:
    if point < 0x80:
        out[size] = point
        return size + 1
    if point < 0x800:
        out[size] = 0xC0 | point >> 6
        out[size + 1] = 0x80 | (point & 0x3F)
        return size + 2
    if point < 0x10000:
        out[size] = 0xE0 | point >> 12
        out[size + 1] = 0x80 | (point >> 6 & 0x3F)
        out[size + 2] = 0x80 | (point & 0x3F)
        return size + 3
    out[size] = 0xF0 | point >> 18
    out[size + 1] = 0x80 | (point >> 12 & 0x3F)
    out[size + 2] = 0x80 | (point >> 6 & 0x3F)
    out[size + 3] = 0x80 | (point & 0x3F)
    return size + 4


@_compiled
def _turn(value: np.uint64, bits: np.uint64) -> np.uint64:
    return (value << bits) | (value >> (_BITS - bits))


@_compiled
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _turn(lane + word * _P2, _ROUND_TURN) * _P1


@_compiled
def _stripes(words: Hashes, n: int) -> np.uint64:
    """Hash ``n`` stripes of four words each: what XXH64 does with inputs of 32 bytes and more."""
    a, b, c, d = _V1, _P2, _ZERO, _V4
    for i in range(0, 4 * n, 4):
        a = _round(a, words[i])
        b = _round(b, words[i + 1])
        c = _round(c, words[i + 2])
        d = _round(d, words[i + 3])
    hashed = _turn(a, np.uint64(1)) + _turn(b, np.uint64(7)) + _turn(c, np.uint64(12)) + _turn(d, np.uint64(18))
    for lane in (a, b, c, d):
        hashed = (hashed ^ _round(_ZERO, lane)) * _P1 + _P4
    return hashed


@_compiled
def _xxh64(words: Hashes, octets: Bytes, size: int) -> np.uint64:
    """Return XXH64, seed 0, of the first ``size`` bytes of a buffer that is given as words and as bytes."""
    stripes = size // 32
    hashed = _stripes(words, stripes) if stripes else _P5
    hashed += np.uint64(size)
    at = 4 * stripes
    while 8 * at + 8 <= size:
        hashed = _turn(hashed ^ _round(_ZERO, words[at]), np.uint64(27)) * _P1 + _P4
        at += 1
    rest = 8 * at
    if rest + 4 <= size:
        hashed = _turn(hashed ^ (words[at] & _LOW_HALF) * _P1, np.uint64(23)) * _P2 + _P3
        rest += 4
    for i in range(rest, size):
        hashed = _turn(hashed ^ np.uint64(octets[i]) * _P5, np.uint64(11)) * _P1
    hashed = (hashed ^ (hashed >> np.uint64(33))) * _P2
    hashed = (hashed ^ (hashed >> np.uint64(29))) * _P3
    return hashed ^ (hashed >> np.uint64(32))
