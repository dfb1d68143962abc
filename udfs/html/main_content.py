"""The main content of a page by Woolmill's own reading: scanned blocks, a model, the kept blocks written out."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from udfs.html.blocks.blockmodel import PAGE_TYPES, predict
from udfs.html.blocks.decode import decode
from udfs.html.blocks.roles import chosen
from udfs.html.data_text import find
from udfs.html.page.layout import Block, Head, PageTables
from udfs.html.page.scanner import scan
from udfs.html.settings import HtmlSettings, Main, PageKind, StatedKind
from udfs.html.text.assembly import page_text
from udfs.html.text.finishing import finish

SCANTY = 50
"""Words in all of a page below which its ``noscript`` elements are opened: some forums put the posts there for readers without
scripts."""
SURE = 0.5
"""Probability of a page type from which the page is said to be of it, where its markup says nothing."""
PLAUSIBLE = 0.2
"""Probability below which a page is not of the type that weak markup states."""

_NOSCRIPT = re.compile(rb"<(/?)noscript(?=[\s/>])", re.IGNORECASE)


def read_main(source: bytes, tables: PageTables, stated: StatedKind, settings: HtmlSettings, url: str | None) -> Main:
    """Choose a page's main content and write it.

    Parameters
    ----------
    source : bytes
        The page, UTF-8.
    tables : PageTables
        The same page, scanned.
    stated : StatedKind
        What its markup says of its kind; ``other`` leaves it to the model.
    settings : HtmlSettings
        Options.
    url : str, optional
        Its address.

    Returns
    -------
    Main
        Where the elements hold next to no text: the text found in data, if there is any.
    """
    opened = _opened(source, tables)
    shown = _of_elements(opened, stated, settings, url)
    found = find(source, tables.heads.tolist(), shown.text)
    if found is None:
        return shown if opened is tables else shown._replace(text_source="noscript")
    if not found.markup:
        text, spans, _ = finish(found.text, (), (), url)
        return shown._replace(text=text, spans=spans, outline=(), link_chars=0, confidence=None, text_source=found.text_source)
    inner = _of_elements(scan(found.text.encode("utf-8", "replace")), stated, settings, url)
    return inner._replace(n_links=shown.n_links, text_source=found.text_source) if len(inner.text) > len(shown.text) else shown


def _opened(source: bytes, tables: PageTables) -> PageTables:
    """Return the page with its ``noscript`` elements opened, if it shows hardly a word without."""
    if tables.blocks[:, Block.WORDS].sum() >= SCANTY or not (tables.heads[:, 0] == Head.NOSCRIPT).any():
        return tables
    return scan(with_noscript_open(source))


def with_noscript_open(source: bytes) -> bytes:
    """Return a page whose ``noscript`` elements are ``div`` elements, so that what they hold is read."""
    return _NOSCRIPT.sub(rb"<\1div", source)


def _of_elements(tables: PageTables, stated: StatedKind, settings: HtmlSettings, url: str | None) -> Main:
    prediction = predict(tables)
    decision = decode(tables, prediction)
    keep = chosen(tables, decision.keep, settings)
    text, spans, outline = page_text(tables, keep, alt_texts=settings.alt_texts, url=url)
    return Main(
        text=text,
        spans=spans,
        outline=outline,
        n_links=int(tables.blocks[:, Block.LINKS].sum()),
        link_chars=min(len(text), int(tables.blocks[keep, Block.LINK_CHARS].sum())),
        kind=kind_of(stated, prediction.page_type),
        confidence=decision.expected_f1,
        text_source="elements",
    )


def kind_of(stated: StatedKind, page_type: NDArray[np.float32]) -> PageKind:
    """Return the kind of a page: what its markup states, unless that is weak and the model contradicts; else the likeliest."""
    if stated.kind != "other" and (stated.sure or page_type[PAGE_TYPES.index(stated.kind)] >= PLAUSIBLE):
        return stated.kind
    likeliest = int(np.argmax(page_type))
    return PAGE_TYPES[likeliest] if page_type[likeliest] >= SURE else "other"
