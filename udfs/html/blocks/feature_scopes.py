"""Columns of a block that come from its place: what stands before and after it, its heading, its article, its comments."""

from __future__ import annotations

from typing import Any

import numpy as np

from udfs.html.blocks.feature_names import LEARNED, PLACE
from udfs.html.blocks.measures import HEADING_LEVEL, Array, Measures, Sums, log1p
from udfs.html.compiled import helper
from udfs.html.page.layout import Block, BlockFlag, Element
from udfs.html.page.vocabulary import Tag, name_hash

_HIDDEN = int(BlockFlag.HIDDEN)
_COMMENT_WORDS = (
    "comment comments commentlist disqus respond kommentar kommentare commentaires comentarios commenti reacties "
    "kommentarer replies comentários комментарии"
)
_COMMENT_NAMES = np.array(sorted(name_hash(word) for word in _COMMENT_WORDS.split()), np.uint32)
_COMMENT_BLOOM = np.zeros(256, np.uint8)
_COMMENT_BLOOM[_COMMENT_NAMES & 255] = 1


@helper
def title_block(blocks: Array) -> int:
    """Return the block that repeats the page's title best: the first with the highest share, headings first; -1 for none."""
    best, found = 0.5, -1
    for b in range(blocks.shape[0]):
        hits, words = blocks[b, Block.TITLE_WORDS], blocks[b, Block.WORDS]
        if hits < 2 or words > 40:
            continue
        score = hits / max(1, words) * min(hits, 6)
        if HEADING_LEVEL[blocks[b, Block.TAG]]:
            score *= 3 if blocks[b, Block.TAG] == Tag.H1 else 2
        if score > best:
            best, found = score, b
    return found


@helper
def place_columns(blocks: Array, m: Measures, sums: Sums, n_bytes: int, x: Array) -> None:
    """Fill the shares before and after, and the distances to the ends, to the main heading and to the title."""
    n = blocks.shape[0]
    title, h1 = title_block(blocks), -1
    for b in range(n):
        if blocks[b, Block.TAG] == Tag.H1:
            h1 = b
            break
    if h1 < 0:
        h1 = title
    length: Any = max(1.0, sums.length[n])
    good: Any = max(1.0, sums.good[n])
    hidden = np.float32(0)
    for b in range(n):
        if blocks[b, Block.FLAGS] & _HIDDEN:
            hidden += m.length[b]
    for b in range(n):
        row = x[b]
        row[PLACE.share] = b / n
        row[PLACE.number] = log1p(b)
        row[PLACE.from_end] = log1p(n - 1 - b)
        row[PLACE.before] = sums.length[b] / length
        row[PLACE.good_before] = sums.good[b] / good
        row[PLACE.good_after] = (sums.good[n] - sums.good[b + 1]) / good
        row[PLACE.byte] = blocks[b, Block.START] / max(1, n_bytes)
        row[PLACE.h1] = -99 if h1 < 0 else max(-60, min(200, b - h1))
        row[PLACE.title] = -99 if title < 0 else max(-60, min(200, b - title))
        row[PLACE.hidden_share] = hidden / length


@helper
def heading_columns(blocks: Array, m: Measures, sums: Sums, x: Array) -> None:
    """Fill the distance to the last heading, the text under it, and what the linear models say of it."""
    n = blocks.shape[0]
    following = np.empty(n + 1, np.int32)
    following[n] = n
    for b in range(n - 1, -1, -1):
        following[b] = b if HEADING_LEVEL[blocks[b, Block.TAG]] else following[b + 1]
    last = -1
    for b in range(n):
        row = x[b]
        end = following[b + 1]
        if last < 0:
            row[PLACE.heading] = -1
            row[LEARNED.heading_words], row[LEARNED.heading_names] = 0, 0
            row[PLACE.since_heading] = log1p(sums.length[b])
            row[PLACE.under_heading] = log1p(sums.length[end])
        else:
            row[PLACE.heading] = log1p(b - last)
            row[LEARNED.heading_words], row[LEARNED.heading_names] = m.words[last], m.names[last]
            row[PLACE.since_heading] = log1p(sums.length[b] - sums.length[last + 1])
            row[PLACE.under_heading] = log1p(sums.length[end] - sums.length[last + 1])
        if HEADING_LEVEL[blocks[b, Block.TAG]]:
            last = b
            row[PLACE.under_heading] = log1p(sums.length[end] - sums.length[b + 1])


