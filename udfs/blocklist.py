"""Block lists of hosts, of host and path, and of URL words, looked up without touching the page.

Hosts are kept as sorted 64-bit hashes of reversed names (``com.example.www``), because an entry blocks every host below
it: a URL is probed with each parent of its host and with each prefix of its path. A parallel array names the list, so
that a decision can say which list, category and entry it rests on. An allow list beats all of them.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

import can_ada
import numpy as np
import xxhash
from numpy.typing import NDArray

from udfs.urls import ERROR, canonical, host_of, host_of_key, is_ip_address, is_public_suffix

DEFAULT_CATEGORIES: Final = frozenset(
    {
        "adult",
        "adult_mixed",
        "mixed_adult",
        "malware",
        "phishing",
        "cryptojacking",
        "ddos",
        "stalkerware",
        "warez",
        "gambling",
        "dating",
    }
)
"""UT1's categories (and FineWeb's ``adult_mixed``) whose pages are no loss; blogs, forums, press and others would be."""

ALLOW_CATEGORIES: Final = frozenset({"allow", "sexual_education"})
"""Lists of what must stay, read whatever categories are asked for; UT1's second is of sites wrongly taken for adult."""

SOFT_WORDS_TO_BLOCK: Final = 2
"""Different soft words of one list in one URL that block it (FineWeb's rule)."""

_PATH_DEPTH: Final = 16  # prefixes probed; a deeper entry still matches its own whole URL
_LIST_NAME: Final = re.compile(r"([A-Za-z0-9_-]+)\.(domains|urls|words\.txt|soft_words\.txt)(?:\.xz)?")
_FINEWEB_NAMES: Final = {"banned_words.txt": ("adult", "words.txt"), "soft_banned_words.txt": ("adult", "soft_words.txt")}
_PLAIN_HOST: Final = re.compile(r"(?!www\.)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.[a-z][a-z0-9-]{1,62}")
_HOST_SYNTAX: Final = re.compile(r"[/?#@:\\\s]")
_WORD: Final = re.compile(r"[^\W_]+")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")


class BlockListError(ValueError):
    """A list that a person named can't be used."""


@dataclass(frozen=True, slots=True)
class BlockHit:
    """Why a URL is blocked: the list's file name, its category, and the host, host and path, or words that it holds."""

    list: str
    category: str
    entry: str


@dataclass(frozen=True, slots=True)
class _Source:
    list: str
    category: str
    allow: bool


@dataclass(frozen=True, slots=True)
class _WordRule:
    """The word files of one category: hard words anywhere, hard words of the host, soft words."""

    list: str
    category: str
    hard: frozenset[str]
    host_only: frozenset[str]
    soft: frozenset[str]

    def hit(self, host_words: Sequence[str], words: Sequence[str]) -> BlockHit | None:
        hard = [w for w in words if w in self.hard] or [w for w in host_words if w in self.host_only]
        if hard:
            return BlockHit(self.list, self.category, hard[0])
        soft = sorted({w for w in words if w in self.soft})
        return BlockHit(self.list, self.category, "+".join(soft)) if len(soft) >= SOFT_WORDS_TO_BLOCK else None


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    category: str
    kind: str

    @property
    def name(self) -> str:
        """What decisions call the list: its file name, below the category's folder in UT1's own layout."""
        name = self.path.name.removesuffix(".xz")
        return name if name != self.kind else f"{self.category}.{name}"


