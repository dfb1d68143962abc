"""A stratified sample of a run's documents for labelling, drawn by hashes of ids with a seed: the same one every time.

The population is every document of table ``cleaned`` that has text, kept and dropped ones; the heuristic score is ``ft_quality``.
`classifiers.teacher.strata` says how is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from classifiers.teacher.page import Page
from classifiers.teacher.strata import Candidate, Drawn, Wanted, draw
from jobs.errors import JobError
from jobs.reporting.query import Reader, reading
from jobs.store import Run
from udfs.urls import registered_domain

SCHEMA = pa.schema(
    [
        pa.field("id", pa.binary()),
        pa.field("split", pa.string()),
        pa.field("url", pa.string()),
        pa.field("domain", pa.string()),
        pa.field("language", pa.string()),
        pa.field("title", pa.string()),
        pa.field("text", pa.string()),
        pa.field("kept", pa.bool_()),
        pa.field("reason", pa.string()),
        pa.field("ft_quality", pa.float64()),
        pa.field("stratum", pa.string()),
        pa.field("probability", pa.float64()),
    ]
)
"""Columns of a sample: ``reason`` is stage and reason of what dropped the document; others as in the run's tables."""

_ROWS = 1_000

_DOCUMENTS = """
select c.id, c.split, any_value(c.lang) as lang, any_value(c.url) as url, any_value(cast(g.n_chars as bigint)) as n_chars,
       any_value(s.ft_quality) as quality, any_value(o.stage || ': ' || o.reason) as reason
from cleaned c
join signals g on g.id = c.id and g.split = c.split
left join scores s on s.id = c.id and s.split = c.split
left join outcomes o on o.id = c.id and o.split = c.split
where g.n_chars > 0
group by c.id, c.split
order by c.id, c.split
"""


class SampleError(JobError):
    """A sample can't be drawn or read: why, in one line."""


def sample(run: Run, out: Path, wanted: Wanted) -> list[Drawn]:
    """Draw a sample of a run and write it.

    Parameters
    ----------
    run : Run
        A run whose stage ``clean`` is published; what later stages have dropped is flagged as far as they have come.
    out : Path
        The file, ``.parquet``; columns as in `SCHEMA`, rows in the order of the draws.
    wanted : Wanted
        What is drawn.

    Raises
    ------
    SampleError
        When ``clean`` has not been published, or there is no document.
    """
    with reading(run) as tables:
        if not tables.has("cleaned"):
            raise SampleError(f"{run.root.name} has no cleaned texts: stage 'clean' isn't up to date; run its recipe again")
        candidates = list(_candidates(tables, wanted))
    if not candidates:
        named = f" in {', '.join(wanted.languages)}" if wanted.languages else ""
        raise SampleError(f"{run.root.name} has no document with text{named}")
    drawn = draw(candidates, wanted)
    about = {"run": run.root.name, "population": len(candidates), **asdict(wanted)}
    table = _table(run, drawn).replace_schema_metadata({"woolmill.sample": json.dumps(about)})
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.new")
    pq.write_table(table, temporary, row_group_size=_ROWS, compression="zstd")
    temporary.replace(out)
    return drawn


def _candidates(tables: Reader, wanted: Wanted) -> Iterator[Candidate]:
    last = b""
    for batch in tables.batches(_DOCUMENTS):
        for row in batch.to_pylist():
            # An id may occur in two files of an input; a label is of the id.
            if row["id"] == last or (wanted.languages and row["lang"] not in wanted.languages):
                continue
            last = row["id"]
            url = row["url"] or ""
            hashed = xxhash.xxh3_64_intdigest(last, seed=wanted.seed)
            facts = (row["lang"] or "und", row["n_chars"], row["quality"], row["reason"])
            yield Candidate(last, row["split"], url, registered_domain(url) if url else "", *facts, draw=hashed)


def _table(run: Run, drawn: Sequence[Drawn]) -> pa.Table:
    splits = sorted({one.candidate.split for one in drawn})
    texts, titles = ({k: v for split in splits for k, v in _column(run, *where, split, drawn)} for where in _TEXTS)
    rows = [
        {
            "id": one.candidate.id,
            "split": one.candidate.split,
            "url": one.candidate.url,
            "domain": one.candidate.domain,
            "language": one.candidate.language,
            "title": titles.get(one.candidate.id),
            "text": texts[one.candidate.id],
            "kept": one.candidate.reason is None,
            "reason": one.candidate.reason,
            "ft_quality": one.candidate.quality,
            "stratum": one.stratum,
            "probability": one.probability,
        }
        for one in drawn
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


_TEXTS = (("cleaned", "clean", "text"), ("documents", "extract", "title"))


def _column(
    run: Run, table: str, stage: str, column: str, split: str, drawn: Sequence[Drawn]
) -> Iterator[tuple[bytes, str | None]]:
    """Yield a column of a split's chosen documents; only batches of its file are in memory."""
    path = run.split_file(table, stage, split) if run.published(stage) else None
    if path is None:
        return
    wanted = pa.array([one.candidate.id for one in drawn if one.candidate.split == split], pa.binary())
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS, columns=["id", column]):
            found = batch.filter(pc.is_in(batch["id"], wanted))
            yield from zip(found["id"].to_pylist(), found[column].to_pylist(), strict=True)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample on the disk, which can be gone through any number of times.

    Parameters
    ----------
    path : Path
        Parquet with ``id`` and ``text``; other columns of `SCHEMA` are used where they are.
    """

    path: Path

    @classmethod
    def open(cls, path: Path) -> Sample:
        """Open a sample; raises `SampleError` where there is none."""
        try:
            with pq.ParquetFile(path) as file:
                types = {field.name: field.type for field in file.schema_arrow}
        except (OSError, pa.ArrowException) as error:
            reason = "no such file" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0]
            raise SampleError(f"{path} can't be read as Parquet: {reason}") from error
        if missing := [name for name in ("id", "text") if name not in types]:
            raise SampleError(f"{path} has no column {missing[0]!r}: give a file that `woolmill label sample` has written")
        if types["id"] != pa.binary():
            raise SampleError(f"{path}: column 'id' is {types['id']}, it must be binary")
        return cls(path)

    def __iter__(self) -> Iterator[Page]:
        with pq.ParquetFile(self.path) as file:
            names = [name for name in SCHEMA.names if name in file.schema_arrow.names]
            for batch in file.iter_batches(_ROWS, columns=names):
                yield from map(_page, batch.to_pylist())


def _page(row: Mapping[str, Any]) -> Page:
    texts = {name: row.get(name) or "" for name in ("text", "title", "url", "domain", "language", "stratum")}
    return Page(row["id"], **texts, probability=row.get("probability"))
