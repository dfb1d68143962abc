"""Stage ``clean``: edit the text, then measure what is left; a map over splits, the second and last edit of a document.

Hot lines go, lines of repeated n-grams go, personal data is replaced; code and mathematics are never edited as prose. Signals and
fastText scores are of the final text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from classifiers.fasttext_clf import scores
from conf.schema import Clean, Recipe
from jobs.extract import spans_out
from jobs.lines import bucket_of
from jobs.parts import KILLED_DETAIL, KILLED_WORKER, PartWriter
from jobs.splits import rows_left
from jobs.stage import SplitStage, SplitTask
from jobs.tools import DIRTY, SCORERS, UNIGRAMS, references, shipped
from udfs import signals
from udfs.lines import LineEdit, remove_lines, remove_repetitive_lines
from udfs.pii import redact
from udfs.spans import Span

FREQUENT, REPETITIVE, PII = "line.frequent", "line.repetitive", "pii"
LITTLE_LEFT, DENSE_PII = "lines_left_too_little", "pii_dense"
_WORDS = re.compile(r"\S+")
_NONE = np.zeros(0, dtype=np.uint64)


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Clean one split (see `jobs.stage.SplitStage`)."""
    hot = HotLines(task)
    for place, row in enumerate(chain.from_iterable(rows_left(task, "documents"))):
        out.came_in()
        if out.begin(place):
            _clean(row, task.recipe.clean, hot, out)
        else:
            out.quarantine(row["id"], KILLED_WORKER, KILLED_DETAIL)
        yield out.settled


def _clean(row: Mapping[str, Any], settings: Clean, hot: HotLines, out: PartWriter) -> None:
    text, spans = row["text"], spans_in(row["spans"])
    words = _count_words(text)
    for reason, edit in _line_edits(text, spans, settings, hot.of(row["lang"])):
        text, spans = edit.text, edit.spans
        out.decide(row["id"], "edit", reason, {"lines": edit.removed_lines, "chars": edit.removed_chars})
    left = _count_words(text)
    if left < words and (left < settings.min_words_left or len(text) < settings.min_share_left * len(row["text"])):
        return out.decide(row["id"], "drop", LITTLE_LEFT, {"words": left, "share": len(text) / len(row["text"])})
    if settings.pii == "replace":
        text, spans, found = redact(text, spans)
        if found:
            out.decide(row["id"], "edit", PII, found)
            if (density := 1000 * sum(found.values()) / max(left, 1)) > settings.max_pii_per_1000 and sum(found.values()) > 5:
                return out.decide(row["id"], "drop", DENSE_PII, {"per_1000_words": density, **found})
    out.kept()
    key = {name: row[name] for name in ("id", "split", "lang")}
    out.add("cleaned", key | {"url": row["url"], "date": row["date"], "text": text, "spans": spans_out(spans)})
    measured = signals.compute(text, row["lang"], spans, references())
    out.add("signals", key | {"lang_score": row["lang_score"]} | measured)
    out.add("scores", key | {f"ft_{name}": value for name, value in scores(text, SCORERS).items()})
    return None


def _line_edits(text: str, spans: tuple[Span, ...], settings: Clean, hot: np.ndarray) -> Iterator[tuple[str, LineEdit]]:
    """Yield the edits of lines that change something, each on the text that the one before has left."""
    edit = remove_lines(text, spans, hot)
    if edit.removed_lines:
        yield FREQUENT, edit
    if settings.repetitive_lines:
        edit = remove_repetitive_lines(edit.text, edit.spans)
        if edit.removed_lines:
            yield REPETITIVE, edit


class HotLines:
    """The hot lines that concern one split, by language; read when first asked for."""

    def __init__(self, task: SplitTask) -> None:
        self._split = task.split.key
        self._files = {Path(path).stem: path for path in task.shared.get("hot_lines", ())}
        self._buckets = _buckets(task.shared.get("line_buckets", ()))

    def of(self, lang: str) -> np.ndarray:
        """Return sorted hashes of a language's hot lines in this split's bucket; empty where there are none."""
        buckets = self._buckets.get(lang)
        if not buckets:
            return _NONE
        path = self._files.get(f"{lang}-{bucket_of(self._split, buckets)}")
        return _hashes(path) if path else _NONE


@lru_cache(maxsize=256)
def _hashes(path: str) -> np.ndarray:
    hashes: np.ndarray = pq.read_table(path, columns=["hash"], partitioning=None)["hash"].to_numpy()
    return hashes


@lru_cache(maxsize=4)
def _buckets(paths: tuple[str, ...]) -> Mapping[str, int]:
    tables = [pq.read_table(path, partitioning=None) for path in paths]
    return {lang: n for t in tables for lang, n in zip(t["lang"].to_pylist(), t["buckets"].to_pylist(), strict=True)}


def spans_in(column: list[Mapping[str, Any]] | None) -> tuple[Span, ...]:
    """Spans as functions take them."""
    return tuple(Span(s["start"], s["end"], s["kind"], s["language"]) for s in column or ())


def _count_words(text: str) -> int:
    return sum(1 for _ in _WORDS.finditer(text))


def _models(_: Recipe) -> Mapping[str, str]:
    return shipped(UNIGRAMS, DIRTY, *SCORERS)


STAGE = SplitStage(
    "clean",
    2,
    sections=("clean",),
    needs=("documents", "hot_lines", "line_buckets"),
    writes=("cleaned", "signals", "scores"),
    models=_models,
    libraries=("fasttext-wheel", "phonenumbers", "tld"),
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("clean"))
