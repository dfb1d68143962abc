"""Where the tables of a run live, and how a stage's output becomes visible in one step.

A run is a folder::

    <output>/<run>/
      documents/ -> stages/extract/3f…/documents      every table under its name, once it is published
      decisions/urls/ -> ../stages/urls/9a…/decisions
      stages/<stage>/current.json                     which version counts, and what is in it (the manifest of the stage)
      stages/<stage>/<fingerprint>/<table>/*.parquet  the version
      stages/<stage>/.attempt/                        work in progress; finished splits in it survive a kill
      recipe.json  logs/

A stage writes into ``.attempt``. Publishing renames that folder to the version's name and then replaces ``current.json``, by a
rename as well: that pointer is the one atomic step, and whatever reads a table goes by it. The links beside it are for people.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from jobs.tables import TABLES

ATTEMPT = ".attempt"
POINTER = "current.json"
AFTER = "after"
MADE_WITH = "made_with"


class StoreError(RuntimeError):
    """The run's folder can't be used: what was seen and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A published file: its name in the table's folder, rows, bytes and SHA-256."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Published:
    """What one stage has published.

    Parameters
    ----------
    stage : str
        Name of the stage.
    fingerprint : str
        SHA-256 (hex) of everything that its output depends on.
    tables : dict of str to tuple of FileEntry
        The files of each table.
    splits : dict of str to str
        For stages that work split by split: the fingerprint of each split's part.
    summary : dict
        Small facts for later stages and people: accounts, counts, and the fingerprints of the stages before.
    """

    stage: str
    fingerprint: str
    tables: dict[str, tuple[FileEntry, ...]]
    splits: dict[str, str]
    summary: dict[str, Any]

    @property
    def version(self) -> str:
        """Name of the version's folder."""
        return self.fingerprint[:16]

    def to_json(self) -> str:
        """Return canonical JSON: sorted keys, no times."""
        tables = {name: [[f.name, f.rows, f.bytes, f.sha256] for f in files] for name, files in self.tables.items()}
        body = {"stage": self.stage, "fingerprint": self.fingerprint, "tables": tables, "splits": self.splits}
        return json.dumps(body | {"summary": self.summary}, sort_keys=True, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        body = json.loads(text)
        tables = {name: tuple(FileEntry(*row) for row in rows) for name, rows in body["tables"].items()}
        return cls(body["stage"], body["fingerprint"], tables, body["splits"], body["summary"])


@dataclass(frozen=True)
class Run:
    """The folder of one run.

    Parameters
    ----------
    root : Path
        ``<output>/<run>``.
    """

    root: Path

    @classmethod
    def open(cls, root: str | Path) -> Self:
        """Open a run that exists.

        Raises
        ------
        StoreError
            Where there is none.
        """
        path = Path(root)
        if not (path / "recipe.json").is_file():
            raise StoreError(f"no run in {path}: give the folder that `woolmill run` names at its end (<output.path>/<run>)")
        return cls(path)

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The resolved recipe of the last start, as plain data."""
        loaded: dict[str, Any] = json.loads((self.root / "recipe.json").read_text("utf-8"))
        return loaded

    @property
    def stages(self) -> tuple[str, ...]:
        """The recipe's stages in their order."""
        return tuple(self.recipe["stages"])

    def stage_dir(self, stage: str) -> Path:
        """Folder of a stage's versions."""
        return self.root / "stages" / stage

    def attempt_dir(self, stage: str) -> Path:
        """Folder that a stage writes into before it publishes."""
        return self.stage_dir(stage) / ATTEMPT

    def published(self, stage: str) -> Published | None:
        """Return what the stage has published, or None."""
        pointer = self.stage_dir(stage) / POINTER
        return Published.from_json(pointer.read_text("utf-8")) if pointer.is_file() else None

    def current(self, stage: str) -> Published | None:
        """Return what the stage has published, unless a stage before it has been published anew since; then None."""
        published = self.published(stage)
        before = self.stages[: self.stages.index(stage)]
        return published if published and published.summary.get(AFTER, {}) == self.fingerprints(before) else None

    def fingerprints(self, stages: Sequence[str]) -> dict[str, str]:
        """Return the fingerprints of the published ones among some stages."""
        return {stage: p.fingerprint for stage in stages if (p := self.published(stage))}

    def files(self, table: str, stage: str | None = None) -> list[Path]:
        """Paths of a table's published files, sorted by name.

        Parameters
        ----------
        table : str
            A name in `jobs.tables.TABLES`.
        stage : str, optional
            For tables that every stage writes a part of: the part of this stage; without it the union over the recipe's stages.

        Raises
        ------
        StoreError
            When the stage that owns the table has not been published.
        """
        owners = (TABLES[table].owner,) if not TABLES[table].shared else (stage,) if stage else self.stages
        paths: list[Path] = []
        for owner in owners:
            published = self.published(owner)
            if published is None:
                if TABLES[table].shared and stage is None:
                    continue
                raise StoreError(f"{self.root.name} has no table {table!r} yet: stage {owner!r} has not been published")
            folder = self.stage_dir(owner) / published.version / table
            paths += [folder / f.name for f in published.tables.get(table, ())]
        return paths

    def split_file(self, table: str, stage: str, split: str) -> Path | None:
        """Path of one split's file of a table of a stage; None where the split has no rows there."""
        published = self.published(stage)
        if published is None:
            raise StoreError(f"stage {stage!r} has not been published")
        path = self.stage_dir(stage) / published.version / table / f"{split}.parquet"
        return path if path.is_file() else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run against a second writer; the lock goes with the process.

        Raises
        ------
        StoreError
            When another process holds it, or the folder can't be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / ".lock").open("a+")
        except OSError as error:
            raise StoreError(f"output.path: can't write to {self.root}: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(f"{self.root} is being written by another run; wait for it, or choose output.run=NAME") from None
            yield

    def publish(self, published: Published) -> None:
        """Make the attempt of a stage its current version, in one atomic step, then delete stale versions."""
        folder = self.stage_dir(published.stage)
        version = folder / published.version
        if version.exists():
            # The same fingerprint again (forced): equal bytes, so the moment without the folder is the only cost.
            (folder / POINTER).unlink(missing_ok=True)
            shutil.rmtree(version)
        self.attempt_dir(published.stage).rename(version)
        write_atomic(folder / POINTER, published.to_json())
        self._link(published)
        for stale in folder.iterdir():
            if stale.is_dir() and stale.name not in (published.version, ATTEMPT):
                shutil.rmtree(stale)

    def restate(self, published: Published) -> None:
        """Replace what is said of a published version, whose files stay as they are."""
        write_atomic(self.stage_dir(published.stage) / POINTER, published.to_json())

    def _link(self, published: Published) -> None:
        for table in published.tables:
            shared = table in TABLES and TABLES[table].shared
            link = self.root / table / published.stage if shared else self.root / table
            link.parent.mkdir(exist_ok=True)
            target = self.stage_dir(published.stage) / published.version / table
            temporary = link.with_name(f".{link.name}.new")
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(os.path.relpath(target, link.parent))
            temporary.replace(link)


def write_atomic(path: Path, text: str) -> None:
    """Write a small text file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
