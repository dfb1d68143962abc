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

from classifiers.fasttext_clf import Classifier, load, reading, scores
from conf.schema import Recipe
from jobs.dedup.hot import COPIES, FIRST, HASH, NONE, SUFFIX, Hot, open_hot, open_sample
from jobs.extract import spans_out
from jobs.lines import Buckets, keeper_key
from jobs.models import quality
from jobs.parts import KILLED_DETAIL, KILLED_WORKER, PartWriter, read_columns
from jobs.splits import rows_left
from jobs.stage import SplitStage, SplitTask
from jobs.tools import DIRTY, language_digests, reference_digest, references, shipped
from udfs import signals
from udfs.line_edits import LineEdit
from udfs.line_rules import LINE_RULES, removed_words
from udfs.lines import lines_with, remove_lines
from udfs.pii import redact, region_of
from udfs.repetitive import remove_repetitive_lines
from udfs.segment import word_model
from udfs.spans import Span

FREQUENT, REPETITIVE, PII = "line.frequent", "line.repetitive", "pii"
LINE_RULE = "line."
LITTLE_LEFT, LINES_LOST, DENSE_PII = "lines_left_too_little", "line_rules_removed_too_much", "pii_dense"
FEW_FINDINGS = 5
_WORDS = re.compile(r"\S+")
LONGEST_SHOWN = 300
ROUTED = ("math", "code")
"""Classifiers whose scores routes read."""


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Clean one split (see `jobs.stage.SplitStage`)."""
    hot = HotLines(task)
    shown: set[int] = set()
    for place, row in enumerate(chain.from_iterable(rows_left(task, "documents"))):
        out.came_in()
        if out.begin(place):
            _clean(row, task.recipe, hot, shown, out)
        else:
            out.quarantine(row["id"], KILLED_WORKER, KILLED_DETAIL)
        yield out.settled


def _clean(row: Mapping[str, Any], recipe: Recipe, hot: HotLines, shown: set[int], out: PartWriter) -> None:
    text, spans, settings = row["text"], spans_in(row["spans"]), recipe.clean
    words = _count_words(text)
    lines = hot.of(row["lang"])
    _show_removed(row, hot.sample(row["lang"]), recipe, shown, out)
    for reason, edit in _line_edits(row, lines, recipe):
        before, text, spans = text, edit.text, edit.spans
        out.decide(row["id"], "edit", reason, {"lines": edit.removed_lines, "chars": edit.removed_chars})
        ranges = [{"start": start, "end": end} for start, end in edit.ranges]
        out.add("line_edits", {"id": row["id"], "split": row["split"], "reason": reason, "ranges": ranges})
        rules = LINE_RULES.get(reason.removeprefix(LINE_RULE))
        if rules and rules.max_removed < 1 and (lost := removed_words(before, text)) > rules.max_removed:
            return out.decide(row["id"], "drop", LINES_LOST, {"rules": reason, "share": lost})
    left = _count_words(text)
    if left < words and (left < settings.min_words_left or len(text) < settings.min_share_left * len(row["text"])):
        return out.decide(row["id"], "drop", LITTLE_LEFT, {"words": left, "share": len(text) / len(row["text"])})
    found: dict[str, int] = {}
    if settings.pii == "replace":
        text, spans, found = redact(text, spans, region=region_of(row["url"] or ""), ids=frozenset(settings.national_ids))
        if found:
            out.decide(row["id"], "edit", PII, found)
    measured = signals.compute(text, row["lang"], spans, references(recipe))
    density = 1000 * sum(found.values()) / max(measured["n_words"], 1)
    if density > settings.max_pii_per_1000 and sum(found.values()) > FEW_FINDINGS:
        return out.decide(row["id"], "drop", DENSE_PII, {"per_1000_words": density, **found})
    out.kept()
    key = {name: row[name] for name in ("id", "split", "lang")}
    out.add("cleaned", key | {"url": row["url"], "date": row["date"], "text": text, "spans": spans_out(spans)})
    model = word_model(row["lang"], settings.segment)
    out.add("signals", key | {"lang_score": row["lang_score"], "word_model": model} | measured)
    told = scores(text, _scorers(settings.quality_model, settings.store), row["lang"])
    out.add("scores", key | {f"ft_{name}": value for name, value in told.items()})
    return None


@lru_cache(maxsize=2)
def _scorers(quality_model: str, store: str | None) -> Mapping[str, Classifier]:
    """Return what scores a document: quality by the recipe's model; routes are made for the shipped ones of mathematics and code."""
    return {"quality": load(quality_model, Path(store) if store else None), **{name: load(name) for name in ROUTED}}


