"""The compiled part of a sketch: from UTF-8 bytes to band keys and signatures in one pass, without a Python string.

A text is read code point by code point through a table (`udfs.sketch.folds`), so that decoding, NFKC, lower case and
tokenisation are one look-up. Bytes that are no UTF-8 separate tokens, each by itself, and nothing behind the end of a text is
read. Hashes are sums and products modulo 2^64, all unsigned: overflow is defined and every little-endian machine gives the
same. Offsets are unsigned, too, which spares numba's test for negative ones: without it the kernel is half as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit

from udfs.sketch.layout import Bytes, Hashes, Plan, Results, Texts

Whole = int | np.int64
F = TypeVar("F", bound=Callable[..., Any])

NOT_READ: Final = -1
"""Number of shingles of a text that the table cannot normalise."""

POINT, SINGLE, MARK, SEVERAL, ORDER_SHIFT = (np.uint64(i) for i in (0x1FFFFF, 1 << 21, 1 << 22, 1 << 23, 24))
"""An entry of the table: the folded code point, 0 for what separates tokens; a token by itself; a combining mark; several
code points, which are listed from that index on up to `END`, or at index 0 none since the neighbours decide; the combining class."""

END: Final = np.uint32(0xFFFFFFFF)

_MAX_MARKS, _ASCII, _REPLACEMENT = 30, np.uint8(0x80), np.uint64(0xFFFD)
_ZERO, _ONE, _TWO, _THREE, _FIVE, _SIX, _SEVEN, _EIGHT = (np.uint64(i) for i in (0, 1, 2, 3, 5, 6, 7, 8))
_S12, _S13, _S16, _S18, _S24, _S29 = (np.uint64(i) for i in (12, 13, 16, 18, 24, 29))
_S30, _S32, _S33, _S63 = (np.uint64(i) for i in (30, 32, 33, 63))
_LOW_8, _LOW_32, _FULL = np.uint64(0xFF), np.uint64(0xFFFFFFFF), np.uint64(0xFFFFFFFFFFFFFFFF)
_LEAD_2, _LEAD_3, _LEAD_4, _LEAD_LAST, _LEAD_MASK = (np.uint64(i) for i in (0xC2, 0xE0, 0xF0, 0xF4, 0xC0))
_CONTINUED, _LOW_6, _FIRST_3, _FIRST_4, _LAST_POINT = (np.uint64(i) for i in (0x80, 0x3F, 0x800, 0x10000, 0x10FFFF))

_STEP, _MIX_1, _MIX_2 = (np.uint64(i) for i in (0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53))
_START_A, _START_B = np.uint64(0x6A09E667F3BCC908), np.uint64(0xBB67AE8584CAA73B)
_WORD_A, _WORD_B = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)
_TOKEN_A, _TOKEN_B = np.uint64(0xE7037ED1A0B428DB), np.uint64(0x8EBC6AF09C88C6E3)
"""Odd multipliers and first values of the hashes of words of eight bytes, tokens and runs of tokens."""

_MIX32_1, _MIX32_2 = np.uint64(0x85EBCA6B), np.uint64(0xC2B2AE35)
_SHA1_A, _SHA1_B, _SHA1_C, _SHA1_D, _SHA1_E = (np.uint64(i) for i in (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0))
_BYTE_2, _BYTE_3 = np.uint64(0xFF00), np.uint64(0xFF0000)

GROWTH: Final = 3
"""Bytes, separators included, that one byte of text becomes at most."""

_STRETCH: Final = np.uint64(4096)
"""Bytes whose tokens are listed at once."""

_BLOCK: Final = 2048
"""Shingles whose minima are taken at once: 16 KiB, which stay in the first cache while the functions pass over them."""


class Memory(NamedTuple):
    """Working memory for one text.

    ``letters`` is the folded text, of whole words of eight bytes; ``edges`` where tokens start and end within a stretch;
    ``hashes``, ``starts`` and ``ends`` its tokens, the hashes later its shingles; ``places`` which shingles differ; ``slots``
    a hash table; ``message`` a shingle in UTF-8 with the padding of SHA-1, empty where none is taken.
    """

    letters: Bytes
    edges: Hashes
    hashes: Hashes
    starts: Hashes
    ends: Hashes
    places: Hashes
    slots: Hashes
    message: Bytes


def _compiled(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True)(function))


@_compiled
def _mix(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _S33)) * _MIX_1
    value = (value ^ (value >> _S33)) * _MIX_2
    return value ^ (value >> _S33)


@_compiled
def _decode(data: Bytes, at: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the code point at a byte above 0x7F and the offset behind it; U+FFFD and one byte on where there is none."""
    lead = np.uint64(data[at])
    more = _ONE if lead < _LEAD_3 else _TWO if lead < _LEAD_4 else _THREE
    if lead < _LEAD_2 or lead > _LEAD_LAST or at + more >= end:
        return _REPLACEMENT, at + _ONE
    point = lead & (_LOW_6 >> more)
    for i in range(more):
        byte = np.uint64(data[at + _ONE + np.uint64(i)])
        if byte & _LEAD_MASK != _CONTINUED:
            return _REPLACEMENT, at + _ONE
        point = (point << _SIX) | (byte & _LOW_6)
    too_long = (more == _TWO and point < _FIRST_3) or (more == _THREE and point < _FIRST_4)
    if too_long or point > _LAST_POINT:
        return _REPLACEMENT, at + _ONE
    return point, at + more + _ONE


