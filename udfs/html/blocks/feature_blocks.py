"""Columns of a block that come from itself, its copies, and its neighbours."""

from __future__ import annotations

import numpy as np

from udfs.html.blocks.feature_names import BITS, KINDS, LEARNED, MEANINGS, NEAR, NEIGHBOURS, OWN, WINDOW, WINDOWS
from udfs.html.blocks.measures import HEADING_LEVEL, Array, Measures, Sums, log1p, number_keys
from udfs.html.compiled import helper
from udfs.html.page.layout import Block, BlockFlag
from udfs.html.page.vocabulary import Tag

_RANKED = (
    "NAV FOOTER MENU UL OL DL FORM FIELDSET LEGEND ADDRESS ASIDE HEADER DIALOG NONE LI DT DD TH TD TR CAPTION FIGCAPTION FIGURE "
    "SUMMARY DETAILS CENTER DIV ROOT SECTION MAIN ARTICLE H6 H5 H4 H3 H2 H1 HGROUP BLOCKQUOTE P PRE"
)
RANKS = np.full(256, 13, np.float32)
"""Place of each tag in a row from navigation to prose."""
for _rank, _tag in enumerate(_RANKED.split()):
    RANKS[Tag[_tag]] = _rank
_HIDDEN, _LINKED = int(BlockFlag.HIDDEN), int(BlockFlag.LINKED)
_KIND_BITS = tuple(int(kind).bit_length() - 1 for kind in KINDS)
_MEANING_BITS = tuple(int(meaning).bit_length() - 1 for meaning in MEANINGS)
_N_NEAR, _N_WINDOW = len(NEAR), len(WINDOW)


@helper
def first_class(point: int) -> int:
    """Return the class of a block's first character; more is likelier to begin prose."""
    if point < 128:
        if 97 <= point <= 122:
            return 7
        if 65 <= point <= 90:
            return 8
        if 48 <= point <= 57:
            return 4
        if point == 34 or point == 39:
            return 11
        if point == 40 or point == 91:
            return 3
        return 5 if point == 36 else 2
    if point == 0xA9:
        return 0
    if point in (0xAB, 0x2018, 0x201C, 0x201E, 0x300C):
        return 11
    if point in (0xA3, 0xA5, 0x20AC):
        return 5
    if point in (0xB7, 0xBB, 0x203A) or 0x2010 <= point <= 0x2015 or 0x2022 <= point <= 0x2BFF:
        return 1
    if 0x2E80 <= point <= 0xD7FF:
        return 10
    return 9 if point >= 0xC0 else 6


@helper
def last_class(point: int) -> int:
    """Return the class of a block's last character; more is likelier to end prose."""
    if point < 128:
        if point == 46:
            return 12
        if point == 33 or point == 63:
            return 11
        if point == 34 or point == 39:
            return 10
        if point == 44 or point == 59:
            return 9
        if point == 58:
            return 8
        if 97 <= point <= 122:
            return 4
        if 65 <= point <= 90:
            return 5
        if 48 <= point <= 57:
            return 1
        return 3 if point == 41 or point == 93 else 0
    if point in (0x3002, 0xFF01, 0xFF1F, 0x06D4, 0x061F, 0x0964):
        return 12
    if point in (0xBB, 0x2019, 0x201D, 0x300D):
        return 10
    if point == 0x2026:
        return 13
    if point == 0x203A or 0x2190 <= point <= 0x2BFF:
        return 2
    if 0x2E80 <= point <= 0xD7FF:
        return 7
    return 6 if point >= 0xC0 else 0


@helper
def own_columns(blocks: Array, m: Measures, x: Array) -> None:
    """Fill the columns of `OWN` but for the copies."""
    for b in range(blocks.shape[0]):
        chars, words = max(1, blocks[b, Block.CHARS]), max(1, blocks[b, Block.WORDS])
        tag, flags, row = blocks[b, Block.TAG], blocks[b, Block.FLAGS], x[b]
        row[OWN.length] = m.logs[b]
        row[OWN.words] = log1p(blocks[b, Block.WORDS])
        row[OWN.link_share] = m.links[b]
        row[OWN.links] = log1p(blocks[b, Block.LINKS])
        row[OWN.stops] = log1p(blocks[b, Block.STOPS])
        row[OWN.punctuation] = blocks[b, Block.PUNCT] / chars
        row[OWN.depth] = blocks[b, Block.DEPTH]
        row[OWN.code] = blocks[b, Block.CODE_CHARS] / chars
        row[OWN.hidden] = flags & _HIDDEN != 0
        row[OWN.linked] = flags & _LINKED != 0
        row[OWN.first] = first_class(blocks[b, Block.FIRST])
        row[OWN.last] = last_class(blocks[b, Block.LAST])
        row[OWN.rank] = RANKS[tag]
        row[OWN.heading] = HEADING_LEVEL[tag]
        row[OWN.division] = tag == Tag.DIV
        row[OWN.title_share] = blocks[b, Block.TITLE_WORDS] / words
        row[OWN.markup] = log1p(max(0, blocks[b, Block.STOP] - blocks[b, Block.START]) / chars)


