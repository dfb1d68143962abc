"""Stratified samples: the same every time, over all strata, with probabilities that are true."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from classifiers.teacher.strata import Candidate, Wanted, allocated, deciles, draw
from jobs.label_sample import SCHEMA, Sample, SampleError, sample
from jobs.store import AFTER, FileEntry, Published, Run
from jobs.tables import TABLES

SIZES = {"en": 400, "de": 60, "km": 3}


def candidates(seed: int = 1) -> list[Candidate]:
    """A crawl: a site of 150 pages, some of 20, and many of one."""
    found = []
    for language, count in SIZES.items():
        for n in range(count):
            id_ = hashlib.md5(f"{language}{n}".encode()).digest()
            domain = "big.example" if language == "en" and n < 150 else f"{language}-{n // 20 if n < 300 else n}.example"
            quality = None if n % 17 == 3 else n * 37 % 101 / 100
            hashed = xxhash.xxh3_64_intdigest(id_, seed=seed)
            found.append(Candidate(id_, "s", "", domain, language, 50 + n * 13 % 997, quality, None, hashed))
    return found


def ids(drawn: Any) -> list[bytes]:
    """Ids in the order of the sample."""
    return [one.candidate.id for one in drawn]


@pytest.mark.parametrize("size", [1, 7, 100, 300, 10_000])
def test_a_sample_has_its_size(size: int) -> None:
    """As many as wanted, or all that the limit by domain leaves; each once."""
    wanted = Wanted(size, per_domain=30)
    left = sum(min(count, 30) for count in Counter(one.domain for one in candidates()).values())
    drawn = draw(candidates(), wanted)
    assert len(set(ids(drawn))) == len(drawn) == min(size, left)
    assert max(Counter(one.candidate.domain for one in drawn).values()) <= 30
    assert all(0 < one.probability <= 1 for one in drawn)


def test_order_of_the_input_does_not_matter() -> None:
    """Equal seeds give equal samples, other seeds others."""
    given_ = candidates()
    assert draw(given_, Wanted(80)) == draw(given_[::-1], Wanted(80))
    assert ids(draw(given_, Wanted(80))) != ids(draw(candidates(seed=2), Wanted(80, seed=2)))


def test_rare_languages_and_scores_are_seen() -> None:
    """Every language, documents without a score, and small sites are in a sample of a fifth, the large site not more than allowed."""
    drawn = draw(candidates(), Wanted(90, per_domain=15))
    languages = Counter(one.candidate.language for one in drawn)
    assert set(languages) == set(SIZES)
    assert languages["de"] / 60 > languages["en"] / 400
    assert any(one.stratum.endswith("score -") for one in drawn)
    assert {one.stratum.split("/")[1] for one in drawn} >= {"1", "10-99", "100+"}


def test_probabilities_are_those_of_the_draw() -> None:
    """Over 100 seeds a document comes in as often as its probability says, and 1 / probability adds up to the crawl."""
    seeds = 100
    weights: Counter[str] = Counter()
    came: set[bytes] = set()
    for seed in range(seeds):
        for one in draw(candidates(seed), Wanted(60, per_domain=15, seed=seed)):
            came.add(one.candidate.id)
            for group in (one.candidate.language, "big" if one.candidate.domain == "big.example" else "small"):
                weights[group] += 1 / one.probability  # type: ignore[assignment]
    for group, count in (SIZES | {"big": 150, "small": 313}).items():
        assert weights[group] / seeds == pytest.approx(count, rel=0.1), group
    assert len(came) > 0.7 * sum(SIZES.values())


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=30), st.integers(1, 50_000))
def test_shares_add_up_and_never_exceed(sizes: list[int], size: int) -> None:
    """Shares go by roots, are exact, within what a stratum has, larger for larger strata."""
    assert allocated([100, 4, 1], 13) == [10, 2, 1]
    shares = allocated(sizes, size)
    assert sum(shares) == min(size, sum(sizes))
    assert all(0 < share <= n for share, n in zip(shares, sizes, strict=True))
    assert [s for _, s in sorted(zip(sizes, shares, strict=True))] == sorted(shares)


def test_deciles() -> None:
    """Ten times the share of smaller values; equal values share a decile."""
    assert deciles(list(range(20))) == {value: value // 2 for value in range(20)}
    assert deciles([1.0, 1.0, 1.0, 2.0]) == {1.0: 0, 2.0: 7}
    assert deciles([]) == {}


COLUMNS = {"extract": ("documents",), "clean": ("cleaned", "signals", "scores", "decisions"), "filter": ("decisions",)}


def rows(stage: str, table: str) -> list[dict[str, Any]]:
    """Rows of forty documents in two splits; every fourth is dropped by the filter, one has no text, one id is in both splits."""
    found = []
    for n in range(40):
        id_ = hashlib.md5(str(n if n != 21 else 20).encode()).digest()
        row = {
            **{"id": id_, "split": f"s{n % 2}", "url": f"https://www.d{n % 8}.example/{n}", "lang": "de" if n % 5 == 0 else "en"},
            **{"text": f"Text {n}. " * n, "title": f"Title {n}", "n_chars": float(len(f"Text {n}. " * n)), "ft_quality": n / 40},
            **{"stage": stage, "action": "drop", "reason": "too.short", "evidence": [], "winner": None},
        }
        if table != "decisions" or (stage == "filter" and n % 4 == 0):
            found.append({name: row.get(name) for name in TABLES[table].schema.names})
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose first stages are published."""
    root = tmp_path_factory.mktemp("runs") / "crawl-1"
    root.mkdir()
    (root / "recipe.json").write_text(json.dumps({"stages": list(COLUMNS)}), "utf-8")
    made = Run.open(root)
    for stage, tables in COLUMNS.items():
        entries: dict[str, tuple[FileEntry, ...]] = {}
        for table in tables:
            folder = made.attempt_dir(stage) / table
            folder.mkdir(parents=True)
            for split in ("s0", "s1"):
                some = [row for row in rows(stage, table) if row["split"] == split]
                pq.write_table(pa.Table.from_pylist(some, TABLES[table].schema), folder / f"{split}.parquet")
            entries[table] = tuple(FileEntry(f"{split}.parquet", 1, 1, "") for split in ("s0", "s1"))
        before = made.stages[: made.stages.index(stage)]
        made.publish(
            Published(stage, hashlib.sha256(stage.encode()).hexdigest(), entries, {}, {AFTER: made.fingerprints(before)})
        )
    return made


