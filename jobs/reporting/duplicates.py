"""What the report says of duplicates: clusters, the curve of the bands, sources, buckets, and lines that were removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.reporting.query import Reader, Row
from udfs.sketch import s_curve

CLUSTERS, LINES = 10, 40


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Everything on the report's section about duplicates.

    Parameters
    ----------
    facts : mapping
        What the stage ``documents`` said of itself.
    levels : tuple of rows
        ``level, documents, least, mean`` (similarity to the document that stays).
    sizes : tuple of rows
        ``size`` (a range of cluster sizes) and ``clusters``.
    largest : tuple of rows
        ``url, size`` of the largest clusters.
    curve : tuple of (float, float)
        Similarity of a pair, and the probability that the bands propose it (0-1).
    sources : tuple of (str, int, int)
        Source, its documents, and those removed.
    lines : tuple of rows
        ``lang, copies, line``: removed lines, the most frequent first.
    """

    facts: Mapping[str, Any]
    levels: tuple[Row, ...]
    sizes: tuple[Row, ...]
    largest: tuple[Row, ...]
    curve: tuple[tuple[float, float], ...]
    sources: tuple[tuple[str, int, int], ...]
    lines: tuple[Row, ...]


_LEVELS = """
select level, count(*) as documents, min(similarity) as least, avg(similarity) as mean from clusters group by level order by level
"""
_SIZES = """
with sizes as (select winner, winner_split, max(size) as n from clusters group by all)
select case when n = 2 then '2' when n = 3 then '3' when n <= 5 then '4–5' when n <= 10 then '6–10' when n <= 100 then '11–100'
       when n <= 1000 then '101–1,000' else 'over 1,000' end as size, count(*) as clusters, min(n) as least
from sizes group by size order by least
"""
_LARGEST = """
select any_value(coalesce(nullif(r.url, ''), r.record_id, r.file || ':' || r."offset")) as url, max(c.size) as size
from clusters c left join records r on r.id = c.winner and r.split = c.winner_split
group by c.winner, c.winner_split order by size desc, url limit ?
"""
_LINES = """
select lang, max(copies) as copies, min(line) as line from removed_lines group by lang, hash order by copies desc, lang, line limit ?
"""


def duplicates(tables: Reader) -> Duplicates | None:
    """Gather the section; None where the run has not deduplicated documents."""
    published = tables.run.current("documents") if "documents" in tables.run.stages else None
    if published is None:
        return None
    sketch = tables.run.recipe["sketch"]
    return Duplicates(
        facts=published.summary,
        levels=tuple(tables.rows(_LEVELS)),
        sizes=tuple(tables.rows(_SIZES)),
        largest=tuple(tables.rows(_LARGEST, [CLUSTERS])),
        curve=tuple((step / 20, s_curve(step / 20, sketch["bands"], sketch["rows"])) for step in range(6, 21)),
        sources=tuple((name, n, gone) for name, (n, gone) in published.summary.get("sources", {}).items()),
        lines=tuple(tables.rows(_LINES, [LINES])),
    )
