"""What the quality classifier is trained on beside labelled short texts: pages of the web, what stands around their text, bad texts.

Nothing of a domain that `classifiers.quality.pages.split_of` puts on the exam's side is among it, and nothing of the test crawl.
"""

from __future__ import annotations

import json
import lzma
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import xxhash

from classifiers.fasttext_clf import Example
from classifiers.mutations import made
from classifiers.quality.pages import FILES, WARC, Page, label_of, labels, split_of, text_of
from classifiers.quality.pages import read as read_labelled
from classifiers.registry import MODELS, path_of
from udfs.fasttext import load
from udfs.html import PageRejected
from udfs.language import identify
from udfs.urls import registered_domain

Row = dict[str, Any]

HIGH, LOW = "high", "low"
PAGES: Final = ("extraction_train", "extraction_pages")
"""Files of whole pages, by their names in `classifiers.quality.pages.FILES`."""
KINDS: Final = {
    "article": HIGH,
    "documentation": HIGH,
    "web": HIGH,
    "service": LOW,
    "product": LOW,
    "listing": LOW,
    "collection": LOW,
}
"""Weak labels by the type of a page: of the pages labelled by reading, those of a type that are high or low mostly are this."""
MADE: Final = 80
"""Bad texts of each form that are made of the pages, and as many of the short texts."""
FLAT: Final = 10
"""Per cent of the examples that are given once more without line ends: their shape must not be all that a model knows."""
MOST: Final = 3_000
"""Characters of a page that are trained on: short texts are not to drown."""


def by_reading(data: Path) -> Iterator[Example]:
    """Yield the pages labelled by reading for training, but for those between high and low and those of the test crawl."""
    for page in read_labelled(data, "train"):
        label = label_of(page.row["score"])
        if page.row["source"] != WARC and label in (HIGH, LOW) and page.text:
            yield Example(page.text, label, page.domain, page.language, f"labelled {page.row['kind']}")


def weak(data: Path, known: Sequence[Example], trusted: Sequence[Example] = ()) -> list[Example]:
    """Return examples that nobody has labelled: main texts by type of page, what stands around them, bad texts, flat copies.

    Parameters
    ----------
    data : Path
        The data folder.
    known : sequence of Example
        The labelled ones: bad texts are made of the good ones among them, too.
    trusted : sequence of Example
        Good texts of other registers and languages, to train on as well.
    """
    mains, around = [], []
    for row, page, language in _pages(data):
        main, whole = text_of(page, "main"), text_of(page, "whole")
        group, kind = registered_domain(page.url), row.get("page_type", "web")
        if kind in KINDS and len(main) > 200:
            mains.append(Example(main[:MOST], KINDS[kind], group, language, f"page {kind}"))
        if text := _around(main, whole, row["id"]):
            around.append(Example(text[:MOST], LOW, group, language, "around the text"))
    good = [one for one in mains if one.label == HIGH]
    spoiled = [*_spoiled(good, 1), *_spoiled([one for one in known if one.label == HIGH], 2), *_spoiled(trusted, 3)]
    found = [*mains, *around, *trusted, *spoiled]
    return [*found, *_flat([*known, *found])]


def _pages(data: Path) -> Iterator[tuple[Row, Page, str]]:
    model = load(str(path_of("lid.176")), MODELS["lid.176"].sha256)
    taken = {(row["source"], row["id"]) for row in labels()}
    for source in PAGES:
        with lzma.open(data / FILES[source], "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if (source, row["id"]) in taken or split_of(registered_domain(row["url"])) != "train":
                    continue
                page = Page(row["url"], row["html"].encode("utf-8", "surrogatepass"), "utf-8")
                try:
                    text = text_of(page, "main") or text_of(page, "whole")
                except PageRejected:
                    continue
                yield row, page, identify(text, model=model).lang


def _around(main: str, whole: str, id: str) -> str:
    """Return a stretch of the lines of a page that are not in its main text; nothing where they are few."""
    have = {" ".join(line.split()) for line in main.split("\n")}
    lines = [line for line in whole.split("\n") if line.strip() and " ".join(line.split()) not in have]
    chance = random.Random(xxhash.xxh3_64_intdigest(id.encode("utf-8", "surrogatepass")))
    count = chance.choice((8, 20, 60, 400))
    start = chance.randrange(len(lines) - count) if len(lines) > count else 0
    text = "\n".join(lines[start : start + count])
    return text if sum(map(len, lines)) > 150 and len(text) > 80 else ""


def _spoiled(good: Sequence[Example], seed: int) -> Iterator[Example]:
    for form, text, place in made([one.text for one in good], MADE, seed):
        yield Example(text, LOW, good[place].group, good[place].language, f"made: {form}")


def _flat(examples: Sequence[Example]) -> Iterator[Example]:
    for one in examples:
        digest = xxhash.xxh3_64_intdigest(f"flat {one.text[:300]}".encode("utf-8", "surrogatepass"))
        if digest % 100 < FLAT:
            yield Example(" ".join(one.text[:MOST].split()), one.label, one.group, one.language, "flat")
