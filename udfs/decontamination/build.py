"""Benchmark items to an index of their n-grams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from udfs.decontamination.index import PARTS, NgramIndex
from udfs.decontamination.table import GRAM_SHIFT, Flags, contains, in_grams
from udfs.decontamination.text import WRITINGS, copy_tokens
from udfs.sketch import Hashes, gram_hashes, token_hashes

MIN_TOKENS = 5
"""Tokens from which a question shorter than n is matched as a whole; below it no rule sees it."""

MIN_ANSWER_TOKENS = 12
"""Tokens from which an answer is indexed: shorter ones (``(A)``, ``True``, a number) are everywhere."""

MIN_WORDS = 2
"""Words of two letters or more that a gram of an answer must hold to mean anything."""

FOUND_ALREADY = 0.8
"""A writing without marks of which other writings cover this share is not indexed: they find its copies."""


@dataclass(frozen=True, slots=True)
class BenchmarkItem:
    """One question of a benchmark and its answer, which may be empty; they are matched apart."""

    suite: str
    id: str
    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How an index is made.

    Parameters
    ----------
    n : int
        Tokens in a gram.
    sizes : mapping of str to int
        The same for single suites.
    max_items_per_gram : int
        See `NgramIndex`.
    frequent : sequence of str
        Phrases of a corpus that mean nothing; all their n-grams are left out.

    Raises
    ------
    ValueError
        When n is below 5: grams of fewer tokens match ordinary text.
    """

    n: int = 8
    sizes: Mapping[str, int] = field(default_factory=dict)
    max_items_per_gram: int = 10
    frequent: Sequence[str] = ()

    def __post_init__(self) -> None:
        for n in (self.n, *self.sizes.values()):
            if n < MIN_TOKENS:
                raise ValueError(f"n is {n}; grams of fewer than {MIN_TOKENS} tokens match ordinary text")


def build_index(items: Iterable[BenchmarkItem], settings: BuildSettings | None = None) -> NgramIndex:
    """Index benchmark items.

    Parameters
    ----------
    items : iterable of BenchmarkItem
        In any order.
    settings : BuildSettings
        By default 8-grams.

    Raises
    ------
    ValueError
        When two items share suite and id, or a size is given for a suite that is not there.
    """
    settings = settings or BuildSettings()
    ordered = sorted(items, key=lambda item: (item.suite, item.id))
    names = tuple((item.suite, item.id) for item in ordered)
    for name, following in pairwise(names):
        if name == following:
            raise ValueError(f"benchmark {name[0]}: item {name[1]!r} occurs twice; give each item its own id")
    suites = sorted({suite for suite, _ in names})
    if unknown := sorted(set(settings.sizes) - set(suites)):
        raise ValueError(f"an n-gram size is given for {unknown[0]!r}; the benchmarks are {', '.join(suites)}")
    sizes = {suite: settings.sizes.get(suite, settings.n) for suite in suites}
    passages: list[tuple[int, int, int, int]] = []
    grams, empty = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.uint64)]
    for number, item in enumerate(ordered):
        for part, (text, least) in enumerate(((item.text, MIN_TOKENS), (item.answer, MIN_ANSWER_TOKENS))):
            for writing, words in _writings(text, least, sizes[item.suite]):
                made = _grams(words, sizes[item.suite])
                passages.append((number, part, writing, len(words)))
                grams.append(made)
                if PARTS[part] == "answer":
                    empty.append(made[_wordless(words, sizes[item.suite])])
            if PARTS[part] == "question" and text.strip() and (not passages or passages[-1][:2] != (number, part)):
                passages.append((number, part, 0, 0))
    table = np.array(passages, dtype=np.int32).reshape(-1, 4)
    frequent = np.unique(np.concatenate([*empty, *_frequent(settings.frequent, sorted(set(sizes.values())))]))
    return NgramIndex(sizes, settings.max_items_per_gram, names, table, np.concatenate(grams), frequent)


def _writings(text: str, least: int, n: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the writings of a text that need n-grams of their own, as number and tokens; none of a text that is too short."""
    known = np.zeros(0, dtype=np.uint64)
    for writing in range(len(WRITINGS)):
        words = copy_tokens(text, writing=writing)
        if len(words) < least:
            return
        made = _grams(words, n)
        if len(known) and in_grams(contains(known, made), min(n, len(words))).mean() >= FOUND_ALREADY:
            continue
        known = np.union1d(known, made)
        yield writing, words


def _grams(words: Sequence[str], n: int) -> Hashes:
    return gram_hashes(token_hashes(words), n) >> GRAM_SHIFT


def _wordless(words: Sequence[str], n: int) -> Flags:
    """Return which grams hold fewer than two words of letters: ``1 2 3 4 5 6 7 8`` is anywhere, whatever it answers."""
    lettered = [len(word) > 1 and not word.isdecimal() for word in words]
    width = min(n, len(words))
    sums = np.cumsum([0, *lettered])
    wordless: Flags = sums[width:] - sums[:-width] < MIN_WORDS
    return wordless


def _frequent(phrases: Sequence[str], sizes: Sequence[int]) -> Iterator[Hashes]:
    for phrase in phrases:
        if words := copy_tokens(phrase):
            yield from (_grams(words, n) for n in ([n for n in sizes if n <= len(words)] or [len(words)]))
