"""Statistics of a whole page, for the model of page types, and what its head says of its type."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from udfs.html.blocks.feature_names import PLACE, WHOLE
from udfs.html.blocks.measures import HEADING_LEVEL, Array, Measures, Sums, log1p
from udfs.html.blocks.phrases import KEYS, N_PHRASES, PHRASES, VALUES
from udfs.html.compiled import entry, helper
from udfs.html.page.layout import Block, Element, Head, PageTables, Piece
from udfs.html.page.vocabulary import Kind, Meaning, Tag, word_hash

STATED: Final = (
    "article newsarticle blogposting reportagenewsarticle",
    "website webpage searchresultspage",
    "product productgroup offer aggregateoffer individualproduct",
    "forum discussionforumposting qapage question answer",
    "collectionpage itemlist breadcrumblist offercatalog",
    "recipe howto techarticle apireference",
    "organization localbusiness service corporation store medicalbusiness professionalservice",
    "faqpage event person profilepage place hotel restaurant",
    "video videoobject movie book musicrecording song podcast",
    "comment review aggregaterating",
)
"""Types in ``og:type`` and in JSON-LD's ``@type``, by kind."""


class Page(NamedTuple):
    """Single statistics of a page; shares of its blocks' characters, logarithms of one plus the number."""

    blocks: int
    length: int
    link_share: int
    good: int
    longest: int
    mean: int
    paragraphs: int
    items: int
    divisions: int
    cells: int
    headings: int
    h1: int
    h2: int
    h3: int
    linked: int
    short: int
    long: int
    code: int
    regions: int
    images: int
    digits: int
    times: int
    dates: int
    prices: int
    years: int
    articles: int
    article_share: int
    comments: int
    hidden: int
    best: int
    forms: int
    elements: int
    tables: int
    names: int
    words: int
    certain: int
    stops: int
    cjk: int
    depth: int


_width = len(Page._fields)
PAGE: Final = Page(*range(_width))
AT_PHRASES: Final = _width
AT_MEANINGS: Final = AT_PHRASES + N_PHRASES
AT_KINDS: Final = AT_MEANINGS + len(Meaning)
AT_STATED: Final = AT_KINDS + len(Kind)
AT_OG: Final = AT_STATED + len(STATED)
N_PAGE: Final = AT_OG + len(STATED)

_N_STATED = len(STATED)
_KIND_BITS = tuple(int(kind).bit_length() - 1 for kind in Kind)
_MEANING_BITS = tuple(int(meaning).bit_length() - 1 for meaning in Meaning)
_19, _20 = 49 * 256 + 57, 50 * 256 + 48
_STATED = np.array([word_hash(word) for words in STATED for word in words.split()], np.uint32)
_STATED_KIND = np.array([kind for kind, words in enumerate(STATED) for _ in words.split()], np.int32)
_OG = np.frombuffer(b"og:type", np.uint8)
_CONTENT = np.frombuffer(b"content=", np.uint8)
_TYPE = np.frombuffer(b"@type", np.uint8)
_READ = 20_000
PATTERN_BYTES = 160
"""Bytes of a block that are searched for patterns."""


@helper
def _find(source: Array, start: int, stop: int, what: Array) -> int:
    """Return where the bytes ``what`` begin in a range, or -1."""
    size = what.shape[0]
    for i in range(start, stop - size + 1):
        if source[i] != what[0]:
            continue
        k = 1
        while k < size and source[i + k] == what[k]:
            k += 1
        if k == size:
            return i
    return -1


@helper
def _word_kind(source: Array, start: int, stop: int) -> tuple[int, int]:
    """Return the kind of the first word at or after a place, -1 for none, and the byte after that word."""
    i = start
    while i < stop and not (97 <= source[i] | 32 <= 122):
        i += 1
    state = np.uint64(0xCBF29CE484222325)
    while i < stop and 97 <= source[i] | 32 <= 122:
        state = (state ^ np.uint64(source[i] | 32)) * np.uint64(0x100000001B3)
        i += 1
    key = np.uint32(state ^ (state >> np.uint64(32)))
    for k in range(_STATED.shape[0]):
        if _STATED[k] == key:
            return _STATED_KIND[k], i
    return -1, i


@helper
def stated_kinds(source: Array, heads: Array, out: Array) -> None:
    """Set the bits of `STATED` that JSON-LD and ``og:type`` name: the first ones of ``out``, then the second ones."""
    out[:] = 0
    for h in range(heads.shape[0]):
        start, stop = heads[h, 1], heads[h, 2]
        if heads[h, 0] == Head.JSON_LD:
            stop = min(stop, start + _READ)
            at = _find(source, start, stop, _TYPE)
            while at >= 0:
                kind, at = _word_kind(source, at + 6, min(stop, at + 60))
                if kind >= 0:
                    out[kind] = 1
                at = _find(source, at, stop, _TYPE)
        elif heads[h, 0] == Head.META and stop - start < 400:
            if _find(source, start, stop, _OG) < 0:
                continue
            at = _find(source, start, stop, _CONTENT)
            if at >= 0:
                kind, _ = _word_kind(source, at + 8, stop)
                if kind >= 0:
                    out[_N_STATED + kind] = 1


