"""What a response body is, by its bytes first and its label second."""

from __future__ import annotations

import json
import re
from typing import Literal

PageKind = Literal["html", "text", "json", "binary", "empty"]

HEAD = 4_096
MAX_CONTROL = 0.02
"""Share of control characters in the first ``HEAD`` bytes above which a body is binary."""

_MAGIC = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"%PDF-", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh",
    b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd", b"wOFF", b"wOF2", b"OTTO", b"\x00\x01\x00\x00",
    b"true\x00", b"ttcf", b"II*\x00", b"MM\x00*", b"RIFF", b"OggS", b"ID3", b"fLaC", b"\x7fELF", b"\x00asm", b"\x1aE\xdf\xa3",
    b"\xd0\xcf\x11\xe0", b"SQLite format 3", b"8BPS", b"BM", b"FWS", b"CWS", b"\xca\xfe\xba\xbe",
)  # fmt: skip
_AMBIGUOUS = (b"BM", b"BZh", b"FWS", b"CWS", b"ID3", b"RIFF", b"OTTO", b"ttcf", b"Rar!")
_HTML_START = re.compile(
    rb"(?:<!--.{0,2000}?-->\s*|<\?xml[^>]{0,200}>\s*)*<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|p|"
    rb"table|h1|a|br|b|span|iframe|link|center|article|main|section|font)(?:[\s>/]|$)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(rb"<(?:/?(?:p|div|a|h[1-6]|body|span|li|br|td)\b|!doctype)", re.IGNORECASE)
_MARKUP = re.compile(rb"<[a-zA-Z!/]|&[a-zA-Z]{2,8};|&#\d{2,6};")
_CONTROL = bytes(set(range(32)) - {0, 9, 10, 12, 13, 27})


def is_page(body: bytes, content_type: str | None = None) -> PageKind:
    """Tell what a body is.

    Parameters
    ----------
    body : bytes
        The decoded HTTP body.
    content_type : str, optional
        The header's value. Bytes that speak for themselves (pictures, archives, fonts, JSON) overrule it.

    Returns
    -------
    {"html", "text", "json", "binary", "empty"}
        ``html`` covers XHTML. ``text/plain`` is HTML only where it begins like a page; a body without any markup is text,
        whatever its label says.
    """
    head = body[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not body.strip():
        return "empty"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\x00", b"")[2:].lstrip()
    elif is_binary(body[:HEAD]):
        return "binary"
    kind = (content_type or "").partition(";")[0].strip().lower()
    if head[:1] in (b"{", b"[") and is_json(body, "json" in kind):
        return "json"
    if _HTML_START.match(head):
        return "html"
    if kind in ("text/plain", "text/markdown", "text/x-markdown", "text/csv") or kind.startswith("application/json"):
        return "text"
    if kind.startswith(("image/", "audio/", "video/", "font/")) and kind != "image/svg+xml":
        return "binary"
    if "html" in kind:
        return "html" if _MARKUP.search(body) else "text"
    return "html" if _TAG.search(head) else "text"


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of a body are no text: a known signature, many NULs or other control characters."""
    if head.startswith(_MAGIC) and not (head.startswith(_AMBIGUOUS) and not _control_share(head)):
        return True
    nul = head.count(0)
    utf16 = nul and max(head[::2].count(0), head[1::2].count(0)) > 0.35 * len(head)
    return _control_share(head) > MAX_CONTROL or (nul > 0.1 * len(head) and not utf16)


def is_json(body: bytes, labelled: bool) -> bool:
    """Whether a body that starts with a bracket is JSON: it parses, or is labelled so and begins like it."""
    try:
        json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        start = re.match(rb'\s*[\[{]\s*(?:"|[\[{]|\d|$)', body)
        return start is not None and (labelled or re.match(rb'\s*(?:\[\s*)?\{\s*"[^"\n]{0,80}"\s*:', body) is not None)
    return True


def _control_share(head: bytes) -> float:
    return (len(head) - len(head.translate(None, _CONTROL))) / max(len(head), 1)
