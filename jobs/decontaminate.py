"""Stage ``decontaminate``: find benchmark items in the cleaned text, and drop, cut or mark; a map over splits.

Every item that a document shares a telling n-gram with is written down, copy or not: what the report says of the items of a benchmark
follows from this one table. Cuts are stored as ranges; `jobs.cuts` applies them wherever the text is read from here on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from conf.decontamination import Decontaminate
from jobs.parts import KILLED_DETAIL, KILLED_WORKER, PartWriter
from jobs.splits import rows_left
from jobs.stage import SplitStage, SplitTask
from jobs.tools import benchmark_index, index_digest
from udfs.decontamination import PARTS, Hit, NgramIndex, Part, Place, Rule, copies, cut_ranges, joined, strongest

NO_COPY = "none"
REASON = "benchmark."


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Look for benchmark items in one split (see `jobs.stage.SplitStage`)."""
    settings = task.recipe.decontaminate
    index, rule_of = benchmark_index(settings.index), rules(settings)
    for place, row in enumerate(chain.from_iterable(rows_left(task, "cleaned", ["id", "text"]))):
        out.came_in()
        if out.begin(place):
            _look(row, found(row["text"], index, rule_of), settings.min_left, out)
        else:
            out.quarantine(row["id"], KILLED_WORKER, KILLED_DETAIL)
        yield out.settled


def rules(settings: Decontaminate) -> Callable[[str], Rule]:
    """Return the rule of each benchmark, by its name."""

    @cache
    def of(suite: str) -> Rule:
        own = settings.of(suite)
        parts: tuple[Part, ...] = PARTS if own.look_at == "both" else (own.look_at,)
        return Rule(own.coverage, own.answer_coverage, parts, own.min_covered, own.action)

    return of


def found(text: str, index: NgramIndex, rule_of: Callable[[str], Rule]) -> Sequence[tuple[Hit, Place, str]]:
    """Return what a text shares with items, the copies first and the best covered of them first, with places and actions."""
    hits = index.match(text)
    if not hits:
        return ()
    counting = copies(hits, rule_of)
    ordered = [*counting, *(hit for hit in hits if hit not in counting)]
    actions = [rule_of(hit.suite).action if number < len(counting) else NO_COPY for number, hit in enumerate(ordered)]
    return list(zip(ordered, index.locate(text, ordered), actions, strict=True))


def _look(row: dict[str, Any], shared: Sequence[tuple[Hit, Place, str]], min_left: float, out: PartWriter) -> None:
    id_, text, cuts = row["id"], row["text"], list[tuple[int, int]]()
    for hit, place, action in shared:
        ranges = cut_ranges(text, place.ranges) if action == "cut" else place.ranges
        cuts += ranges if action == "cut" else ()
        named = {"suite": hit.suite, "item": hit.item, "part": hit.part, "coverage": hit.coverage, "own": hit.own}
        where = {
            "tokens": hit.tokens,
            "own_tokens": hit.own_tokens,
            "covered": _rows(place.covered),
            "ranges": _rows(ranges),
            "action": action,
        }
        out.add("contamination", {"id": id_, "split": out.split} | named | where)
    decided = strongest([(hit, action) for hit, _, action in shared])
    if decided is None:
        return out.kept()
    action, hit = decided
    evidence = {"suite": hit.suite, "item": hit.item, "part": hit.part, "coverage": hit.coverage}
    lost = sum(end - start for start, end in joined(cuts))
    if action == "drop" or (action == "cut" and len(text) - lost < min_left * len(text)):
        return out.decide(id_, "drop", REASON + hit.suite, evidence)
    if action == "cut":
        out.decide(id_, "edit", REASON + hit.suite, evidence | {"chars": lost})
    else:
        out.decide(id_, "mark", REASON + hit.suite, evidence)
    return out.kept()


def _rows(ranges: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"start": start, "end": end} for start, end in ranges]


STAGE = SplitStage(
    "decontaminate",
    2,
    sections=("decontaminate",),
    needs=("cleaned",),
    writes=("contamination",),
    models=lambda recipe: index_digest(recipe.decontaminate),
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("decontaminate"))
