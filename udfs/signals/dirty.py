"""Counting dirty words by hash, so that the lists themselves need not be shipped as text.

Llama 3 (section 3.1.1) counts "dirty words" (Raffel et al.) to find adult sites that no domain list covers. Entries are found
as whole tokens, never inside a word; in scripts without blanks, where a token is a code point, inside running text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels.compiled import Hashes
from udfs.signals.kernels.listed import hash_table, listed_runs, run_hash
from udfs.signals.tokenised import token_hashes

_FIELDS: Final = ("entries", "medical", "heads", "lengths")


class DirtyCount(NamedTuple):
    """Occurrences of listed entries in a text, and how many different entries occur, those of medical use apart."""

    hits: int
    distinct: int


NOTHING = DirtyCount(0, 0)
"""The count of a text without a token, or of a language without a list."""


@dataclass(frozen=True, eq=False)
class DirtyList:
    """Hashes of the listed words and phrases of a language.

    Parameters
    ----------
    entries : array of uint64
        Hashes of the entries' runs of tokens, ascending.
    medical : array of uint64
        Those of them that textbooks use, ascending: they count as occurrences only.
    heads : array of uint64
        Hashes of the tokens that entries begin with, ascending.
    lengths : array of int64
        The numbers of tokens that entries have, ascending.
    """

    entries: Hashes
    medical: Hashes
    heads: Hashes
    lengths: NDArray[np.int64]

    @cached_property
    def tables(self) -> tuple[Hashes, Hashes]:
        """The heads and the entries as the kernel looks them up."""
        return hash_table(self.heads), hash_table(self.entries)


@dataclass(frozen=True, slots=True)
class DirtyWords:
    """The lists by language."""

    lists: Mapping[str, DirtyList]

    def count(self, tokens: Hashes, language: str) -> DirtyCount:
        """Count the entries of a language in a text given by its tokens (`udfs.signals.tokenised`)."""
        listed = self.lists.get(language)
        if listed is None or not len(listed.entries) or not len(tokens):
            return NOTHING
        found = listed_runs(tokens, *listed.tables, listed.lengths)
        return DirtyCount(len(found), len(np.setdiff1d(found, listed.medical))) if len(found) else NOTHING


def build(lists: Mapping[str, Collection[str]], medical: Mapping[str, Collection[str]] | None = None) -> DirtyWords:
    """Build the hashes from lists of words and phrases by language.

    Parameters
    ----------
    lists : mapping of str to collection of str
        Entries by language; one without a letter or digit is ignored.
    medical : mapping of str to collection of str, optional
        Entries that textbooks use, by language; those that are not in the list do not matter.
    """
    built = {}
    for language in sorted(lists):
        runs = [tokens for entry in lists[language] if len(tokens := token_hashes(entry))]
        textbook = {int(_whole(token_hashes(entry))) for entry in (medical or {}).get(language, ())}
        entries = {int(_whole(tokens)) for tokens in runs}
        built[language] = DirtyList(
            np.array(sorted(entries), dtype=np.uint64),
            np.array(sorted(entries & textbook), dtype=np.uint64),
            np.array(sorted({int(tokens[0]) for tokens in runs}), dtype=np.uint64),
            np.array(sorted({len(tokens) for tokens in runs}), dtype=np.int64),
        )
    return DirtyWords(built)


def _whole(tokens: Hashes) -> np.uint64:
    hashed: np.uint64 = run_hash(tokens, 0, len(tokens))
    return hashed


def save(words: DirtyWords, path: Path) -> None:
    """Write the hashes to one ``.npz`` file; equal hashes give equal bytes."""
    arrays: dict[str, Any] = {}
    for language in sorted(words.lists):
        listed = words.lists[language]
        arrays |= {f"{language}.{field}": getattr(listed, field) for field in _FIELDS}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> DirtyWords:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        languages = sorted(name.removesuffix(".entries") for name in arrays.files if name.endswith(".entries"))
        return DirtyWords({code: DirtyList(*(arrays[f"{code}.{field}"] for field in _FIELDS)) for code in languages})