@helper
def article_columns(blocks: Array, elements: Array, sums: Sums, x: Array) -> float:
    """Fill the numbers of ``h1`` and of outermost ``article`` elements, those before the block, and its article's share of the text.

    Returns the share of the text that is in articles.
    """
    n = blocks.shape[0]
    total, inside = max(1.0, sums.length[n]), 0.0
    x[:, PLACE.article_before], x[:, PLACE.article_share] = 0, 0
    headings, articles, end, at = 0, 0, -1, 0
    for b in range(n):
        headings += blocks[b, Block.TAG] == Tag.H1
    for e in range(elements.shape[0]):
        if elements[e, Element.TAG] != Tag.ARTICLE or elements[e, Element.START] < end:
            continue
        end = elements[e, Element.STOP]
        first, stop = elements[e, Element.BLOCK], elements[e, Element.BLOCK_END]
        x[at:first, PLACE.article_before] = log1p(articles)
        articles += 1
        share = (sums.length[stop] - sums.length[first]) / total
        inside += share
        x[first:stop, PLACE.article_before] = log1p(articles)
        x[first:stop, PLACE.article_share] = share
        at = max(at, stop)
    x[at:, PLACE.article_before] = log1p(articles)
    x[:, PLACE.article_total] = log1p(articles)
    x[:, PLACE.h1_total] = min(8, headings)
    return inside


@helper
def _says_comment(elements: Array, names: Array, element: int) -> bool:
    first = elements[element, Element.NAME]
    stop = elements[element + 1, Element.NAME] if element + 1 < elements.shape[0] else names.shape[0]
    for i in range(first, stop):
        if _COMMENT_BLOOM[names[i] & np.uint32(255)]:
            for k in range(_COMMENT_NAMES.shape[0]):
                if _COMMENT_NAMES[k] == names[i]:
                    return True
    return False


@helper
def comment_columns(blocks: Array, elements: Array, names: Array, sums: Sums, x: Array) -> float:
    """Fill the columns of the outermost element that is named after comments and holds no ``h1`` and not the title.

    Returns the share of the page's text in such elements.
    """
    n = blocks.shape[0]
    total, good = max(1.0, sums.length[n]), max(1.0, sums.good[n])
    main = np.zeros(n + 1, np.int32)
    title = title_block(blocks)
    for b in range(n):
        main[b + 1] = main[b] + (b == title or blocks[b, Block.TAG] == Tag.H1)
        x[b, PLACE.comment_scope], x[b, PLACE.comment_share] = 0, 0
        x[b, PLACE.comment_after], x[b, PLACE.comment_count] = 0, 0
    change = np.zeros(n + 1, np.int32)
    inside, end, scope_first, scope_stop, named = 0.0, -1, 0, 0, 0
    for e in range(elements.shape[0]):
        first, stop = elements[e, Element.BLOCK], elements[e, Element.BLOCK_END]
        if first >= stop or not _says_comment(elements, names, e):
            continue
        nested = elements[e, Element.START] < end
        if not nested and main[stop] > main[first]:
            continue
        change[first] += 1
        change[stop] -= 1
        if nested:
            named += 1
            continue
        x[scope_first:scope_stop, PLACE.comment_count] = log1p(named)
        end, scope_first, scope_stop, named = elements[e, Element.STOP], first, stop, 1
        share = (sums.length[stop] - sums.length[first]) / total
        inside += share
        x[first:stop, PLACE.comment_share] = share
        x[first:stop, PLACE.comment_after] = sums.good[first] / good
    x[scope_first:scope_stop, PLACE.comment_count] = log1p(named)
    depth = 0
    for b in range(n):
        depth += change[b]
        x[b, PLACE.comment_scope] = depth
    return inside
