"""What the documents are about: the text of each knowledge class before and after its share was seen to."""

from __future__ import annotations

from dataclasses import dataclass

from conf.schema import Balance
from conf.taxonomy import load
from jobs.balance import UNKNOWN
from jobs.reporting.query import Reader

_CLASSES = """
select coalesce(case when k.probability >= {least} then k.knowledge end, '{unknown}') as name, count(*) as documents,
       sum(k.n_chars)::bigint as chars, coalesce(sum(k.n_chars) filter (d.id is null), 0)::bigint as kept
from knowledge k
left join (select id, split from decisions where stage = 'balance' and action = 'drop') d on d.id = k.id and d.split = k.split
where list_contains({classes}, k.class)
group by name order by chars desc, name
"""


@dataclass(frozen=True, slots=True)
class KnowledgeShare:
    """One knowledge class; shares are of the characters of all of them, before and after.

    Parameters
    ----------
    name, title : str
        Id in the taxonomy and title for people.
    documents, chars : int
        Before.
    before, after : float
        Share of the text (0-1).
    most : float or None
        Largest share that the recipe allows; None for any.
    """

    name: str
    title: str
    documents: int
    chars: int
    before: float
    after: float
    most: float | None


def knowledge_shares(tables: Reader) -> tuple[KnowledgeShare, ...]:
    """Return every class that occurs, the largest first; none where the run does not sort documents."""
    if not tables.has("knowledge"):
        return ()
    settings = Balance.model_validate(tables.run.recipe.get("balance", {}))
    shares = settings.shares if "balance" in tables.run.stages else {}
    titles = {one.id: one.title for one in load().classes}
    query = _CLASSES.format(least=settings.min_probability, unknown=UNKNOWN, classes=list(settings.classes))
    rows = tables.rows(query)
    all_chars, all_kept = (max(1, sum(row[name] for row in rows)) for name in ("chars", "kept"))
    return tuple(
        KnowledgeShare(
            row["name"],
            titles.get(row["name"], "Unknown"),
            row["documents"],
            row["chars"],
            row["chars"] / all_chars,
            row["kept"] / all_kept,
            shares.get(row["name"]),
        )
        for row in rows
    )
