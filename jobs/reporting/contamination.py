"""What a run holds of benchmarks, in the terms of Llama 3, section 5.1.4: items by the share of them that the corpus covers.

An item counts as contaminated when at least the benchmark's share of the tokens of its question lies in n-grams of the corpus, in
however many documents; tokens that lie in frequent n-grams alone count neither way. That is measured of what the stage was handed,
and again of what it let pass. No text of an item is shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from conf.decontamination import Decontaminate
from jobs.reporting.query import Reader

if TYPE_CHECKING:
    from udfs.decontamination import NgramIndex

LEVELS = (0.2, 0.5, 0.8)
"""Shares of an item at which items are counted besides the benchmark's own."""

Item = tuple[str, str]
_Covered = dict[tuple[Item, int], tuple[int, NDArray[np.bool_]]]

_SHARED = """
select c.suite, c.item, c.tokens, c.own_tokens, c.covered, c.action = 'cut' or d.id is not null as gone
from contamination c
left join (select id, split from decisions where stage = 'decontaminate' and action = 'drop') d on d.id = c.id and d.split = c.split
where c.part = 'question'
group by all
"""

_DOCUMENTS = """
select c.suite, case when d.id is not null then 'drop' else c.action end as done, count(distinct (c.id, c.split)) as documents
from contamination c
left join (select id, split from decisions where stage = 'decontaminate' and action = 'drop') d on d.id = c.id and d.split = c.split
where c.action <> 'none'
group by all
"""

_EXAMPLES = """
with copies as (
    select c.*, row_number() over (partition by suite order by md5(c.id), c.id, c.split, c.coverage desc, item, part) as rank
    from contamination c where action <> 'none'
)
select c.suite, c.item, c.part, c.coverage, c.action, c.ranges, c.rank, lower(hex(c.id)) as id, min(r.url) as url
from copies c left join records r on r.id = c.id and r.split = c.split
where rank <= ? group by all order by c.suite, c.rank
"""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    Parameters
    ----------
    name : str
        The benchmark.
    n : int or None
        Tokens of its n-grams; None where the index of the run is not here.
    threshold : float
        Share of an item (0-1) from which it is contaminated.
    items, texts, unseen : int or None
        How many it has, how many of them differ in the tokens of their question, and how many no rule can see.
    before, after : int
        Texts contaminated by what the stage was handed, and by what it let pass.
    levels : tuple of int
        Texts covered by what the stage was handed at `LEVELS`.
    dropped, cut, marked : int
        Documents that hold a copy of an item of it, by what became of them.
    """

    name: str
    n: int | None
    threshold: float
    items: int | None
    texts: int | None
    unseen: int | None
    before: int
    after: int
    levels: tuple[int, ...]
    dropped: int
    cut: int
    marked: int


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: which item, where; ranges are code points of the cleaned text."""

    benchmark: str
    item: str
    part: str
    coverage: float
    action: str
    id: str
    url: str | None
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Contamination:
    """All benchmarks, some copies of each, and the names of items that no rule can see with the reason."""

    benchmarks: tuple[Benchmark, ...]
    copies: tuple[Copy, ...]
    unseen: Mapping[str, Mapping[str, str]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what ``decontamination.json`` holds."""
        return asdict(self) | {"levels": list(LEVELS)}


def contamination(tables: Reader, samples: int) -> Contamination | None:
    """Return what the run holds of each benchmark; None where it does not look for them.

    Parameters
    ----------
    tables : Reader
        The run.
    samples : int
        Copies shown of each benchmark.
    """
    if not tables.has("contamination"):
        return None
    settings = Decontaminate.model_validate(tables.run.recipe.get("decontaminate", {}))
    index = _index(settings.index)
    before, after = _covered(tables.batches(_SHARED))
    documents: Mapping[str, Counter[str]] = defaultdict(Counter)
    for row in tables.rows(_DOCUMENTS):
        documents[row["suite"]][row["done"]] += row["documents"]
    unseen = _unseen(index)
    sizes = Counter(suite for suite, _ in index.items) if index else Counter[str]()
    found = []
    for name in sorted({suite for suite, _ in before} | set(documents) | set(sizes)):
        least, done = settings.of(name).coverage, documents[name]
        known = index is not None and name in sizes
        found.append(
            Benchmark(
                name,
                n=index.sizes[name] if index and known else None,
                threshold=least,
                items=sizes[name] if known else None,
                texts=index.texts[name] if index and known else None,
                unseen=len(unseen[name]) if known else None,
                before=_count(before, name, least),
                after=_count(after, name, least),
                levels=tuple(_count(before, name, level) for level in LEVELS),
                dropped=done["drop"],
                cut=done["cut"],
                marked=done["annotate"],
            )
        )
    return Contamination(tuple(found), tuple(map(copy_of, tables.rows(_EXAMPLES, [samples]))), unseen)


def _index(given: str) -> NgramIndex | None:
    from jobs.tools import benchmark_index
    from udfs.fasttext import ModelMissing

    try:
        return benchmark_index(given)
    except (ModelMissing, OSError):
        return None


def _unseen(index: NgramIndex | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {suite: {} for suite in index.sizes} if index else {}
    for (suite, item), why in sorted(index.unseen.items()) if index else ():
        found[suite][item] = why
    return found


def _covered(batches: Iterable[Any]) -> tuple[dict[Item, float], dict[Item, float]]:
    """Return the share of each item that all documents together cover, and the same of those that are left."""
    before: _Covered = {}
    after: _Covered = {}
    for batch in batches:
        for row in batch.to_pylist():
            for seen in (before,) if row["gone"] else (before, after):
                key = (row["suite"], row["item"]), row["tokens"]
                _, flags = seen.setdefault(key, (row["own_tokens"], np.zeros(row["tokens"], dtype=bool)))
                for one in row["covered"]:
                    flags[one["start"] : one["end"]] = True
    return _shares(before), _shares(after)


def _shares(covered: _Covered) -> dict[Item, float]:
    """Return the best covered writing of each item."""
    found: dict[Item, float] = {}
    for (item, _), (own, flags) in covered.items():
        found[item] = max(found.get(item, 0.0), int(flags.sum()) / own)
    return found


def _count(shares: Mapping[Item, float], suite: str, least: float) -> int:
    """Return how many texts of a benchmark are covered to a share."""
    return sum(name == suite and share >= least for (name, _), share in shares.items())


def copy_of(row: Mapping[str, Any]) -> Copy:
    """Read a copy from a row of the table ``contamination`` with the document's id (hex) and url."""
    ranges = tuple((one["start"], one["end"]) for one in row["ranges"])
    named = (row["suite"], row["item"], row["part"], row["coverage"], row["action"])
    return Copy(*named, row["id"], row["url"], ranges)
