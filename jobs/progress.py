"""Progress of a run: a live line on a terminal, plain lines in a log; always on standard error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from jobs.accounts import DROPPED, EDITED, IN, KEPT, QUARANTINED
from jobs.parts import Mark
from jobs.sources.inputs import Split

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.stage import Outcome

LIVE_S, PLAIN_S = 0.5, 15.0


class Progress:
    """Says what goes on.

    Parameters
    ----------
    console : Console
        Where to; a terminal gets a live line, anything else a line now and then.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._begun = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line with the time since the start."""
        self._console.print(f"{self._clock()} {text}", markup=False, soft_wrap=True)

    def input(self, splits: Sequence[Split]) -> None:
        """Say what is going to be read."""
        files = len({s.file for s in splits})
        size = sum(s.end - s.start for s in splits)
        self.say(f"input: {files:,} files, {size / 1e6:,.1f} MB, {len(splits):,} splits")

    def stage_done(self, outcome: Outcome) -> None:
        """Say what became of a stage."""
        accounts = outcome.accounts
        parts = [f"{accounts.total(IN):,} in", f"{accounts.total(KEPT):,} kept"]
        parts += [f"{accounts.total(o):,} {o}" for o in (DROPPED, QUARANTINED) if accounts.total(o)]
        if edited := accounts.total(EDITED):
            parts.append(f"{edited:,} edits")
        how = f"{outcome.wall_s:.1f} s" if outcome.ran else "up to date"
        if outcome.ran and outcome.splits_reused:
            how += f", {outcome.splits_reused} of {outcome.splits_reused + outcome.splits_done} splits were there"
        self.say(f"{outcome.stage:<14} {', '.join(parts)} ({how})")

    @contextmanager
    def splits(self, stage: str, attempt: Path, total: int) -> Iterator[None]:
        """Show the splits done and documents settled of a split stage while it runs."""

        def look() -> str:
            done = sum(1 for _ in (attempt / "commits").glob("*.json"))
            settled = sum(Mark.settled_in(path) for path in (attempt / "marks").glob("*") if path.suffix == "")
            return f"{done}/{total} splits, {settled:,} documents in work"

        with self._watched(stage, look):
            yield

    @contextmanager
    def whole(self, stage: str, spark: SparkSession) -> Iterator[None]:
        """Show Spark's tasks while a key stage runs."""
        tracker = spark.sparkContext.statusTracker()

        def look() -> str:
            infos = [i for s in tracker.getActiveStageIds() if (i := tracker.getStageInfo(s))]
            done, total = sum(i.numCompletedTasks for i in infos), sum(i.numTasks for i in infos)
            return f"{done}/{total} tasks" if total else "…"

        with self._watched(stage, look):
            yield

    @contextmanager
    def _watched(self, stage: str, look: Callable[[], str]) -> Iterator[None]:
        ended = threading.Event()
        live = self._console.is_terminal
        status = self._console.status("") if live else None

        def watch() -> None:
            last, begun = time.monotonic(), time.monotonic()
            while not ended.wait(LIVE_S):
                text = f"{stage:<14} {look()} ({time.monotonic() - begun:.0f} s)"
                if status is not None:
                    status.update(f"{self._clock()} {text}")
                elif time.monotonic() - last >= PLAIN_S:
                    last = time.monotonic()
                    self.say(text)

        thread = threading.Thread(target=watch, daemon=True)
        if status is not None:
            status.start()
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            if status is not None:
                status.stop()

    def _clock(self) -> str:
        seconds = int(time.monotonic() - self._begun)
        return f"{seconds // 60:02d}:{seconds % 60:02d}"
