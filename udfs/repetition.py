"""How much of a text says the same thing again: lines, paragraphs, sentences and word n-grams.

The n-gram shares are Gopher's as its paper defines them (Rae et al. 2021, A.1.1): characters inside all repeated n-grams, the
first copy too, overlaps counted once. DCLM and RedPajama-V2 compute the same; datatrove, Dolma and NeMo Curator do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from udfs.prose import Hashes, Line, Prose, mix, ngram_hashes
from udfs.words import NUMBER, SINGLE, Offsets, sentence_ends

TOP_N = (2, 3, 4)
DUP_N = (5, 6, 7, 8, 9, 10)

_NUMBER_HASH = np.uint64(0x5EED)


def line_signals(lines: Sequence[Line], paragraphs: Sequence[Line]) -> dict[str, float]:
    """Shares of lines and paragraphs, and of their characters, that are second or later copies.

    A line that a span cut through never counts as a copy: what is left of it is not what it said.
    """
    signals = {}
    for name, blocks in (("line", lines), ("paragraph", paragraphs)):
        seen: set[str] = set()
        copies, chars = 0, 0
        for block in blocks:
            if block.text in seen and not block.has_span:
                copies += 1
                chars += len(block.text)
            seen.add(block.text)
        total = sum(len(block.text) for block in blocks)
        signals[f"dup_{name}_share"] = copies / len(blocks) if blocks else nan
        signals[f"dup_{name}_char_share"] = chars / total if total else nan
    return signals


def ngram_signals(prose: Prose) -> dict[str, float]:
    """Shares of word characters inside the most frequent and inside all repeated n-grams.

    n-grams do not reach over a span. In a text most of whose words are single code points (scripts without blanks), n is
    doubled: two characters stand for about one word.
    """
    chars = prose.word_chars
    total = int(chars.sum())
    names = [f"top_{n}gram_char_share" for n in TOP_N] + [f"dup_{n}gram_char_share" for n in DUP_N]
    if not total:
        return dict.fromkeys(names, nan)
    unit = 2 if 2 * np.count_nonzero(prose.flags[prose.starts] & SINGLE) > len(chars) else 1
    region = np.searchsorted(prose.holes, prose.starts)
    signals: dict[str, float] = {}
    candidates = np.arange(len(chars))
    for n in range(min(TOP_N), max(DUP_N) + 1):
        candidates, hashes = _repeated(prose.hashes, region, candidates, n * unit)
        if n in TOP_N:
            starts = _most_frequent(candidates, hashes)
            signals[f"top_{n}gram_char_share"] = _covered_chars(starts, n * unit, chars) / total
        else:
            signals[f"dup_{n}gram_char_share"] = _covered_chars(candidates, n * unit, chars) / total
    return signals


def _repeated(hashes: Hashes, region: Offsets, candidates: Offsets, n: int) -> tuple[Offsets, Hashes]:
    """Find starts and hashes of n-grams that occur twice; candidates are starts whose shorter n-gram does."""
    starts = candidates[candidates + n <= len(hashes)]
    starts = starts[region[starts] == region[starts + n - 1]]
    grams = ngram_hashes(hashes, n)[starts]
    order = np.argsort(grams, kind="stable")
    twin = grams[order[1:]] == grams[order[:-1]]
    repeated = np.zeros(len(starts), dtype=np.bool_)
    repeated[order[1:][twin]] = True
    repeated[order[:-1][twin]] = True
    return starts[repeated], grams[repeated]


def _most_frequent(starts: Offsets, grams: Hashes) -> Offsets:
    """Find starts of the most frequent n-gram; among equally frequent ones of that which comes first."""
    if not len(starts):
        return starts
    _, first, inverse, counts = np.unique(grams, return_index=True, return_inverse=True, return_counts=True)
    best = min(np.flatnonzero(counts == counts.max()).tolist(), key=lambda i: int(first[i]))
    top: Offsets = starts[inverse == best]
    return top


def _covered_chars(starts: Offsets, n: int, chars: Offsets) -> int:
    begins = np.zeros(len(chars) + 1, dtype=np.int64)
    begins[starts] = 1
    upto = np.concatenate((np.zeros(n, dtype=np.int64), np.cumsum(begins[:-1])))
    covered: NDArray[np.bool_] = upto[n:] > upto[:-n]
    return int(chars[covered].sum())


def sentence_signals(prose: Prose) -> dict[str, float]:
    """Count sentences, and the share of words in sentences said before, numbers apart."""
    ends = sentence_ends(prose.points, prose.flags)
    of_word = np.searchsorted(ends, prose.starts, side="right")
    if not len(of_word):
        return {"n_sentences": 0.0, "dup_sentence_share": nan}
    first = np.flatnonzero(np.concatenate(([True], of_word[1:] != of_word[:-1])))
    sizes = np.diff(np.append(first, len(of_word)))
    whole = np.searchsorted(prose.holes, prose.starts[first]) == np.searchsorted(prose.holes, prose.ends[first + sizes - 1])
    hashes = np.where(prose.flags[prose.starts] & NUMBER, _NUMBER_HASH, prose.hashes)
    place = np.arange(len(hashes)) - np.repeat(first, sizes)
    keys = np.add.reduceat(mix(hashes + mix(place.astype(np.uint64))), first)
    _, earliest = np.unique(keys, return_index=True)
    again = np.ones(len(keys), dtype=np.bool_)
    again[earliest] = False
    return {
        "n_sentences": float(len(first)),
        "dup_sentence_share": float(sizes[again & whole].sum() / len(hashes)),
    }
