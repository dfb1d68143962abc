"""Keys that earlier crawls have left, in sorted files: a look-up costs in proportion to what is asked, not to what is there.

A table is a folder of ``.npy`` files, one for each value of a key's six leading bits, each of three rows of unsigned 64-bit integers:
keys, ascending; a value for each; how often it counts. The files are mapped into memory, and only the pages that a binary search
touches are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Rows = NDArray[np.uint64]

RANGE_BITS = 6
RANGES = 1 << RANGE_BITS
KEY, VALUE, COUNT = 0, 1, 2


def range_of(keys: Keys) -> NDArray[np.int64]:
    """Return the number of the file that each key belongs to."""
    found: NDArray[np.int64] = (keys >> np.uint64(64 - RANGE_BITS)).astype(np.int64)
    return found


def write_range(path: Path, rows: Rows) -> None:
    """Write one file; rows as in the module's description, in ascending order of keys, then values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as out:
        np.save(out, rows.astype("<u8", copy=False))
    temporary.replace(path)


@dataclass(frozen=True, slots=True)
class KeyTable:
    """A folder of sorted keys.

    Parameters
    ----------
    folder : Path
        Where the files lie; one that is missing holds nothing.
    """

    folder: Path

    def path(self, number: int) -> Path:
        """Return the path of one file."""
        return self.folder / f"{number:02d}.npy"

    def find(self, prefixes: Keys, bits: int) -> tuple[NDArray[np.int64], Rows]:
        """Find all rows whose keys begin with one of some prefixes.

        Parameters
        ----------
        prefixes : ndarray of uint64
            Leading bits, ascending, each once.
        bits : int
            How many, at least six and below 64.

        Returns
        -------
        ndarray of int64, ndarray of uint64 of shape (3, n)
            For each row found the place of its prefix among those given, and the rows.
        """
        places: list[NDArray[np.int64]] = []
        found: list[Rows] = []
        for number, start, end in self._stretches(prefixes, bits):
            path = self.path(number)
            if not path.is_file():
                continue
            rows: Rows = np.load(path, mmap_mode="r")
            shift = np.uint64(64 - bits)
            asked = prefixes[start:end] << shift
            first = np.searchsorted(rows[KEY], asked)
            last = np.searchsorted(rows[KEY], asked | ((np.uint64(1) << shift) - np.uint64(1)), side="right")
            lengths = last - first
            at = np.repeat(first - np.append(0, np.cumsum(lengths[:-1])), lengths) + np.arange(lengths.sum())
            places.append(np.repeat(np.arange(start, end), lengths))
            found.append(np.asarray(rows[:, at]))
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros((3, 0), dtype=np.uint64)
        return np.concatenate(places), np.concatenate(found, axis=1)

    @staticmethod
    def _stretches(prefixes: Keys, bits: int) -> Iterator[tuple[int, int, int]]:
        """Cut prefixes at the bounds of files: number of the file, start and end among the prefixes."""
        numbers = (prefixes >> np.uint64(bits - RANGE_BITS)).astype(np.int64)
        cuts = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
        for start, end in pairwise(cuts if len(numbers) else ()):
            yield int(numbers[start]), start, end
