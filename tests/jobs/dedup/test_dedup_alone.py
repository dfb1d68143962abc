"""Deduplication of texts alone and against a corpus, by the commands that people give; made-up texts, real Spark."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console import cli
from jobs.dedup import alone
from jobs.dedup.corpus import manifests
from jobs.reporting.query import reading
from jobs.store import Run

pytestmark = pytest.mark.spark

VOCABULARY = [f"{a}{b}" for a in ("wool", "mill", "loom", "warp", "weft", "yarn", "dye", "felt") for b in map(str, range(60))]
FOOTER = "All rights reserved by the mill"


def text_of(seed: int, words: int = 120) -> str:
    """A text of its own for each seed, ten words a line."""
    drawn = random.Random(seed).choices(VOCABULARY, k=words)
    return "\n".join(" ".join(drawn[i : i + 10]) for i in range(0, words, 10))


def near(text: str, seed: int, changed: int = 1) -> str:
    """The text with some words replaced."""
    words, rng = text.split(" "), random.Random(seed)
    for place in rng.sample(range(len(words)), changed):
        words[place] = f"other{seed}"
    return " ".join(words)


def row(id_: str, text: str, day: int, **more: Any) -> dict[str, Any]:
    return {"id": id_, "url": f"https://example.org/{id_}", "date": f"2026-01-{day:02d}", "lang": "en", "text": text} | more


def put(folder: Path, *files: list[dict[str, Any]]) -> str:
    folder.mkdir(parents=True)
    for i, rows in enumerate(files):
        pq.write_table(pa.Table.from_pylist(rows), folder / f"part-{i:05d}.parquet")
    return str(folder)


def dedup(texts: str, out: Path, *settings: str, **options: Any) -> dict[str, dict[str, Any]]:
    """Run the command's function; decisions by id."""
    assert alone.dedup([texts], out, overrides=["spark.shuffle_partitions=2", *settings], **options) == 0
    return {row["id"]: row for row in pq.read_table(out / "decisions.parquet").to_pylist()}


