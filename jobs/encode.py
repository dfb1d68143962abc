"""Stage ``encode``: quality by an encoder, of what the cheap filters have left; a map over the cleaned text, read in place.

Every document stays: what a score means is decided afterwards, by stage ``score``, from columns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from classifiers.encoder.extras import ExtraMissing, need
from conf.schema import Recipe
from jobs.errors import JobError
from jobs.models import encoder
from jobs.parts import PartWriter, read_columns
from jobs.route import class_of
from jobs.splits import rows_left
from jobs.stage import SplitStage, SplitTask
from udfs.quality import ENCODER, FASTTEXT

DIGITS = 4
"""Of a score: compute kernels of two kinds of processor differ behind them."""


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Score one split (see `jobs.stage.SplitStage`)."""
    from classifiers.encoder.scorer import loaded

    settings, classes, quality = task.recipe.encode, class_of(task), _fasttext(task)
    scorer = loaded(str(encoder(settings).path), settings.device)
    for rows in rows_left(task, "cleaned", ["id", "split", "text"]):
        out.came_in(len(rows))
        read = [row for row in rows if not quality.get(row["id"], 1.0) < settings.min_fasttext.get(classes[row["id"]], 0.0)]
        for row, scored in zip(read, scorer.stream(row.pop("text") for row in read), strict=True):
            score = None if scored.score is None else round(scored.score, DIGITS)
            out.add("encodings", row | {ENCODER: score, "seen_share": round(scored.seen, DIGITS), "windows": scored.windows})
        out.kept(len(rows))
        yield out.settled


def _fasttext(task: SplitTask) -> Mapping[bytes, float]:
    """Return the fastText scores that there are."""
    if "scores" not in task.inputs:
        return {}
    found = read_columns(task.inputs["scores"], ["id", FASTTEXT])
    pairs = zip(found["id"].to_pylist(), found[FASTTEXT].to_pylist(), strict=True)
    return {id_: score for id_, score in pairs if score is not None}


def _models(recipe: Recipe) -> Mapping[str, str]:
    try:
        need("onnx", "stage encode")
    except ExtraMissing as missing:
        raise JobError(str(missing)) from missing
    model = encoder(recipe.encode)
    model.checked()
    return {model.reference: model.card.sha256}


STAGE = SplitStage(
    "encode",
    1,
    sections=("encode",),
    needs=("cleaned", "scores", "routes"),
    writes=("encodings",),
    models=_models,
    libraries=("onnxruntime", "tokenizers"),
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("encode"))
