"""The two engines that choose a page's main content, behind one signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.dom import attribute, older, put_text, select, text_of
from udfs.html.marks import CLOSE, MIDDLE, OPEN

Engine = Literal["resiliparse", "trafilatura"]
Comments = Literal["keep", "drop", "auto"]
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

_PRINTABLE = ("\U00018800", "\U00018801", "\U00018802")
_TO_PRINTABLE = str.maketrans({**dict.fromkeys(_PRINTABLE), **dict(zip((OPEN, MIDDLE, CLOSE), _PRINTABLE, strict=True))})
_FROM_PRINTABLE = str.maketrans(dict(zip(_PRINTABLE, (OPEN, MIDDLE, CLOSE), strict=True)))


def main_text(tree: HTMLTree, engine: Engine, *, comments: Comments, alt_texts: bool) -> str:
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


def _with_comments_as(run: Run, tree: HTMLTree, comments: Comments, alt_texts: bool) -> str:
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


_ENGINES: dict[Engine, Run] = {
    "resiliparse": _resiliparse,
    "trafilatura": _trafilatura,
}
