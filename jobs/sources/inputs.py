"""What there is to read: paths a person gave, as files with stable keys, cut into splits.

A split is a file or a byte range of one; its key is made of the file's place below the input root and its first byte, so
that it is the same on every machine and in every order of the inputs.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

import fsspec
import xxhash

SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "warc": (".warc", ".warc.gz"),
    "wet": (".warc.wet", ".warc.wet.gz", ".wet", ".wet.gz"),
    "parquet": (".parquet",),
    "jsonl": (".jsonl", ".jsonl.gz", ".jsonl.zst", ".jsonl.xz"),
}
"""File names that a directory or a listing is searched for, by input format."""

_SPLITTABLE: Final = SUFFIXES["warc"] + SUFFIXES["wet"]
_LISTINGS: Final = (".paths", ".paths.gz")
_GLOB: Final = frozenset("*?[")
_READ_AHEAD: Final = 16 * 2**20
_REQUESTS: Final = 16  # at a time, when a listing names thousands of remote files
_VERSIONS: Final = ("ETag", "Content-MD5", "Last-Modified", "LastModified", "mtime", "created")


class InputError(ValueError):
    """An input that a person named and that cannot be read, in one line."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read.

    Parameters
    ----------
    path : str
        Absolute path or URL.
    key : str
        Its place below the input root: what is named in every output.
    size : int
        Bytes.
    version : str
        What changes when the content does: the ETag, or the modification time in nanoseconds.
    """

    path: str
    key: str
    size: int
    version: str


@dataclass(frozen=True, slots=True)
class Split:
    """The part of a file that one task reads.

    Parameters
    ----------
    key : str
        16 hex digits: xxh3_64 (seed 0) of the file's key, a NUL and `start`.
    path, file : str
        Absolute path or URL, and the file's key.
    start, end : int
        Half-open range in bytes.
    size : int
        Bytes of the whole file.
    version : str
        As in `InputFile`.
    """

    key: str
    path: str
    file: str
    start: int
    end: int
    size: int
    version: str


def list_inputs(paths: Sequence[str], *, format: str, base: str | None = None) -> list[InputFile]:
    """Find the files that a person's paths name.

    Parameters
    ----------
    paths : sequence of str
        Each a file, a directory (searched for the suffixes of the format; names beginning with ``_`` or ``.`` are left
        out), a glob, an ``s3://`` or ``https://`` URL of these (https: files only), or a listing ``*.paths[.gz]`` with
        one path a line, as Common Crawl publishes them.
    format : {"warc", "wet", "parquet", "jsonl"}
        What the files hold.
    base : str, optional
        Where the lines of a listing are looked for when they are not beside it (by whole path or base name), such as
        ``https://data.commoncrawl.org/``.

    Returns
    -------
    list of InputFile
        Sorted by key; a file that is named twice is there once, with the smaller key.

    Raises
    ------
    InputError
        For a path without files, an unreadable one, or two files with one key.
    """
    if format not in SUFFIXES:
        raise InputError(f"input format {format!r} is not known; it is one of {', '.join(SUFFIXES)}")
    if not paths:
        raise InputError("no input paths are given; name at least one file, directory, glob or listing")
    by_path: dict[str, InputFile] = {}
    for path in paths:
        for file in _expand(path, format, base):
            known = by_path.setdefault(_identity(file.path), file)
            if file.key < known.key:
                by_path[_identity(file.path)] = file
    return _with_unique_keys(by_path.values())


def plan_splits(files: Iterable[InputFile], *, split_bytes: int) -> list[Split]:
    """Cut files into splits, one a file, or ranges of `split_bytes` for larger WARC and WET files.

    Raises
    ------
    InputError
        When `split_bytes` is not positive, or two splits would have one key.
    """
    if split_bytes < 1:
        raise InputError(f"the size of a split is {split_bytes} bytes; it must be at least 1")
    splits: dict[str, Split] = {}
    for file in sorted(files, key=lambda file: file.key):
        step = split_bytes if _name(file.path).endswith(_SPLITTABLE) else max(file.size, 1)
        for start in range(0, max(file.size, 1), step):
            key = xxhash.xxh3_64_hexdigest(f"{file.key}\0{start}".encode())
            end = min(start + step, file.size)
            split = Split(key, file.path, file.key, start, end, file.size, file.version)
            if key in splits:
                raise InputError(f"{file.key} and {splits[key].file} give one split key {key}; rename one of them")
            splits[key] = split
    return list(splits.values())


def open_input(path: str) -> BinaryIO:
    """Open a local file or URL for reading at any place; what a server sends only in one piece is fetched first.

    Raises
    ------
    InputError
        When it cannot be opened.
    """
    with _blame(path):
        if not _is_url(path):
            return open(path, "rb")
        file = _file_system(path).open(path, "rb", block_size=_READ_AHEAD, cache_type="readahead")
        if _is_http(path) and not _serves_ranges(file):
            return _fetch(_file_system(path).open(path, "rb", block_size=0))
        return cast(BinaryIO, file)


def _serves_ranges(file: Any) -> bool:
    """Whether a web server really answers for a range: many that do not say so, and some that do, send it all."""
    if not file.seekable() or not file.size:
        return False
    try:
        file.seek(-1, os.SEEK_END)
        answered = len(file.read(1)) == 1
    except ValueError:
        return False
    file.seek(0)
    return answered


def _fetch(stream: Any) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller
    try:
        with stream:
            shutil.copyfileobj(stream, copy)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return cast(BinaryIO, copy)


def _expand(path: str, format: str, base: str | None) -> list[InputFile]:
    with _blame(path):
        if _name(path).endswith(_LISTINGS):
            return _listed(path, base)
        if _is_http(path):
            return [_input_file(path, _name(path))]
        path = path if _is_url(path) else os.path.abspath(path)
        files = _file_system(path)
        if files.isdir(path):
            root = path.rstrip("/") + "/"
            found = files.find(path, detail=True)
        elif _GLOB & set(path) and not files.exists(path):
            root = _glob_root(path)
            found = files.glob(path, detail=True)
            for folder in [name for name, info in found.items() if info["type"] == "directory"]:
                del found[folder]
                found |= files.find(folder, detail=True)
        else:
            return [_input_file(path, _name(path))]
        named = {files.unstrip_protocol(name) if _is_url(path) else name: info for name, info in found.items()}
        wanted = [(name, name.removeprefix(root), named[name]) for name in sorted(named)]
        wanted = [place for place in wanted if _is_wanted(place[1], SUFFIXES[format])]
        if not wanted:
            raise InputError(f"{path}: no {format} file there; a name must end in {' or '.join(SUFFIXES[format])}")
        return _in_parallel(_input_file, wanted)


def _listed(path: str, base: str | None) -> list[InputFile]:
    with open_input(path) as source:
        content = source.read()
    text = (gzip.decompress(content) if path.endswith(".gz") else content).decode()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path}: the listing names no files")
    folder = path.rpartition("/")[0] if _is_url(path) else os.path.dirname(os.path.abspath(path))
    return _in_parallel(_find_listed, [(line, folder, base or "", path) for line in dict.fromkeys(lines)])


def _find_listed(line: str, folder: str, base: str, listing: str) -> InputFile:
    if _is_url(line) or os.path.isabs(line):
        return _input_file(line, line)
    for place in (f"{folder}/{line}", f"{folder}/{_name(line)}"):
        if _file_system(place).isfile(place):
            return _input_file(place, line)
    if base:
        place = f"{base.rstrip('/')}/{line}"
        return _input_file(place if _is_url(place) else os.path.abspath(place), line)
    advice = "set `base` to where such paths begin, for Common Crawl https://data.commoncrawl.org/"
    raise InputError(f"{listing}: {line} is not beside the listing, by path or base name; {advice}")


def _input_file(path: str, key: str, known: Mapping[str, Any] | None = None) -> InputFile:
    with _blame(path):
        if any("\ud800" <= c <= "\udfff" for c in key):
            raise InputError(f"{path!r}: the name is not UTF-8; rename the file")
        if not _is_url(path):
            with open(path, "rb") as file:
                seen = os.fstat(file.fileno())
            return InputFile(path, key, seen.st_size, str(seen.st_mtime_ns))
        info = known or _file_system(path).info(path)
        if info.get("size") is None:
            raise InputError(f"{path}: the server does not say how large it is; fetch it and name the copy")
        version = next((str(info[name]).strip('"') for name in _VERSIONS if info.get(name)), "")
        return InputFile(path, key, int(info["size"]), version)


def _with_unique_keys(files: Iterable[InputFile]) -> list[InputFile]:
    by_key: dict[str, InputFile] = {}
    for file in sorted(files, key=lambda file: (file.key, file.path)):
        if (other := by_key.setdefault(file.key, file)) is not file:
            raise InputError(f"{other.path} and {file.path} have one key {file.key!r}; name a directory above both instead")
    return list(by_key.values())


def _in_parallel(find: Callable[..., InputFile], places: Sequence[tuple[Any, ...]]) -> list[InputFile]:
    with ThreadPoolExecutor(_REQUESTS) as pool:
        return list(pool.map(lambda place: find(*place), places))


def _is_wanted(key: str, suffixes: tuple[str, ...]) -> bool:
    return key.endswith(suffixes) and not any(part.startswith(("_", ".")) for part in key.split("/"))


def _is_url(path: str) -> bool:
    return "://" in path


def _is_http(path: str) -> bool:
    return path.startswith(("https://", "http://"))


def _name(path: str) -> str:
    """Return the base name, without the query of a web address."""
    return (path.partition("?")[0] if _is_http(path) else path).rpartition("/")[2]


def _glob_root(path: str) -> str:
    first = min(path.index(c) for c in _GLOB if c in path)
    return path[: path.rindex("/", 0, first) + 1]


def _identity(path: str) -> str:
    return path if _is_url(path) else os.path.realpath(path)


def _file_system(path: str) -> Any:
    files = fsspec.core.url_to_fs(path)[0]
    files.invalidate_cache()
    return files


@contextmanager
def _blame(path: str) -> Iterator[None]:
    """Turn whatever goes wrong with a path into one line that names it."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        # A web server that cannot be reached is one to fsspec, too: the cause says which.
        cause = f" ({_line(error.__cause__)})" if error.__cause__ else ""
        raise InputError(f"{path}: there is no such file, directory or match{cause}") from None
    except PermissionError as error:
        raise InputError(f"{path}: may not be read ({_line(error)})") from error
    except ImportError as error:
        extra = "; install woolmill[s3]" if path.startswith(("s3://", "s3a://")) else ""
        raise InputError(f"{path}: the package for this kind of address is missing ({_line(error)}){extra}") from error
    except Exception as error:  # every file system has its own errors
        raise InputError(f"{path}: cannot be read ({type(error).__name__}: {_line(error)})") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
