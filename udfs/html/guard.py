"""What is turned away before a C parser sees it: over-long pages, nesting bombs, attribute floods."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_FORMATTING = 256
"""Formatting elements that may be open at once; a parser opens all of them again in every following block."""
MAX_ATTRIBUTES = 512
"""Attributes of one tag; lexbor compares each with all before it (200 000 of them took it 124 s)."""
MAX_ELEMENTS = 200_000
"""Start tags of one page."""
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
_UNCOUNTED = VOID | OPTIONAL_END

_ATTRIBUTES = r"""(?>[^>"'=]+|=\s*+(?>"[^"]*"|'[^']*')|[="'])*+"""
_TOKEN = re.compile(
    r"<!--.*?(?:-->|--!>|\Z)|<(script|style|textarea|title|xmp|iframe|noembed|noframes)\b"
    + _ATTRIBUTES
    + r".*?(?:</\1|\Z)|<(/?)([a-zA-Z][^\s/>]{0,40})("
    + _ATTRIBUTES
    + ")",
    re.DOTALL | re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})([^<>]*)")
_QUOTED = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*')")


class PageRejected(ValueError):
    """A page that must not be parsed; ``reason`` is ``too_large``, ``elements``, ``nesting`` or ``attributes``."""

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
        With reason ``elements``, ``nesting`` or ``attributes``.
    """
    if page.count("<") <= min(max_depth, MAX_FORMATTING) and len(page) < MAX_ATTRIBUTES:
        return
    tags = [(closing, name, rest) for _, closing, name, rest in _TOKEN.findall(page) if name]
    if len(tags) > MAX_ELEMENTS and sum(not closing for closing, _, _ in tags) > MAX_ELEMENTS:
        raise PageRejected("elements", f"more than {MAX_ELEMENTS} start tags")
    if any(len(rest) > 2 * MAX_ATTRIBUTES and _count_attributes(rest) > MAX_ATTRIBUTES for _, _, rest in tags):
        raise PageRejected("attributes", f"a tag has more than {MAX_ATTRIBUTES} attributes")
    depth, formatting = open_elements(tags)
    if depth > max_depth or formatting > MAX_FORMATTING:
        raise PageRejected("nesting", f"{max(depth, formatting)} elements are open at once, at most {max_depth} may be")
    # Comments and scripts are skipped above as a parser skips them; a page built to mislead that is bounded here.
    if page.count("<") > RAW_FACTOR * max_depth:
        depth, _ = open_elements(_TAG.findall(page))
        if depth > RAW_FACTOR * max_depth:
            raise PageRejected("nesting", f"{depth} elements are open at once, at most {max_depth} may be")


def open_elements(tags: Iterable[tuple[str, str, str]]) -> tuple[int, int]:
    """Count the most elements, and the most distinct formatting elements, that are open at one time.

    Parameters
    ----------
    tags : iterable of (str, str, str)
        Slash of an end tag or nothing, name, and the rest of the tag.
    """
    depth = deepest = 0
    live = most = 0
    formatting: dict[tuple[str, str], int] = {}
    for closing, raw_name, rest in tags:
        name = raw_name.lower()
        if name in _UNCOUNTED:
            continue
        if closing:
            depth = max(0, depth - 1)
        elif not rest.endswith("/"):
            depth += 1
            deepest = max(deepest, depth)
        if name not in FORMATTING:
            continue
        if closing:
            live = max(0, live - 1)
            if not live:
                formatting.clear()
        # Parsers keep at most three equal open formatting elements ("Noah's Ark clause" of the HTML standard).
        elif formatting.get((name, rest), 0) < 3:
            formatting[name, rest] = formatting.get((name, rest), 0) + 1
            live += 1
            most = max(most, live)
    return deepest, most


def _count_attributes(rest: str) -> int:
    bare, quoted = _QUOTED.subn(" ", rest)
    return max(quoted, len(re.split(r"[\s/]+", bare)) - 1)
