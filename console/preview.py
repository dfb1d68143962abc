"""What a changed setting would keep and drop, on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.show import indented, ruled, styled, terminal

if TYPE_CHECKING:
    from jobs.preview import Later, Preview, Sample, Tally

_LANGUAGES = 15
_HEADS = ("", "kept now", "would be", "newly kept", "dropped", "words now", "would be ")
_UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def show_preview(found: Preview) -> None:
    """Print a preview: counts by class and language, reasons, what it can't say, samples."""
    _head(found)
    _tallies({"all": found.total} | found.classes)
    for before, after, n in found.moves:
        indented(styled(f"{n:,} kept documents move from {before} to {after}", "dim"), 2)
    changing = {name: tally for name, tally in found.languages.items() if _changes(tally)}
    most = sorted(changing, key=lambda name: -_changes(changing[name]))[:_LANGUAGES]
    if changing:
        _title(
            "by language", f"{len(found.languages) - len(most)} more" + ("" if len(changing) > len(most) else " without a change")
        )
        _tallies({name: changing[name] for name in most})
    _reasons(found.reasons)
    _later(found.later, found.total)
    for sample in found.samples:
        _sample(sample)


def _head(found: Preview) -> None:
    out = terminal()
    for change in found.changes:
        line = styled(change.key, "bold").append_text(styled(f"  {change.before} ")).append("→ ", "dim")
        out.print(line.append_text(styled(change.after, "bold")))
    if not found.changes:
        out.print(styled("nothing was changed; give rule.threshold=value, e.g. gopher.word_count.low=80", "dim"))
    assumed = ", as if they followed: the recipe ends before them" if found.assumed else ""
    out.print(styled(f"by stored signals of {found.run}: {', '.join(found.stages)}{assumed}\n", "dim"))
    if found.differs:
        said = f"{found.differs:,} documents were decided otherwise by an earlier version of the rules; run filter again"
        out.print(styled(f"{said}\n", "yellow"))


def _title(title: str, more: str) -> None:
    terminal().print(styled(f"\n{title}", "bold").append(f"  {more}", "dim"))


def _tallies(tallies: Mapping[str, Tally]) -> None:
    shown = ruled(_HEADS, _HEADS[1:])
    for name, tally in tallies.items():
        plain = "bold" if name == "all" else ""
        kept, dropped = tally.newly_kept.documents, tally.newly_dropped.documents
        shown.add_row(
            styled(name, plain),
            styled(f"{tally.now.documents:,}"),
            styled(f"{tally.then.documents:,}", plain),
            styled(f"+{kept:,}" if kept else "", "green"),
            styled(f"-{dropped:,}" if dropped else "", "red"),
            styled(_short(tally.now.words)),
            styled(_short(tally.then.words), plain),
        )
    terminal().print(shown)


def _reasons(reasons: Mapping[str, tuple[int, int]]) -> None:
    changing = {name: n for name, n in reasons.items() if n[0] != n[1]}
    if not changing:
        return
    _title("dropped by first reason", f"{len(reasons) - len(changing)} more without a change")
    heads = ("", "before", "after", "difference")
    shown = ruled(heads, heads[1:])
    for name, (before, after) in sorted(changing.items(), key=lambda one: (-abs(one[1][1] - one[1][0]), one[0])):
        shown.add_row(
            styled(name), f"{before:,}", f"{after:,}", styled(f"{after - before:+,}", "red" if after > before else "green")
        )
    terminal().print(shown)


def _later(later: Later, total: Tally) -> None:
    if not later.stages or not _changes(total):
        return
    lines = []
    if "decontaminate" in later.stages and total.newly_kept.documents:
        lines.append(f"{total.newly_kept.documents:,} newly kept documents have not been scanned by decontaminate yet")
    if keys := [stage for stage in later.stages if stage in ("urls", "documents", "lines")]:
        lines.append(f"{', '.join(keys)} comes after and compares what is kept: its answer may shift")
    if later.freed:
        lines.append(f"{later.freed:,} documents were dropped as duplicates of newly dropped ones, and may come back")
    if "mix" in later.stages:
        lines.append("mix would draw anew")
    _title("after these stages", ", ".join(later.stages))
    for line in lines:
        indented(styled(line), 2)


def _sample(sample: Sample) -> None:
    sign, style = ("+ newly kept", "green") if sample.newly_kept else ("- newly dropped", "red")
    moved = "" if sample.class_now == sample.class_then else f" → {sample.class_then}"
    line = styled(f"\n{sign}", style).append(f"  {sample.language}, {sample.class_now}{moved}  ", "dim")
    line.append(sample.rule, "bold").append_text(
        styled(f"  {sample.signal} {_number(sample.value)} {sample.op} {_number(sample.limit)}")
    )
    if sample.limit_other is not None and sample.limit_other != sample.limit:
        line.append(f" ({'then' if sample.newly_kept else 'was'} {_number(sample.limit_other)})", "dim")
    out = terminal()
    out.print(line)
    indented(styled(f"{sample.url}  {sample.id}".strip(), "dim"), 2)
    text = " ".join(sample.text.split())
    indented(styled(text[: 2 * (out.width - 4)]), 2)


def _changes(tally: Tally) -> int:
    return tally.newly_kept.documents + tally.newly_dropped.documents


def _short(n: int) -> str:
    """Write a number with three digits and a unit."""
    for size, unit in _UNITS:
        if n >= size:
            return f"{n / size:.3g}{unit}" if n < 999.5 * size else f"{n / size:,.0f}{unit}"
    return str(n)


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
