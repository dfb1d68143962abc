"""Reading MDS back: files of samples are checked against what they say of themselves (see `udfs.formats.mds` for the layout)."""

from __future__ import annotations

import json
import mmap
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard
from numpy.typing import NDArray

from udfs.formats.base import Ends, FormatError, Ids
from udfs.formats.mds import COMPRESSED, LARGEST, SHAPES, head_of

_ENCODINGS = {"ndarray:uint16": "<u2", "ndarray:int32": "<i4", "ndarray:uint32": "<u4"}


class MdsReader:
    """Reads what `udfs.formats.mds.MdsWriter` has written under a stem, in any order.

    A file is decompressed when one of its sequences is first asked for, into a temporary file without a name, so memory stays
    small and each is decompressed once.

    Parameters
    ----------
    stem : Path
        Folder and beginning of the names.

    Raises
    ------
    FormatError
        When a file is missing among those of the stem, or is not what it says.
    """

    def __init__(self, stem: Path) -> None:
        self._paths = sorted(stem.parent.glob(f"{_literal(stem.name)}.*{COMPRESSED}"))
        wanted = [f"{stem.name}.{i:05d}{COMPRESSED}" for i in range(len(self._paths))]
        if missing := sorted(set(wanted) - {path.name for path in self._paths}):
            raise FormatError(f"{missing[0]} is missing: there are {len(self._paths)} files of {stem.name}")
        self._open: dict[int, _File] = {}
        self._first = np.cumsum([0, *(head_of(path)[1] for path in self._paths)])

    def __len__(self) -> int:
        return int(self._first[-1])

    def __getitem__(self, number: int) -> Ids:
        """Return the tokens of a sequence."""
        return self.sample(number)["tokens"]

    def ends(self, number: int) -> Ends:
        """Return the ends of a sequence's pieces."""
        return self.sample(number)["ends"].astype(np.int64)

    def sample(self, number: int) -> dict[str, Ids]:
        """Return all columns of a sequence."""
        if not 0 <= number < len(self):
            raise IndexError(f"sequence {number} of {len(self)}")
        which = int(np.searchsorted(self._first, number, side="right")) - 1
        if which not in self._open:
            self._open[which] = _File.load(self._paths[which])
        return self._open[which].sample(number - int(self._first[which]))


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """One file, decompressed."""

    name: str
    raw: mmap.mmap
    places: NDArray[np.uint32]
    columns: tuple[tuple[str, str], ...]

    @classmethod
    def load(cls, path: Path) -> _File:
        """Read and check a file."""
        try:
            if not 0 <= head_of(path)[0] <= LARGEST:
                raise FormatError(f"{path.name} says that it has {head_of(path)[0]} bytes; MDS holds up to {LARGEST}")
            raw = _decompressed(path)
            samples = int.from_bytes(raw[:4], "little")
            places = np.frombuffer(raw, "<u4", samples + 1, 4)
            config = json.loads(raw[4 * (samples + 2) : int(places[0])])
            columns = tuple(zip(config["column_names"], config["column_encodings"], strict=True))
        except (zstandard.ZstdError, ValueError, KeyError, TypeError, MemoryError) as error:
            raise FormatError(f"{path.name} is no file of MDS: {error}") from error
        if config.get("version") != 2 or not {"ends", "tokens"} <= set(config["column_names"]):
            raise FormatError(f"{path.name} has version {config.get('version')} and columns {config['column_names']}")
        if int(places[-1]) != len(raw) or (np.diff(places.astype(np.int64)) < 1).any():
            raise FormatError(f"{path.name}: the places of its {samples} samples do not fit its {len(raw)} bytes")
        return cls(path.name, raw, places, columns)

    def sample(self, number: int) -> dict[str, Ids]:
        """Return the columns of one sample."""
        begin, end = int(self.places[number]), int(self.places[number + 1])
        head = 4 * len(self.columns)
        sizes = np.frombuffer(self.raw[begin : min(begin + head, end)].ljust(head, b"\0"), "<u4").tolist()
        if head + sum(sizes) != end - begin or min(sizes) < 2:
            raise FormatError(f"{self.name}: sample {number} has {end - begin} bytes, its columns {head} and {sizes}")
        values, at = {}, begin + head
        for (name, encoding), size in zip(self.columns, sizes, strict=True):
            values[name] = self._values(at, size, encoding)
            at += size
        return values

    def _values(self, at: int, size: int, encoding: str) -> Ids:
        shape = next((kind for _, code, kind in SHAPES if self.raw[at] == 4 + code), None)
        if shape is None or encoding not in _ENCODINGS:
            raise FormatError(
                f"{self.name}: a value of encoding {encoding!r} with the byte {self.raw[at]}; only one axis is known"
            )
        head, dtype = 1 + np.dtype(shape).itemsize, np.dtype(_ENCODINGS[encoding])
        count = int.from_bytes(self.raw[at + 1 : at + head], "little")
        if head + count * dtype.itemsize != size:
            raise FormatError(f"{self.name}: {count} values of {dtype.name} in {size} bytes")
        return np.frombuffer(self.raw, dtype, count, at + head)


def _decompressed(path: Path) -> mmap.mmap:
    with path.open("rb") as packed, tempfile.TemporaryFile() as raw:
        zstandard.ZstdDecompressor().copy_stream(packed, raw)
        raw.flush()
        return mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)


def _literal(name: str) -> str:
    """Return a name as a pattern of `Path.glob` that matches it alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
