"""Stage ``decontaminate``: drop the documents that hold a benchmark item; a map over the cleaned text, read in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from jobs.parts import KILLED_DETAIL, KILLED_WORKER, PartWriter
from jobs.splits import rows_left
from jobs.stage import SplitStage, SplitTask
from jobs.tools import benchmark_index, index_digest
from udfs.ngrams import Hit, contaminated


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Look for benchmark items in one split (see `jobs.stage.SplitStage`)."""
    settings = task.recipe.decontaminate
    index = benchmark_index(settings.index)
    for place, row in enumerate(chain.from_iterable(rows_left(task, "cleaned", ["id", "text"]))):
        out.came_in()
        if out.begin(place):
            _look(row["id"], index.match(row["text"]), settings.coverage, out)
        else:
            out.quarantine(row["id"], KILLED_WORKER, KILLED_DETAIL)
        yield out.settled


def _look(id_: bytes, hits: Sequence[Hit], coverage: float, out: PartWriter) -> None:
    worst = contaminated(hits, coverage)
    if worst is None:
        return out.kept()
    out.decide(id_, "drop", f"benchmark.{worst.suite}", _found(worst))
    for hit in hits:
        if hit.coverage >= coverage:
            out.add("contamination", {"id": id_, "split": out.split} | _found(hit))
    return None


def _found(hit: Hit) -> dict[str, Any]:
    return {"suite": hit.suite, "item": hit.item, "coverage": hit.coverage}


STAGE = SplitStage(
    "decontaminate",
    1,
    sections=("decontaminate",),
    needs=("cleaned",),
    writes=("contamination",),
    models=lambda recipe: index_digest(recipe.decontaminate.index),
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("decontaminate"))
