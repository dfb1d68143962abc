"""The report's drawings: small SVG written by hand, coloured by the page's style sheet, each with a title that says it in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from jobs.reporting.data import Histogram

WIDTH = 1000
"""Units across a bar; it stretches to its column."""

_HIST_WIDTH, _HIST_HEIGHT, _HIST_FLOOR = 320, 120, 96


def bar(parts: Sequence[tuple[str, float]], whole: float, title: str) -> Markup:
    """Draw a bar of stretches one after the other.

    Parameters
    ----------
    parts : sequence of (str, float)
        Name of a colour (a class of the style sheet) and length of each stretch.
    whole : float
        What the full width stands for.
    title : str
        What the bar says.
    """
    drawn, left = [], 0.0
    for name, value in parts:
        width = _scaled(value, whole)
        if width > 0:
            drawn.append(Markup('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="10"/>').format(name, left, width))
        left += width
    body = Markup("").join(drawn)
    return Markup(
        '<svg class="bar" viewBox="0 0 {} 10" preserveAspectRatio="none" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(WIDTH, title, title, body)


def against(wanted: float, got: float, most: float, title: str) -> Markup:
    """Draw a share as a bar and the wanted one as a tick across it; `most` is what the full width stands for."""
    tick = min(_scaled(wanted, most), WIDTH - 6)
    body = Markup(
        '<rect class="kept" x="0" y="2" width="{:.1f}" height="6"/><rect class="tick" x="{:.1f}" y="0" width="6" height="10"/>'
    ).format(_scaled(got, most), tick)
    return Markup(
        '<svg class="bar" viewBox="0 0 {} 10" preserveAspectRatio="none" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(WIDTH, title, title, body)


def histogram(data: Histogram) -> Markup:
    """Draw how many documents have which value: kept ones below, lost ones on top."""
    tallest = max(k + lost for k, lost in zip(data.kept, data.lost, strict=True)) or 1
    step = _HIST_WIDTH / len(data.kept)
    drawn = []
    for i, (kept, lost) in enumerate(zip(data.kept, data.lost, strict=True)):
        # A bin with a single document stays visible beside one with thousands.
        low = max(1.0, kept / tallest * (_HIST_FLOOR - 4)) if kept else 0.0
        high = max(1.0, lost / tallest * (_HIST_FLOOR - 4)) if lost else 0.0
        for name, y, height in (("kept", _HIST_FLOOR - low, low), ("dropped", _HIST_FLOOR - low - high, high)):
            if height:
                shape = '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                drawn.append(Markup(shape).format(name, i * step + 0.5, y, step - 1, height))
    title = f"{data.name}: {sum(data.kept):,} kept and {sum(data.lost):,} lost documents between {data.low:g} and {data.high:g}"
    return Markup(
        '<svg class="histogram" viewBox="0 0 {w} {h}" role="img" aria-label="{title}"><title>{title}</title>'
        "<desc>{desc}</desc>{body}"
        '<line class="axis" x1="0" x2="{w}" y1="{floor}" y2="{floor}"/>{labels}</svg>'
    ).format(
        w=_HIST_WIDTH,
        h=_HIST_HEIGHT,
        title=title,
        desc=_described(data),
        body=Markup("").join(drawn),
        floor=_HIST_FLOOR,
        labels=_axis(data.low, data.high),
    )


def _scaled(value: float, whole: float) -> float:
    return max(0.0, min(1.0, value / whole)) * WIDTH if whole > 0 else 0.0


def _axis(low: float, high: float) -> Markup:
    places = ((0, "start", low), (_HIST_WIDTH / 2, "middle", (low + high) / 2), (_HIST_WIDTH, "end", high))
    text = Markup('<text x="{:g}" y="{}" text-anchor="{}">{}</text>')
    return Markup("").join(text.format(x, _HIST_HEIGHT - 8, anchor, f"{value:.3g}") for x, anchor, value in places)


def _described(data: Histogram) -> Markup:
    """Return the counts of each bin that is not empty, for who can't see the drawing."""
    width = (data.high - data.low) / len(data.kept)
    bins = [
        f"from {data.low + i * width:.3g}: {kept} kept, {lost} lost"
        for i, (kept, lost) in enumerate(zip(data.kept, data.lost, strict=True))
        if kept or lost
    ]
    return escape("; ".join(bins))
