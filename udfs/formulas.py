"""Mathematics that is written out in a text with its delimiters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from udfs.spans import Span

MAX_MATH = 1_000
"""Characters of a formula; environments may have ten times as many."""
HIDDEN = "\ufffc"

_MATH = re.compile(r"\\[()\[\]]|\$\$|\$|\\(?:begin|end)\{([a-zA-Z]{1,20}\*?)\}|\n\n|\\.")
_CLOSERS = {r"\)": r"\(", r"\]": r"\[", "$$": "$$", "$": "$"}
_OPENERS = (r"\(", r"\[", "$$")
_ENVIRONMENTS = frozenset({
    "align", "aligned", "alignat", "array", "bmatrix", "cases", "displaymath", "eqnarray", "equation", "gather", "math",
    "matrix", "multline", "pmatrix", "split",
})  # fmt: skip


def written_math(text: str, spans: Sequence[Span] = ()) -> tuple[Span, ...]:
    r"""Find formulas that stand in a text with their delimiters.

    ``\(…\)``, ``\[…\]``, ``$$…$$``, environments such as ``align``, and ``$…$`` where it reads as a formula: no blank
    after the first or before the second sign, no digit behind it, one paragraph, something in it that prose has not.

    Parameters
    ----------
    text : str
        The text.
    spans : sequence of Span
        Stretches that are something else already.

    Returns
    -------
    tuple of Span
        Spans of kind ``math``, delimiters included, disjoint from the given ones.
    """
    if "\\" not in text and text.count("$") < 2:
        return ()
    masked = hide(text, ranges_of(spans))
    found: list[Span] = []
    start, opened = -1, ""
    for token in _MATH.finditer(masked):
        sign, name = token[0], (token[1] or "").rstrip("*")
        if opened and token.start() - start > MAX_MATH * (10 if opened.startswith("env ") else 1):
            opened = ""
        if name:
            if sign.startswith(r"\end") and opened == "env " + name:
                found.append(Span(start, token.end(), "math"))
                opened = ""
            elif sign.startswith(r"\begin") and not opened and name in _ENVIRONMENTS:
                start, opened = token.start(), "env " + name
        elif opened.startswith("env "):
            continue
        elif sign == "\n\n":
            opened = ""
        elif opened and _CLOSERS.get(sign) == opened and _closes(masked, start + len(opened), token):
            found.append(Span(start, token.end(), "math"))
            opened = ""
        elif sign in _OPENERS or (
            sign == "$" and opened not in _OPENERS and not masked.startswith((" ", "\n", "\t"), token.end())
        ):
            start, opened = token.start(), sign
    return tuple(outside(found, spans))


def _closes(masked: str, start: int, token: re.Match[str]) -> bool:
    inside = masked[start : token.start()]
    if HIDDEN in inside or not inside.strip():
        return False
    return token[0] != "$" or (not masked[token.end() : token.end() + 1].isdigit() and _reads_as_formula(inside))


def _reads_as_formula(inside: str) -> bool:
    """Whether what stands between two dollar signs is more likely a formula than prose between two prices."""
    if inside[-1:].isspace() or inside.count("(") != inside.count(")"):
        return False
    if re.search(r"\\[a-zA-Z]|[\^_]\S", inside):
        return True
    prose = re.search(r"[A-Za-z]{4}|[.;:!?] |[A-Za-z]{2,} [A-Za-z]{2,}", inside)
    return prose is None and re.search("[A-Za-z]", inside) is not None


def hide(text: str, ranges: Iterable[tuple[int, int]]) -> str:
    """Return a text with ranges of it replaced by ``HIDDEN``, character for character; ranges are sorted."""
    pieces: list[str] = []
    at = 0
    for start, end in ranges:
        if start >= at:
            pieces += (text[at:start], HIDDEN * (end - start))
            at = end
    return "".join([*pieces, text[at:]])


def ranges_of(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Start and end of each span, sorted."""
    return sorted((span.start, span.end) for span in spans)


def outside(found: Sequence[Span], spans: Sequence[Span]) -> list[Span]:
    """Spans found that overlap neither each other nor the given ones."""
    taken = sorted(spans)
    kept: list[Span] = []
    at = 0
    for span in sorted(found):
        while at < len(taken) and taken[at].end <= span.start:
            at += 1
        free = at == len(taken) or taken[at].start >= span.end
        if free and (not kept or kept[-1].end <= span.start):
            kept.append(span)
    return kept
