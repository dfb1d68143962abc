"""The whole story of one document: where its record lies, what every stage did to it and why, and where its text went."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from jobs.predicates import UNROUTED, filter_plan, quality_limits
from jobs.preview.changes import PreviewError, recipe_of
from jobs.reporting.query import Reader, Row, reading
from jobs.store import Run
from udfs.checks import Check, quality_checks, rule_checks
from udfs.filtering import FilterPlan
from udfs.quality import Limits
from udfs.rules import UnknownNameError
from udfs.urls import url_key

Key = tuple[bytes, str]
LOST = ("drop", "quarantine")
NOT_REACHED, NOT_RUN = "not reached", "not run"

_HEX_ID = re.compile(r"[0-9a-fA-F]{32}")
_KEYS = frozenset(("id", "split"))
_NO_SIGNALS = frozenset(("lang", "word_model"))
# Columns that are large or say nothing to a reader.
_LEFT_OUT = frozenset(("text", "spans", "bands", "signature", "hashes", "exact", "covered"))
# What else a stage has written about a document, shown with the stage.
_FACTS = {
    "extract": ("documents", "sketches"),
    "documents": ("clusters",),
    "clean": ("signals", "scores"),
    "route": ("routes",),
    "encode": ("encodings",),
    "score": ("quality",),
    "decontaminate": ("contamination",),
    "knowledge": ("knowledge",),
    "mix": ("mixture",),
}


class NotFoundError(LookupError):
    """The run has no such record: one line that says what was looked for."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One record of the input with its outcome in this run."""

    id: str
    split: str
    record_id: str | None
    kind: str
    file: str
    offset: int
    length: int
    url: str | None
    date: str | None
    http_status: int | None
    status: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Winner:
    """The document that stays in the place of a duplicate, and what became of it in turn."""

    id: str
    url: str | None
    status: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on the document."""

    action: str
    reason: str
    evidence: dict[str, str]
    winner: Winner | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage did.

    Parameters
    ----------
    stage : str
        The stage.
    outcome : str
        ``kept | edited | dropped | quarantined``, or ``not reached`` (lost before) or ``not run``.
    decisions : tuple of Decision
        In the order of their reasons.
    facts : dict
        Table name to the rows that the stage wrote about the document, without texts and keys.
    checks : tuple of Check
        Every rule that the stage held against the document, with its limit, whether it fired or not: the first that fires is the
        reason. As the run's settings and the rules of this version have it.
    """

    stage: str
    outcome: str
    decisions: tuple[Decision, ...] = ()
    facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """One copy of the document in the shards."""

    file: str
    copy: int


@dataclass(frozen=True, slots=True)
class Story:
    """A record, its way through the stages and its copies in the shards.

    Parameters
    ----------
    capture, steps, shards
        See there.
    duplicates : int
        Documents lost in its favour.
    signals : dict of str to float
        Every signal of its text; empty where no text of it was kept.
    measured : str
        ``cleaned`` for what the run has stored; ``extracted`` where the document was lost before: then they are measured now, of the
        text as it was extracted, and nothing was decided by them. Empty where there are none.
    """

    capture: Capture
    steps: tuple[Step, ...]
    duplicates: int
    shards: tuple[Shard, ...]
    signals: dict[str, float] = field(default_factory=dict)
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was asked for: stories, newest capture first, and the captures of the same page that are only named."""

    stories: tuple[Story, ...]
    others: tuple[Capture, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def explain(run: Run, what: str, *, every: bool = False, measure: bool = False) -> Explanation:
    """Tell what became of a document.

    Parameters
    ----------
    run : Run
        The run, finished or not.
    what : str
        A URL (any capture that the run treats as the same page is found), an id (32 hex digits, or their beginning from 8 on) or a
        WARC-Record-ID, with or without angle brackets.
    every : bool
        Tell all captures of a URL, not the newest alone.
    measure : bool
        Measure the signals of documents that were lost before the run did.

    Raises
    ------
    NotFoundError
        When no record of the run matches.
    StoreError
        When the run's files can't be read.
    """
    with reading(run) as tables:
        captures = _captures(tables, what.strip().encode("utf-8", "replace").decode("utf-8"))
        if not captures:
            raise NotFoundError(f"{run.root.name} has no record of {what!r}; give a URL, an id in hex or a WARC-Record-ID")
        told = captures if every else captures[:1]
        rules = _Rules.of(run)
        return Explanation(tuple(_story(tables, c, rules, measure=measure) for c in told), tuple(captures[len(told) :]))


_CAPTURES = """
select r.*, coalesce(o.status, 'kept') as outcome, coalesce(o.stage, '') as stage, coalesce(o.reason, '') as reason
from (select * from records where {condition}) r
left join outcomes o on o.id = r.id and o.split = r.split
order by r.date desc nulls last, r.id, r.split, r.offset
"""
_SAME_PAGE = "url = ? or (id, split) in (select (id, split) from url_keys where url_key = ?)"


def _captures(tables: Reader, what: str) -> list[Capture]:
    """Return the records that match, newest first."""
    parameters: list[str | int]
    if re.fullmatch(r"[0-9a-fA-F]{8,32}", what):
        condition, parameters = "starts_with(hex(id), ?)", [what.upper()]
        if _HEX_ID.fullmatch(what):
            condition, parameters = "id = unhex(?)", [what]
    elif what.strip("<>").startswith("urn:"):
        condition, parameters = "record_id = ?", [f"<{what.strip('<>')}>"]
    else:
        condition, parameters = _SAME_PAGE, [what, url_key(what)]
    # The condition is one of the three above; what a person wrote travels as a parameter.
    return [_capture(row) for row in tables.rows(_CAPTURES.format(condition=condition), parameters)]


def _capture(row: Row) -> Capture:
    place = {name: row[name] for name in ("split", "record_id", "kind", "file", "offset", "length", "url", "stage", "reason")}
    date = row["date"].isoformat().replace("+00:00", "Z") if row["date"] else None
    return Capture(id=row["id"].hex(), date=date, http_status=row["status"], status=row["outcome"], **place)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The run's settings, as far as this version still reads them."""

    plan: FilterPlan | None = None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, run: Run) -> _Rules:
        try:
            recipe = recipe_of(run.recipe)
            return cls(filter_plan(recipe.filter), quality_limits(recipe.score))
        except (PreviewError, UnknownNameError):
            return cls()

    def checks(self, stage: str, steps: Sequence[Step]) -> tuple[Check, ...]:
        """Hold the rules of a stage against what it and the stages before have written about a document."""
        facts = {name: rows[0] for step in steps for name, rows in step.facts.items()}
        cls = facts.get("routes", {}).get("class", UNROUTED)
        if self.plan and stage == "filter" and "signals" in facts:
            return rule_checks(self.plan, facts["signals"], cls=cls, language=facts["signals"]["lang"])
        if self.plan and stage == "score" and "scores" in facts:
            told = {**facts["scores"], **facts.get("encodings", {}), **facts.get("quality", {})}
            return quality_checks(told, cls, self.limits)
        return ()


