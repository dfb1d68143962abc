"""Stage ``filter``: rules over signal columns, by class; a map over splits that reads numbers only.

The first rule that fires is the reason, all that fire are the evidence.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import numpy as np

from conf.schema import Recipe
from jobs.parts import PartWriter, read_columns
from jobs.route import class_of
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from udfs import languages
from udfs.filtering import FilterPlan, findings, plan


def filter_plan(recipe: Recipe) -> FilterPlan:
    """Return the rules of a recipe; an unknown name is an error before anything runs."""
    given = recipe.filter
    return plan(given.rules, given.thresholds, min_language_score=given.min_language_score, languages=given.languages)


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Apply the rules to one split (see `jobs.stage.SplitStage`)."""
    if "signals" not in task.inputs:
        return
    signals = left_in_split(task)(read_columns(task.inputs["signals"]))
    classes = class_of(task)
    ids = signals["id"].to_pylist()
    columns: Mapping[str, np.ndarray] = {
        name: signals[name].to_numpy() for name in signals.column_names if name not in ("id", "split", "lang")
    }
    fired = findings(filter_plan(task.recipe), columns, classes=[classes[i] for i in ids], languages=signals["lang"].to_pylist())
    out.came_in(len(ids))
    for id_, found in zip(ids, fired, strict=True):
        if found:
            out.decide(id_, "drop", found[0].rule, {f.rule: f.seen for f in found})
        else:
            out.kept()
    yield out.settled


def _rules(recipe: Recipe) -> Mapping[str, str]:
    """Rules are code and language files: what they say takes part in the fingerprint like a model."""
    return {"rules": repr(filter_plan(recipe)), "languages": repr([languages.load(code) for code in languages.available()])}


STAGE = SplitStage("filter", 1, sections=("filter",), needs=("signals", "routes"), models=_rules, work=work)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("filter"))