@pytest.fixture(scope="module")
def decided(spark, tmp_path_factory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """One run over texts with duplicates of every kind."""
    del spark
    base = tmp_path_factory.mktemp("alone")
    a, b = text_of(1), text_of(2)
    first = [
        row("newer", a, 9),
        row("exact", a.upper() + " !", 3),
        row("near", near(a, 5), 4),
        row("other", b, 1),
        row("page-old", text_of(3), 1, url="https://example.org/page?utm_source=x"),
    ]
    second = [
        row("page-new", text_of(4), 2, url="http://www.example.org/page/"),
        row("empty", " ", 1),
        *(row(f"footer{i}", f"{text_of(100 + i)}\n{FOOTER}", 1) for i in range(7)),
    ]
    return base / "out", dedup(put(base / "texts", first, second), base / "out")


@pytest.mark.parametrize(
    ("id_", "kept", "kept_id", "level"),
    [
        ("newer", True, None, None),
        ("exact", False, "newer", "exact"),
        ("near", False, "newer", "near"),
        ("other", True, None, None),
        ("page-old", False, "page-new", "url"),
        ("page-new", True, None, None),
        ("empty", True, None, None),
    ],
)
def test_each_text_ends_where_it_should(decided, id_, kept, kept_id, level):
    """The newest of equal and near-equal texts stays, the newest capture of a URL, and what has no words."""
    found = decided[1][id_]
    assert (found["kept"], found["kept_id"], found["level"]) == (kept, kept_id, level)
    assert found["cluster"] == (kept_id or id_)


def test_similarity_is_stated(decided):
    """1 for an exact copy, less for a near one, none by URL."""
    by_id = decided[1]
    assert by_id["exact"]["similarity"] == 1.0
    assert 0.75 <= by_id["near"]["similarity"] < 1.0
    assert by_id["page-old"]["similarity"] is None


def test_every_text_has_a_decision_with_its_place(decided):
    """In the order of files and rows."""
    rows = pq.read_table(decided[0] / "decisions.parquet").to_pylist()
    assert len(rows) == 14
    assert [(r["file"], r["row"]) for r in rows] == sorted((r["file"], r["row"]) for r in rows)


def test_frequent_lines_are_named_by_their_ranges(decided):
    """Seven pages share a footer: more than six times, so each loses it, and nothing else."""
    rows = pq.read_table(decided[0] / "removed_lines.parquet").to_pylist()
    assert [r["id"] for r in rows] == [f"footer{i}" for i in range(7)]
    for i, found in enumerate(rows):
        text = f"{text_of(100 + i)}\n{FOOTER}"
        (stretch,) = found["ranges"]
        assert text[stretch["start"] : stretch["end"]].strip() == FOOTER


def test_what_can_not_be_read_is_not_kept(spark, tmp_path):
    """A line that is no JSON object has a decision, and no text that could stay."""
    (tmp_path / "texts").mkdir()
    lines = [json.dumps({"id": "good", "text": text_of(1)}), "not json", json.dumps({"id": "none", "text": None})]
    (tmp_path / "texts" / "a.jsonl").write_text("\n".join(lines), "utf-8")
    found = dedup(str(tmp_path / "texts"), tmp_path / "out", levels=["documents"])
    assert {id_: row["kept"] for id_, row in found.items()} == {"good": True, "a.jsonl:1": False, "none": True}


def test_the_outcome_is_a_run(decided):
    """So that every other command works on it."""
    with reading(Run.open(decided[0])) as tables:
        assert tables.rows("select count(*) as n from clusters")[0]["n"] == 2


def test_levels_and_presets_are_chosen(spark, tmp_path):
    """The line level alone drops nothing; FineWeb's compares within a source."""
    texts = put(tmp_path / "texts", [row("a", text_of(1), 1), row("b", text_of(1), 2)])
    assert all(r["kept"] for r in dedup(texts, tmp_path / "lines", levels=["lines"]).values())
    (tmp_path / "texts" / "part-00000.parquet").rename(tmp_path / "texts" / "crawl-a-00000.parquet")
    pq.write_table(pa.Table.from_pylist([row("c", text_of(1), 3)]), tmp_path / "texts" / "crawl-b-00000.parquet")
    kept = dedup(texts, tmp_path / "fineweb", preset="fineweb")
    assert {id_ for id_, r in kept.items() if r["kept"]} == {"b", "c"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dedup", "{texts}", "{out}", "--preset", "slim"], "--preset slim is not known"),
        (["dedup", "{texts}", "{out}", "--levels", "url"], "--levels url is not known"),
        (["dedup", "{out}", "{out}"], "no Parquet or JSON lines"),
        (["dedup"], "give texts and a folder"),
        (["dedup", "{texts}", "{out}", "documents.similarty=0.8"], "documents.similarity"),
    ],
)
def test_mistakes_are_told_in_one_line(words, said, tmp_path, capsys):
    """And end with exit code 2."""
    texts = put(tmp_path / "texts", [row("a", text_of(1), 1)])
    (tmp_path / "out").mkdir()
    code = cli.main([word.format(texts=texts, out=tmp_path / "out") for word in words])
    assert code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_curve_is_that_of_the_bands(capsys):
    """14 x 8 finds 0.924 of the pairs at 0.8 (Broder 1997; FineWeb)."""
    assert cli.main(["dedup", "--curve", "--preset", "fineweb"]) == 0
    assert "0.80    0.9235" in capsys.readouterr().out


@pytest.fixture(scope="module")
def crawls(spark, tmp_path_factory) -> Path:
    """A corpus that holds a first crawl, and a second crawl that repeats some of it."""
    del spark
    base = tmp_path_factory.mktemp("crawls")
    shared = [f"{text_of(200 + i)}\n{FOOTER}" for i in range(4)]
    first = [row("a", text_of(1), 2), row("b", text_of(2), 20), row("a2", near(text_of(1), 7), 1)]
    first += [row(f"one{i}", text, 1) for i, text in enumerate(shared)]
    put(base / "first", first)
    second = [
        row("a-again", near(text_of(1), 8), 9),
        row("b-again", text_of(2), 9),
        row("a-page", text_of(5), 9, url="https://example.org/a"),
        row("fresh", text_of(6), 9),
        row("fresh-copy", text_of(6), 8),
        *(row(f"two{i}", f"{text_of(300 + i)}\n{FOOTER}", 9) for i in range(3)),
    ]
    put(base / "second", second)
    dedup(str(base / "first"), base / "crawl-1")
    assert cli.main(["corpus", "add", str(base / "crawl-1"), str(base / "corpus")]) == 0
    return base


