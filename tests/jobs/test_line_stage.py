"""Frequent lines of a made-up corpus, from counting to the edited text, against a plain Counter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.dedup.hot import COPIES, FIRST, HASH, open_hot
from jobs.lines import Buckets, buckets_for, keeper_key
from udfs.lines import line_hashes
from udfs.spans import Span

FILES = tuple(f"crawl-{n}.parquet" for n in range(6))
SIX, SEVEN, CODE, MANY = "This line is there six times", "This line is there SEVEN times!", "return result", "Subscribe now"
ALLOWED = "A line that may stay 12"
SETTINGS = ("clean.repetitive_lines=false", "clean.pii='off'", "clean.min_share_left=0", "clean.min_words_left=0")

Placed = list[tuple[str, Any]]
Key = tuple[str, int, int]


@pytest.fixture(scope="module")
def corpus(doc: Any) -> Placed:
    """Documents of two languages with lines of their own and lines of a few that all share; `CODE` is in code, mostly."""
    rng = random.Random(11)
    shared = [f"Shared line of the site, {name}" for name in ("home", "about", "imprint", "login", "next page", "--- ---", "•••")]
    found: Placed = []
    for number in range(60):
        own = [f"Only document {_name(number)} says this, {_name(i)}" for i in range(4)]
        lines = [*own, *rng.choices(shared, k=rng.randrange(6)), ""]
        rng.shuffle(lines)
        if number in (9, 18, 27, 36, 45, 54):  # English all of them
            lines.insert(2, SIX)
        if number in (9, 18, 27):
            lines += [SEVEN, "", SEVEN.lower()]
        lines += [SEVEN] * (number == 54) + [MANY] * (9 if number == 12 else 0) + [ALLOWED] * (number % 3)
        text, lang = "\n".join(lines), "de" if number % 3 else "en"
        spans = (Span(len(text) + 1, len(text) + 1 + len(CODE), "code"),) if number % 12 else ()
        found.append((FILES[number % 5], doc(number, f"{text}\n{CODE}", lang=lang, spans=spans)))
    return found


def _name(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


@pytest.fixture(scope="module")
def mill(new_mill: Callable[..., Any], corpus: Placed) -> Any:
    return new_mill({file: [one for place, one in corpus if place == file] for file in FILES})


def _hashes(one: Any) -> list[int]:
    found: list[int] = line_hashes(one.text, one.spans).tolist()
    return found


def _hash(line: str) -> int:
    return int(line_hashes(line)[0])


def _buckets(made: Any, mill: Any) -> Callable[[str, str], int]:
    """The bucket of a language and file, as the table of buckets says."""
    keys = {split.file: split.key for split in mill.splits}
    of = {row["lang"]: Buckets(row["first"], row["buckets"]) for row in made.tables["line_buckets"]}
    return lambda lang, file: of[lang].of(keys[file])


def _plain(corpus: Placed, bucket: Callable[[str, str], int], *, documents: bool) -> dict[Key, tuple[int, int]]:
    """Copies and least document of every line, by language, bucket and hash."""
    copies: Counter[Key] = Counter()
    first: dict[Key, int] = {}
    for file, one in sorted(corpus, key=lambda placed: placed[1].number):
        hashes = _hashes(one)
        for hash_ in set(hashes) if documents else hashes:
            key = (one.lang, bucket(one.lang, file), hash_)
            copies[key] += 1
            first.setdefault(key, one.number)
    return {key: (n, first[key]) for key, n in copies.items()}


def _hot(made: Any) -> dict[Key, tuple[int, int]]:
    rows = made.tables["hot_lines"]
    found = {(row["lang"], row["bucket"], row["hash"]): (row["copies"], row["first"]) for row in rows}
    assert len(found) == len(rows)
    return found


def _files(made: Any) -> dict[str, Any]:
    return {path.stem: open_hot(str(path)) for path in made.files["hot_lines"] if path.suffix == ".npy"}


@pytest.fixture(scope="module")
def base(mill: Any) -> Any:
    """All in one bucket a language."""
    return mill.run("lines")


@pytest.fixture(scope="module")
def strict(mill: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Several buckets, documents counted, some lines allowed, and other partitions."""
    allowed = tmp_path_factory.mktemp("allowed") / "lines.txt"
    allowed.write_text(f"\n{ALLOWED.upper()}\nno such line\n", "utf-8")
    changed = ("lines.count=documents", "lines.max_copies=2", "lines.bucket_documents=10", f"lines.allow={allowed}")
    return mill.run("lines", *changed, "spark.shuffle_partitions=5")


