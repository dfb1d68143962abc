"""Labels without a gold text: what two public extractors agree on, what a person marked, what both hold against a gold.

Trafilatura (Barbaresi 2021) and readability-lxml fail on different pages for different reasons, so a block on which both
agree is labelled nearly as well as by a person, and one on which they differ gets no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import lxml.html
import numpy as np
import trafilatura
from rapidfuzz.distance import LCSseq
from readability import Document

from classifiers.extractor.labels import Floats, gold_labels, tokens

AGREEMENT = 0.5
"""F1 of the two outputs below which a page is left out."""
INLINE = 4
"""A marked phrase settles a block of at most this many times its tokens; in a longer one it is a remark on a part."""


@dataclass(frozen=True, slots=True)
class Teachers:
    """The two extractors' outputs for one page; empty where one found nothing or failed."""

    trafilatura: str
    readability: str


def teach(html: str) -> Teachers:
    """Run both extractors. They are slow (about 0.1 s a page together) and may raise anything, which counts as nothing."""
    return Teachers(_trafilatura(html), _readability(html))


def teacher_labels(blocks: Sequence[Sequence[str]], teachers: Teachers) -> tuple[Floats, Floats] | None:
    """Label the blocks by each teacher; None where one has no text or a text that is not in the blocks."""
    first = gold_labels(blocks, tokens(teachers.trafilatura))
    second = gold_labels(blocks, tokens(teachers.readability))
    return None if first is None or second is None else (first, second)


def agreed_labels(blocks: Sequence[Sequence[str]], teachers: Teachers) -> Floats | None:
    """Label the blocks on which the teachers agree.

    Parameters
    ----------
    blocks : sequence of sequences of str
        Tokens of each block, in document order.
    teachers : Teachers
        Their outputs.

    Returns
    -------
    ndarray of float64, (blocks,) or None
        1 main content, 0 not, NaN where they differ; None for a page on which they agree too little to be believed.
    """
    if agreement(tokens(teachers.trafilatura), tokens(teachers.readability)) < AGREEMENT:
        return None
    pair = teacher_labels(blocks, teachers)
    if pair is None:
        return None
    first, second = pair
    return np.where(first == second, first, np.nan)


def agreement(first: Sequence[str], second: Sequence[str]) -> float:
    """F1 of two token sequences by their longest common subsequence; 0 where either is empty."""
    if not first or not second:
        return 0.0
    ids: dict[str, int] = {}
    numbers = [[ids.setdefault(token, len(ids)) for token in side] for side in (first, second)]
    return 2 * LCSseq.similarity(*numbers) / (len(first) + len(second))


def masked(labels: Floats, blocks: Sequence[Sequence[str]], teachers: Teachers) -> Floats:
    """Forget the gold's labels that both teachers contradict: where conventions differ (captions, bylines, leads)."""
    pair = teacher_labels(blocks, teachers)
    if pair is None:
        return labels
    first, second = pair
    return np.where((first == second) & (first != labels), np.nan, labels)


def with_phrases(labels: Floats, blocks: Sequence[Sequence[str]], keep: Iterable[str], drop: Iterable[str]) -> Floats:
    """Let phrases that a person marked override the labels.

    A kept phrase makes its block main content if only one block has it. A dropped phrase makes every block that has it
    boilerplate, since the person wants it nowhere. A block that has phrases of both kinds, or is far longer than the
    dropped phrase, becomes unknown, unless it had the right label before.

    Parameters
    ----------
    labels : ndarray of float64, (blocks,)
        Left as they are.
    blocks : sequence of sequences of str
        Tokens of each block.
    keep, drop : iterable of str
        The phrases.

    Returns
    -------
    ndarray of float64, (blocks,)
    """
    joined = [f" {' '.join(block)} " for block in blocks]
    wanted: set[int] = set()
    for phrase in keep:
        places = _holding(joined, tokens(phrase))
        wanted |= set(places) if len(places) == 1 else set()
    unwanted: dict[int, int] = {}
    for phrase in drop:
        words = tokens(phrase)
        unwanted |= {at: max(unwanted.get(at, 0), len(words)) for at in _holding(joined, words)}
    out = labels.copy()
    out[sorted(wanted)] = 1.0
    for at, size in sorted(unwanted.items()):
        if at in wanted:
            out[at] = np.nan
        elif out[at] != 0:
            out[at] = 0.0 if len(blocks[at]) <= INLINE * size else np.nan
    return out


def _holding(joined: Sequence[str], words: Sequence[str]) -> list[int]:
    needle = f" {' '.join(words)} "
    return [at for at, text in enumerate(joined) if needle in text] if words else []


def _trafilatura(html: str) -> str:
    try:
        return trafilatura.extract(html, include_comments=False) or ""
    except Exception:  # another's parser on a stranger's page: whatever it raises, it found nothing
        return ""


def _readability(html: str) -> str:
    try:
        root = lxml.html.fromstring(Document(html).summary(html_partial=True))
        return " ".join(" ".join(root.itertext()).split())
    except Exception:
        return ""