def test_a_sample_of_a_run(run: Run, tmp_path: Path) -> None:
    """Text, title, address and what became of each document are in the file; equal draws give equal bytes."""
    sample(run, tmp_path / "a.parquet", Wanted(1_000))
    found = pq.read_table(tmp_path / "a.parquet")
    assert found.schema.equals(SCHEMA)
    by_id = {row["id"]: row for row in found.to_pylist()}
    assert len(by_id) == found.num_rows == 38, "the document without text and the second copy of an id are not in it"
    for n in (4, 7, 39):
        row = by_id[hashlib.md5(str(n).encode()).digest()]
        assert (row["text"], row["title"], row["url"]) == (f"Text {n}. " * n, f"Title {n}", f"https://www.d{n % 8}.example/{n}")
        assert (row["domain"], row["language"], row["probability"]) == (f"d{n % 8}.example", "de" if n % 5 == 0 else "en", 1.0)
        assert (row["kept"], row["reason"]) == ((False, "filter: too.short") if n % 4 == 0 else (True, None))
    about = json.loads(found.schema.metadata[b"woolmill.sample"])
    assert about == {"run": "crawl-1", "population": 38, "size": 1000, "per_domain": 20, "seed": 1, "languages": []}
    sample(run, tmp_path / "b.parquet", Wanted(1_000))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_one_language_alone(run: Run, tmp_path: Path) -> None:
    """Deciles, domains and probabilities are then those of that language."""
    drawn = sample(run, tmp_path / "a.parquet", Wanted(4, languages=("de",)))
    assert {one.candidate.language for one in drawn} == {"de"}
    with pytest.raises(SampleError, match="no document with text in fr"):
        sample(run, tmp_path / "b.parquet", Wanted(4, languages=("fr",)))


def test_a_sample_is_read_back_as_pages(run: Run, tmp_path: Path) -> None:
    """It can be gone through more than once; a file with id and text alone will do."""
    drawn = sample(run, tmp_path / "a.parquet", Wanted(10))
    pages = Sample.open(tmp_path / "a.parquet")
    assert [page.id for page in pages] == [page.id for page in pages] == ids(drawn)
    first = next(iter(pages))
    assert (first.domain, first.stratum) == (drawn[0].candidate.domain, drawn[0].stratum)
    assert first.title.startswith("Title")
    pq.write_table(pa.table({"id": [b"a"], "text": ["x"], "more": [1]}), tmp_path / "c.parquet")
    (page,) = Sample.open(tmp_path / "c.parquet")
    assert (page.id, page.text, page.url, page.probability) == (b"a", "x", "", None)


def test_mistakes(run: Run, tmp_path: Path) -> None:
    """A run without clean texts, a file that is no sample, one without text, one with ids of another type."""
    (tmp_path / "recipe.json").write_text('{"stages": ["extract", "clean"]}')
    with pytest.raises(SampleError, match="no cleaned texts"):
        sample(Run.open(tmp_path), tmp_path / "a.parquet", Wanted(1))
    (tmp_path / "b.parquet").write_text("no")
    pq.write_table(pa.table({"id": [b"a"]}), tmp_path / "c.parquet")
    pq.write_table(pa.table({"id": ["a"], "text": ["x"]}), tmp_path / "d.parquet")
    seen = {"a": "no such file", "b": "Parquet", "c": "no column 'text'", "d": "'id' is string, it must be binary"}
    for name, says in ((f"{name}.parquet", says) for name, says in seen.items()):
        with pytest.raises(SampleError, match=says):
            Sample.open(tmp_path / name)
