"""The pages whose quality was labelled by reading, found again in the data folder; ``labels.jsonl`` has no text.

A line has ``source`` (a file of the data folder, or ``warc``), ``id``, ``kind`` (type of page), ``extraction`` (``main`` or
``whole``), ``score`` (0 to 5, by ``guidelines.md``), ``label`` (``high``, ``mid``, ``low``), ``flags``, ``sure`` and ``split``
(``exam`` or ``train``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import xxhash

from classifiers import labelled
from classifiers.labelled import Key, Row
from classifiers.registry import MODELS, path_of
from udfs.fasttext import load
from udfs.html import decode, extract
from udfs.html.page.scanner import scan
from udfs.html.text.assembly import page_text
from udfs.language import identify
from udfs.urls import registered_domain

Split = Literal["exam", "train"]

WARC = "warc"
FILES: Mapping[str, str] = {
    "extraction_pages": "extraction_pages.jsonl.xz",
    "extraction_train": "extraction_train.jsonl.xz",
    **{name: f"extraction/{name}.jsonl.xz" for name in ("fundus", "scrapinghub", "wcxb-dev")},
}
"""Files of the data folder by the source that a label names; the source ``warc`` is the test crawl in its folder ``warc``."""

SALT = "woolmill quality "
HIGH, LOW = 3, 1
"""Scores from which a page is of high quality, and up to which it is of low quality."""

_NAMES = """
boilerplate changelog code error faq forum formula fragment garbled glossary gossip legal listing mixed_language navigation promotional
recipe reference repetitive spam table thin
"""
FLAGS = frozenset(_NAMES.split())
"""What a reader may have seen on a page."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled page.

    Parameters
    ----------
    row : dict
        Its line of ``labels.jsonl``.
    url, domain : str
        Address, and its registered domain: what is never in both splits.
    text : str
        What was read: the main content as the pipeline extracts it, or all of the page's text.
    language : str
        Language of the text, as the pipeline identifies it.
    """

    row: Row
    url: str
    domain: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the data folder before it is extracted; ``charset`` is None where its bytes have to say it."""

    url: str
    body: bytes
    charset: str | None


def labels(split: Split | None = None) -> tuple[Row, ...]:
    """Return the lines of ``labels.jsonl``, of one split or all."""
    return tuple(row for row in labelled.labels(__package__) if split in (None, row["split"]))


def split_of(domain: str) -> Split:
    """Return the split of a registered domain, labelled or not: other examples of an exam domain must not be trained on."""
    return "train" if xxhash.xxh3_64_intdigest((SALT + domain).encode("utf-8", "surrogatepass")) % 2 else "exam"


def label_of(score: int) -> Literal["high", "mid", "low"]:
    """Return the label of a score."""
    return "high" if score >= HIGH else "low" if score <= LOW else "mid"


def read(data: Path, split: Split | None = None) -> list[Labelled]:
    """Return the labelled pages of a split, or all, extracted as they were read, in the order of ``labels.jsonl``.

    Raises
    ------
    FileNotFoundError
        When a file is not in the data folder.
    LookupError
        When a labelled page is in none of its files.
    """
    wanted = {(row["source"], row["id"]): row for row in labels(split)}
    found = {key: _labelled(wanted[key], page) for key, page in find(data, wanted)}
    return labelled.in_order(wanted, found, data)


def find(data: Path, wanted: Mapping[Key, Row]) -> Iterator[tuple[Key, Page]]:
    """Yield the wanted pages that the data folder has, by source and id."""
    for key, page in labelled.records(data, FILES, wanted):
        yield key, Page(page.get("url") or "", page["html"].encode("utf-8", "surrogatepass"), "utf-8")
    for id, capture in labelled.responses(data):
        if (key := (WARC, id.removeprefix("urn:uuid:"))) in wanted:
            yield key, Page(capture.url, capture.body, None)


def text_of(page: Page, extraction: Literal["main", "whole"]) -> str:
    """Return the main content of a page, or all of its text: navigation, notices and all."""
    if extraction == "main":
        return extract(page.body, url=page.url or None, charset=page.charset).text
    tables = scan(decode(page.body, page.charset)[0].replace("\x00", "").encode("utf-8", "replace"))
    return page_text(tables, np.ones(len(tables.blocks), dtype=np.bool_), url=page.url or None)[0]


def _labelled(row: Row, page: Page) -> Labelled:
    text = text_of(page, row["extraction"])
    model = load(str(path_of("lid.176")), MODELS["lid.176"].sha256)
    return Labelled(row, page.url, registered_domain(page.url), text, identify(text, model=model).lang)
