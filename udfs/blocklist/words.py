"""Words of URLs: hard ones drop a page alone, soft ones two together; substrings of the squeezed URL are only noted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import can_ada

from udfs.blocklist.kernels.layout import HARD, HOST, SOFT
from udfs.blocklist.lists import ListFile

SOFT_WORDS_TO_BLOCK: Final = 2
"""Different soft words of one list in one URL that block it (FineWeb's rule)."""

SHORTEST_SUBSTRING: Final = 3
"""Letters and digits of a substring; shorter ones are in every second URL."""

_WORD: Final = re.compile(r"[^\W_]+")
_NOT_SQUEEZED: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Address:
    """What a canonical URL says: host and the rest, percent-decoded, punycode-decoded, case-folded."""

    host: str
    rest: str

    @classmethod
    def of(cls, host: str, rest: str) -> Address:
        """Decode a canonical host, and path and query of a canonical URL."""
        if "xn--" in host:
            host = can_ada.idna_decode(host.encode())  # type: ignore[arg-type]  # its stub says str, it takes bytes
        return cls(host.casefold(), unquote(rest).casefold())


@dataclass(frozen=True, slots=True)
class WordRule:
    """The word files of one category.

    ``hard`` words drop anywhere, ``host_only`` words in the host, ``soft`` words when two different ones occur.
    """

    list: str
    category: str
    hard: frozenset[str]
    host_only: frozenset[str]
    soft: frozenset[str]

    def words(self, host_words: Sequence[str], words: Sequence[str]) -> str | None:
        """Return the words for which the rule drops, or None."""
        hard = [w for w in words if w in self.hard] or [w for w in host_words if w in self.host_only]
        if hard:
            return hard[0]
        soft = sorted({w for w in words if w in self.soft})
        return "+".join(soft) if len(soft) >= SOFT_WORDS_TO_BLOCK else None

    def codes(self) -> dict[str, int]:
        """Return the words with what they do, for the kernel."""
        codes: dict[str, int] = {}
        for words, code in ((self.hard, HARD), (self.host_only, HOST), (self.soft, SOFT)):
            for word in sorted(words):
                codes[word] = codes.get(word, 0) | code
        return codes


@dataclass(frozen=True, slots=True)
class SubstringRule:
    """A file of substrings of the squeezed URL."""

    list: str
    category: str
    substrings: frozenset[str]

    def longest(self, text: str) -> str | None:
        """Return the longest substring that a squeezed URL holds, the first in the order of letters among equals, or None."""
        held = [one for one in self.substrings if one in text]
        return min(held, key=lambda one: (-len(one), one), default=None)


def words_of(address: Address) -> tuple[list[str], list[str]]:
    """Return the words of the host, and those of the whole URL in their order."""
    host_words = _words(address.host)
    return host_words, host_words + _words(address.rest)


def squeezed(address: Address) -> str:
    """Return the ASCII letters and digits of a URL, scheme and port left out."""
    return _NOT_SQUEEZED.sub("", address.host + address.rest)


def word_rules(lists: Iterable[ListFile], notes: list[str]) -> tuple[WordRule, ...]:
    """Read files of hard and soft words, one rule a category in the order of categories; append what is odd to the notes."""
    found: dict[str, list[tuple[ListFile, list[str]]]] = {}
    for file in lists:
        if file.kind in ("words.txt", "soft_words.txt"):
            found.setdefault(file.category, []).append((file, _usable(file, notes)))
    rules = []
    for category, read in sorted(found.items()):
        hard = [word for file, words in read if file.kind == "words.txt" for word in words]
        rules.append(
            WordRule(
                list="+".join(file.name for file, _ in read),
                category=category,
                hard=frozenset(word for word in hard if ":" not in word),
                host_only=frozenset(word.removeprefix("host:") for word in hard if word.startswith("host:")),
                soft=frozenset(word for file, words in read if file.kind == "soft_words.txt" for word in words),
            )
        )
    return tuple(rules)


def substring_rules(lists: Iterable[ListFile], notes: list[str]) -> tuple[SubstringRule, ...]:
    """Read files of substrings, one rule a file, in the order of categories; append what is odd to the notes."""
    rules = []
    for file in lists:
        if file.kind == "substrings.txt":
            rules.append(SubstringRule(file.name, file.category, frozenset(_substrings(file, notes))))
    return tuple(sorted(rules, key=lambda rule: rule.category))


def _words(text: str) -> list[str]:
    runs = _WORD.findall(text)
    # Spam hosts come in numbered series: casino7 counts as casino too.
    return runs + [bare for run in runs if run[-1].isdigit() and (bare := run.rstrip("0123456789"))]


def _usable(file: ListFile, notes: list[str]) -> list[str]:
    entries = [entry.casefold() for entry in file.entries()]
    usable = [entry for entry in entries if _WORD.fullmatch(entry.removeprefix("host:"))]
    if odd := sorted(set(entries) - set(usable)):
        notes.append(f"{file.name}: {len(odd)} words refused, not one run of letters and digits: {odd[:3]}")
    return usable


def _substrings(file: ListFile, notes: list[str]) -> list[str]:
    entries = {entry: _NOT_SQUEEZED.sub("", entry.casefold()) for entry in file.entries()}
    if odd := sorted(entry for entry, bare in entries.items() if len(bare) < SHORTEST_SUBSTRING):
        notes.append(f"{file.name}: {len(odd)} substrings refused, fewer than three ASCII letters and digits: {odd[:3]}")
    return [bare for entry, bare in entries.items() if entry not in odd]
