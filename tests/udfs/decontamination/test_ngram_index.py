"""Decontamination: planted items are found whatever was done to them, ordinary pages are left alone."""

from __future__ import annotations

import json
import lzma
import os
import random
import string
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.decontamination import BenchmarkItem, BuildSettings, Hit, NgramIndex, Rule, build_index, copies, plain
from udfs.words import tokens

VOCABULARY = [f"word{i}" for i in range(3000)]
DUCKS = "Anna's 12 ducks lay 16 eggs a day; she sells each for $2 at the farmers' market. How much does she make in 7 days?"
ANSWER = "They lay 12*16=<<12*16=192>>192 eggs a day. She makes 192*2=<<192*2=384>>$384 a day and so $2688 in all."


def _names(hits: list[Hit]) -> list[tuple[str, str, float]]:
    """Item, part and coverage of each hit."""
    return [(hit.item, hit.part, hit.coverage) for hit in hits]


def _copies(index: NgramIndex, text: str, rule: Rule | None = None) -> list[str]:
    """Items of which a text is taken to hold a copy."""
    return [hit.item for hit in copies(index.match(text), lambda _: rule or Rule())]


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
    assert _names(ducks.match(copy)) == [("1", "question", 1.0)]


def test_answers_are_matched_apart(ducks: NgramIndex) -> None:
    """A solution is found with and without its calculator marks, and decides only where answers are looked at."""
    for copy in (ANSWER, ANSWER.replace("<<12*16=192>>", "").replace("<<192*2=384>>", "")):
        assert _names(ducks.match(copy)) == [("1", "answer", 1.0)]
        assert _copies(ducks, copy) == ["1"]
        assert _copies(ducks, copy, Rule(parts=("question",))) == []
    assert _names(ducks.match(DUCKS + " " + ANSWER)) == [("1", "answer", 1.0), ("1", "question", 1.0)]


def test_answers_of_numbers_are_no_evidence() -> None:
    """An answer that is a row of numbers or of letters brings nothing up, a question of numbers does."""
    row = "1 2 3 4 5 6 7 8 9 10 11 12 13 14"
    index = build_index(
        [
            BenchmarkItem("s", "a", "Say it.", row),
            BenchmarkItem("s", "q", "9 " + row[::-1]),
            BenchmarkItem("s", "l", "", "h e l l o " * 3),
        ]
    )
    assert index.match(row) == []
    assert _names(index.match("9 " + row[::-1])) == [("q", "question", 1.0)]
    assert index.match("h e l l o " * 3) == []


@pytest.mark.parametrize("marks", [".,", string.punctuation])
def test_code_without_its_marks(marks: str) -> None:
    """Code is found after its marks were taken out with nothing in their place, which joins its words."""
    code = "def f(n, array):\n  final = [array.copy()]\n  for i in range(n):\n    arr = array.copy()\n    arr.extend(final[-1])"
    index = build_index([BenchmarkItem("code", "1", code)])
    assert _copies(index, code.translate(dict.fromkeys(map(ord, marks)))) == ["1"]
    assert set(index.passages[:, 2].tolist()) == {0, 1, 2}


def test_numbers_matter(ducks: NgramIndex) -> None:
    """A sibling with other numbers is covered in part only, where no number stands."""
    sibling = DUCKS.replace("12", "31").replace("16", "44").replace("2", "5").replace("7", "9")
    assert _copies(ducks, sibling) == []


def test_coverage_counts_tokens_in_shared_grams(ducks: NgramIndex) -> None:
    """Of 25 tokens a copy of the first twelve covers twelve; the same twelve twice cover no more."""
    words = tokens(DUCKS)
    part = " ".join(words[:12])
    assert ducks.match(part) == ducks.match(f"{part} | {part}")
    assert _names(ducks.match(part)) == [("1", "question", 12 / len(words))]
    assert ducks.match(part)[0].covered == 12
    assert ducks.match(" ".join(words[:7])) == []


def test_short_items_are_matched_whole() -> None:
    """Five to seven tokens are one gram of their own width; fewer protect nothing, and are counted."""
    index = build_index(
        [BenchmarkItem("t", "five", "Why do veins appear blue?"), BenchmarkItem("t", "four", "Why appear veins blue?")]
    )
    assert _names(index.match("I ask: why do veins appear blue, if at all")) == [("five", "question", 1.0)]
    assert index.match("Why do veins appear") == index.match("why appear veins blue") == []
    assert index.unseen == {("t", "four"): "too short"}


def test_templates_do_not_mark_pages() -> None:
    """A gram of more than ten items brings no item up, and without its own part an item is not held."""
    frame = "on the floor you see a row of things and you must count all of them"
    rng = random.Random(2)
    items = [BenchmarkItem("bbh", f"{i:02}", f"{frame} {_prose(rng, 12)}") for i in range(11)]
    index = build_index(items)
    assert index.match(frame) == []
    assert _copies(index, items[4].text) == ["04"]
    part = f"{frame} {' '.join(items[4].text.split()[-12:-10])}"
    (hit,) = index.match(part)
    assert hit.coverage > 0.5 > hit.own
    assert len(build_index(items[:10]).match(frame)) == 10
    assert build_index([BenchmarkItem("bbh", f"{i:02}", f"{frame} {i}") for i in range(11)]).unseen == {}
    nothing = [BenchmarkItem("bbh", f"{i:02}", f"{i} {frame} {i}") for i in range(11)] + [BenchmarkItem("bbh", "12", frame)]
    assert build_index(nothing).unseen == {("bbh", "12"): "frequent n-grams only"}


