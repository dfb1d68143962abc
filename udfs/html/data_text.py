"""Text that a page holds but does not show as elements: linked data, application states, ``noscript``.

Pages that a script builds carry their text as data. It is read as JSON and never evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from udfs.html.linked_data import (
    MAX_JSON,
    MAX_NODES,
    MAX_SCRIPTS,
    Json,
    linked_objects,
    linked_texts,
    read_json,
)
from udfs.html.page.layout import Head
from udfs.html.settings import TextSource
from udfs.html.tags import Heads, Range, by_kind, unescape

ENOUGH = 200
"""Characters from which a text is a page's text; a page that shows as many is not searched."""
LITTLE = 50
"""Characters below which data are no text."""
CONFIRMED = 0.8
"""Share of a text's runs of five words that are shown, above which it adds nothing."""
MAX_TEXT = 1_000_000
"""Characters that are returned."""

Place = tuple[str, ...]
"""Keys that lead to a value; members of a list share theirs."""


class DataText(NamedTuple):
    """Text found outside the shown elements.

    Parameters
    ----------
    text : str
        Plain text, paragraphs separated by empty lines; or HTML.
    text_source : str
        Where it was: ``linked_data``, ``state``, ``noscript``, ``template``, ``frameset``.
    markup : bool
        Whether ``text`` is HTML, to be read as a page of its own.
    """

    text: str
    text_source: TextSource
    markup: bool


_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|em|strong|ul|ol|li|h[1-6]|pre|code|table|tr|td|blockquote|img|figure|section|article)\b[^<>]*+>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*+>|\Z)|<!--.*?(?:-->|\Z)|</?[a-zA-Z][^<>]*+>",
    re.IGNORECASE | re.DOTALL,
)
_DENSE_SCRIPTS = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_DENSE_SCRIPTS}]|[^\W_]+")
_DENSE = re.compile(rf"[{_DENSE_SCRIPTS}\uac00-\ud7af]")
_ASSIGNED = re.compile(r"=\s{0,20}(?:(JSON\.parse\(\s{0,20})(?=\")|(?=[{\[]))|\A\s{0,200}(?=[{\[])")
_CODE_SIGN = re.compile(r"[{}<>\[\]=;|\\_]")
_ADDRESS = re.compile(r"(?:https?:|data:|//?|#)\S*|[MmLl]\s?-?\d[\d\s.,a-zA-Z-]*")
_FRAMESET = re.compile(rb"<frameset\b", re.IGNORECASE)
_NOFRAMES = re.compile(rb"<noframes\b[^<>]{0,500}>(.*?)(?:</noframes|\Z)", re.IGNORECASE | re.DOTALL)
_TEMPLATE = re.compile(rb"<template\b[^<>]{0,500}>(.*?)(?:</template|\Z)", re.IGNORECASE | re.DOTALL)
_SWITCH_ON = re.compile(r"java\s?script", re.IGNORECASE)


def find(source: bytes, heads: Heads, shown_text: str) -> DataText | None:
    """Find the text of a page that shows next to none.

    In this order, the first that has `ENOUGH` characters: linked data (articles, questions and answers, recipes, instructions,
    products), application states, ``noscript``, ``template`` and ``noframes``; else the longest.
    What a page's head says of it in a sentence is no text of it.

    Parameters
    ----------
    source : bytes
        The page, UTF-8.
    heads : sequence of (kind, start, stop)
        What the scanner found (`udfs.html.page.layout.PageTables.heads`, as lists).
    shown_text : str
        The text of the page's own elements.

    Returns
    -------
    DataText or None
        None for a page that shows enough text, has nothing longer to offer, or whose data only repeat what it shows.
    """
    most = max(len(shown_text.strip()), LITTLE)
    if most >= ENOUGH:
        return None
    best: DataText | None = None
    for found in _candidates(source, by_kind(heads)):
        plain = visible(found.text) if found.markup else found.text
        if len(plain) > most and not confirms(plain, shown_text):
            best, most = found, len(plain)
        if most >= ENOUGH:
            break
    return best


def visible(markup: str) -> str:
    """Text of a piece of HTML, roughly: tags become blanks."""
    return " ".join(unescape(_ANY_TAG.sub(" ", markup)).split())


def confirms(text: str, shown: str) -> bool:
    """Whether a text only repeats what is shown: at least `CONFIRMED` of its runs of five words are there."""
    theirs, ours = _runs(shown), _runs(text)
    return bool(ours) and len(ours & theirs) >= CONFIRMED * len(ours)


