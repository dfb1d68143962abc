"""Values on a terminal or as JSON. What comes from a crawl is hostile: no control character of it reaches the terminal."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from console.compare import Comparison
    from console.config import Shown
    from console.explain import Capture, Decision, Explanation, Step, Story

# C0 but for line ends and tabs, C1, and what turns the direction of a line around.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WIDE = 160
_ROOMY = 100
_COLUMNS = 7
_FACTS = 16
_RULES = 4
_SIGNAL = 36

OUTCOME_STYLE = {"kept": "green", "edited": "cyan", "dropped": "red", "quarantined": "yellow"}


def printable(value: object) -> str:
    """Return text with the escapes of JSON in the place of unsafe characters."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))


def as_json(value: object, *, lines: bool = False) -> None:
    """Print plain data as one JSON document, or each item of a list on a line of its own."""
    values = value if lines and isinstance(value, list) else [value]
    for one in values:
        text = json.dumps(_finite(one), ensure_ascii=False, indent=None if lines else 2, allow_nan=False)
        # Escapes are legal wherever such characters can stand, which is within strings.
        print(printable(text))


def table(rows: Iterable[Sequence[object]], heads: Sequence[str], *, right: Sequence[str] = ()) -> None:
    """Print rows under heads; the columns named in `right` are numbers."""
    shown = ruled(heads, right)
    for row in rows:
        shown.add_row(*[_cell(value) for value in row])
    terminal().print(shown)


