"""A page in, its text and structure out."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from resiliparse.parse.html import HTMLTree

from udfs.formulas import written_math
from udfs.html.charset import decode
from udfs.html.codeblocks import freeze_code, verbatim
from udfs.html.dom import select, text_of
from udfs.html.engines import Engine, main_text
from udfs.html.guard import PageRejected, check_page
from udfs.html.inline import write_images, write_inline
from udfs.html.marks import Blocks, Piece, without_marks
from udfs.html.mathematics import freeze_math
from udfs.html.metadata import LicenceStrength, Metadata, PageClass, links, read_metadata
from udfs.html.tables import freeze_tables
from udfs.markdown import strip_markdown
from udfs.spans import Edit, Span, apply_edits

LITTLE = 25
"""Characters of text below which `Extraction.reason` says why there is so little."""
RAW_SHARE = 0.8
"""Share of a text in one ``pre`` above which that block may be a document in markdown and not code."""
LISTING_SHARE = 0.6

_CONTROLS = {code: None for code in range(32) if code not in (9, 10)}
_REPLACED = {0xA0: " ", 0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x2028: "\n", 0x2029: "\n", 0x09: "\n"}
_DELETED = dict.fromkeys([0x7F, 0xAD, 0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_PROSE = {**_CONTROLS, **_DELETED, **_REPLACED}
_VERBATIM = {**_CONTROLS, **_DELETED}
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \u3000]*\n[ \n\u3000]*|  +")
_LONE_SIGN = re.compile(
    r"(>\s{0,8})([\u0900-\u1fff\u2010-\u2015\u2026\u2190-\u22ff\u3005-\ud7ff\uf900-\ufaff]|&(?:[a-z]{1,2}arr|[mn]dash|hellip|le|ge|ne|isin|minus"
    r"|#(?:8[2-9]|9\d|1\d\d)\d{2}|#[xX]2[0-9a-fA-F]{3});)(?=\s{0,8}<)"
)
_RAW_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```|~~~)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class HtmlSettings:
    """How pages are read.

    Parameters
    ----------
    engine : {"resiliparse", "trafilatura"}
        Who chooses the main content.
    comments : {"keep", "drop", "auto"}
        Readers' comments; ``auto`` drops them unless the page consists of them.
    alt_texts : bool
        Whether alternative texts of pictures that say something are text (Llama 3 keeps them, section 3.1.1).
    max_page_bytes : int
        Bytes (characters of a decoded page) above which a page is rejected.
    max_depth : int
        Open elements above which a page is rejected.
    """

    engine: Engine = "resiliparse"
    comments: Literal["keep", "drop", "auto"] = "auto"
    alt_texts: bool = True
    max_page_bytes: int = 8_000_000
    max_depth: int = 2_000


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
        Code, mathematics and tables in the text.
    charset : str
        Codec the page was read with.
    engine : str
        Who chose the main content; ``text`` for pages that are no HTML.
    kind : str
        A hint: article, documentation, forum, listing or other.
    n_links : int
        Links in the whole page.
    link_chars : int
        Characters of the text that stand in links; an estimate.
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
    charset: str
    engine: str
    kind: PageClass
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
        The page; bytes are decoded by `udfs.html.charset.decode`.
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
        Before parsing, for pages beyond the limits.
    """
    source, codec = _source(page, charset, settings)
    source = without_marks(source)
    check_page(source, settings.max_depth)
    tree = HTMLTree.parse(hold_lone_signs(source))
    metadata = read_metadata(tree, source, url)
    anchors = [text_of(link) for link in links(tree)]
    blocks = _freeze(tree, source)
    raw = main_text(tree, settings.engine, comments=settings.comments, alt_texts=settings.alt_texts)
    text, spans = assemble(_markdown_apart(blocks.thaw(raw)))
    text, spans = finish(text, spans, url)
    linked = link_characters(text, anchors)
    if metadata.kind == "other" and text and linked > LISTING_SHARE * len(text):
        metadata = replace(metadata, kind="listing")
    return Extraction(
        text=text,
        spans=spans,
        charset=codec,
        engine=settings.engine,
        n_links=len(anchors),
        link_chars=linked,
        reason=_reason(text, tree),
        **_statements(metadata),
    )


