"""Documents to look at: a few of every class that was kept, and of every reason that took documents out.

Which ones is settled by the MD5 of the id, so that a report of the same run shows the same documents, and one of a larger run is
not a report of its first file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jobs.reporting.query import Reader, Row

EXCERPT = 600
"""Characters of a text that are shown."""

LINES = 24
"""Lines of a text that are shown."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One document; `excerpt` is None where no text was ever extracted."""

    id: str
    url: str
    lang: str
    excerpt: str | None
    cut: bool
    evidence: Mapping[str, str] = field(default_factory=dict)
    winner: str = ""
    copies: int | None = None


_KEPT = """
with ranked as (
    select coalesce(c.class, 'no class') as grp, d.id, d.split, d.url, d.lang, m.copies,
           row_number() over (partition by grp order by md5(d.id), d.id, d.split) as rank
    from documents d
    anti join outcomes o on o.id = d.id and o.split = d.split
    left join routes c on c.id = d.id and c.split = d.split
    left join mixture m on m.id = d.id and m.split = d.split
)
select * from ranked where rank <= ? order by grp, rank
"""

_LOST = """
with ranked as (
    select o.*, position, row_number() over (partition by o.stage, reason order by md5(id), id, split) as rank
    from outcomes o join stage_order s on s.stage = o.stage
),
chosen as (select * from ranked where rank <= ?)
select c.stage, c.reason, c.id, c.split, min(c.position) as position, min(c.rank) as rank, min(r.url) as url, min(e.lang) as lang,
       min_by(d.evidence, d.evidence::varchar) as evidence, min(w.url) as winner
from chosen c
join records r on r.id = c.id and r.split = c.split
left join documents e on e.id = c.id and e.split = c.split
left join decisions d on d.id = c.id and d.split = c.split and d.stage = c.stage and d.reason = c.reason
left join records w on w.id = d.winner
group by c.stage, c.reason, c.id, c.split
order by position, c.stage, c.reason, rank
"""


_OF_GROUPS = """
with told as (
    select 'language' as kind, coalesce(d.lang, 'und') as name, o.stage, o.reason, d.id, d.split
    from documents d left join outcomes o on o.id = d.id and o.split = d.split
    union all
    select 'class', r.class, o.stage, o.reason, r.id, r.split
    from routes r left join outcomes o on o.id = r.id and o.split = r.split where r.class is not null
),
few as (
    select kind, name, stage, reason, count(*) as n, min_by({{'id': id, 'split': split}}, row(md5(id), id, split), {most}) as picked
    from told group by all
),
placed as (
    select f.*, row_number() over (partition by kind, name, f.stage is null order by n desc, position, reason) as place
    from few f left join stage_order o on o.stage = f.stage
),
chosen as (
    select kind, name, stage, reason, place, rank, picked[rank].id as id, picked[rank].split as split
    from (select *, unnest(range(1, 1 + least(len(picked), if(stage is null, {kept}, {lost})))) as rank from placed)
    where stage is null or place <= {reasons}
)
select c.kind, c.name, coalesce(c.stage, '') as stage, coalesce(c.reason, '') as reason, c.id, c.split,
       min(c.place) as place, min(c.rank) as rank, min(e.url) as url, min(e.lang) as lang, min(m.copies) as copies,
       min_by(d.evidence, d.evidence::varchar) as evidence, min(w.url) as winner
from chosen c
join documents e on e.id = c.id and e.split = c.split
left join mixture m on m.id = c.id and m.split = c.split
left join decisions d on d.id = c.id and d.split = c.split and d.stage = c.stage and d.reason = c.reason
left join records w on w.id = d.winner
group by c.kind, c.name, c.stage, c.reason, c.id, c.split
order by c.kind, c.name, c.stage is not null, place, rank
"""

GroupSamples = Mapping[tuple[str, str], Mapping[tuple[str, str], tuple["Sample", ...]]]
"""By kind and name of the group: samples by stage and reason, the kept ones first under two empty names."""


def kept_samples(tables: Reader, samples: int) -> dict[str, tuple[Sample, ...]]:
    """Return kept documents by class.

    Parameters
    ----------
    tables : Reader
        The run.
    samples : int
        Documents a class.
    """
    return {key[0]: value for key, value in _grouped(tables, tables.rows(_KEPT, [samples]), ("grp",)).items()}


def lost_samples(tables: Reader, samples: int) -> dict[tuple[str, str], tuple[Sample, ...]]:
    """Return lost documents by stage and reason, in the order of the stages.

    Parameters
    ----------
    tables : Reader
        The run.
    samples : int
        Documents a reason.
    """
    groups = _grouped(tables, tables.rows(_LOST, [samples]), ("stage", "reason"))
    return {(key[0], key[1]): value for key, value in groups.items()}


def group_samples(tables: Reader, *, kept: int, lost: int, reasons: int) -> GroupSamples:
    """Return documents of every class and every language, from one query.

    Parameters
    ----------
    tables : Reader
        The run.
    kept : int
        Kept documents of a group.
    lost : int
        Lost documents of a reason.
    reasons : int
        Reasons of a group, those that took most.
    """
    if max(kept, lost) < 1:
        return {}
    # Only numbers are filled in; DuckDB wants that of `min_by` as a constant.
    query = _OF_GROUPS.format(most=max(kept, lost), kept=kept, lost=lost, reasons=reasons)
    found: dict[tuple[str, str], dict[tuple[str, str], tuple[Sample, ...]]] = {}
    for (kind, name, stage, reason), some in _grouped(tables, tables.rows(query), ("kind", "name", "stage", "reason")).items():
        found.setdefault((kind, name), {})[stage, reason] = some
    return found


# Reports are passed on, and items that are passed on are what the next crawl finds.
_COPIES = "select distinct id, split from contamination where action <> 'none' and id in (select unnest(?::blob[]))"
WITHHELD = "(Not shown: the document holds a copy of a benchmark item.)"


def _grouped(tables: Reader, rows: Sequence[Row], by: tuple[str, ...]) -> dict[tuple[str, ...], tuple[Sample, ...]]:
    texts = _texts(tables, rows)
    texts |= {(row["id"], row["split"]): WITHHELD for row in tables.rows(_COPIES, [[row["id"] for row in rows]])}
    groups: dict[tuple[str, ...], list[Sample]] = {}
    for row in rows:
        text = texts.get((row["id"], row["split"]))
        excerpt = None if text is None else "\n".join(text[:EXCERPT].split("\n")[:LINES])
        sample = Sample(
            row["id"].hex(),
            row["url"] or "",
            row["lang"] or "",
            excerpt,
            text != excerpt,
            dict(sorted((row.get("evidence") or {}).items())),
            row.get("winner") or "",
            row.get("copies"),
        )
        groups.setdefault(tuple(row[name] for name in by), []).append(sample)
    return {key: tuple(samples) for key, samples in groups.items()}


def _texts(tables: Reader, rows: Sequence[Row]) -> dict[tuple[bytes, str], str]:
    """Beginnings of the texts, the cleaned ones where there are any; only the files of the splits in question are read."""
    found: dict[tuple[bytes, str], str] = {}
    for split in sorted({row["split"] for row in rows}):
        for table in ("documents", "cleaned"):
            wanted = [row["id"] for row in rows if row["split"] == split]
            found |= {(id_, split): text for id_, text in tables.beginnings(table, split, wanted, EXCERPT + 1)}
    return found
