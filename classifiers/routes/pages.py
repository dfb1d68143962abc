"""The pages that were labelled by reading, found again in the data folder; ``labels.jsonl`` has no text.

A line has ``part`` (``exam`` or ``tune``), ``set`` and ``id`` (where the page is from), ``source`` (package, or ``web``), ``label``
(``math``, ``code`` or ``other``) and ``sure`` (whether the reader was).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from classifiers import fasttext_clf, labelled
from classifiers.labelled import Row
from classifiers.registry import MODELS, path_of
from udfs import structure
from udfs.fasttext import load
from udfs.html import extract
from udfs.language import identify
from udfs.routing import COLUMNS
from udfs.spans import KINDS, Span, share
from udfs.urls import registered_domain

Part = Literal["exam", "tune"]
Floats = NDArray[np.float64]

CRAWL, PARITY = "crawl", "parity"
FILES: Mapping[str, str] = {
    "native": "structured/native.jsonl.xz",
    "rendered": "structured/rendered.jsonl.xz",
    "extraction_pages": "extraction_pages.jsonl.xz",
    "extraction_train": "extraction_train.jsonl.xz",
    PARITY: "parity/texts.jsonl.xz",
}
"""Files of the data folder by the set that a label names; the set ``crawl`` is the WARC files in its folder ``warc``."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled page, extracted as the pipeline extracts it.

    Parameters
    ----------
    row : dict
        Its line of ``labels.jsonl``.
    url, text, language, spans
        The page; its URL is empty where there is none. Source text that is no page counts as one block of code.
    """

    row: Row
    url: str
    text: str
    language: str
    spans: tuple[Span, ...]

    @property
    def label(self) -> str:
        """``math``, ``code`` or ``other``."""
        return str(self.row["label"])

    @property
    def group(self) -> str:
        """What is held out together: the source package, or the registered domain of a web page."""
        return registered_domain(self.url) if self.row["source"] == "web" else str(self.row["source"])


def labels() -> tuple[Row, ...]:
    """Return the lines of ``labels.jsonl``."""
    return labelled.labels(__package__)


def read(data: Path, part: Part | None = None) -> list[Labelled]:
    """Return the labelled pages of a part, or all, in the order of ``labels.jsonl``.

    Raises
    ------
    FileNotFoundError
        When a file is not in the data folder.
    LookupError
        When a labelled page is in none of its files.
    """
    wanted = {(row["set"], row["id"]): row for row in labels() if part in (None, row["part"])}
    found = {(page.row["set"], page.row["id"]): page for page in (*_files(data, wanted), *_crawled(data, wanted))}
    return labelled.in_order(wanted, found, data)


def _files(data: Path, wanted: Mapping[tuple[str, str], Row]) -> Iterator[Labelled]:
    for key, page in labelled.records(data, FILES, wanted):
        if key[0] == PARITY:
            listing = (Span(0, len(page["text"]), "code"),) if page["kind"] == "sourcecode" else ()
            yield Labelled(wanted[key], "", page["text"], page["lang"], listing)
        else:
            yield _labelled(wanted[key], page["html"].encode("utf-8", "surrogatepass"), page["url"] or "", "utf-8")


def _crawled(data: Path, wanted: Mapping[tuple[str, str], Row]) -> Iterator[Labelled]:
    for id, capture in labelled.responses(data):
        if row := wanted.get((CRAWL, id)):
            yield _labelled(row, capture.body, capture.url, None)


def _labelled(row: Row, body: bytes, url: str, charset: str | None) -> Labelled:
    found = extract(body, url=url or None, charset=charset)
    model = load(str(path_of("lid.176")), MODELS["lid.176"].sha256)
    return Labelled(row, url, found.text, identify(found.text, found.spans, model=model).lang, found.spans)


def columns(pages: Sequence[Labelled]) -> dict[str, Floats]:
    """Return the columns that routing reads, measured on pages; a score that there is none of is NaN."""
    rows = [_measured(page) for page in pages]
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in COLUMNS}


def _measured(page: Labelled) -> dict[str, float]:
    found = structure.measure(page.text, page.language, page.spans)
    found |= {f"{kind}_char_share": share(page.spans, kind, len(page.text)) for kind in KINDS}
    told = fasttext_clf.scores(page.text, {name: fasttext_clf.load(name) for name in ("math", "code")})
    return found | {f"ft_{name}": np.nan if value is None else value for name, value in told.items()}
