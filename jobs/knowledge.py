"""Stage ``knowledge``: what each document that is left is about; a map over splits."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import pyarrow as pa

from classifiers.knowledge.features import Page
from classifiers.knowledge.model import NAME, load
from classifiers.registry import MODELS
from conf.schema import Recipe
from jobs.parts import PartWriter, read_columns
from jobs.route import class_of
from jobs.splits import rows_left
from jobs.stage import SplitStage, SplitTask


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Classify one split (see `jobs.stage.SplitStage`)."""
    classes, titles, model = class_of(task), _titles(task), load()
    for rows in rows_left(task, "cleaned", ["id", "split", "lang", "url", "text"]):
        out.came_in(len(rows))
        for row in rows:
            text = row.pop("text")
            guess = model.guess(Page(text, titles.get(row["id"]) or "", row.pop("url") or ""))
            found = {"knowledge": guess.label, "probability": guess.probability, "second": guess.second}
            out.add("knowledge", row | {"class": classes[row["id"]], "n_chars": len(text)} | found)
        out.kept(len(rows))
        yield out.settled


def _titles(task: SplitTask) -> Mapping[bytes, str | None]:
    if "documents" not in task.inputs:
        return {}
    found: pa.Table = read_columns(task.inputs["documents"], ["id", "title"])
    return dict(zip(found["id"].to_pylist(), found["title"].to_pylist(), strict=True))


def _models(_: Recipe) -> Mapping[str, str]:
    return {NAME: MODELS[NAME].sha256}


STAGE = SplitStage(
    "knowledge",
    1,
    needs=("cleaned", "documents", "routes"),
    writes=("knowledge",),
    models=_models,
    libraries=("numba",),
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("knowledge"))
