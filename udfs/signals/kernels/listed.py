"""Looking up runs of tokens in a list of hashes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels.compiled import Hashes, compiled, mix

_BASE: Final = np.uint64(0xD6E8FEB86659FD93)
_EMPTY: Final = np.uint64(0)


@compiled
def run_hashes(tokens: Hashes, n: int) -> Hashes:
    """Hash every run of ``n`` tokens; 0 is never a hash."""
    runs = np.empty(max(len(tokens) - n + 1, 0), np.uint64)
    for i in range(len(runs)):
        run = _EMPTY
        for k in range(i, i + n):
            run = run * _BASE + tokens[k]
        runs[i] = max(mix(run), np.uint64(1))
    return runs


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


@compiled
def listed_runs(tokens: Hashes, table: Hashes, lengths: NDArray[np.int64]) -> Hashes:
    """Return the hashes of the runs of given lengths that the table holds, one for each occurrence."""
    found = np.empty(len(tokens) * len(lengths), np.uint64)
    last = np.uint64(len(table) - 1)
    count = 0
    for n in lengths:
        for run in run_hashes(tokens, n):
            at = np.int64(run & last)
            while table[at] != _EMPTY:
                if table[at] == run:
                    found[count] = run
                    count += 1
                    break
                at = (at + 1) & np.int64(last)
    return found[:count].copy()
