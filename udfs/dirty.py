"""Counting dirty words by hash, so that the lists themselves need not be shipped as text.

Llama 3 (section 3.1.1) counts "dirty words" (Raffel et al.) to find adult sites that no domain list covers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xxhash

from udfs.prose import Hashes, ngram_hashes
from udfs.words import tokens


class DirtyCount(NamedTuple):
    """Occurrences of listed entries in a text, and how many different entries occur."""

    hits: int
    distinct: int


@dataclass(frozen=True, slots=True)
class DirtyWords:
    """Hashes of the listed words and phrases, by language.

    Parameters
    ----------
    entries : mapping of str to array of uint64
        By language, the hashes of the entries' token n-grams, ascending.
    lengths : mapping of str to tuple of int
        By language, the numbers of tokens that entries have, ascending. In scripts without blanks a token is a code point,
        so that an entry is found inside running text.
    """

    entries: Mapping[str, Hashes]
    lengths: Mapping[str, tuple[int, ...]]

    def count(self, found: Sequence[str], language: str) -> DirtyCount:
        """Count the entries of a language in a text given as `udfs.words.tokens`; nothing is found without a list."""
        entries = self.entries.get(language)
        if entries is None or not len(entries) or not found:
            return DirtyCount(0, 0)
        hashes = token_hashes(found)
        matched = []
        for n in self.lengths[language]:
            grams = ngram_hashes(hashes, n)
            at = np.minimum(np.searchsorted(entries, grams), len(entries) - 1)
            matched.append(grams[entries[at] == grams])
        every = np.concatenate(matched)
        return DirtyCount(len(every), len(np.unique(every)))


def token_hashes(found: Sequence[str]) -> Hashes:
    """Return xxh3-64 (seed 0) of every token."""
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((digest(token.encode()) for token in found), dtype=np.uint64, count=len(found))


def build(lists: Mapping[str, list[str]]) -> DirtyWords:
    """Build the hashes from lists of words and phrases by language; an entry without a letter or digit is ignored."""
    entries: dict[str, Hashes] = {}
    lengths: dict[str, tuple[int, ...]] = {}
    for language in sorted(lists):
        parts = [part for entry in lists[language] if (part := tokens(entry))]
        keys = [int(ngram_hashes(token_hashes(part), len(part))[0]) for part in parts]
        entries[language] = np.array(sorted(set(keys)), dtype=np.uint64)
        lengths[language] = tuple(sorted({len(part) for part in parts}))
    return DirtyWords(entries, lengths)


def save(words: DirtyWords, path: Path) -> None:
    """Write the hashes to one ``.npz`` file; equal hashes give equal bytes."""
    arrays: dict[str, Any] = {}
    for language in sorted(words.entries):
        arrays[f"{language}.entries"] = words.entries[language]
        arrays[f"{language}.lengths"] = np.array(words.lengths[language], dtype=np.int64)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> DirtyWords:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        languages = sorted(name.removesuffix(".entries") for name in arrays.files if name.endswith(".entries"))
        return DirtyWords(
            {language: arrays[f"{language}.entries"] for language in languages},
            {language: tuple(arrays[f"{language}.lengths"].tolist()) for language in languages},
        )
