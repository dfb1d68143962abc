"""Examples of knowledge classes: the pages that were labelled by reading, weak ones, and texts made of seed words.

``labels.jsonl`` has a line a page: ``source`` (a file of the data folder, or ``warc``), ``id``, ``split`` (``train`` or ``exam``),
``label`` and, where the reader could have chosen another class, ``second``. The pages themselves are read from the data folder.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xxhash
import yaml

from classifiers import labelled
from classifiers.knowledge.features import Page
from classifiers.labelled import Row
from conf.taxonomy import OTHER
from udfs.html import extract
from udfs.urls import registered_domain

Split = Literal["train", "exam"]

WARC = "warc"
FILES: Mapping[str, str] = {
    "extraction_pages": "extraction_pages.jsonl.xz",
    "extraction_train": "extraction_train.jsonl.xz",
    **{name: f"extraction/{name}.jsonl.xz" for name in ("fundus", "readability", "scrapinghub", "wcxb-dev")},
}
TEXTCLASSES = "textclasses.jsonl.xz"
_WEAK: Mapping[str, str] = {
    "adult": "adult",
    "math": "mathematics",
    **dict.fromkeys(("error_page", "gibberish", "log", "lorem_ipsum", "mojibake", "number_table"), OTHER),
}
_WEAK_MATH_SITES = ("maxima.sourceforge.io", "docs.sympy.org")
MOST_WEAK = 40
"""Weak examples of each kind of text, chosen by hash."""

SEED_FILES = ("seeds.yaml", "words.yaml", "taught.yaml")
UNREAD = ("words.yaml", "taught.yaml")
"""Files of seed words, and those that owe nothing to the labelled pages: only with these are folds an honest measure."""

SEED_WORDS = 20
SEED_ROUNDS = 3
"""Seed words of a made text, and how often each word is used, each time in another company."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A page with its class.

    Parameters
    ----------
    page : Page
        What is read.
    label : str
        Id of its class.
    second : str
        Another class that the reader found nearly as good; empty where there is none.
    source, id : str
        Where the page is from.
    group : str
        Registered domain, which is never in both splits; the source where there is no address.
    """

    page: Page
    label: str
    second: str = ""
    source: str = ""
    id: str = ""
    group: str = ""


def labels() -> tuple[Row, ...]:
    """Return the lines of ``labels.jsonl``."""
    return labelled.labels(__package__)


def read(data: Path, split: Split) -> list[Labelled]:
    """Return the labelled pages of a split, extracted as the pipeline extracts them, in the order of ``labels.jsonl``.

    Raises
    ------
    FileNotFoundError
        When a file is not in the data folder.
    LookupError
        When a labelled page is in none of its files.
    """
    wanted = {(row["source"], row["id"]): row for row in labels() if row["split"] == split}
    found = {(one.source, one.id): one for one in (*_web(data, wanted), *_crawled(data, wanted))}
    return labelled.in_order(wanted, found, data)


def _web(data: Path, wanted: Mapping[tuple[str, str], Row]) -> Iterator[Labelled]:
    for key, page in labelled.records(data, FILES, wanted):
        yield _labelled(wanted[key], page["html"], page.get("url") or "")


def _crawled(data: Path, wanted: Mapping[tuple[str, str], Row]) -> Iterator[Labelled]:
    for id, capture in labelled.responses(data):
        if label := wanted.get((WARC, id.removeprefix("urn:uuid:"))):
            yield _labelled(label, capture.body, capture.url)


def _labelled(label: Row, html: str | bytes, url: str) -> Labelled:
    body = html.encode("utf-8", "surrogatepass") if isinstance(html, str) else html
    found = extract(body, url=url or None, charset="utf-8" if isinstance(html, str) else None)
    group = (registered_domain(url) if "://" in url else "") or label["source"]
    page = Page(found.text, found.title, url)
    return Labelled(page, label["label"], label.get("second", ""), label["source"], label["id"], group)


def weak_examples(data: Path) -> Iterator[Labelled]:
    """Yield short texts whose class follows from how they were made: adult spam, what is no text, and mathematics."""
    with lzma.open(data / TEXTCLASSES, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["class"] in _WEAK]
    seen: Counter[str] = Counter()
    for row in sorted(rows, key=lambda row: (_hash(row["text"]), row["text"])):
        if row["class"] != "math" or row["domain"] in _WEAK_MATH_SITES:
            seen[row["class"]] += 1
            if seen[row["class"]] <= MOST_WEAK:
                yield Labelled(Page(row["text"]), _WEAK[row["class"]], source="textclasses", group=row["domain"])


def seed_examples(files: Sequence[str] = SEED_FILES) -> Iterator[Labelled]:
    """Yield texts made of the seed words of one class, language and file, drawn without replacement in each round."""
    for file in files:
        raw = yaml.safe_load(resources.files(__package__).joinpath(file).read_text(encoding="utf-8"))
        for label, languages in raw.items():
            for language, words in languages.items():
                yield from _made(label, language, words.split())


def _made(label: str, language: str, words: list[str]) -> Iterator[Labelled]:
    for turn in range(SEED_ROUNDS):
        drawn = sorted(words, key=lambda word: (_hash(f"{turn} {label} {language} {word}"), word))
        for start in range(0, len(drawn), SEED_WORDS):
            text = " ".join(drawn[start : start + SEED_WORDS])
            yield Labelled(Page(text), label, source="seeds", group=f"seeds {language}")


def folds_of(examples: Iterable[Labelled], folds: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the fold of each example, by a hash of its group: a domain is in one fold."""
    return np.array([_hash(example.group) % folds for example in examples], dtype=np.int64)


def _hash(text: str) -> int:
    return int(xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")))
