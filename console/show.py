"""Values on a terminal or as JSON. What comes from a crawl is hostile: no control character of it reaches the terminal."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from console.compare import Comparison
    from console.config import Shown
    from console.explain import Capture, Decision, Explanation, Step, Story

# C0 but for line ends and tabs, C1, and what turns the direction of a line around.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WIDE = 160
_COLUMNS = 7
_FACTS = 16

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
    shown = _table(heads, right)
    for row in rows:
        shown.add_row(*[_cell(value) for value in row])
    _console().print(shown)


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
        _console().rule(f"{place}", style="dim", align="left")
        pairs(row)


def pairs(values: Mapping[str, object], *, indent: int = 0) -> None:
    """Print names and values in two columns."""
    shown = _grid()
    for name, value in values.items():
        shown.add_row(_text(name, "dim"), _cell(value))
    _indented(shown, indent)


def facts(values: Mapping[str, object], *, indent: int) -> None:
    """Print names and values in a row, those without a value left out."""
    line = _text("")
    for name, value in values.items():
        if value not in (None, ""):
            line.append_text(_text("   " if line else "")).append_text(_text(f"{name} ", "dim")).append_text(_cell(value))
    _indented(line, indent)


def settings(found: Sequence[Shown], *, values: bool) -> None:
    """Print settings with their meaning; with values and origins, or with what is allowed."""
    section = None
    for one in found:
        head, _, _ = one.key.rpartition(".")
        if head != section:
            section = head
            _console().print(_text(f"\n{head}" if head else "", "bold"))
        shown = _grid()
        value = "required" if one.required and not values else _value(one.value)
        unit = f" {one.unit}" if one.unit and one.unit != "0-1" else ""
        shown.add_row(
            _text(f"{one.key} = {value}{unit}", "bold" if one.origin != "default" else ""),
            _text(f"({one.origin})" if values else "", "dim"),
        )
        source = f" [{one.source}]" if one.source else ""
        allowed = "" if values else f"; {one.allowed}"
        shown.add_row(_text(f"  {one.meaning}{source}{allowed}", "dim"))
        _indented(shown, 2)


def comparison(found: Comparison) -> None:
    """Print what engines made of the same pages, then how far each two of them agree."""
    from console.compare_page import figures

    rows = figures(found)
    _console().print(_text(f"{found.pages:,} HTML pages", "bold"))
    table((list(row.values()) for row in rows), list(rows[0]), right=list(rows[0])[1:])
    heads = ("engines", "shingle F1", "same words", "pages")
    pairs_ = ((f"{o.left}, {o.right}", f"{o.shingle_f1:.3f}", f"{o.equal:.1%}", o.pages) for o in found.overlaps)
    _console().print()
    table(pairs_, heads, right=heads[1:])


def explanation(found: Explanation, *, signals: bool) -> None:
    """Print the stories of documents, then the other captures of the same page."""
    for story in found.stories:
        _story(story, signals=signals)
    if found.others:
        _console().print(_text(f"\nOther captures of this page ({len(found.others)}); --all tells them too", "bold"))
        heads = ("date", "id", "url", "outcome")
        table(([c.date, c.id, c.url, _outcome(c)] for c in found.others), heads)


def _story(story: Story, *, signals: bool) -> None:
    from console.explain import fired

    c = story.capture
    console = _console()
    console.print(_text(f"\n{c.url or c.record_id or c.id}", "bold"))
    http = f", HTTP {c.http_status}" if c.http_status else ""
    record = f"{c.record_id or 'no WARC-Record-ID'} ({c.kind}{http}, {c.date or 'no date'})"
    place = f"{c.file} at {c.offset:,}, {c.length:,} bytes; split {c.split}"
    pairs({"outcome": _outcome(c), "id": c.id, "record": record, "lies in": place}, indent=2)
    named = fired(story)
    for step in story.steps:
        _step(step, named, signals=signals)
    if story.duplicates:
        console.print(_text(f"  {story.duplicates:,} duplicates were dropped in favour of this document"))
    if story.shards:
        where = ", ".join(f"{s.file} (copy {s.copy})" for s in story.shards)
        console.print(_text(f"  in the shards: {where}"))


def _step(step: Step, named: Mapping[str, float], *, signals: bool) -> None:
    console = _console()
    line = _text(f"  {step.stage:<14}", "bold")
    line.append(step.outcome, OUTCOME_STYLE.get(step.outcome, "dim"))
    console.print(line)
    for decision in step.decisions:
        _decision(decision)
    if "signals" in step.facts and not signals and step.outcome == "kept" and named:
        facts(named, indent=_FACTS)
    for name, rows in step.facts.items():
        if name == "signals" and not signals:
            continue
        for row in rows:
            facts(row, indent=_FACTS)


def _decision(decision: Decision) -> None:
    console = _console()
    console.print(_text(f"{' ' * _FACTS}{decision.action}: {decision.reason}"))
    if decision.evidence:
        facts(dict(sorted(decision.evidence.items())), indent=_FACTS + 2)
    if decision.winner:
        w = decision.winner
        fate = "" if w.status == "kept" else f"; {w.status} {f'by {w.stage}: {w.reason}' if w.stage else ''}".rstrip()
        console.print(_text(f"{' ' * _FACTS}  in favour of {w.url or w.id} ({w.id}{fate})"))


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


def _cell(value: object) -> Any:
    shown = "" if value is None else f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _value(value)
    return _text(shown)


def _text(value: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(printable(value), style=style)


def _table(heads: Sequence[str], right: Sequence[str]) -> Table:
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for head in heads:
        shown.add_column(head, justify="right" if head in right else "left", overflow="fold")
    return shown


def _indented(shown: Any, indent: int) -> None:
    from rich.padding import Padding

    _console().print(Padding(shown, (0, 0, 0, indent), expand=False))


def _grid() -> Table:
    from rich.table import Table

    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold", ratio=1)
    return shown


def _console() -> Console:
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
