"""What the report says of each class and each language.

All groups come from one aggregate over the documents, one row for each language, class and reason of loss, and one pass for the
quantiles; no group has a query of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.reporting.funnels import UNKNOWN, Funnel, Outlier, Tally, funnels
from jobs.reporting.peers import LEAST
from jobs.reporting.query import Reader, Row
from jobs.reporting.spreads import Spread, spreads

Kind = Literal["class", "language"]

_ROUTE, _NO_FUNNEL = "route", frozenset(("extract", "report"))
_SUMS = ("documents", "tokens", "sampled_tokens", "characters")


@dataclass(frozen=True, slots=True)
class Group:
    """One class or language.

    Parameters
    ----------
    kind, name : str
        What it is, and its class or language code.
    documents, kept : int
        Documents that were extracted (of a class: that were routed to it), and those that no stage took out.
    tokens, sampled_tokens, characters : int
        Tokens of one copy of each document in the mixture, tokens in the shards, and characters of one copy.
    funnel : Funnel
        Its way through the stages. Of a class no outliers are named: each has rules of its own.
    parts : tuple of (str, int, int)
        Languages of a class, or classes of a language: name, documents, kept; the largest first.
    because : tuple of (str, int)
        For a class: what decided that documents belong to it, and how many.
    spreads : tuple of Spread
        Quantiles of the scores.
    """

    kind: Kind
    name: str
    documents: int
    kept: int
    tokens: int
    sampled_tokens: int
    characters: int
    funnel: Funnel
    parts: tuple[tuple[str, int, int], ...]
    because: tuple[tuple[str, int], ...]
    spreads: tuple[Spread, ...]

    @property
    def rate(self) -> float:
        """Share of the documents that are kept; 0 where there are none."""
        return self.kept / self.documents if self.documents else 0.0

    @property
    def comparable(self) -> bool:
        """Whether it is large enough to compare others with."""
        return self.documents >= LEAST and self.name != UNKNOWN


@dataclass(frozen=True, slots=True)
class Groups:
    """All classes and all languages, the largest first, and the languages' outliers, the most documents lost first."""

    classes: tuple[Group, ...]
    languages: tuple[Group, ...]
    outliers: tuple[Outlier, ...]


_CELLS = """
select coalesce(d.lang, 'und') as lang, r.class as class, o.stage as stage, o.reason as reason, count(*) as documents,
       coalesce(sum(m.tokens), 0)::bigint as tokens, coalesce(sum(m.tokens * m.copies), 0)::bigint as sampled_tokens,
       coalesce(sum(s.n_chars) filter (m.id is not null), 0)::bigint as characters
from documents d
left join outcomes o on o.id = d.id and o.split = d.split
left join routes r on r.id = d.id and r.split = d.split
left join mixture m on m.id = d.id and m.split = d.split
left join signals s on s.id = d.id and s.split = d.split
group by all
"""
_BECAUSE = """
select class, because::varchar as because, count(*) as documents from routes
where class is not null and because is not null group by all order by class, documents desc, because
"""


def groups(tables: Reader) -> Groups:
    """Gather all groups of a run.

    Parameters
    ----------
    tables : Reader
        The run; languages are there from extraction on, classes once ``route`` has been published.
    """
    cells = tables.rows(_CELLS)
    seen = {cell["stage"] for cell in cells}
    missing = tables.missing()
    told = [s for s in tables.run.stages if s not in missing and (s not in _NO_FUNNEL or s in seen)]
    scores = spreads(tables)
    languages = _groups("language", _tallies(cells, "lang", "class"), told, scores)
    classes: tuple[Group, ...] = ()
    if _ROUTE in told:
        wanted = tables.run.recipe.get("mix", {}).get("shares", {})
        routed = told[told.index(_ROUTE) :]
        reached = [cell for cell in cells if cell["stage"] is None or cell["stage"] in routed]
        tallies = {name: Tally() for name in wanted} | _tallies(reached, "class", "lang")
        classes = _groups("class", tallies, routed, scores, _because(tables))
    outliers = sorted((o for g in languages for o in g.funnel.outliers), key=lambda o: (-o.excess, o.name, o.step.stage))
    return Groups(classes, languages, tuple(outliers))


def _tallies(cells: Iterable[Row], by: str, other: str) -> dict[str, Tally]:
    """Add the cells up by language or by class."""
    found: dict[str, Tally] = {}
    for cell in cells:
        if cell[by] is None:
            continue
        tally, documents = found.setdefault(cell[by], Tally()), cell["documents"]
        tally.sums.update({name: cell[name] for name in _SUMS})
        kept = documents if cell["stage"] is None else 0
        tally.sums["kept"] += kept
        if not kept:
            tally.lost[cell["stage"], cell["reason"] or ""] += documents
        if cell[other] is not None:
            tally.parts[cell[other]] += documents
            tally.parts_kept[cell[other]] += kept
    return found


def _groups(
    kind: Kind,
    tallies: Mapping[str, Tally],
    stages: Sequence[str],
    scores: Mapping[tuple[str, str], tuple[Spread, ...]],
    because: Mapping[str, Sequence[tuple[str, int]]] | None = None,
) -> tuple[Group, ...]:
    """Return the groups of a kind, the largest first."""
    ways = funnels(tallies, stages, judged=kind == "language")
    return tuple(
        Group(
            kind,
            name,
            **{key: tally.sums[key] for key in ("kept", *_SUMS)},
            funnel=ways[name],
            parts=tuple((part, n, tally.parts_kept[part]) for part, n in _by_size(tally.parts)),
            because=tuple((because or {}).get(name, ())),
            spreads=scores.get((kind, name), ()),
        )
        for name, tally in sorted(tallies.items(), key=lambda item: (-item[1].sums["documents"], item[0]))
    )


def _by_size(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _because(tables: Reader) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for row in tables.rows(_BECAUSE):
        found.setdefault(row["class"], []).append((row["because"], row["documents"]))
    return found
