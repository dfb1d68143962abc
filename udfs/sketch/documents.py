"""Sketches of one text and of many: Arrow buffers in, arrays out, and Python's normalisation where the table has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from udfs.sketch.folds import Folds, plain_folds, text_folds
from udfs.sketch.hashing import Hashes
from udfs.sketch.kernel import NOT_READ, distinct_shingles, sketch_texts
from udfs.sketch.layout import Plan, Results, Texts
from udfs.sketch.settings import SketchSettings, hash_functions
from udfs.words import nfkc

_PIECE: Final = 1 << 20
"""Bytes from which a text that Python normalises is cut, at the next blank, so that memory stays a few times the text."""

_BLANK: Final = re.compile(rb"[ \n]")


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """The fixed-size image of a document.

    Parameters
    ----------
    exact : bytes
        16 bytes, two independent 64-bit hashes of all tokens in order; zeros without a token. Texts without a token are no
        duplicates of each other, so leave them out by ``n_shingles``.
    n_shingles : int
        Distinct shingles; 0 for a text without a token.
    bands : ndarray of int64
        One key a band, the band's number mixed in, so that the keys of all bands fit in one table; empty without a token.
    signature : bytes
        The low eight bits of each of the ``bands * rows`` minima; empty without a token.
    """

    exact: bytes
    n_shingles: int
    bands: NDArray[np.int64]
    signature: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Sketches:
    """The sketches of n texts, one a row; a row whose ``n_shingles`` is 0 is zero throughout and means nothing.

    Parameters
    ----------
    exact : ndarray of uint8, shape (n, 16)
    n_shingles : ndarray of int64, shape (n,)
    bands : ndarray of int64, shape (n, bands)
    signature : ndarray of uint8, shape (n, bands * rows)
        Each as in `Sketch`.
    """

    exact: NDArray[np.uint8]
    n_shingles: NDArray[np.int64]
    bands: NDArray[np.int64]
    signature: NDArray[np.uint8]


def sketch_batch(texts: pa.Array, settings: SketchSettings) -> Sketches:
    """Sketch an Arrow array of texts.

    Parameters
    ----------
    texts : pyarrow.Array
        Of type string or large_string, sliced or not; null is the empty text. Bytes that are no UTF-8 separate tokens.
    settings : SketchSettings
        What to compute.

    Returns
    -------
    Sketches
        One row a text, equal to what `sketch` gives for it.

    Raises
    ------
    TypeError
        If the array holds something else than strings.
    """
    found = _texts(texts)
    return _sketches(_run(found, settings))


def sketch(text: str, settings: SketchSettings) -> Sketch:
    """Sketch one text.

    Any string is accepted; a lone surrogate separates tokens. A text of fewer tokens than ``ngram`` has one shingle, all its
    tokens.
    """
    made = _sketches(_run(_text(text), settings))
    count = int(made.n_shingles[0])
    used = 1 if count else 0
    return Sketch(made.exact.tobytes(), count, made.bands[:used].ravel(), made.signature[:used].tobytes())


def minima(text: str, settings: SketchSettings) -> Hashes:
    """Return the 32-bit minima whose low eight bits are the signature, shape (bands * rows,).

    In the family datasketch they are ``MinHash(num_perm=bands * rows, seed=seed).hashvalues`` after ``update_batch`` of the
    shingles, tokens joined by one blank. Without a token all are 2^32 - 1.
    """
    return _run(_text(text), settings).lowest


def shingle_hashes(text: str, settings: SketchSettings, most: int = 20_000) -> Hashes:
    """Return the distinct 64-bit hashes of the shingles of a text, ascending, the ``most`` smallest where there are more."""
    given, exact = _text(text), np.empty(2, dtype=np.uint64)
    plan = _plan(settings)
    hashes, count = distinct_shingles(given, plan, exact)
    if count == NOT_READ:
        hashes, _ = distinct_shingles(_normalised(given, 0), plan, exact)
    return np.sort(hashes)[:most].copy()


def _sketches(made: Results) -> Sketches:
    exact = made.exact.astype("<u8", copy=False).view(np.uint8)
    return Sketches(exact, made.n_shingles, made.bands.view(np.int64), made.signature)


def _run(texts: Texts, settings: SketchSettings) -> Results:
    n, size = len(texts.starts), settings.bands * settings.rows
    results = Results(
        exact=np.empty((n, 2), dtype=np.uint64),
        n_shingles=np.empty(n, dtype=np.int64),
        bands=np.empty((n, settings.bands), dtype=np.uint64),
        signature=np.empty((n, size), dtype=np.uint8),
        lowest=np.empty(size, dtype=np.uint64),
    )
    plan = _plan(settings)
    sketch_texts(texts, plan, results)
    for row in np.flatnonzero(results.n_shingles == NOT_READ).tolist():
        own = slice(row, row + 1)
        row_of = Results(results.exact[own], results.n_shingles[own], results.bands[own], results.signature[own], results.lowest)
        sketch_texts(_normalised(texts, row), plan, row_of)
    return results


def _plan(settings: SketchSettings) -> Plan:
    functions = hash_functions(settings.family, settings.seed, settings.bands * settings.rows)
    return Plan(settings.ngram, settings.max_tokens, settings.family == "datasketch", *functions)


def _text(text: str) -> Texts:
    return _one(text.encode("utf-8", "surrogatepass"), text_folds())


def _one(data: bytes, folds: Folds) -> Texts:
    raw = np.frombuffer(data, dtype=np.uint8)
    return Texts(raw, np.zeros(1, dtype=np.int64), np.full(1, len(raw), dtype=np.int64), folds)


def _texts(texts: pa.Array) -> Texts:
    if not isinstance(texts, pa.Array) or not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        kind = texts.type if isinstance(texts, pa.Array | pa.ChunkedArray) else type(texts).__name__
        raise TypeError(f"sketch_batch: got {kind}; it takes a pyarrow.Array of type string or large_string: cast or combine")
    _, offsets, data = texts.buffers()
    width = np.int32 if pa.types.is_string(texts.type) else np.int64
    if not len(texts) or offsets is None:
        bounds = np.zeros(1, dtype=np.int64)
    else:
        bounds = np.frombuffer(offsets, dtype=width)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    starts, ends = bounds[:-1], bounds[1:]
    if texts.null_count:
        ends = np.where(texts.is_valid().to_numpy(zero_copy_only=False), ends, starts)
    raw = np.frombuffer(data if data is not None else b"", dtype=np.uint8)
    raw.flags.writeable = False
    return Texts(raw, starts, ends, text_folds())


def _normalised(texts: Texts, row: int) -> Texts:
    """Return one text in NFKC and lower case, as Python does it."""
    whole = texts.data[texts.starts[row] : texts.ends[row]].tobytes()
    folded = bytearray()
    for piece in _pieces(whole):
        folded += nfkc(piece.decode("utf-8", "replace")).lower().encode()
    return _one(bytes(folded), plain_folds())


def _pieces(text: bytes) -> Iterator[bytes]:
    """Cut a text at blanks: nothing composes, is reordered or is lower-cased by its neighbours across one."""
    start = 0
    while start < len(text):
        blank = _BLANK.search(text, start + _PIECE)
        end = blank.end() if blank else len(text)
        yield text[start:end]
        start = end
