"""Benchmarks, for people: what an index holds, which of its n-grams a corpus is full of, and copies beside their items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs.errors import JobError
from jobs.reporting.contamination import Copy, copy_of
from jobs.reporting.query import reading
from jobs.sources.inputs import list_inputs, open_input
from jobs.sources.texts import read_texts
from jobs.store import Run
from udfs.decontamination import BenchmarkItem, NgramIndex

MOST_CHARS = 1_000_000
"""Characters of a text that are looked through for frequent n-grams."""

_COPIES = """
select c.suite, c.item, c.part, c.coverage, c.action, c.ranges, lower(hex(c.id)) as id, t.url, t.text
from contamination c join cleaned t on t.id = c.id and t.split = c.split
where c.action <> 'none' and (? = '' or c.suite = ?)
order by md5(c.id), c.id, c.split, c.suite, c.item, c.part limit ?
"""


class BenchmarksError(JobError):
    """What was asked of benchmarks can't be done: why, in one line."""


@dataclass(frozen=True, slots=True)
class Example(Copy):
    """A copy beside its item; texts are for the eyes of whoever has them, not for what is published."""

    copy: str
    text: str


def described(index: NgramIndex) -> list[dict[str, Any]]:
    """Return a row for each benchmark of an index: items, n, and how they are seen."""
    unseen = Counter((suite, why) for (suite, _), why in index.unseen.items())
    whole: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for item, part, writing, tokens in index.passages.tolist():
        suite = index.items[item][0]
        whole[suite] += part == 0 and writing == 0 and 0 < tokens < index.sizes[suite]
        answers[suite] += part == 1 and writing == 0
    items = Counter(suite for suite, _ in index.items)
    return [
        {
            "benchmark": suite,
            "items": items[suite],
            "n": n,
            "matched whole": whole[suite],
            "answers": answers[suite],
            "seen by no rule": sum(count for (name, _), count in unseen.items() if name == suite),
            "why": ", ".join(f"{why} {count}" for (name, why), count in sorted(unseen.items()) if name == suite),
        }
        for suite, n in index.sizes.items()
    ]


def frequent_grams(index: NgramIndex, source: str, *, least: int) -> list[tuple[str, int]]:
    """Return the n-grams of an index that many texts hold, as those write them, the most frequent first.

    Parameters
    ----------
    index : NgramIndex
        Whose telling n-grams are counted: no others matter.
    source : str
        Texts: Parquet or JSON lines with a column text; file, folder or glob.
    least : int
        Documents that must hold an n-gram.
    """
    counts: Counter[int] = Counter()
    written: dict[int, str] = {}
    for text in _texts(source):
        shared = index.shared_grams(text)
        counts.update(shared.keys())
        for gram, (start, end) in shared.items():
            written[gram] = min(written.get(gram, text[start:end]), text[start:end])
    found = [(" ".join(written[gram].split()), n) for gram, n in counts.items() if n >= least]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _texts(source: str) -> Iterator[str]:
    kind = "parquet" if source.rstrip("/").endswith(".parquet") or any(Path(source).glob("*.parquet")) else "jsonl"
    for file in list_inputs([source], format=kind):
        with open_input(file.path) as stream:
            for record in read_texts(stream, format=kind, name=file.path):
                if not record.fault and record.text:
                    yield record.text[:MOST_CHARS]


def examples(run: Run, items: Iterable[BenchmarkItem], *, benchmark: str = "", most: int = 20) -> list[Example]:
    """Return copies that a run has found beside the text of their items.

    Parameters
    ----------
    run : Run
        A run whose stage `decontaminate` has been published.
    items : iterable of BenchmarkItem
        The items, as the index was built of them; copies of others are shown without text.
    benchmark : str
        One benchmark; empty: all.
    most : int
        Copies shown, the same ones every time.

    Raises
    ------
    BenchmarksError
        When the run has not looked for benchmarks.
    """
    known: Mapping[tuple[str, str], BenchmarkItem] = {(item.suite, item.id): item for item in items}
    with reading(run) as tables:
        if not tables.has("contamination"):
            raise BenchmarksError(f"{run.root.name} has not looked for benchmarks: stage decontaminate has not been published")
        rows = tables.rows(_COPIES, [benchmark, benchmark, most])
    return [_example(row, known.get((row["suite"], row["item"]))) for row in rows]


def _example(row: Mapping[str, Any], item: BenchmarkItem | None) -> Example:
    found = copy_of(row)
    copy = " … ".join(row["text"][start:end] for start, end in found.ranges)
    text = "" if item is None else item.text if found.part == "question" else item.answer
    return Example(**asdict(found), copy=copy, text=text)


def phrases(path: Path) -> list[str]:
    """Return the phrases of a list, one a line: what is after a tab is a note, and lines that begin with # say nothing."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t")[0].strip() for line in lines if line.split("\t")[0].strip() and not line.startswith("#")]
