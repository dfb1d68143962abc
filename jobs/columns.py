"""Arrow columns as NumPy arrays and back, by their buffers.

Arrow's own conversions import pandas on their first use, which takes longer than everything a preview does with a crawl's signals.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.filtering import Coded

_TYPES = {pa.float64(): np.float64, pa.int64(): np.int64, pa.int32(): np.int32}


def floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column of numbers; null is NaN."""
    return _filled(column, np.nan).astype(np.float64, copy=False)


def places_or(column: pa.ChunkedArray, null: int) -> NDArray[np.int64]:
    """Return a column of integers; null is a given one."""
    return _filled(column, null).astype(np.int64, copy=False)


def truths(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return a column of truth values that has no null."""
    parts = [_bits(chunk.buffers()[1], chunk) for chunk in _chunks(column)]
    return np.concatenate([np.zeros(0, np.bool_), *parts])


def coded(column: pa.ChunkedArray) -> Coded:
    """Return a column of names, numbered; null is the empty name."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole.dictionary_encode()
    names = tuple(encoded.dictionary.to_pylist())
    return Coded((*names, ""), places_or(encoded.indices, len(names)))


def mask(values: NDArray[np.bool_]) -> pa.Array:
    """Return truth values as an Arrow array."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))])


def places(values: NDArray[np.integer]) -> pa.Array:
    """Return integers as an Arrow array."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values, np.int64))])


def _filled(column: pa.ChunkedArray, null: float) -> NDArray[np.generic]:
    parts: list[NDArray[np.generic]] = []
    for chunk in _chunks(column):
        validity, data = chunk.buffers()
        values = np.frombuffer(data, dtype=_TYPES[chunk.type])[chunk.offset : chunk.offset + len(chunk)]
        parts.append(np.where(_bits(validity, chunk), values, null) if chunk.null_count else values)
    return np.concatenate(parts) if parts else np.zeros(0)


def _bits(buffer: pa.Buffer, chunk: pa.Array) -> NDArray[np.bool_]:
    end = chunk.offset + len(chunk)
    return np.unpackbits(np.frombuffer(buffer, np.uint8), count=end, bitorder="little")[chunk.offset :].astype(np.bool_)


def _chunks(column: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return [chunk for chunk in (column.chunks if isinstance(column, pa.ChunkedArray) else [column]) if len(chunk)]
