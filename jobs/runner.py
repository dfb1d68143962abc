"""Run the stages of a recipe in their order: skip what is current, resume what was begun, publish what balances."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from conf.load import Resolved
from conf.schema import Input, Recipe
from jobs.accounts import DROPPED, IN, KEPT, QUARANTINED, Accounts
from jobs.errors import NothingLeft
from jobs.keys import KeyContext, KeyStage
from jobs.metrics import Meter
from jobs.parts import ParquetPart
from jobs.progress import Progress
from jobs.reads import Reads
from jobs.session import session
from jobs.sources.inputs import Split, list_inputs, plan_splits
from jobs.splits import Commit, collect, reuse, run_splits
from jobs.stage import Outcome, SplitStage, Stage
from jobs.store import AFTER, MADE_WITH, Published, Run, write_atomic
from jobs.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, slots=True)
class Result:
    """What a stage has made in its attempt folder, not yet published."""

    published: Published
    accounts: Accounts
    splits_done: int = 0
    splits_reused: int = 0


@dataclass
class Runner:
    """Takes a recipe through its stages; Spark is started when the first stage needs it and stopped on leaving.

    Parameters
    ----------
    resolved : Resolved
        The recipe and where its settings come from.
    store : Run
        The run's folder.
    stages : mapping of str to Stage
        All stages there are, by name.
    splits : tuple of Split
        What there is to read, by key.
    progress : Progress
        Where a person sees what goes on.
    """

    resolved: Resolved
    store: Run
    stages: Mapping[str, Stage]
    splits: tuple[Split, ...]
    progress: Progress
    _exit: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    @property
    def recipe(self) -> Recipe:
        """The settings."""
        return self.resolved.recipe

    @cached_property
    def spark(self) -> SparkSession:
        """The session, started on first use."""
        self.progress.say("starting Spark")
        return self._exit.enter_context(session(self.recipe.spark, self.logs, self.store.root.name))

    @property
    def logs(self) -> Path:
        """Folder of Spark's own logs."""
        return self.store.root / "logs"

    def run(self, *, start: str | None = None, only: str | None = None, force: Sequence[str] = ()) -> list[Outcome]:
        """Run the recipe's stages.

        Parameters
        ----------
        start : str, optional
            Begin here; the stages before must be finished.
        only : str, optional
            Run this stage alone.
        force : sequence of str
            Stages to run although they are current.

        Returns
        -------
        list of Outcome
            One a stage that was looked at.
        """
        names = self.recipe.stages
        described = self.recipe.model_dump(mode="json") | {"origins": dict(self.resolved.origins)}
        self.progress.input(self.splits)
        write_atomic(self.store.root / "recipe.json", json.dumps(described, sort_keys=True, indent=1))
        chosen = (only,) if only else names[names.index(start) :] if start else names
        outcomes = []
        for name in chosen:
            before = names[: names.index(name)]
            outcomes.append(self._stage(self.stages[name], before, forced=name in force))
            _check_something_left(outcomes[-1])
        return outcomes

    def _stage(self, stage: Stage, before: tuple[str, ...], *, forced: bool) -> Outcome:
        begun = time.monotonic()
        job = (_SplitJob if isinstance(stage, SplitStage) else _KeyJob)(self, stage, before)  # type: ignore[arg-type]
        published = self.store.published(stage.name)
        after = job.reads.fingerprints
        if published and published.fingerprint == job.fingerprint and not forced:
            if published.summary.get(AFTER) != after:
                self.store.restate(replace(published, summary=dict(published.summary) | {AFTER: after}))
            outcome = Outcome(stage.name, False, Accounts.of(published.summary["accounts"]), 0, len(published.splits))
        else:
            if forced:
                shutil.rmtree(self.store.attempt_dir(stage.name), ignore_errors=True)
            with Meter(self.spark, self.logs, stage.name) as meter:
                result = job.run(None if forced else published)
            job.reads.check_handed(stage.name, result.accounts)
            self._publish(result, meter, {AFTER: after, MADE_WITH: stage.made_with(self.recipe)})
            wall = time.monotonic() - begun
            outcome = Outcome(stage.name, True, result.accounts, result.splits_done, result.splits_reused, wall)
        self.progress.stage_done(outcome)
        return outcome

    def _publish(self, result: Result, meter: Meter, facts: Mapping[str, Any]) -> None:
        stage = result.published.stage
        result.accounts.check(stage)
        attempt = self.store.attempt_dir(stage)
        rows = result.accounts.rows()
        written = sum(f.bytes for files in result.published.tables.values() for f in files)
        known = {("documents", "documents"): float(result.accounts.total(IN)), ("written", "bytes"): float(written)}
        columns: Mapping[str, list[dict[str, Any]]] = {
            "accounts": [{"stage": stage, "outcome": o, "reason": r, "documents": n} for o, r, n in rows],
            "metrics": [{"stage": stage} | m for m in meter.rows(known)],
        }
        tables = dict(result.published.tables)
        for table, values in columns.items():
            part = ParquetPart(attempt / table / "part", TABLES[table].schema)
            part.write(pa.RecordBatch.from_pylist(values, schema=TABLES[table].schema))
            tables[table] = (part.close(),)
        for table in tables:
            (attempt / table).mkdir(exist_ok=True)
        shutil.rmtree(attempt / "marks", ignore_errors=True)
        summary = dict(result.published.summary) | {"accounts": rows} | dict(facts)
        self.store.publish(replace(result.published, tables=tables, summary=summary))


