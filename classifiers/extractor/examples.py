"""Labelled pages as the training reads them: scanned tables and a label a block.

A block's label is 1 (main content), 0 (not) or NaN (unknown: counts for nothing). Where they come from depends on what is
known of the page, see `labels_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from classifiers.extractor.corpus import Record
from classifiers.extractor.eye_labels import read_labels, readings
from classifiers.extractor.labels import Floats, gold_labels, tokens
from classifiers.extractor.teachers import Teachers, agreed_labels, masked, with_phrases
from udfs.html.main_content import SCANTY, with_noscript_open
from udfs.html.page.layout import PageTables
from udfs.html.page.scanner import scan, text_of_block

Source = Literal["gold", "marked", "documentation"]


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled page.

    Parameters
    ----------
    id, domain : str
        As in `Record`; folds are made by domain.
    page_type : str or None
        WCXB's type; None where nobody gave one.
    tables : PageTables
        The scanned page.
    label : ndarray of float64, (blocks,)
        1 main content, 0 not, NaN unknown.
    n_tokens : ndarray of int64, (blocks,)
        Tokens of each block by the evaluation's tokenisation: what a wrong decision costs.
    source : {"gold", "marked", "documentation"}
        Where the labels come from: a gold text, a reader or teachers with phrases, the documentation's own container.
    weight : float
        What the page counts for: 1, shared between a page's examples where it has labels of two kinds.
    """

    id: str
    domain: str
    page_type: str | None
    tables: PageTables
    label: Floats
    n_tokens: NDArray[np.int64]
    source: Source
    weight: float = 1.0


def read_examples(records: Iterable[Record], teachers: Mapping[str, Teachers]) -> Iterator[Example]:
    """Scan and label pages; those without a block, or whose labels can't be trusted, are left out.

    Parameters
    ----------
    records : iterable of Record
        From `classifiers.extractor.corpus.read_corpus`.
    teachers : mapping from id to Teachers
        From `classifiers.extractor.corpus.read_teachers`.
    """
    for record in records:
        tables, blocks = read_page(record.html)
        labels = [label for label in labels_of(record, blocks, teachers.get(record.id)) if (label == 1).any()]
        counts = np.array([len(block) for block in blocks], dtype=np.int64)
        for label in labels:
            yield Example(record.id, record.domain, record.page_type, tables, label, counts, record.set, 1 / len(labels))


def read_page(html: str) -> tuple[PageTables, list[list[str]]]:
    """Scan a page, with its ``noscript`` elements opened if there is hardly any text else.

    Returns
    -------
    tables : PageTables
        The scanned page.
    blocks : list of lists of str
        Tokens of each block.
    """
    page = html.encode("utf-8", "surrogatepass")
    tables = scan(page)
    blocks = _tokens_of(tables)
    if sum(map(len, blocks)) >= SCANTY or (shown := with_noscript_open(page)) == page:
        return tables, blocks
    opened = scan(shown)
    return opened, _tokens_of(opened)


def _tokens_of(tables: PageTables) -> list[list[str]]:
    return [tokens(text_of_block(tables, block)) for block in range(len(tables.blocks))]


def labels_of(record: Record, blocks: Sequence[Sequence[str]], teachers: Teachers | None) -> list[Floats]:
    """Label the blocks of a page.

    By its gold text, where there is one; on WCXB's article pages without the labels that both teachers contradict. Else by
    what a reader said of each block, and again by the teachers' agreement and the phrases that a person marked: their
    mistakes are of different kinds, so both count, half each.

    Parameters
    ----------
    record : Record
        The page.
    blocks : sequence of sequences of str
        Tokens of each block, in document order.
    teachers : Teachers or None
        Their outputs for the page, if there are any.

    Returns
    -------
    list of ndarray of float64, (blocks,)
        Empty if nothing is known, or not enough of the gold is in the blocks, or the teachers disagree.
    """
    if record.gold is not None:
        label = gold_labels(blocks, tokens(record.gold))
        if label is not None and teachers is not None and record.page_type == "article":
            label = masked(label, blocks, teachers)
        return [] if label is None else [label]
    reading = readings().get(record.id)
    seen = read_labels(reading, blocks) if reading is not None else None
    agreed = agreed_labels(blocks, teachers) if teachers is not None else None
    taught = with_phrases(agreed, blocks, record.keep, record.drop) if agreed is not None else None
    return [label for label in (seen, taught) if label is not None]
