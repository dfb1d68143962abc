"""What became of the copies that were planted in the test crawl: by kind, and record by record where it is not as it should be.

The recipe llama3 is run up to its stage ``documents``. A record is judged by what ``truth.jsonl.gz`` says of it:

* captures of one page (``dup_url``, ``superseded_capture``): all but the newest go, by either stage;
* equal pages (``dup_doc_exact``, ``near_dup``): of a group exactly one member stays, whichever;
* pages that are kept on their own and are in no group: they stay;
* ``either``, pages that filters drop later, and pages of which extraction leaves nothing: counted, not judged.

And what goes must go for the right one: by URL for the newest capture, as a duplicate for a page that is not older (or whole, where
the loser was cut off or garbled).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.runs import Done, markdown, woolmill
from jobs.reporting.query import reading
from jobs.store import Run
from udfs.sketch import SketchSettings, shingle_hashes, shingle_jaccard

Truth = Mapping[str, Any]

OF_URL: Final = frozenset({"dup_url", "superseded_capture"})
OF_TEXT: Final = frozenset({"dup_doc_exact", "near_dup"})
DAMAGED: Final = frozenset({"truncated", "mojibake"})
"""Kinds that give way to an older page: what was cut, and what had to be repaired."""
SPLIT_UP: Final = frozenset({"url_variant", "mirror", "charset", "content_coding", "markdown"})
"""Kinds that are shown by their refinement."""

_SQL: Final = """
select r.record_id, d.stage, d.action, d.reason, w.record_id as winner, c.similarity
from records r
left join (select * from decisions where action in ('drop', 'quarantine')) d on d.id = r.id and d.split = r.split
left join (select id, min(record_id) as record_id from records group by id) w on w.id = d.winner
left join clusters c on c.id = r.id and c.split = r.split and d.stage = 'documents'
where r.record_id is not null
"""


NO_TEXT, NEWER, GROUP, STAYS, EITHER = "no text", "newer", "group", "stays", "either"
"""What is expected of a record."""

WANTED: Final = 0.75
"""Similarity of the recipe; what is below it by the texts as they were extracted is no fault of deduplication."""

SHINGLES: Final = SketchSettings(5, 20, 6)
MOST: Final = 20_000

NOISE: Final = 0.12
"""Three standard errors of a similarity of 0.75 that is estimated from 120 values."""

EXTRACTION, ESTIMATE, FAULT = "extraction", "estimate", "fault"


@dataclass(frozen=True, slots=True)
class Surprise:
    """How a record ended otherwise than expected.

    Parameters
    ----------
    whose : str
        ``extraction``: by the texts that it made, the outcome is right; ``estimate``: the similarity is so near to what is wanted
        that signatures can't tell; ``fault``: neither.
    why : str
        What is wrong.
    """

    whose: str
    why: str

    @classmethod
    def about(cls, similarity: float, why: str, *, stays: bool) -> Surprise:
        """Say whose doing it is that of two documents so similar both stay, or one goes."""
        wrong = similarity - WANTED if stays else WANTED - similarity
        return cls(EXTRACTION if wrong < 0 else ESTIMATE if wrong <= NOISE else FAULT, why)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a record.

    Parameters
    ----------
    stage : str
        Which stage took it out; empty where it stays.
    reason : str
        Why.
    winner : str
        Record in whose favour.
    similarity : float
        To that one, 0-1; 0 where it was not measured.
    """

    stage: str = ""
    reason: str = ""
    winner: str = ""
    similarity: float = 0.0

    def __str__(self) -> str:
        if not self.stage:
            return "stays"
        return f"{self.stage}: {self.reason}" + (f", {self.similarity:.3f}" if self.similarity else "")


