"""The drawings of a card's page: curves, reliability and histograms as small SVG, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

SIDE: Final = 260
"""Units of a square plot; its axes run from 0 to 1."""
LEFT: Final = 34
FOOT: Final = 24
HIGH: Final = 130
"""Units of height of a histogram's bars."""


def curve(points: Sequence[Sequence[float]], title: str, axes: tuple[str, str], *, diagonal: bool = False) -> Markup:
    """Draw points (x, y in 0-1) as a line.

    Parameters
    ----------
    points : sequence of (float, float)
        By rising x.
    title : str
        What the drawing says, for who cannot see it.
    axes : tuple of str
        Names of the horizontal and the vertical axis.
    diagonal : bool
        Whether to draw the line of equal values: chance in a ROC curve, honesty in a reliability plot.
    """
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y, *_ in points)
    lead = Markup('<line class="lead" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(_x(0), _y(0), _x(1), _y(1)) if diagonal else ""
    return _framed(Markup('{}<polyline class="curve" points="{}"/>').format(lead, path), title, axes)


def reliability(bins: Sequence[Sequence[float]], title: str) -> Markup:
    """Draw bins (documents, predicted, observed) as dots around the line of equal values."""
    dot = Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>')
    dots = [
        dot.format(_x(said), _y(seen), f"{int(count):,} documents: said {said:.3f}, were {seen:.3f}")
        for count, said, seen in bins
    ]
    lead = Markup('<line class="lead" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(_x(0), _y(0), _x(1), _y(1))
    return _framed(lead + Markup("").join(dots), title, ("predicted", "observed"))


def histogram(positives: Sequence[int], negatives: Sequence[int], title: str) -> Markup:
    """Draw how many documents have which score: positives above the axis, negatives below it, on one scale."""
    tallest, step = max(*positives, *negatives, 1), 2 * SIDE / len(positives)
    bars = []
    for place, counts in enumerate(zip(positives, negatives, strict=True)):
        for name, count, up in zip(("positive", "negative"), counts, (True, False), strict=True):
            if count:
                # A bin with a single document stays visible beside one with thousands.
                height = max(1.0, count / tallest * HIGH / 2)
                bar = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>')
                said = f"{count:,} {name} from {place / len(positives):.2f}"
                bars.append(bar.format(name, place * step + 1, HIGH / 2 - height if up else HIGH / 2, step - 2, height, said))
    marks = [
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(share * 2 * SIDE, HIGH + 16, anchor, f"{share:g}")
        for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    ]
    axis = Markup('<line class="axis" x1="0" x2="{}" y1="{y}" y2="{y}"/>').format(2 * SIDE, y=HIGH / 2)
    return _svg(Markup("").join(bars) + axis + Markup("").join(marks), title, (2 * SIDE, HIGH + FOOT))


def _framed(body: Markup, title: str, axes: tuple[str, str]) -> Markup:
    frame = Markup('<rect class="frame" x="{}" y="{}" width="{}" height="{}"/>').format(LEFT, 4, SIDE, SIDE)
    marks = [
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(_x(share), SIDE + 18, anchor, f"{share:g}")
        for share, anchor in ((0, "start"), (1, "end"))
    ]
    marks += [
        Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(LEFT - 4, _y(at) + 4, f"{at:g}") for at in (0, 0.5, 1)
    ]
    across = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(_x(0.5), SIDE + 18, axes[0])
    up = Markup('<text x="{}" y="{}">{}</text>').format(LEFT + 6, 20, axes[1])
    return _svg(frame + body + Markup("").join(marks) + across + up, title, (LEFT + SIDE + 6, SIDE + FOOT + 2))


def _svg(body: Markup, title: str, size: tuple[float, float]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>').format(
        *size, title, title, body
    )


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return 4 + (1 - share) * SIDE
