"""What the report says, as plain values: figures, accounts, distributions, hosts, costs. The page only lays it out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.reporting.contamination import Contamination, contamination
from jobs.reporting.duplicates import Duplicates, duplicates
from jobs.reporting.groups import Groups, groups
from jobs.reporting.knowledge import KnowledgeShare, knowledge_shares
from jobs.reporting.query import Reader, Row, reading
from jobs.reporting.samples import Sample, kept_samples, lost_samples
from jobs.store import Run

ALARM_SHARE = 0.6
"""A stage that loses more than this share of its documents is named as an alarm."""

HOSTS = 20
FILES = 60
LANGUAGES = 40
BINS = 25
NAMED = 10


@dataclass(frozen=True, slots=True)
class StageAccount:
    """The books of one stage; `reasons` are (outcome, reason, documents), the largest first."""

    stage: str
    came_in: int
    kept: int
    dropped: int
    quarantined: int
    edited: int
    marked: int
    reasons: tuple[tuple[str, str, int], ...]
    handed: int | None

    @property
    def off(self) -> int:
        """Documents that came in and have no outcome; 0 where the books balance."""
        return self.came_in - self.kept - self.dropped - self.quarantined

    @property
    def balanced(self) -> bool:
        """Whether everything that came in has an outcome, and as much came in as the stage before has kept."""
        return self.off == 0 and self.handed in (None, self.came_in)


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One class of the mixture; tokens are those of one copy of each document, sampled ones those in the shards."""

    name: str
    documents: int
    tokens: int
    sampled_documents: int
    sampled_tokens: int
    wanted: float
    got: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Documents by the value of a score: kept and lost ones, in `BINS` bins of equal width; values outside are in the outer bins."""

    name: str
    meaning: str
    low: float
    high: float
    kept: tuple[int, ...]
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """What the stages cost: the names and units of what was measured, and a value or None for each stage."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page."""

    name: str
    stages: tuple[str, ...]
    missing: tuple[str, ...]
    alarms: tuple[str, ...]
    headline: Mapping[str, Any]
    accounts: tuple[StageAccount, ...]
    duplicates: Duplicates | None
    languages: tuple[Row, ...]
    groups: Groups
    classes: tuple[ClassShare, ...]
    knowledge: tuple[KnowledgeShare, ...]
    contamination: Contamination | None
    histograms: tuple[Histogram, ...]
    kept: Mapping[str, tuple[Sample, ...]]
    lost: Mapping[tuple[str, str], tuple[Sample, ...]]
    hosts: tuple[Row, ...]
    costs: Costs
    files: tuple[Row, ...]
    more_files: int
    settings: tuple[tuple[str, str, str], ...]
    models: tuple[Any, ...]


def gather(run: Run, samples: int) -> Report:
    """Read everything that the report shows.

    Parameters
    ----------
    run : Run
        The run.
    samples : int
        Documents for each class and each reason.
    """
    with reading(run) as tables:
        return report_of(tables, samples)


def report_of(tables: Reader, samples: int) -> Report:
    """Read everything that the report shows from a run that is open."""
    from classifiers.registry import MODELS

    run = tables.run
    accounts = _accounts(tables)
    classes = _classes(tables)
    missing = tuple(stage for stage in tables.missing() if stage != "report")
    files = tables.rows(_FILES)
    found = duplicates(tables)
    told = groups(tables)
    return Report(
        name=run.root.name,
        stages=run.stages,
        missing=missing,
        alarms=(
            *_alarms(accounts, classes, missing),
            *(found.facts.get("alarms", ()) if found else ()),
            *_language_alarms(told),
        ),
        headline=_headline(tables, files),
        accounts=accounts,
        duplicates=found,
        languages=tuple(tables.rows(_LANGUAGES, [LANGUAGES])),
        groups=told,
        classes=classes,
        knowledge=knowledge_shares(tables),
        contamination=contamination(tables, samples),
        histograms=tuple(_histograms(tables)),
        kept=kept_samples(tables, samples),
        lost=lost_samples(tables, samples),
        hosts=tuple(tables.rows(_HOSTS, [HOSTS])),
        costs=_costs(tables),
        files=tuple(files[:FILES]),
        more_files=max(0, len(files) - FILES),
        settings=tuple(_settings(run.recipe)),
        models=tuple(MODELS.values()),
    )