@dataclass(frozen=True, slots=True, eq=False)
class BlockList:
    """Everything that can block a URL, built by :meth:`load`.

    Parameters
    ----------
    hashes : array of uint64
        Sorted xxh3_64 (seed 0) of reversed host, or of reversed host and path.
    codes : array of uint16
        Position in ``sources`` of the list that holds each hash.
    sources : tuple
        Lists of hosts and paths; allow lists first.
    words : tuple
        Word rules, sorted by category.
    notes : tuple of str
        What a person should know about the lists: entries refused, entries that block a public suffix.
    digest : str
        SHA-256 of all that decides a match, in hexadecimal.
    """

    hashes: NDArray[np.uint64]
    codes: NDArray[np.uint16]
    sources: tuple[_Source, ...]
    words: tuple[_WordRule, ...]
    notes: tuple[str, ...]
    digest: str

    @classmethod
    def load(cls, paths: Sequence[str], categories: frozenset[str] | None = DEFAULT_CATEGORIES) -> Self:
        """Read lists.

        Parameters
        ----------
        paths : sequence of str
            Files, or folders searched for files, named ``CATEGORY.domains``, ``CATEGORY.urls``, ``CATEGORY.words.txt``,
            ``CATEGORY.soft_words.txt`` (each may end in ``.xz``), ``CATEGORY/domains`` and ``CATEGORY/urls`` (the layout
            of UT1's archives), or FineWeb's ``banned_words.txt`` and ``soft_banned_words.txt``. Other files of a folder
            are left alone. UTF-8, one entry a line, ``#`` starts a comment.
        categories : frozenset of str, optional
            Which categories to read; None reads all. Allow lists are always read.

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
        wanted = [
            file
            for file in _list_files(paths)
            if categories is None or file.category in categories or file.category in ALLOW_CATEGORIES
        ]
        if paths and not wanted:
            raise BlockListError(
                f"no block list of the categories {sorted(categories or ())} in {list(paths)}; "
                "lists are named CATEGORY.domains, CATEGORY.urls or CATEGORY.words.txt"
            )
        hosts = [file for file in wanted if file.kind in ("domains", "urls")]
        hosts.sort(key=lambda file: file.category not in ALLOW_CATEGORIES)
        sources = tuple(_Source(f.name, f.category, f.category in ALLOW_CATEGORIES) for f in hosts)
        notes: list[str] = []
        hashes, codes = _index([_hashes(file, notes) for file in hosts])
        words = _word_rules([file for file in wanted if file not in hosts], notes)
        return cls(hashes, codes, sources, words, tuple(notes), _digest(hashes, codes, sources, words))

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
        host in Unicode, lower case; a rule never looks inside a word (Scunthorpe, essex.ac.uk), it
        only leaves out digits at its end.
        """
        key = canonical(url)
        if key.startswith(ERROR):
            return None
        host = host_of_key(key)
        found = self._found(_probes(host, key[key.index("/", 8) :]))
        if any(self.sources[code].allow for _, code in found):
            return None
        if found:
            entry, code = found[0]
            return BlockHit(self.sources[code].list, self.sources[code].category, entry)
        return self._word_hit(host, key)

    def _found(self, probes: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        if not len(self.hashes):
            return []
        wanted = np.array([value for _, value in probes], dtype=np.uint64)
        at = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return [(probes[i][0], int(self.codes[at[i]])) for i in np.flatnonzero(self.hashes[at] == wanted).tolist()]

    def _word_hit(self, host: str, key: str) -> BlockHit | None:
        if not self.words:
            return None
        if "xn--" in host:
            host = can_ada.idna_decode(host.encode())  # type: ignore[arg-type]  # its stub says str, it takes bytes
        host_words = _words(host)
        words = host_words + _words(unquote(key[key.index("/", 8) :]).lower())
        hits = (rule.hit(host_words, words) for rule in self.words)
        return next((hit for hit in hits if hit), None)


def seed_folder() -> str:
    """Return the folder of the small word lists that come with the program (categories adult and gambling)."""
    return str(files("conf") / "blocklists")


def _list_files(paths: Sequence[str]) -> Iterator[_File]:
    for given in paths:
        path = Path(given)
        if not path.exists():
            raise BlockListError(f"no block list at {given}; give a file or a folder that exists")
        if path.is_dir():
            inside = (_as_list(found) for found in sorted(path.rglob("*")) if found.is_file())
            yield from (found for found in inside if found)
            continue
        file = _as_list(path)
        if file is None:
            raise BlockListError(
                f"{given}: the name does not say what the list holds; "
                "call it CATEGORY.domains, CATEGORY.urls, CATEGORY.words.txt or CATEGORY.soft_words.txt, or add .xz"
            )
        yield file


def _as_list(path: Path) -> _File | None:
    if path.name in _FINEWEB_NAMES:
        return _File(path, *_FINEWEB_NAMES[path.name])
    if path.name in ("domains", "urls"):
        return _File(path, path.resolve().parent.name, path.name)
    name = _LIST_NAME.fullmatch(path.name)
    return _File(path, name[1], name[2]) if name else None


def _entries(file: _File) -> Iterator[str]:
    opened = lzma.open if file.path.suffix == ".xz" else open
    with opened(file.path, "rt", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            # Comments of path entries need a blank before the mark: paths may hold one.
            entry = (_COMMENT.sub("", line) if "#" in line else line).strip()
            if entry:
                yield entry


def _hashes(file: _File, notes: list[str]) -> NDArray[np.uint64]:
    """Return the hashes of one list's entries, and append what is odd about them to the notes."""
    read = _host_key if file.kind == "domains" else _path_key
    values, refused, wide = [], [], []
    for entry in _entries(file):
        host, path = read(entry)
        if not host:
            refused.append(entry)
            continue
        if not path and is_public_suffix(host):
            wide.append(host)
        values.append(_hash(_reversed(host) + path))
    if refused:
        notes.append(f"{file.name}: {len(refused)} entries refused, no host with a dot in {sorted(set(refused))[:3]}")
    notes += [f"{file.name}: {host} is a public suffix, everything below it is blocked" for host in sorted(set(wide))]
    return np.array(values, dtype=np.uint64)


def _host_key(entry: str) -> tuple[str, str]:
    entry = entry.lower().strip(".")
    if _PLAIN_HOST.fullmatch(entry):
        return entry, ""
    if "." not in entry or _HOST_SYNTAX.search(entry):
        return "", ""
    return host_of(f"http://{entry}/"), ""


def _path_key(entry: str) -> tuple[str, str]:
    key = canonical(f"http://{entry.lstrip('.')}")
    return ("", "") if key.startswith(ERROR) else (host_of_key(key), key[key.index("/", 8) :])


def _reversed(host: str) -> str:
    return host if is_ip_address(host) else ".".join(reversed(host.split(".")))


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def _index(lists: Sequence[NDArray[np.uint64]]) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
    if len(lists) > np.iinfo(np.uint16).max:
        raise BlockListError(f"{len(lists)} lists, at most {np.iinfo(np.uint16).max} can be told apart; join some")
    values = np.concatenate([np.empty(0, np.uint64), *lists])
    codes = np.repeat(np.arange(len(lists), dtype=np.uint16), [len(one) for one in lists])
    order = np.lexsort((codes, values))
    values, codes = values[order], codes[order]
    first = np.ones(len(values), dtype=bool)
    first[1:] = values[1:] != values[:-1]
    return values[first], codes[first]


def _probes(host: str, path: str) -> list[tuple[str, int]]:
    """Return what an entry may look like that blocks ``host + path``, with its hash, from wide to narrow."""
    name = _reversed(host)
    ends = [len(name)]
    if not is_ip_address(host):
        dots = [i for i, char in enumerate(name) if char == "."]
        ends = [*dots[1:], len(name)]
    found = [(host[len(host) - end :], _hash(name[:end])) for end in ends]
    return found + [(host + prefix, _hash(name + prefix)) for prefix in _path_prefixes(path)]


def _path_prefixes(path: str) -> list[str]:
    folders = path.partition("?")[0].split("/", _PATH_DEPTH + 1)[1 : _PATH_DEPTH + 1]
    prefixes = [] if folders == [""] else list(accumulate(f"/{folder}" for folder in folders))
    return prefixes if path in prefixes else [*prefixes, path]


def _words(text: str) -> list[str]:
    runs = _WORD.findall(text)
    # Spam hosts come in numbered series: casino7 counts as casino too.
    return runs + [bare for run in runs if run[-1].isdigit() and (bare := run.rstrip("0123456789"))]


def _word_rules(word_files: Iterable[_File], notes: list[str]) -> tuple[_WordRule, ...]:
    hard: dict[str, list[str]] = {}
    soft: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    for file in word_files:
        entries = [entry.lower() for entry in _entries(file)]
        usable = [entry for entry in entries if _WORD.fullmatch(entry.removeprefix("host:"))]
        if len(usable) < len(entries):
            odd = sorted(set(entries) - set(usable))
            notes.append(f"{file.name}: {len(odd)} words refused, not one run of letters and digits: {odd[:3]}")
        names.setdefault(file.category, []).append(file.name)
        (soft if file.kind.startswith("soft") else hard).setdefault(file.category, []).extend(usable)
    return tuple(
        _WordRule(
            list="+".join(names[category]),
            category=category,
            hard=frozenset(word for word in hard.get(category, ()) if ":" not in word),
            host_only=frozenset(w.removeprefix("host:") for w in hard.get(category, ()) if w.startswith("host:")),
            soft=frozenset(soft.get(category, ())),
        )
        for category in sorted(names)
    )


def _digest(
    hashes: NDArray[np.uint64],
    codes: NDArray[np.uint16],
    sources: Iterable[_Source],
    words: Iterable[_WordRule],
) -> str:
    described = [[astuple(source) for source in sources]]
    described += [[(w.list, w.category, sorted(w.hard), sorted(w.host_only), sorted(w.soft))] for w in words]
    digest = hashlib.sha256(json.dumps(described, ensure_ascii=True).encode())
    digest.update(hashes.astype("<u8").tobytes())
    digest.update(codes.astype("<u2").tobytes())
    return digest.hexdigest()
