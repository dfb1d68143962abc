"""Looking up runs of tokens in a list of hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels.compiled import Hashes, compiled, inlined, mix

_BASE: Final = np.uint64(0xD6E8FEB86659FD93)
_EMPTY: Final = np.uint64(0)
_ONE: Final = np.uint64(1)


@compiled
def run_hash(tokens: Hashes, start: int, n: int) -> np.uint64:
    """Hash a run of ``n`` tokens; never 0."""
    run = _EMPTY
    for i in range(start, start + n):
        run = run * _BASE + tokens[i]
    return max(mix(run), _ONE)


@compiled
def hash_table(entries: Hashes) -> Hashes:
    """Lay out hashes for `listed_runs`."""
    size = 64
    while size < 4 * len(entries):
        size *= 2
    table = np.zeros(size, np.uint64)
    last = np.uint64(size - 1)
    for entry in entries:
        at = np.int64(entry & last)
        while table[at] != _EMPTY and table[at] != entry:
            at = (at + 1) & np.int64(last)
        table[at] = entry
    return table


@inlined
def is_listed(key: np.uint64, table: Hashes) -> bool:
    """Whether a table made by `hash_table` holds a hash."""
    last = np.int64(len(table) - 1)
    at = np.int64(key) & last
    while table[at] != _EMPTY and table[at] != key:
        at = (at + 1) & last
    return bool(table[at] == key)


@compiled
def listed_runs(tokens: Hashes, heads: Hashes, table: Hashes, lengths: NDArray[np.int64]) -> Hashes:
    """Return the hashes of the runs of given lengths that the table holds, one for each occurrence; they begin with a head."""
    found = np.empty(len(tokens) * len(lengths) + 1, np.uint64)
    count = 0
    for i in range(len(tokens)):
        if not is_listed(tokens[i], heads):
            continue
        run, at = _EMPTY, i
        for n in lengths:
            if i + n > len(tokens):
                break
            while at < i + n:
                run = run * _BASE + tokens[at]
                at += 1
            found[count] = max(mix(run), _ONE)
            count += is_listed(found[count], table)
    return found[:count].copy()


class RunTables(NamedTuple):
    """Runs of tokens as `listed_runs` looks them up: the tokens that begin one, their hashes, and how many tokens they have."""

    heads: Hashes
    table: Hashes
    lengths: NDArray[np.int64]


def run_tables(runs: Sequence[Hashes]) -> RunTables:
    """Lay out runs of tokens."""
    heads = np.array([run[0] for run in runs], np.uint64)
    hashes = np.array([run_hash(run, 0, len(run)) for run in runs], np.uint64)
    return RunTables(hash_table(heads), hash_table(hashes), np.unique([len(run) for run in runs]))