def _story(tables: Reader, capture: Capture, rules: _Rules, *, measure: bool) -> Story:
    key = (bytes.fromhex(capture.id), capture.split)
    decisions = _by_stage(tables, key)
    steps: list[Step] = []
    for stage in (name for name in tables.run.stages if name != "report"):
        lost = any(step.outcome in ("dropped", "quarantined") for step in steps)
        step = _step(tables, stage, key, [] if lost else decisions.get(stage, []), lost=lost)
        reached = step.outcome not in (NOT_REACHED, NOT_RUN)
        steps.append(replace(step, checks=rules.checks(stage, [*steps, step])) if reached else step)
    shards = tables.shards_of(key[0]) if any(m.get("copies") for s in steps for m in s.facts.get("mixture", [])) else []
    duplicates = tables.rows("select count(*) as n from clusters where winner = ? and winner_split = ?", key)[0]["n"]
    told = Story(capture, tuple(steps), duplicates, tuple(Shard(file, copy) for file, copy in shards))
    return _with_signals(tables, told, key, measure=measure)


def _with_signals(tables: Reader, story: Story, key: Key, *, measure: bool) -> Story:
    stored = [row for step in story.steps for row in step.facts.get("signals", ())]
    if stored:
        signals = {name: value for name, value in stored[0].items() if name not in _NO_SIGNALS}
        return replace(story, signals=signals, measured="cleaned")
    documents = tables.lookup("documents", key) if measure else []
    if not documents:
        return story
    from jobs.clean import spans_in
    from jobs.tools import references
    from udfs.signals import compute

    text, spans, language = documents[0]["text"], spans_in(documents[0]["spans"]), documents[0]["lang"]
    found = {"lang_score": documents[0]["lang_score"], **compute(text, language, spans, references(recipe_of(tables.run.recipe)))}
    return replace(story, signals=found, measured="extracted")


def _by_stage(tables: Reader, key: Key) -> dict[str, list[Row]]:
    """Return decisions by stage; a stretch that only `quarantine` names is taken as decided there."""
    found: dict[str, list[Row]] = {}
    for row in sorted(tables.lookup("decisions", key), key=lambda r: (r["action"] not in LOST, r["reason"])):
        found.setdefault(row["stage"], []).append(row)
    for row in tables.lookup("quarantine", key):
        if not any(d["action"] in LOST for d in found.get(row["stage"], [])):
            made = {
                "action": "quarantine",
                "reason": row["reason"],
                "evidence": {"detail": row["detail"] or ""},
                "winner": None,
            }
            found.setdefault(row["stage"], []).insert(0, made)
    return found


def _step(tables: Reader, stage: str, key: Key, decisions: Sequence[Row], *, lost: bool) -> Step:
    if lost or stage in tables.missing():
        return Step(stage, NOT_REACHED if lost else NOT_RUN)
    told = tuple(Decision(d["action"], d["reason"], d["evidence"] or {}, _winner(tables, d["winner"])) for d in decisions)
    actions = {d.action for d in told}
    endings = {"drop": "dropped", "quarantine": "quarantined", "edit": "edited"}
    outcome = next((name for action, name in endings.items() if action in actions), "kept")
    facts = {name: rows for name in _FACTS.get(stage, ()) if (rows := _facts(tables, name, key))}
    return Step(stage, outcome, told, facts)


def _facts(tables: Reader, name: str, key: Key) -> list[dict[str, Any]]:
    left_out = _KEYS | _LEFT_OUT if name != "documents" else _KEYS | _LEFT_OUT | {"url", "date"}
    # What a document shares with an item by chance decides nothing and is long.
    rows = (row for row in tables.lookup(name, key, without=left_out) if row.get("action") != "none")
    return [{column: _plain(value) for column, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else value


_WINNER = """
select r.url, coalesce(o.status, 'kept') as status, coalesce(o.stage, '') as stage, coalesce(o.reason, '') as reason
from (select id, split, url from records where id = ?) r
left join outcomes o on o.id = r.id and o.split = r.split
order by status = 'kept' desc, r.split limit 1
"""


def _winner(tables: Reader, id_: bytes | None) -> Winner | None:
    if not id_:
        return None
    found = tables.rows(_WINNER, [id_]) or [{"url": None, "status": "not in this run", "stage": "", "reason": ""}]
    return Winner(id_.hex(), **found[0])
