"""Bytes of a page to text: byte order mark, strict UTF-8, the labels, and detection where these are wrong."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

import chardetng_py
from resiliparse.parse.encoding import map_encoding_to_html5

from udfs.html.utf8 import is_utf8

PRESCAN = 4_096
"""Bytes searched for a ``meta`` label; the HTML standard looks at 1 024, real pages have it later."""
DETECT = 200_000
"""Bytes without tags that the detector sees."""
SURE = 20
"""Non-ASCII bytes above which the detector is believed against a label."""
DAMAGE = 0.1
"""Broken sequences for each valid one below which bytes are damaged UTF-8: texts in other encodings have nine and more."""
UNFIT = 0.01
"""Broken sequences for each non-ASCII character up to which a label still fits; one more is a cut end."""
RUN = 2
"""Mean length of runs of non-ASCII bytes from which a text is not in a Latin script."""
TWICE = 4
"""Sequences encoded twice below which none is repaired."""
REPAIRED = "utf-8, twice"
"""What stands for the codec of a page whose UTF-8 had been encoded twice and was read twice."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CODECS = {"shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs", "gbk": "gb18030", "iso8859-11": "cp874"}
# The standard's windows-1252 maps the five bytes that Python's refuses to control characters.
_CP1252 = {b: bytes([b]).decode("cp1252") for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_LATIN = frozenset((
    "cp1250", "cp1254", "cp1257", "cp1258", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-10", "iso8859-13", "iso8859-14",
    "iso8859-15", "iso8859-16", "mac-roman",
))  # fmt: skip
_BYTES = {ord(char): byte for byte, char in _CP1252.items()}
_TRAIL = f"[\x80-\xbf{''.join(_CP1252.values())}]"
_TWICE = re.compile(f"[\xc2-\xdf]{_TRAIL}|[\xe0-\xef]{_TRAIL}{{2}}|[\xf0-\xf4]{_TRAIL}{{3}}")
_LEAD = re.compile("[\xc2-\xf4]")
_LEAD_BYTES = re.compile(rb"\xc3[\x82-\xb4]([\xc2\xc5\xc6\xcb\xe2]?)")
_WIDE = re.compile(r"[^\x00-\x7f]+")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta\s[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})|<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w:.-]{2,40})", re.IGNORECASE)  # fmt: skip  # noqa: E501
_VIETNAMESE = re.compile(rb"<html[^>]{0,300}\slang=[\"']?vi\b", re.IGNORECASE)
_TAGS = re.compile(rb"<(script|style)\b.*?(?:</\1|\Z)|<[^<>]{0,4000}>", re.DOTALL | re.IGNORECASE)
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")


def decode(body: bytes, label: str | None = None) -> tuple[str, str]:
    """Decode the body of a page; as `as_utf8`, but the text."""
    source, codec = as_utf8(body, label)
    return source.decode(), codec


def as_utf8(body: bytes, label: str | None = None) -> tuple[bytes, str]:
    """Return the body of a page in UTF-8.

    Order: byte order mark; ISO-2022-JP by its escapes; UTF-8 where the bytes are valid UTF-8, whatever was declared;
    the labels of the HTTP header and of the page, as far as detection does not contradict them; windows-1252. UTF-8 that was
    encoded twice is read twice where there is no doubt.

    Parameters
    ----------
    body : bytes
        The body, any bytes.
    label : str, optional
        Name of the character set in the HTTP header. Looked up in the WHATWG table only.

    Returns
    -------
    tuple of (bytes, str)
        The page in valid UTF-8, which is the body itself for most, and the codec it was read with, or `REPAIRED`; bytes that
        mean nothing there become U+FFFD. Never raises.

    References
    ----------
    WHATWG Encoding Standard, "Names and labels"; HTML Standard, "Determining the character encoding".
    """
    for mark, marked in _BOMS:
        if body.startswith(mark):
            return _read(body[len(mark) :], marked).encode(), marked
    if b"\x1b" in body and any(escape in body for escape in _ESCAPES) and not _high(body):
        return _read(body, "iso2022_jp").encode(), "iso2022_jp"
    if wide := _utf16(body):
        return _read(body, wide).encode(), wide
    if is_utf8(body):
        return _mended(body) if _may_be_twice(body) else (body, "utf-8")
    legacy = _legacy(body, label)
    return _read(body, legacy).encode(), legacy


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
    found = _detect(prose)
    # Detection knows windows-1258 only by its tone marks and takes most pages in it for Western ones.
    if found in ("cp1252", "cp1254") and ("cp1258" in named or _VIETNAMESE.search(body[:PRESCAN])):
        return "cp1258"
    if found in fitting or not fitting:
        return found
    # Windows-1252 is also what the detector answers where it knows nothing: one bad byte, or Hungarian, is enough for that.
    if found == "cp1252":
        return fitting[-1] if fitting[-1] in _LATIN or _mean_run(prose) >= RUN else found
    return fitting[-1] if len(_high(prose)) < SURE else found


