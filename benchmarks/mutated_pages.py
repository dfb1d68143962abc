"""Damage real pages in many ways and read them: no exception, no page over two seconds, no death of the process.

    python -m benchmarks.mutated_pages [--pages 100000] [--processes 2] [--seed 0] [--engine NAME] [--keep DIR]

Page number i is made from the seed and i alone: the same call makes the same pages on every machine, with any number of
processes, and ``--only I`` reads one again. The pages are those of ``extraction``, ``structured`` and the crawl in ``warc``
below ``WOOLMILL_DATA``. An exception besides `PageRejected`, a page over ``--slow`` CPU seconds, and a process that dies or hangs
are counted; the page's number is printed and its bytes are kept in ``--keep``. Exit code 1 when there was any of these.
"""

from __future__ import annotations

import argparse
import base64
import json
import lzma
import multiprocessing
import os
import queue
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from benchmarks.mutations import mutated
from udfs.html import HtmlSettings, PageRejected, extract, is_page
from udfs.html.settings import Engine
from udfs.warc import read_warc

SETS = ("extraction/*.jsonl.xz", "structured/*.jsonl.xz")
CRAWL = "warc/CC-TEST-2026-10-00000.warc.gz"
HANGS_S = 60.0
REPORT_S = 10.0
BATCH = 50


