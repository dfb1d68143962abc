"""URL and document decisions are those of a plain loop over a total order, at every parallelism."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import documents, lines, urls
from jobs.frames import runs
from udfs.sketch import SketchSettings, sketch

pytestmark = pytest.mark.spark
KEYS = "id binary, split string, url_key long, date timestamp, document boolean"
SKETCHES = (
    "id binary, split string, date timestamp, n_chars long, exact binary, n_shingles long, bands array<long>, signature binary"
)


def day(n):
    return datetime(2026, 1, n, tzinfo=UTC) if n else None


def key(i, url, date, document=True):
    return (bytes([i]) * 16, f"s{i % 2}", url, day(date), document)


def losers(spark, rows, partitions=3):
    decided = urls.decide(spark.createDataFrame(rows, KEYS).repartition(partitions))
    return {(r["id"][0], r["reason"], r["winner"][0]) for r in decided.collect()}


def test_the_newest_capture_of_a_url_stays(spark):
    """Older captures go and name the winner; ties go to the least id; no date is oldest."""
    rows = [key(1, 7, 1), key(2, 7, 3), key(3, 7, 3), key(4, 7, None), key(5, 8, None)]
    assert losers(spark, rows) == {(1, "older_capture", 2), (3, "older_capture", 2), (4, "older_capture", 2)}


def test_a_newest_capture_that_opts_out_takes_the_older_ones_along(spark):
    """The opted-out capture has no document itself, and an older opt-out changes nothing."""
    assert losers(spark, [key(1, 7, 1), key(2, 7, 2, document=False)]) == {(1, "optout_newer", 2)}
    assert losers(spark, [key(1, 7, 3), key(2, 7, 2, document=False)]) == set()


TEXTS = [
    "the quick brown fox jumps over the lazy dog and then it sleeps under the old oak tree until the morning comes again " * 3,
    "The quick brown fox jumps over the lazy dog, and then it sleeps under the old oak tree until the morning comes again! " * 3,
    ("the quick brown fox jumps over the lazy dog and then it sleeps under the old oak tree until the morning comes again " * 3)
    + "with one more sentence at its end",
    "an entirely different text about wool and mills and looms which shares nothing with foxes or dogs whatever " * 3,
    "",
]


def sketches(spark, texts, dates=None):
    rows = []
    for i, text in enumerate(texts):
        s = sketch(text, SketchSettings())
        date = day(dates[i]) if dates else day(1)
        bands = [int(b) for b in s.bands]
        rows.append((bytes([i]) * 16, f"s{i % 2}", date, len(text), s.exact, s.n_shingles, bands, s.signature))
    return spark.createDataFrame(rows, SKETCHES)


def test_exact_copies_fall_together_whatever_their_case(spark):
    """Case and punctuation do not make another document; texts without a word are nobody's copy."""
    found = documents.exact_copies(sketches(spark, TEXTS).where("n_shingles > 0")).collect()
    assert [(r["id"][0], r["winner"][0]) for r in found] == [(0, 1)]


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_near_copies_do_not_depend_on_partitions(spark, partitions):
    """The longest of the look-alikes of one day stays, at every parallelism."""
    frame = sketches(spark, [TEXTS[0], TEXTS[2], TEXTS[3]]).repartition(partitions)
    removed = documents.near_copies(documents.verified_stars(frame, 0.75), 1000)
    assert [(r[0][0], r[2][0]) for r in removed] == [(0, 1)]
    assert removed[0][4] >= 0.75


def test_too_many_pairs_are_an_error_that_says_what_to_do(spark):
    """The driver decides only as many pairs as the recipe allows."""
    stars = documents.verified_stars(sketches(spark, [TEXTS[0], TEXTS[2]]), 0.75)
    with pytest.raises(RuntimeError, match=r"documents\.max_edges"):
        documents.near_copies(stars, 0)


def test_line_counts_are_those_of_a_counter():
    """Counting by batches and buckets adds up to counting everything."""
    packed = [np.array(h, dtype="<u8").tobytes() for h in ([1, 2, 2**63 + 5], [2, 2], [])]
    columns = {"lang": ["en", "en", "de"], "split": ["a", "b", "a"], "hashes": packed}
    found = pa.Table.from_batches(lines.count_lines(iter([pa.RecordBatch.from_pydict(columns)]), buckets={"en": 1, "de": 1}))
    counted = {(r["lang"], r["hash"] % 2**64): r["copies"] for r in found.to_pylist()}
    assert counted == {("en", 1): 1, ("en", 2): 3, ("en", 2**63 + 5): 1}


@pytest.mark.parametrize(("documents_", "size", "buckets"), [(0, 10, 1), (10, 10, 1), (11, 10, 2), (25, 10, 3)])
def test_buckets_hold_at_most_their_size(documents_, size, buckets):
    """A language has as many buckets as its documents need."""
    assert lines.buckets_for(documents_, size) == buckets


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20))
def test_runs_are_the_groups_of_a_sorted_batch(rows):
    """Stretches of equal values come out whole, in order, with nothing lost."""
    rows = sorted(rows)
    columns = {"a": pa.array([r[0] for r in rows], pa.int64()), "b": pa.array([r[1] for r in rows], pa.int64())}
    found = [(group, part.num_rows) for group, part in runs(pa.RecordBatch.from_pydict(columns), ("a", "b"))]
    assert found == [(group, rows.count(group)) for group in dict.fromkeys(rows)]
