"""Text files of block lists: which there are, what they are called, and the hashes of their hosts and paths."""

from __future__ import annotations

import hashlib
import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import IO, Final

import numpy as np

from udfs.blocklist.kernels.layout import EXACT, PARENT, Hashes, Table
from udfs.blocklist.kernels.names import read_hosts
from udfs.blocklist.table import hashes_of, word_table
from udfs.urls import ERROR, canonical, host_of, host_of_key, is_public_suffix, public_suffixes

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

FORMAT: Final = "1"
"""Version of what is compiled from lists; another one whenever equal lists give other hashes."""

_LIST_NAME: Final = re.compile(r"([A-Za-z0-9_-]+)\.(domains|urls|words\.txt|soft_words\.txt|substrings\.txt)(?:\.xz)?")
_FINEWEB_NAMES: Final = {
    "banned_words.txt": ("adult", "words.txt"),
    "soft_banned_words.txt": ("adult", "soft_words.txt"),
    "banned_subwords.txt": ("adult", "substrings.txt"),
}
_HOST_SYNTAX: Final = re.compile(r"[/?#@:\\\s]")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_PORTION: Final = 1 << 22  # bytes read at once


class BlockListError(ValueError):
    """A list that a person named can't be used."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file with its category and kind: ``domains``, ``urls``, ``words.txt``, ``soft_words.txt`` or ``substrings.txt``."""

    path: Path
    category: str
    kind: str

    @property
    def name(self) -> str:
        """What decisions call the list: its file name, below the category's folder in UT1's own layout."""
        name = self.path.name.removesuffix(".xz")
        return name if name != self.kind else f"{self.category}.{name}"

    @property
    def allow(self) -> bool:
        """Whether it lists what must stay."""
        return self.category in ALLOW_CATEGORIES

    def open(self) -> IO[bytes]:
        """Open the file as text lines in bytes."""
        return lzma.open(self.path, "rb") if self.path.suffix == ".xz" else self.path.open("rb")

    def entries(self) -> Iterator[str]:
        """Yield the entries without comments and blank lines."""
        with self.open() as lines:
            for line in lines:
                yield from _entries(line)


@dataclass(frozen=True, slots=True)
class Hosts:
    """What a list of hosts or paths holds.

    ``values`` are hashes, ``path_hosts`` the hosts of entries with a path, ``refused`` entries that name no host, ``wide``
    those that are a public suffix.
    """

    values: Hashes
    path_hosts: tuple[str, ...]
    refused: tuple[str, ...]
    wide: tuple[str, ...]

    def notes(self, name: str) -> list[str]:
        """Say what is odd about the list of that name."""
        notes = []
        if self.refused:
            shown = sorted(set(self.refused))[:3]
            notes.append(f"{name}: {len(self.refused)} entries refused, no host with a dot in {shown}")
        return notes + [f"{name}: {host} is a public suffix, everything below it is blocked" for host in sorted(set(self.wide))]


def find_lists(paths: Sequence[str], categories: frozenset[str] | None) -> list[ListFile]:
    """Return the lists of some categories (None: all) in files and folders; see `BlockList.load`."""
    wanted = [
        file
        for file in _list_files(paths)
        if categories is None or file.category in categories or file.category in ALLOW_CATEGORIES
    ]
    if paths and not wanted:
        raise BlockListError(
            f"no block list of the categories {sorted(categories or ())} in {list(paths)}; "
            "lists are named CATEGORY.domains, CATEGORY.urls, CATEGORY.words.txt or CATEGORY.substrings.txt"
        )
    return wanted


def seed_folder() -> str:
    """Return the folder of the small word lists that come with the program (categories adult and gambling)."""
    return str(files("conf") / "blocklists")


def source_digest(lists: Sequence[ListFile]) -> str:
    """Return the SHA-256 of all that the hashes of lists are made from: names, bytes, and the rules of canonical URLs."""
    digest = hashlib.sha256(repr((FORMAT, version("tld"), version("can_ada"))).encode())
    digest.update((files("conf") / "urls.yaml").read_bytes())
    for file in lists:
        with file.path.open("rb") as content:
            inner = hashlib.file_digest(content, "sha256").hexdigest()
        digest.update(repr((file.name, file.category, file.kind, file.path.suffix == ".xz", inner)).encode())
    return digest.hexdigest()


