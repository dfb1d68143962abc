"""Megatron's indexed dataset, version 1: ``STEM.bin`` holds the ids, ``STEM.idx`` says where sequences and documents begin.

``.idx``, little-endian: ``MMIDIDX``, two NUL; u64 version; u8 code of the type; u64 number of sequences; u64 number of document
bounds, one more than documents; i32 length of each sequence in tokens; i64 place of each in ``.bin`` in bytes; i64 first sequence
of each document, and the number of sequences. Here each sequence is a document of its own.
"""

from __future__ import annotations

import struct
from array import array
from pathlib import Path

import numpy as np

from udfs.formats.base import Ends, FormatError, Ids, named

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
CODES = {1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float64", 7: "float32", 8: "uint16"}
"""Codes of types; 6 and 7 stand for floats, which ids never are."""

_HEADER = struct.Struct("<9sQBQQ")
_LONGEST = 2**31 - 1


class MegatronWriter:
    """Writes ``STEM.bin`` and ``STEM.idx``; holds 4 bytes a sequence.

    Parameters
    ----------
    stem : Path
        Folder and name of the files, without suffixes.
    dtype : str
        Type of the ids, one of `CODES`.
    """

    def __init__(self, stem: Path, dtype: str) -> None:
        self._code = next(code for code, name in CODES.items() if name == dtype)
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._bin, self._idx = named(stem, ".bin"), named(stem, ".idx")
        self._lengths = array("i")
        self._out = self._bin.open("wb")

    def write(self, tokens: Ids, ends: Ends) -> None:
        """Add a sequence; its pieces are not told apart but by the tokens that end them."""
        del ends
        if not 0 < len(tokens) <= _LONGEST:
            raise FormatError(f"a sequence of {len(tokens)} tokens: Megatron's index holds 1 to {_LONGEST}")
        self._out.write(np.ascontiguousarray(tokens, dtype=self._dtype).data)
        self._lengths.append(len(tokens))

    def close(self) -> list[Path]:
        """Write the index and return both files."""
        self._out.close()
        lengths = np.frombuffer(self._lengths, dtype=np.int32) if self._lengths else np.empty(0, dtype=np.int32)
        ends = np.cumsum(lengths, dtype=np.int64) * self._dtype.itemsize
        with self._idx.open("wb") as out:
            out.write(_HEADER.pack(MAGIC, VERSION, self._code, len(lengths), len(lengths) + 1))
            out.write(lengths.astype("<i4").data)
            out.write((ends - lengths.astype(np.int64) * self._dtype.itemsize).astype("<i8").data)
            out.write(np.arange(len(lengths) + 1, dtype="<i8").data)
        return [self._bin, self._idx]


class MegatronReader:
    """Reads ``STEM.bin`` by ``STEM.idx``.

    Parameters
    ----------
    stem : Path
        Folder and name of the files, without suffixes.

    Raises
    ------
    FormatError
        When the index is none, or does not fit the size of either file.
    """

    def __init__(self, stem: Path) -> None:
        idx, self._bin = named(stem, ".idx"), named(stem, ".bin")
        data = idx.read_bytes()
        if len(data) < _HEADER.size or not data.startswith(MAGIC):
            raise FormatError(f"{idx.name} is no Megatron index: it does not begin with {MAGIC!r}")
        _, version, code, sequences, bounds = _HEADER.unpack_from(data)
        if version != VERSION or code not in CODES:
            raise FormatError(f"{idx.name} has version {version} and type {code}; known are version {VERSION} and types 1 to 8")
        if len(data) != _HEADER.size + 12 * sequences + 8 * bounds:
            raise FormatError(f"{idx.name} has {len(data)} bytes, which does not fit {sequences} sequences and {bounds} bounds")
        self.dtype = np.dtype(CODES[code]).newbyteorder("<")
        self.lengths = np.frombuffer(data, "<i4", sequences, _HEADER.size)
        self.pointers = np.frombuffer(data, "<i8", sequences, _HEADER.size + 4 * sequences)
        self.documents = np.frombuffer(data, "<i8", bounds, _HEADER.size + 12 * sequences)
        self._check(idx.name, self._bin.stat().st_size)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> Ids:
        """Return a sequence."""
        if not 0 <= number < len(self):
            raise IndexError(f"sequence {number} of {len(self)}")
        return np.fromfile(self._bin, self.dtype, int(self.lengths[number]), offset=int(self.pointers[number]))

    def _check(self, name: str, size: int) -> None:
        bytes_of = self.lengths.astype(np.int64) * self.dtype.itemsize
        if (self.lengths < 1).any() or int(bytes_of.sum()) != size or (self.pointers != np.cumsum(bytes_of) - bytes_of).any():
            raise FormatError(f"{name}: its sequences do not cover the {size} bytes of {self._bin.name}, one behind the other")
        steps = np.diff(self.documents)
        if not len(self.documents) or self.documents[0] != 0 or self.documents[-1] != len(self) or (steps < 1).any():
            raise FormatError(f"{name}: its document bounds do not go from 0 to its {len(self)} sequences")