@helper
def _is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@entry
def patterns(source: Array, start: int, stop: int, found: Array) -> None:
    """Count times (12:30), dates (1.2.2020, 2020-01-02), prices and years in a range of bytes, in this order."""
    i = start
    while i < stop:
        byte = source[i]
        if byte == 36 or (byte == 0xC2 and source[i + 1] in (0xA3, 0xA5)) or (byte == 0xE2 and source[i + 1] == 0x82):
            found[2] += 1
        if not _is_digit(byte):
            i += 1
            continue
        j = i
        while j < stop and _is_digit(source[j]):
            j += 1
        after = source[j]
        century = np.int64(source[i]) * 256 + source[i + 1]
        if j - i == 4 and century in (_19, _20):
            found[3] += 1
        if _is_digit(source[j + 1]) and j + 1 < stop:
            if after == 58:
                found[0] += 1
            elif after == 45 or after == 47 or after == 46:
                k = j + 1
                while k < stop and _is_digit(source[k]):
                    k += 1
                if source[k] == after and _is_digit(source[k + 1]):
                    found[1] += 1
        i = j


@helper
def find_patterns(source: Array, blocks: Array, pieces: Array) -> Array:
    """Return the numbers of times, dates, prices and years in the first bytes of each block with digits."""
    n = blocks.shape[0]
    found = np.zeros((n, 4), np.float32)
    for b in range(n):
        if blocks[b, Block.DIGITS] == 0:
            continue
        stop = blocks[b + 1, Block.PIECE] if b + 1 < n else pieces.shape[0]
        left = PATTERN_BYTES
        for p in range(blocks[b, Block.PIECE], stop):
            if pieces[p, 0] == Piece.TEXT and left > 0:
                size = min(left, pieces[p, 2] - pieces[p, 1])
                patterns(source, pieces[p, 1], pieces[p, 1] + size, found[b])
                left -= size
    return found


@helper
def whole_columns(
    blocks: Array, m: Measures, sums: Sums, table: Array, top: int, comments: float, found: Array, x: Array
) -> None:
    """Fill the columns of `WHOLE`, equal for all blocks, from the elements' ``table`` and the found patterns among others."""
    n = blocks.shape[0]
    total: Any = max(1.0, sums.length[n])
    at = WHOLE.blocks
    row = np.zeros(len(WHOLE), np.float32)
    for b in range(n):
        length = np.float32(m.length[b] / total)
        row[WHOLE.longest - at] = max(row[WHOLE.longest - at], length)
        row[WHOLE.paragraphs - at] += length * (blocks[b, Block.TAG] == Tag.P)
        row[WHOLE.headings - at] += length * (HEADING_LEVEL[blocks[b, Block.TAG]] > 0)
        row[WHOLE.items - at] += length * (blocks[b, Block.TAG] == Tag.LI)
        row[WHOLE.prices - at] += found[b, 2] > 0
        row[WHOLE.dates - at] += found[b, 0] + found[b, 1] > 0
        row[WHOLE.certain - at] += length * (m.names[b] + m.words[b] > 1)
    row[WHOLE.blocks - at], row[WHOLE.length - at] = log1p(n), log1p(total)
    row[WHOLE.link_share - at] = sums.linked[n] / total
    row[WHOLE.good - at] = sums.good[n] / total
    row[WHOLE.best - at], row[WHOLE.comments - at] = table[top, 0], comments
    row[WHOLE.prices - at] = log1p(row[WHOLE.prices - at])
    row[WHOLE.dates - at] = log1p(row[WHOLE.dates - at])
    row[WHOLE.names - at] = sums.long_names[n] / (total + n)
    row[WHOLE.words - at] = sums.long_words[n] / (total + n)
    row[WHOLE.f1 - at] = sums.expected[n] / total
    for k in range(len(WHOLE)):
        x[:, at + k] = row[k]


