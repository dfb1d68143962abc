"""Stage ``score``: drop what the quality models rate too low, by class; a map over splits that reads numbers only."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping

import pyarrow as pa

from conf.schema import Recipe
from jobs.parts import PartWriter, read_columns
from jobs.predicates import quality_columns, quality_limits, quality_ranks
from jobs.route import class_of
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from jobs.tables import TABLES
from udfs.quality import BUCKET, ENCODER, FASTTEXT, findings


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Decide by scores in one split (see `jobs.stage.SplitStage`)."""
    if "scores" not in task.inputs:
        return
    keep = left_in_split(task)
    scores = keep(read_columns(task.inputs["scores"], ["id", "split", "lang", FASTTEXT]))
    encoded = read_columns(task.inputs["encodings"], ["id", ENCODER]) if "encodings" in task.inputs else None
    columns = quality_columns(scores, encoded, quality_ranks(task.recipe))
    classes, ids = class_of(task), scores["id"].to_pylist()
    out.came_in(len(ids))
    for id_, found in zip(ids, findings(columns, [classes[id_] for id_ in ids], quality_limits(task.recipe.score)), strict=True):
        if found:
            out.decide(id_, "drop", found.reason, found.seen)
        else:
            out.kept()
    bucket = pa.array(columns[BUCKET], from_pandas=True).cast(pa.int8())
    out.add_table("quality", scores.select(["id", "split"]).append_column(BUCKET, bucket).cast(TABLES["quality"].schema))
    yield out.settled


def _ranks(recipe: Recipe) -> Mapping[str, str]:
    """Percentiles take part in the fingerprint like a model: they stand in its card, which its digest does not cover."""
    ranks = quality_ranks(recipe)
    return {name: hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest() for name, table in sorted(ranks.items())}


STAGE = SplitStage(
    "score",
    2,
    sections=("score",),
    needs=("scores", "encodings", "routes"),
    writes=("quality",),
    models=_ranks,
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("score"))
