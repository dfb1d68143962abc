"""The contract of a stage: what it reads, what it writes, what it depends on, and the accounts it has to keep."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.load import digest_source
from conf.schema import Recipe
from jobs.errors import OutOfBalance
from jobs.sources.inputs import Split
from jobs.store import FileEntry, Run
from jobs.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from jobs.parts import PartWriter

IN, KEPT, DROPPED, QUARANTINED, EDITED, MARKED = "in", "kept", "dropped", "quarantined", "edited", "marked"
OUTCOME_OF = {"drop": DROPPED, "quarantine": QUARANTINED, "edit": EDITED, "mark": MARKED}


class Accounts(Counter[tuple[str, str]]):
    """Documents by (outcome, reason); every stage fills one, and it has to balance."""

    def total(self, outcome: str = IN) -> int:
        """Documents with an outcome, whatever the reason."""
        return sum(n for (o, _), n in self.items() if o == outcome)

    def check(self, stage: str) -> None:
        """Raise `OutOfBalance` unless in = kept + dropped + quarantined."""
        out = {o: self.total(o) for o in (KEPT, DROPPED, QUARANTINED)}
        if self.total(IN) != sum(out.values()):
            seen = ", ".join(f"{o} {n}" for o, n in out.items())
            raise OutOfBalance(f"{stage}: {self.total(IN)} documents went in, but {seen}; nothing was published")

    def rows(self) -> list[list[Any]]:
        """Return ``[outcome, reason, documents]`` rows, sorted."""
        return [[o, r, n] for (o, r), n in sorted(self.items()) if n]

    @classmethod
    def of(cls, rows: Iterable[Iterable[Any]]) -> Accounts:
        """Read what `rows` returned."""
        accounts = cls()
        for outcome, reason, n in rows:
            accounts[(outcome, reason)] += n
        return accounts


@dataclass(frozen=True, slots=True)
class SplitTask:
    """What a worker needs for one split of a stage; travels pickled, so it holds paths and settings only.

    Parameters
    ----------
    split : Split
        The stretch of input.
    recipe : Recipe
        All settings.
    inputs : mapping of str to str
        Table name to the path of this split's file, for the tables that the stage needs and that have rows here.
    shared : mapping of str to tuple of str
        Table name to the paths of all its files, for tables that are not by split.
    decisions : tuple of str
        Paths of this split's decisions of all stages before.
    models : mapping of str to str
        Name of a model to its SHA-256.
    """

    split: Split
    recipe: Recipe
    inputs: Mapping[str, str]
    shared: Mapping[str, tuple[str, ...]]
    decisions: tuple[str, ...]
    models: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """What is declared of every stage.

    Parameters
    ----------
    name : str
        Its name in recipes.
    version : int
        Raised by whoever changes what the stage writes.
    sections : tuple of str
        Sections of the recipe that it reads.
    needs : tuple of str
        Tables that it reads; those owned by a stage that the recipe leaves out are optional.
    writes : tuple of str
        Tables that it owns.
    models : callable
        Recipe to name and SHA-256 of each model that it uses.
    libraries : tuple of str
        Distributions whose version can change what is written.
    """

    name: str
    version: int
    sections: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    models: Callable[[Recipe], Mapping[str, str]] = field(default=lambda _: {})
    libraries: tuple[str, ...] = ()

    def fingerprint(self, recipe: Recipe, inputs: Mapping[str, Any]) -> str:
        """SHA-256 (hex) of everything that the output depends on.

        Parameters
        ----------
        recipe : Recipe
            The settings.
        inputs : mapping
            Digests of what is read, as plain data.
        """
        body = {
            "stage": [self.name, self.version],
            "settings": {s: digest_source(getattr(recipe, s)) for s in self.sections},
            "models": dict(self.models(recipe)),
            "libraries": {lib: importlib.metadata.version(lib) for lib in ("pyarrow", *self.libraries)},
            "inputs": inputs,
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class SplitStage(Stage):
    """A stage that works split by split, without a shuffle; it resumes by split.

    Parameters
    ----------
    work : callable
        ``work(task, out)`` runs in a worker: reads the split, writes rows and accounts to ``out``, and yields now and then, with
        the number of documents so far, so that a hanging worker is noticed.
    """

    work: Callable[[SplitTask, PartWriter], Iterator[int]] = field(kw_only=True)


@dataclass(frozen=True)
class KeyStage(Stage):
    """A stage in which documents of different splits meet, as keys; it runs as a whole.

    Parameters
    ----------
    run : callable
        ``run(context)`` writes the stage's tables through the context and returns its accounts and small facts.
    """

    run: Callable[[KeyContext], tuple[Accounts, Mapping[str, Any]]] = field(kw_only=True)


@dataclass(frozen=True)
class KeyContext:
    """What a key stage works with: tables as DataFrames, what earlier stages have left, and a place to write.

    Parameters
    ----------
    stage : KeyStage
        The stage.
    store : Run
        The run's folder.
    recipe : Recipe
        All settings.
    before : tuple of str
        Stages that come before in the recipe.
    tasks : tuple of SplitTask
        What concerns each split, for passes over text that need no shuffle.
    spark : SparkSession
        The session.
    written : dict
        Filled by `write`: table name to its files.
    """

    stage: KeyStage
    store: Run
    recipe: Recipe
    before: tuple[str, ...]
    tasks: tuple[SplitTask, ...]
    spark: SparkSession
    written: dict[str, list[FileEntry]] = field(default_factory=dict)

    def table(self, name: str) -> DataFrame:
        """Return a table of an earlier stage, whole."""
        from jobs.frames import read

        return read(self.spark, name, self.store.files(name))

    @cached_property
    def dropped(self) -> DataFrame:
        """``(id, split)`` of every document that a stage before has dropped or quarantined."""
        from pyspark.sql import functions as F

        from jobs.frames import read

        paths = [path for stage in self.before for path in self.store.files("decisions", stage)]
        gone = read(self.spark, "decisions", paths).where(F.col("action").isin("drop", "quarantine"))
        return gone.select("id", "split")

    def left(self, name: str) -> DataFrame:
        """Return a table without the documents that stages before have dropped; one row a document on both sides."""
        return self.table(name).join(self.dropped, ["id", "split"], "left_anti")

    @property
    def attempt(self) -> Path:
        """Folder that the stage writes into."""
        return self.store.attempt_dir(self.stage.name)

    def write(
        self, name: str, rows: DataFrame, *, by: tuple[str, ...] = ("split",), order: tuple[str | Column, ...] = ("id",)
    ) -> int:
        """Write a table, one file for each value of ``by``, rows in ``order``; return the number of rows."""
        from jobs.frames import Layout, write

        files = write(rows, Layout(self.attempt / name, TABLES[name].schema, by, order))
        self.written.setdefault(name, []).extend(files)
        return sum(f.rows for f in files)
