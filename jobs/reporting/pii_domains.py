"""Domains whose pages are dense in personal data, for people to review: stored tables only, no text is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Final

from jobs.reporting.query import reading
from jobs.store import Run, StoreError
from udfs.pii import TYPES
from udfs.urls import registered_domain

_Z: Final = 1.959963984540054

# A document that was dropped for its density has no signals; how many words it had follows from the density.
_DOCUMENTS: Final = """
with said as (
    select id, split, reason, evidence from decisions
    where stage = 'clean' and ((action = 'edit' and reason = 'pii') or (action = 'drop' and reason = 'pii_dense'))
),
edits as (select id, split, any_value(evidence) as evidence from said where reason = 'pii' group by id, split),
dense as (select id, split, any_value(evidence) as evidence from said where reason = 'pii_dense' group by id, split),
seen as (
    select id, split, n_words as words, null as density from signals
    union all
    select id, split, null, evidence['per_1000_words'] from dense
),
urls as (select id, split, any_value(url) as url from records where url is not null group by id, split)
select url, words, cast(density as varchar) as density, edits.evidence as evidence
from seen join urls using (id, split) left join edits using (id, split)
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a domain needs to be listed.

    Parameters
    ----------
    documents : int
        At least so many documents that `clean` has seen.
    per_1000 : float
        The lower bound of its findings a 1000 words is at least this.
    """

    documents: int = 5
    per_1000: float = 1.0


@dataclass(frozen=True, slots=True)
class Domain:
    """What was found on one registered domain.

    Parameters
    ----------
    name : str
        Registered domain, A-labels.
    documents, with_pii : int
        Documents that `clean` has seen, and those of them with findings.
    words : int
        Words of all of them.
    per_1000, lower, upper : float
        Findings a 1000 words, and the bounds of its 95 % confidence interval.
    types : mapping of str to float
        The same by type of finding, only types that occur.
    """

    name: str
    documents: int
    with_pii: int
    words: int
    per_1000: float
    lower: float
    upper: float
    types: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; one column a type, so that all rows have the same."""
        bounds = {name: round(getattr(self, name), 4) for name in ("per_1000", "lower", "upper")}
        counts = {"domain": self.name, "documents": self.documents, "with_pii": self.with_pii, "words": self.words}
        return counts | bounds | {kind: round(self.types.get(kind, 0.0), 4) for kind in TYPES}


@dataclass(slots=True)
class _Sums:
    """Sums over a domain's documents: of findings, words, and their squares and products."""

    documents: int = 0
    with_pii: int = 0
    words: float = 0.0
    found: int = 0
    squares: tuple[float, float, float] = (0.0, 0.0, 0.0)
    types: dict[str, int] = field(default_factory=dict)

    def add(self, words: float, found: dict[str, int]) -> None:
        """Count one document."""
        n = sum(found.values())
        self.documents += 1
        self.with_pii += n > 0
        self.words += words
        self.found += n
        nn, nw, ww = self.squares
        self.squares = (nn + n * n, nw + n * words, ww + words * words)
        for kind, count in found.items():
            self.types[kind] = self.types.get(kind, 0) + count


def dense_domains(run: Run, limits: Limits) -> list[Domain]:
    """Return the domains of a run that are dense in personal data, the surest first.

    Parameters
    ----------
    run : Run
        A run whose stage `clean` has been published.
    limits : Limits
        Which domains are listed.

    Returns
    -------
    list of Domain
        By falling lower bound, then by name.

    Raises
    ------
    StoreError
        When `clean` has not been published.

    Notes
    -----
    The interval is that of a ratio estimator over documents (Cochran 1977, 6.4), since findings come in clusters, and never narrower
    than that of a Poisson count: a domain of few pages can't be surer than its number of findings allows.
    """
    domains: dict[str, _Sums] = {}
    with reading(run) as tables:
        if not tables.has("signals"):
            raise StoreError(f"{run.root.name} has no signals: stage 'clean' isn't up to date; run its recipe again")
        for batch in tables.batches(_DOCUMENTS):
            for row in batch.to_pylist(maps_as_pydicts="lossy"):
                if name := registered_domain(row["url"]):
                    found = _found(row["evidence"])
                    domains.setdefault(name, _Sums()).add(_words(row, found), found)
    listed = (_domain(name, sums) for name, sums in domains.items() if sums.found and sums.documents >= limits.documents)
    return sorted((one for one in listed if one.lower >= limits.per_1000), key=lambda one: (-one.lower, one.name))


def block_lines(found: Iterable[Domain]) -> str:
    """Return one host a line, as block lists take them, with a comment line of what it is."""
    return "# domains dense in personal data; review before use\n" + "".join(f"{one.name}\n" for one in found)


def _found(evidence: dict[str, str] | None) -> dict[str, int]:
    return {kind: int(float(count)) for kind, count in (evidence or {}).items() if kind in TYPES}


def _words(row: dict[str, Any], found: dict[str, int]) -> float:
    if row["words"] is not None:
        return float(row["words"])
    return 1000 * sum(found.values()) / float(row["density"])


def _domain(name: str, sums: _Sums) -> Domain:
    words = max(sums.words, 1.0)
    rate = sums.found / words
    error = _Z * _standard_error(sums, rate) / words
    types = {kind: 1000 * sums.types[kind] / words for kind in TYPES if kind in sums.types}
    bounds = (1000 * max(0.0, rate - error), 1000 * (rate + error))
    return Domain(name, sums.documents, sums.with_pii, round(sums.words), 1000 * rate, *bounds, types)


def _standard_error(sums: _Sums, rate: float) -> float:
    """Return the standard error of the number of findings; infinite for a single document."""
    if sums.documents < 2:
        return float("inf") if sums.found else 0.0
    nn, nw, ww = sums.squares
    residual = max(0.0, nn - 2 * rate * nw + rate * rate * ww)
    return sqrt(max(residual * sums.documents / (sums.documents - 1), sums.found))
