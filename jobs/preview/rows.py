"""The documents that predicate stages are handed, from a run's published tables: needed columns, a batch of splits at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.columns import coded, mask, places_or, truths
from jobs.predicates import MODELS, STAGES, quality_columns
from jobs.preview.chain import Chain
from jobs.preview.changes import PreviewError
from jobs.store import Run
from udfs.filtering import STAYS
from udfs.quality import ENCODER, FASTTEXT, Ranks

BATCH_ROWS = 200_000
KEY = ("id", "split", "lang")
WORDS = "n_words"
OTHER = STAYS - 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents with their signals and scores, in the same order, and what the run has decided.

    Parameters
    ----------
    signals, scores : pyarrow.Table
        Rows of table `signals`, needed columns only, and the scores that decide: `MODELS` and `QUALITY`.
    stored : array of int16, optional
        Place in `Chain.reasons` of the run's own reasons, `STAYS` for what it has kept, `OTHER` for a reason that is not there any
        more; None where its stages have not come so far.
    """

    signals: pa.Table
    scores: pa.Table
    stored: NDArray[np.int16] | None = None


def batches(run: Run, chain: Chain, signals: Collection[str], ranks: Mapping[str, Ranks]) -> Iterator[Batch]:
    """Read what the first predicate stage of a run is handed, in batches of whole splits.

    Parameters
    ----------
    run : Run
        The run; its stage ``clean`` has to be up to date.
    chain : Chain
        The predicate stages; what other stages before the last of them have dropped is left out.
    signals : collection of str
        Columns of the table `signals` besides `KEY` and `WORDS`.
    ranks : mapping of str to Ranks
        Percentiles that buckets are made by; empty where no bucket decides.

    Raises
    ------
    PreviewError
        When ``clean`` has not been run, or the run has no such column.
    """
    if "clean" not in run.stages or run.current("clean") is None:
        raise PreviewError(f"{run.root.name} has no current signals: stage 'clean' isn't up to date; run its recipe again")
    measured, scored = by_split(run, "signals"), by_split(run, "scores")
    encoded = by_split(run, "encodings") if run.published("encode") else {}
    decided = [by_split(run, "decisions", stage) for stage in _before(run, chain)]
    own = [stage for stage in chain.stages if stage in run.stages]
    told = [by_split(run, "decisions", stage) for stage in own] if own and all(map(run.current, own)) else None
    columns = list(dict.fromkeys((*KEY, WORDS, *sorted(signals))))
    some: list[Batch] = []
    for split, path in measured.items():
        one = Batch(_read(path, columns), _scores(scored[split], encoded.get(split), ranks))
        if not one.signals["id"].equals(one.scores["id"]):
            raise PreviewError(f"{run.root.name}: signals and scores of split {split} differ in documents; run clean again")
        one = _without(one, _lost(decided, split))
        some.append(one if told is None else replace(one, stored=_stored(one.signals, _lost(told, split), chain.reasons)))
        if sum(batch.signals.num_rows for batch in some) >= BATCH_ROWS:
            yield _joined(some)
            some = []
    if some:
        yield _joined(some)


def by_split(run: Run, table: str, stage: str | None = None) -> Mapping[str, Path]:
    """Return the files of a table by the split that they hold."""
    return {path.stem: path for path in run.files(table, stage)}


def winners(run: Run) -> list[pa.ChunkedArray]:
    """Return the id of the document that stays, for every duplicate, file by file."""
    return [_read(path, ["winner"])["winner"] for path in run.files("clusters")]


def _scores(path: Path, encoded: Path | None, ranks: Mapping[str, Ranks]) -> pa.Table:
    table = _read(path, ["id", "lang", *MODELS, FASTTEXT])
    found = quality_columns(table, _read(encoded, ["id", ENCODER]) if encoded else None, ranks)
    table = table.select(["id", *MODELS])
    for name, values in found.items():
        table = table.append_column(name, pa.array(values, pa.float64(), from_pandas=True))
    return table


def _lost(stages: Sequence[Mapping[str, Path]], split: str) -> list[pa.Table]:
    """Return ids and reasons of the documents of a split that some stages take out, stage by stage."""
    found = []
    for files in stages:
        if split in files:
            table = _read(files[split], ["id", "action", "reason"]).combine_chunks()
            action = coded(table["action"])
            gone = np.array([name in ("drop", "quarantine") for name in action.names])[action.codes]
            if gone.any():
                found.append(table.filter(mask(gone)))
    return found


def _stored(signals: pa.Table, lost: Sequence[pa.Table], names: Sequence[str]) -> NDArray[np.int16]:
    known = {name: i for i, name in enumerate(names)}
    stored = np.full(signals.num_rows, STAYS, dtype=np.int16)
    for table in lost:
        reason = coded(table["reason"])
        code = np.array([known.get(name, OTHER) for name in reason.names], dtype=np.int16)[reason.codes]
        at = places_or(pc.index_in(signals["id"], table["id"].combine_chunks()), -1)
        stored[at >= 0] = code[at[at >= 0]]
    return stored


def _before(run: Run, chain: Chain) -> list[str]:
    """Stages whose decisions settle who comes to the predicates; a run that has none of those has all its stages before them."""
    last = [place for place, stage in enumerate(run.stages) if stage in chain.stages]
    before = run.stages[: last[-1]] if last else run.stages
    return [stage for stage in before if stage not in STAGES and run.published(stage)]


def _read(path: Path, columns: Sequence[str]) -> pa.Table:
    with pq.ParquetFile(path) as file:
        there = file.schema_arrow.names
        if missing := [name for name in columns if name not in there]:
            raise PreviewError(f"the run has no column {missing[0]!r}: it was made before that was measured; run clean again")
        return file.read(list(columns))


def _without(batch: Batch, lost: Sequence[pa.Table]) -> Batch:
    for table in lost:
        left = mask(~truths(pc.is_in(batch.signals["id"], table["id"].combine_chunks())))
        batch = Batch(batch.signals.filter(left), batch.scores.filter(left))
    return batch


def _joined(some: Sequence[Batch]) -> Batch:
    told = [one.stored for one in some if one.stored is not None]
    return Batch(
        pa.concat_tables([one.signals for one in some]).combine_chunks(),
        pa.concat_tables([one.scores for one in some]).combine_chunks(),
        np.concatenate(told) if told else None,
    )