def hold_lone_signs(source: str) -> str:
    """Set a word joiner before each sign that is a text node by itself: Resiliparse drops nodes of one three-byte character.

    An arrow between two menu names, a dash, a particle between two links. Bullets, icons and private-use signs may go. The
    joiner goes again when the text is cleaned.
    """
    return _LONE_SIGN.sub("\\1\u2060\\2", source)


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
    text, spans = assemble([Piece(verbatim(without_marks(source)), None, True)])
    text, spans = finish(text, spans, url)
    nothing = Metadata("", None, None, None, False, None, None, None, "other")
    return Extraction(
        text=text,
        spans=spans,
        charset=codec,
        engine="text",
        n_links=0,
        link_chars=0,
        reason=None if len(text) >= LITTLE else "empty",
        **_statements(nothing),
    )


def plain_text(page: str | bytes, url: str | None = None) -> str:
    """Text of a page, by the default settings; raises `PageRejected` as `extract` does."""
    return extract(page, url=url).text


def _source(page: bytes | str, charset: str | None, settings: HtmlSettings) -> tuple[str, str]:
    if len(page) > settings.max_page_bytes:
        raise PageRejected("too_large", f"{len(page)} bytes, at most {settings.max_page_bytes} are read")
    text, codec = decode(page, charset) if isinstance(page, bytes) else (page, "str")
    return _SURROGATES.sub("\ufffd", text).replace("\x00", ""), codec


def _freeze(tree: HTMLTree, source: str) -> Blocks:
    """Take mathematics, code and tables out of the engine's hands; each step works on what the ones before left."""
    blocks = Blocks()
    freeze_math(tree, source, blocks)
    write_images(tree, source, blocks)
    freeze_code(tree, source, blocks)
    write_inline(tree, source)
    freeze_tables(tree, source, blocks)
    return blocks


def _markdown_apart(pieces: list[Piece]) -> list[Piece]:
    """Treat a ``pre`` that is nearly the whole text and looks like markdown as a document and not as code."""
    total = sum(len(piece.text) for piece in pieces)
    return [
        Piece(piece.text, None, True)
        if piece.kind == "code" and len(piece.text) > RAW_SHARE * total and _RAW_MARKDOWN.search(piece.text)
        else piece
        for piece in pieces
    ]


def assemble(pieces: list[Piece]) -> tuple[str, tuple[Span, ...]]:
    """Join the pieces of a text: prose is normalised, verbatim blocks are not, those with a kind become spans."""
    out: list[str] = []
    spans: list[Span] = []
    at = 0
    for piece in pieces:
        if piece.verbatim:
            text = piece.text.translate(_VERBATIM)
        else:
            text = _BLANKS.sub(_one_blank, piece.text.translate(_PROSE))
            text = text.lstrip("\n") if not at else text
        if piece.kind and text:
            spans.append(Span(at, at + len(text), piece.kind))
        out.append(text)
        at += len(text)
    joined = "".join(out).rstrip()
    kept = (Span(s.start, min(s.end, len(joined)), s.kind) for s in spans)
    return joined, tuple(span for span in kept if span.end > span.start)


def _one_blank(run: re.Match[str]) -> str:
    """Fold a run of white space: a blank, a line end, or an empty line where there was one."""
    ends = run[0].count("\n")
    return " " if not ends else "\n" if ends == 1 else "\n\n"


def finish(text: str, spans: tuple[Span, ...], url: str | None) -> tuple[str, tuple[Span, ...]]:
    """Mark the mathematics that is written out in the prose, then take the markdown markers off."""
    spans = tuple(sorted((*spans, *written_math(text, spans))))
    path = (url or "").partition("?")[0].lower()
    text, spans = strip_markdown(text, spans, certain=path.endswith((".md", ".markdown")))
    end = len(text.rstrip())
    start = min(len(text) - len(text.lstrip("\n")), end)
    return apply_edits(text, spans, [Edit(0, start), Edit(end, len(text))])


def link_characters(text: str, anchors: list[str]) -> int:
    """Estimate the characters of a text that stand in links, by looking for the links' texts in order."""
    at = total = 0
    for anchor in anchors[:2_000]:
        words = " ".join(anchor.split())
        if not words:
            continue
        found = text.find(words, at, at + 50_000 if len(words) > 15 else at + 1_500)
        if found >= 0:
            at = found + len(words)
            total += len(words)
    return min(total, len(text))


def _reason(text: str, tree: HTMLTree) -> str | None:
    if len(text.strip()) >= LITTLE:
        return None
    return (
        "script_only" if any(text_of(script).strip() or script.getattr("src") for script in select(tree, "script")) else "empty"
    )


def _statements(metadata: Metadata) -> dict[str, Any]:
    """Return the page's statements on itself, by the names that `Extraction` has for them."""
    return {field.name: getattr(metadata, field.name) for field in fields(metadata)}
