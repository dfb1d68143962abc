"""Quantiles of the scores of every class and language, and of the whole run, from one pass over the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from jobs.reporting.query import Reader

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

SCORES: Final = (
    ("ft_quality", "scores"),
    ("ft_math", "scores"),
    ("ft_code", "scores"),
    ("math_score", "routes"),
    ("code_score", "routes"),
    ("lang_score", "signals"),
    ("kl_bits", "signals"),
)
"""Columns that the report shows distributions of, and their tables; a run that was made without one is shown without it."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of a score at `QUANTILES`, of a group and of the whole run; `documents` of the group have one."""

    name: str
    meaning: str
    documents: int
    values: tuple[float, ...]
    whole: tuple[float, ...]


_SPREADS = """
with told as (
    select coalesce(d.lang, 'und') as lang, routes.class as class, {columns}
    from documents d
    left join routes on routes.id = d.id and routes.split = d.split
    left join signals on signals.id = d.id and signals.split = d.split
    left join scores on scores.id = d.id and scores.split = d.split
)
select lang, class, grouping(lang) as no_lang, grouping(class) as no_class, {figures}
from told group by grouping sets ((lang), (class), ())
"""
_FIGURES = "count(*) filter (isfinite({0})) as n_{0}, quantile_disc({0}, {1}) filter (isfinite({0})) as q_{0}"


def spreads(tables: Reader) -> dict[tuple[str, str], tuple[Spread, ...]]:
    """Return the quantiles of each group under its kind and name; scores that no document of it has are left out."""
    from jobs.tables import TABLES

    meanings = {
        name: next((c.meaning for c in TABLES[table].columns if c.name == name), "")
        for name, table in SCORES
        if tables.has(table) and name in tables.relation(table).columns
    }
    if not meanings:
        return {}
    # Only names of the list above stand in the text of the query.
    columns = ", ".join(f"{table}.{name} as {name}" for name, table in SCORES if name in meanings)
    figures = ", ".join(_FIGURES.format(name, list(QUANTILES)) for name in meanings)
    rows = tables.rows(_SPREADS.format(columns=columns, figures=figures))
    whole = next((row for row in rows if row["no_lang"] and row["no_class"]), {})
    found: dict[tuple[str, str], tuple[Spread, ...]] = {}
    for row in rows:
        if row["no_lang"] == row["no_class"] or (row["no_lang"] and row["class"] is None):
            continue
        key = ("class", row["class"]) if row["no_lang"] else ("language", row["lang"])
        found[key] = tuple(_spread(name, meaning, row, whole) for name, meaning in meanings.items() if row[f"n_{name}"])
    return found


def _spread(name: str, meaning: str, row: dict[str, Any], whole: dict[str, Any]) -> Spread:
    return Spread(name, meaning, row[f"n_{name}"], tuple(row[f"q_{name}"]), tuple(whole[f"q_{name}"]))