_ACCOUNTS = """
select a.stage, outcome, reason, sum(documents)::bigint as documents
from accounts a join stage_order o on o.stage = a.stage
group by a.stage, o.position, outcome, reason
order by o.position, documents desc, outcome, reason
"""


def _accounts(tables: Reader) -> tuple[StageAccount, ...]:
    by_stage: dict[str, list[Row]] = {}
    for row in tables.rows(_ACCOUNTS):
        by_stage.setdefault(row["stage"], []).append(row)
    found: list[StageAccount] = []
    order = tables.run.stages
    for stage, rows in by_stage.items():
        totals = {field: sum(r["documents"] for r in rows if r["outcome"] == name) for field, name in _OUTCOMES}
        reasons = tuple((r["outcome"], r["reason"], r["documents"]) for r in rows if r["reason"])
        # Only neighbours in the recipe hand over to each other.
        neighbour = bool(found) and order.index(found[-1].stage) == order.index(stage) - 1
        found.append(StageAccount(stage, **totals, reasons=reasons, handed=found[-1].kept if neighbour else None))
    return tuple(found)


_OUTCOMES = (("came_in", "in"), *((name, name) for name in ("kept", "dropped", "quarantined", "edited", "marked")))

_LANGUAGES = """
select coalesce(d.lang, 'und') as lang, count(*) as extracted, count(*) filter (o.id is null) as kept,
       coalesce(sum(m.tokens * m.copies), 0)::bigint as tokens
from documents d
left join outcomes o on o.id = d.id and o.split = d.split
left join mixture m on m.id = d.id and m.split = d.split
group by all order by kept desc, extracted desc, lang limit ?
"""

_FILES = """
select r.file, count(*) as records, sum(r.length)::bigint as bytes, count(*) filter (o.id is null) as kept,
       count(*) filter (o.status = 'dropped') as dropped, count(*) filter (o.status = 'quarantined') as quarantined
from records r left join outcomes o on o.id = r.id and o.split = r.split
group by r.file order by r.file
"""

# The host as it stands in the URL; user names and ports are no part of it.
_HOSTS = """
with lost as (
    select lower(regexp_extract(r.url, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)', 1)) as host, o.stage, o.reason, o.id
    from records r left join outcomes o on o.id = r.id and o.split = r.split
)
select host, count(*) as records, count(id) as lost,
       mode(stage || ': ' || reason order by stage, reason) filter (id is not null) as most
from lost where host <> '' group by host having count(id) > 0
order by lost desc, host limit ?
"""

_CLASSES = """
select class, count(*) as documents, sum(tokens)::bigint as tokens, count(*) filter (copies > 0) as sampled_documents,
       sum(tokens * copies)::bigint as sampled_tokens
from mixture group by class order by class
"""


def _classes(tables: Reader) -> tuple[ClassShare, ...]:
    if not tables.has("mixture"):
        return ()
    shares: dict[str, float] = tables.run.recipe.get("mix", {}).get("shares", {})
    rows = {row.pop("class"): row for row in tables.rows(_CLASSES)}
    nothing = dict.fromkeys(("documents", "tokens", "sampled_documents", "sampled_tokens"), 0)
    total = sum(row["sampled_tokens"] for row in rows.values())
    names = [*shares, *sorted(set(rows) - set(shares))]
    found = [(name, rows.get(name, nothing)) for name in names]
    return tuple(
        ClassShare(name, **row, wanted=shares.get(name, 0.0), got=row["sampled_tokens"] / total if total else 0.0)
        for name, row in found
    )


def _headline(tables: Reader, files: Sequence[Row]) -> dict[str, Any]:
    whole = {name: sum(f[name] for f in files) for name in ("records", "bytes", "kept", "dropped", "quarantined")}
    mixed = tables.rows(
        "select coalesce(sum(tokens * copies), 0)::bigint as tokens, count(*) filter (copies > 0) as documents,"
        " coalesce(sum(copies), 0)::bigint as copies from mixture"
    )[0]
    wall = tables.rows("select sum(value) as s from metrics where name = 'wall' and unit = 's'")[0]["s"]
    return (
        whole
        | {f"sampled_{k}": v for k, v in mixed.items()}
        | {"files": len(files), "wall": wall, "mixed": tables.has("mixture")}
    )