@helper
def bit_columns(bits: Array, x: Array) -> None:
    """Fill the columns of `KINDS` and `MEANINGS`."""
    for b in range(bits.shape[0]):
        for k in range(len(_KIND_BITS)):
            x[b, BITS + k] = (bits[b, 0] >> np.uint64(_KIND_BITS[k])) & np.uint64(1)
        for k in range(len(_MEANING_BITS)):
            x[b, BITS + len(_KIND_BITS) + k] = (bits[b, 1] >> np.uint64(_MEANING_BITS[k])) & np.uint64(1)


@helper
def copy_columns(hashes: Array, x: Array) -> None:
    """Fill how often the block's text occurs in the page, and its number among those."""
    classes, found = number_keys(hashes)
    counts = np.zeros(found, np.int32)
    for b in range(hashes.shape[0]):
        x[b, OWN.copy] = log1p(counts[classes[b]])
        counts[classes[b]] += 1
    for b in range(hashes.shape[0]):
        x[b, OWN.copies] = log1p(counts[classes[b]] - 1)


@helper
def near_columns(blocks: Array, m: Measures, x: Array) -> None:
    """Fill the columns of `NEAR`; -9 beyond the ends of the page."""
    n = blocks.shape[0]
    for k in range(len(NEIGHBOURS)):
        at, shift = NEAR.length + k * _N_NEAR, NEIGHBOURS[k]
        for b in range(n):
            other = b + shift
            if other < 0 or other >= n:
                x[b, at : at + _N_NEAR] = -9
                continue
            x[b, at] = m.logs[other]
            x[b, at + 1] = RANKS[blocks[other, Block.TAG]]
            x[b, at + 2] = m.words[other]
            x[b, at + 3] = m.names[other]


@helper
def window_columns(sums: Sums, n: int, x: Array) -> None:
    """Fill the columns of `WINDOW`."""
    for k in range(len(WINDOWS)):
        at, reach = WINDOW.link_share + k * _N_WINDOW, WINDOWS[k]
        for b in range(n):
            first, stop = max(0, b - reach), min(n, b + reach + 1)
            width = stop - first
            x[b, at] = (sums.links[stop] - sums.links[first]) / width
            x[b, at + 1] = log1p((sums.good[stop] - sums.good[first]) / width)
            x[b, at + 2] = (sums.words[stop] - sums.words[first]) / width
            x[b, at + 3] = (sums.names[stop] - sums.names[first]) / width
            x[b, at + 4] = (sums.words[b] + sums.names[b] - sums.words[first] - sums.names[first]) / max(1, b - first)
            after = sums.words[stop] + sums.names[stop] - sums.words[b + 1] - sums.names[b + 1]
            x[b, at + 5] = after / max(1, stop - b - 1)


@helper
def learned_columns(m: Measures, sums: Sums, x: Array) -> None:
    """Fill the linear models' answers of the block itself, and beside those of the page."""
    n = m.names.shape[0]
    weight = sums.length[n] + n
    mean_names, mean_words = sums.long_names[n] / weight, sums.long_words[n] / weight
    best = np.float32(-99)
    for b in range(n):
        if m.length[b] >= 80:
            best = max(best, m.names[b])
    if best < -90:
        best = m.names.max()
    for b in range(n):
        row = x[b]
        row[LEARNED.names], row[LEARNED.words], row[LEARNED.headings] = m.names[b], m.words[b], m.headings[b]
        row[LEARNED.both] = m.names[b] + m.words[b]
        row[LEARNED.all] = m.names[b] + m.words[b] + m.headings[b]
        row[LEARNED.names_above_mean] = m.names[b] - mean_names
        row[LEARNED.words_above_mean] = m.words[b] - mean_words
        row[LEARNED.names_below_best] = best - m.names[b]
