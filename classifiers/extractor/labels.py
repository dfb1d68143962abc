"""Which blocks of a page belong to its main content, read off a text that is the main content.

The blocks' tokens and the gold's are aligned: first whole blocks that the gold has word for word, as a chain that keeps the
order of both; then, between two of them, by the longest common subsequence. An alignment of two long texts pairs stop words
that have nothing to do with each other, so a pair counts only as part of a run, and a block of one or two tokens only where
the blocks around it count.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KEPT = 0.5
"""Share of a block's tokens that must be matched for the block to be main content."""
COVERED = 0.6
"""Share of the gold's tokens that must be matched for a page to be used; below it the gold was not taken from this source."""
ANCHOR = 4
"""Tokens of the shortest block that is looked up in the gold as a whole."""
OCCURRENCES = 32
"""Places of the gold at which one block is looked up at most."""
RUN = 3
"""Tokens of the shortest run of matches that stands by itself."""
SHORT = 3
"""Blocks of fewer tokens take their label from their surroundings."""
CELLS = 2_000_000_000
"""Product of two lengths beyond which an alignment is not computed (250 MB of bits)."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|\w+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where each token of a page stands in the gold.

    Parameters
    ----------
    partner : ndarray of int64, (tokens of all blocks,)
        Position in the gold; -1 where there is none. The positions that are there increase.
    starts : ndarray of int64, (blocks + 1,)
        First token of each block.
    n_gold : int
        Tokens of the gold.
    """

    partner: Ints
    starts: Ints
    n_gold: int

    def shares(self) -> Floats:
        """Share of each block's tokens that are matched; 0 for a block without tokens."""
        matched = np.concatenate(([0], np.cumsum(self.partner >= 0)))
        counts = np.diff(self.starts)
        hits = matched[self.starts[1:]] - matched[self.starts[:-1]]
        return np.asarray(hits / np.maximum(counts, 1), dtype=np.float64)

    def coverage(self) -> float:
        """Share of the gold that is matched; 1 for an empty gold."""
        return float(np.count_nonzero(self.partner >= 0)) / self.n_gold if self.n_gold else 1.0


def tokens(text: str) -> list[str]:
    """Split a text as the metric of the evaluation does.

    Lower-cased words of the NFC form without soft hyphens and zero-width characters; each CJK character is a token.
    """
    return _TOKEN.findall(_INVISIBLE.sub("", unicodedata.normalize("NFC", text).lower()))


def matched_shares(blocks: Sequence[Sequence[str]], gold: Sequence[str]) -> Floats:
    """Share of each block's tokens that stand in the gold, in the gold's order.

    Parameters
    ----------
    blocks : sequence of sequences of str
        Tokens of each block, in document order.
    gold : sequence of str
        Tokens of the main content.

    Returns
    -------
    ndarray of float64, (blocks,)
        Between 0 and 1; 0 for a block without tokens.
    """
    return align(blocks, gold).shares()


def gold_labels(blocks: Sequence[Sequence[str]], gold: Sequence[str]) -> Floats | None:
    """Label the blocks of a page by its gold text.

    Parameters
    ----------
    blocks, gold
        As in `matched_shares`.

    Returns
    -------
    ndarray of float64, (blocks,) or None
        1 main content, 0 not, NaN unknown; None for a page that has less than `COVERED` of its gold.
    """
    if not gold:
        return None
    alignment = align(blocks, gold)
    if alignment.coverage() < COVERED:
        return None
    return _settle_short((alignment.shares() >= KEPT).astype(np.float64), alignment)