def records(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table, or below each other where there are too many columns for one."""
    if not rows:
        return
    heads = list(rows[0])
    if len(heads) <= _COLUMNS:
        numbers = [h for h in heads if all(isinstance(row[h], int | float | None) for row in rows)]
        table(([row[h] for h in heads] for row in rows), heads, right=numbers)
        return
    for place, row in enumerate(rows, 1):
        terminal().rule(f"{place}", style="dim", align="left")
        pairs(row)


def pairs(values: Mapping[str, object], *, indent: int = 0) -> None:
    """Print names and values in two columns."""
    shown = grid()
    for name, value in values.items():
        shown.add_row(styled(name, "dim"), _cell(value))
    indented(shown, indent)


def facts(values: Mapping[str, object], *, indent: int) -> None:
    """Print names and values in a row, those without a value left out."""
    line = styled("")
    for name, value in values.items():
        if value not in (None, ""):
            line.append_text(styled("   " if line else "")).append_text(styled(f"{name} ", "dim")).append_text(_cell(value))
    indented(line, indent)


def settings(found: Sequence[Shown], *, values: bool) -> None:
    """Print settings with their meaning; with values and origins, or with what is allowed."""
    section = None
    for one in found:
        head, _, _ = one.key.rpartition(".")
        if head != section:
            section = head
            terminal().print(styled(f"\n{head}" if head else "", "bold"))
        shown = grid()
        value = "required" if one.required and not values else _value(one.value)
        unit = f" {one.unit}" if one.unit and one.unit != "0-1" else ""
        shown.add_row(
            styled(f"{one.key} = {value}{unit}", "bold" if one.origin != "default" else ""),
            styled(f"({one.origin})" if values else "", "dim"),
        )
        source = f" [{one.source}]" if one.source else ""
        allowed = "" if values else f"; {one.allowed}"
        shown.add_row(styled(f"  {one.meaning}{source}{allowed}", "dim"))
        indented(shown, 2)


def comparison(found: Comparison) -> None:
    """Print what engines made of the same pages, then how far each two of them agree."""
    from console.compare_page import figures

    rows = figures(found)
    terminal().print(styled(f"{found.pages:,} HTML pages", "bold"))
    table((list(row.values()) for row in rows), list(rows[0]), right=list(rows[0])[1:])
    heads = ("engines", "shingle F1", "same words", "pages")
    pairs_ = ((f"{o.left}, {o.right}", f"{o.shingle_f1:.3f}", f"{o.equal:.1%}", o.pages) for o in found.overlaps)
    terminal().print()
    table(pairs_, heads, right=heads[1:])


def explanation(found: Explanation, *, signals: bool) -> None:
    """Print the stories of documents, then the other captures of the same page."""
    for story in found.stories:
        _story(story, signals=signals)
    if found.others:
        terminal().print(styled(f"\nOther captures of this page ({len(found.others)}); --all tells them too", "bold"))
        heads = ("date", "id", "url", "outcome")
        table(([c.date, c.id, c.url, _outcome(c)] for c in found.others), heads)


def _story(story: Story, *, signals: bool) -> None:
    c = story.capture
    out = terminal()
    out.print(styled(f"\n{c.url or c.record_id or c.id}", "bold"))
    http = f", HTTP {c.http_status}" if c.http_status else ""
    record = f"{c.record_id or 'no WARC-Record-ID'} ({c.kind}{http}, {c.date or 'no date'})"
    place = f"{c.file} at {c.offset:,}, {c.length:,} bytes; split {c.split}"
    pairs({"outcome": _outcome(c), "id": c.id, "record": record, "lies in": place}, indent=2)
    for step in story.steps:
        _step(step)
    _signals(story, every=signals)
    if story.duplicates:
        out.print(styled(f"  {story.duplicates:,} duplicates were dropped in favour of this document"))
    if story.shards:
        where = ", ".join(f"{s.file} (copy {s.copy})" for s in story.shards)
        out.print(styled(f"  in the shards: {where}"))


def _step(step: Step) -> None:
    line = styled(f"  {step.stage:<14}", "bold")
    line.append(step.outcome, OUTCOME_STYLE.get(step.outcome, "dim"))
    terminal().print(line)
    for decision in step.decisions:
        _decision(decision, evidence=not step.checks or decision.action != "drop")
    for name, rows in step.facts.items():
        for row in rows if name != "signals" else ():
            facts(row, indent=_FACTS)
    if step.checks:
        _checks(step)


def _checks(step: Step) -> None:
    """Print the rules of a stage, those that fired first."""
    fired = [check for check in step.checks if check.fired]
    indented(styled(f"{len(fired)} of {len(step.checks)} rules fired", "dim"), _FACTS)
    if [check.rule for check in fired[:1]] != [d.reason for d in step.decisions if d.action == "drop"]:
        indented(styled("the run decided by an earlier version of the rules; run this stage again", "yellow"), _FACTS)
    shown = _fitted(("left", "left", "right", "left"))
    for check in sorted(step.checks, key=lambda one: not one.fired):
        style = "red" if check.fired else "dim"
        limit = f"{check.op} {_short(check.limit)}"
        shown.add_row(*(styled(cell, style) for cell in (check.rule, check.signal, _short(check.value), limit)))
        for guard in check.unless if not check.fired else ():
            if guard.holds:
                said = f"silent: {guard.signal} {_short(guard.value)} {guard.op} {_short(guard.limit)}"
                shown.add_row("", styled(said, "dim italic"), "", "")
    indented(shown, _RULES)


def _signals(story: Story, *, every: bool) -> None:
    """Print the signals that no rule above has shown, or all of them with what they mean."""
    if not story.signals:
        return indented(styled("no signals: no text of it was kept", "dim"), 2)
    told = {check.signal for step in story.steps for check in step.checks} if not every else set()
    rest = {name: value for name, value in story.signals.items() if name not in told}
    where = "those that no rule above reads" if told else "all"
    if story.measured == "extracted":
        where = "measured now, of the text as extracted: the document was lost before the run did"
    terminal().print(styled("  signals       ", "bold").append(where, "dim"))
    return _with_meanings(rest) if every else _side_by_side(rest)


def _with_meanings(signals: Mapping[str, float]) -> None:
    from jobs.tables import TABLES

    shown = _fitted(("left", "right", "left", "left"))
    for column in TABLES["signals"].columns:
        if column.name in signals:
            value = _short(signals[column.name])
            shown.add_row(styled(column.name), styled(value), styled(column.unit, "dim"), styled(column.meaning, "dim"))
    indented(shown, _RULES)


def _side_by_side(signals: Mapping[str, float]) -> None:
    from rich.columns import Columns
    from rich.table import Table

    from udfs import datatrove

    cells = []
    for name, value in signals.items():
        if _measured(value):
            cell = Table.grid(expand=True, padding=(0, 1, 0, 0))
            cell.add_column(no_wrap=True, ratio=1)
            cell.add_column(justify="right", no_wrap=True)
            cell.add_row(styled(name, "dim"), styled(_short(value)))
            cells.append(cell)
    indented(Columns(cells, width=_SIGNAL, padding=(0, 2, 0, 0)), _RULES)
    variant = frozenset(datatrove.NAMES)
    asked = any(_measured(signals[name]) for name in variant if name in signals)
    if missing := [name for name, value in signals.items() if not _measured(value) and (asked or name not in variant)]:
        indented(styled(f"nothing to measure: {', '.join(missing)}", "dim"), _RULES)
    if not asked:
        indented(styled("not asked for: what datatrove's filters decide on (dt_...)", "dim"), _RULES)


def _measured(value: object) -> bool:
    return value is not None and value == value


def _decision(decision: Decision, *, evidence: bool) -> None:
    terminal().print(styled(f"{' ' * _FACTS}{decision.action}: {decision.reason}"))
    if decision.evidence and evidence:
        facts(dict(sorted(decision.evidence.items())), indent=_FACTS + 2)
    if decision.winner:
        w = decision.winner
        fate = "" if w.status == "kept" else f"; {w.status} {f'by {w.stage}: {w.reason}' if w.stage else ''}".rstrip()
        indented(styled(f"in favour of {w.url or w.id} ({w.id}{fate})"), _FACTS + 2)


def _outcome(capture: Capture) -> str:
    return capture.status if capture.status == "kept" else f"{capture.status} by {capture.stage}: {capture.reason}"


def _finite(value: Any) -> Any:
    """Return plain data with null in the place of NaN and infinities, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(_finite(value), ensure_ascii=False)


def _short(value: object) -> str:
    """Write a value with four significant digits, whole numbers in full."""
    if not isinstance(value, float):
        return _value(value)
    return "-" if value != value else f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def _fitted(sides: Sequence[Literal["left", "right"]]) -> Table:
    """Return an empty table whose columns fold rather than vanish on a narrow terminal."""
    from rich.table import Table

    shown = Table.grid(padding=(0, 2 if terminal().width >= _ROOMY else 1, 0, 0))
    for side in sides:
        shown.add_column(justify=side, overflow="fold")
    return shown


def _cell(value: object) -> Any:
    shown = "" if value is None else f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _value(value)
    return styled(shown)


def styled(value: str, style: str = "") -> Any:
    """Return text for a terminal, unsafe characters escaped."""
    from rich.text import Text

    return Text(printable(value), style=style)


def ruled(heads: Sequence[str], right: Sequence[str]) -> Table:
    """Return an empty table without lines."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for head in heads:
        shown.add_column(head, justify="right" if head in right else "left", overflow="fold")
    return shown


def indented(shown: Any, indent: int) -> None:
    """Print something with a left margin."""
    from rich.padding import Padding

    terminal().print(Padding(shown, (0, 0, 0, indent), expand=False))


def grid() -> Table:
    """Return an empty table of names and values."""
    from rich.table import Table

    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold", ratio=1)
    return shown


def terminal() -> Console:
    """Return where people read."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Terminal(width=None if sys.stdout.isatty() else _WIDE, highlight=False, emoji=False, markup=False)


def curve(points: Sequence[tuple[float, float]]) -> None:
    """Print what share of pairs bands propose, a line for each similarity."""
    print("similarity  proposed")
    for similarity, share in points:
        print(f"{similarity:10.2f}  {share:8.4f}  {'#' * round(50 * share)}")


def generations(manifests: Sequence[Mapping[str, Any]]) -> None:
    """Print the generations of a corpus, a line each."""
    print(f"{'run':30}  {'documents':>12}  {'retracted':>10}")
    for manifest in manifests:
        print(f"{manifest['run']:30}  {manifest['documents']:12,}  {manifest['retracted']:10,}")
