"""Token ids as NumPy arrays: ``STEM.npy`` holds the ids, ``STEM.ends.npy`` where each document, or piece of one, ends.

Sequences of one length are the rows of a matrix; of different lengths they lie one behind the other in one axis, and then each must
be one document, so that the ends tell them apart. Ends are int64, counted in ids from the beginning of the file and exclusive;
padding belongs to no piece. Both files can be mapped into memory: ``numpy.load(path, mmap_mode="r")``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from udfs.formats.base import Ends, FormatError, Ids, named
from udfs.formats.npy import NpyAppender, mapped


class FlatWriter:
    """Writes ``STEM.npy`` and ``STEM.ends.npy``; holds nothing of them.

    Parameters
    ----------
    stem : Path
        Folder and name of the files, without suffixes.
    dtype : str
        Type of the ids.
    length : int, optional
        Tokens of every sequence; without it sequences are documents of any length.
    """

    def __init__(self, stem: Path, dtype: str, length: int | None = None) -> None:
        self._length = length
        self._written = 0
        self._ids = NpyAppender(named(stem, ".npy"), dtype, (length,) if length else ())
        self._ends = NpyAppender(named(stem, ".ends.npy"), "int64")

    def write(self, tokens: Ids, ends: Ends) -> None:
        """Add a sequence and the ends of its pieces."""
        if not len(tokens) or len(tokens) != (self._length or int(ends[-1])) or (not self._length and len(ends) != 1):
            raise FormatError(
                f"a sequence of {len(tokens)} tokens and {len(ends)} pieces in an array of "
                f"{f'rows of {self._length}' if self._length else 'whole documents'}"
            )
        self._ids.append(tokens[None, :] if self._length else tokens)
        self._ends.append(ends + self._written)
        self._written += len(tokens)

    def close(self) -> list[Path]:
        """Finish both files."""
        return [self._ids.close(), self._ends.close()]


class FlatReader:
    """Reads what `FlatWriter` has written.

    Parameters
    ----------
    stem : Path
        Folder and name of the files, without suffixes.

    Raises
    ------
    FormatError
        When the files are no arrays, or do not fit each other.
    """

    def __init__(self, stem: Path) -> None:
        paths = named(stem, ".npy"), named(stem, ".ends.npy")
        self._ids, self.ends = map(mapped, paths)
        last = int(self.ends[-1]) if self.ends.ndim == 1 and len(self.ends) else 0
        fits = last == self._ids.size if self._ids.ndim == 1 else last <= self._ids.size
        if self._ids.ndim not in (1, 2) or self.ends.ndim != 1 or not fits or (np.diff(self.ends, prepend=0) < 1).any():
            raise FormatError(f"{paths[1].name} does not fit {paths[0].name}: the last piece ends at {last} of {self._ids.size}")
        self.dtype = self._ids.dtype

    def __len__(self) -> int:
        return len(self._ids) if self._ids.ndim == 2 else len(self.ends)

    def __getitem__(self, number: int) -> Ids:
        """Return a sequence."""
        if not 0 <= number < len(self):
            raise IndexError(f"sequence {number} of {len(self)}")
        if self._ids.ndim == 2:
            return np.array(self._ids[number])
        return np.array(self._ids[int(self.ends[number - 1]) if number else 0 : int(self.ends[number])])