def align(blocks: Sequence[Sequence[str]], gold: Sequence[str]) -> Alignment:
    """Pair the tokens of a page's blocks with those of its gold text (see the module's description)."""
    page, goal = _numbered(blocks, gold)
    starts = np.concatenate(([0], np.cumsum([len(block) for block in blocks], dtype=np.int64))).astype(np.int64)
    partner = np.full(len(page), -1, dtype=np.int64)
    at = low = 0
    for begin, place, size in [*_anchors(page, starts, goal), (len(page), len(goal), 0)]:
        _pair(page[at:begin], goal[low:place], partner[at:begin], low)
        partner[begin : begin + size] = np.arange(place, place + size)
        at, low = begin + size, place + size
    _drop_strays(partner, starts)
    return Alignment(partner, starts, len(gold))


def _numbered(blocks: Sequence[Sequence[str]], gold: Sequence[str]) -> tuple[list[int], list[int]]:
    ids: dict[str, int] = {}
    page = [ids.setdefault(token, len(ids)) for block in blocks for token in block]
    return page, [ids.setdefault(token, len(ids)) for token in gold]


def _pair(page: list[int], goal: list[int], partner: Ints, low: int) -> None:
    """Write the longest common subsequence of two stretches into a view of the partners."""
    if not page or not goal or len(page) * len(goal) > CELLS:
        return
    for step in LCSseq.opcodes(page, goal):
        if step.tag == "equal":
            partner[step.src_start : step.src_end] = np.arange(low + step.dest_start, low + step.dest_end)


def _anchors(page: list[int], starts: Ints, goal: list[int]) -> list[tuple[int, int, int]]:
    """Chain of (first token, position in the gold, tokens): whole blocks in both orders, as many tokens as possible.

    The heaviest chain of candidates whose places in the gold do not overlap. Of chains of one weight the one that spans
    least of the page wins, then the first: a heading is matched above its text and not in the breadcrumbs, and of an
    article that a page has twice the first copy is taken, whole.
    """
    chains = _Chains()
    rows: list[tuple[int, int, int]] = []
    for begin, places, size in _candidates(page, starts, goal):
        # All places are looked up before one is entered: a block stands at one place only.
        fresh = [chains.add(chains.before(place), begin, size) for place in places]
        for row, place in zip(fresh, places, strict=True):
            chains.enter(row, place + size)
        rows += [(begin, place, size) for place in places]
    chain: list[tuple[int, int, int]] = []
    row = max(range(len(rows)), key=lambda row: (*chains.rank(row, rows[row][0] + rows[row][2]), -row), default=-1)
    while row >= 0:
        chain.append(rows[row])
        row = chains.previous[row]
    return chain[::-1]


class _Chains:
    """Best chains so far: of each candidate, and by the place in the gold that they have come to."""

    def __init__(self) -> None:
        self.weight: list[int] = []
        self.begun: list[int] = []
        self.previous: list[int] = []
        self._ends: list[int] = [0]  # ascending, and so are the weights of the rows beside them
        self._rows: list[int] = [-1]

    def before(self, place: int) -> int:
        """Last row of the heaviest chain that ends at or before a place; -1 if there is none."""
        return self._rows[bisect_right(self._ends, place) - 1]

    def add(self, previous: int, begin: int, size: int) -> int:
        """Append a candidate to a chain and return its row."""
        self.weight.append((self.weight[previous] if previous >= 0 else 0) + size)
        self.begun.append(self.begun[previous] if previous >= 0 else begin)
        self.previous.append(previous)
        return len(self.weight) - 1

    def rank(self, row: int, stop: int) -> tuple[int, int]:
        """Weight of a chain, and how little of the page it spans if it ends at a token."""
        return self.weight[row], self.begun[row] - stop

    def enter(self, row: int, end: int) -> None:
        """Offer a chain to the candidates that follow; of two that are equal in all but where they begin, the later stays."""
        at = bisect_right(self._ends, end)
        rival = self._rows[at - 1]
        if rival >= 0:
            mine, theirs = (self.weight[row], self.begun[row]), (self.weight[rival], self.begun[rival])
            if mine[0] < theirs[0] or (mine[0] == theirs[0] and (self._ends[at - 1] < end or mine < theirs)):
                return
        stop = at
        while stop < len(self._ends) and self.weight[self._rows[stop]] <= self.weight[row]:
            stop += 1
        if self._ends[at - 1] == end:
            at -= 1
        self._ends[at:stop], self._rows[at:stop] = [end], [row]


