"""The block list of a run: host and path tables, words, and what they say of a URL or of a million."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa

from udfs.blocklist.kernels.layout import ALLOWED, NONE, NUMBER, ODD, Bytes, Numbers, Offsets, Table
from udfs.blocklist.kernels.urls import find_entry, scan
from udfs.blocklist.lists import DEFAULT_CATEGORIES, BlockListError, ListFile, find_lists, hashed_lines, read_list, source_digest
from udfs.blocklist.table import frozen, is_saved, make_table, open_table, save, texts, word_table
from udfs.blocklist.words import Address, SubstringRule, WordRule, squeezed, substring_rules, word_rules, words_of
from udfs.urls import ERROR, canonical, host_of_key, is_ip_address, is_public_suffix


@dataclass(frozen=True, slots=True)
class BlockHit:
    """Why a URL is blocked: the list's file name, its category, and the host, host and path, or words that it holds."""

    list: str
    category: str
    entry: str


@dataclass(frozen=True, slots=True)
class Source:
    """A list: its file name (of words: names), its category, and whether it lists what must stay."""

    list: str
    category: str
    allow: bool = False


@dataclass(frozen=True, slots=True)
class _Url:
    """A canonical URL with its host and where its path begins."""

    key: str
    host: str
    path: int


@dataclass(frozen=True, eq=False)
class BlockList:
    """Everything that can block a URL, built by :meth:`load`.

    Parameters
    ----------
    table : Table
        Hashes of hosts, and of hosts with paths; a code numbers the list (`udfs.blocklist.kernels.layout`).
    sources : tuple of Source
        Lists of hosts and paths; allow lists first.
    words, substrings : tuple of WordRule, tuple of SubstringRule
        What URLs may say, sorted by category.
    notes : tuple of str
        What a person should know about the lists: entries refused, entries that block a public suffix.
    digest : str
        SHA-256 of all that decides a match, in hexadecimal.
    """

    table: Table
    sources: tuple[Source, ...]
    words: tuple[WordRule, ...]
    substrings: tuple[SubstringRule, ...]
    notes: tuple[str, ...]
    digest: str

    def __post_init__(self) -> None:
        frozen(self.table)

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    @classmethod
    def load(
        cls, paths: Sequence[str], categories: frozenset[str] | None = DEFAULT_CATEGORIES, *, cache: Path | None = None
    ) -> Self:
        """Read lists.

        Parameters
        ----------
        paths : sequence of str
            Files, or folders searched for files, named ``CATEGORY.domains``, ``CATEGORY.urls``, ``CATEGORY.words.txt``,
            ``CATEGORY.soft_words.txt``, ``CATEGORY.substrings.txt`` (each may end in ``.xz``), ``CATEGORY/domains`` and
            ``CATEGORY/urls`` (the layout of UT1's archives), or FineWeb's ``banned_words.txt``, ``soft_banned_words.txt``
            and ``banned_subwords.txt``. Other files of a folder are left alone. UTF-8, one entry a line, ``#`` starts a
            comment.
        categories : frozenset of str, optional
            Which categories to read; None reads all. Allow lists are always read.
        cache : Path, optional
            Folder in which hosts and paths are kept as a compiled table, made once and named by the digest of its
            sources, that all processes map into memory. Without it, or where it can't be written, the table is made anew.

        Returns
        -------
        BlockList
            The same for the same files in the same order; later lists don't take entries from earlier ones. Without
            paths it blocks nothing.

        Raises
        ------
        BlockListError
            When a path is missing or not named as above, or nothing is left to load.

        Notes
        -----
        An entry without a dot is refused: as a suffix it would block a top-level domain. An IPv4 address matches as a
        whole. An entry of host and path is a prefix at a slash of the canonical URL; without a path of its own it is
        that host's home page only.
        """
        wanted = find_lists(paths, categories)
        hosts = sorted((file for file in wanted if file.kind in ("domains", "urls")), key=lambda file: not file.allow)
        if len(hosts) >= NUMBER:
            raise BlockListError(f"{len(hosts)} lists, at most {NUMBER - 1} can be told apart; join some")
        table, about = _table(hosts, cache)
        sources = tuple(Source(file.name, file.category, file.allow) for file in hosts)
        notes = list(about["notes"])
        words, substrings = word_rules(wanted, notes), substring_rules(wanted, notes)
        digest = _digest([about["digest"], sources, words, substrings])
        return cls(table, sources, words, substrings, tuple(notes), digest)

    @property
    def lists(self) -> tuple[Source, ...]:
        """Every list, as :meth:`match_all` numbers them: those of hosts and paths, then the words of each category."""
        return self.sources + tuple(Source(rule.list, rule.category) for rule in self.words)

    def match(self, url: str) -> BlockHit | None:
        """Return what blocks a URL, or None.

        Parameters
        ----------
        url : str
            Any string; what is no URL of a web page is never blocked.

        Returns
        -------
        BlockHit or None
            The widest entry: the shortest host suffix, then the shortest path, then words by category.

        Notes
        -----
        Two different names share a hash with a chance of about ``entries / 2**64`` a probe, 3e-13 at five million
        entries, so hits are not verified. Words are those of the canonical URL without its scheme, percent-decoded, its
        host in Unicode, case-folded; a rule never looks inside a word (Scunthorpe, essex.ac.uk), it
        only leaves out digits at its end.
        """
        number, entry = self._find(url)
        return None if number < 0 else BlockHit(self.lists[number].list, self.lists[number].category, entry)

    def match_all(self, urls: Sequence[str] | pa.Array) -> Numbers:
        """Return which list blocks each of many URLs.

        Parameters
        ----------
        urls : sequence of str, or pyarrow string array
            Any strings; null is never blocked.

        Returns
        -------
        array of int32
            For each URL the number in :attr:`lists` of the list that :meth:`match` names, -1 where it answers None.

        Notes
        -----
        A compiled scan answers for hosts and plain paths; those that are written otherwise, or seem to hold a listed word,
        are asked of :meth:`match`.
        """
        data, offsets = texts(urls)
        found = self._scanned(data, offsets)
        for row in np.flatnonzero(found == ODD).tolist():
            url = data[offsets[row] : offsets[row + 1]].tobytes().decode("utf-8", "surrogatepass")
            found[row] = max(self._find(url)[0], NONE)
        return found

    def scan(self, urls: Sequence[str] | pa.Array) -> Numbers:
        """Return what the compiled scan alone says of URLs: as :meth:`match_all`, and -2 where :meth:`match` is to be asked."""
        return self._scanned(*texts(urls))

    def _scanned(self, data: Bytes, offsets: Offsets) -> Numbers:
        found = np.empty(len(offsets) - 1, dtype=np.int32)
        words, beyond = self._scanned_words
        scan(data, offsets, self.table, self._allow, words, beyond, found)
        return found

    def mark(self, url: str) -> BlockHit | None:
        """Return the substring of a URL that is to be noted, or None.

        The URL is squeezed to its ASCII letters and digits, in which a substring may lie across words that mean no harm
        ("expertsexchange"): alone it is no reason to drop a page. The first category counts, of a list the longest substring.
        """
        if not self.substrings or (parsed := _parsed(url)) is None or self._entry(parsed)[0] == ALLOWED:
            return None
        text = squeezed(Address.of(parsed.host, parsed.key[parsed.path :]))
        hits = (BlockHit(rule.list, rule.category, held) for rule in self.substrings if (held := rule.longest(text)))
        return next(hits, None)

    def _find(self, url: str) -> tuple[int, str]:
        """Return the number of the list that blocks a URL, and its entry."""
        parsed = _parsed(url)
        if parsed is None:
            return NONE, ""
        number, entry = self._entry(parsed)
        if number != NONE or not self.words:
            return number, entry
        host_words, words = words_of(Address.of(parsed.host, parsed.key[parsed.path :]))
        hits = ((place, said) for place, rule in enumerate(self.words) if (said := rule.words(host_words, words)))
        place, said = next(hits, (None, ""))
        return (NONE, "") if place is None else (len(self.sources) + place, said)

    def _entry(self, url: _Url) -> tuple[int, str]:
        """Return the number of the list that holds a host or path, `NONE` or `ALLOWED`, and the entry."""
        key = np.frombuffer(url.key.encode(), dtype=np.uint8)
        end = 8 + len(url.host)
        number, place = find_entry(key, end, url.path, is_ip_address(url.host), self.table, self._allow)
        if number < 0:
            return number, ""
        return number, url.host + url.key[url.path : place] if place > url.path else url.key[place:end]

    @cached_property
    def _allow(self) -> int:
        return sum(source.allow for source in self.sources)

    @cached_property
    def _scanned_words(self) -> tuple[Table, bool]:
        """Words that the kernel looks for, and whether there are others, beyond ASCII."""
        codes: dict[str, int] = {}
        for rule in self.words:
            for word, code in rule.codes().items():
                codes[word] = codes.get(word, 0) | code
        plain = {word: codes[word] for word in sorted(codes) if word.isascii()}
        return word_table(plain), len(plain) < len(codes)


