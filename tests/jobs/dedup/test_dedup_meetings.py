"""What splits are told of their keys, against a Counter over all keys, on a real Spark."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from jobs.dedup.meetings import KEYS_AT_ONCE, Meetings, Question, ask
from udfs.keytable import KeyTable, write_range
from udfs.meetings import Counts, Keys

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

Chunks = list[tuple[Keys, Counts | None]]

LEAST, CROWD = 3, 6


def _splits(seed: int) -> list[Chunks]:
    """Five splits: chunks of random keys with and without counts, an empty chunk, and a split that has no key at all."""
    rng = np.random.default_rng(seed)
    pool = rng.integers(0, 2**64, 60, dtype=np.uint64)
    pool[:3] = 0, 2**64 - 1, 2**63
    drawn: list[Chunks] = [[(rng.choice(pool, n), None) for n in sizes] for sizes in ([40, 0, 7], [], [1], [25])]
    drawn.append([(rng.choice(pool, 15), rng.integers(1, 4, 15))])
    return drawn


def _count(splits: list[Chunks], bits: int = 64) -> Counter[int]:
    found: Counter[int] = Counter()
    for keys, counts in chain.from_iterable(splits):
        for key, n in zip(keys.tolist(), [1] * len(keys) if counts is None else counts.tolist(), strict=True):
            found[key >> (64 - bits)] += n
    return found


def _answers(meetings: Meetings, splits: list[Chunks]) -> list[tuple[list[bool], list[bool]]]:
    found = []
    for place, chunks in enumerate(splits):
        answer = meetings.of(place)
        for number, (keys, counts) in enumerate(chunks):
            meets, crowded = answer(number, keys, counts)
            found.append((meets.tolist(), crowded.tolist()))
    return found


def _expected(counted: Counter[int], splits: list[Chunks], bits: int = 64) -> list[tuple[list[bool], list[bool]]]:
    totals = [[counted[key >> (64 - bits)] for key in keys.tolist()] for keys, _ in chain.from_iterable(splits)]
    return [([n >= LEAST for n in one], [n >= CROWD for n in one]) for one in totals]


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_answers_are_those_of_a_counter(spark: SparkSession, tmp_path: Path, parts: int) -> None:
    """Over several splits and chunks, whatever the number of ranges, a key matters where a Counter says so."""
    splits = _splits(parts)
    meetings = ask(spark, splits, iter, Question(LEAST, CROWD, 56, parts), tmp_path)
    assert _answers(meetings, splits) == _expected(_count(splits), splits)
    assert not (tmp_path / "1.parquet").exists()


def test_other_keys_meet_by_their_prefix_only(spark: SparkSession, tmp_path: Path) -> None:
    """With few bits keys seem to meet that do not, those of one prefix; a meeting is never missed."""
    splits, bits = _splits(5), 7
    meetings = ask(spark, splits, iter, Question(LEAST, CROWD, bits, 2), tmp_path)
    found = _answers(meetings, splits)
    assert found == _expected(_count(splits, bits), splits, bits)
    true = _expected(_count(splits), splits)
    assert found != true
    assert all(a >= b for one, other in zip(found, true, strict=True) for a, b in zip(one[0], other[0], strict=True))


@pytest.mark.parametrize("parts", [1, 8])
def test_known_tables_count_too(spark: SparkSession, tmp_path: Path, parts: int) -> None:
    """Keys of earlier crawls are added to those of the splits, and each table is told which of its rows were met."""
    low = np.arange(20, dtype=np.uint64)  # all keys in one range: what the others are told is about nothing
    splits: list[Chunks] = [[(low[:12], None)], [(low[6:9], None), (low[8:16], None)]]
    rows = np.array([[0, 6, 6, 13, 19, 40], [11, 12, 13, 14, 15, 16], [2, 1, 1, 1, 9, 9]], dtype=np.uint64)
    write_range(KeyTable(tmp_path / "old").path(0), rows)
    known = [KeyTable(tmp_path / "old"), KeyTable(tmp_path / "empty")]
    # Bits enough to tell keys below 20 apart: all 64 but one.
    meetings = ask(spark, splits, iter, Question(LEAST, CROWD, 63, parts), tmp_path / "answers", known)
    counted = Counter(key >> 1 for keys, _ in chain.from_iterable(splits) for key in keys.tolist())
    asked = set(counted)
    for key, n in zip(rows[0].tolist(), rows[2].tolist(), strict=True):
        counted[key >> 1] += n
    assert _answers(meetings, splits) == _expected(counted, splits, 63)
    met = [row for row in rows.T.tolist() if row[0] >> 1 in asked and counted[row[0] >> 1] >= LEAST]
    assert meetings.met(0).T.tolist() == met
    assert met
    assert meetings.met(1).shape == (3, 0)


def test_nobody_asks(spark: SparkSession, tmp_path: Path) -> None:
    """Splits without keys are told nothing, and nothing of a known table was met."""
    write_range(KeyTable(tmp_path / "old").path(0), np.ones((3, 1), dtype=np.uint64))
    meetings = ask(spark, [[], []], iter, Question.about(0), tmp_path / "answers", [KeyTable(tmp_path / "old")])
    assert meetings.met(0).shape == (3, 0)


@pytest.mark.parametrize(
    ("keys", "shuffle", "parts", "bits"),
    [(0, 1, 1, 10), (100, 8, 8, 17), (KEYS_AT_ONCE, 1, 1, 31), (10 * KEYS_AT_ONCE + 1, 8, 11, 35)],
)
def test_a_question_has_ranges_that_fit_into_memory(keys: int, shuffle: int, parts: int, bits: int) -> None:
    """At least as many ranges as partitions are asked for, and none of more keys than one worker counts at once."""
    asked = Question.about(keys, shuffle=shuffle)
    assert (asked.parts, asked.bits, asked.least) == (parts, bits, 2)
