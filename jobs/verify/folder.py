"""The files of a folder of shards: digests, rows, and documents and tokens by everything that the manifest counts."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from numpy.typing import NDArray

from classifiers.registry import sha256_of
from jobs.cards import CARDS
from jobs.contents import IN_SHARDS, Counts, as_name
from jobs.manifest import MANIFEST, VERSION
from jobs.store import Run
from jobs.strata import read_division
from jobs.token_shards import problems
from jobs.verify.documents import KEY, Difference, Keys, against, copies_of, keys_of, published_otherwise
from udfs.formats import FORMATS
from udfs.mixture import MILLION
from udfs.strata import Division

BATCH_ROWS = 8192
_BROKEN = (OSError, ValueError, LookupError, pa.ArrowException, zstandard.ZstdError)
"""What readers say of a file that was damaged."""

_COLUMNS = ("id", "copy", "url", *IN_SHARDS.values(), "tokens")


class VerifyError(ValueError):
    """The folder has no manifest that can be held against it: one line that says why."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what was not as it should be; the manifest's digest is what its copies are told apart by."""

    manifest_sha256: str
    shards: int
    documents: int
    tokens: int
    against_run: bool
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class _Seen:
    """What all shards that were read hold together."""

    division: Division
    counts: Counts = field(default_factory=Counts)
    largest: Counter[str] = field(default_factory=Counter)
    keys: list[Keys] = field(default_factory=list)
    copies: list[NDArray[np.int32]] = field(default_factory=list)
    whole: bool = True


def verify(folder: Path, *, run: Run | None = None, say: Callable[[str], None] = lambda _: None) -> Verified:
    """Count everything in a folder of shards again and compare it with the manifest.

    Parameters
    ----------
    folder : Path
        Shards with ``manifest.json``.
    run : Run, optional
        The run that made them: no document that it has dropped may be in a shard.
    say : callable
        Told what is being looked at.

    Returns
    -------
    Verified
        With one difference for everything that is not as it should be. Memory: 20 bytes a document and copy.

    Raises
    ------
    VerifyError
        When there is no manifest, or it can't be read, or is of a version that is not known here.
    """
    manifest = read_manifest(folder)
    digest, seen = sha256_of(folder / MANIFEST), _Seen(read_division(manifest["division"]))
    found = list(_files(folder, manifest))
    for number, shard in enumerate(manifest["shards"], 1):
        say(f"{number}/{len(manifest['shards'])} {shard['file']}")
        found += _shard(folder, shard, seen)
    for other in manifest["files"]:
        say(other["file"])
        found += _bytes(folder, other)
    if seen.whole:
        found += [*_totals(manifest, seen), *_shares(manifest, seen)]
    keys, copies = _joined(seen)
    if seen.whole:
        found += copies_of(keys, copies)
    if run is not None:
        say("decisions of the run")
        found += [*published_otherwise(folder, run), *against(run, keys)]
    tokens = sum(n for (by, _), (_, n) in seen.counts.items() if by == "classes")
    return Verified(digest, len(manifest["shards"]), len(keys), tokens, run is not None, tuple(found))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder of shards.

    Raises
    ------
    VerifyError
        When there is none, it can't be read, or is of a version that is not known here.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise VerifyError(f"{folder} has no {MANIFEST}: give a folder of shards, such as <output.path>/<run>/shards")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        version = manifest["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise VerifyError(f"{path} is no manifest: {error}") from error
    if version != VERSION:
        raise VerifyError(f"{path} has version {version}; this program knows version {VERSION}: run the stage mix again")
    return manifest


def run_of(folder: Path) -> Run | None:
    """Find the run that a folder of shards lies in, by its links or its versions; None for one that was copied away."""
    beside, above = folder.absolute().parent, folder.resolve().parents[3:4]
    return next((Run.open(place) for place in (beside, *above) if (place / "recipe.json").is_file()), None)


def _files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Difference]:
    """Look for files that the manifest does not know; those that it misses are found one by one."""
    sequences = (one for shard in manifest["shards"] for one in shard.get("files", ()))
    wanted = {one["file"] for one in (*manifest["shards"], *manifest["files"], *sequences)} | {MANIFEST, *CARDS}
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    yield from (Difference(name, "file", "none", "a surplus file") for name in sorted(there - wanted))


def _bytes(folder: Path, entry: Mapping[str, Any]) -> list[Difference]:
    """Compare a file's size and digest."""
    path = folder / entry["file"]
    if not path.is_file():
        return [Difference(entry["file"], "file", "a file", "none")]
    got = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    return [Difference(entry["file"], name, entry[name], value) for name, value in got.items() if value != entry[name]]


def _shard(folder: Path, shard: Mapping[str, Any], seen: _Seen) -> list[Difference]:
    """Compare one shard, and add what it holds to what was seen."""
    found = _bytes(folder, shard)
    if not (folder / shard["file"]).is_file():
        seen.whole = False
        return found
    counts, rows = Counts(), 0
    try:
        for batch in read_rows(folder / shard["file"]):
            rows += batch.num_rows
            _count(batch, counts, seen)
    except _BROKEN as error:
        seen.whole = False
        return [*found, Difference(shard["file"], "rows", shard["rows"], f"unreadable: {' '.join(str(error).split())[:200]}")]
    if rows != shard["rows"]:
        found.append(Difference(shard["file"], "rows", shard["rows"], rows))
    found += _tallies(shard["file"], shard, counts)
    for key, (documents, tokens) in counts.items():
        seen.counts[key][0] += documents
        seen.counts[key][1] += tokens
    return found + _sequences(folder, shard) if shard["format"] in FORMATS else found