def _check_something_left(outcome: Outcome) -> None:
    """End the run after a stage that hands nothing on, with its most frequent reasons."""
    accounts = outcome.accounts
    if accounts.total(KEPT):
        return
    gone = sorted(((n, r) for (o, r), n in accounts.items() if r and o in (DROPPED, QUARANTINED)), reverse=True)
    why = ", ".join(f"{reason} {n}" for n, reason in gone[:4]) or "the input holds no records"
    raise NothingLeft(f"{outcome.stage} left no document: {accounts.total(IN)} went in ({why}); there is nothing to hand on")


def input_splits(given: Input) -> tuple[Split, ...]:
    """Return the splits of an input, by key; raises `jobs.sources.inputs.InputError` for what is not there."""
    files = list_inputs(given.paths, format=given.format, base=given.base)
    return tuple(sorted(plan_splits(files, split_bytes=given.split_bytes), key=lambda s: s.key))


class _SplitJob:
    """A split stage, about to run."""

    def __init__(self, runner: Runner, stage: SplitStage, before: tuple[str, ...]) -> None:
        self.runner, self.stage = runner, stage
        self.reads = Reads(runner.store, stage, before)
        self.wanted = {s.key: stage.fingerprint(runner.recipe, self._digests(s)) for s in runner.splits}
        self.fingerprint = hashlib.sha256(json.dumps(sorted(self.wanted.items())).encode()).hexdigest()

    def run(self, published: Published | None) -> Result:
        runner, stage = self.runner, self.stage
        attempt = runner.store.attempt_dir(stage.name)
        attempt.mkdir(parents=True, exist_ok=True)
        version = runner.store.stage_dir(stage.name) / published.version if published else None
        reused = reuse(attempt, version, self.wanted)
        missing = [s for s in runner.splits if s.key not in reused]
        if missing:
            stage.prepare(runner.progress.say)
            tasks = [(self.reads.task(s, stage, runner.recipe), self.wanted[s.key]) for s in missing]
            with runner.progress.splits(stage.name, attempt, len(runner.splits)):
                run_splits(runner.spark, stage, attempt, tasks)
        done = {s.key: Commit.found(attempt, s.key) for s in runner.splits}
        accounts = Accounts()
        for commit in done.values():
            accounts.update(Accounts.of(commit.accounts))
        return Result(collect(stage, done, self.fingerprint, self.runner.splits), accounts, len(missing), len(reused))

    def _digests(self, split: Split) -> dict[str, Any]:
        if not self.stage.needs:
            return {"file": [self.runner.recipe.input.format, split.file, split.start, split.end, split.size, split.version]}
        return self.reads.of_split(split)


class _KeyJob:
    """A key stage, about to run."""

    def __init__(self, runner: Runner, stage: KeyStage, before: tuple[str, ...]) -> None:
        self.runner, self.stage, self.before = runner, stage, before
        self.reads = Reads(runner.store, stage, before)
        self.fingerprint = stage.fingerprint(runner.recipe, self.reads.whole())

    def run(self, published: Published | None) -> Result:
        del published  # there are no parts of it that could be used again
        runner, stage = self.runner, self.stage
        attempt = runner.store.attempt_dir(stage.name)
        shutil.rmtree(attempt, ignore_errors=True)
        attempt.mkdir(parents=True)
        tasks = tuple(self.reads.task(s, stage, runner.recipe) for s in runner.splits)
        context = KeyContext(stage, runner.store, runner.recipe, self.before, tasks, runner.spark)
        with runner.progress.whole(stage.name, runner.spark):
            accounts, facts = stage.run(context)
        tables = {t: tuple(context.written.get(t, ())) for t in (*stage.writes, "decisions")}
        return Result(Published(stage.name, self.fingerprint, tables, {}, dict(facts)), accounts)
