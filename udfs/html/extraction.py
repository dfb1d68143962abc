"""A page in, its text and structure out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from udfs.html.charset import as_utf8
from udfs.html.engines import read_by_engine
from udfs.html.guard import PageRejected
from udfs.html.main_content import read_main
from udfs.html.metadata import LicenceStrength, read_metadata
from udfs.html.page.layout import Head, PageTables
from udfs.html.page.scanner import scan
from udfs.html.settings import HtmlSettings, PageKind, StatedKind, TextSource
from udfs.html.text.codeblocks import verbatim
from udfs.html.text.finishing import assemble, finish
from udfs.html.text.marks import Piece, without_marks
from udfs.html.utf8 import is_utf8
from udfs.spans import Part, Span

LITTLE = 25
"""Characters of text below which `Extraction.reason` says why there is so little."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_MARK_BYTES = b"\xf4\x8f\xbc"
"""What the marks of `udfs.html.text.marks` begin with in UTF-8."""


@dataclass(frozen=True, slots=True)
class Extraction:
    r"""What a page holds.

    Parameters
    ----------
    text : str
        Plain text, ``\n`` line ends, without NUL, lone surrogates and other control characters but tab.
    title : str
        The ``title`` element, white space folded; not part of the text.
    language : str or None
        Primary subtag of the language that the page declares, lower case.
    canonical : str or None
        Absolute address of ``rel=canonical``.
    optout : str or None
        The statement in the page that reserves it against training, verbatim (`udfs.html.optout`).
    noindex : bool
        Whether the page asks search engines not to list it.
    licence, licence_strength : str or None
        Licence and what it rests on: ``rel``, ``jsonld`` or ``link``.
    published : str or None
        Date of publication, ISO 8601, as stated.
    spans : tuple of Span
        Code (with its language), mathematics and tables in the text, without overlap.
    outline : tuple of Part
        Lists that are in no other list, and alternative texts of pictures; they may hold spans. Empty by engines that do not say.
    charset : str
        Codec the page was read with, or `udfs.html.charset.REPAIRED`.
    engine : str
        Who chose the main content; ``text`` for pages that are no HTML.
    kind : str
        What kind of page it is: article, documentation, service, forum, collection, listing, product or other.
    confidence : float or None
        F1 that the choice of blocks is expected to have, 0 to 1; None where nothing was chosen.
    text_source : str
        Where the text was found: in the page's ``elements``, or in data that it carries.
    n_links : int
        Links in the whole page.
    link_chars : int
        Characters of the text that stand in links.
    reason : str or None
        Why there is next to no text: ``empty`` or ``script_only``.
    """

    text: str
    title: str
    language: str | None
    canonical: str | None
    optout: str | None
    noindex: bool
    licence: str | None
    licence_strength: LicenceStrength | None
    published: str | None
    spans: tuple[Span, ...]
    outline: tuple[Part, ...]
    charset: str
    engine: str
    kind: PageKind
    confidence: float | None
    text_source: TextSource
    n_links: int
    link_chars: int
    reason: str | None


_DEFAULT = HtmlSettings()


def extract(
    page: bytes | str, *, url: str | None = None, charset: str | None = None, settings: HtmlSettings = _DEFAULT
) -> Extraction:
    """Read an HTML page.

    Parameters
    ----------
    page : bytes or str
        The page; bytes are decoded by `udfs.html.charset.as_utf8`.
    url : str, optional
        Its address.
    charset : str, optional
        The label in the HTTP header; not used for str.
    settings : HtmlSettings
        Engine, options, limits.

    Returns
    -------
    Extraction
        For an empty page too: empty text and reason ``empty``.

    Raises
    ------
    PageRejected
        For pages beyond the limits.
    """
    source, codec = _source(page, charset, settings)
    tables = scan(source)
    stated = read_metadata(source, tables.heads.tolist(), url)
    if settings.engine == "woolmill":
        main = read_main(source, tables, StatedKind(stated.kind, stated.kind_sure), settings, url)
    else:
        main = read_by_engine(source.decode(), stated.kind, settings, url)
    return Extraction(
        text=main.text,
        title=stated.title,
        language=stated.language,
        canonical=stated.canonical,
        optout=stated.optout,
        noindex=stated.noindex,
        licence=stated.licence,
        licence_strength=stated.licence_strength,
        published=stated.published,
        spans=main.spans,
        outline=main.outline,
        charset=codec,
        engine=settings.engine,
        kind=main.kind,
        confidence=main.confidence,
        text_source=main.text_source,
        n_links=main.n_links,
        link_chars=main.link_chars,
        reason=_reason(main.text, tables),
    )


def read_text(body: bytes | str, *, url: str | None = None, charset: str | None = None) -> Extraction:
    """Read a page that is no HTML (``text/plain``, markdown): line ends, controls and markdown markers only.

    Parameters
    ----------
    body : bytes or str
        The page.
    url : str, optional
        Its address; one that ends in ``.md`` says that the text is markdown.
    charset : str, optional
        The label in the HTTP header; not used for str.

    Raises
    ------
    PageRejected
        When the page is larger than the default limit.
    """
    source, codec = _source(body, charset, _DEFAULT)
    text, spans, _ = finish(*assemble([Piece(verbatim(source.decode()), None, True)]), url)
    return Extraction(
        text=text,
        title="",
        language=None,
        canonical=None,
        optout=None,
        noindex=False,
        licence=None,
        licence_strength=None,
        published=None,
        spans=spans,
        outline=(),
        charset=codec,
        engine="text",
        kind="other",
        confidence=None,
        text_source="elements",
        n_links=0,
        link_chars=0,
        reason=None if len(text) >= LITTLE else "empty",
    )


def plain_text(page: str | bytes, url: str | None = None) -> str:
    """Text of a page, by the default settings, without its metadata; raises `PageRejected` as `extract` does."""
    source, _ = _source(page, None, _DEFAULT)
    return read_main(source, scan(source), StatedKind("other"), _DEFAULT, url).text


def compile_kernels() -> None:
    """Compile what reads pages, or load it from the disk, where it stays from the first time on.

    The first time on a machine takes about a minute; from the disk it is a second a process.
    """
    extract(b"<title>t</title><h1>t</h1><p>a <b>b</b> &amp; c<sup>2</sup></p><pre>d</pre>")


def _source(page: bytes | str, charset: str | None, settings: HtmlSettings) -> tuple[bytes, str]:
    """Return a page as UTF-8 without NULs, lone surrogates and the marks that serve inside; and the codec it came in."""
    if len(page) > settings.max_page_bytes:
        raise PageRejected("too_large", f"{len(page)} bytes, at most {settings.max_page_bytes} are read")
    _compile_for_bytes()
    source, codec = as_utf8(page, charset) if isinstance(page, bytes) else (_encoded(page), "str")
    # Looking for one byte is twenty times as fast as looking for three, and hardly a page has it.
    if _MARK_BYTES[:1] in source and _MARK_BYTES in source:
        source = without_marks(source.decode()).encode()
    return source.replace(b"\x00", b"") if b"\x00" in source else source, codec


@cache
def _compile_for_bytes() -> None:
    """Compile with the first page, of whatever type, what only pages given as bytes need: no later page should wait for it."""
    is_utf8(b"a page")


def _encoded(page: str) -> bytes:
    try:
        return page.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", page).encode()


def _reason(text: str, tables: PageTables) -> str | None:
    if len(text.strip()) >= LITTLE:
        return None
    scripts = (Head.SCRIPT, Head.DATA, Head.JSON_LD)
    return "script_only" if any(kind in scripts for kind in tables.heads[:, 0].tolist()) else "empty"
