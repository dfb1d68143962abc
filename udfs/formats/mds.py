"""MosaicML's streaming format MDS, version 2: files of samples, compressed, and one ``index.json`` for a folder of them.

A file, before compression, is little-endian: u32 number of samples; u32 place of each sample and of the end, from the beginning of
the file; the columns as JSON; the samples. A sample is, for each column, u32 size, and then the columns' values. A value of
``ndarray:TYPE`` of one axis is one byte, 4 for the axis plus the type of the shape (0, 1, 2: u8, u16, u32), the length in that type,
and the numbers.

The columns are ``tokens``, and ``ends``: positions in the sequence behind each of its pieces.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from udfs.formats.base import Ends, FormatError, Ids, named

INDEX = "index.json"
SIZE_LIMIT = 2**26
"""Bytes of a file before compression; a single larger sample has a file of its own."""

COMPRESSED = ".mds.zstd"
_LEVEL = 3
LARGEST = 2**32 - 1
SHAPES = ((2**8, 0, "<u1"), (2**16, 1, "<u2"), (2**32, 2, "<u4"))


def index(files: Iterable[Path], dtype: str) -> str:
    """Return the ``index.json`` of a folder's files, in their order.

    Parameters
    ----------
    files : iterable of Path
        Files that `MdsWriter` wrote; only their first bytes are read.
    dtype : str
        Type of their ids.
    """
    shards = [
        _config(dtype)
        | {
            "raw_data": {"basename": path.name.removesuffix(".zstd"), "bytes": raw_bytes, "hashes": {}},
            "samples": samples,
            "zip_data": {"basename": path.name, "bytes": path.stat().st_size, "hashes": {}},
        }
        for path in files
        for raw_bytes, samples in [head_of(path)]
    ]
    return json.dumps({"shards": shards, "version": 2}, sort_keys=True)


class MdsWriter:
    """Writes ``STEM.00000.mds.zstd``, ``STEM.00001.mds.zstd`` and so on; holds one file's samples.

    Parameters
    ----------
    stem : Path
        Folder and beginning of the names.
    dtype : str
        Type of the ids.
    size_limit : int
        Bytes of a file before compression.
    """

    def __init__(self, stem: Path, dtype: str, size_limit: int = SIZE_LIMIT) -> None:
        self._stem = stem
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._head = json.dumps(_config(dtype), sort_keys=True).encode()
        self._limit = size_limit
        self._samples: list[bytes] = []
        self._size = 0
        self._files: list[Path] = []

    def write(self, tokens: Ids, ends: Ends) -> None:
        """Add a sequence and the ends of its pieces."""
        values = [_array(ends, np.dtype("<u4")), _array(tokens, self._dtype)]
        sample = b"".join([*(struct.pack("<I", len(value)) for value in values), *values])
        if self._samples and self._raw_bytes(1) + self._size + len(sample) > self._limit:
            self._flush()
        self._samples.append(sample)
        self._size += len(sample)

    def close(self) -> list[Path]:
        """Write what is left, and return the files."""
        if self._samples:
            self._flush()
        return self._files

    def _raw_bytes(self, more: int) -> int:
        """Bytes before the first sample of a file with so many samples more than there are."""
        return 4 + 4 * (len(self._samples) + more + 1) + len(self._head)

    def _flush(self) -> None:
        begin = self._raw_bytes(0)
        places = np.cumsum([begin, *map(len, self._samples)], dtype=np.int64)
        if places[-1] > LARGEST:
            raise FormatError(f"a file of {int(places[-1])} bytes: MDS holds up to {LARGEST}")
        raw = b"".join([struct.pack("<I", len(self._samples)), places.astype("<u4").tobytes(), self._head, *self._samples])
        path = named(self._stem, f".{len(self._files):05d}{COMPRESSED}")
        path.write_bytes(zstandard.ZstdCompressor(level=_LEVEL).compress(raw))
        self._files.append(path)
        self._samples, self._size = [], 0


def head_of(path: Path) -> tuple[int, int]:
    """Return size before compression and number of samples, from a file's first bytes."""
    with path.open("rb") as packed:
        try:
            size = zstandard.frame_content_size(packed.read(18))
            packed.seek(0)
            head = zstandard.ZstdDecompressor().stream_reader(packed).read(4)
        except zstandard.ZstdError as error:
            raise FormatError(f"{path.name} cannot be decompressed: {error}") from error
    if len(head) < 4:
        raise FormatError(f"{path.name} ends within its first bytes")
    return size, int.from_bytes(head, "little")


def _config(dtype: str) -> dict[str, Any]:
    return {
        "column_encodings": ["ndarray:uint32", f"ndarray:{dtype}"],
        "column_names": ["ends", "tokens"],
        "column_sizes": [None, None],
        "compression": "zstd",
        "format": "mds",
        "hashes": [],
        "size_limit": SIZE_LIMIT,
        "version": 2,
    }


def _array(values: NDArray[Any], dtype: np.dtype[Any]) -> bytes:
    """Encode an array of one axis."""
    if not len(values):
        raise FormatError("an array without values: MDS holds arrays of one value or more")
    code, shape = next((code, kind) for most, code, kind in SHAPES if len(values) < most)
    return bytes([4 + code]) + np.array(len(values), dtype=shape).tobytes() + np.ascontiguousarray(values, dtype=dtype).tobytes()