def _candidates(page: list[int], starts: Ints, goal: list[int]) -> Iterator[tuple[int, list[int], int]]:
    """First token, places in the gold and size of each block that the gold has as a whole, in document order."""
    grams: dict[tuple[int, ...], list[int]] = {}
    for place in range(len(goal) - ANCHOR + 1):
        grams.setdefault(tuple(goal[place : place + ANCHOR]), []).append(place)
    for begin, end in pairwise(starts.tolist()):
        block = page[begin:end]
        size = len(block)
        if size < ANCHOR:
            continue
        near = grams.get(tuple(block[:ANCHOR]), [])[:OCCURRENCES]
        places = [place for place in near if goal[place : place + size] == block]
        if places:
            yield begin, places, size


def _drop_strays(partner: Ints, starts: Ints) -> None:
    """Undo pairs in runs of fewer than `RUN` tokens, except in short blocks and where a longer run matches the block too.

    A run goes on over the border of blocks: a column of one-word cells that the gold has in order is no accident.
    """
    firm = _runs(partner) >= RUN
    counts = np.diff(starts)
    sums = np.concatenate(([0], np.cumsum(firm)))
    held = (sums[starts[1:]] > sums[starts[:-1]]) | (counts < SHORT)
    partner[~firm & ~np.repeat(held, counts)] = -1


def _runs(partner: Ints) -> Ints:
    """Length of the run of consecutive pairs that each token belongs to; 0 for an unmatched one."""
    if not len(partner):
        return np.zeros(0, dtype=np.int64)
    matched = partner >= 0
    broken = np.ones(len(partner) + 1, dtype=bool)
    broken[1:-1] = ~(matched[1:] & matched[:-1] & (np.diff(partner) == 1))
    edges = np.flatnonzero(broken)
    return np.asarray(np.repeat(np.diff(edges), np.diff(edges)) * matched, dtype=np.int64)


def _settle_short(label: Floats, alignment: Alignment) -> Floats:
    """Give blocks of one or two tokens the label that their surroundings allow.

    Between kept blocks their own match decides, and where there is none, whether the gold leaves something out there:
    if it goes on without a gap the block is known to be no part of it, else it may be written differently and is
    unknown. Elsewhere a match outside a run is chance. A block without tokens is unknown.
    """
    partner, counts = alignment.partner, np.diff(alignment.starts)
    missing = _missing(partner, alignment.starts)
    runs = np.append(_runs(partner), 0)[alignment.starts[:-1]]
    long = np.flatnonzero(counts >= SHORT)
    settled = np.where(counts > 0, label, np.nan)
    short = np.flatnonzero((counts < SHORT) & (counts > 0))
    after = np.searchsorted(long, short)
    for block, at in zip(short.tolist(), after.tolist(), strict=True):
        if 0 < at < len(long) and label[long[at - 1]] == label[long[at]] == 1:
            if not label[block] and missing[block]:
                settled[block] = np.nan
        elif runs[block] < RUN:
            settled[block] = 0.0
    return settled


def _missing(partner: Ints, starts: Ints) -> NDArray[np.bool_]:
    """Whether the gold has unmatched tokens between what is matched before and after each block, the block's own apart."""
    if not len(partner):
        return np.zeros(len(starts) - 1, dtype=bool)
    far = np.iinfo(np.int64).max
    lower = np.concatenate(([-1], np.maximum.accumulate(partner)))[starts[:-1]]
    upper = np.minimum.accumulate(np.append(np.where(partner < 0, far, partner), far)[::-1])[::-1][starts[1:]]
    own = np.diff(np.concatenate(([0], np.cumsum(partner >= 0)))[starts])
    return np.asarray((upper < far) & (upper - lower - 1 > own), dtype=bool)