def _detect(prose: bytes) -> str:
    detector = chardetng_py.EncodingDetector()
    # Not the last bytes, though they are: half a character at the end would rule its encoding out.
    detector.feed(prose, last=False)
    answer = detector.guess(tld=None, allow_utf8=False)
    # The answers are Python's names, of which the standard lacks cp874.
    return codec_of(answer) or answer.lower()


def _mean_run(prose: bytes) -> float:
    runs = _HIGH_RUN.findall(prose)
    return len(_high(prose)) / max(len(runs), 1)


def _nearly_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8 with little damage; a cut last character is none, nor is a U+FFFD that was written."""
    text = body.decode("utf-8", "replace")
    broken = text[:-1].count("\ufffd") - body.count(b"\xef\xbf\xbd")
    wide = sum(len(run) for run in re.findall(r"[^\x00-\x7f\ufffd]+", text))
    return wide > 1 and broken < DAMAGE * wide


def _fits(body: bytes, codec: str) -> bool:
    if codec == "cp1252":
        return True
    try:
        text = body.decode(codec, "replace")
    except LookupError:
        return False
    wide = sum(len(run) for run in _WIDE.findall(text))
    return text.count("\ufffd") <= 1 + UNFIT * wide


def _may_be_twice(body: bytes) -> bool:
    """Whether UTF-8 may have been encoded twice: of its first hundred letters that show it, next to none say no."""
    if b"\xc3" not in body:
        return False
    seen = plain = 0
    for match in islice(_LEAD_BYTES.finditer(body), 100):
        seen += 1
        plain += not match[1]
        # So many are too many for a hundred, so most texts are done after their third letter with an accent.
        if plain > 2:
            return False
    return seen >= TWICE and 50 * plain <= seen


def _mended(body: bytes) -> tuple[bytes, str]:
    """Return valid UTF-8 and what stands for its codec, read twice where that is certain enough."""
    again = _read_again(body.decode()).encode()
    return again, "utf-8" if again == body else REPAIRED


def _read_again(text: str) -> str:
    """Read UTF-8 once more where it was taken for windows-1252 and encoded again (``Ã©`` for ``é``).

    Certain enough is a text with at least `TWICE` such sequences in which next to no letter could begin one and does not, and
    which has next to none of the repaired characters in their plain form: French has ``é`` everywhere, and a page about the
    damage shows both.
    """
    wide = " ".join(_WIDE.findall(text))
    found = _TWICE.findall(wide)
    meant = {sequence: _once(sequence) for sequence in set(found)}
    repaired = [sequence for sequence in found if meant[sequence] != sequence]
    rest = _TWICE.sub("", wide)
    leads = len(found) - len(repaired) + len(_LEAD.findall(rest))
    doubled = {meant[sequence] for sequence in repaired} - {"\xa0"}
    plain = sum(char in doubled for char in rest)
    if len(repaired) < TWICE or 50 * leads > len(repaired) or 10 * plain > len(repaired):
        return text
    return _WIDE.sub(lambda run: _TWICE.sub(lambda match: meant[match[0]], run[0]), text)


def _once(sequence: str) -> str:
    """Return the character that a sequence was before it was encoded again; itself where it was none."""
    try:
        char = sequence.translate(_BYTES).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return sequence
    # An "à" before a no-break space would become a Samaritan letter.
    return sequence if unicodedata.category(char) in ("Cn", "Co", "Cs") or "\u0800" <= char <= "\u085f" else char


def _high(body: bytes) -> bytes:
    return body.translate(None, bytes(range(128)))


def _utf16(body: bytes) -> str | None:
    """UTF-16 without a byte order mark: tags and Latin text have NUL in every other place."""
    head = body[:512]
    if len(head) < 16 or b"\x00" not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd < 0.05 * half else None


def _read(body: bytes, name: str) -> str:
    if name == "cp1252":
        return body.decode("latin-1").translate(_CP1252)
    return body.decode(name, "replace")
