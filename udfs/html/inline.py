"""Small things inside a paragraph: exponents and indices, footnote marks, pictures, readings, permalinks."""

from __future__ import annotations

import re

from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.dom import attribute, drop, older, put_text, select, text_of
from udfs.html.marks import OPEN, Blocks
from udfs.html.mathematics import freeze_formula, image_latex

MAX_SCRIPT = 60
"""Characters of an exponent or index; longer ones are small print."""

_TYPOGRAPHY = frozenset({
    "st", "nd", "rd", "th", "e", "er", "re", "me", "ère", "ème", "nde", "®", "™", "©", "TM", "SM", "(TM)", "(R)",
})  # fmt: skip
_NOTE_CLASS = re.compile(r"(?:^|\s)(?:reference|footnote-ref|footnote|fn|noprint)(?:\s|$)")
_NOTE_TEXT = re.compile(r"^[\[(]?[\d,*†‡§a-z–-]{1,5}[\])]?$")
_NOT_TEXT = "rt, rp, a.headerlink, a.header-anchor, a.hash-link, a.anchorjs-link, a.anchor-link, div.navheader, div.navfooter"
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|tiff?)(?:[?#]|$)", re.IGNORECASE)
_DECORATION = re.compile(r"\b(?:logo|icon|avatar|banner|spacer|thumbnail|button)\b", re.IGNORECASE)


def write_inline(tree: HTMLTree, page: str) -> None:
    """Write ``<sup>`` and ``<sub>`` as ``^{…}`` and ``_{…}``; footnote marks, readings, permalinks and pagers go.

    Parameters
    ----------
    tree : HTMLTree
        The page, changed in place.
    page : str
        Its source; nothing is looked for that it does not name.
    """
    drop(tree, _NOT_TEXT)
    if "<sup" not in page and "<sub" not in page and "<SU" not in page:
        return
    for element in select(tree, "sup, sub"):
        text = " ".join(text_of(element).split())
        if element.tag == "sup" and is_note(element, text):
            element.remove()
        elif text and len(text) <= MAX_SCRIPT and OPEN not in text and text not in _TYPOGRAPHY:
            put_text(tree, element, f"{'^' if element.tag == 'sup' else '_'}{{{text}}}")


def is_note(element: ElementNode, text: str) -> bool:
    """Whether a ``sup`` is a reference to a note: a link to a fragment, a class that says so, a short link."""
    link = element.query_selector("a[href]")
    if _NOTE_CLASS.search(attribute(element, "class")):
        return True
    if link is None:
        return re.fullmatch(r"\[\d{1,3}\]", text) is not None
    role = attribute(link, "role")
    return attribute(link, "href").startswith("#") or role == "doc-noteref" or bool(_NOTE_TEXT.match(text))


def write_images(tree: HTMLTree, page: str, blocks: Blocks) -> None:
    """Turn pictures of formulas into formulas; of the others keep the alternative texts that say something.

    Parameters
    ----------
    tree : HTMLTree
        The page, changed in place: an ``alt`` that is left is for the engine to print.
    page : str
        Its source; nothing is done where it has no picture.
    blocks : Blocks
        Where the formulas are kept.
    """
    if "<img" not in page and "<IMG" not in page:
        return
    for image in select(tree, "img"):
        alt = attribute(image, "alt").strip()
        source, names = attribute(image, "src"), attribute(image, "class")
        latex = image_latex(source, names, alt) if alt or "?" in source else None
        if latex and freeze_formula(tree, image, latex, blocks, display=_stands_alone(image, names, latex)):
            continue
        if alt and (not is_phrase(alt) or _is_teaser(image)):
            image.delattr("alt")


def is_phrase(alt: str) -> bool:
    """Whether an alternative text is a phrase of three words that describes more than decoration, and is no file name."""
    if "data:" in alt or "://" in alt or _PICTURE.search(alt) or _DECORATION.search(alt):
        return False
    wide = sum("\u3040" <= c <= "\u9fff" for c in alt)
    return len(re.findall(r"\w+", alt)) >= 3 or wide >= 6


def _is_teaser(image: ElementNode) -> bool:
    """Whether a picture only leads to another page, or has a caption that says what its ``alt`` repeats."""
    link = image.closest("a[href]")
    if link is not None and not _PICTURE.search(attribute(link, "href")):
        return True
    figure = image.closest("figure")
    return figure is not None and figure.query_selector("figcaption") is not None


def _stands_alone(image: ElementNode, names: str, latex: str) -> bool:
    if "displayed" in names or latex.lstrip().startswith((r"\[", "$$")):
        return True
    for above in older(image, 2):
        if above.tag == "div" and re.search(r"(?:^|\s)(?:math|equation)", attribute(above, "class")):
            return True
    above_it = image.parent_element
    return (
        above_it is not None
        and above_it.tag in ("p", "div", "center", "dd", "figure")
        and above_it.child_element_count == 1
        and not text_of(above_it).strip()
    )
