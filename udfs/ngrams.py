"""Decontamination: which benchmark items a document holds, by n-grams of tokens and the share of the item they cover.

The items' n-grams are indexed and looked up in the documents, never the reverse. One shared 8-gram finds nearly every
edited copy, and much that is none; the share of an item's tokens that lie in shared n-grams tells them apart (the measure
of Llama 3, section 5.1.4, and of Tülu 3). The index holds hashes and names only, no text of any item.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from udfs.sketch import Hashes, gram_hashes, token_hashes
from udfs.words import tokens

MIN_TOKENS = 5
"""Tokens from which an item shorter than n is matched as a whole; below it stays unprotected."""

MIN_ANSWER_TOKENS = 12
"""Tokens from which an answer is indexed: shorter ones (``(A)``, ``True``, a number) are everywhere."""

_FORMAT = 1
_GRAM_BYTES = 6
_GRAM_SHIFT = np.uint64(64 - 8 * _GRAM_BYTES)
_BITMAP_BITS = 24
_BITMAP_SHIFT = np.uint64(8 * _GRAM_BYTES - _BITMAP_BITS)

# Bounded and with the semicolon: `html.unescape` on a whole page fails on references of thousands of digits.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_CALCULATOR_MARK = re.compile(r"<<[^<>\n]{1,100}>>")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class BenchmarkItem:
    """One question of a benchmark: ``text`` is what decides, ``answer`` (may be empty) is matched apart."""

    suite: str
    id: str
    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """An item of which a document shares at least one n-gram.

    Parameters
    ----------
    suite, item : str
        Which item.
    coverage : float
        Share (0-1) of the tokens of the item's text inside n-grams that the document has too.
    answer : float
        The same share of its answer; 0 when the answer is not indexed.
    covered : int
        The tokens that ``coverage`` is the share of.
    """

    suite: str
    item: str
    coverage: float
    answer: float = 0.0
    covered: int = 0


def contaminated(hits: Sequence[Hit], threshold: float = 0.5, *, min_covered: int = MIN_TOKENS) -> Hit | None:
    """Return the best covered item at or above the threshold, or None when the document is clean.

    Answers never decide: a solution without its question is, for code, an idiom, and elsewhere weak evidence. Ties go to
    the first item by suite and id.

    Parameters
    ----------
    hits : sequence of Hit
        Of one document.
    threshold : float
        Least coverage (0-1).
    min_covered : int
        Least number of covered tokens. Short questions are also ordinary sentences: more tokens spare pages that have one
        by chance, and leave the items shorter than that to whoever copies them.
    """
    telling = [hit for hit in hits if hit.coverage >= threshold and hit.covered >= min_covered]
    return min(telling, key=lambda hit: (-hit.coverage, hit.suite, hit.item), default=None)


@dataclass(frozen=True, eq=False)
class NgramIndex:
    """The n-grams of benchmark items, ready to be looked up.

    Parameters
    ----------
    n : int
        Tokens in a gram; a shorter item is one gram of all its tokens.
    max_items_per_gram : int
        A gram of more texts than this is part of a template: it adds to the coverage of an item that another gram has
        brought up, but brings up none itself. Items of one suite whose tokens are the same count as one text.
    items : tuple of (str, str)
        Suite and id of every item, sorted.
    passages : ndarray of int32, shape (p, 3)
        Item number, 1 for an answer and 0 for a text, and number of tokens, of every indexed text and answer.
    grams : ndarray of uint64
        Leading 48 bits of the hashes of all grams, in the order of passages and positions.
    """

    n: int
    max_items_per_gram: int
    items: tuple[tuple[str, str], ...]
    passages: NDArray[np.int32]
    grams: Hashes

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the content: equal for the same items in any order and for any file format."""
        parts = (self._header(), self.passages.astype("<i4").tobytes(), self.grams.astype("<u8").tobytes())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    @cached_property
    def unprotected(self) -> Mapping[str, int]:
        """Items of each suite that no document can match: too short, or of template grams only."""
        telling = np.isin(self._twins, self._table.passages) & (self.passages[:, 1] == 0)
        seen = set(self.passages[telling, 0].tolist())
        missed = Counter(suite for i, (suite, _) in enumerate(self.items) if i not in seen)
        return {suite: missed[suite] for suite in sorted({suite for suite, _ in self.items})}

    @cached_property
    def _table(self) -> _Table:
        return _Table.of(self)

    @cached_property
    def _twins(self) -> NDArray[np.int64]:
        """For each passage the first of its suite and part that has the same grams in the same order."""
        first: dict[tuple[str, int, bytes], int] = {}
        twins = []
        for passage, (start, end, _) in enumerate(self._spans):
            item, is_answer, _ = self.passages[passage].tolist()
            key = (self.items[item][0], is_answer, self.grams[start:end].tobytes())
            twins.append(first.setdefault(key, passage))
        return np.array(twins, dtype=np.int64)

    @cached_property
    def _spans(self) -> list[tuple[int, int, int]]:
        """First gram, end of grams and gram width of each passage."""
        widths = np.minimum(self.passages[:, 2], self.n)
        ends = np.cumsum(self.passages[:, 2] - widths + 1, dtype=np.int64).tolist()
        return list(zip([0, *ends[:-1]], ends, widths.tolist(), strict=True)) if ends else []

    def match(self, text: str) -> list[Hit]:
        """Return the items that share a telling gram with a text, sorted by suite and item.

        Of items of one suite that have the same tokens (they differ in brackets, say) only the first is named. Any string
        is accepted. Character references, soft hyphens, zero-width characters and the calculator marks of
        GSM8K (``<<48/2=24>>``) do not matter, nor do case, punctuation and white space.
        """
        hashes = token_hashes(tokens(plain(text)))
        by_width = {w: gram_hashes(hashes, w) >> _GRAM_SHIFT for w in self._table.widths if len(hashes) >= w}
        if not by_width:
            return []
        found = self._table.candidates(np.concatenate(list(by_width.values())))
        if not found:
            return []
        shared = {width: np.unique(grams) for width, grams in by_width.items()}
        parts: dict[int, list[tuple[float, int]]] = {}
        for passage in found:
            item, is_answer, size = self.passages[passage].tolist()
            start, end, width = self._spans[passage]
            if width in shared and (covered := _covered(_contains(shared[width], self.grams[start:end]), width)):
                parts.setdefault(item, [(0.0, 0), (0.0, 0)])[is_answer] = covered / size, covered
        return [Hit(*self.items[i], text[0], answer[0], text[1]) for i, (text, answer) in sorted(parts.items())]

    def _header(self) -> bytes:
        suites: dict[str, list[str]] = {}
        for suite, item in self.items:
            suites.setdefault(suite, []).append(item)
        header = {"format": _FORMAT, "n": self.n, "max_items_per_gram": self.max_items_per_gram, "suites": suites}
        return json.dumps(header, sort_keys=True).encode("ascii")

    def save(self, path: Path) -> None:
        """Write the index as one ``.npz`` file; equal indexes give equal bytes."""
        low_bytes = self.grams.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :_GRAM_BYTES]
        header = np.frombuffer(self._header(), dtype=np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, header=header, passages=self.passages.astype("<i4"), grams=low_bytes)

    @classmethod
    def load(cls, path: Path) -> NgramIndex:
        """Read an index that `save` wrote.

        Raises
        ------
        ValueError
            When the file is no such index; the message names it.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                header = json.loads(arrays["header"].tobytes())
                passages, low_bytes = arrays["passages"].astype(np.int32), arrays["grams"]
            if header["format"] != _FORMAT:
                raise ValueError(f"format {header['format']}, this version reads {_FORMAT}")
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: not a benchmark index ({error}); build it again") from None
        grams = np.zeros((len(low_bytes), 8), dtype=np.uint8)
        grams[:, :_GRAM_BYTES] = low_bytes
        items = tuple((suite, item) for suite, ids in header["suites"].items() for item in ids)
        flat = grams.reshape(-1).view("<u8").astype(np.uint64)
        return cls(header["n"], header["max_items_per_gram"], items, passages, flat)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """From telling grams to the passages they stand in."""

    widths: tuple[int, ...]
    keys: Hashes
    starts: NDArray[np.int64]
    passages: NDArray[np.int64]
    bitmap: NDArray[np.uint8]

    @classmethod
    def of(cls, index: NgramIndex) -> _Table:
        lengths = np.array([end - start for start, end, _ in index._spans], dtype=np.int64)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        once = index._twins[owner] == owner
        grams, owner = index.grams[once], owner[once]
        order = np.lexsort((owner, grams))
        grams, owner = grams[order], owner[order]
        grams, owner = _where(_changes(grams) | _changes(owner), grams, owner)
        number = np.cumsum(_changes(grams)) - 1
        grams, owner = _where(np.bincount(number)[number] <= index.max_items_per_gram, grams, owner)
        starts = np.append(np.flatnonzero(_changes(grams)), len(grams))
        keys = grams[starts[:-1]]
        bitmap = np.zeros(1 << _BITMAP_BITS, dtype=bool)
        bitmap[keys >> _BITMAP_SHIFT] = True
        widths = tuple(sorted({width for _, _, width in index._spans}))
        return cls(widths, keys, starts, owner, np.packbits(bitmap, bitorder="little"))

    def candidates(self, grams: Hashes) -> list[int]:
        """Return the passages that hold one of the grams, in ascending order."""
        slot = grams >> _BITMAP_SHIFT
        likely = grams[(self.bitmap[slot >> np.uint64(3)] >> (slot & np.uint64(7)).astype(np.uint8)) & 1 == 1]
        if not len(likely):
            return []
        at = np.searchsorted(self.keys, np.unique(likely[_contains(self.keys, likely)])).tolist()
        return sorted({p for i in at for p in self.passages[self.starts[i] : self.starts[i + 1]].tolist()})


def build_index(items: Iterable[BenchmarkItem], *, n: int = 8, max_items_per_gram: int = 10) -> NgramIndex:
    """Index benchmark items.

    Parameters
    ----------
    items : iterable of BenchmarkItem
        In any order.
    n : int
        Tokens in a gram.
    max_items_per_gram : int
        See `NgramIndex`.

    Raises
    ------
    ValueError
        When two items share suite and id, or ``n`` is below 5.
    """
    if n < MIN_TOKENS:
        raise ValueError(f"n is {n}; grams of fewer than {MIN_TOKENS} tokens match ordinary text")
    ordered = sorted(items, key=lambda item: (item.suite, item.id))
    names = tuple((item.suite, item.id) for item in ordered)
    for name, following in pairwise(names):
        if name == following:
            raise ValueError(f"benchmark {name[0]}: item {name[1]!r} occurs twice; give each item its own id")
    passages: list[tuple[int, int, int]] = []
    grams: list[Hashes] = [np.zeros(0, dtype=np.uint64)]
    for number, item in enumerate(ordered):
        for is_answer, (text, least) in enumerate(((item.text, MIN_TOKENS), (item.answer, MIN_ANSWER_TOKENS))):
            hashes = token_hashes(tokens(plain(text)))
            if len(hashes) >= least:
                passages.append((number, is_answer, len(hashes)))
                grams.append(gram_hashes(hashes, n) >> _GRAM_SHIFT)
    table = np.array(passages, dtype=np.int32).reshape(-1, 3)
    return NgramIndex(n, max_items_per_gram, names, table, np.concatenate(grams))


def plain(text: str) -> str:
    """Return a text without what hides a copy: character references, invisible characters, calculator marks."""
    if "&" in text:
        text = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
    if "<<" in text:
        text = _CALCULATOR_MARK.sub("", text)
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _changes(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return where a value differs from the one before it; the first does."""
    changed = np.ones(len(values), dtype=bool)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _contains(ascending: Hashes, values: Hashes) -> NDArray[np.bool_]:
    """Return which values occur in an ascending array that is not empty; `np.isin` would sort that array every time."""
    nearest = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[nearest] == values
    return found


def _where(kept: NDArray[np.bool_], grams: Hashes, owner: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    return grams[kept], owner[kept]


def _covered(present: NDArray[np.bool_], width: int) -> int:
    """Return how many tokens lie in the grams that are present, given one flag for each position."""
    edges = np.zeros(len(present) + width, dtype=np.int64)
    edges[: len(present)] += present
    edges[width:] -= present
    return int(np.count_nonzero(np.cumsum(edges[:-1])))
