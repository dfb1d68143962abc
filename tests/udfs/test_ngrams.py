"""Decontamination: planted items are found whatever was done to them, ordinary pages are left alone."""

from __future__ import annotations

import json
import lzma
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.ngrams import BenchmarkItem, Hit, NgramIndex, build_index, contaminated, plain
from udfs.words import tokens

VOCABULARY = [f"word{i}" for i in range(3000)]
DUCKS = "Anna's 12 ducks lay 16 eggs a day; she sells each for $2 at the farmers' market. How much does she make in 7 days?"
ANSWER = "They lay 12*16=<<12*16=192>>192 eggs a day. She makes 192*2=<<192*2=384>>$384 a day and so $2688 in all."


def _prose(rng: random.Random, n: int) -> str:
    return " ".join(rng.choice(VOCABULARY) for _ in range(n))


@pytest.fixture(scope="module")
def ducks() -> NgramIndex:
    return build_index([BenchmarkItem("eggs", "1", DUCKS, ANSWER)])


@pytest.mark.parametrize(
    "copy",
    [
        DUCKS,
        DUCKS.upper(),
        DUCKS.replace(" ", "\n\t "),
        DUCKS.replace(";", " —").replace("'", "’").replace("?", ""),
        DUCKS.replace("'", "&#39;").replace("$", "&dollar;").replace(" ", "&nbsp;"),
        DUCKS.replace("market", "mar\u00adket").replace("ducks", "du\u200bcks"),
        "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in DUCKS),
        f"first words {DUCKS} and last ones",
    ],
    ids=["verbatim", "case", "space", "marks", "entities", "invisible", "full width", "inside"],
)
def test_disguises(ducks: NgramIndex, copy: str) -> None:
    """Case, space, punctuation, entities, soft hyphens and full-width letters do not hide a copy."""
    assert ducks.match(copy) == [Hit("eggs", "1", 1.0, covered=len(tokens(DUCKS)))]


def test_answers_are_evidence_and_never_decide(ducks: NgramIndex) -> None:
    """A solution is found with and without its calculator marks, but its page is not dropped for it."""
    for copy in (ANSWER, ANSWER.replace("<<12*16=192>>", "").replace("<<192*2=384>>", "")):
        hits = ducks.match(copy)
        assert hits == [Hit("eggs", "1", 0.0, 1.0)]
        assert contaminated(hits, 0.5) is None
    assert ducks.match(DUCKS + " " + ANSWER) == [Hit("eggs", "1", 1.0, 1.0, len(tokens(DUCKS)))]


def test_numbers_matter(ducks: NgramIndex) -> None:
    """A sibling with other numbers is covered in part only, where no number stands."""
    sibling = DUCKS.replace("12", "31").replace("16", "44").replace("2", "5").replace("7", "9")
    assert contaminated(ducks.match(sibling), 0.5) is None


def test_coverage_counts_tokens_in_shared_grams(ducks: NgramIndex) -> None:
    """Of 25 tokens a copy of the first twelve covers twelve; the same twelve twice cover no more."""
    words = tokens(DUCKS)
    part = " ".join(words[:12])
    assert ducks.match(part) == ducks.match(f"{part} | {part}") == [Hit("eggs", "1", 12 / len(words), covered=12)]
    assert ducks.match(" ".join(words[:7])) == []


def test_short_items_are_matched_whole() -> None:
    """Five to seven tokens are one gram of their own width; fewer protect nothing, and are counted."""
    index = build_index(
        [BenchmarkItem("t", "five", "Why do veins appear blue?"), BenchmarkItem("t", "four", "Why appear veins blue?")]
    )
    assert index.match("I ask: why do veins appear blue, if at all") == [Hit("t", "five", 1.0, covered=5)]
    assert index.match("Why do veins appear") == index.match("why appear veins blue") == []
    assert index.unprotected == {"t": 1}


def test_templates_do_not_mark_pages() -> None:
    """A gram of more than ten items brings no item up, but counts for one that another gram has brought up."""
    frame = "on the floor you see a row of things and you must count all of them"
    rng = random.Random(2)
    items = [BenchmarkItem("bbh", f"{i:02}", f"{frame} {_prose(rng, 12)}") for i in range(11)]
    index = build_index(items)
    assert index.match(frame) == []
    assert [hit for hit in index.match(items[4].text) if hit.coverage == 1] == [Hit("bbh", "04", 1.0, covered=28)]
    assert len(build_index(items[:10]).match(frame)) == 10


def test_items_of_the_same_tokens_are_one_text() -> None:
    """Items that differ in brackets only are no template: the first stands for all, so none is unprotected."""
    items = [BenchmarkItem("dyck", f"{i:02}", "Close all of the brackets in this sequence: " + "([" * i) for i in range(30)]
    index = build_index(items)
    assert index.match("close all of the brackets in this sequence ((") == [Hit("dyck", "00", 1.0, covered=8)]
    assert index.unprotected == {"dyck": 0}


def test_planted_items_with_edits() -> None:
    """Of 300 items of 60 words in pages, all are found verbatim and 95 % with three words changed; pages without are clean."""
    rng = random.Random(11)
    items = [BenchmarkItem("s", str(i), _prose(rng, 60)) for i in range(300)]
    index = build_index(items)
    for edits, least in ((0, 300), (3, 285)):
        found = 0
        for item in items:
            words = item.text.split()
            for at in rng.sample(range(60), edits):
                words[at] = rng.choice(VOCABULARY)
            hit = contaminated(index.match(" ".join([_prose(rng, 100), *words, _prose(rng, 100)])), 0.5)
            found += hit is not None and hit.item == item.id
        assert found >= least
    assert not any(index.match(_prose(rng, 300)) for _ in range(200))