def read_truth(path: Path) -> dict[str, Truth]:
    """Return what is known of each record, by record id."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["record_id"]: row for row in map(json.loads, lines)}


def fates(run: Run) -> dict[str, Fate]:
    """Return what became of each record, by record id."""
    found: dict[str, Fate] = {}
    with reading(run) as tables:
        for batch in tables.batches(_SQL):
            for row in batch.to_pylist():
                fate = Fate(row["stage"] or "", row["reason"] or "", row["winner"] or "", row["similarity"] or 0.0)
                found[row["record_id"]] = fate
    return found


def texts(run: Run) -> dict[str, str]:
    """Return what extraction made of each record, by record id."""
    found: dict[str, str] = {}
    with reading(run) as tables:
        for batch in tables.batches("select r.record_id, d.text from documents d join records r using (id, split)"):
            found.update(zip(batch.column("record_id").to_pylist(), batch.column("text").to_pylist(), strict=True))
    return found


class Judge:
    """Compares what became of the records with what is known of them.

    Parameters
    ----------
    truth : mapping of str to mapping
        What is known.
    fate : mapping of str to Fate
        What became of them.
    texts : mapping of str to str
        What extraction made of them.
    """

    def __init__(self, truth: Mapping[str, Truth], fate: Mapping[str, Fate], texts: Mapping[str, str]) -> None:
        self.truth, self.fate, self.texts = truth, fate, texts
        self._groups: dict[str, list[str]] = defaultdict(list)
        self._newest: dict[str, str] = {}
        for id_, row in truth.items():
            if group := row.get("near_dup_group"):
                self._groups[group].append(id_)
            if self.of(id_).stage != "extract" or self.of(id_).reason in ("optout", "noindex"):
                page = row.get("url_group", "")
                self._newest[page] = max(self._newest.get(page, ""), row["date"])

    def of(self, id_: str) -> Fate:
        """Return what became of a record; one that was not seen was lost before."""
        return self.fate.get(id_, Fate("extract", "not seen"))

    def expected(self, row: Truth) -> str:
        """Return what should become of a record."""
        if self.of(row["record_id"]).stage == "extract":
            return NO_TEXT
        if row["reason"] in OF_URL:
            return NEWER
        if row["reason"] in OF_TEXT or (row.get("near_dup_group") and row["expect"] == "keep"):
            return GROUP
        return STAYS if row["expect"] == "keep" else EITHER

    def surprise(self, row: Truth) -> Surprise | None:
        """Return how a record ended otherwise than expected, and why; None where it did not."""
        fate, expected = self.of(row["record_id"]), self.expected(row)
        if expected == NO_TEXT:
            return None
        if fate.stage:
            if wrong := self._wrong_winner(row, fate):
                return Surprise(FAULT, wrong)
            if expected != STAYS:
                return None
            similar = self.similarity(row["record_id"], fate.winner)
            return Surprise.about(similar, f"no known copy; the texts as extracted are {similar:.3f} similar", stays=False)
        if expected == NEWER:
            return self._beside(row, [id_ for id_, one in self.truth.items() if one.get("url_group") == row["url_group"]])
        return self._beside(row, self._groups[row["near_dup_group"]]) if expected == GROUP else None

    def similarity(self, one: str, other: str) -> float:
        """Return the Jaccard similarity of two records as they were extracted, 0-1."""
        a, b = (shingle_hashes(self.texts.get(id_, ""), SHINGLES, MOST) for id_ in (one, other))
        return shingle_jaccard(a, b, MOST)

    def _beside(self, row: Truth, group: Sequence[str]) -> Surprise | None:
        """Say whether a record that stays has a better one beside it, and whether the texts at hand show it."""
        others = [id_ for id_ in group if id_ != row["record_id"] and not self.of(id_).stage]
        if not others:
            return None
        nearest = max(self.similarity(row["record_id"], id_) for id_ in others)
        said = f"{len(others)} of its group stay, too; the texts as extracted are at most {nearest:.3f} similar"
        return Surprise.about(nearest, said, stays=True)

    def _wrong_winner(self, row: Truth, fate: Fate) -> str:
        winner = self.truth.get(fate.winner)
        if winner is None:
            return f"goes for {fate.winner or 'nothing'}, which is unknown"
        newest = self._newest.get(winner.get("url_group", ""), "")
        if fate.stage == "urls" and newest and winner["date"] != newest and winner.get("url_group"):
            return f"goes for the capture of {winner['date']}, the newest is of {newest}"
        if fate.stage == "documents" and self.of(fate.winner).stage:
            return f"goes for a page that goes, too ({self.of(fate.winner)})"
        if fate.stage == "documents" and winner["date"] < row["date"] and DAMAGED.isdisjoint(row["kind"]):
            return f"goes for an older page, of {winner['date']}"
        return ""


def kind_of(row: Truth) -> str:
    """Return the kind that a record is counted under."""
    kind = row["kind"]
    return f"{kind[0]}, {kind[1]}" if kind[0] in SPLIT_UP and len(kind) > 1 else str(kind[0])


def by_kind(judge: Judge, surprises: Mapping[str, Surprise]) -> str:
    """Return the table of kinds."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for id_, row in judge.truth.items():
        fate, surprise = judge.of(id_), surprises.get(id_)
        got = fate.reason if fate.stage == "documents" else fate.stage or "kept"
        ended = "" if surprise is None else surprise.whose
        counts[kind_of(row)].update(["records", judge.expected(row), f"got {got}", ended])
    columns = {
        "records": "records",
        "no text": NO_TEXT,
        "should go by URL": NEWER,
        "in groups": GROUP,
        "should stay": STAYS,
        "either": EITHER,
        "gone by URL": "got urls",
        "exact": "got exact_duplicate",
        "near": "got near_duplicate",
        "stay": "got kept",
        "texts differ": EXTRACTION,
        "within the error": ESTIMATE,
        "faults": FAULT,
    }
    rows = [[kind, *(counts[kind][name] for name in columns.values())] for kind in sorted(counts)]
    total = sum(counts.values(), Counter())
    return markdown(("kind", *columns), [*rows, ["all", *(total[name] for name in columns.values())]])


