"""The n-grams of benchmark items, ready to be looked up in documents; hashes and names only, no text of any item.

One shared 8-gram finds nearly every edited copy, and much that is none; the share of an item's tokens that lie in shared n-grams tells
them apart (the measure of Llama 3, section 5.1.4, and of Tülu 3).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from udfs.decontamination.table import GRAM_BYTES, GRAM_SHIFT, Grams, Table, contains, in_grams, joined, make_table, runs
from udfs.decontamination.text import copy_tokens, token_spans
from udfs.sketch import Hashes, gram_hashes, token_hashes

Part = Literal["question", "answer"]
PARTS: tuple[Part, Part] = ("question", "answer")
NO_TEXT, TOO_SHORT, TEMPLATE = "no text", "too short", "frequent n-grams only"
_FORMAT = 2


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A part of an item of which a document shares at least one telling n-gram.

    Parameters
    ----------
    suite, item, part : str
        What of which item.
    coverage : float
        Share (0-1) of the tokens of the part inside n-grams that the document has too.
    own : float
        The same share of those tokens alone that lie in telling n-grams: without templates and what a corpus is full of.
    covered, tokens, own_tokens : int
        The tokens that ``coverage`` is the share of, and of how many; of how many ``own`` is the share.
    passage : int
        Number of the passage in the index: `NgramIndex.locate` wants it.
    """

    suite: str
    item: str
    part: Part
    coverage: float
    own: float
    covered: int
    tokens: int
    own_tokens: int
    passage: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hit lies.

    Parameters
    ----------
    ranges : tuple of (int, int)
        In the document, code points, half-open, ascending: what is shared, with the changed words in between.
    covered : tuple of (int, int)
        In the passage, tokens: what is shared of its own ones.
    """

    ranges: tuple[tuple[int, int], ...]
    covered: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class NgramIndex:
    """The n-grams of benchmark items.

    Parameters
    ----------
    sizes : mapping of str to int
        Tokens of a gram, by suite; a shorter passage is one gram of all its tokens.
    max_items_per_gram : int
        A gram of more items of its suite than this is part of a template: it brings up no item. Items of one suite whose
        tokens are the same count as one.
    items : tuple of (str, str)
        Suite and id of every item, sorted.
    passages : ndarray of int32, shape (p, 4)
        Item number, part (place in `PARTS`), writing (place in `udfs.decontamination.text.WRITINGS`) and number of tokens.
    grams : ndarray of uint64
        Leading 48 bits of the hashes of all grams, in the order of passages and positions.
    frequent : ndarray of uint64
        Grams of a corpus' own phrases, which are treated as those of templates; ascending.
    """

    sizes: Mapping[str, int]
    max_items_per_gram: int
    items: tuple[tuple[str, str], ...]
    passages: NDArray[np.int32]
    grams: Hashes
    frequent: Hashes

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the content: equal for the same items in any order and for any file format."""
        arrays = (self.passages.astype("<i4"), self.grams.astype("<u8"), self.frequent.astype("<u8"))
        return hashlib.sha256(b"\0".join([self._header(), *(array.tobytes() for array in arrays)])).hexdigest()

    @cached_property
    def unseen(self) -> Mapping[tuple[str, str], str]:
        """Items whose question no document can match, and why: `NO_TEXT`, `TOO_SHORT` or `TEMPLATE`."""
        questions = self.passages[:, 1] == PARTS.index("question")
        sizes = dict(zip(self.passages[questions, 0].tolist(), self.passages[questions, 3].tolist(), strict=True))
        seen = self._twin_items(np.unique(self._table.passages[questions[self._table.passages]]))
        return {
            name: NO_TEXT if i not in sizes else TOO_SHORT if not sizes[i] else TEMPLATE
            for i, name in enumerate(self.items)
            if i not in seen
        }

    @cached_property
    def texts(self) -> Mapping[str, int]:
        """Questions of each suite that differ in their tokens; those of no token count as one."""
        questions = (self.passages[:, 1] == PARTS.index("question")) & (self.passages[:, 2] == 0)
        firsts = {self._twins[passage] for passage in np.flatnonzero(questions).tolist()}
        counts = Counter(self.items[self.passages[first, 0]][0] for first in firsts)
        return {suite: counts[suite] for suite in self.sizes}

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        return tuple(sorted({width for start, end, width in self._spans if end > start}))

    @cached_property
    def _table(self) -> Table:
        once = np.array([passage == twin for passage, twin in enumerate(self._twins)], dtype=bool)
        lengths = np.array([end - start for start, end, _ in self._spans], dtype=np.int64)
        suites = {suite: number for number, suite in enumerate(self.sizes)}
        of_item = np.array([suites[suite] for suite, _ in self.items], dtype=np.int64)
        passage = np.repeat(np.arange(len(lengths)), lengths)
        kept = once[passage]
        item = self.passages[passage[kept], 0].astype(np.int64)
        table = make_table(
            Grams(self.grams[kept], passage[kept], item, of_item[item], self.frequent),
            self.max_items_per_gram,
        )
        telling = np.zeros(len(self.grams), dtype=bool)
        telling[kept] = table.telling
        return Table(table.keys, table.starts, table.passages, telling, table.bitmap)

    @cached_property
    def _twins(self) -> list[int]:
        """For each passage the first of its suite and part that has the same grams in the same order."""
        first: dict[tuple[str, int, bytes], int] = {}
        twins = []
        for passage, (start, end, _) in enumerate(self._spans):
            item, part = self.passages[passage, :2].tolist()
            key = (self.items[item][0], part, self.grams[start:end].tobytes())
            twins.append(first.setdefault(key, passage))
        return twins

    def _twin_items(self, passages: NDArray[np.int64]) -> frozenset[int]:
        """Items that have one of these passages, or its twin."""
        found = set(passages.tolist())
        return frozenset(item for item, twin in zip(self.passages[:, 0].tolist(), self._twins, strict=True) if twin in found)

    @cached_property
    def _spans(self) -> list[tuple[int, int, int]]:
        """First gram, end of grams and gram width of each passage."""
        widths = [min(size, self.sizes[self.items[item][0]]) for item, _, _, size in self.passages.tolist()]
        sizes = self.passages[:, 3].tolist()
        ends = np.cumsum(
            [size - width + 1 if size else 0 for size, width in zip(sizes, widths, strict=True)], dtype=np.int64
        ).tolist()
        return list(zip([0, *ends[:-1]], ends, widths, strict=True)) if ends else []

    def match(self, text: str) -> list[Hit]:
        """Return what the document shares with items, sorted; of several writings of a part the best covered one.

        Of items of one suite that have the same tokens (they differ in brackets, say) only the first is named. Any string
        is accepted. Character references, soft hyphens, zero-width characters and the calculator marks of
        GSM8K (``<<48/2=24>>``) do not matter, nor do case, punctuation and white space.
        """
        hashes = token_hashes(copy_tokens(text))
        by_width = {w: gram_hashes(hashes, w) >> GRAM_SHIFT for w in self._widths if len(hashes) >= w}
        if not by_width:
            return []
        found = self._table.candidates(np.concatenate(list(by_width.values())))
        shared = {width: np.unique(by_width[width]) for width in {self._spans[p][2] for p in found} & set(by_width)}
        best: dict[tuple[int, int], Hit] = {}
        for passage in found:
            width = self._spans[passage][2]
            if width not in shared:
                continue
            item, part = self.passages[passage, :2].tolist()
            hit = self._hit(passage, shared[width])
            other = best.setdefault((item, part), hit)
            if (hit.coverage, hit.own) > (other.coverage, other.own):
                best[item, part] = hit
        return sorted(best.values())

    def _hit(self, passage: int, shared: Hashes) -> Hit:
        start, end, width = self._spans[passage]
        item, part, _, size = self.passages[passage].tolist()
        inside = in_grams(contains(shared, self.grams[start:end]), width)
        own = in_grams(self._table.telling[start:end], width)
        covered, of_own = int(np.count_nonzero(inside)), int(np.count_nonzero(own))
        share = int(np.count_nonzero(inside & own)) / of_own
        suite, name = self.items[item]
        return Hit(suite, name, PARTS[part], covered / size, share, covered, size, of_own, passage)

    def locate(self, text: str, hits: Sequence[Hit]) -> list[Place]:
        """Return where each hit lies in the text that it was found in, and which tokens of the passage it covers.

        A changed word takes the n-grams on both sides with it, no further: what lies between two shared stretches and is shorter than
        an n-gram is part of the copy.
        """
        if not hits:
            return []
        hashes, spans = token_hashes(copy_tokens(text)), token_spans(text)
        places = []
        for hit in hits:
            start, end, width = self._spans[hit.passage]
            grams = gram_hashes(hashes, width) >> GRAM_SHIFT
            mine = self.grams[start:end]
            inside = runs(in_grams(contains(np.sort(mine), grams), width), gap=width)
            ranges = [(int(spans.starts[first]), int(spans.ends[last - 1])) for first, last in inside]
            shared = in_grams(contains(np.unique(grams), mine), width) & in_grams(self._table.telling[start:end], width)
            places.append(Place(tuple(joined(ranges)), tuple(runs(shared))))
        return places

    def shared_grams(self, text: str) -> dict[int, tuple[int, int]]:
        """Return the telling grams that a text shares with any item: the gram and where it first lies, in code points."""
        hashes = token_hashes(copy_tokens(text))
        found: dict[int, tuple[int, int]] = {}
        spans = None
        for width in (w for w in self._widths if len(hashes) >= w and len(self._table.keys)):
            grams = gram_hashes(hashes, width) >> GRAM_SHIFT
            for at in np.flatnonzero(contains(self._table.keys, grams)).tolist():
                spans = spans or token_spans(text)
                found.setdefault(int(grams[at]), (int(spans.starts[at]), int(spans.ends[at + width - 1])))
        return found

    def _header(self) -> bytes:
        suites: dict[str, list[str]] = {suite: [] for suite in self.sizes}
        for suite, item in self.items:
            suites[suite].append(item)
        header = {"format": _FORMAT, "sizes": dict(self.sizes), "max_items_per_gram": self.max_items_per_gram, "suites": suites}
        return json.dumps(header, sort_keys=True).encode("ascii")

    def save(self, path: Path) -> None:
        """Write the index as one ``.npz`` file; equal indexes give equal bytes."""
        header = np.frombuffer(self._header(), dtype=np.uint8)
        arrays = {"passages": self.passages.astype("<i4"), "grams": _low(self.grams), "frequent": _low(self.frequent)}
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, header=header, **arrays)

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
                header: dict[str, Any] = json.loads(arrays["header"].tobytes())
                if header["format"] != _FORMAT:
                    raise ValueError(f"format {header['format']}, this version reads {_FORMAT}")
                passages = arrays["passages"].astype(np.int32)
                grams, frequent = _high(arrays["grams"]), _high(arrays["frequent"])
            items = tuple((suite, item) for suite, ids in header["suites"].items() for item in ids)
            return cls(header["sizes"], header["max_items_per_gram"], items, passages, grams, frequent)
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: not a benchmark index ({error}); build it again: woolmill benchmarks build") from None


def _low(hashes: Hashes) -> NDArray[np.uint8]:
    return hashes.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :GRAM_BYTES]


def _high(low_bytes: NDArray[np.uint8]) -> Hashes:
    whole = np.zeros((len(low_bytes), 8), dtype=np.uint8)
    whole[:, :GRAM_BYTES] = low_bytes
    return whole.reshape(-1).view("<u8").astype(np.uint64)
