"""Start tags from their bytes: attributes, character references, and the ``meta`` elements of a page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from html.entities import html5
from itertools import islice

from udfs.html.page.layout import Head

MAX_TAG = 100_000
"""Bytes of a start tag that are read."""
MAX_METAS = 1_000
"""``meta`` elements of a page that are read."""

Heads = Sequence[Sequence[int]]
"""Rows of `udfs.html.page.layout.PageTables.heads` as lists: kind, start, stop."""
Range = tuple[int, int]
"""Bytes of the page: first, and after the last."""

_ATTRIBUTE = re.compile(
    r"([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    r"""(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"([^"]*+)|'([^']*+)|([^\t\n\f\r >"'][^\t\n\f\r >]*+))?+["']?+)?+"""
)
# A name without its semicolon is no reference where "=" or a letter follows: addresses are full of "&copy=".
_REFERENCE = re.compile(r"&(?:#[0-9]{1,40}+;?|#[xX][0-9a-fA-F]{1,40}+;?|([A-Za-z][A-Za-z0-9]{1,31}+(?:;|(?![=A-Za-z0-9]))))")
_META = ("<meta", "", "", "")
_META_KEYS = frozenset({"name", "property", "http-equiv", "itemprop", "content"})
_LONG_NUMBER = re.compile(r"(&#[0-9]{40})[0-9]++")


def attributes(tag: bytes) -> dict[str, str]:
    """Read the attributes of a start tag.

    Parameters
    ----------
    tag : bytes
        UTF-8 bytes from ``<`` on; the closing bracket may lack. At most `MAX_TAG` are read.

    Returns
    -------
    dict of str to str
        Names in lower case, values with their character references decoded; the first of equal names counts, an attribute
        without a value is empty. Never raises.

    References
    ----------
    HTML Standard, 13.2.5.32 to 13.2.5.39 (tokenization of attributes) and 13.2.5.73 (references in attributes).

    Examples
    --------
    >>> attributes(b"<A HREF='/x?a=1&amp;b=2' rel=nofollow hidden>")
    {'href': '/x?a=1&b=2', 'rel': 'nofollow', 'hidden': ''}
    """
    text = tag[:MAX_TAG].decode("utf-8", "replace")
    # The pattern takes "<name" for a first attribute, since it stops at blanks and slashes only.
    matches = _ATTRIBUTE.findall(text)[1 if text[:1] == "<" else 0 :]
    found = {key.lower(): double or single or bare for key, double, single, bare in matches}
    if len(found) < len(matches):
        found = {key.lower(): double or single or bare for key, double, single, bare in reversed(matches)}
    if "&" in text:
        return {key: _decoded(value) for key, value in found.items()}
    return found


def unescape(text: str) -> str:
    """Decode the character references of running text; numbers of any length are read without an error."""
    if "&" not in text:
        return text
    return html.unescape(_LONG_NUMBER.sub(r"\1", text))


def by_kind(heads: Heads) -> list[list[Range]]:
    """Sort the heads of a page by kind: one list of ranges for each `udfs.html.page.layout.Head`, in document order."""
    ranges: list[list[Range]] = [[] for _ in Head]
    for kind, start, stop in heads:
        ranges[kind].append((start, stop))
    return ranges


def metas(source: bytes, ranges: Iterable[Range]) -> list[tuple[str, str]]:
    """Return name and content of ``meta`` elements that have a content, in order.

    Parameters
    ----------
    source : bytes
        The page, UTF-8.
    ranges : iterable of (start, stop)
        Its ``meta`` tags; the first `MAX_METAS` are read.

    Returns
    -------
    list of (str, str)
        Name: ``name``, else ``property``, ``http-equiv`` or ``itemprop``, else empty; as written.
    """
    # One decoding and one search for all of them: a page has some thirty, and each call costs as much as its tag.
    tags = b"".join([source[start : min(stop, start + MAX_TAG)] for start, stop in islice(ranges, MAX_METAS)])
    text = tags.decode("utf-8", "replace")
    tag: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    matches = _ATTRIBUTE.findall(text)
    matches.append(_META)
    for key, double, single, bare in matches:
        if key == "<meta" or (key[0] == "<" and key[:5].lower() == "<meta"):
            if "content" in tag:
                name = tag.get("name") or tag.get("property") or tag.get("http-equiv") or tag.get("itemprop") or ""
                found.append((name, tag["content"]))
            tag = {}
        elif (key in _META_KEYS or (key := key.lower()) in _META_KEYS) and key not in tag:
            tag[key] = double or single or bare
    return [(_decoded(name), _decoded(content)) for name, content in found] if "&" in text else found


def _decoded(value: str) -> str:
    return _REFERENCE.sub(_character, value) if "&" in value else value


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return html5.get(match[1], match[0])
    # References to control characters are errors that the standard still reads; Python drops them.
    return html.unescape(match[0]) or _numbered(match[0].strip("&#;"))


def _numbered(digits: str) -> str:
    return chr(int(digits[1:], 16) if digits[0] in "xX" else int(digits))
