"""What a stage reads: the published files of earlier stages and their digests.

Content alone counts: a stage whose inputs have the same bytes as before has nothing to do, whatever was run again to make them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.accounts import IN, KEPT, Accounts
from jobs.errors import NothingLeft, OutOfBalance
from jobs.sources.inputs import Split
from jobs.stage import SplitTask, Stage
from jobs.store import FileEntry, Published, Run
from jobs.tables import TABLES


class Reads:
    """The inputs of one stage of a run.

    Parameters
    ----------
    store : Run
        The run.
    stage : Stage
        Who reads.
    before : tuple of str
        Stages before it in the recipe.

    Raises
    ------
    NothingLeft
        When one of them has not been published.
    """

    def __init__(self, store: Run, stage: Stage, before: tuple[str, ...]) -> None:
        self._store = store
        self._published: dict[str, Published] = {}
        for name in before:
            published = store.published(name)
            if published is None:
                raise NothingLeft(f"{stage.name} needs {name}, which this run has not finished; run it without --from and --only")
            self._published[name] = published
        # A recipe may leave a stage out (line deduplication, say): what it would have made is then simply not there.
        self._tables = [t for t in stage.needs if TABLES[t].owner in self._published]
        self._files: dict[tuple[str, str], Mapping[str, FileEntry]] = {
            (name, table): {f.name: f for f in files} for name, p in self._published.items() for table, files in p.tables.items()
        }

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprints of the stages before."""
        return {name: published.fingerprint for name, published in self._published.items()}

    def check_handed(self, stage: str, accounts: Accounts) -> None:
        """Hold neighbouring books against each other: what one stage has kept is what the next is handed.

        Raises
        ------
        OutOfBalance
            When it is not.
        """
        if not self._published:
            return
        name, before = list(self._published.items())[-1]
        handed = Accounts.of(before.summary["accounts"]).total(KEPT)
        if handed != accounts.total(IN):
            raise OutOfBalance(
                f"{stage}: {accounts.total(IN)} documents went in, but {name} had kept {handed}; nothing was published"
            )

    def of_split(self, split: Split) -> dict[str, Any]:
        """Digests of what one split's task reads."""
        part = f"{split.key}.parquet"
        tables: dict[str, Any] = {
            table: _digest(self._of(table).get(part)) if by_split(table) else self._all(table) for table in self._tables
        }
        decisions = {name: _digest(self._files.get((name, "decisions"), {}).get(part)) for name in self._published}
        return {"tables": tables, "decisions": decisions}

    def whole(self) -> dict[str, Any]:
        """Digests of what a stage reads that runs as a whole."""
        decisions = {n: _digests(self._files.get((n, "decisions"), {})) for n in self._published}
        return {"tables": {t: self._all(t) for t in self._tables}, "decisions": decisions}

    def task(self, split: Split, stage: Stage, recipe: Any) -> SplitTask:
        """Return the task of one split."""
        part = f"{split.key}.parquet"
        tables = [t for t in self._tables if by_split(t) and part in self._of(t)]
        return SplitTask(
            split,
            recipe,
            {t: str(self._path(TABLES[t].owner, t, part)) for t in tables},
            {t: tuple(str(self._path(TABLES[t].owner, t, f)) for f in self._of(t)) for t in self._tables if not by_split(t)},
            tuple(
                str(self._path(n, "decisions", part)) for n in self._published if part in self._files.get((n, "decisions"), {})
            ),
            dict(stage.models(recipe)),
        )

    def _of(self, table: str) -> Mapping[str, FileEntry]:
        return self._files.get((TABLES[table].owner, table), {})

    def _all(self, table: str) -> list[tuple[str, str]]:
        return _digests(self._of(table))

    def _path(self, stage: str, table: str, name: str) -> Path:
        return self._store.stage_dir(stage) / self._published[stage].version / table / name


def by_split(table: str) -> bool:
    """Whether a table has one file an input split."""
    return "split" in TABLES[table].schema.names


def _digest(entry: FileEntry | None) -> str | None:
    return entry.sha256 if entry else None


def _digests(files: Mapping[str, FileEntry]) -> list[tuple[str, str]]:
    return sorted((f.name, f.sha256) for f in files.values())
