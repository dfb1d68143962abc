"""The hot lines of one language and bucket in a form that all workers of a host share: a sorted file, mapped into memory."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from classifiers.registry import sha256_of
from jobs.store import FileEntry

Hot = NDArray[np.uint64]

SUFFIX = ".npy"
HASH, FIRST, COPIES = 0, 1, 2
"""Rows of a file: hashes, ascending; key of the document that holds the first copy; copies."""

NONE: Hot = np.zeros((3, 0), dtype=np.uint64)


class HotPart:
    """One file of hot lines in the making (`jobs.parts.Part`): columns one after the other, so that hashes lie side by side."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        del schema
        self._path = path.with_name(path.name + SUFFIX)
        self._rows: list[NDArray[np.uint64]] = []
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows, which come sorted by hash."""
        columns = [batch.column(name).to_numpy().view(np.uint64) for name in ("hash", "first", "copies")]
        self._rows.append(np.stack(columns))

    def close(self) -> FileEntry:
        """Finish the file, put it under its name and describe it."""
        rows = np.concatenate(self._rows, axis=1).astype("<u8")
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with temporary.open("wb") as out:
            np.save(out, rows)
        entry = FileEntry(self._path.name, rows.shape[1], temporary.stat().st_size, sha256_of(temporary))
        temporary.replace(self._path)
        return entry


@lru_cache(maxsize=256)
def open_hot(path: str) -> Hot:
    """Map a file into memory."""
    mapped: Hot = np.load(path, mmap_mode="r")
    return mapped


@lru_cache(maxsize=256)
def open_sample(path: str, most: int) -> Hot:
    """Return lines to show: one half the most frequent ones, one half any (hashes are as good as drawn)."""
    lines = open_hot(path)
    if lines.shape[1] <= most:
        return lines
    often = np.lexsort((lines[HASH], np.iinfo(np.uint64).max - lines[COPIES]))[: most - most // 2]
    return np.ascontiguousarray(lines[:, np.union1d(often, np.arange(most // 2))])
