"""Files of hot lines: sorted, mapped, and a sample to show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from classifiers.registry import sha256_of
from jobs.dedup.hot import COPIES, FIRST, HASH, NONE, HotPart, open_hot, open_sample
from jobs.tables import TABLES

SCHEMA = TABLES["hot_lines"].schema


def _batch(rows: list[tuple[int, int, int]]) -> pa.RecordBatch:
    names = ("hash", "copies", "first")
    return pa.RecordBatch.from_pylist([{"lang": "en", "bucket": 0} | dict(zip(names, row, strict=True)) for row in rows], SCHEMA)


ROWS = [(3, 9, 5), (2**63, 7, 2**63 - 1), (2**64 - 1, 8, 0)]


@pytest.mark.parametrize("sizes", [(3,), (1, 2), (1, 1, 1)])
def test_a_file_holds_what_was_written(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """However batches come, the file has the rows one below the other; it is described as it is and leaves nothing beside it."""
    part, rows = HotPart(tmp_path / "en-0", SCHEMA), iter(ROWS)
    for size in sizes:
        part.write(_batch([next(rows) for _ in range(size)]))
    assert list(tmp_path.iterdir()) == []
    entry = part.close()
    path = tmp_path / "en-0.npy"
    assert [entry.name, entry.rows, entry.bytes, entry.sha256] == ["en-0.npy", 3, path.stat().st_size, sha256_of(path)]
    assert list(tmp_path.iterdir()) == [path]
    hot = open_hot(str(path))
    assert isinstance(hot, np.memmap)
    found = zip(*(hot[row].tolist() for row in (HASH, COPIES, FIRST)), strict=True)
    assert list(found) == ROWS
    assert (hot.dtype, NONE.dtype, NONE.shape) == (np.uint64, np.uint64, (3, 0))


@pytest.mark.parametrize("most", [0, 1, 2, 4, 9, 10, 11])
def test_a_sample_has_the_most_frequent_lines_and_any(tmp_path: Path, most: int) -> None:
    """One half by copies, ties by hash, one half from the start; sorted by hash; all where there are few enough."""
    copies = [7, 7, 7, 7, 7, 7, 7, 7, 99, 98]
    part = HotPart(tmp_path / "en-0", SCHEMA)
    part.write(_batch([(i, n, i) for i, n in enumerate(copies)]))
    part.close()
    sample = open_sample(str(tmp_path / "en-0.npy"), most)
    often = sorted(range(10), key=lambda i: (-copies[i], i))[: most - most // 2]
    expected = {*often, *range(most // 2)} if most < 10 else set(range(10))
    assert sample[HASH].tolist() == sorted(expected)
    assert len(expected) <= most
    assert sample[COPIES].tolist() == [copies[i] for i in sorted(expected)]