@pytest.mark.spark
def test_counts_are_those_of_a_counter(mill: Any, corpus: Placed, base: Any) -> None:
    """Lines with more than six copies in their language are hot, with count and least document; those of code are not counted."""
    counted = _plain(corpus, _buckets(base, mill), documents=False)
    hot = _hot(base)
    assert hot == {key: row for key, row in counted.items() if row[0] > 6}
    assert {lang for lang, *_ in hot} == {"en", "de"}
    assert counted["en", 0, _hash(SIX)][0] == 6
    assert counted["en", 0, _hash(SEVEN)][0] == 7
    assert ("en", 0, _hash(SEVEN)) in hot
    assert not {("en", 0, _hash(SIX)), ("en", 0, _hash(CODE)), ("de", 0, _hash(CODE))} & hot.keys()
    assert hot["en", 0, _hash(MANY)] == (9, 12)
    documents = Counter(one.lang for _, one in corpus)
    assert base.tables["line_buckets"] == [
        {"lang": lang, "documents": documents[lang], "first": 0, "buckets": 1} for lang in ("de", "en")
    ]
    assert base.accounts == {("in", ""): 60, ("kept", ""): 60}
    assert base.facts["hot_lines"] == len(hot)


@pytest.mark.spark
def test_buckets_hold_whole_splits(mill: Any, corpus: Placed, strict: Any) -> None:
    """With more documents than a bucket takes there are several; lines are counted by document in each, and allowed ones stay."""
    sizes = {row["lang"]: (row["first"], row["buckets"]) for row in strict.tables["line_buckets"]}
    assert sizes == {"de": (0, 4), "en": (0, 2)}
    bucket = _buckets(strict, mill)
    counted = _plain(corpus, bucket, documents=True)
    allowed = _hash(ALLOWED)
    assert _hot(strict) == {key: row for key, row in counted.items() if row[0] > 2 and key[2] != allowed}
    assert any(key[2] == allowed and row[0] > 2 for key, row in counted.items())
    assert len({key[:2] for key in _hot(strict)}) > 2
    assert all(row[0] == 1 for key, row in counted.items() if key[2] == _hash(MANY))


@pytest.mark.spark
@pytest.mark.parametrize("which", ["base", "strict"])
def test_files_for_cleaning_are_the_table(request: pytest.FixtureRequest, which: str) -> None:
    """For each language and bucket a file of sorted hashes, with the copies and first documents of the table."""
    made = request.getfixturevalue(which)
    hot, files = _hot(made), _files(made)
    assert files.keys() == {f"{lang}-{bucket}" for lang, bucket, _ in hot}
    for name, lines in files.items():
        assert np.all(lines[HASH][1:] > lines[HASH][:-1])
        rows = zip(*(lines[row].tolist() for row in (HASH, COPIES, FIRST)), strict=True)
        lang, bucket = name.split("-")
        assert {(lang, int(bucket), h): (n, first) for h, n, first in rows} == {
            key: row for key, row in hot.items() if key[:2] == (lang, int(bucket))
        }


def _cut(text: str, ranges: list[dict[str, int]]) -> str:
    for one in reversed(ranges):
        text = text[: one["start"]] + text[one["end"] :]
    return text


@pytest.mark.spark
def test_hot_lines_leave_the_text(mill: Any, corpus: Placed, base: Any, tmp_path: Path) -> None:
    """Every copy goes but those in code; what the edits name, taken out of the text before, is the text after; samples are shown."""
    made = mill.clean(tmp_path, base, *SETTINGS)
    cleaned = {row["id"]: row["text"] for row in made["cleaned"]}
    edits = {row["id"]: row for row in made["line_edits"]}
    hot = _hot(base)
    assert len(cleaned) == len(corpus)
    for _, one in corpus:
        frequent = [hash_ for hash_ in _hashes(one) if (one.lang, 0, hash_) in hot]
        assert (one.id in edits) == bool(frequent)
        ranges = edits[one.id]["ranges"] if frequent else []
        assert cleaned[one.id] == _cut(one.text, ranges)
        assert not {hash_ for hash_ in line_hashes(cleaned[one.id][: -len(CODE)]).tolist() if (one.lang, 0, hash_) in hot}
        assert cleaned[one.id].endswith(CODE)
    evidence = {row["id"]: dict(row["evidence"]) for row in made["decisions"]}
    assert evidence.keys() == edits.keys()
    assert {row["reason"] for row in made["line_edits"]} == {"line.frequent"}
    assert all(int(evidence[one.id]["chars"]) == len(one.text) - len(cleaned[one.id]) for _, one in corpus if one.id in edits)
    _check_samples(made["removed_lines"], corpus, hot)