def read_sources(folder: Path, max_bytes: int) -> list[bytes]:
    """Return the whole pages that are damaged, those above `max_bytes` left out, in a fixed order."""
    found: list[bytes] = []
    for pattern in SETS:
        for path in sorted(folder.glob(pattern)):
            with lzma.open(path, "rt", encoding="utf-8") as lines:
                for row in map(json.loads, lines):
                    page = base64.b64decode(row["html_b64"]) if "html_b64" in row else row["html"].encode("utf-8", "replace")
                    found.append(page)
    for path in sorted(folder.glob(CRAWL)):
        with path.open("rb") as source:
            found += [capture.body for capture in read_warc(source) if is_page(capture.body) == "html"]
    return [page for page in found if page and len(page) <= max_bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process needs to know: the data, the pages, the limits."""

    data: Path
    seed: int
    max_bytes: int
    slow: float
    engine: Engine


@dataclass(frozen=True, slots=True)
class Finding:
    """A page that was not read as it should be: what happened, in a word and in full."""

    number: int
    what: str
    detail: str


@dataclass(slots=True)
class Account:
    """What became of a number of pages; times are CPU seconds, `peak` is the largest process in MiB."""

    done: int = 0
    size: int = 0
    seconds: float = 0.0
    worst: float = 0.0
    worst_page: int = -1
    peak: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Add another account to this one."""
        self.done += other.done
        self.size += other.size
        self.seconds += other.seconds
        if other.worst > self.worst:
            self.worst, self.worst_page = other.worst, other.worst_page
        self.peak = max(self.peak, other.peak)
        self.outcomes += other.outcomes
        self.changes += other.changes
        self.findings += other.findings


def read_one(number: int, page: bytes, plan: Plan) -> tuple[str, float, Finding | None]:
    """Read a page; return its outcome, CPU seconds, and what is wrong, if anything is."""
    begun = time.process_time()
    finding = None
    try:
        found = extract(page, settings=HtmlSettings(engine=plan.engine))
        outcome = "text" if found.text else f"empty: {found.reason}"
        found.text.encode()  # a lone surrogate would stop every writer
    except PageRejected as rejected:
        outcome = f"rejected: {rejected.reason}"
    except Exception as error:
        outcome = "exception"
        finding = Finding(number, f"{type(error).__name__}", traceback.format_exc(limit=-4))
    seconds = time.process_time() - begun
    if seconds > plan.slow and finding is None:
        finding = Finding(number, "slow", f"{seconds:.2f} s of CPU for {len(page):,} bytes")
    return outcome, seconds, finding


def work(plan: Plan, numbers: range, state: Any, out: Any) -> None:
    """Read pages; `state` holds the number of the one in hand and when it was begun, 0 between pages."""
    sources = read_sources(plan.data, plan.max_bytes)
    account = Account()
    read_one(-1, sources[0], plan)
    for number in numbers:
        page, names = mutated(number, plan.seed, sources)
        state[0], state[1] = number, time.monotonic()
        outcome, seconds, finding = read_one(number, page, plan)
        state[1] = 0.0
        account.done += 1
        account.size += len(page)
        account.seconds += seconds
        account.outcomes[outcome] += 1
        account.changes.update(names)
        if seconds > account.worst:
            account.worst, account.worst_page = seconds, number
        if finding:
            account.findings.append(finding)
        if account.done == BATCH or number == numbers[-1]:
            account.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            out.put((number, account))
            account = Account()


@dataclass(slots=True)
class Member:
    """A process, the pages that it has not reported yet, and the ways to hear from it."""

    numbers: range
    state: Any
    out: Any
    process: Any = None


class Crew:
    """Processes that read pages side by side; one that dies or hangs loses its page and is replaced."""

    def __init__(self, plan: Plan, count: int, processes: int) -> None:
        self.plan = plan
        self.total = Account()
        self.context = multiprocessing.get_context("spawn")
        self.members = [self._member(range(k, count, processes)) for k in range(processes)]

    def accounts(self) -> Iterator[Account]:
        """Give the sum of all that was reported, a few times a second, until all pages are done."""
        while self.members:
            time.sleep(0.2)
            self.members = [heir for member in self.members for heir in self._looked_after(member)]
            yield self.total

    def _member(self, numbers: range) -> Member:
        # A process that is killed may leave its queue locked, so each has its own.
        member = Member(numbers, self.context.Array("d", 2, lock=False), self.context.Queue())
        member.process = self.context.Process(target=work, args=(self.plan, numbers, member.state, member.out), daemon=True)
        member.process.start()
        return member

    def _looked_after(self, member: Member) -> list[Member]:
        """Take what a process has reported, and return it, nothing when it is done, or those that take over from it."""
        self._collect(member)
        if not member.numbers:
            member.process.join()
            return []
        hangs = bool(member.state[1]) and time.monotonic() - member.state[1] > HANGS_S
        if hangs:
            member.process.kill()
            member.process.join()
        elif member.process.is_alive():
            return [member]
        self._collect(member, patience=1.0)
        code, lost = member.process.exitcode, int(member.state[0])
        if not member.numbers:
            return []
        if not member.state[1]:
            raise RuntimeError(f"a process ended with {code} outside of a page; its own output says why")
        what = "hang" if hangs else f"death, exit code {code}"
        self.total.add(Account(done=1, outcomes=Counter({what: 1}), findings=[Finding(lost, what, "the process was lost")]))
        # Pages of the batch that died with its process are read again, all but the one that did it.
        at = member.numbers.index(lost)
        return [self._member(numbers) for numbers in (member.numbers[:at], member.numbers[at + 1 :]) if numbers]

    def _collect(self, member: Member, *, patience: float = 0.0) -> None:
        while True:
            try:
                number, account = member.out.get(timeout=patience) if patience else member.out.get_nowait()
            except queue.Empty:
                return
            member.numbers = member.numbers[member.numbers.index(number) + 1 :]
            self.total.add(account)


def table(account: Account, wall: float) -> str:
    """Return the account, as Markdown."""
    lines = ["| what | pages |", "| --- | ---: |"]
    lines += [f"| {what} | {n:,} |" for what, n in sorted(account.outcomes.items(), key=lambda item: (-item[1], item[0]))]
    kinds = Counter(finding.what for finding in account.findings)
    lines += ["", "| found | pages |", "| --- | ---: |"]
    lines += [f"| {what} | {n:,} |" for what, n in sorted(kinds.items())] or ["| nothing | 0 |"]
    lines += ["", "| change | times |", "| --- | ---: |"]
    lines += [f"| {what} | {n:,} |" for what, n in sorted(account.changes.items())]
    pages = max(1, account.done)
    head = (
        f"{account.done:,} pages of {account.size / pages / 1000:.0f} kB on average in {wall:.0f} s; "
        f"{1000 * account.seconds / pages:.1f} ms of CPU a page, worst {account.worst:.2f} s (page {account.worst_page}); "
        f"largest process {account.peak:.0f} MiB"
    )
    return head + "\n\n" + "\n".join(lines)


def keep(folder: Path, findings: Sequence[Finding], plan: Plan) -> None:
    """Write the bytes of pages, and beside each what happened."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = read_sources(plan.data, plan.max_bytes)
    for finding in findings:
        page, names = mutated(finding.number, plan.seed, sources)
        (folder / f"{plan.seed}-{finding.number}.html").write_bytes(page)
        said = f"{finding.what}\n{', '.join(names)}\n{finding.detail}\n"
        (folder / f"{plan.seed}-{finding.number}.txt").write_text(said, "utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Make, read, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=get_args(Engine), default=HtmlSettings().engine)
    parser.add_argument("--max-bytes", type=int, default=400_000, help="largest page that is damaged")
    parser.add_argument("--slow", type=float, default=2.0, help="CPU seconds that a page may take")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder for the pages that something was wrong with")
    parser.add_argument("--only", type=int, metavar="I", help="make and read this page alone, and say what happened")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        parser.error("name the data folder by --data or WOOLMILL_DATA")
    plan = Plan(arguments.data, arguments.seed, arguments.max_bytes, arguments.slow, arguments.engine)
    if arguments.only is not None:
        return _only(arguments.only, plan)
    begun = said = time.monotonic()
    crew = Crew(plan, arguments.pages, max(1, min(arguments.processes, arguments.pages)))
    shown = 0
    for account in crew.accounts():
        for finding in account.findings[shown:]:
            print(f"page {finding.number}: {finding.what}\n{finding.detail}", file=sys.stderr, flush=True)
        shown = len(account.findings)
        if time.monotonic() - said > REPORT_S:
            said = time.monotonic()
            print(f"{account.done:,} pages, {said - begun:.0f} s, {shown} found", file=sys.stderr, flush=True)
    if arguments.keep and crew.total.findings:
        keep(arguments.keep, crew.total.findings, plan)
    print(table(crew.total, time.monotonic() - begun))
    return 1 if crew.total.findings else 0


def _only(number: int, plan: Plan) -> int:
    page, names = mutated(number, plan.seed, read_sources(plan.data, plan.max_bytes))
    outcome, seconds, finding = read_one(number, page, plan)
    print(f"page {number}: {', '.join(names)}; {len(page):,} bytes; {outcome}; {seconds:.3f} s")
    if finding:
        print(finding.detail)
    return 1 if finding else 0


if __name__ == "__main__":
    sys.exit(main())