def is_prose(text: str) -> bool:
    """Whether a string reads like sentences or their markup: words of usual length, few signs of code, no address or encoding."""
    said = visible(text[:20_000]) if "<" in text else text[:20_000].strip()
    if not said or _ADDRESS.fullmatch(said):
        return False
    blanks = said.count(" ") + said.count("\n")
    if (blanks < 3 or len(said) > 15 * blanks) and len(_DENSE.findall(said)) < 0.3 * len(said):
        return False
    return len(_CODE_SIGN.findall(said)) < 0.03 * len(said)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text[:MAX_TEXT].lower())
    return {tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))} if words else set()


def _candidates(source: bytes, ranges: list[list[Range]]) -> Iterator[DataText]:
    """Yield the texts that may stand for the page's, best first."""
    scripted = any(ranges[kind] for kind in (Head.JSON_LD, Head.DATA, Head.SCRIPT))
    if scripted:
        objects = linked_objects(source, ranges[Head.JSON_LD])
        yield from _joined(linked_texts(objects), "linked_data")
        yield from _joined(_state_texts(source, ranges[Head.DATA]), "state")
    yield from _unshown(source, ranges[Head.NOSCRIPT], "noscript")
    yield from _unshown(source, (match.span(1) for match in _TEMPLATE.finditer(source)), "template")
    if _FRAMESET.search(source) is not None:
        yield from _unshown(source, (match.span(1) for match in _NOFRAMES.finditer(source)), "frameset")


def _unshown(source: bytes, ranges: Iterable[Range], origin: TextSource) -> Iterator[DataText]:
    """Yield the contents of elements that browsers do not show, joined; requests to switch scripts on are left out."""
    kept = []
    for start, stop in list(ranges)[:MAX_SCRIPTS]:
        content = source[start : min(stop, start + MAX_TEXT)].decode("utf-8", "replace")
        said = visible(content)
        if said and not (len(said) < 2 * ENOUGH and _SWITCH_ON.search(said)):
            kept.append(content)
    if kept:
        yield DataText("\n".join(kept)[:MAX_TEXT], origin, markup=True)


def _joined(texts: Iterable[str], origin: TextSource) -> Iterator[DataText]:
    """Yield strings as one text: each once, in order; as HTML if one of them has tags."""
    kept = list(dict.fromkeys(stripped for text in texts if (stripped := _unescaped(text).strip())))
    if not kept:
        return
    if any(_TAG.search(text) for text in kept):
        yield DataText("\n".join(text if _TAG.search(text) else _marked(text) for text in kept)[:MAX_TEXT], origin, markup=True)
    else:
        yield DataText("\n\n".join(kept)[:MAX_TEXT], origin, markup=False)


def _unescaped(text: str) -> str:
    """Decode the references of a string without tags: it was escaped once more than it needed."""
    return text if "&" not in text or _TAG.search(text) else unescape(text)


def _marked(text: str) -> str:
    lines = text.splitlines()
    return "".join(f"<p>{escape(line)}</p>" for line in lines if line.strip())


def _state_texts(source: bytes, ranges: Iterable[Range]) -> list[str]:
    """Return the prose of application states, in order: long strings, and shorter ones that stand in the same places."""
    found: list[tuple[Place, str]] = []
    for start, stop in list(ranges)[:MAX_SCRIPTS]:
        found += _prose_of(_state(source[start : min(stop, start + MAX_JSON)]))
    places = {place for place, text in found if len(text) >= ENOUGH}
    return [text for place, text in found if place in places]


def _state(script: bytes) -> Json:
    """Parse the JSON that a script is, or that it assigns first, as it is or in ``JSON.parse``; None where there is none."""
    text = script.decode("utf-8", "replace")
    match = _ASSIGNED.search(text[:20_000])
    if match is None:
        return None
    value = read_json(text[match.end() :].encode())
    return read_json(value.encode("utf-8", "replace")) if match[1] and isinstance(value, str) else value


def _prose_of(value: Json) -> list[tuple[Place, str]]:
    """Walk a JSON value in document order; return its strings of prose with their places."""
    found: list[tuple[Place, str]] = []
    waiting: list[tuple[Place, Json]] = [((), value)]
    for _ in range(MAX_NODES):
        if not waiting:
            break
        place, item = waiting.pop()
        if isinstance(item, dict):
            waiting += [((*place[-12:], key), inner) for key, inner in reversed(item.items())]
        elif isinstance(item, list):
            waiting += [(place, inner) for inner in reversed(item)]
        elif isinstance(item, str) and len(item) > 20 and is_prose(item):
            found.append((place, item))
    return found
