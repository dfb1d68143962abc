"""Bytes of a page to text: byte order mark, strict UTF-8, the labels, and detection where these are wrong."""

from __future__ import annotations

import re

import chardetng_py
from resiliparse.parse.encoding import map_encoding_to_html5

PRESCAN = 4_096
"""Bytes searched for a ``meta`` label; the HTML standard looks at 1 024, real pages have it later."""
DETECT = 200_000
"""Bytes without tags that the detector sees."""
SURE = 20
"""Non-ASCII bytes above which the detector is believed against a label."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CODECS = {"shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs", "gbk": "gb18030", "iso8859-11": "cp874"}
# The standard's windows-1252 maps the five bytes that Python's refuses to control characters.
_CP1252 = {b: bytes([b]).decode("cp1252") for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta\s[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})|<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w:.-]{2,40})", re.IGNORECASE)  # fmt: skip  # noqa: E501
_VIETNAMESE = re.compile(rb"<html[^>]{0,300}\slang=[\"']?vi\b", re.IGNORECASE)
_TAGS = re.compile(rb"<(script|style)\b.*?(?:</\1|\Z)|<[^<>]{0,4000}>", re.DOTALL | re.IGNORECASE)
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")


def decode(body: bytes, label: str | None = None) -> tuple[str, str]:
    """Decode the body of a page.

    Order: byte order mark; ISO-2022-JP by its escapes; UTF-8 where the bytes are valid UTF-8, whatever was declared;
    the labels of the HTTP header and of the page, as far as detection does not contradict them; windows-1252.

    Parameters
    ----------
    body : bytes
        The body, any bytes.
    label : str, optional
        Name of the character set in the HTTP header. Looked up in the WHATWG table only.

    Returns
    -------
    tuple of (str, str)
        The text and the codec it was read with; bytes that mean nothing there become U+FFFD. Never raises.

    References
    ----------
    WHATWG Encoding Standard, "Names and labels"; HTML Standard, "Determining the character encoding".
    """
    for mark, marked in _BOMS:
        if body.startswith(mark):
            return _read(body[len(mark) :], marked), marked
    if any(escape in body for escape in _ESCAPES) and not _high(body):
        return _read(body, "iso2022_jp"), "iso2022_jp"
    if wide := _utf16(body):
        return _read(body, wide), wide
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        legacy = _legacy(body, label)
    return _read(body, legacy), legacy


def codec_of(label: str | None) -> str | None:
    """Python codec for a WHATWG label; None for an unknown one (``utf-7``, ``idna`` and the like are unknown)."""
    if not label or len(label) > 40:
        return None
    name = map_encoding_to_html5(label.strip().strip("\"'").lower(), fallback_utf8=False)
    return _CODECS.get(name, name) if name else None


def meta_label(body: bytes) -> str | None:
    """Label in the page itself: ``meta charset``, ``http-equiv`` or the XML declaration, comments left out."""
    match = _META.search(_COMMENT.sub(b"", body[:PRESCAN]))
    return (match[1] or match[2]).decode("ascii") if match else None


def _legacy(body: bytes, label: str | None) -> str:
    """Name the codec of bytes that are not valid UTF-8."""
    if _nearly_utf8(body):
        return "utf-8"
    named = [codec for codec in (codec_of(label), codec_of(meta_label(body))) if codec and not codec.startswith("utf")]
    fitting = [codec for codec in named if _fits(body, codec)]
    prose = _TAGS.sub(b" ", body)[:DETECT]
    found = codec_of(chardetng_py.detect(prose)) or "cp1252"
    # Detection knows windows-1258 only by its tone marks and takes most pages in it for Western ones.
    if found in ("cp1252", "cp1254") and ("cp1258" in named or _VIETNAMESE.search(body[:PRESCAN])):
        return "cp1258"
    if found in fitting or not fitting:
        return found
    return found if len(_high(prose)) >= SURE and _fits(body, found) else fitting[-1]


def _nearly_utf8(body: bytes) -> bool:
    """Whether fewer than one in a thousand non-ASCII characters is damaged; a cut last character does not count."""
    text = body.decode("utf-8", "replace")
    broken = text[:-1].count("\ufffd")
    wide = sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text))
    return wide > 0 and broken * 1_000 < max(wide, 1) and wide > 1


def _fits(body: bytes, codec: str) -> bool:
    if codec == "cp1252":
        return True
    try:
        body.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _high(body: bytes) -> bytes:
    return body.translate(None, bytes(range(128)))


def _utf16(body: bytes) -> str | None:
    """UTF-16 without a byte order mark: Latin text has NUL in every other place."""
    head = body[:512]
    if len(head) < 16 or b"\x00" not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.1 * half else None


def _read(body: bytes, name: str) -> str:
    if name == "cp1252":
        return body.decode("latin-1").translate(_CP1252)
    return body.decode(name, "replace")
