"""Two public extractors behind one signature, for comparison: Resiliparse and Trafilatura on a tree with frozen structure."""

from __future__ import annotations

import re
from collections.abc import Callable

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.guard import check_page
from udfs.html.settings import Choice, Engine, HtmlSettings, Main, PageKind
from udfs.html.text.codeblocks import freeze_code
from udfs.html.text.dom import attribute, older, put_text, select, text_of
from udfs.html.text.finishing import assemble, finish, markdown_apart
from udfs.html.text.inline import write_images, write_inline
from udfs.html.text.marks import CLOSE, MIDDLE, OPEN, Blocks
from udfs.html.text.mathematics import freeze_math
from udfs.html.text.tables import freeze_tables

Run = Callable[[HTMLTree, bool, bool], str]

MIN_MAIN = 80
"""Characters of main content below which the whole body is taken if it has several times as many."""
COMMENTS_MIN = 0.35
"""Share of the text that must stay when comments go; where less stays, the comments are the content."""

MAX_LISTS = 2_000
SHALLOW = 4
"""Levels below the body above which Resiliparse takes any ``ul`` for a menu."""
MENU_SHARE = 0.5
"""Share of a list's characters in links above which it may well be one."""

HIDDEN = "[hidden], [aria-hidden=true]"
HIDDEN_MIN = 200

LISTING_SHARE = 0.6
"""Share of a text in links above which a page is a listing."""

_LONE_SIGN = re.compile(
    r"(>\s{0,8})([\u0900-\u1fff\u2010-\u2015\u2026\u2190-\u22ff\u3005-\ud7ff\uf900-\ufaff]|&(?:[a-z]{1,2}arr|[mn]dash|hellip|le|ge|ne|isin|minus"
    r"|#(?:8[2-9]|9\d|1\d\d)\d{2}|#[xX]2[0-9a-fA-F]{3});)(?=\s{0,8}<)"
)
_PRINTABLE = ("\U00018800", "\U00018801", "\U00018802")
_TO_PRINTABLE = str.maketrans({**dict.fromkeys(_PRINTABLE), **dict(zip((OPEN, MIDDLE, CLOSE), _PRINTABLE, strict=True))})
_FROM_PRINTABLE = str.maketrans(dict(zip(_PRINTABLE, (OPEN, MIDDLE, CLOSE), strict=True)))


def read_by_engine(source: str, kind: PageKind, settings: HtmlSettings, url: str | None) -> Main:
    """Read a page by one of the two.

    Parameters
    ----------
    source : str
        The page, without marks (`udfs.html.text.marks`).
    kind : str
        What its markup says of its kind.
    settings : HtmlSettings
        Engine and options.
    url : str, optional
        Its address.

    Raises
    ------
    PageRejected
        For a page that a parser of trees can't be given.
    """
    check_page(source, settings.max_depth)
    tree = HTMLTree.parse(hold_lone_signs(source))
    anchors = [text_of(link) for link in select(tree, "a[href]")]
    blocks = _freeze(tree, source)
    raw = main_text(tree, settings.engine, comments=settings.comments, alt_texts=settings.alt_texts)
    text, spans, _ = finish(*assemble(markdown_apart(blocks.thaw(raw))), url)
    linked = link_characters(text, anchors)
    if kind == "other" and text and linked > LISTING_SHARE * len(text):
        kind = "listing"
    return Main(text, spans, (), len(anchors), linked, kind, None, "elements")


def hold_lone_signs(source: str) -> str:
    """Set a word joiner before each sign that is a text node by itself: Resiliparse drops nodes of one three-byte character.

    An arrow between two menu names, a dash, a particle between two links. Bullets, icons and private-use signs may go. The
    joiner goes again when the text is cleaned.
    """
    return _LONE_SIGN.sub("\\1\u2060\\2", source)


