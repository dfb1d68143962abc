"""Labels that people gave by reading pages, kept without the pages' text.

``eye_labels.jsonl`` has a line a page of ``extraction_pages.jsonl.xz``: its id, and the hashes of the blocks that were kept and of
those that the reader left open, in document order; every other block was dropped. A hash is eight hexadecimal digits of the xxh32
of the block's tokens joined by blanks (`classifiers.extractor.labels.tokens`), so that the labels outlive changes of the scanner.

The convention: kept are the body with its lead, section headings, lists, tables, code and quotes, all posts of a thread, and a
product's description; dropped are headline, byline, date, captions' credits, teasers even inside the body, appeals, tags and comments;
left open are captions, fact boxes, references and whatever had to be guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from xxhash import xxh32_hexdigest

from classifiers.extractor.labels import Floats

FOUND = 0.9
"""Share of a page's kept blocks that must be found again; else its labels are for another page."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader said of a page: the hashes of its kept and its open blocks."""

    keep: tuple[str, ...]
    unsure: tuple[str, ...]


@cache
def readings() -> Mapping[str, Reading]:
    """Return every reading by page id."""
    lines = resources.files(__package__).joinpath("eye_labels.jsonl").read_text("utf-8").splitlines()
    rows = map(json.loads, lines)
    return {row["id"]: Reading(_parts(row["keep"]), _parts(row["unsure"])) for row in rows}


def block_hash(tokens: Sequence[str]) -> str:
    """Return the hash by which a block is known."""
    return str(xxh32_hexdigest(" ".join(tokens).encode()))


def read_labels(reading: Reading, blocks: Sequence[Sequence[str]]) -> Floats | None:
    """Label the blocks of a page as its reader did.

    Parameters
    ----------
    reading : Reading
        What was said.
    blocks : sequence of sequences of str
        Tokens of each block, in document order.

    Returns
    -------
    ndarray of float64, (blocks,) or None
        1 kept, 0 dropped, NaN left open, also where some copies of a text were kept and others not; None where too few of the
        kept blocks are on the page.
    """
    hashes = [block_hash(block) for block in blocks]
    there, kept, unsure = Counter(hashes), Counter(reading.keep), Counter(reading.unsure)
    if sum((there & kept).values()) < FOUND * len(reading.keep):
        return None
    label = np.zeros(len(blocks))
    for at, name in enumerate(hashes):
        if unsure[name] or 0 < kept[name] < there[name]:
            label[at] = np.nan
        elif kept[name]:
            label[at] = 1.0
    return label


def _parts(joined: str) -> tuple[str, ...]:
    return tuple(joined[at : at + 8] for at in range(0, len(joined), 8))
