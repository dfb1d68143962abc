"""From a capture to a document, or to the reason why it is none: all that extraction decides about one record.

What is hopeless never reaches the HTML parser: damage, other statuses, block-listed addresses, opt-outs in the header, bodies
that are no HTML. Then the page itself is asked: its opt-outs, and whether it has a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from udfs.blocklist import BlockList
from udfs.fasttext import FastText
from udfs.html import Extraction, HtmlSettings, PageRejected, extract, header_noindex, header_optout, is_page, read_text
from udfs.language import identify
from udfs.spans import Span
from udfs.urls import canonical, host_of_key
from udfs.warc import Capture


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What decides about a capture.

    Parameters
    ----------
    statuses : frozenset of int
        Usable HTTP statuses.
    drop_optouts, drop_noindex : bool
        Whether these wishes of a page drop it; otherwise they are marked.
    rel_canonical : bool
        Whether the page's own rel=canonical, on the same host, stands for its address.
    html : HtmlSettings
        How pages are read.
    blocklist : BlockList
        Addresses that are dropped unread.
    language : FastText
        The language model.
    """

    statuses: frozenset[int]
    drop_optouts: bool
    drop_noindex: bool
    rel_canonical: bool
    html: HtmlSettings
    blocklist: BlockList
    language: FastText


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a page with what is known about it.

    Parameters
    ----------
    text, spans : str, tuple of Span
        Plain text and its structure.
    lang, lang_score : str, float
        Language and confidence (0-1).
    address : str
        What the URL key is made from: the captured URL, or the page's rel=canonical.
    extraction : Extraction, optional
        What the page reader found; None for texts that were no pages.
    lang_other, lang_other_share : str or None, float
        Language of the lines that are in another one, and their share of the letters (0-1).
    """

    text: str
    spans: tuple[Span, ...]
    lang: str
    lang_score: float
    address: str
    extraction: Extraction | None = None
    lang_other: str | None = None
    lang_other_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a capture.

    Parameters
    ----------
    action : {"keep", "drop", "quarantine"}
        What is done.
    reason : str
        Stable code; empty for kept.
    evidence : mapping
        What the reason rests on.
    document : Document, optional
        For kept captures.
    marks : tuple of (str, str)
        Reason and evidence of what is noted, not followed: wishes of the page, substrings of its address.
    opted_out : bool
        Dropped for an opt-out: its URL key still counts, because older captures of the page go with it.
    """

    action: Literal["keep", "drop", "quarantine"]
    reason: str = ""
    evidence: Mapping[str, object] = field(default_factory=dict)
    document: Document | None = None
    marks: tuple[tuple[str, str], ...] = ()
    opted_out: bool = False


def judge(capture: Capture, settings: PageSettings) -> Verdict:
    """Decide about one capture, and read its text if it may be kept."""
    if verdict := _unread(capture, settings):
        return verdict
    kind = is_page(capture.body, _header(capture, "content-type"))
    if kind != "html" and not _is_bare(capture, kind):
        return Verdict("drop", "empty" if kind == "empty" else "not_html", {"found": kind})
    return _read(capture, settings, html=kind == "html")


def judge_text(text: str, lang: str | None, url: str, settings: PageSettings) -> Verdict:
    """Decide about a text that is no page (WET, Parquet, JSON lines)."""
    if url and (hit := settings.blocklist.match(url)):
        return Verdict("drop", f"blocklist.{hit.category}", {"list": hit.list, "entry": hit.entry})
    try:
        extraction = read_text(text)
    except PageRejected as rejected:
        return Verdict("quarantine", rejected.reason, {"detail": str(rejected)})
    if not extraction.text.strip():
        return Verdict("drop", "empty")
    guess = identify(extraction.text, extraction.spans, model=settings.language)
    named = (lang, 1.0) if lang else (guess.lang, guess.score)
    document = Document(extraction.text, extraction.spans, *named, url, extraction, guess.other, guess.other_share)
    return Verdict("keep", document=document, marks=tuple(_url_marks(url, settings)))


def _unread(capture: Capture, settings: PageSettings) -> Verdict | None:
    """Decide without a look at the body, or return None."""
    if capture.fault:
        return Verdict("quarantine", capture.fault, {"detail": capture.detail})
    if capture.kind == "revisit":
        return Verdict("drop", "revisit")
    if capture.status not in settings.statuses:
        return Verdict("drop", "http_status", {"status": capture.status})
    if hit := settings.blocklist.match(capture.url):
        return Verdict("drop", f"blocklist.{hit.category}", {"list": hit.list, "entry": hit.entry})
    if settings.drop_optouts and (said := header_optout(capture.headers)):
        return Verdict("drop", "optout", {"header": said}, opted_out=True)
    return None


def _read(capture: Capture, settings: PageSettings, *, html: bool) -> Verdict:
    try:
        if not html:
            found = read_text(capture.body, url=capture.url, charset=_charset(capture))
        else:
            found = extract(capture.body, url=capture.url, charset=_charset(capture), settings=settings.html)
    except PageRejected as rejected:
        return Verdict("quarantine", rejected.reason, {"detail": str(rejected)})
    marks = []
    if said := header_optout(capture.headers) or found.optout:
        if settings.drop_optouts:
            return Verdict("drop", "optout", {"page": said}, opted_out=True)
        marks.append(("optout", said))
    if found.noindex or header_noindex(capture.headers):
        if settings.drop_noindex:
            return Verdict("drop", "noindex", opted_out=True)
        marks.append(("noindex", "the page asks search engines not to list it"))
    marks += _url_marks(capture.url, settings)
    if not found.text.strip() or found.reason == "script_only":
        return Verdict("drop", found.reason or "empty")
    guess = identify(found.text, found.spans, model=settings.language)
    address = _canonical_address(found, capture.url) if settings.rel_canonical else capture.url
    document = Document(found.text, found.spans, guess.lang, guess.score, address, found, guess.other, guess.other_share)
    return Verdict("keep", document=document, marks=tuple(marks))


def _url_marks(url: str, settings: PageSettings) -> list[tuple[str, str]]:
    """Return the mark of a substring that a block list notes in the address, if it does."""
    hit = settings.blocklist.mark(url)
    return [(f"url_substring.{hit.category}", f"{hit.list}: {hit.entry}")] if hit else []


def _canonical_address(found: Extraction, url: str) -> str:
    """Return the page's rel=canonical where it stays on the host: another host's claim would let a page remove pages elsewhere."""
    if found.canonical and host_of_key(canonical(found.canonical)) == host_of_key(canonical(url)):
        return found.canonical
    return url


def _is_bare(capture: Capture, kind: str) -> bool:
    """Whether a body is served as HTML but holds no markup: browsers show such a page, as one run of text."""
    return kind == "text" and "html" in (_header(capture, "content-type") or "").lower()


def _header(capture: Capture, name: str) -> str | None:
    return next((value for key, value in capture.headers if key == name), None)


def _charset(capture: Capture) -> str | None:
    """Label in the Content-Type header, or None."""
    for part in (_header(capture, "content-type") or "").split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
