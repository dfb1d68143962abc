"""Structure as spans over a text: which characters are code, mathematics or a table, and how edits move them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

Kind = Literal["code", "math", "table"]
KINDS: tuple[Kind, ...] = ("code", "math", "table")
PartKind = Literal["list", "alt"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text that is not prose.

    Spans sort by place and kind; their languages don't matter for that.

    Parameters
    ----------
    start, end : int
        Half-open range in code points of the text.
    kind : {"code", "math", "table"}
        What the stretch holds. Spans of a text are sorted and do not overlap.
    language : str or None
        Of code: the programming language that the page states (`udfs.code_languages`).
    """

    start: int
    end: int
    kind: Kind
    language: str | None = None

    def __lt__(self, other: Span) -> bool:
        """Whether this span comes before another."""
        return (self.start, self.end, self.kind) < (other.start, other.end, other.kind)

    def at(self, start: int, end: int) -> Span:
        """Return the same at another place."""
        return Span(start, end, self.kind, self.language)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A stretch of a text that is prose of a special form: it may hold spans, and nothing is masked by it.

    Parameters
    ----------
    start, end : int
        Half-open range in code points of the text.
    kind : {"list", "alt"}
        A list, of terms with their definitions too, from its first item to its last; or the alternative text of a picture.
    """

    start: int
    end: int
    kind: PartKind

    def at(self, start: int, end: int) -> Part:
        """Return the same at another place."""
        return Part(start, end, self.kind)


Ranged = TypeVar("Ranged", Span, Part)


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the characters ``start:end`` of a text by ``replacement`` (empty: a cut)."""

    start: int
    end: int
    replacement: str = ""


def apply_edits(text: str, spans: Sequence[Span], edits: Iterable[Edit]) -> tuple[str, tuple[Span, ...]]:
    """Apply edits to a text and move its spans with it.

    Parameters
    ----------
    text : str
        The text before.
    spans : sequence of Span
        Its spans, sorted, without overlap.
    edits : iterable of Edit
        In any order; they must not overlap each other.

    Returns
    -------
    tuple of (str, tuple of Span)
        The text after and its spans; a span whose characters are all gone disappears.

    Raises
    ------
    ValueError
        When two edits overlap or one lies outside the text.
    """
    ordered = sorted(edits)
    pieces: list[str] = []
    at = 0
    for edit in ordered:
        if edit.start < at or edit.end < edit.start or edit.end > len(text):
            raise ValueError(f"edit {edit.start}:{edit.end} overlaps another or lies outside a text of {len(text)} characters")
        pieces += (text[at : edit.start], edit.replacement)
        at = edit.end
    pieces.append(text[at:])
    if not ordered:
        return text, tuple(spans)
    return "".join(pieces), moved(spans, ordered)


def moved(spans: Sequence[Ranged], edits: Iterable[Edit]) -> tuple[Ranged, ...]:
    """Move spans or parts with the edits of their text.

    Parameters
    ----------
    spans : sequence of Span or of Part
        They may overlap.
    edits : iterable of Edit
        As in `apply_edits`, which checks them.

    Returns
    -------
    tuple of Span or of Part
        In the same order, without those whose characters are all gone.
    """
    if not spans:
        return ()
    ordered = sorted(edits)
    points = sorted({point for span in spans for point in (span.start, span.end)})
    where: dict[int, int] = {}
    shift, i = 0, 0
    for point in points:
        while i < len(ordered) and ordered[i].end <= point:
            shift += len(ordered[i].replacement) - (ordered[i].end - ordered[i].start)
            i += 1
        inside = i < len(ordered) and ordered[i].start < point
        where[point] = (ordered[i].start if inside else point) + shift
    after = (s.at(where[s.start], where[s.end]) for s in spans)
    return tuple(s for s in after if s.end > s.start)


def prose(text: str, spans: Sequence[Span]) -> str:
    """Return the text without the characters inside spans; each span leaves one blank, so that words do not join."""
    pieces: list[str] = []
    at = 0
    for span in spans:
        pieces += (text[at : span.start], " ")
        at = span.end
    pieces.append(text[at:])
    return "".join(pieces)


def share(spans: Sequence[Span], kind: Kind, n_chars: int) -> float:
    """Share (0-1) of a text's ``n_chars`` characters inside spans of one kind; 0 for an empty text."""
    return sum(s.end - s.start for s in spans if s.kind == kind) / n_chars if n_chars else 0.0