@_compiled
def _write(letters: Bytes, n: np.uint64, entry: np.uint64) -> np.uint64:
    """Append the letter of an entry in UTF-8, between zeros if it is a token by itself; return the new end."""
    point = entry & POINT
    if point < _CONTINUED:
        letters[n] = point
        return n + _ONE
    single = _ONE if entry & SINGLE else _ZERO
    letters[n] = 0
    n += single & np.uint64(letters[n - _ONE] != 0)
    if point < _FIRST_3:
        letters[n] = _LEAD_MASK | (point >> _SIX)
    else:
        if point < _FIRST_4:
            letters[n] = _LEAD_3 | (point >> _S12)
        else:
            letters[n] = _LEAD_4 | (point >> _S18)
            n += _ONE
            letters[n] = _CONTINUED | ((point >> _S12) & _LOW_6)
        n += _ONE
        letters[n] = _CONTINUED | ((point >> _SIX) & _LOW_6)
    letters[n + _ONE] = _CONTINUED | (point & _LOW_6)
    letters[n + _TWO] = 0
    return n + _TWO + single


@_compiled
def _fold(texts: Texts, row: Whole, letters: Bytes) -> np.uint64:
    """Write a text in NFKC and lower case, a zero byte where tokens part and at both ends; return the end, 0 if not foldable."""
    data, folds, at, end = texts.data, texts.folds, np.uint64(texts.starts[row]), np.uint64(texts.ends[row])
    letters[0] = 0
    n, order, marks = _ONE, _ZERO, 0
    while at < end:
        if data[at] < _ASCII:
            order, marks = _ZERO, 0
            while at < end and data[at] < _ASCII:
                letters[n] = folds[data[at]]
                n += _ONE
                at += _ONE
            continue
        point, at = _decode(data, at, end)
        entry = np.uint64(folds[point])
        before, order = order, entry >> ORDER_SHIFT
        marks = marks + 1 if entry & MARK else 0
        if (order != _ZERO and before > order) or marks > _MAX_MARKS:
            return _ZERO
        if entry & SEVERAL == _ZERO:
            n = _write(letters, n, entry)
            continue
        part = entry & POINT
        if part == _ZERO:
            return _ZERO
        while folds[part] != END:
            n = _write(letters, n, np.uint64(folds[part]))
            part += _ONE
    letters[n] = 0
    return n + _ONE


