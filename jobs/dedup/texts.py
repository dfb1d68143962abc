"""Deduplication alone: stages that stand in for `extract` and `clean` when a corpus of texts stays where it is.

They make the same keys and the same line edits, but copy no text and measure nothing else; the stages between them are the
pipeline's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa

from conf.schema import Recipe
from jobs.clean import FREQUENT, HotLines
from jobs.dedup.hot import FIRST, HASH
from jobs.extract import Item, identified, record_row
from jobs.lines import keeper_key
from jobs.parts import PartWriter
from jobs.sources.texts import NO_TEXT, TextRecord
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from jobs.tables import TABLES
from jobs.tools import LANGUAGE, fasttext, shipped, sketch_settings
from udfs.kernels import compile_sketches
from udfs.language import identify
from udfs.lines import hash_lines, remove_lines
from udfs.sketch import sketch_batch
from udfs.urls import url_key

AT_ONCE, CHARS_AT_ONCE = 1_000, 2**24
UNKNOWN = "und"


def batches(task: SplitTask) -> Iterator[list[tuple[Item, bytes, str]]]:
    """Read the records of a split with their ids and texts, some at a time; a text that is missing is empty."""
    held: list[tuple[Item, bytes, str]] = []
    chars = 0
    for item, id_ in identified(task):
        text = item.source.text if isinstance(item.source, TextRecord) else item.source.body.decode("utf-8", "replace")
        held.append((item, id_, text))
        chars += len(text)
        if len(held) >= AT_ONCE or chars >= CHARS_AT_ONCE:
            yield held
            held, chars = [], 0
    if held:
        yield held


def fault_of(item: Item) -> str | None:
    """Return why a record can't be used; a text that is missing is no fault, it is compared with nothing."""
    fault = item.source.fault
    return None if fault == NO_TEXT else fault


def make_keys(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Write the keys of one split's texts (see `jobs.stage.SplitStage`)."""
    recipe = task.recipe
    for rows in batches(task):
        usable = []
        for item, id_, text in rows:
            out.came_in()
            out.add("records", record_row(item, id_, task))
            if fault := fault_of(item):
                place = {"file": task.split.file, "offset": item.offset, "length": item.length}
                out.quarantine(id_, fault, item.source.detail, place)
            else:
                out.kept()
                usable.append((item, id_, text))
        if usable:
            for table, made in _keys(usable, task.split.key, recipe).items():
                out.add_table(table, made)
        yield out.settled


def _keys(rows: list[tuple[Item, bytes, str]], split: str, recipe: Recipe) -> dict[str, pa.Table]:
    texts = pa.array([text for *_, text in rows], pa.large_string())
    n = len(rows)
    key = {
        "id": pa.array([id_ for _, id_, _ in rows]),
        "split": pa.array([split] * n),
        "date": pa.array([item.date_us for item, *_ in rows], pa.int64()).cast(TABLES["sketches"].schema.field("date").type),
        "lang": pa.array(_languages(rows, recipe)),
    }
    made = sketch_batch(texts, sketch_settings(recipe))
    bands = recipe.sketch.bands
    lines = hash_lines(texts)
    cuts = lines.offsets.tolist()
    packed = [lines.hashes[a:b].astype("<u8").tobytes() for a, b in pairwise(cuts)]
    addresses = [url_key(item.url or id_.hex()) for item, id_, _ in rows]
    columns = {
        "url_keys": {"url_key": pa.array(addresses, pa.int64()), "document": pa.array([True] * n)},
        "sketches": {
            "damaged": pa.array([item.truncated for item, *_ in rows]),
            "n_chars": pa.array([len(text) for *_, text in rows], pa.int64()),
            "exact": pa.array([row.tobytes() for row in made.exact], pa.binary()),
            "n_shingles": pa.array(made.n_shingles),
            "bands": pa.ListArray.from_arrays(pa.array(np.arange(0, bands * n + 1, bands), pa.int32()), made.bands.ravel()),
            "signature": pa.array([row.tobytes() for row in made.signature], pa.binary()),
        },
        "line_hashes": {"hashes": pa.array(packed, pa.binary())},
    }
    return {table: pa.table(key | more) for table, more in columns.items()}


def _languages(rows: list[tuple[Item, bytes, str]], recipe: Recipe) -> list[str]:
    """Return the languages that the corpus states, else, where a level asks for them, what the model finds."""
    asked = "lines" in recipe.stages or recipe.documents.scope == "language"
    given = [item.source.lang if isinstance(item.source, TextRecord) else None for item, *_ in rows]
    if not asked or all(given):
        return [lang or UNKNOWN for lang in given]
    model = fasttext(LANGUAGE)
    return [lang or identify(text, (), model=model).lang for lang, (*_, text) in zip(given, rows, strict=True)]


def edit_lines(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Write which stretches of one split's texts are frequent lines (see `jobs.stage.SplitStage`)."""
    hot, keep = HotLines(task), left_in_split(task)
    for rows in batches(task):
        left = keep(pa.table({"id": pa.array([id_ for _, id_, _ in rows]), "row": pa.array(range(len(rows)))}))
        usable = [rows[i] for i in left["row"].to_pylist() if not fault_of(rows[i][0])]
        for (_, id_, text), lang in zip(usable, _languages(usable, task.recipe), strict=True):
            out.came_in()
            out.kept()
            lines = hot.of(lang)
            own = int(keeper_key(np.frombuffer(id_, dtype=np.uint8).reshape(1, -1))[0])
            first = lines[FIRST] if task.recipe.lines.keep_first else None
            edit = remove_lines(text, (), lines[HASH], first=first, own=own)
            if edit.removed_lines:
                out.decide(id_, "edit", FREQUENT, {"lines": edit.removed_lines, "chars": edit.removed_chars})
                ranges = [{"start": start, "end": end} for start, end in edit.ranges]
                out.add("line_edits", {"id": id_, "split": out.split, "reason": FREQUENT, "ranges": ranges})
        yield out.settled


def _models(recipe: Recipe) -> Mapping[str, str]:
    return shipped(LANGUAGE) if "lines" in recipe.stages or recipe.documents.scope == "language" else {}


KEYS = SplitStage(
    "extract",
    1_001,
    sections=("sketch",),
    writes=("records", "url_keys", "sketches", "line_hashes"),
    models=_models,
    libraries=("numba", "can_ada", "tld"),
    work=make_keys,
    prepare=lambda _: compile_sketches(),
)
"""In the place of `extract`; its version is far from that one's, so that neither is ever taken for the other."""

EDITS = SplitStage(
    "clean",
    1_000,
    sections=("lines",),
    needs=("hot_lines", "line_buckets"),
    writes=("line_edits",),
    models=_models,
    work=edit_lines,
)
"""In the place of `clean`."""