def _check_samples(rows: list[dict[str, Any]], corpus: Placed, hot: dict[Key, tuple[int, int]]) -> None:
    """Each hot line is shown once a split, as a document that holds it writes it, with its copies."""
    texts = {one.id: one for _, one in corpus}
    shown = {(row["split"], row["lang"], row["hash"]) for row in rows}
    assert len(shown) == len(rows)
    assert {(lang, 0, hash_) for _, lang, hash_ in shown} == hot.keys()
    for row in rows:
        assert row["line"] in texts[row["id"]].text.split("\n")
        assert _hash(row["line"]) == row["hash"]
        assert row["copies"] == hot[row["lang"], 0, row["hash"]][0]


@pytest.mark.spark
@pytest.mark.parametrize("which", ["base", "strict"])
def test_one_copy_can_stay(request: pytest.FixtureRequest, mill: Any, corpus: Placed, which: str, tmp_path: Path) -> None:
    """With keep_first exactly one copy of each hot line is left in the whole bucket, in the document with the least id."""
    made = request.getfixturevalue(which)
    texts = {row["id"]: row["text"] for row in mill.clean(tmp_path, made, *SETTINGS, "lines.keep_first=true")["cleaned"]}
    bucket, hot = _buckets(made, mill), _hot(made)
    left: dict[Key, list[int]] = {}
    for file, one in corpus:
        for hash_ in line_hashes(texts[one.id][: -len(CODE) - 1] if one.spans else texts[one.id]).tolist():
            left.setdefault((one.lang, bucket(one.lang, file), hash_), []).append(one.number)
    assert {key: left[key] for key in hot} == {key: [first] for key, (_, first) in hot.items()}


@pytest.mark.spark
def test_what_earlier_stages_drop_is_not_counted(new_mill: Callable[..., Any], doc: Any) -> None:
    """Copies of a page and older captures are gone before lines are counted, and each stage is handed what the one before kept."""
    page = "One line of a page that is there seven times\nAnother line that goes along with it"
    copies = [doc(i, page, url="a page" if i < 3 else None) for i in range(7)]
    others = [doc(10 + i, f"Nothing that another document says\n{_name(i)} {_name(i + 1)} {_name(2 * i + 7)}") for i in range(7)]
    mill = new_mill({"a-1.parquet": copies, "b-1.parquet": others, "c-1.parquet": []})
    assert mill.run("urls").losers == {1: 0, 2: 0}
    assert mill.run("documents", before=("urls",)).losers == dict.fromkeys(range(3, 7), 0)
    made = mill.run("lines", before=("urls", "documents"))
    assert made.accounts == {("in", ""): 8, ("kept", ""): 8}
    assert {key: n for key, (n, _) in _hot(made).items()} == {("en", 0, _hash("Nothing that another document says")): 7}


@pytest.mark.parametrize(
    ("documents", "size", "begun", "buckets"),
    [
        (0, 10, (0, 0), (0, 1)),
        (10, 10, (0, 0), (0, 1)),
        (11, 10, (0, 0), (0, 2)),
        (25, 10, (0, 0), (0, 3)),
        (4, 10, (2, 6), (2, 1)),
        (5, 10, (2, 6), (3, 1)),
        (25, 10, (2, 6), (3, 3)),
        (25, 10, (2, 0), (2, 3)),
    ],
)
def test_buckets_hold_at_most_their_size(documents: int, size: int, begun: tuple[int, int], buckets: tuple[int, int]) -> None:
    """As many as the documents need; one that was begun is filled up if all fit in, and never cut again."""
    found = buckets_for(documents, size, begun)
    assert (found.first, found.count) == buckets
    assert {found.of(f"split {i}") for i in range(200)} == set(range(found.first, found.first + found.count))


def test_keepers_are_compared_by_63_bits() -> None:
    """The key of a document is the first 63 bits of its id, so ids keep their order."""
    ids = [bytes(16), bytes(7) + b"\1" + bytes(8), bytes(7) + b"\2" + b"\xff" * 8, b"\xff" * 16]
    found = keeper_key(np.frombuffer(b"".join(ids), dtype=np.uint8).reshape(-1, 16))
    assert found.tolist() == [0, 0, 1, 2**63 - 1]