@_compiled
def _hash_token(words: Hashes, start: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return two hashes of the bytes of a token, taken eight at a time and filled up with zeros, which no token holds."""
    a, b = _START_A, _START_B
    while start < end:
        place, shift = start >> _THREE, (start & _SEVEN) << _THREE
        word = (words[place] >> shift) | ((words[place + _ONE] << _ONE) << (_S63 - shift))
        if end - start < _EIGHT:
            word &= _FULL >> ((_EIGHT - (end - start)) << _THREE)
        word = _mix(word)
        a, b = (a ^ word) * _WORD_A, (b + word) * _WORD_B
        a, b = a ^ (a >> _S32), b ^ (b >> _S29)
        start += _EIGHT
    return a, b


@_compiled
def _tokens(letters: Bytes, size: np.uint64, memory: Memory, exact: Hashes) -> Whole:
    """Hash the runs of bytes that are not zero; fill the exact hash from all, keep those there is room for, return how many.

    The ends of runs are first listed, a stretch at a time and without a branch, since how long a word is cannot be guessed.
    """
    hashes, starts, ends, edges, words = memory.hashes, memory.starts, memory.ends, memory.edges, letters.view(np.uint64)
    first, second, n, at, inside, count = _START_A, _START_B, _ZERO, _ZERO, False, _ZERO
    room = np.uint64(len(hashes))
    while at < size:
        stop = min(size, at + _STRETCH)
        while at < stop:
            letter = letters[at] != 0
            edges[count] = at
            count += np.uint64(letter != inside)
            inside = letter
            at += _ONE
        k = _ZERO
        while k + _ONE < count:
            start, end = edges[k], edges[k + _ONE]
            a, b = _hash_token(words, start, end)
            first, second = (first ^ a) * _TOKEN_A, (second + b) * _TOKEN_B
            first, second = first ^ (first >> _S32), second ^ (second >> _S29)
            if n < room:
                hashes[n], starts[n], ends[n] = a, start, end
                n += _ONE
            k += _TWO
        edges[0] = edges[k]
        count -= k
    exact[0], exact[1] = _mix(first), _mix(second)
    return np.int64(n)


@_compiled
def _shingles(hashes: Hashes, n: Whole, ngram: Whole) -> Whole:
    """Replace the hashes of n tokens by those of their runs, a rolling polynomial mixed; return how many runs there are."""
    width = min(n, ngram)
    power, run = _ONE, _ZERO
    for i in range(width):
        power *= _STEP
        run = run * _STEP + hashes[i]
    for i in range(width, n):
        leaving = hashes[i - width]
        hashes[i - width] = _mix(run)
        run = run * _STEP + hashes[i] - leaving * power
    hashes[n - width] = _mix(run)
    return n - width + 1


@_compiled
def _distinct(hashes: Hashes, places: Hashes, n: Whole, slots: Hashes) -> Whole:
    """Move the first of equal hashes to the front, with its place; return how many there are.

    ``slots`` is an open-addressed table of a power of two; the hash 0, which marks a free slot, is looked after apart.
    """
    size = 16
    while size < 2 * n:
        size *= 2
    slots[:size] = _ZERO
    mask = np.uint64(size - 1)
    kept, zero_seen = 0, False
    for i in range(n):
        value = hashes[i]
        if value == _ZERO:
            known, zero_seen = zero_seen, True
        else:
            slot = value & mask
            while slots[slot] != _ZERO and slots[slot] != value:
                slot = (slot + _ONE) & mask
            known = slots[slot] == value
            slots[slot] = value
        if not known:
            hashes[kept], places[kept] = value, i
            kept += 1
    return kept


@_compiled
def _minima(values: Hashes, plan: Plan, lowest: Hashes) -> None:
    """Take the least value of each function; of the multiply-add family the high half, since its low bits are weak."""
    lowest[:] = _FULL
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        for k in range(len(lowest)):
            factor, term, low = plan.factors[k], plan.terms[k], lowest[k]
            for i in range(len(block)):
                low = min(low, factor * block[i] + term)
            lowest[k] = low
    lowest[:] = lowest >> _S32


@_compiled
def _band_keys(lowest: Hashes, keys: Hashes) -> None:
    rows = len(lowest) // len(keys)
    for band in range(len(keys)):
        key = _mix(np.uint64(band + 1))
        for i in range(band * rows, (band + 1) * rows):
            key = _mix(key * _STEP + lowest[i])
        keys[band] = key


@_compiled
def _spell(memory: Memory, first: Whole, last: Whole) -> Whole:
    """Write the tokens first .. last, joined by one blank, as the message of SHA-1; return how many bytes."""
    n = 0
    for token in range(first, last + 1):
        if token > first:
            memory.message[n] = 0x20
            n += 1
        for at in range(memory.starts[token], memory.ends[token]):
            memory.message[n] = memory.letters[at]
            n += 1
    return n


@_compiled
def _rotate(value: np.uint64, by: np.uint64) -> np.uint64:
    return ((value << by) | (value >> (_S32 - by))) & _LOW_32


@_compiled
def _sha1_term(i: int, b: np.uint64, c: np.uint64, d: np.uint64) -> np.uint64:
    if i < 20:
        return ((b & c) | ((b ^ _LOW_32) & d)) + np.uint64(0x5A827999)
    if 40 <= i < 60:
        return ((b & c) | (b & d) | (c & d)) + np.uint64(0x8F1BBCDC)
    return (b ^ c ^ d) + np.uint64(0x6ED9EBA1 if i < 40 else 0xCA62C1D6)


@_compiled
def _sha1(message: Bytes, n: Whole, words: Hashes) -> np.uint64:
    """Return the first four bytes, as a little-endian number, of SHA-1 (FIPS 180-4) of n bytes; pads behind them."""
    size = (n + 72) // 64 * 64
    message[n:size] = 0
    message[n] = 0x80
    for i in range(8):
        message[size - 1 - i] = ((8 * n) >> (8 * i)) & 0xFF
    a, b, c, d, e = _SHA1_A, _SHA1_B, _SHA1_C, _SHA1_D, _SHA1_E
    for start in range(0, size, 64):
        for i in range(16):
            word = _ZERO
            for k in range(start + 4 * i, start + 4 * i + 4):
                word = (word << _EIGHT) | np.uint64(message[k])
            words[i] = word
        for i in range(16, 80):
            words[i] = _rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], _ONE)
        v, w, x, y, z = a, b, c, d, e
        for i in range(80):
            v, w, x, y, z = (_rotate(v, _FIVE) + _sha1_term(i, w, x, y) + z + words[i]) & _LOW_32, v, _rotate(w, _S30), x, y
        a, b, c, d, e = (a + v) & _LOW_32, (b + w) & _LOW_32, (c + x) & _LOW_32, (d + y) & _LOW_32, (e + z) & _LOW_32
    return (a >> _S24) | ((a >> _EIGHT) & _BYTE_2) | ((a << _EIGHT) & _BYTE_3) | ((a << _S24) & _LOW_32)


@_compiled
def _hash_by_sha1(memory: Memory, count: Whole, width: Whole) -> None:
    """Replace the hashes of the distinct shingles by datasketch's: SHA-1, mixed by MurmurHash3's 32-bit finaliser."""
    words = np.empty(80, dtype=np.uint64)
    for i in range(count):
        place = np.int64(memory.places[i])
        value = _sha1(memory.message, _spell(memory, place, place + width - 1), words)
        value = ((value ^ (value >> _S16)) * _MIX32_1) & _LOW_32
        value = ((value ^ (value >> _S13)) * _MIX32_2) & _LOW_32
        memory.hashes[i] = value ^ (value >> _S16)


@_compiled
def _memory(texts: Texts, plan: Plan) -> Memory:
    """Allocate for the longest text, which has no more tokens than bytes; pages that are never written cost nothing."""
    longest = 0
    for row in range(len(texts.starts)):
        longest = max(longest, texts.ends[row] - texts.starts[row])
    room = min(plan.max_tokens, longest + 1)
    hashes = np.empty(room, dtype=np.uint64)
    starts, ends, places = np.empty(room, dtype=np.uint64), np.empty(room, dtype=np.uint64), np.empty(room, dtype=np.uint64)
    slots = np.empty(max(16, 4 * room), dtype=np.uint64)
    letters = np.empty((GROWTH * longest + 32) // 8 * 8, dtype=np.uint8)
    edges = np.empty(np.int64(_STRETCH) + 2, dtype=np.uint64)
    message = np.empty(GROWTH * longest + 128 if plan.sha1 else 0, dtype=np.uint8)
    return Memory(letters, edges, hashes, starts, ends, places, slots, message)


@_compiled
def _read(texts: Texts, row: Whole, ngram: Whole, memory: Memory, exact: Hashes) -> tuple[Whole, Whole]:
    """Put the distinct shingles of a text into the memory; return their number, or `NOT_READ`, and how many tokens each has."""
    size = _fold(texts, row, memory.letters)
    if size == _ZERO:
        return NOT_READ, 0
    n = _tokens(memory.letters, size, memory, exact)
    if n == 0:
        exact[:] = _ZERO
        return 0, 0
    return _distinct(memory.hashes, memory.places, _shingles(memory.hashes, n, ngram), memory.slots), min(n, ngram)


@_compiled
def sketch_texts(texts: Texts, plan: Plan, results: Results) -> None:
    """Sketch texts into the rows of the results."""
    memory = _memory(texts, plan)
    for row in range(len(texts.starts)):
        bands, signature = results.bands[row], results.signature[row]
        count, width = _read(texts, row, plan.ngram, memory, results.exact[row])
        results.n_shingles[row] = count
        if count <= 0:
            bands[:], signature[:], results.lowest[:] = _ZERO, 0, _LOW_32
            continue
        if plan.sha1:
            _hash_by_sha1(memory, count, width)
        _minima(memory.hashes[:count], plan, results.lowest)
        _band_keys(results.lowest, bands)
        for k in range(len(signature)):
            signature[k] = results.lowest[k] & _LOW_8


@_compiled
def distinct_shingles(texts: Texts, plan: Plan, exact: Hashes) -> tuple[Hashes, Whole]:
    """Return the distinct shingle hashes of the first text in order of occurrence, and their number or `NOT_READ`."""
    memory = _memory(texts, plan)
    count, _ = _read(texts, 0, plan.ngram, memory, exact)
    return memory.hashes[: max(count, 0)], count
