"""Small things inside a paragraph: exponents and indices, footnote marks, pictures, readings, permalinks."""

from __future__ import annotations

import re
from urllib.parse import unquote

from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.text.dom import attribute, drop, older, put_text, select, text_of
from udfs.html.text.marks import OPEN, Blocks
from udfs.html.text.mathematics import freeze_formula, image_latex

MAX_SCRIPT = 60
"""Characters of an exponent or index; longer ones are small print."""

_TYPOGRAPHY = frozenset({
    "st", "nd", "rd", "th", "e", "er", "re", "me", "ère", "ème", "nde", "®", "™", "©", "TM", "SM", "(TM)", "(R)",
})  # fmt: skip
_NOTE_CLASS = re.compile(r"(?:^|\s)(?:reference|footnote-ref|footnote|fn|noprint)(?:\s|$)")
_NOTE_TEXT = re.compile(r"^[\[(]?[\d,*†‡§a-z–-]{1,5}[\])]?$")
_NOT_TEXT = (
    "rt, rp, a.headerlink, a.header-anchor, a.hash-link, a.anchorjs-link, a.anchor-link, div.navheader, div.navfooter, "
    "a[role=doc-noteref], a.footnote-reference, a.footnote-ref"
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|tiff?)(?:[?#]|$)", re.IGNORECASE)
_DECORATION = re.compile(
    r"\b(?:logo|icon|avatar|banner|spacer|thumbnail|button)\b"
    # Compounds, but for the silicon, lexicon and Rubicon of English and the catálogo and biólogo of Romance languages.
    r"|banner\b|[^\W\daáàeéioóíu_]logo\b|(?<!sil)(?<!lex)(?<!rub)(?<!opt)icon\b",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(r"[^\W_]+")


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
        elif (written := written_script("^" if element.tag == "sup" else "_", text)) != text:
            put_text(tree, element, written)


def is_note(element: ElementNode, text: str) -> bool:
    """Whether a ``sup`` is a reference to a note."""
    link = element.query_selector("a[href]")
    target = (attribute(link, "href"), attribute(link, "role")) if link is not None else None
    return is_note_mark(text, attribute(element, "class"), target)


def is_note_mark(text: str, names: str, link: tuple[str, str] | None) -> bool:
    """Whether a raised text refers to a note: a class that says so, a link to a fragment, a short link, a number in brackets.

    Parameters
    ----------
    text : str
        The raised text.
    names : str
        Its classes.
    link : tuple of (str, str) or None
        Target and role of the link in it.
    """
    if _NOTE_CLASS.search(names):
        return True
    if link is None:
        return re.fullmatch(r"\[\d{1,3}\]", text) is not None
    href, role = link
    return href.startswith("#") or role == "doc-noteref" or bool(_NOTE_TEXT.match(text))


def written_script(sign: str, text: str) -> str:
    """Return a raised (``^``) or lowered (``_``) text as the conventions write it; ordinals and small print stay text."""
    if not text or len(text) > MAX_SCRIPT or OPEN in text or text in _TYPOGRAPHY:
        return text
    return f"{sign}{{{text}}}"


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
        if alt and (not is_phrase(alt) or repeats_name(alt, source) or _is_teaser(image)):
            image.delattr("alt")


def is_phrase(alt: str) -> bool:
    """Whether an alternative text is a phrase of three words that describes more than decoration, and is no file name."""
    if "data:" in alt or "://" in alt or _PICTURE.search(alt) or _DECORATION.search(alt):
        return False
    if len(re.findall(r"\w+", alt)) >= 3 and (not alt.isascii() or len(alt.split()) > 1):
        return True
    return not alt.isascii() and sum("\u3040" <= c <= "\u9fff" for c in alt) >= 6


def repeats_name(alt: str, source: str) -> bool:
    """Whether an alternative text has no word that the base name of its picture's file has not, so that it says nothing."""
    name = unquote(source[-1_000:].partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]).casefold()
    words = set(_NAME_WORD.findall(alt.casefold()))
    return bool(words) and words <= set(_NAME_WORD.findall(name))


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