def _freeze(tree: HTMLTree, source: str) -> Blocks:
    """Take mathematics, code and tables out of the engine's hands; each step works on what the ones before left."""
    blocks = Blocks()
    freeze_math(tree, source, blocks)
    write_images(tree, source, blocks)
    freeze_code(tree, source, blocks)
    write_inline(tree, source)
    freeze_tables(tree, source, blocks)
    return blocks


def main_text(tree: HTMLTree, engine: Engine, *, comments: Choice, alt_texts: bool) -> str:
    """Choose the main content of a tree.

    Parameters
    ----------
    tree : HTMLTree
        The page; lists may be moved down in it.
    engine : {"resiliparse", "trafilatura"}
        Who chooses.
    comments : {"keep", "drop", "auto"}
        What becomes of readers' comments; ``auto`` drops them unless the page consists of them, as forums do.
    alt_texts : bool
        Whether alternative texts of pictures are text.

    Returns
    -------
    str
        The engine's text, with marks where it kept them.
    """
    run = _ENGINES[engine]
    if engine == "resiliparse":
        keep_lists(tree)
    text = _with_comments_as(run, tree, comments, alt_texts)
    return _with_comments_as(run, tree, comments, alt_texts) if show_hidden(tree, len(text)) else text


def show_hidden(tree: HTMLTree, shown: int) -> bool:
    """Unhide what a script would have shown: hidden elements that hold more text than all that is visible.

    Parameters
    ----------
    tree : HTMLTree
        The page, changed in place.
    shown : int
        Characters of main content without them.
    """
    found = [element for element in select(tree, HIDDEN) if len(text_of(element)) > max(shown, HIDDEN_MIN)]
    for element in found:
        element.delattr("hidden")
        element.delattr("aria-hidden")
    return bool(found)


def _with_comments_as(run: Run, tree: HTMLTree, comments: Choice, alt_texts: bool) -> str:
    if comments != "auto":
        return run(tree, comments == "keep", alt_texts)
    without = run(tree, False, alt_texts)
    with_comments = run(tree, True, alt_texts)
    return without if len(without) >= COMMENTS_MIN * len(with_comments) else with_comments


def keep_lists(tree: HTMLTree) -> None:
    """Move lists of prose that stand high in the tree further down, where Resiliparse does not drop them as menus."""
    for element in select(tree, "body > ul, body > * > ul, body > * > * > ul", MAX_LISTS):
        length = len(text_of(element))
        linked = sum(len(text_of(link)) for link in select(element, "a"))
        if length and linked < MENU_SHARE * length:
            _push_down(tree, element, SHALLOW - sum(1 for _ in older(element, SHALLOW)) + 2)


def _push_down(tree: HTMLTree, element: ElementNode, levels: int) -> None:
    for _ in range(levels):
        box = tree.create_element("div")
        if box is None or element.parent is None:
            return
        element.replace_with(box)
        box.append_child(element)


def _resiliparse(tree: HTMLTree, comments: bool, alt_texts: bool) -> str:
    text = extract_plain_text(tree, main_content=True, list_bullets=False, alt_texts=alt_texts, comments=comments)
    if len(text.strip()) < MIN_MAIN:
        whole = extract_plain_text(tree, list_bullets=False, alt_texts=alt_texts)
        if len(whole.strip()) > 4 * len(text.strip()):
            return whole
    return text


def _trafilatura(tree: HTMLTree, comments: bool, alt_texts: bool) -> str:
    if alt_texts:
        for image in select(tree, "img[alt]"):
            put_text(tree, image, f" {attribute(image, 'alt')} ")
    import trafilatura  # loaded on use: it is the slower engine, takes a second to import, and most runs never need it

    root = tree.document
    if root is None:
        return ""
    # Trafilatura drops private-use characters, so the marks travel as Tangut components, which no page here has.
    page = root.html.translate(_TO_PRINTABLE)
    text = trafilatura.extract(page, include_comments=comments, include_tables=True, include_images=False) or ""
    return str(text).translate(_FROM_PRINTABLE)


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


_ENGINES: dict[Engine, Run] = {
    "resiliparse": _resiliparse,
    "trafilatura": _trafilatura,
}
