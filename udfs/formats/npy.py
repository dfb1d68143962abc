"""A ``.npy`` file whose rows are not known beforehand, for `numpy.load` and memory maps."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from udfs.formats.base import FormatError

_UNREADABLE = (ValueError, TypeError, OverflowError, EOFError, SyntaxError, MemoryError, tokenize.TokenError)
"""What `numpy.load` raises of files that are no arrays: their header is read as Python."""


class NpyAppender:
    """Writes an array row by row; the header is written again at the end, with the number of rows.

    Equal to what `numpy.save` writes of the same array: NumPy leaves room in the header for an axis that grows.

    Parameters
    ----------
    path : Path
        The file.
    dtype : str
        Type of the values; stored little-endian.
    row : tuple of int
        Shape of a row; empty for an array of one axis.
    """

    def __init__(self, path: Path, dtype: str, row: tuple[int, ...] = ()) -> None:
        self.path = path
        self.rows = 0
        self._row = row
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._out = path.open("wb")
        self._out.write(self._header())

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows: an array of the rows' shape with one axis before it."""
        if rows.shape[1:] != self._row:
            raise ValueError(f"{self.path.name}: rows have shape {self._row}, these {rows.shape[1:]}")
        self._out.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
        self.rows += len(rows)

    def close(self) -> Path:
        """Write the number of rows into the header, and return the path."""
        self._out.seek(0)
        self._out.write(self._header())
        self._out.close()
        return self.path

    def _header(self) -> bytes:
        header = io.BytesIO()
        described = {"descr": npy_format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (self.rows, *self._row)}
        npy_format.write_array_header_1_0(header, described)
        return header.getvalue()


def mapped(path: Path) -> NDArray[Any]:
    """Return an array of whole numbers that lies in a file, mapped into memory.

    Raises
    ------
    FormatError
        When the file is no such array.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        raise FormatError(f"{path.name} is no array of NumPy: {' '.join(str(error).split())}") from error
    if array.dtype.kind not in "iu":
        raise FormatError(f"{path.name} is an array of {array.dtype}, not of whole numbers")
    return array