def read_list(file: ListFile) -> Hosts:
    """Read a list of hosts (``domains``) or of hosts with paths (``urls``)."""
    return _read_domains(file) if file.kind == "domains" else _read_urls(file)


def _read_domains(file: ListFile) -> Hosts:
    values: list[Hashes] = []
    names: list[str] = []
    refused: list[str] = []
    wide: list[str] = []
    with file.open() as lines:
        while portion := lines.read(_PORTION):
            data = portion + lines.readline()
            hashes, unusual = hashed_lines(data)
            values.append(hashes)
            for entry in unusual:
                host = host_of_entry(entry)
                if not host:
                    refused.append(entry)
                    continue
                names.append(host)
                if is_public_suffix(host):
                    wide.append(host)
    values.append(hashes_of(names, backwards=True))
    return Hosts(np.concatenate(values), (), tuple(refused), tuple(wide))


def hashed_lines(data: bytes) -> tuple[Hashes, list[str]]:
    """Return the hashes of the plain hosts among some lines, and the entries of all others, public suffixes among them."""
    lines = data.count(b"\n") + 1
    values = np.empty(lines, dtype=np.uint64)
    places = np.empty(3 * lines, dtype=np.int64)
    n, odd = read_hosts(np.frombuffer(data, dtype=np.uint8), _suffix_table(), values, places)
    unusual = [entry for start, end, _ in places[: 3 * odd].reshape(-1, 3).tolist() for entry in _entries(data[start:end])]
    return values[:n].copy(), unusual


def _read_urls(file: ListFile) -> Hosts:
    names: list[str] = []
    hosts: list[str] = []
    refused: list[str] = []
    for entry in file.entries():
        key = canonical(f"http://{entry.lstrip('.')}")
        if key.startswith(ERROR):
            refused.append(entry)
            continue
        hosts.append(host_of_key(key))
        names.append(hosts[-1] + key[key.index("/", 8) :])
    return Hosts(hashes_of(names, backwards=True), tuple(dict.fromkeys(hosts)), tuple(refused), ())


def host_of_entry(entry: str) -> str:
    """Return the canonical host of an entry; empty where it names none with a dot."""
    entry = entry.lower().strip(".")
    return "" if "." not in entry or _HOST_SYNTAX.search(entry) else host_of(f"http://{entry}/")


@cache
def _suffix_table() -> Table:
    """Return the public suffixes as the kernels look them up; a few more than there are."""
    rules = public_suffixes()
    codes = {name[::-1]: EXACT for name in sorted(rules.exact)}
    for name in sorted(rules.wildcard_parents):
        codes[name[::-1]] = codes.get(name[::-1], 0) | PARENT
    return word_table(codes)


def _entries(line: bytes) -> Iterator[str]:
    for part in line.decode("utf-8", "replace").strip("\ufeff").split("\r"):
        # Comments of path entries need a blank before the mark: paths may hold one.
        entry = (_COMMENT.sub("", part) if "#" in part else part).strip()
        if entry:
            yield entry


def _list_files(paths: Sequence[str]) -> Iterator[ListFile]:
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
                f"{given}: the name does not say what the list holds; call it CATEGORY.domains, CATEGORY.urls, "
                "CATEGORY.words.txt, CATEGORY.soft_words.txt or CATEGORY.substrings.txt, or add .xz"
            )
        yield file


def _as_list(path: Path) -> ListFile | None:
    if path.name in _FINEWEB_NAMES:
        return ListFile(path, *_FINEWEB_NAMES[path.name])
    if path.name in ("domains", "urls"):
        return ListFile(path, path.resolve().parent.name, path.name)
    name = _LIST_NAME.fullmatch(path.name)
    return ListFile(path, name[1], name[2]) if name else None