# Column, its table, and the range of the axis; None: from the data.
_SCORES = (
    ("ft_quality", "scores", (0.0, 1.0)),
    ("ft_math", "scores", (0.0, 1.0)),
    ("ft_code", "scores", (0.0, 1.0)),
    ("lang_score", "signals", (0.0, 1.0)),
    ("kl_bits", "signals", None),
)

_RANGE = "select quantile_disc({name}, 0.005) as low, quantile_disc({name}, 0.995) as high from {table} where isfinite({name})"
_BINNED = """
select greatest(0, least({last}, floor(({name} - ?) / (? - ?) * {bins})))::int as bin,
       count(*) filter (o.id is null) as kept, count(o.id) as lost
from {table} t left join outcomes o on o.id = t.id and o.split = t.split
where isfinite({name}) group by bin order by bin
"""


def _histograms(tables: Reader) -> list[Histogram]:
    from jobs.tables import TABLES

    found = []
    for name, table, axis in _SCORES:
        column = next((c for c in TABLES[table].columns if c.name == name), None)
        if column is None or not tables.has(table):
            continue
        # Only names of the list above stand in the text of a query.
        low, high = axis or tuple(tables.rows(_RANGE.format(name=name, table=table))[0].values())
        if low is None or high <= low:
            continue
        query = _BINNED.format(name=name, table=table, bins=BINS, last=BINS - 1)
        bins = {row["bin"]: row for row in tables.rows(query, [low, high, low])}
        counts = {k: tuple(bins[i][k] if i in bins else 0 for i in range(BINS)) for k in ("kept", "lost")}
        if bins:
            found.append(Histogram(name, column.meaning, low, high, **counts))
    return found


_COSTS = """
select m.stage, name, unit, max(value) as value
from metrics m join stage_order o on o.stage = m.stage group by m.stage, o.position, name, unit order by o.position, name
"""


def _costs(tables: Reader) -> Costs:
    rows = tables.rows(_COSTS)
    columns = sorted(
        {(r["name"], r["unit"] or "") for r in rows}, key=lambda c: (c[0] != "wall", c[1] != "s", c[1] != "bytes", c)
    )
    values = {(r["stage"], r["name"], r["unit"] or ""): r["value"] for r in rows}
    stages = list(dict.fromkeys(r["stage"] for r in rows))
    return Costs(tuple(columns), tuple((s, tuple(values.get((s, *c)) for c in columns)) for s in stages))


def _settings(recipe: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return key, value and origin of every setting."""
    origins = recipe.get("origins", {})

    def leaves(tree: Mapping[str, Any], prefix: str) -> list[tuple[str, str, str]]:
        found = []
        for key, value in tree.items():
            dotted = f"{prefix}{key}"
            if isinstance(value, dict) and dotted not in origins and any(str(o).startswith(f"{dotted}.") for o in origins):
                found += leaves(value, f"{dotted}.")
            else:
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                found.append((dotted, text, str(origins.get(dotted, ""))))
        return found

    return leaves({k: v for k, v in recipe.items() if k != "origins"}, "")


def _alarms(accounts: Sequence[StageAccount], classes: Sequence[ClassShare], missing: Sequence[str]) -> list[str]:
    found = [f"Stage {stage} has not been published: this report is of an unfinished run." for stage in missing]
    for a in accounts:
        if not a.balanced:
            found.append(f"Stage {a.stage}: the accounts do not balance ({a.came_in} in, {a.came_in - a.off} accounted for).")
        lost = a.dropped + a.quarantined
        if a.came_in and lost / a.came_in > ALARM_SHARE:
            worst = f"; most of them: {a.reasons[0][1]}" if a.reasons else ""
            found.append(f"Stage {a.stage} has lost {100 * lost / a.came_in:.0f} % of its {a.came_in} documents{worst}.")
    for c in classes:
        if c.wanted > 0 and c.sampled_tokens == 0:
            found.append(f"Class {c.name} has no tokens in the mixture; its share should be {100 * c.wanted:g} %.")
    return found


def _language_alarms(told: Groups) -> list[str]:
    """Name the languages that lose more than their peers in one line; what they lose, and to which rule, has pages of its own."""
    names = list(dict.fromkeys(outlier.name for outlier in told.outliers))
    if not names:
        return []
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    who = "1 language loses" if len(names) == 1 else f"{len(names)} languages lose"
    return [f"{who} more than the others: {shown}."]
