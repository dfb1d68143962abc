r"""Lines for deduplication across documents: their hashes, the removal of those that are listed, and what was removed.

A line ends at ``\n`` only. It is compared by its normal form: lower case (as `str.lower` makes it), every number of any script
``0``, all but letters, marks and numbers taken out, blanks stripped and collapsed. A line of which nothing is left counts under
its stripped raw text; a blank one never counts. The hash is XXH64 with seed 0 of that form's UTF-8 bytes (a lone surrogate as
three bytes). Lines that overlap a protected span are neither hashed nor removed: closing braces, aligned equations and rows of
numbers repeat by nature.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.line_edits import LineEdit, touched_lines, without_lines
from udfs.line_kernel import Hashes, line_rows
from udfs.spans import KINDS, Kind, Span
from udfs.words import Offsets

PROTECTED: frozenset[Kind] = frozenset(KINDS)
"""Kinds of spans whose lines are exempt unless a caller says otherwise."""


@dataclass(frozen=True, slots=True)
class LineTable:
    """The hashed lines of a batch of texts.

    Parameters
    ----------
    offsets : array of int64, shape (n + 1,)
        The lines of text ``i`` are ``hashes[offsets[i]:offsets[i + 1]]``.
    hashes : array of uint64
        One hash for each line that counts, in order, several equal ones included.
    """

    offsets: Offsets
    hashes: Hashes


def line_hashes(text: str, spans: Sequence[Span] = (), *, protect: Collection[Kind] = PROTECTED) -> Hashes:
    """Hash the lines of a text.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans.
    protect : collection of {"code", "math", "table"}
        Kinds of spans whose lines are left out.

    Returns
    -------
    array of uint64
        Hash of each line that counts, in order, several equal ones included.
    """
    return _counted(text, _locked(text, spans, protect))[1]


def hash_lines(texts: pa.Array) -> LineTable:
    """Hash the lines of a batch of texts that have no spans, straight from the Arrow buffers.

    Parameters
    ----------
    texts : pyarrow.Array of string or large_string
        Slices are taken as they are; a null has no lines. Bytes that are no UTF-8 are read as signs.

    Raises
    ------
    TypeError
        When the array holds something else.
    """
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        raise TypeError(f"hash_lines got an array of {texts.type}; it takes string or large_string: cast the column first")
    _, offsets, values = texts.buffers()
    if not len(texts):
        return LineTable(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.uint64))
    width = np.int32 if pa.types.is_string(texts.type) else np.int64
    bounds = np.frombuffer(offsets, dtype=width, count=texts.offset + len(texts) + 1)[texts.offset :].astype(np.int64)
    data = np.zeros(0, dtype=np.uint8) if values is None else np.frombuffer(values, dtype=np.uint8)
    starts, ends = bounds[:-1], bounds[1:]
    if texts.null_count:
        ends = np.where(texts.is_valid().to_numpy(zero_copy_only=False), ends, starts)
    found, _, hashes = line_rows(data, starts, ends)
    return LineTable(found, hashes)


def remove_lines(
    text: str,
    spans: Sequence[Span],
    hot: Hashes,
    *,
    protect: Collection[Kind] = PROTECTED,
    first: Hashes | None = None,
    own: int = 0,
) -> LineEdit:
    """Remove every copy of the lines whose hash is listed, or every copy but one.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans.
    hot : array of uint64
        Hashes in ascending order, each once, as `line_hashes` makes them; it may be memory-mapped.
    protect : collection of {"code", "math", "table"}
        Kinds of spans whose lines stay.
    first : array of uint64, optional
        Parallel to ``hot``: key of the document that holds the copy that stays. Without it none does.
    own : int
        Key of this document (0 to 2^64 - 1). Where it stands in ``first``, the first line here with that hash stays.

    Raises
    ------
    ValueError
        When ``hot`` isn't of unsigned 64-bit integers or ``first`` is not as long.
    """
    if first is not None and len(first) != len(hot):
        raise ValueError(f"first has {len(first)} keys for {len(hot)} hot lines; give one key for each")
    locked = _locked(text, spans, protect)
    rows, hashes = _counted(text, locked)
    at, gone = _found(hot, hashes)
    if first is not None and gone.any():
        mine = np.flatnonzero(gone)
        mine = mine[first[at[mine]] == np.uint64(own)]
        gone[mine[np.unique(hashes[mine], return_index=True)[1]]] = False
    return without_lines(text, spans, rows[gone], locked)


def lines_with(
    text: str, spans: Sequence[Span], hashes: Hashes, *, protect: Collection[Kind] = PROTECTED
) -> list[tuple[int, str]]:
    """Show the lines of a text that have one of the given hashes.

    Parameters
    ----------
    text : str
        A document.
    spans : sequence of Span
        Its structure spans.
    hashes : array of uint64
        In ascending order; it may be memory-mapped.
    protect : collection of {"code", "math", "table"}
        Kinds of spans whose lines are left out.

    Returns
    -------
    list of (int, str)
        Hash and line as it is written, without its end, for the first line with each hash, in the order of the text.
    """
    rows, keys = _counted(text, _locked(text, spans, protect))
    hits = np.flatnonzero(_found(hashes, keys)[1])
    if not len(hits):
        return []
    hits = hits[np.sort(np.unique(keys[hits], return_index=True)[1])]
    lines = text.split("\n")
    return [(key, lines[row]) for key, row in zip(keys[hits].tolist(), rows[hits].tolist(), strict=True)]


def allowed_hashes(lines: Iterable[str]) -> Hashes:
    """Hash lines that never count as boilerplate, to subtract them from the hot ones (`numpy.setdiff1d`).

    Parameters
    ----------
    lines : iterable of str
        Lines as they are written; blank ones are passed over.

    Returns
    -------
    array of uint64
        Their hashes, each once, in ascending order.
    """
    return np.unique(line_hashes("\n".join(lines)))


def _locked(text: str, spans: Sequence[Span], protect: Collection[Kind]) -> NDArray[np.bool_]:
    return touched_lines(text, [span for span in spans if span.kind in protect])


def _counted(text: str, locked: NDArray[np.bool_]) -> tuple[Offsets, Hashes]:
    """Return number and hash of the lines that are neither blank nor locked."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    _, rows, hashes = line_rows(data, np.zeros(1, dtype=np.int64), np.array([len(data)], dtype=np.int64))
    free = ~locked[rows]
    return rows[free], hashes[free]


def _found(listed: Hashes, hashes: Hashes) -> tuple[Offsets, NDArray[np.bool_]]:
    """Return where each hash would stand in an ascending list, and whether it does."""
    if listed.dtype != np.uint64:
        raise ValueError(f"the hashes looked up in are {listed.dtype}; they must be uint64 in ascending unsigned order")
    if not len(listed):
        return np.zeros(len(hashes), dtype=np.int64), np.zeros(len(hashes), dtype=np.bool_)
    at = np.minimum(np.searchsorted(listed, hashes), len(listed) - 1)
    return at, listed[at] == hashes