def compile_kernels() -> None:
    """Compile the kernels that a block list needs."""
    nothing = BlockList.load([])
    nothing.match("http://a.example/b")
    nothing.match_all(["http://a.example/b"])
    hashed_lines(b"")


def _parsed(url: str) -> _Url | None:
    key = canonical(url)
    return None if key.startswith(ERROR) else _Url(key, host_of_key(key), key.index("/", 8))


def _table(hosts: Sequence[ListFile], cache: Path | None) -> tuple[Table, dict[str, Any]]:
    """Return the table of some lists with its notes and digest, mapped from the cache where that is possible."""
    if cache is None or not hosts:
        return _made(hosts)
    folder = cache / source_digest(hosts)
    if not is_saved(folder):
        table, about = _made(hosts)
        try:
            save(table, about, folder)
        except OSError:
            # A cache that can't be written costs time and memory, not the run.
            return table, about
    return open_table(folder)


def _made(hosts: Sequence[ListFile]) -> tuple[Table, dict[str, Any]]:
    notes: list[str] = []
    values = []
    path_hosts: dict[str, bool] = {}
    for file in hosts:
        found = read_list(file)
        values.append(found.values)
        path_hosts |= {host: is_public_suffix(host) for host in found.path_hosts}
        notes += found.notes(file.name)
    table = make_table(values, path_hosts.items())
    digest = hashlib.sha256(table.hashes.astype("<u8", copy=False).tobytes() + table.codes.astype("<u2", copy=False).tobytes())
    return table, {"notes": notes, "digest": digest.hexdigest()}


def _digest(parts: Sequence[object]) -> str:
    """Return the SHA-256 of what decides; sets in the order of their members."""

    def plain(value: object) -> object:
        return sorted(value) if isinstance(value, frozenset) else asdict(cast(Any, value))

    return hashlib.sha256(json.dumps(parts, default=plain, ensure_ascii=True).encode()).hexdigest()
