"""Documents as sequences of tokens in files: one document a sequence, or packed to one length, and back again.

Packed sequences have a table beside them, ``STEM.pieces.npy``: a row a piece, in the order of sequences, with sequence, document,
start in the document and length (`udfs.packing.Packed`). It is what a mask at document ends can be made from in every format, and
what leads from any place in a shard back to the document. Padding is the token that ends a text, behind the last piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from udfs.formats import FormatError, Ids, reader, writer
from udfs.formats.base import named
from udfs.formats.npy import NpyAppender, mapped
from udfs.packing import DOCUMENT, LENGTH, SEQUENCE, START, pack

PIECES = ".pieces.npy"
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Packing:
    """How documents are packed.

    Parameters
    ----------
    length : int
        Tokens of a sequence.
    window : int
        Tokens that are packed together, at least; bounds the memory.
    seed : int
        Seed of the order of sequences.
    """

    length: int
    window: int
    seed: int = 0


@dataclass(slots=True)
class SequenceCounts:
    """What a file of sequences holds.

    Parameters
    ----------
    documents, tokens : int
        Documents, and their tokens with the one that ends each.
    sequences, pieces : int
        Sequences; pieces of documents in them.
    padding : int
        Places without a token of a document.
    cut_documents : int
        Documents in more than one piece.
    windows : int
        Times that documents were packed.
    """

    documents: int = 0
    tokens: int = 0
    sequences: int = 0
    pieces: int = 0
    padding: int = 0
    cut_documents: int = 0
    windows: int = 0

    @property
    def efficiency_ppm(self) -> int:
        """Parts per million of the places that hold a token of a document, rounded down."""
        places = self.tokens + self.padding
        return self.tokens * _MILLION // places if places else _MILLION


class SequenceFiles:
    """Writes documents as sequences; holds the documents of one window, or none.

    Parameters
    ----------
    kind : str
        A format of `udfs.formats`.
    stem : Path
        Folder and name of the files, without suffixes.
    dtype : str
        Type of the ids.
    end_of_text : int
        What sequences are filled up with.
    packing : Packing, optional
        How documents are packed; without it each is a sequence.
    """

    def __init__(self, kind: str, stem: Path, *, dtype: str, end_of_text: int, packing: Packing | None = None) -> None:
        self.counts = SequenceCounts()
        self._packing = packing
        self._dtype = dtype
        self._end = end_of_text
        self._writer = writer(kind, stem, dtype=dtype, length=packing.length if packing else None)
        self._pieces = NpyAppender(named(stem, PIECES), "int64", (4,)) if packing else None
        self._waiting: list[Ids] = []
        self._waiting_tokens = 0

    def add(self, tokens: Ids) -> None:
        """Add a document of one token or more, the one that ends it included."""
        if self._packing is None:
            self._writer.write(tokens, np.array([len(tokens)]))
            self._count(documents=1, tokens=len(tokens), sequences=1, pieces=1)
            return
        self._waiting.append(tokens.astype(self._dtype))
        self._waiting_tokens += len(tokens)
        if self._waiting_tokens >= self._packing.window:
            self._pack(self._packing)

    def close(self) -> list[Path]:
        """Pack what waits, finish the files and return them."""
        if self._packing and self._waiting:
            self._pack(self._packing)
        files = self._writer.close()
        return [*files, self._pieces.close()] if self._pieces else files

    def _pack(self, packing: Packing) -> None:
        waiting, before = self._waiting, self.counts
        lengths = np.array([len(tokens) for tokens in waiting], dtype=np.int64)
        packed = pack(lengths, packing.length, seed=packing.seed + before.windows)
        bounds = packed.bounds()
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            sequence = np.full(packing.length, self._end, dtype=self._dtype)
            at, ends = 0, []
            for _, document, start, length in packed.pieces[first:last].tolist():
                sequence[at : at + length] = waiting[document][start : start + length]
                at += length
                ends.append(at)
            self._writer.write(sequence, np.array(ends))
        assert self._pieces is not None
        self._pieces.append(packed.pieces + np.array([before.sequences, before.documents, 0, 0]))
        self._count(documents=len(waiting), tokens=packed.tokens, sequences=packed.sequences, pieces=len(packed.pieces))
        self._count(padding=packed.padding, cut_documents=packed.cut_documents, windows=1)
        self._waiting, self._waiting_tokens = [], 0

    def _count(self, **more: int) -> None:
        for name, count in more.items():
            setattr(self.counts, name, getattr(self.counts, name) + count)


def read_documents(kind: str, stem: Path, *, packed: bool) -> Iterator[Ids]:
    """Return the documents of files that `SequenceFiles` wrote, in the order in which they were added.

    Raises
    ------
    FormatError
        When a file is not what it says, pieces do not cover their documents, or lie elsewhere than one behind the other.
    """
    sequences = reader(kind, stem)
    if not packed:
        yield from (sequences[number] for number in range(len(sequences)))
        return
    pieces = read_pieces(stem, len(sequences))
    begins = _places(pieces)
    order = np.lexsort((pieces[:, START], pieces[:, DOCUMENT]))
    parts: list[Ids] = []
    for row in order.tolist():
        sequence, document, start, length = pieces[row].tolist()
        if start == 0 and parts:
            yield np.concatenate(parts)
            parts = []
        if start != sum(map(len, parts)):
            raise FormatError(f"{stem.name}{PIECES}: no piece of document {document} ends where the one at {start} begins")
        parts.append(sequences[sequence][begins[row] : begins[row] + length])
    if parts:
        yield np.concatenate(parts)


def read_pieces(stem: Path, sequences: int) -> NDArray[np.int64]:
    """Return the pieces of packed sequences.

    Raises
    ------
    FormatError
        When they are no such table, not those of so many sequences, or of less than a token.
    """
    path = named(stem, PIECES)
    pieces: NDArray[np.int64] = np.array(mapped(path))
    if pieces.ndim != 2 or pieces.shape[1] != 4 or pieces.dtype != np.int64 or (np.diff(pieces[:, SEQUENCE]) < 0).any():
        raise FormatError(f"{path.name} is no table of pieces in the order of sequences")
    numbers = np.unique(pieces[:, SEQUENCE])
    if not np.array_equal(numbers, np.arange(sequences)) or (pieces[:, LENGTH] < 1).any() or (pieces[:, START] < 0).any():
        raise FormatError(f"{path.name} is not the table of {sequences} sequences")
    return pieces


def _places(pieces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where in its sequence each piece begins."""
    before = np.cumsum(pieces[:, LENGTH]) - pieces[:, LENGTH]
    first = np.searchsorted(pieces[:, SEQUENCE], pieces[:, SEQUENCE])
    places: NDArray[np.int64] = before - before[first]
    return places
