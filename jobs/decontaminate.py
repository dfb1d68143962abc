"""Stage ``decontaminate``: drop the documents that hold a benchmark item; a map over the cleaned text, read in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.parts import KILLED_DETAIL, KILLED_WORKER, PartWriter
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from jobs.tools import benchmark_index, index_digest
from udfs.ngrams import contaminated

BATCH_ROWS = 256


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Look for benchmark items in one split (see `jobs.stage.SplitStage`)."""
    if "cleaned" not in task.inputs:
        return
    settings = task.recipe.decontaminate
    index, keep = benchmark_index(settings.index), left_in_split(task)
    place = 0
    for batch in pq.ParquetFile(task.inputs["cleaned"]).iter_batches(batch_size=BATCH_ROWS, columns=["id", "text"]):
        for row in keep(pa.Table.from_batches([batch])).to_pylist():
            place += 1
            out.came_in()
            if not out.begin(place):
                out.quarantine(row["id"], KILLED_WORKER, KILLED_DETAIL)
                continue
            hits = index.match(row["text"])
            if hit := contaminated(hits, settings.coverage):
                evidence = {"suite": hit.suite, "item": hit.item, "coverage": hit.coverage}
                out.decide(row["id"], "drop", f"benchmark.{hit.suite}", evidence)
                for h in hits:
                    if h.coverage >= settings.coverage:
                        found = {"suite": h.suite, "item": h.item, "coverage": h.coverage}
                        out.add("contamination", {"id": row["id"], "split": out.split} | found)
            else:
                out.kept()
            yield out.settled


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