def test_templates_are_those_of_one_suite() -> None:
    """A phrase that is a template of one benchmark still finds the item of another that is made of it."""
    rng = random.Random(3)
    items = [
        BenchmarkItem("a", f"{i:02}", f"the train to the coast leaves at ten in the morning {_prose(rng, 9)}") for i in range(11)
    ]
    index = build_index([*items, BenchmarkItem("b", "1", "The train to the coast leaves at ten in the morning.")])
    assert [(hit.suite, hit.item) for hit in index.match("the train to the coast leaves at ten in the morning")] == [("b", "1")]


def test_frequent_phrases_of_a_corpus_are_left_out() -> None:
    """Phrases from a list bring nothing up and cover nothing of an item's own; items made of them alone are named."""
    phrase = "which of the following is a humorous edit of this name"
    items = [BenchmarkItem("s", "1", f"{phrase} of an artist or movie: rain man"), BenchmarkItem("s", "2", phrase)]
    assert len(build_index(items).match(phrase)) == 2
    index = build_index(items, BuildSettings(frequent=(phrase.upper(), "!?", "a b")))
    assert index.match(phrase) == []
    assert _copies(index, items[0].text) == ["1"]
    assert index.unseen == {("s", "2"): "frequent n-grams only"}


def test_sizes_of_single_suites() -> None:
    """Each suite has its own n: a stretch of ten tokens finds the item of 8-grams and not that of 13-grams."""
    rng = random.Random(5)
    items = [BenchmarkItem(suite, "1", _prose(rng, 40)) for suite in ("eight", "thirteen")]
    index = build_index(items, BuildSettings(sizes={"thirteen": 13}))
    part = " . ".join(" ".join(item.text.split()[:10]) for item in items)
    assert [hit.suite for hit in index.match(part)] == ["eight"]
    assert [hit.suite for hit in index.match(items[0].text + " . " + items[1].text)] == ["eight", "thirteen"]


def test_places_of_a_copy(ducks: NgramIndex) -> None:
    """A copy is placed in the text as it is written; a changed word in its middle belongs to it."""
    changed = DUCKS.replace("farmers", "village").replace(" ", "&nbsp;")
    text = f"Höfe: {changed} Ende; {_prose(random.Random(1), 9)}: {DUCKS[:60]}"
    (place,) = ducks.locate(text, ducks.match(text))
    first, second = (text[start:end] for start, end in place.ranges)
    assert first == changed.rstrip("?")
    assert DUCKS.startswith(second)
    assert place.covered == ((0, 16), (17, 26))


def test_items_of_the_same_tokens_are_one_text() -> None:
    """Items that differ in brackets only are no template: the first stands for all, so none is unprotected."""
    items = [BenchmarkItem("dyck", f"{i:02}", "Close all of the brackets in this sequence: " + "([" * i) for i in range(30)]
    index = build_index(items)
    assert _names(index.match("close all of the brackets in this sequence ((")) == [("00", "question", 1.0)]
    assert index.unseen == {}
    assert index.texts == {"dyck": 1}


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
            found += _copies(index, " ".join([_prose(rng, 100), *words, _prose(rng, 100)])) == [item.id]
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
    assert loaded.unseen == ducks.unseen
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
        BuildSettings(n=4)
    with pytest.raises(ValueError, match="size is given for 'b'; the benchmarks are a"):
        build_index([BenchmarkItem("a", "1", "a b c d e")], BuildSettings(sizes={"b": 9}))


@given(st.text() | st.just("&#" + "9" * 5000 + ";") | st.just("<<" * 5000) | st.just("&" * 60_000))
def test_total(text: str) -> None:
    """Any string is matched, against an index with and without items."""
    assert build_index([]).match(text) == []
    index = build_index([BenchmarkItem("s", "1", text, text)])
    n = len(tokens(plain(text)))
    assert [hit.coverage for hit in index.match(text) if hit.part == "question"] == ([1.0] if n >= 5 else [])
    assert all(place.ranges for place in index.locate(text, index.match(text)))
    assert set(index.unseen) == (set() if n >= 5 else {("s", "1")})


def test_a_page_that_is_the_benchmark() -> None:
    """A dump of 1,500 items names each of them, in time that grows with its length and not with its square."""
    rng = random.Random(6)
    items = [BenchmarkItem("s", f"{i:04}", _prose(rng, 40)) for i in range(1500)]
    hits = build_index(items).match("\n".join(item.text for item in items))
    assert [hit.item for hit in hits if hit.own == 1] == [item.id for item in items]


def _rows(name: str) -> list[dict[str, Any]]:
    if not (data := os.environ.get("WOOLMILL_DATA")):
        pytest.skip("WOOLMILL_DATA is not set")
    rows = []
    for path in sorted(Path(data).glob(name)):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return rows


def test_real_benchmarks_and_pages(tmp_path: Path) -> None:
    """Of real items every one in 160 is found in a page, hardly any is unseen, and real pages are left alone."""
    rows = _rows("benchmarks/*.jsonl.xz")
    index = build_index(BenchmarkItem(row["benchmark"], row["id"], row["text"], row["answer"]) for row in rows)
    assert len(index.unseen) <= 30
    index.save(tmp_path / "index.npz")
    assert (tmp_path / "index.npz").stat().st_size < 3_000_000
    pages = [row["text"] for row in random.Random(1).sample(_rows("textclasses.jsonl.xz"), 200)]
    assert sum(bool(_copies(index, page)) for page in pages) == 0
    planted = [row for row in rows[::160] if (row["benchmark"], row["id"]) not in index.unseen]
    for row, page in zip(planted, pages, strict=False):
        hits = copies(index.match(f"{page}\n\n{row['text']}\n\n{page[:300]}"), lambda _: Rule())
        assert hits, row["id"]
        assert (hits[0].suite, hits[0].coverage) == (row["benchmark"], 1.0)
