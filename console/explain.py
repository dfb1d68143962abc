"""The whole story of one document: where its record lies, what every stage did to it and why, and where its text went."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.reporting.query import Reader, Row, reading
from jobs.store import Run
from jobs.tables import TABLES
from udfs.rules import RULE_SETS
from udfs.urls import url_key

Key = tuple[bytes, str]
LOST = ("drop", "quarantine")

_HEX_ID = re.compile(r"[0-9a-fA-F]{32}")
_KEYS = frozenset(("id", "split"))
# Large or binary columns that say nothing to a reader.
_LEFT_OUT = frozenset(("text", "spans", "bands", "signature", "hashes", "exact"))
# What else a stage has written about a document, shown with the stage.
_FACTS = {
    "extract": ("documents", "sketches"),
    "documents": ("clusters",),
    "clean": ("signals", "scores"),
    "route": ("routes",),
    "decontaminate": ("contamination",),
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
    """

    stage: str
    outcome: str
    decisions: tuple[Decision, ...] = ()
    facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shard:
    """One copy of the document in the shards."""

    file: str
    copy: int


@dataclass(frozen=True, slots=True)
class Story:
    """A record, its way through the stages and its copies in the shards; `duplicates` are documents lost in its favour."""

    capture: Capture
    steps: tuple[Step, ...]
    duplicates: int
    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was asked for: stories, newest capture first, and the captures of the same page that are only named."""

    stories: tuple[Story, ...]
    others: tuple[Capture, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def explain(run: Run, what: str, *, every: bool = False) -> Explanation:
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
        return Explanation(tuple(_story(tables, c) for c in told), tuple(captures[len(told) :]))


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


def _story(tables: Reader, capture: Capture) -> Story:
    key = (bytes.fromhex(capture.id), capture.split)
    decisions = _by_stage(tables, key)
    steps: list[Step] = []
    for stage in (name for name in tables.run.stages if name != "report"):
        lost = any(step.outcome in ("dropped", "quarantined") for step in steps)
        steps.append(_step(tables, stage, key, [] if lost else decisions.get(stage, []), lost=lost))
    shards = tables.shards_of(key[0]) if any(m.get("copies") for s in steps for m in s.facts.get("mixture", [])) else []
    duplicates = tables.rows("select count(*) as n from clusters where winner = ? and winner_split = ?", key)[0]["n"]
    return Story(capture, tuple(steps), duplicates, tuple(Shard(file, copy) for file, copy in shards))


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
        return Step(stage, "not reached" if lost else "not run")
    told = tuple(Decision(d["action"], d["reason"], d["evidence"] or {}, _winner(tables, d["winner"])) for d in decisions)
    actions = {d.action for d in told}
    endings = {"drop": "dropped", "quarantine": "quarantined", "edit": "edited"}
    outcome = next((name for action, name in endings.items() if action in actions), "kept")
    facts = {name: rows for name in _FACTS.get(stage, ()) if (rows := _facts(tables, name, key))}
    return Step(stage, outcome, told, facts)


def _facts(tables: Reader, name: str, key: Key) -> list[dict[str, Any]]:
    left_out = _KEYS | _LEFT_OUT if name != "documents" else _KEYS | _LEFT_OUT | {"url", "date"}
    return [{column: _plain(value) for column, value in row.items()} for row in tables.lookup(name, key, without=left_out)]


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


def fired(story: Story) -> dict[str, float]:
    """Return the signals, with their values, that decisions name: by the rule that fired or by themselves."""
    signals = [row for step in story.steps for row in step.facts.get("signals", ())]
    rules = {rule.name: rule.signal for rule_set in RULE_SETS.values() for rule in rule_set.rules}
    decisions = [d for step in story.steps for d in step.decisions]
    said = {word for d in decisions for word in _words(d)}
    said |= {rules[name] for d in decisions for name in (d.reason, *d.evidence) if name in rules}
    names = [column.name for column in TABLES["signals"].columns if column.name in said]
    return {name: signals[0][name] for name in names if signals and isinstance(signals[0][name], int | float)}


def _words(decision: Decision) -> set[str]:
    text = " ".join([decision.reason, *decision.evidence.keys(), *decision.evidence.values()])
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
