"""Run a stage split by split: which splits are still to be done, the tasks for them, and the worker's side of a task."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import OutOfBalance
from jobs.frames import over_splits
from jobs.parts import Mark, PartWriter, read_columns
from jobs.sources.inputs import Split
from jobs.stage import SplitStage, SplitTask
from jobs.store import FileEntry, Published

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCH_ROWS = 256
HEARTBEAT_S = 5.0
COMMITS = "commits"
_SETTLED = pa.schema([("documents", pa.int64())])


@dataclass(frozen=True, slots=True)
class Commit:
    """The finished part of one split."""

    fingerprint: str
    tables: Mapping[str, FileEntry]
    accounts: list[list[Any]]

    @classmethod
    def read(cls, folder: Path, split: str, fingerprint: str | None = None) -> Commit | None:
        """Read a split's commit; None where there is none, it is not whole, or it has another fingerprint."""
        try:
            body = json.loads((folder / COMMITS / f"{split}.json").read_text("utf-8"))
            commit = cls(body["fingerprint"], {t: FileEntry(*f) for t, f in body["tables"].items()}, body["accounts"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return commit if fingerprint in (None, commit.fingerprint) else None

    @classmethod
    def found(cls, folder: Path, split: str) -> Commit:
        """Read the commit of a split that has been done."""
        commit = cls.read(folder, split)
        if commit is None:
            raise OutOfBalance(f"split {split} ended without a commit; nothing was published")
        return commit


def reuse(attempt: Path, version: Path | None, wanted: Mapping[str, str]) -> frozenset[str]:
    """Find the splits whose part is finished, in the attempt or in the published version, and clear away every other part.

    Parameters
    ----------
    attempt : Path
        The stage's attempt folder, perhaps left by a start that was killed.
    version : Path, optional
        Folder of the published version.
    wanted : mapping of str to str
        Split key to the fingerprint that its part must have.

    Returns
    -------
    frozenset of str
        The finished splits; their files lie in the attempt folder.
    """
    done: dict[str, Commit] = {}
    for split, fingerprint in wanted.items():
        commit = Commit.read(attempt, split, fingerprint)
        if commit is None and version and (there := Commit.read(version, split, fingerprint)):
            _adopt(there, version, attempt, split)
            commit = there
        if commit is not None:
            done[split] = commit
    _clear(attempt, done)
    return frozenset(done)


def _adopt(commit: Commit, version: Path, attempt: Path, split: str) -> None:
    """Bring a split's part from the published version into the attempt, without copying where the file system can link."""
    for folder, name in [(table, entry.name) for table, entry in commit.tables.items()] + [(COMMITS, f"{split}.json")]:
        (attempt / folder).mkdir(parents=True, exist_ok=True)
        target = attempt / folder / name
        target.unlink(missing_ok=True)
        try:
            os.link(version / folder / name, target)
        except OSError:
            shutil.copy2(version / folder / name, target)


def _clear(attempt: Path, done: Mapping[str, Commit]) -> None:
    kept = {(table, entry.name) for commit in done.values() for table, entry in commit.tables.items()}
    kept |= {(COMMITS, f"{split}.json") for split in done}
    for path in sorted(attempt.glob("*/*")):
        if (path.parent.name, path.name) not in kept:
            path.unlink()


def run_splits(spark: SparkSession, stage: SplitStage, attempt: Path, tasks: Sequence[tuple[SplitTask, str]]) -> None:
    """Run tasks in Spark, one partition a task; each commits its own part.

    Parameters
    ----------
    spark : SparkSession
        The session.
    stage : SplitStage
        The stage; only its name and work travel.
    attempt : Path
        Folder that all workers reach.
    tasks : sequence of (SplitTask, str)
        Each with the fingerprint of its part.
    """
    from pyspark.sql import functions as F

    name, work, folder, application = stage.name, stage.work, str(attempt), spark.sparkContext.applicationId

    def run(item: tuple[SplitTask, str]) -> Iterator[pa.RecordBatch]:
        task, fingerprint = item
        for settled in run_task(name, work, task, Path(folder), fingerprint, application):
            yield pa.RecordBatch.from_pydict({"documents": [settled]}, schema=_SETTLED)

    over_splits(spark, tasks, run, _SETTLED).agg(F.count("documents")).collect()


def run_task(
    stage: str,
    work: Callable[[SplitTask, PartWriter], Iterator[int]],
    task: SplitTask,
    attempt: Path,
    fingerprint: str,
    application: str,
) -> Iterator[int]:
    """Do one task and commit its part; yields the documents settled so far every few seconds, and at the end."""
    mark = Mark(attempt / "marks", task.split.key, application)
    out = PartWriter(attempt, stage, task.split.key, mark)
    beat = time.monotonic()
    try:
        for settled in work(task, out):
            if (now := time.monotonic()) - beat >= HEARTBEAT_S:
                beat = now
                yield settled
        out.commit(fingerprint)
    except BaseException:
        out.abandon()
        # An exception names itself; only a death without one makes the record in work a suspect.
        mark.clear()
        raise
    mark.clear()
    yield out.settled


def rows_left(task: SplitTask, table: str, columns: Sequence[str] | None = None) -> Iterator[list[dict[str, Any]]]:
    """Read a table of one split a batch at a time, without the documents that a stage before has dropped; texts stay bounded."""
    if table not in task.inputs:
        return
    keep = left_in_split(task)
    for batch in pq.ParquetFile(task.inputs[table]).iter_batches(batch_size=BATCH_ROWS, columns=columns):
        if rows := keep(pa.Table.from_batches([batch])).to_pylist():
            yield rows


def left_in_split(task: SplitTask) -> Callable[[pa.Table], pa.Table]:
    """Return a filter that keeps the rows of documents that no stage before has dropped or quarantined."""
    gone: set[bytes] = set()
    for path in task.decisions:
        table = read_columns(path, ["id", "action"])
        rows = zip(table["id"].to_pylist(), table["action"].to_pylist(), strict=True)
        gone.update(id_ for id_, action in rows if action in ("drop", "quarantine"))

    def keep(table: pa.Table) -> pa.Table:
        return table.filter(pa.array([id_ not in gone for id_ in table["id"].to_pylist()], pa.bool_())) if gone else table

    return keep


def collect(stage: SplitStage, done: Mapping[str, Commit], fingerprint: str, splits: Sequence[Split]) -> Published:
    """Put the parts of all splits together to what the stage publishes."""
    tables: dict[str, list[FileEntry]] = {name: [] for name in (*stage.writes, "decisions", "quarantine")}
    for split in splits:
        for table, entry in done[split.key].tables.items():
            tables.setdefault(table, []).append(entry)
    return Published(
        stage.name,
        fingerprint,
        {name: tuple(sorted(files, key=lambda f: f.name)) for name, files in tables.items()},
        {split.key: done[split.key].fingerprint for split in splits},
        {},
    )
