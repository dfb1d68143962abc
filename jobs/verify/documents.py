"""Documents of shards, held against each other and against the run that chose them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from classifiers.registry import sha256_of
from jobs.cards import CARDS
from jobs.manifest import MANIFEST
from jobs.store import Run

KEY = np.dtype([("high", "<u8"), ("low", "<u8")])
SHOWN = 20
"""Documents that are named one by one."""

Keys = NDArray[Any]
"""Ids as two numbers each."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that is not as the manifest says.

    Parameters
    ----------
    file : str
        File of the folder, or the manifest for what concerns the whole.
    field : str
        What is different.
    expected, got : object
        What the manifest (or the run) says, and what was found.
    """

    file: str
    field: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: expected {self.expected}, got {self.got}"


def keys_of(ids: Sequence[bytes]) -> Keys:
    """Return ids of up to 16 bytes as numbers, which sort and compare fast."""
    return np.frombuffer(b"".join(id_[:16].ljust(16, b"\0") for id_ in ids), dtype=KEY)


def copies_of(keys: Keys, copies: NDArray[np.int32]) -> Iterator[Difference]:
    """Check that the copies of each document are numbered 0, 1, … and none is there twice."""
    if not len(keys):
        return
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    starts = np.flatnonzero(first)
    place = np.arange(len(keys)) - np.repeat(starts, np.diff([*starts, len(keys)]))
    for wrong in np.flatnonzero(place != copies)[:1]:
        total = int(np.count_nonzero(place != copies))
        yield Difference(
            MANIFEST, f"copies of {hex_of(keys[wrong])}", f"copy {place[wrong]}", f"copy {copies[wrong]} ({total} such)"
        )


def hex_of(key: Any) -> str:
    """Write an id as people see it."""
    return bytes(key.tobytes()).hex()


def published_otherwise(folder: Path, run: Run) -> Iterator[Difference]:
    """Compare the manifest and what was made from it with what the run has published."""
    published = run.published("mix")
    for entry in published.tables.get("shards", ()) if published else ():
        if entry.name in (MANIFEST, *CARDS):
            got = sha256_of(folder / entry.name) if (folder / entry.name).is_file() else "no file"
            if got != entry.sha256:
                yield Difference(entry.name, "sha256, by the run", entry.sha256, got)


def against(run: Run, keys: Keys) -> Iterator[Difference]:
    """Look for documents in the shards that the run has dropped, or has not chosen."""
    chosen: list[bytes] = []
    for path in run.files("mixture", "mix"):
        rows = pq.read_table(path, columns=["id", "copies"], partitioning=None)
        chosen += [i for i, n in zip(rows["id"].to_pylist(), rows["copies"].to_pylist(), strict=True) if n]
    here = np.unique(keys)
    stray = here[~np.isin(here, keys_of(chosen))]
    ends = _ends(run, stray) if len(stray) else {}
    for key in stray[:SHOWN].tolist():
        name = np.array(key, dtype=KEY)
        yield Difference(MANIFEST, f"document {hex_of(name)}", "in no shard", ends.get(key, "chosen by no mixture of the run"))
    if missing := int(np.count_nonzero(~np.isin(np.unique(keys_of(chosen)), here))):
        yield Difference(MANIFEST, "documents that the mixture has chosen", "all", f"{missing} in no shard")


def _ends(run: Run, stray: Keys) -> dict[tuple[int, int], str]:
    """Say of some documents which decision took them out."""
    ends: dict[tuple[int, int], str] = {}
    among = set(stray.tolist())
    for path in run.files("decisions"):
        rows = pq.read_table(path, columns=["id", "stage", "action", "reason"], partitioning=None).to_pylist()
        gone = [row for row in rows if row["action"] in ("drop", "quarantine")]
        for key, row in zip(keys_of([row["id"] for row in gone]).tolist(), gone, strict=True):
            if key in among:
                ends[key] = f"{row['action']} by {row['stage']}: {row['reason']}"
    return ends
