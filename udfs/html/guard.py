"""What is turned away before a C parser sees it: over-long pages, nesting bombs, attribute floods."""

from __future__ import annotations

import re

MAX_FORMATTING = 256
"""Formatting elements that may be open at once; a parser opens all of them again in every following block."""
MAX_ATTRIBUTES = 512
"""Attributes of one tag; lexbor compares each with all before it (200 000 of them took it 124 s)."""
RAW_FACTOR = 10
"""Markup inside what looks like a comment or a script may nest this many times deeper than markup outside."""

VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
OPTIONAL_END = frozenset({
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "rt", "rp", "colgroup",
    "body", "html", "head",
})  # fmt: skip
FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
_UNCOUNTED = VOID | OPTIONAL_END | FORMATTING

_RAW_TEXT = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|textarea|title|xmp)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})([^<>]*)")


class PageRejected(ValueError):
    """A page that must not be parsed; ``reason`` is ``too_large``, ``nesting`` or ``attributes``."""

    def __init__(self, reason: str, seen: str) -> None:
        super().__init__(f"{reason}: {seen}")
        self.reason = reason


def check_page(page: str, max_depth: int) -> None:
    """Refuse a page whose tags would make an HTML parser slow or its tree bottomless.

    A linear scan counts elements opened and not closed. Elements whose end tag HTML lets one leave out are not
    counted, since honest pages have thousands of them; open formatting elements have a limit of their own.

    Parameters
    ----------
    page : str
        The decoded page.
    max_depth : int
        Elements that may be open at once.

    Raises
    ------
    PageRejected
        With reason ``nesting`` or ``attributes``.
    """
    if _most_attributes(page) > MAX_ATTRIBUTES:
        raise PageRejected("attributes", f"a tag has more than {MAX_ATTRIBUTES} attributes")
    if page.count("<") <= min(max_depth, MAX_FORMATTING):
        return
    depth, formatting = open_elements(page)
    if depth > max_depth or formatting > MAX_FORMATTING:
        visible, visible_formatting = open_elements(_RAW_TEXT.sub(" ", page))
        if visible > max_depth or depth > RAW_FACTOR * max_depth:
            raise PageRejected(
                "nesting", f"{max(visible, depth)} elements are open at once, at most {max_depth} may be"
            )
        if visible_formatting > MAX_FORMATTING or formatting > RAW_FACTOR * MAX_FORMATTING:
            raise PageRejected("nesting", f"more than {MAX_FORMATTING} formatting elements are open at once")


def open_elements(markup: str) -> tuple[int, int]:
    """Count the most elements, and the most distinct formatting elements, that are open at one time."""
    depth = deepest = 0
    formatting: dict[tuple[str, str], int] = {}
    live = most = 0
    for closing, raw_name, rest in _TAG.findall(markup):
        name = raw_name.lower()
        if name in FORMATTING:
            if closing:
                live = max(0, live - 1)
                if not live:
                    formatting.clear()
            # Parsers keep at most three equal open formatting elements ("Noah's Ark clause" of the HTML standard).
            elif formatting.get((name, rest), 0) < 3:
                formatting[name, rest] = formatting.get((name, rest), 0) + 1
                live += 1
                most = max(most, live)
        elif name not in _UNCOUNTED:
            depth = max(0, depth - 1) if closing else depth + (not rest.endswith("/"))
            deepest = max(deepest, depth)
    return deepest, most


def _most_attributes(page: str) -> int:
    """Bound the number of attributes of the page's fullest tag by its blanks (quoted blanks count too)."""
    most = 0
    at = page.find("<")
    while at >= 0:
        following = page.find("<", at + 1)
        end = following if following >= 0 else len(page)
        if end - at > 2 * MAX_ATTRIBUTES:
            close = page.find(">", at, end)
            most = max(most, _attributes(page[at : close if close >= 0 else end]))
        at = following
    return most


_QUOTED = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*')")


def _attributes(tag: str) -> int:
    if len(tag) <= 2 * MAX_ATTRIBUTES or not re.match(r"</?[a-zA-Z]", tag):
        return 0
    return len(re.split(r"[\s/]+", _QUOTED.sub(" ", tag))) - 1
