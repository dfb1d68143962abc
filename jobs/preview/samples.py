"""Documents that change sides, to look at: the same ones every time, spread over rules and then over languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from jobs.columns import coded, places
from jobs.preview.chain import QUALITY, Chain, Verdicts
from jobs.preview.rows import Batch, by_split
from jobs.preview.tallies import NOW, THEN
from jobs.store import Run
from udfs.routing import CLASSES

EXCERPT = 300
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A document that changes sides.

    Parameters
    ----------
    id, split, language : str
        The document; its id in hex.
    newly_kept : bool
        Whether it would come back; else it would go.
    class_now, class_then : str
        Its class on both sides.
    rule : str
        What has dropped it, or would.
    signal, value, op, limit : str, float or str
        The rule, held against the document on the side on which it is dropped.
    limit_other : float, str or None
        The rule's limit on the other side; None where the class it has there has no such rule.
    url, text : str
        Its address and the beginning of its cleaned text.
    """

    id: str
    split: str
    language: str
    newly_kept: bool
    class_now: str
    class_then: str
    rule: str
    signal: str
    value: float | str
    op: str
    limit: float | str
    limit_other: float | str | None
    url: str = ""
    text: str = ""


class Sampler:
    """Keeps a bounded choice of the documents that change sides, batch by batch.

    Parameters
    ----------
    chains : (Chain, Chain)
        The predicates before and after.
    wanted : int
        Most samples.
    """

    def __init__(self, chains: tuple[Chain, Chain], wanted: int) -> None:
        self._chains, self._wanted = chains, wanted
        self._rows: list[dict[str, Any]] = []

    def add(self, batch: Batch, sides: NDArray[np.int64], verdicts: tuple[Verdicts, Verdicts]) -> None:
        """Look at a batch; of each rule no more documents stay than are wanted in all."""
        at = np.flatnonzero((sides == NOW) | (sides == THEN))
        if not self._wanted or not len(at):
            return
        kept = sides[at] == THEN
        rules = np.where(kept, verdicts[0].reasons[at], verdicts[1].reasons[at])
        hashes = np.array([xxh3_64_intdigest(id_) for id_ in batch.signals["id"].take(places(at)).to_pylist()], dtype=np.uint64)
        turns = _turns(2 * rules + kept, coded(batch.signals["lang"].take(places(at))).codes, hashes)
        few = np.flatnonzero(turns < self._wanted)
        signals, scores = (table.take(places(at[few])) for table in (batch.signals, batch.scores.select(QUALITY)))
        for i, (row, score) in enumerate(zip(signals.to_pylist(), scores.to_pylist(), strict=True)):
            j = few[i]
            now, then = (CLASSES[verdict.classes[at[j]]] for verdict in verdicts)
            rule = self._chains[0 if kept[j] else 1].reasons[rules[j]]
            side = {"newly_kept": bool(kept[j]), "class_now": now, "class_then": then, "rule": rule, "hash": int(hashes[j])}
            self._rows.append(row | score | side)

    def samples(self, run: Run) -> tuple[Sample, ...]:
        """Return the chosen documents, each with the rule that decides about it and the beginning of its text."""
        rules = np.unique([f"{row['newly_kept']} {row['rule']}" for row in self._rows], return_inverse=True)[1]
        spoken = np.unique([row["lang"] for row in self._rows], return_inverse=True)[1]
        hashes = np.array([row["hash"] for row in self._rows], dtype=np.uint64)
        order = np.lexsort((hashes, _turns(rules, spoken, hashes)))[: self._wanted]
        rows = [self._rows[i] for i in order]
        texts = _beginnings(run, [(row["id"], row["split"]) for row in rows])
        told = [self._told(row, *texts.get((row["id"], row["split"]), ("", ""))) for row in rows]
        return tuple(sorted(told, key=lambda one: (not one.newly_kept, one.rule, one.language)))

    def _told(self, row: Mapping[str, Any], url: str, text: str) -> Sample:
        kept, language = row["newly_kept"], row["lang"]
        sides = [(self._chains[0], row["class_now"]), (self._chains[1], row["class_then"])]
        (chain, cls), (other, other_cls) = sides if kept else sides[::-1]
        check = chain.check(row["rule"], row, cls=cls, language=language)
        elsewhere = other.check(row["rule"], row, cls=other_cls, language=language)
        assert check is not None, "the rule that dropped a document is one of its class"
        return Sample(
            id=row["id"].hex(),
            split=row["split"],
            language=language,
            newly_kept=kept,
            class_now=row["class_now"],
            class_then=row["class_then"],
            rule=row["rule"],
            signal=check.signal,
            value=check.value,
            op=check.op,
            limit=check.limit,
            limit_other=elsewhere.limit if elsewhere else None,
            url=url,
            text=text,
        )


def _turns(rules: NDArray[Any], languages: NDArray[Any], hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return each document's place in the queue of its rule, in which languages take turns and hashes decide."""
    _, both = np.unique(np.stack([rules, languages]), axis=1, return_inverse=True)
    return _rank(rules, _rank(both.reshape(-1), hashes), hashes)


def _rank(groups: NDArray[Any], *keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of each item within its group, in the order of the keys."""
    order = np.lexsort((*keys[::-1], groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.int64)
    place = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    ranks = np.empty_like(place)
    ranks[order] = place
    return ranks


def _beginnings(run: Run, keys: Sequence[tuple[bytes, str]]) -> dict[tuple[bytes, str], tuple[str, str]]:
    """Return address and beginning of the cleaned text of some documents; only row groups that hold them are read."""
    files, wanted = by_split(run, "cleaned"), set(keys)
    found: dict[tuple[bytes, str], tuple[str, str]] = {}
    for split in sorted({split for _, split in keys}):
        with pq.ParquetFile(files[split]) as file:
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, ["id"])["id"].to_pylist()
                if at := [i for i, id_ in enumerate(ids) if (id_, split) in wanted]:
                    rows = file.read_row_group(group, ["id", "url", "text"]).take(places(np.array(at)))
                    found |= {(r["id"], split): (r["url"] or "", r["text"][:EXCERPT]) for r in rows.to_pylist()}
    return found