@helper
def _tag_statistics(blocks: Array, elements: Array, m: Measures, total: float, page: Array) -> None:
    for b in range(blocks.shape[0]):
        tag, length = blocks[b, Block.TAG], m.length[b] / total
        page[PAGE.longest] = max(page[PAGE.longest], length)
        page[PAGE.paragraphs] += length * (tag == Tag.P)
        page[PAGE.items] += length * (tag == Tag.LI)
        page[PAGE.divisions] += length * (tag == Tag.DIV)
        page[PAGE.cells] += length * (tag == Tag.TD or tag == Tag.TH or tag == Tag.TABLE)
        page[PAGE.h1] += tag == Tag.H1
        page[PAGE.h2] += tag == Tag.H2
        page[PAGE.h3] += tag == Tag.H3
        page[PAGE.short] += m.length[b] < 30
        page[PAGE.long] += m.length[b] > 200
        page[PAGE.linked] += m.links[b] > 0.9
        page[PAGE.code] += length * (tag == Tag.PRE)
        page[PAGE.regions] += blocks[b, Block.REGIONS]
        page[PAGE.images] += blocks[b, Block.IMAGES]
        page[PAGE.digits] += blocks[b, Block.DIGITS] / total
        page[PAGE.cjk] += blocks[b, Block.CJK] / total
        page[PAGE.stops] += blocks[b, Block.STOPS] / total
        page[PAGE.depth] += blocks[b, Block.DEPTH] / blocks.shape[0]
    for e in range(elements.shape[0]):
        tag = elements[e, Element.TAG]
        page[PAGE.forms] += tag == Tag.FORM
        page[PAGE.tables] += tag == Tag.TABLE
    for k in (PAGE.h1, PAGE.h2, PAGE.h3, PAGE.regions, PAGE.images, PAGE.forms, PAGE.tables):
        page[k] = log1p(page[k])


@helper
def _phrase_statistics(blocks: Array, words: Array, page: Array) -> None:
    """Add up each kind's share of the first 10 and the last 5 words of the blocks, as a mean over the blocks."""
    n, mask = blocks.shape[0], np.uint32(KEYS.shape[0] - 1)
    for b in range(n):
        first = blocks[b, Block.WORD]
        stop = blocks[b + 1, Block.WORD] if b + 1 < n else words.shape[0]
        share = np.float32(1.0 / (n * max(1, min(15, stop - first))))
        for i in range(first, stop):
            if first + 10 <= i < stop - 5:
                continue
            slot = words[i] & mask
            while KEYS[slot] != 0 and KEYS[slot] != words[i]:
                slot = (slot + np.uint32(1)) & mask
            value, k = VALUES[slot] if KEYS[slot] != 0 else np.uint32(0), AT_PHRASES
            while value:
                if value & np.uint32(1):
                    page[k] += share
                value >>= np.uint32(1)
                k += 1


@helper
def _bit_statistics(bits: Array, m: Measures, total: float, page: Array) -> None:
    """Add up the shares of the text below each kind of ancestor and each meaning of names."""
    for b in range(bits.shape[0]):
        length = np.float32(m.length[b] / total)
        for k in range(len(_MEANING_BITS)):
            if (bits[b, 1] >> np.uint64(_MEANING_BITS[k])) & np.uint64(1):
                page[AT_MEANINGS + k] += length
        for k in range(len(_KIND_BITS)):
            if (bits[b, 0] >> np.uint64(_KIND_BITS[k])) & np.uint64(1):
                page[AT_KINDS + k] += length


@helper
def page_vector(t: PageTables, m: Measures, found: Array, articles: float, x: Array, page: Array) -> None:
    """Fill the statistics of a page with at least one block, from its tables, patterns and its blocks' columns."""
    n = t.blocks.shape[0]
    total: Any = max(1.0, m.length.sum())
    page[:] = 0
    _tag_statistics(t.blocks, t.elements, m, total, page)
    _phrase_statistics(t.blocks, t.words, page)
    _bit_statistics(t.bits, m, total, page)
    for name in (PAGE.short, PAGE.long, PAGE.linked):
        page[name] /= n
    page[PAGE.blocks], page[PAGE.length], page[PAGE.mean] = log1p(n), log1p(total), log1p(total / n)
    page[PAGE.link_share], page[PAGE.good] = x[0, WHOLE.link_share], x[0, WHOLE.good]
    page[PAGE.headings], page[PAGE.comments] = x[0, WHOLE.headings], x[0, WHOLE.comments]
    page[PAGE.articles], page[PAGE.hidden] = x[0, PLACE.article_total], x[0, PLACE.hidden_share]
    page[PAGE.best], page[PAGE.names] = x[0, WHOLE.best], x[0, WHOLE.names]
    page[PAGE.words], page[PAGE.certain] = x[0, WHOLE.words], x[0, WHOLE.certain]
    page[PAGE.elements], page[PAGE.article_share] = log1p(t.elements.shape[0]), articles
    page[PAGE.times], page[PAGE.dates] = log1p(found[:, 0].sum()), log1p(found[:, 1].sum())
    page[PAGE.prices], page[PAGE.years] = log1p(found[:, 2].sum()), log1p(found[:, 3].sum())
    stated_kinds(t.source, t.heads, page[AT_STATED:])


def page_names() -> tuple[str, ...]:
    """Name of each statistic."""
    names = [f"page.{name}" for name in Page._fields] + [f"phrase.{name}" for name in (*PHRASES, "stop_words")]
    names += [f"meaning.{meaning.name}" for meaning in Meaning] + [f"kind.{kind.name}" for kind in Kind]
    names += [f"json.{words.split()[0]}" for words in STATED]
    return tuple(names + [f"og.{words.split()[0]}" for words in STATED])
