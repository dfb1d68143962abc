"""The shape of a text's lines: bullets, ends, lengths, and the phrases of notices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import nan

from udfs.prose import Line, Prose
from udfs.words import CLOSERS, TERMINAL, classes, codepoints

SHORT_LINE = 30
"""Characters up to which a line is short (FineWeb)."""

ELLIPSES = ("...", "…", ". . .")

POLICY_PHRASES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
"""C4's phrases of legal and consent notices."""

_BULLET = re.compile(r"\s*(?:[•●‣▪▫◦■□▶◀∙·]|[-*+–—](?=\s))")
_NUMBERED = re.compile(r"\s*(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s")
_JAVASCRIPT = re.compile(r"\bjava ?script\b")
_LOREM = "lorem ipsum"


def line_shape(lines: Sequence[Line]) -> dict[str, float]:
    """Give the shares of lines (blank ones apart) by their starts, ends and lengths; NaN without a line."""
    names: tuple[str, ...] = (
        "bullet_line_share",
        "ellipsis_line_share",
        "terminal_line_share",
        "short_line_share",
        "list_line_share",
    )
    names += ("one_word_line_share", "mean_line_words")
    if not lines:
        return dict.fromkeys(names, nan)
    bullets = [bool(_BULLET.match(line.text)) for line in lines]
    ends = [line.text.rstrip() for line in lines]
    terminal = [_is_terminal(end) or (line.has_span and end != line.text) for end, line in zip(ends, lines, strict=True)]
    short = [len(line.text) <= SHORT_LINE and not line.has_span for line in lines]
    items = [b or bool(_NUMBERED.match(line.text)) for b, line in zip(bullets, lines, strict=True)]
    listed = [item or (s and not t) for item, s, t in zip(items, short, terminal, strict=True)]
    n = len(lines)
    return {
        "bullet_line_share": sum(bullets) / n,
        "ellipsis_line_share": sum(end.endswith(ELLIPSES) for end in ends) / n,
        "terminal_line_share": sum(terminal) / n,
        "short_line_share": sum(short) / n,
        "list_line_share": sum(listed) / n,
        "one_word_line_share": sum(line.n_words <= 1 for line in lines) / n,
        "mean_line_words": sum(line.n_words for line in lines) / n,
    }


def _is_terminal(end: str) -> bool:
    bare = end.rstrip(CLOSERS)
    return bool(bare) and bool(classes(codepoints(bare[-1]))[0] & TERMINAL)


def notices(lines: Sequence[Line], text: str) -> dict[str, float]:
    """Count the lines that a page's machinery wrote, and give their shares."""
    folded = [line.text.lower() for line in lines]
    policy = sum(any(phrase in line for phrase in POLICY_PHRASES) for line in folded)
    script = sum(bool(_JAVASCRIPT.search(line)) for line in folded)
    return {
        "javascript_lines": float(script),
        "javascript_line_share": script / len(lines) if lines else nan,
        "policy_lines": float(policy),
        "policy_line_share": policy / len(lines) if lines else nan,
        "lorem_ipsum": float(text.lower().count(_LOREM)),
    }


def marks(prose: Prose) -> dict[str, float]:
    """Count hash marks and ellipses a word."""
    text, n_words = prose.text, len(prose.starts)
    ellipses = sum(text.count(mark) for mark in ELLIPSES)
    return {
        "hash_word_ratio": text.count("#") / n_words if n_words else nan,
        "ellipsis_word_ratio": ellipses / n_words if n_words else nan,
        "symbol_word_ratio": (text.count("#") + ellipses) / n_words if n_words else nan,
    }
