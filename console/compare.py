"""The engines that find a page's main content, side by side on somebody's own crawl: yield, agreement, speed, samples."""

from __future__ import annotations

import heapq
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import get_args

from jobs.sources.inputs import list_inputs, open_input
from udfs.html import HtmlSettings, PageRejected, extract, is_page
from udfs.html.settings import Engine
from udfs.http import first
from udfs.warc import Capture, read_warc
from udfs.words import tokens

ENGINES: tuple[Engine, ...] = get_args(Engine)
"""Every engine there is, in the order of `udfs.html.settings.Engine`."""
GRAM = 4
"""Words of a shingle, as in the article-extraction-benchmark."""

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;,\"']+)", re.IGNORECASE)

Reader = Callable[[bytes, str | None], str]
"""A page's bytes and the charset label of its HTTP header to its text."""


class CompareError(ValueError):
    """Nothing to compare, in one line."""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page of a crawl: its WARC-Record-ID, address, body, and the charset that its header names."""

    record_id: str | None
    url: str
    body: bytes
    charset: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one engine made of one page.

    Parameters
    ----------
    text : str
        Empty for a page that was rejected or that the engine failed on.
    seconds : float
        CPU time.
    fault : {"", "rejected", "failed"}
        Whether the page was turned away by a limit, or the engine raised.
    """

    text: str
    seconds: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class EngineYield:
    """What an engine made of all pages: those with a text, their words, those turned away or failed on, CPU seconds."""

    engine: str
    pages: int
    with_text: int
    words: int
    rejected: int
    failed: int
    seconds: float

    @property
    def speed(self) -> float:
        """Pages a CPU second."""
        return self.pages / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far two engines agree.

    Parameters
    ----------
    left, right : str
        The engines.
    shingle_f1 : float
        Mean over pages of the F1 of their shingles (0-1); a page that both leave empty does not count.
    equal : float
        Share of those pages on which all words agree.
    pages : int
        Pages that count.
    """

    left: str
    right: str
    shingle_f1: float
    equal: float
    pages: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A page on which engines disagree: its agreement (least F1 of a pair, 0-1) and each engine's text."""

    url: str
    agreement: float
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was found, the samples with the least agreement first."""

    pages: int
    engines: tuple[EngineYield, ...]
    overlaps: tuple[Overlap, ...]
    samples: tuple[Sample, ...]


def pages(paths: Sequence[str], *, limit: int | None = None) -> Iterator[Page]:
    """Read the HTML pages of crawls: responses with status 200 whose body is HTML by its bytes.

    Parameters
    ----------
    paths : sequence of str
        WARC files, directories, globs, URLs or listings, as `jobs.sources.inputs.list_inputs` takes them.
    limit : int, optional
        Most pages.

    Raises
    ------
    InputError
        For a path without files or an unreadable one.
    """
    left = limit
    for file in list_inputs(paths, format="warc"):
        with open_input(file.path) as source:
            for capture in read_warc(source):
                if left == 0:
                    return
                if page := _page(capture):
                    yield page
                    left = left if left is None else left - 1


def reader(engine: Engine) -> Reader:
    """Return the page reader of an engine, everything else at its defaults."""
    settings = HtmlSettings(engine=engine)
    return lambda body, charset: extract(body, charset=charset, settings=settings).text


def read(run: Reader, page: Page) -> Reading:
    """Run an engine on a page; what it raises is a result, since engines are compared on that, too."""
    begun = time.process_time()
    text, fault = "", ""
    try:
        text = run(page.body, page.charset)
    except PageRejected:
        fault = "rejected"
    except Exception:
        fault = "failed"
    return Reading(text, time.process_time() - begun, fault)


def compare(found: Iterable[Page], *, engines: Sequence[Engine] = ENGINES, samples: int = 12) -> Comparison:
    """Run every engine on every page.

    Engines take turns page by page, each first on as many pages as the others, so that a busy machine is unfair to none. Memory
    does not grow with the pages.

    Parameters
    ----------
    found : iterable of Page
        The pages.
    engines : sequence of str
        What is compared.
    samples : int
        Pages to keep for a look, those on which the engines agree least.

    Raises
    ------
    CompareError
        When there is no page.
    """
    tally = _Tally(engines, samples)
    runs = {engine: reader(engine) for engine in engines}
    for number, page in enumerate(found):
        if not number:  # what an engine loads and compiles on its first page is no part of its speed
            for run in runs.values():
                read(run, page)
        turn = number % len(engines)
        order = (*engines[turn:], *engines[:turn])
        tally.add(page, {engine: read(runs[engine], page) for engine in order})
    if not tally.pages:
        raise CompareError("there is no HTML page with status 200 in these files; name others")
    return tally.result()


def shingles(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    """Count the runs of `GRAM` words; a shorter text is one shingle, an empty one none."""
    if not words:
        return Counter()
    return Counter(tuple(words[i : i + GRAM]) for i in range(max(1, len(words) - GRAM + 1)))


def f1(left: Counter[tuple[str, ...]], right: Counter[tuple[str, ...]]) -> float:
    """Return the F1 of two multisets of shingles, 0 to 1; 1 for two empty ones."""
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def charset_of(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type names, or None."""
    named = _CHARSET.search(content_type or "")
    return named[1] if named else None


