"""The blocks of a page by lexbor's tree: an oracle for the scanner, written from the rules and not from its code.

Slow and simple: one walk over the tree of a parser that follows the HTML standard. Where it is known to differ from the
scanner for good reasons (text that a parser moves out of a table, ``noscript`` in the head) the tests leave room.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


INLINE = _names(
    "a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark meter nobr output picture"
    " progress q rb rp rt rtc ruby s samp small source span strike strong sub sup time track tt u var wbr"
)
BLOCK = _names(
    "address article aside blockquote center details dialog dir div dl dt dd fieldset figcaption figure footer form h1 h2 h3"
    " h4 h5 h6 header hgroup hr legend li listing main marquee menu nav ol p plaintext pre search section summary table"
    " caption tbody thead tfoot tr td th ul xmp applet"
)
SKIPPED = _names(
    "script style template svg iframe noscript object audio video canvas map select datalist textarea head frameset noframes"
    " title noembed option optgroup"
)
HEADINGS = _names("h1 h2 h3 h4 h5 h6")
CODE_CLASSES = _names(
    "highlighttable codehilitetable rouge-table lntable hljs-ln js-file-line-container syntaxhighlighter crayon-syntax"
    " mw-geshi codemirror ace_editor monaco-editor enlighterjsraw"
)
MATH_CLASSES = _names(
    "katex katex-display mathjax mathjax_display mathjax_svg mathjax_svg_display mathjax_chtml mathjax_preview"
    " mjx_assistive_mathml mwe-math-element math-inline math-display"
)
LAYOUT = _names("table pre form input select textarea iframe article section h1 h2 h3")
DATA_CLASS = re.compile(r"wikitable|datatable|infobox|docutils|table-bordered|table-striped", re.IGNORECASE)
HIDING = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
SPACE = re.compile(r"[ \t\n\f\r\v\x00\xa0\u2000-\u200a\u3000]+")
SKIPPED_SOURCE = re.compile(
    r"<!--.*?-->|<(script|style|textarea|title|iframe|xmp)\b[^>]*>.*?</\1\s*>|<noscript\b[^>]*>.*?</noscript\s*>",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Walked:
    """A block: its words (split at white space), the element that holds it, that element and all above it, two facts."""

    words: tuple[str, ...]
    tag: str
    ancestors: frozenset[str]
    has_link: bool
    is_region: bool


@dataclass
class _Open:
    """A block-level element that is being walked."""

    tag: str
    ancestors: frozenset[str]


def walk(page: bytes) -> list[Walked]:
    """Blocks of a UTF-8 page, in document order; those without any non-space character are left out."""
    source = page.decode("utf-8", "replace").replace("\0", "")
    return list(_Walk().run(_without_noscript(source)))


def _without_noscript(source: str) -> str:
    """Leave out ``noscript`` as a browser that runs scripts does; lexbor parses what is in it."""
    return SKIPPED_SOURCE.sub(lambda found: "" if found.group()[:9].lower() == "<noscript" else found.group(), source)


class _Walk:
    def __init__(self) -> None:
        self.text: list[str] = []
        self.links = 0
        self.linked = False
        self.blocks: list[Walked] = []

    def run(self, source: str) -> Iterator[Walked]:
        body = LexborHTMLParser(source).body
        if body is None:
            return iter(())
        # Tasks: a node to enter, or what has to be done when one is left.
        root = _Open("body", frozenset())
        tasks: list[tuple[str, LexborNode | None, _Open]] = [("enter", body, root)]
        while tasks:
            what, node, place = tasks.pop()
            if what == "leave":
                self.flush(place)
            elif what == "unlink":
                self.links -= 1
            elif node is not None:
                self.enter(node, place, tasks)
        self.flush(root)
        return iter(self.blocks)

    def enter(self, node: LexborNode, place: _Open, tasks: list[tuple[str, LexborNode | None, _Open]]) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self.add(node.text_content or "")
            return
        if tag[:1] in "-!#" or tag == "frameset":
            return
        is_math = _is_math(node, tag)
        is_block = tag not in ("body", "html") and _is_block(tag)
        if tag in SKIPPED and not is_math:
            return
        if tag == "button" and not place.ancestors & (HEADINGS | {"summary"}):
            return
        if not is_block and not is_math and tag != "body" and _is_hidden(node):
            return
        if tag in ("rt", "rp"):
            return
        if tag == "br":
            self.text.append(" ")
            return
        if _is_region(node, tag):
            self.flush(place)
            self.text = [_all_text(node)]
            self.linked = False
            self.flush(_Open(tag, place.ancestors | {tag}), is_region=True)
            return
        if is_block:
            self.flush(place)
            tasks.append(("leave", None, inner := _Open(tag, place.ancestors | {tag})))
            place = inner
        if is_math:
            self.add(_all_text(node))
            return
        if tag == "a":
            self.links += 1
            tasks.append(("unlink", None, place))
        # Left behind an inline child: text that follows belongs to the element around it.
        tasks.extend(("enter", child, place) for child in reversed(list(_children(node))))

    def add(self, text: str) -> None:
        self.text.append(text)
        self.linked |= bool(self.links) and bool(SPACE.sub("", text))

    def flush(self, place: _Open, *, is_region: bool = False) -> None:
        words = tuple(SPACE.sub(" ", "".join(self.text)).split(" "))
        words = tuple(word for word in words if word)
        if words:
            self.blocks.append(Walked(words, place.tag, place.ancestors, self.linked, is_region))
        self.text, self.linked = [], False


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.first_child
    while child is not None:
        yield child
        child = child.next


def _below(node: LexborNode) -> Iterator[LexborNode]:
    """Nodes inside, in document order; of scripts and styles only themselves."""
    stack = list(_children(node))[::-1]
    while stack:
        inner = stack.pop()
        yield inner
        if inner.tag not in ("script", "style"):
            stack.extend(list(_children(inner))[::-1])


def _all_text(node: LexborNode) -> str:
    """Text of a region, tags stripped: a block-level tag and ``br`` part words."""
    parts: list[str] = []
    for inner in _below(node):
        tag = inner.tag or ""
        parts.append((inner.text_content or "") if tag == "-text" else " " if tag == "br" or _is_block(tag) else "")
    return "".join(parts)


def _folded(node: LexborNode) -> str:
    return SPACE.sub(" ", _all_text(node)).strip(" ")


def _is_block(tag: str) -> bool:
    return tag in BLOCK or ("-" in tag and tag not in INLINE and tag != "mjx-container")


def _classes(node: LexborNode) -> list[str]:
    return ((node.attributes or {}).get("class") or "").split()


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes or {}
    return (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").lower() == "true"
        or HIDING.search(attributes.get("style") or "") is not None
    )


def _is_math(node: LexborNode, tag: str) -> bool:
    if tag in ("math", "m:math", "mml:math", "mjx-container"):
        return True
    if tag == "script":
        return ((node.attributes or {}).get("type") or "").lower().startswith("math/")
    names = {name.lower() for name in _classes(node)}
    return bool(names & MATH_CLASSES) or ("math" in names and bool(names & {"inline", "display"}))


def _is_region(node: LexborNode, tag: str) -> bool:
    if tag in ("pre", "xmp", "listing", "plaintext"):
        return True
    names = {name.lower() for name in _classes(node)}
    if names & CODE_CLASSES or (tag == "div" and "fragment" in names):
        return True
    if tag in ("code", "tt", "samp") or (tag == "div" and names & {"code", "codeblock"}):
        return any(inner.tag == "br" for inner in _below(node))
    return tag == "table" and _is_data_table(node)


def _is_data_table(table: LexborNode) -> bool:
    inside = list(_below(table))
    if any(inner.tag in LAYOUT for inner in inside):
        return False
    attributes = table.attributes or {}
    rows = [[cell for cell in _below(row) if cell.tag in ("td", "th")] for row in inside if row.tag == "tr"]
    rows = [row for row in rows if row]
    if len(rows) < 2 or max(len(row) for row in rows) < 2 or attributes.get("role") in ("presentation", "none"):
        return False
    texts = [_folded(cell) for row in rows for cell in row]
    if max(map(len, texts)) > 1_000:
        return False
    if any(
        inner.tag in ("th", "caption", "thead") or "scope" in (inner.attributes or {}) for inner in inside if inner.tag != "-text"
    ):
        return True
    if DATA_CLASS.search(attributes.get("class") or ""):
        return True
    linked = sum(len(_folded(inner)) for inner in inside if inner.tag == "a" and "href" in (inner.attributes or {}))
    if linked > 0.6 * sum(map(len, texts)):
        return False
    return len(rows) >= 3 and len({len(row) for row in rows}) == 1 and statistics.median(map(len, texts)) <= 60
