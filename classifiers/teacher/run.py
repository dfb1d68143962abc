"""A sample labelled: the questions asked with bounded concurrency, and the labels written.

Answers live in the ledger; the file of labels is made of it in the order of the sample. So a run that was stopped, killed or
broken off by errors goes on with the same command and asks only what has no answer yet.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classifiers.teacher.client import EndpointError, GaveUp, Teacher
from classifiers.teacher.forms import AnswerError
from classifiers.teacher.job import Job
from classifiers.teacher.ledger import Entry, Ledger, LedgerError, Status
from classifiers.teacher.page import Page

ASKS = 2
"""How often a page is asked about whose answers can't be read."""


class RunStopped(RuntimeError):
    """The run ended before the sample did: why, in one line. What was answered is in the ledger."""


@dataclass(slots=True)
class Tally:
    """What has become of the questions of one run, so far."""

    ok: int = 0
    refused: int = 0
    unparsable: int = 0
    failed: int = 0
    asked_again: int = 0
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    stopping: bool = False
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Questions that are settled, failed ones too."""
        return self.ok + self.refused + self.unparsable + self.failed

    def fail(self, why: str) -> None:
        """Count a failed question."""
        self.failed += 1
        self.reasons[why] = self.reasons.get(why, 0) + 1

    @property
    def commonest(self) -> str:
        """Return the commonest reason of failures; empty without any."""
        return min(self.reasons, key=lambda why: (-self.reasons[why], why), default="")


async def ask(job: Job, pages: Iterable[Page], ledger: Ledger, teacher: Teacher, watch: Callable[[Tally], None]) -> Tally:
    """Ask about every page that the ledger has no answer to.

    Parameters
    ----------
    job : Job
        What is asked.
    pages : iterable of Page
        The sample.
    ledger : Ledger
        Where answers go, each before it counts.
    teacher : Teacher
        Who is asked, entered.
    watch : callable
        Told the tally after each question.

    Returns
    -------
    Tally
        Of this run alone.

    Raises
    ------
    EndpointError
        When no question can be answered.
    LedgerError
        When an answer could not be written.
    RunStopped
        When too many fail, or the budget is spent. In any case answers under way are waited for and kept.
    """
    await teacher.check()
    return await _Asking(job, iter(pages), ledger, teacher, watch).all()


class _Asking:
    """One run's workers, which take pages from one iterator."""

    def __init__(self, job: Job, pages: Iterator[Page], ledger: Ledger, teacher: Teacher, watch: Callable[[Tally], None]) -> None:
        self._job, self._pages, self._ledger, self._teacher, self._watch = job, pages, ledger, teacher, watch
        self._under_way: set[str] = set()
        self._ended: Exception | None = None
        self.tally = Tally()

    async def all(self) -> Tally:
        work = asyncio.gather(*(self._worker() for _ in range(self._teacher.concurrency)))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # Answers under way are paid for: the first interrupt waits for them, a second one does not.
            self._end(RunStopped("interrupted"))
            await work
            raise
        if self._ended:
            raise self._ended
        return self.tally

    async def _worker(self) -> None:
        for one in self._pages:
            if self._ended:
                return
            name = self._job.key(one)
            if name in self._ledger or name in self._under_way:
                continue
            self._under_way.add(name)
            try:
                self._ledger.add(await self._settled(one, name))
            except GaveUp as why:
                if not self._ended:
                    self.tally.fail(str(why))
            except (EndpointError, LedgerError) as error:
                self._end(error)
            finally:
                self._under_way.discard(name)
            self._look()

    async def _settled(self, one: Page, name: str) -> Entry:
        question = self._job.question(one)
        raw: list[str] = []
        read = written = 0
        status: Status = "unparsable"
        answer: Mapping[str, Any] | None = None
        while status == "unparsable" and len(raw) < ASKS:
            reply = await self._teacher.ask(question, again=len(raw))
            raw.append(reply.text)
            read, written = read + reply.tokens_in, written + reply.tokens_out
            self.tally.tokens_in += reply.tokens_in
            self.tally.tokens_out += reply.tokens_out
            if reply.refused:
                status = "refused"
                break
            try:
                answer = self._job.prompt.read_answer(reply.text)
                status = "ok"
            except AnswerError:
                answer = None
        self.tally.asked_again += len(raw) - 1
        setattr(self.tally, status, getattr(self.tally, status) + 1)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        made = (self._job.prompt.full_name, self._job.model, reply.served, now)
        return Entry(name, status, answer, tuple(raw), *made, tokens_in=read, tokens_out=written)

    def _look(self) -> None:
        tally, limits = self.tally, self._job.limits
        tally.requests = self._teacher.requests
        self._watch(tally)
        cost = self._job.prices.of(tally.tokens_in, tally.tokens_out)
        if tally.done >= limits.least and tally.failed > limits.failed * tally.done:
            what = f"{tally.failed} of {tally.done} questions failed, more than {limits.failed:.0%}; mostly: {tally.commonest}"
            self._end(RunStopped(what))
        elif limits.budget is not None and cost is not None and cost >= limits.budget:
            self._end(RunStopped(f"the budget of {limits.budget:g} is spent: {cost:.4g} for {tally.done} questions"))

    def _end(self, why: Exception) -> None:
        self._ended = self._ended or why
        self.tally.stopping = True
        self._teacher.stop()


def rows(job: Job, pages: Iterable[Page], ledger: Ledger) -> Iterator[dict[str, Any]]:
    """Yield a label for every page that has been answered, in the order of the sample."""
    for one in pages:
        if not (entry := ledger.get(job.key(one))):
            continue
        answer = entry.answer
        yield {
            "id": one.id.hex(),
            "url": one.url,
            "domain": one.domain,
            "language": one.language,
            "prompt": job.prompt.name,
            "prompt_version": job.prompt.version,
            "prompt_digest": job.prompt.digest,
            "model": entry.model,
            "date": entry.date,
            "status": entry.status,
            "answer": answer,
            "label": None if answer is None else job.prompt.label_of(answer),
            "score": None if answer is None else job.prompt.score_of(answer),
            "stratum": one.stratum,
            "probability": one.probability,
        }


def write(path: Path, labels: Iterable[Mapping[str, Any]]) -> int:
    """Write labels as JSON lines, whole or not at all; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with temporary.open("w", encoding="utf-8") as out:
            for count, row in enumerate(labels, 1):  # noqa: B007
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count
