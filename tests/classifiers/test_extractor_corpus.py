"""Tests of the extractor's training pages: the three sources, the teachers' file, and labelled examples of small pages."""

from __future__ import annotations

import json
import lzma
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rapidfuzz", reason="labels are made with rapidfuzz, which only training needs")
pytest.importorskip("readability", reason="one of the teachers is readability-lxml, which only training needs")

from classifiers.extractor.corpus import Record, read_corpus, read_documentation, read_teachers, write_teachers
from classifiers.extractor.teachers import Teachers

SENTENCES = [f"Sentence {number} of a story, long enough to be told from menus, goes on and on." for number in range(12)]
STORY = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
PAGE = (
    f"<html><body><ul><li><a href=/>Home</a><li>About us all</ul><article>{STORY}</article><p>Copyright 2024 of us</body></html>"
)


@pytest.fixture(scope="module")
def data() -> Path:
    """Folder of the real data."""
    if not os.environ.get("WOOLMILL_DATA"):
        pytest.skip("WOOLMILL_DATA does not name the data folder")
    return Path(os.environ["WOOLMILL_DATA"])


def record(**fields: object) -> Record:
    """Make a page."""
    known = {
        "id": "a",
        "url": "",
        "domain": "",
        "html": PAGE,
        "page_type": None,
        "gold": None,
        "keep": (),
        "drop": (),
        "set": "gold",
    }
    return Record(**(known | fields))  # type: ignore[arg-type]


def test_all_pages_are_read(data: Path) -> None:
    """Every page of both files is there, once, with a domain and what is known of it."""
    records = list(read_corpus(data, documentation=False))
    assert Counter(record.set for record in records) == {"gold": 760, "marked": 822}
    assert len({record.id for record in records}) == len(records)
    assert all((record.gold is not None) == (record.set == "gold") == (record.page_type is not None) for record in records)
    assert sum(bool(record.domain) for record in records) > 0.9 * len(records)
    assert sum(bool(record.keep) for record in records) > 700


def test_documentation_is_spread(data: Path) -> None:
    """Documentation pages are of many languages and sources, the same at each reading, and hold their gold."""
    records = list(read_documentation(data))
    assert [record.id for record in records] == [record.id for record in read_documentation(data)]
    assert len(records) == len({record.id for record in records}) == 150
    assert all(record.gold and "<" in record.html for record in records)
    written = "".join(record.gold or "" for record in records)
    for script in ("か", "的", "и", "한", "ក", "क", "η", "đ"):
        assert written.count(script) > 50


def test_teachers_are_remembered(tmp_path: Path) -> None:
    """A page's outputs are computed once; a file that broke off is gone on with."""
    path = tmp_path / "cache" / "teachers.jsonl"
    assert read_teachers(path) == {}
    write_teachers([record()], path)
    assert "Sentence 3" in read_teachers(path)["a"].readability
    path.write_text(path.read_text() + json.dumps({"id": "b", "trafilatura": "T", "readability": ""}) + "\n")
    write_teachers([record(), record(id="b"), record(id="c", html="")], path)
    assert len(path.read_text().splitlines()) == 3
    assert read_teachers(path)["b"] == Teachers("T", "")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Who gives the wrong folder is told so."""
    with pytest.raises(FileNotFoundError, match=r"extraction_train\.jsonl\.xz"):
        next(read_corpus(tmp_path))


def test_examples_of_each_source() -> None:
    """Gold, marked and unknown pages get the labels that they deserve, one a block of the scanner's tables."""
    pytest.importorskip("udfs.html.page.scanner")
    from classifiers.extractor.examples import read_examples

    story = " ".join(SENTENCES)
    pages = [
        record(gold=story, page_type="article"),
        record(id="b", set="marked", drop=("Sentence 3 of a story",)),
        record(id="c", set="marked"),
        record(id="d", gold="Nothing of this is in the page, so that it can't be used."),
        record(id="e", gold=story, html=f"<noscript>{PAGE}</noscript>"),
    ]
    teachers = {name: Teachers(story, story) for name in "ab"}
    found = {example.id: example for example in read_examples(pages, teachers)}
    assert sorted(found) == ["a", "b", "e"]
    for example in found.values():
        assert len(example.tables.blocks) == len(example.label) == len(example.n_tokens) == 15
        assert set(np.flatnonzero(example.label == 1)) <= set(range(2, 14))
        assert example.n_tokens[2] == 16
    assert found["a"].label.sum() == found["e"].label.sum() == 12
    assert found["b"].label.sum() == 11
    assert found["a"].page_type == "article"


def test_real_examples(data: Path, tmp_path: Path) -> None:
    """Most gold pages give an example, and main content is between a tenth and nine tenths of their tokens."""
    pytest.importorskip("udfs.html.page.scanner")
    from classifiers.extractor.examples import read_examples

    with lzma.open(data / "extraction_train.jsonl.xz", "rt", encoding="utf-8") as file:
        ids = {json.loads(line)["id"] for _, line in zip(range(60), file, strict=False)}
    records = [page for page in read_corpus(data, documentation=False) if page.id in ids]
    examples = list(read_examples(records, {}))
    assert len(examples) > 0.9 * len(records)
    kept = sum(int(example.n_tokens[example.label == 1].sum()) for example in examples)
    assert 0.3 < kept / sum(int(example.n_tokens.sum()) for example in examples) < 0.9