def _line_edits(row: Mapping[str, Any], lines: Hot, recipe: Recipe) -> Iterator[tuple[str, LineEdit]]:
    """Yield the edits of lines that change something, each on the text that the one before has left."""
    own = int(keeper_key(np.frombuffer(row["id"], dtype=np.uint8).reshape(1, -1))[0])
    first = lines[FIRST] if recipe.lines.keep_first else None
    edit = remove_lines(row["text"], spans_in(row["spans"]), lines[HASH], protect=recipe.sketch.protect, first=first, own=own)
    if edit.removed_lines:
        yield FREQUENT, edit
    if recipe.clean.repetitive_lines:
        edit = remove_repetitive_lines(edit.text, edit.spans)
        if edit.removed_lines:
            yield REPETITIVE, edit
    for name in recipe.clean.line_rules:
        edit = LINE_RULES[name].edit(edit.text, edit.spans)
        if edit.ranges:
            yield LINE_RULE + name, edit


def _show_removed(row: Mapping[str, Any], sample: Hot, recipe: Recipe, shown: set[int], out: PartWriter) -> None:
    """Write some of the frequent lines as they are written, each once a split."""
    for hash_, line in lines_with(row["text"], spans_in(row["spans"]), sample[HASH], protect=recipe.sketch.protect):
        if hash_ not in shown:
            shown.add(hash_)
            copies = int(sample[COPIES][np.searchsorted(sample[HASH], np.uint64(hash_))])
            key = {name: row[name] for name in ("id", "split", "lang")}
            out.add("removed_lines", key | {"hash": hash_, "copies": copies, "line": line[:LONGEST_SHOWN]})


class HotLines:
    """The hot lines that concern one split, by language; opened when first asked for."""

    def __init__(self, task: SplitTask) -> None:
        self._split, self._samples = task.split.key, task.recipe.lines.samples
        self._files = {Path(path).stem: path for path in task.shared.get("hot_lines", ()) if path.endswith(SUFFIX)}
        self._buckets = _buckets(task.shared.get("line_buckets", ()))

    def of(self, lang: str) -> Hot:
        """Return a language's hot lines in this split's bucket; empty where there are none."""
        path = self._path(lang)
        return open_hot(path) if path else NONE

    def sample(self, lang: str) -> Hot:
        """Return those of them that are shown to people."""
        path = self._path(lang)
        return open_sample(path, self._samples) if path else NONE

    def _path(self, lang: str) -> str | None:
        buckets = self._buckets.get(lang)
        return self._files.get(f"{lang}-{buckets.of(self._split)}") if buckets else None


@lru_cache(maxsize=4)
def _buckets(paths: tuple[str, ...]) -> Mapping[str, Buckets]:
    rows = [row for path in paths for row in read_columns(path).to_pylist()]
    return {row["lang"]: Buckets(row["first"], row["buckets"]) for row in rows}


def spans_in(column: list[Mapping[str, Any]] | None) -> tuple[Span, ...]:
    """Spans as functions take them."""
    return tuple(Span(s["start"], s["end"], s["kind"], s["language"]) for s in column or ())


def _count_words(text: str) -> int:
    return sum(1 for _ in _WORDS.finditer(text))


def _models(recipe: Recipe) -> Mapping[str, str]:
    model = quality(recipe.clean)
    model.checked()
    scorers = shipped(*ROUTED) | {model.reference: model.card.sha256, f"{model.reference} reads": reading(model.card)}
    return scorers | shipped(DIRTY) | reference_digest(recipe) | language_digests(recipe)


STAGE = SplitStage(
    "clean",
    7,
    sections=("clean", "sketch", "lines"),
    needs=("documents", "hot_lines", "line_buckets"),
    writes=("cleaned", "signals", "scores", "line_edits", "removed_lines"),
    models=_models,
    libraries=("fasttext-wheel", "phonenumbers", "tld"),
    work=work,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("clean"))