def _sequences(folder: Path, shard: Mapping[str, Any]) -> list[Difference]:
    """Compare the files of tokens beside a table of documents, and their sequences with its rows."""
    found = [one for part in shard["files"] for one in _bytes(folder, part)]
    try:
        lines = list(problems(folder, shard))
    except _BROKEN as error:
        lines = [f"unreadable: {' '.join(str(error).split())[:200]}"]
    return found + [Difference(shard["file"], "sequences", "those of its documents", line) for line in lines]


def read_rows(path: Path) -> Iterator[pa.RecordBatch]:
    """Read what is known of the documents of a shard, or of a table of documents, a batch at a time."""
    if path.suffix == ".parquet":
        yield from pq.ParquetFile(path).iter_batches(batch_size=BATCH_ROWS, columns=list(_COLUMNS))
        return
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as unpacked:
        rows: list[dict[str, Any]] = []
        for line in io.TextIOWrapper(unpacked, "utf-8", newline="\n"):
            row = json.loads(line)
            rows.append({name: row[name] for name in _COLUMNS} | {"id": bytes.fromhex(row["id"])})
            if len(rows) == BATCH_ROWS:
                yield pa.RecordBatch.from_pylist(rows)
                rows = []
        if rows:
            yield pa.RecordBatch.from_pylist(rows)


def _count(batch: pa.RecordBatch, counts: Counts, seen: _Seen) -> None:
    columns = list(IN_SHARDS.values())
    source = pa.array([seen.division.source(url) for url in batch.column("url").to_pylist()], pa.string())
    kinds = pa.table([*(batch.column(name) for name in (*columns, "tokens")), source], names=[*columns, "tokens", "source"])
    for row in kinds.group_by([*columns, "source"]).aggregate([("tokens", how) for how in ("count", "sum", "max")]).to_pylist():
        told = {"knowledge": row["knowledge"], "bucket": row["bucket"], "source": row["source"]}
        stratum = seen.division.stratum(row["class"], language=row["lang"], **told).name
        seen.largest[stratum] = max(seen.largest[stratum], row["tokens_max"])
        for key in (("strata", stratum), *((by, as_name(row[column])) for by, column in IN_SHARDS.items())):
            counts[key][0] += row["tokens_count"]
            counts[key][1] += row["tokens_sum"]
    seen.keys.append(keys_of(batch.column("id").to_pylist()))
    seen.copies.append(np.array(batch.column("copy").to_pylist(), dtype=np.int32))


def _tallies(file: str, wanted: Mapping[str, Any], counts: Counts) -> Iterator[Difference]:
    """Compare documents and tokens by everything that shards are counted by."""
    got = counts.tally()
    for by in IN_SHARDS:
        told, found = wanted.get(by, {}), got.get(by, {})
        for value in sorted(told.keys() | found.keys()):
            for what in ("documents", "tokens"):
                expected, there = (side.get(value, {}).get(what, 0) for side in (told, found))
                if expected != there:
                    yield Difference(file, f"{by}.{value}.{what}", expected, there)


def _totals(manifest: Mapping[str, Any], seen: _Seen) -> Iterator[Difference]:
    """Compare what all shards hold with the totals."""
    totals = manifest["totals"]
    yield from _tallies(MANIFEST, {by: totals.get(by, {}) for by in IN_SHARDS}, seen.counts)
    for place, what in enumerate(("documents", "tokens")):
        got = sum(counted[place] for (by, _), counted in seen.counts.items() if by == "classes")
        if got != totals[what]:
            yield Difference(MANIFEST, f"totals.{what}", totals[what], got)


def _shares(manifest: Mapping[str, Any], seen: _Seen) -> Iterator[Difference]:
    """Hold classes against their targets, and the strata inside them: none may miss its own by more than its largest document."""
    total = sum(n for (by, _), (_, n) in seen.counts.items() if by == "classes")
    for told in manifest["classes"]:
        documents, tokens = seen.counts.get(("classes", told["name"]), (0, 0))
        got = {"documents_written": documents, "tokens_written": tokens}
        yield from _compared(told, "classes", got | {"share_got_ppm": tokens * MILLION // total if total else 0})
        for stratum in told["strata"]:
            documents, tokens = seen.counts.get(("strata", stratum["name"]), (0, 0))
            yield from _compared(stratum, "strata", {"documents_written": documents, "tokens_written": tokens})
            largest = seen.largest[stratum["name"]]
            if abs(tokens - stratum["tokens_target"]) > largest:
                wanted = f"{stratum['tokens_target']} within one document ({largest})"
                yield Difference(MANIFEST, f"strata.{stratum['name']}.tokens_target", wanted, tokens)
        if abs(told["tokens_target"] - (planned := sum(s["tokens_target"] for s in told["strata"]))) > len(told["strata"]):
            yield Difference(MANIFEST, f"classes.{told['name']}.tokens_target", told["tokens_target"], planned)


def _compared(told: Mapping[str, Any], kind: str, got: Mapping[str, int]) -> Iterator[Difference]:
    for name, value in got.items():
        if value != told[name]:
            yield Difference(MANIFEST, f"{kind}.{told['name']}.{name}", told[name], value)


def _joined(seen: _Seen) -> tuple[Keys, NDArray[np.int32]]:
    keys = np.concatenate([np.zeros(0, dtype=KEY), *seen.keys])
    copies = np.concatenate([np.zeros(0, dtype=np.int32), *seen.copies])
    order = np.lexsort((copies, keys["low"], keys["high"]))
    return keys[order], copies[order]
