"""English-looking texts made of numbers alone, so that a corpus of any size can be made again anywhere: no text is fetched or kept.

Words are made of syllables, and the r-th of them is drawn with a probability in proportion to ``1 / (r + 2.7)`` (Zipf's law as
Mandelbrot put it); eleven of them are a line. Text number i follows from the seed and i alone, so files can be made in any order,
and a near-copy of a text can be made where the text itself is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Words = NDArray[np.int64]

VOCABULARY: Final = 40_000
NGRAM: Final = 5
LINE_WORDS: Final = 11
TEXT_WORDS: Final = 660
"""Words of a text of about 4 kB and 60 lines."""

SCHEMA: Final = pa.schema([(name, pa.string()) for name in ("id", "url", "date", "lang", "text")])
ROW_GROUP: Final = 5_000

_DRAWS: Final = 2**20
_ONSETS: Final = ("b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "th", "pr", "ch")
_ENDS: Final = ("a", "e", "i", "o", "u", "an", "er", "in", "on", "al")


def number(*of: object) -> int:
    """Return a 63-bit number that follows from some values, the same on every machine."""
    digest = hashlib.blake2b("\0".join(map(str, of)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


@lru_cache(maxsize=1)
def vocabulary() -> NDArray[np.object_]:
    """Return the words, the most frequent first; frequent ones are short."""
    syllables = [onset + end for onset in _ONSETS for end in _ENDS]
    words = sorted({"".join(syllables[number("word", i, j) % 200] for j in range(1 + i % 4)) for i in range(4 * VOCABULARY)})
    words.sort(key=lambda word: (len(word) // 6, number(word)))
    found = np.empty(VOCABULARY, dtype=object)
    found[:] = words[:VOCABULARY]
    return found


@lru_cache(maxsize=1)
def _draws() -> NDArray[np.int64]:
    """Return words such that one drawn evenly from them is drawn by its frequency."""
    weights = 1.0 / (np.arange(VOCABULARY) + 2.7)
    at = np.searchsorted(np.cumsum(weights) / weights.sum(), (np.arange(_DRAWS) + 0.5) / _DRAWS)
    return np.minimum(at, VOCABULARY - 1)


def words_of(text: int, *, count: int = TEXT_WORDS, seed: int = 1) -> Words:
    """Return the words of text number ``text``, as places in `vocabulary`."""
    generator = np.random.Generator(np.random.Philox(key=[seed, text]))
    found: Words = _draws()[generator.integers(0, _DRAWS, count)]
    return found


def near_copy(words: Words, similarity: float, *, seed: int) -> Words:
    """Return words of which so many are replaced that the sets of 5-grams have about this Jaccard similarity (0-1).

    A word that is replaced changes five 5-grams: of the 5-grams a share ``s = (1 - p) ** 5`` stays, and ``j = s / (2 - s)``.
    """
    share = 1 - (2 * similarity / (1 + similarity)) ** (1 / NGRAM)
    generator = np.random.Generator(np.random.Philox(key=[2, seed]))
    copy = words.copy()
    at = generator.random(len(words)) < share
    copy[at] = _draws()[generator.integers(0, _DRAWS, int(at.sum()))]
    return copy


def text_of(words: Words, before: Sequence[str] = (), after: Sequence[str] = ()) -> str:
    """Return the words as lines, between lines of the site."""
    spelled = vocabulary()[words].tolist()
    lines = [" ".join(spelled[at : at + LINE_WORDS]) for at in range(0, len(spelled), LINE_WORDS)]
    return "\n".join([*before, *lines, *after])


def write_rows(path: Path, rows: Iterable[tuple[str, str, str, str, str]]) -> None:
    """Write ``id, url, date, lang, text`` as one Parquet file, a group of rows at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1) as writer:
        for group in _groups(rows):
            columns: list[Any] = [pa.array(column, pa.string()) for column in zip(*group, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))


def _groups(rows: Iterable[tuple[str, str, str, str, str]]) -> Iterator[list[tuple[str, str, str, str, str]]]:
    held: list[tuple[str, str, str, str, str]] = []
    for row in rows:
        held.append(row)
        if len(held) >= ROW_GROUP:
            yield held
            held = []
    if held:
        yield held