def listing(judge: Judge, surprises: Mapping[str, Surprise]) -> str:
    """Return every record that did not end as expected, faults first."""
    rows = []
    for id_, surprise in surprises.items():
        row = judge.truth[id_]
        winner = judge.truth.get(judge.of(id_).winner, {})
        known = f"{row.get('near_dup_group', '')} {row.get('jaccard5', '')}"
        rows.append(
            [
                surprise.whose,
                ", ".join(row["kind"]),
                row["url"],
                row["date"],
                judge.of(id_),
                winner.get("url", ""),
                known,
                surprise.why,
            ]
        )
    columns = ("whose", "kind", "URL", "date", "got", "in favour of", "known", "why not")
    return markdown(columns, sorted(rows, key=lambda row: (row[0] != FAULT, *map(str, row))), left=len(columns))


def version_pairs(judge: Judge) -> str:
    """Return how many pages of two versions stayed, by how similar the versions are."""
    bins: dict[str, Counter[str]] = defaultdict(Counter)
    for id_, row in judge.truth.items():
        if row["kind"][0] == "version_pair":
            similarity = row["version_jaccard5"]
            name = "1" if similarity == 1 else f"{int(similarity * 20) / 20:.2f}" if similarity >= 0.5 else "below 0.5"
            bins[name].update([judge.of(id_).stage or "stays"])
    columns = ("stays", "urls", "documents", "extract")
    rows = [[name, *(bins[name][column] for column in columns)] for name in sorted(bins)]
    return markdown(("similarity of the versions, from", *columns), rows)


def crawl_report(data: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Run the recipe on the crawl; return the sections of the report, and what was missed."""
    paths = ",".join(map(str, sorted([*data.glob("*.warc.gz"), *data.glob("*.warc")])))
    recipe = ["conf/llama3.yaml", f"input.paths={paths}", "stages=[extract, urls, documents]"]
    done = woolmill("run", *recipe, f"output.path={folder}", "output.run=crawl", root=folder / "crawl")
    return judged(done, data / "truth.jsonl.gz")


def judged(done: Done, truth: Path) -> tuple[list[str], list[str]]:
    """Judge a finished run; return the sections of the report, and what was missed."""
    run = Run.open(done.root)
    judge = Judge(read_truth(truth), fates(run), texts(run))
    surprises = {id_: found for id_, row in judge.truth.items() if (found := judge.surprise(row))}
    faults = sum(one.whose == FAULT for one in surprises.values())
    sections = ["## Planted copies", by_kind(judge, surprises), "Pages of two versions of a manual:", version_pairs(judge)]
    sections += [f"{len(surprises)} records did not end as expected, {faults} of them by a fault.", listing(judge, surprises)]
    return sections, [f"{faults} records of the crawl ended wrongly"] if faults else []
