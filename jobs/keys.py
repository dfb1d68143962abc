"""Key stages: where documents of different splits meet, as keys, in Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.schema import Recipe
from jobs.accounts import Accounts
from jobs.frames import Layout, read, write
from jobs.stage import SplitTask, Stage
from jobs.store import FileEntry, Run
from jobs.tables import TABLES


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
        return read(self.spark, name, self.store.files(name))

    @cached_property
    def dropped(self) -> DataFrame:
        """``(id, split)`` of every document that a stage before has dropped or quarantined."""
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
        files = write(rows, Layout(self.attempt / name, TABLES[name].schema, by, order))
        self.written.setdefault(name, []).extend(files)
        return sum(f.rows for f in files)
