"""Stage ``filter``: rules over signal columns, by class; a map over splits that reads numbers only.

The first rule that fires is the reason, all that fire are the evidence.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from conf.schema import Recipe
from jobs.parts import PartWriter, read_columns
from jobs.predicates import filter_plan, numbers
from jobs.route import class_of
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from udfs import languages
from udfs.filtering import findings, signals_read


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Apply the rules to one split (see `jobs.stage.SplitStage`)."""
    if "signals" not in task.inputs:
        return
    rules = filter_plan(task.recipe.filter)
    read = signals_read(rules)
    signals = left_in_split(task)(read_columns(task.inputs["signals"], ["id", "lang", *read]))
    class_by_id = class_of(task)
    ids, spoken = signals["id"].to_pylist(), signals["lang"].to_pylist()
    fired = findings(rules, numbers(signals, read), classes=[class_by_id[id_] for id_ in ids], languages=spoken)
    out.came_in(len(ids))
    for id_, found in zip(ids, fired, strict=True):
        if found:
            out.decide(id_, "drop", found[0].rule, {f.rule: f.seen for f in found})
        else:
            out.kept()
    yield out.settled


def _rules(recipe: Recipe) -> Mapping[str, str]:
    """Rules are code and language files: what they say takes part in the fingerprint like a model.

    An unknown name is an error here, before anything runs.
    """
    folder = recipe.filter.languages_from
    limits = [languages.load(code, folder) for code in languages.available(folder)]
    return {"rules": repr(filter_plan(recipe.filter).rules), "languages": repr(limits)}


STAGE = SplitStage("filter", 1, sections=("filter",), needs=("signals", "routes"), models=_rules, work=work)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("filter"))
