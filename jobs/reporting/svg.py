"""The report's drawings: small SVG written by hand, coloured by the page's style sheet, each with a title that says it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Self

from markupsafe import Markup, escape

from jobs.reporting import visible

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


_STRIP_WIDTH, _STRIP_HEIGHT, _STRIP_FLOOR, _STRIP_SIDE, _COLUMNS = 420, 148, 112, 12, 50


@dataclass(frozen=True, slots=True)
class Strip:
    """Shares of many groups as dots over an axis from 0 to 100 %, stacked where they would hide each other.

    Parameters
    ----------
    dots : Markup
        All of them, and the axis: the part of the drawing that is the same for each.
    places : mapping of str to (float, float)
        Where the dot of each group lies.
    radius : float
        Of the dots.
    """

    dots: Markup
    places: Mapping[str, tuple[float, float]]
    radius: float

    @classmethod
    def of(cls, groups: Sequence[tuple[str, float]]) -> Self:
        """Lay out groups: name and share (0-1)."""
        columns = Counter(round(share * _COLUMNS) for _, share in groups)
        step = min(8.0, 82 / max(columns.values(), default=1))
        radius, height = max(1.2, min(3.4, 0.44 * step)), Counter[int]()
        places, drawn = {}, []
        for name, share in sorted(groups, key=lambda group: (group[1], group[0])):
            column = round(share * _COLUMNS)
            x, y = _along(column / _COLUMNS), _STRIP_FLOOR - 5 - height[column] * step
            height[column] += 1
            places[name] = (x, y)
            dot = Markup('<circle class="peer" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>')
            drawn.append(dot.format(x, y, radius, f"{visible(name)}: {100 * share:.1f} %"))
        return cls(_ground([share for _, share in groups]) + Markup("").join(drawn), places, radius)

    def draw(self, name: str, share: float) -> Markup:
        """Draw the strip with one group marked; hollow, if it is none of those laid out."""
        among = name in self.places
        x, y = self.places.get(name, (_along(share), _STRIP_FLOOR - 5))
        label = f"{visible(name)} {100 * share:.1f} %"
        mark = Markup(
            '<line class="lead" x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{top:.1f}"/>'
            '<circle class="{cls}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>'
            '<text class="marked" x="{x:.1f}" y="13" text-anchor="{anchor}">{label}</text>'
        ).format(x=x, y=y, top=y - self.radius - 1.5, r=self.radius + 1.5, anchor=_anchor(x), label=label, cls=_MARKS[among])
        title = f"{label} kept, beside {len(self.places) - among} others"
        return Markup(
            '<svg class="strip" viewBox="0 0 {w} {h}" role="img" aria-label="{title}"><title>{title}</title>{dots}{mark}</svg>'
        ).format(w=_STRIP_WIDTH, h=_STRIP_HEIGHT, title=title, dots=self.dots, mark=mark)


_MARKS = {True: "marked", False: "marked apart"}


def _along(share: float) -> float:
    return _STRIP_SIDE + share * (_STRIP_WIDTH - 2 * _STRIP_SIDE)


def _anchor(x: float) -> str:
    """Which end of a label stands at x, so that it stays inside the drawing."""
    return "start" if x < 70 else "end" if x > _STRIP_WIDTH - 70 else "middle"


def _ground(shares: Sequence[float]) -> Markup:
    """Draw the axis of a strip in per cent, and the median of the groups."""
    text = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
    marks = [text.format(_along(part / 100), _STRIP_FLOOR + 14, part) for part in (0, 25, 50, 75, 100)]
    axis = Markup('<line class="axis" x1="{}" x2="{}" y1="{y}" y2="{y}"/>')
    drawn = axis.format(_along(0), _along(1), y=_STRIP_FLOOR) + Markup("").join(marks)
    if not shares:
        return drawn
    x, below = _along(median(shares)), _STRIP_HEIGHT - 5
    line = Markup('<line class="middle" x1="{x:.1f}" x2="{x:.1f}" y1="26" y2="{y}"/>').format(x=x, y=_STRIP_FLOOR)
    words = Markup('<text class="middle" x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
    return drawn + line + words.format(x, below, _anchor(x), f"median of all {100 * median(shares):.1f} %")


def spread(values: Sequence[float], whole: Sequence[float], title: str) -> Markup:
    """Draw quantiles (5, 25, 50, 75, 95 %) as a box with whiskers, and the median of the whole run as a coloured tick.

    The axis goes from 0, or the lowest value, to 1, or the highest.
    """
    low, high = min(0.0, values[0], whole[0]), max(1.0, values[-1], whole[-1])

    def place(value: float) -> float:
        return _scaled(value - low, high - low)

    def tick(value: float) -> float:
        return min(place(value), WIDTH - 6)

    body = Markup(
        '<rect class="reach" x="{:.1f}" y="4" width="{:.1f}" height="2"/>'
        '<rect class="kept" x="{:.1f}" y="2" width="{:.1f}" height="6"/>'
        '<rect class="edited" x="{:.1f}" y="0" width="6" height="10"/><rect class="tick" x="{:.1f}" y="0" width="6" height="10"/>'
    ).format(
        place(values[0]),
        max(2.0, place(values[4]) - place(values[0])),
        place(values[1]),
        max(2.0, place(values[3]) - place(values[1])),
        tick(whole[2]),
        tick(values[2]),
    )
    return Markup(
        '<svg class="bar" viewBox="0 0 {} 10" preserveAspectRatio="none" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(WIDTH, title, title, body)


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
