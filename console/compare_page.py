"""Samples of a comparison of engines as one HTML page that needs nothing else: no network and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from console.compare import Comparison, Sample

LINES = 400
"""Lines of a text that are shown."""
CHARACTERS = 24_000
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, and whether no other engine has it."""

    text: str
    only: bool


@dataclass(frozen=True, slots=True)
class Column:
    """What one engine made of a page: its words, the first lines, and whether there are more."""

    engine: str
    words: int
    lines: tuple[Line, ...]
    cut: bool


def render(found: Comparison, sources: Sequence[str]) -> str:
    """Write the page.

    Parameters
    ----------
    found : Comparison
        What to show.
    sources : sequence of str
        Names of the files that were read.

    Returns
    -------
    str
        A whole HTML document; texts of the crawl are escaped in it.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from jobs.reporting import number, visible

    loader = PackageLoader("console", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"visible": visible, "number": number}
    template = environment.get_template("compare.html.j2")
    shown = [(sample, columns(sample)) for sample in found.samples]
    html: str = template.render(found=found, speeds=ratios(found), samples=shown, sources=sources)
    return html + "\n"


def ratios(found: Comparison) -> Mapping[str, float]:
    """Return how many times as fast as the slowest each engine is."""
    slowest = min((one.speed for one in found.engines if one.speed), default=0.0)
    return {one.engine: one.speed / slowest if slowest else 0.0 for one in found.engines}


def columns(sample: Sample) -> list[Column]:
    """Return a sample's texts side by side, the lines that one engine alone has marked."""
    having: dict[str, int] = {}
    for _, text in sample.texts:
        for line in {folded(line) for line in text.splitlines()}:
            having[line] = having.get(line, 0) + 1
    return [_column(engine, text, having) for engine, text in sample.texts]


def folded(line: str) -> str:
    """Return a line without what engines differ in by habit: white space, bullets, pipes and case."""
    return "".join(line.casefold().split()).strip("•*-|#")


def _column(engine: str, text: str, having: Mapping[str, int]) -> Column:
    lines = text[:CHARACTERS].splitlines()
    shown = tuple(Line(line, bool(folded(line)) and having.get(folded(line), 1) == 1) for line in lines[:LINES])
    return Column(engine, len(text.split()), shown, len(text) > CHARACTERS or len(lines) > LINES)


def figures(found: Comparison) -> list[dict[str, Any]]:
    """Return a row an engine, as a terminal shows it."""
    faster = ratios(found)
    return [
        {
            "engine": one.engine,
            "pages with text": one.with_text,
            "share": f"{one.with_text / one.pages:.1%}",
            "words": one.words,
            "rejected": one.rejected,
            "failed": one.failed,
            "pages a CPU second": f"{one.speed:.0f}",
            "speed": f"{faster[one.engine]:.1f}x",
        }
        for one in found.engines
    ]
