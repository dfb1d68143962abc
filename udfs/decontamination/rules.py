"""What becomes of a document that holds benchmark items: which hits count, what is done, and what is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from udfs.decontamination.index import Hit, Part
from udfs.decontamination.table import joined

Action = Literal["drop", "cut", "annotate"]
Ranges = Sequence[tuple[int, int]]

_CLOSING = re.compile(r"[^\w\s(\[{<«“‘¿¡]*")
_OPENING = re.compile(r"[(\[{<«“‘\"'¿¡]*\Z")
_REST_OF_LINE = re.compile(r"[^\w\n]*(?:\n|\Z)")
_START_OF_LINE = re.compile(r"[^\w\n]*\Z")
_NEAR = 64
"""How far a cut looks for marks around it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts as a copy of an item of one benchmark, and what is done about it.

    Parameters
    ----------
    coverage, answer_coverage : float
        Least share (0-1) of the question, and of the answer, in shared n-grams: of all its tokens and of its own alone.
    parts : tuple of str
        What decides: ``question``, ``answer`` or both.
    min_covered : int
        Least number of shared tokens. Short questions are also ordinary sentences: more tokens spare pages that have one
        by chance, and leave the items shorter than that to whoever copies them.
    action : str
        ``drop`` the document, ``cut`` the copy out of it, or ``annotate`` it.
    """

    coverage: float = 0.5
    answer_coverage: float = 0.8
    parts: tuple[Part, ...] = ("question", "answer")
    min_covered: int = 5
    action: Action = "drop"

    def counts(self, hit: Hit) -> bool:
        """Whether a hit is a copy."""
        least = self.coverage if hit.part == "question" else self.answer_coverage
        return hit.part in self.parts and min(hit.coverage, hit.own) >= least and hit.covered >= self.min_covered


def copies(hits: Iterable[Hit], rule_of: Callable[[str], Rule]) -> list[Hit]:
    """Return the hits that count as copies, the best covered first; ties go by suite, item and part."""
    found = [hit for hit in hits if rule_of(hit.suite).counts(hit)]
    return sorted(found, key=lambda hit: (-min(hit.coverage, hit.own), hit))


def strongest(found: Sequence[tuple[Hit, str]]) -> tuple[Action, Hit] | None:
    """Return the strongest action among copies and the first copy that asks for it, or None where none asks for anything.

    Parameters
    ----------
    found : sequence of (Hit, str)
        Hits with the action of their benchmark; anything that is no `Action` asks for nothing.
    """
    order: tuple[Action, ...] = ("drop", "cut", "annotate")
    return next(((action, hit) for action in order for hit, asked in found if asked == action), None)


def cut_ranges(text: str, ranges: Ranges) -> list[tuple[int, int]]:
    """Return what is cut for copies in given places: with the marks around them, and whole lines where nothing else is on them.

    Parameters
    ----------
    text : str
        Any string.
    ranges : sequence of (int, int)
        Where copies lie, in code points.
    """
    widened = []
    for start, end in joined(ranges):
        end += _length(_CLOSING.match(text[end : end + _NEAR]))
        start -= _length(_OPENING.search(text[max(0, start - _NEAR) : start]))
        head = start - _length(_START_OF_LINE.search(text[max(0, start - _NEAR) : start]))
        tail = _REST_OF_LINE.match(text[end : end + _NEAR])
        if tail and (head == 0 or text[head - 1] == "\n"):
            start, end = head, end + _length(tail)
            end += text[max(0, start - 2) : start] in ("", "\n\n") and text[end : end + 1] == "\n"
        elif start and text[start - 1] == " " == text[end : end + 1]:
            end += 1
        widened.append((start, end))
    return joined(widened)


def cut(text: str, ranges: Ranges) -> str:
    """Return a text without some ranges of code points, ascending and apart."""
    pieces, at = [], 0
    for start, end in ranges:
        pieces.append(text[at:start])
        at = end
    return "".join([*pieces, text[at:]])


def _length(match: re.Match[str] | None) -> int:
    return len(match[0]) if match else 0
