"""Time page readers on raw pages: Woolmill, trafilatura and Resiliparse in one run, in turns page by page; then memory.

    python -m benchmarks.extractors [--limit N] [--repeat 3] [--memory-pages 100000] [--out benchmarks/results/DATE-extractors.md]

The pages are those of ``extraction/scrapinghub`` and ``extraction/readability`` below ``WOOLMILL_DATA``, the two sets whose HTML
is unmodified. Every reader is handed the page's bytes and returns its text, each at its defaults: `udfs.html.plain_text`,
``trafilatura.extract``, Resiliparse's ``extract_plain_text(main_content=True)``. A page's time is the least CPU time of
``--repeat`` rounds. Memory is that of a process of its own that reads the pages over and over with Woolmill alone.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import lzma
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from udfs.html import PageRejected, plain_text

SETS = ("scrapinghub", "readability")
STEPS = 20
"""Measurements of memory."""

Reader = Callable[[bytes], str | None]


@dataclass(slots=True)
class Times:
    """CPU seconds of one reader: the least of each page, all rounds in sum, and the pages it raised on."""

    least: list[float]
    total: float = 0.0
    raised: dict[str, str] = field(default_factory=dict)


def read_pages(folder: Path, limit: int | None) -> list[tuple[str, bytes]]:
    """Return name and bytes of the pages, from both sets in turn, so that a limit takes from both."""
    sets = []
    for name in SETS:
        with lzma.open(folder / "extraction" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            sets.append([(f"{name}/{row['id']}", _bytes(row)) for row in map(json.loads, lines)])
    longest = max(map(len, sets))
    mixed = [one[i] for i in range(longest) for one in sets if i < len(one)]
    return mixed[:limit]


def _bytes(row: Mapping[str, str]) -> bytes:
    return base64.b64decode(row["html_b64"]) if "html_b64" in row else row["html"].encode("utf-8", "replace")


def readers() -> dict[str, Reader]:
    """Return the readers by name, the one that ratios refer to last."""
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    return {
        "woolmill": plain_text,
        "resiliparse": lambda page: extract_plain_text(page.decode("utf-8", "replace"), main_content=True),
        "trafilatura": trafilatura.extract,
    }


def measure(pages: Sequence[tuple[str, bytes]], repeat: int) -> dict[str, Times]:
    """Time every reader on every page, `repeat` rounds; who comes first changes from page to page."""
    runs = readers()
    names = list(runs)
    found = {name: Times([float("inf")] * len(pages)) for name in names}
    for run in runs.values():  # what loads and compiles on the first page is no part of the speed
        for _, page in pages[:2]:
            _timed(run, page)
    gc.collect()
    for round_ in range(repeat):
        for i, (label, page) in enumerate(pages):
            turn = (i + round_) % len(names)
            for name in (*names[turn:], *names[:turn]):
                seconds, raised = _timed(runs[name], page)
                found[name].least[i] = min(found[name].least[i], seconds)
                found[name].total += seconds
                if raised:
                    found[name].raised[label] = raised
        print(f"round {round_ + 1} of {repeat}: {len(pages)} pages", file=sys.stderr, flush=True)
    return found


def _timed(run: Reader, page: bytes) -> tuple[float, str]:
    begun = time.process_time()
    raised = ""
    try:
        run(page)
    except PageRejected:
        pass
    except Exception as error:
        raised = repr(error)
    return time.process_time() - begun, raised


def table(pages: Sequence[tuple[str, bytes]], found: Mapping[str, Times]) -> str:
    """Return the readers side by side, as Markdown."""
    megabytes = sum(len(page) for _, page in pages) / 1e6
    sums = {name: sum(times.least) for name, times in found.items()}
    slowest = sums["trafilatura"]
    heads = (
        "reader",
        "pages a CPU s",
        "times trafilatura",
        "MB/s",
        "mean ms",
        "p50 ms",
        "p99 ms",
        "worst ms",
        "worst page",
        "raised",
    )
    lines = [f"| {' | '.join(heads)} |", "| --- " + "| ---: " * 7 + "| --- | ---: |"]
    for name, times in found.items():
        ms = 1000 * np.array(times.least)
        worst = int(ms.argmax())
        row = (
            *(name, f"{len(pages) / sums[name]:.1f}", f"{slowest / sums[name]:.2f}", f"{megabytes / sums[name]:.1f}"),
            *(f"{value:.2f}" for value in (ms.mean(), np.percentile(ms, 50), np.percentile(ms, 99), ms[worst])),
            *(pages[worst][0], str(len(times.raised))),
        )
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def memory(pages: Sequence[tuple[str, bytes]], count: int) -> list[tuple[int, float]]:
    """Read `count` pages, over and over, in a fresh process; return pages read and resident MiB, `STEPS` times."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_read_on, args=(pages, count, theirs))
    child.start()
    theirs.close()
    found: list[tuple[int, float]] = []
    while True:
        try:
            found.append(ours.recv())
        except EOFError:
            break
        print(f"{found[-1][0]:,} pages: {found[-1][1]:.0f} MiB", file=sys.stderr, flush=True)
    child.join()
    if child.exitcode:
        raise RuntimeError(f"the process that reads pages ended with {child.exitcode}")
    return found


def _read_on(pages: Sequence[tuple[str, bytes]], count: int, out: Connection) -> None:
    step = max(1, count // STEPS)
    for number, (_, page) in enumerate(islice(cycle(pages), count), 1):
        _timed(plain_text, page)
        if number % step == 0 or number == count:
            out.send((number, resident()))
    out.close()


def resident() -> float:
    """Return this process's resident memory in MiB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory_line(found: Sequence[tuple[int, float]]) -> str:
    """Say how memory grew from the second measurement, a tenth of the way, to the last."""
    (early, first), (late, last) = found[min(1, len(found) - 1)], found[-1]
    most = max(mib for _, mib in found)
    return (
        f"Memory of Woolmill alone: {first:.0f} MiB after {early:,} pages, {last:.0f} MiB after {late:,} "
        f"({last / first:.3f} times), {most:.0f} MiB at most."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Read, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--limit", type=int, help="most pages")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; a page's time is the least")
    parser.add_argument("--memory-pages", type=int, default=100_000, help="0: leave memory out")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        parser.error("name the data folder by --data or WOOLMILL_DATA")
    pages = read_pages(arguments.data, arguments.limit)
    found = measure(pages, arguments.repeat)
    sizes = np.array([len(page) for _, page in pages]) / 1000
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    parts = [
        f"{len(pages)} pages, {sizes.mean():.0f} kB on average, {np.median(sizes):.0f} kB in the middle; best of {arguments.repeat}.",
        table(pages, found),
        *(f"{name} raised on {page}: {what}" for name, times in found.items() for page, what in times.raised.items()),
        *([memory_line(memory(pages, arguments.memory_pages))] if arguments.memory_pages else []),
        machine,
    ]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
