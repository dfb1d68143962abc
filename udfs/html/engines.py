"""The two engines that choose a page's main content, behind one signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from udfs.html.marks import CLOSE, MIDDLE, OPEN

Engine = Literal["resiliparse", "trafilatura"]

MIN_MAIN = 80
"""Characters of main content below which the whole body is taken if it has several times as many."""
COMMENTS_MIN = 0.5
"""Share of the text that must stay when comments go; where less stays, the comments are the content."""

_PRINTABLE = ("\U00018800", "\U00018801", "\U00018802")
_TO_PRINTABLE = str.maketrans({**dict.fromkeys(_PRINTABLE), **dict(zip((OPEN, MIDDLE, CLOSE), _PRINTABLE, strict=True))})
_FROM_PRINTABLE = str.maketrans(dict(zip(_PRINTABLE, (OPEN, MIDDLE, CLOSE), strict=True)))


def main_text(tree: HTMLTree, engine: Engine, *, comments: Literal["keep", "drop", "auto"], alt_texts: bool) -> str:
    """Choose the main content of a tree.

    Parameters
    ----------
    tree : HTMLTree
        The page; not changed.
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
    if comments != "auto":
        return run(tree, comments == "keep", alt_texts)
    without = run(tree, False, alt_texts)
    with_comments = run(tree, True, alt_texts)
    return without if len(without) >= COMMENTS_MIN * len(with_comments) else with_comments


def _resiliparse(tree: HTMLTree, comments: bool, alt_texts: bool) -> str:
    text = extract_plain_text(tree, main_content=True, list_bullets=False, alt_texts=alt_texts, comments=comments)
    if len(text.strip()) < MIN_MAIN:
        whole = extract_plain_text(tree, list_bullets=False, alt_texts=alt_texts)
        if len(whole.strip()) > 4 * len(text.strip()):
            return whole
    return text


def _trafilatura(tree: HTMLTree, comments: bool, alt_texts: bool) -> str:
    import trafilatura  # loaded on use: it is the slower engine, takes a second to import, and most runs never need it

    root = tree.document
    if root is None:
        return ""
    # Trafilatura drops private-use characters, so the marks travel as Tangut components, which no page here has.
    page = root.html.translate(_TO_PRINTABLE)
    text = trafilatura.extract(page, include_comments=comments, include_tables=True, include_images=False) or ""
    return str(text).translate(_FROM_PRINTABLE)


_ENGINES: dict[Engine, Callable[[HTMLTree, bool, bool], str]] = {
    "resiliparse": _resiliparse,
    "trafilatura": _trafilatura,
}
