"""Sorted tables of hashed names, in memory or as files that all processes of a machine map."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from udfs.blocklist.kernels.layout import NUMBER, PATHS, SUFFIX, Bytes, Codes, Hashes, Offsets, Table
from udfs.blocklist.kernels.names import hash_names

_ABOUT: Final = "about.json"
_ARRAYS: Final = ("hashes", "codes", "starts")


def texts(given: Sequence[str] | pa.Array) -> tuple[Bytes, Offsets]:
    """Lay texts out one behind the other: their UTF-8 and where each begins, with the end of the last.

    Parameters
    ----------
    given : sequence of str, or pyarrow string array
        Null counts as empty; lone surrogates are passed through.
    """
    if isinstance(given, pa.ChunkedArray):
        given = given.combine_chunks()
    if not isinstance(given, pa.Array):
        try:
            given = pa.array(given, type=pa.large_string())
        except UnicodeEncodeError:
            given = pa.array([text.encode("utf-8", "surrogatepass") for text in given], type=pa.large_binary())
    packed = given.cast(pa.large_binary()).fill_null(b"")
    _, offsets, data = packed.buffers()
    if not len(packed):
        return np.frombuffer(b"", dtype=np.uint8), np.frombuffer(bytes(8), dtype=np.int64)
    starts = np.frombuffer(offsets, dtype=np.int64, count=len(packed) + 1, offset=8 * packed.offset)
    return np.frombuffer(data or b"", dtype=np.uint8), starts


def hashes_of(names: Sequence[str], *, backwards: bool) -> Hashes:
    """Hash canonical names; ``backwards``: hosts, each with its path if it has one."""
    values = np.empty(len(names), dtype=np.uint64)
    hash_names(*texts(names), backwards, values)
    return values


def make_table(lists: Sequence[Hashes], path_hosts: Iterable[tuple[str, bool]] = ()) -> Table:
    """Join lists; the code of a hash is the place of the first list that holds it.

    Parameters
    ----------
    lists : sequence of arrays of uint64
        Hashes of the names of each list, in any order.
    path_hosts : iterable of (str, bool)
        Hosts that have entries with paths, and whether they are public suffixes.
    """
    values = np.concatenate([np.empty(0, np.uint64), *lists])
    codes = np.repeat(np.arange(len(lists), dtype=np.uint16), [len(one) for one in lists])
    order = np.lexsort((codes, values))
    values, codes = values[order], codes[order]
    first = np.ones(len(values), dtype=bool)
    first[1:] = values[1:] != values[:-1]
    return _indexed(*_with_path_hosts(values[first], codes[first], dict(path_hosts)))


def word_table(words: Mapping[str, int]) -> Table:
    """Make a table of words and their codes."""
    values = hashes_of(list(words), backwards=False)
    order = np.argsort(values)
    return _indexed(values[order], np.array(list(words.values()), dtype=np.uint16)[order])


def _with_path_hosts(values: Hashes, codes: Codes, hosts: Mapping[str, bool]) -> tuple[Hashes, Codes]:
    marked = hashes_of(list(hosts), backwards=True)
    flags = np.array([PATHS | (SUFFIX if wide else 0) for wide in hosts.values()], dtype=np.uint16)
    missing = ~np.isin(marked, values)
    values = np.concatenate((values, marked[missing]))
    codes = np.concatenate((codes, np.full(missing.sum(), NUMBER, dtype=np.uint16)))
    order = np.argsort(values, kind="stable")
    values, codes = values[order], codes[order]
    codes[np.searchsorted(values, marked)] |= flags
    return values, codes


def _indexed(values: Hashes, codes: Codes) -> Table:
    """Add an index of about one hash a bucket, so that a look-up mostly touches two lines of memory."""
    bits = max(len(values).bit_length() - 1, 1)
    shift = np.uint64(64 - bits)
    counts = np.bincount((values >> shift).astype(np.int64), minlength=1 << bits)
    starts = np.zeros((1 << bits) + 1, dtype=np.uint32)
    np.cumsum(counts, out=starts[1:])
    return frozen(Table(values, codes, starts, shift))


def frozen(table: Table) -> Table:
    """Make a table read-only, as a mapped one is: kernels are compiled for that."""
    for array in (table.hashes, table.codes, table.starts):
        array.flags.writeable = False
    return table


def save(table: Table, about: Mapping[str, Any], folder: Path) -> None:
    """Write a table's arrays and what is said of it, all or nothing; a folder that is there already stays.

    Raises
    ------
    OSError
        When there is no place to write.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name in _ARRAYS:
            np.save(draft / f"{name}.npy", getattr(table, name))
        (draft / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        draft.chmod(0o755)
        os.rename(draft, folder)
    except OSError:
        # Another process was faster if it is there: rename never replaces a folder that holds something.
        if not is_saved(folder):
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def is_saved(folder: Path) -> bool:
    """Whether a folder holds a table."""
    return (folder / _ABOUT).is_file()


def open_table(folder: Path) -> tuple[Table, dict[str, Any]]:
    """Map a table into memory, and read what is said of it."""
    hashes, codes, starts = (np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in _ARRAYS)
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    return Table(hashes, codes, starts, np.uint64(65 - (len(starts) - 1).bit_length())), about
