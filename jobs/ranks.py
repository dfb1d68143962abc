"""Percentiles of quality scores by language, measured on a run: what its documents, or those of a larger run, are ranked by.

A model's card ranks by the texts that the model was made with. Ranks of one's own corpus say where a document stands among those of
its language that rules and deduplication have left, which is what buckets (`udfs.quality`) are meant to tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.evaluation.calibration import QUANTILES
from jobs.errors import JobError
from jobs.store import Run, write_atomic
from udfs.quality import ENCODER, FASTTEXT, Ranks

LEAST = QUANTILES
"""Documents of a language from which it has a table of its own."""

_DIGITS = 6
_SCORES: Mapping[str, str] = {
    FASTTEXT: f"select id, split, lang, {FASTTEXT} as score from scores",
    ENCODER: f"select e.id, e.split, s.lang, e.{ENCODER} as score from encodings e join scores s using (id, split)",
}
_REACHED = """
with gone as (
    select d.id, d.split from decisions d join stage_order o using (stage)
    where d.action in ('drop', 'quarantine') and o.position < (select position from stage_order where stage = 'score')
)
select lang, count(*) as documents, quantile_cont(score, {steps}) as quantiles
from (select {lang} as lang, score from ({scores}) anti join gone using (id, split) where score is not null)
group by lang having count(*) >= {least} order by lang
"""


class RanksError(JobError):
    """Ranks can't be measured or read: why, in one line."""


def measure(run: Run, *, least: int = LEAST) -> dict[str, Any]:
    """Measure the percentiles of the scores of the documents that reach stage ``score``.

    Parameters
    ----------
    run : Run
        A run with the stages ``clean`` and ``score``; those of ``encode`` are measured where it has them.
    least : int
        Documents of a language from which it has a table of its own.

    Returns
    -------
    dict
        ``documents`` (score, then language, to how many; all languages under ``""``) and ``quantiles`` (the same, to 1,001 scores).

    Raises
    ------
    RanksError
        When the run has no scores.
    """
    from jobs.reporting.query import reading

    documents: dict[str, dict[str, int]] = {}
    quantiles: dict[str, dict[str, list[float]]] = {}
    with reading(run) as tables:
        for score, table in ((FASTTEXT, "scores"), (ENCODER, "encodings")):
            if not tables.has(table):
                continue
            for lang, enough in (("''", 1), ("lang", least)):
                asked: dict[str, Any] = {
                    "steps": np.linspace(0, 1, QUANTILES).tolist(),
                    "scores": _SCORES[score],
                    "lang": lang,
                    "least": enough,
                }
                for row in tables.rows(_REACHED.format(**asked)):
                    documents.setdefault(score, {})[row["lang"]] = row["documents"]
                    quantiles.setdefault(score, {})[row["lang"]] = [round(one, _DIGITS) for one in row["quantiles"]]
    if not quantiles:
        raise RanksError(f"{run.root.name} has no scores to rank: stage clean has not been published, or left no document")
    return {"documents": documents, "quantiles": quantiles}


def write(measured: Mapping[str, Any], path: Path) -> None:
    """Write what `measure` gives, as JSON; equal scores give equal bytes."""
    write_atomic(path, json.dumps(measured, sort_keys=True) + "\n")


def read(path: Path) -> Mapping[str, Ranks]:
    """Read the percentiles of each score.

    Raises
    ------
    RanksError
        When there is no such file, or it is of another form.
    """
    try:
        quantiles = json.loads(path.read_text("utf-8"))["quantiles"]
        whole = [table for ranks in quantiles.values() for table in ranks.values()]
        if (
            not whole
            or not quantiles.keys() <= _SCORES.keys()
            or any((np.diff(np.array(table, float)) < 0).any() for table in whole)
        ):
            raise ValueError("its tables are not those of scores, or do not rise")
    except OSError as error:
        raise RanksError(f"score.ranks: {path}: {error.strerror}; `woolmill ranks RUN --out FILE` makes one") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RanksError(f"score.ranks: {path} is no file of ranks ({' '.join(str(error).split())})") from error
    found: Mapping[str, Ranks] = quantiles
    return found