class _Tally:
    """Sums over pages, and a heap of the pages that engines agree least on."""

    def __init__(self, engines: Sequence[Engine], samples: int) -> None:
        self.engines = engines
        self.pages = 0
        self.sums: dict[str, Counter[str]] = {engine: Counter() for engine in engines}
        self.seconds: dict[str, float] = dict.fromkeys(engines, 0.0)
        self.pairs: dict[tuple[str, str], list[float]] = {pair: [0.0, 0.0, 0.0] for pair in combinations(engines, 2)}
        self._samples = samples
        self._heap: list[tuple[float, int, Sample]] = []

    def add(self, page: Page, readings: dict[Engine, Reading]) -> None:
        self.pages += 1
        bags: dict[str, Counter[tuple[str, ...]]] = {}
        for engine in self.engines:
            reading = readings[engine]
            words = tokens(reading.text)
            bags[engine] = shingles(words)
            self.sums[engine].update({"with_text": bool(words), "words": len(words), reading.fault or "fine": 1})
            self.seconds[engine] += reading.seconds
        least = 1.0
        for pair, sums in self.pairs.items():
            left, right = bags[pair[0]], bags[pair[1]]
            if not left and not right:
                continue
            agreement = f1(left, right)
            least = min(least, agreement)
            sums[0] += agreement
            sums[1] += left == right
            sums[2] += 1
        self._keep(page, least, readings)

    def _keep(self, page: Page, agreement: float, readings: dict[Engine, Reading]) -> None:
        if agreement == 1 or not self._samples:
            return
        texts = tuple((engine, readings[engine].text) for engine in self.engines)
        # The page's number makes the order total: of equal ones the first in the crawl is shown.
        entry = (-agreement, -self.pages, Sample(page.url, agreement, texts))
        if len(self._heap) < self._samples:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def result(self) -> Comparison:
        yields = tuple(
            EngineYield(e, self.pages, s["with_text"], s["words"], s["rejected"], s["failed"], self.seconds[e])
            for e, s in self.sums.items()
        )
        overlaps = tuple(
            Overlap(*pair, total / count if count else 1.0, equal / count if count else 1.0, int(count))
            for pair, (total, equal, count) in self.pairs.items()
        )
        kept = tuple(sample for *_, sample in sorted(self._heap, reverse=True))
        return Comparison(self.pages, yields, overlaps, kept)


def _page(capture: Capture) -> Page | None:
    if capture.kind != "response" or capture.fault or capture.status != 200:
        return None
    label = first(capture.headers, "content-type")
    if is_page(capture.body, label) != "html":
        return None
    return Page(capture.record_id, capture.url, capture.body, charset_of(label))