def test_what_the_corpus_holds_stays(crawls):
    """Copies of it go, near or exact or of the same address; what is new is deduplicated among itself."""
    found = dedup(str(crawls / "second"), crawls / "published", f"corpus.path={crawls / 'corpus'}")
    assert {id_: r["level"] for id_, r in found.items() if not r["kept"]} == {
        "a-again": "near",
        "b-again": "exact",
        "a-page": "url",
        "fresh-copy": "exact",
    }
    assert pq.ParquetDataset(crawls / "published" / "retractions").read().num_rows == 0


@pytest.fixture(scope="module")
def newest(crawls) -> dict[str, dict[str, Any]]:
    """The second crawl, with the corpus' documents as competitors."""
    return dedup(str(crawls / "second"), crawls / "newest", f"corpus.path={crawls / 'corpus'}", "corpus.prefer=newest")


def test_the_newest_wins_where_that_is_asked_for(crawls, newest):
    """The corpus' older page gives way and is listed as retracted; its newer one stays."""
    found = newest
    assert {id_ for id_, r in found.items() if not r["kept"]} == {"b-again", "fresh-copy"}
    ids = {r["id"]: r["record_id"] for r in pq.ParquetDataset(crawls / "crawl-1" / "records").read().to_pylist()}
    retracted = [
        r for t in ("retractions", "url_retractions") for r in pq.ParquetDataset(crawls / "newest" / t).read().to_pylist()
    ]
    assert {ids[r["id"]] for r in retracted} == {"a"}
    ((split, _),) = manifests(crawls / "corpus")[0]["splits"]
    assert {r["corpus_split"] for r in retracted} == {f"0001-crawl-1.{split}"}


def test_lines_are_counted_with_those_of_the_bucket_that_the_corpus_has_begun(crawls):
    """Four copies in the corpus and three here are more than six; here alone they would stay."""
    dedup(str(crawls / "second"), crawls / "lines-corpus", f"corpus.path={crawls / 'corpus'}", levels=["lines"])
    dedup(str(crawls / "second"), crawls / "lines-alone", levels=["lines"])
    with_corpus, without = (
        pq.read_table(crawls / name / "removed_lines.parquet")["id"].to_pylist() for name in ("lines-corpus", "lines-alone")
    )
    assert with_corpus == ["two0", "two1", "two2"]
    assert without == []


def test_a_retracted_document_is_no_longer_compared(crawls, newest, tmp_path):
    """After a second generation, a copy of what was retracted gives way to what has taken its place."""
    del newest
    corpus = shutil.copytree(crawls / "corpus", tmp_path / "corpus")
    assert cli.main(["corpus", "add", str(crawls / "newest"), str(corpus)]) == 0
    third = put(tmp_path / "third", [row("a-third", near(text_of(1), 11), 2), row("c", text_of(9), 2)])
    found = dedup(third, tmp_path / "third-run", f"corpus.path={corpus}", "corpus.prefer=newest", levels=["documents"])
    ids = {r["id"].hex(): r["record_id"] for r in pq.ParquetDataset(crawls / "newest" / "records").read().to_pylist()}
    assert not found["a-third"]["kept"]
    assert ids[found["a-third"]["kept_id"]] == "a-again"
    assert found["c"]["kept"]


def test_a_run_is_added_once_and_listed(crawls, capsys):
    """A second time is an error in one line."""
    assert cli.main(["corpus", "add", str(crawls / "crawl-1"), str(crawls / "corpus")]) == 1
    assert "holds the run crawl-1 already" in capsys.readouterr().err
    assert cli.main(["corpus", "list", str(crawls / "corpus"), "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["run"], listed["documents"]) == ("crawl-1", 6)


def test_sketches_of_other_settings_are_refused(crawls, tmp_path, capsys):
    """They can't be compared."""
    code = alone.dedup(
        [str(crawls / "second")], tmp_path / "out", overrides=[f"corpus.path={crawls / 'corpus'}", "sketch.seed=2"]
    )
    assert code == 2
    assert "sketches of different settings can't be compared" in capsys.readouterr().err