def test_order_of_items_does_not_matter(tmp_path: Path) -> None:
    """Shuffled items give the same digest, the same bytes and the same hits."""
    rng = random.Random(4)
    items = [BenchmarkItem(f"s{i % 3}", str(i), _prose(rng, rng.randrange(3, 40)), _prose(rng, 15)) for i in range(60)]
    shuffled = rng.sample(items, len(items))
    indexes = [build_index(items), build_index(shuffled)]
    for number, index in enumerate(indexes):
        index.save(tmp_path / f"{number}.npz")
    assert indexes[0].digest == indexes[1].digest
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    text = " ".join(item.text for item in items[:20])
    assert indexes[0].match(text) == indexes[1].match(text) == sorted(indexes[0].match(text))


def test_save_and_load(tmp_path: Path, ducks: NgramIndex) -> None:
    """A saved index is the same index; its file holds no time stamp and no word of an item."""
    path = tmp_path / "index.npz"
    ducks.save(path)
    loaded = NgramIndex.load(path)
    assert loaded.digest == ducks.digest
    assert loaded.match(DUCKS) == ducks.match(DUCKS)
    assert loaded.unprotected == ducks.unprotected
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any(word in archive.read(name) for name in archive.namelist() for word in (b"duck", b"farmer"))


def test_wrong_files(tmp_path: Path) -> None:
    """What is no index is refused by name; what does not exist stays a missing file."""
    text, other = tmp_path / "a.npz", tmp_path / "b.npz"
    text.write_text("no archive")
    np.savez(other, grams=np.zeros(3))
    for path in (text, other):
        with pytest.raises(ValueError, match=f"{path.name}: not a benchmark index"):
            NgramIndex.load(path)
    with pytest.raises(FileNotFoundError):
        NgramIndex.load(tmp_path / "none.npz")


def test_wrong_items() -> None:
    """Two items of one name, or grams too short to mean anything, are refused."""
    with pytest.raises(ValueError, match="benchmark s: item '1' occurs twice"):
        build_index([BenchmarkItem("s", "1", "a b c d e"), BenchmarkItem("s", "1", "f g h i j")])
    with pytest.raises(ValueError, match="n is 4"):
        build_index([], n=4)


@given(st.text() | st.just("&#" + "9" * 5000 + ";") | st.just("<<" * 5000) | st.just("&" * 60_000))
def test_total(text: str) -> None:
    """Any string is matched, against an index with and without items."""
    assert build_index([]).match(text) == []
    index = build_index([BenchmarkItem("s", "1", text, text)])
    n = len(tokens(plain(text)))
    assert index.match(text) == ([Hit("s", "1", 1.0, float(n >= 12), n)] if n >= 5 else [])


def test_contaminated_takes_the_best() -> None:
    """The best covered item decides, the first of equals; below the threshold there is none."""
    hits = [Hit("a", "1", 0.4, covered=40), Hit("b", "1", 0.7, covered=9), Hit("b", "2", 0.7, covered=20)]
    assert contaminated(hits, 0.5) == hits[1]
    assert contaminated(hits, 0.7) == hits[1]
    assert contaminated(hits, 0.5, min_covered=10) == hits[2]
    assert contaminated(hits, 0.71) is None
    assert contaminated([], 0.0) is None


def test_a_page_that_is_the_benchmark() -> None:
    """A dump of 3,000 items names each of them, in time that grows with its length and not with its square."""
    rng = random.Random(6)
    items = [BenchmarkItem("s", f"{i:04}", _prose(rng, 40)) for i in range(3000)]
    hits = build_index(items).match("\n".join(item.text for item in items))
    assert [hit.item for hit in hits if hit.coverage == 1] == [item.id for item in items]


def _rows(name: str) -> list[dict[str, Any]]:
    if not (data := os.environ.get("WOOLMILL_DATA")):
        pytest.skip("WOOLMILL_DATA is not set")
    rows = []
    for path in sorted(Path(data).glob(name)):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return rows


def test_real_benchmarks_and_pages(tmp_path: Path) -> None:
    """Of real items every one in forty is found in a page, hardly any is unprotected, and real pages are left alone."""
    rows = _rows("benchmarks/*.jsonl.xz")
    index = build_index(BenchmarkItem(row["benchmark"], row["id"], row["text"], row["answer"]) for row in rows)
    assert sum(index.unprotected.values()) <= 30
    index.save(tmp_path / "index.npz")
    assert (tmp_path / "index.npz").stat().st_size < 3_000_000
    pages = [row["text"] for row in random.Random(1).sample(_rows("textclasses.jsonl.xz"), 1000)]
    assert sum(contaminated(index.match(page), 0.5) is not None for page in pages) == 0
    planted = [row for row in rows[::40] if len(tokens(row["text"])) >= 5]
    for row, page in zip(planted, pages, strict=False):
        hit = contaminated(index.match(f"{page}\n\n{row['text']}\n\n{page[:300]}"), 0.5)
        assert hit is not None, row["id"]
        assert (hit.suite, hit.coverage) == (row["benchmark"], 1.0)
