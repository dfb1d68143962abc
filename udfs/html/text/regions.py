"""Regions of a page as text: each is read from its own bytes, by patterns where it is plain and by a small tree where not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from itertools import islice

from resiliparse.parse.html import HTMLTree

from udfs.code_languages import of_element
from udfs.html.guard import PageRejected, check_page
from udfs.html.page.layout import Region
from udfs.html.text.codeblocks import MAX_INNER, freeze_code, verbatim
from udfs.html.text.dom import add_text, attribute, select, text_of
from udfs.html.text.inline import is_note_mark, is_phrase, repeats_name, write_images, write_inline, written_script
from udfs.html.text.marks import Blocks, Piece
from udfs.html.text.mathematics import freeze_math, image_latex, looks_like_latex, tidy
from udfs.html.text.tables import Row, is_one_column, rows_of, table_text

MAX_NESTED = 5
"""Levels of exponents in exponents."""
MAX_UNCHECKED = 20_000
"""Characters of markup above which its nesting is looked at before it is parsed."""
MAX_DEPTH = 500
MAX_TAG = 1_000
"""Characters of a start tag in which the language of a block of code is looked for."""
MIN_NUMBERED = 2
"""Lines from which a column of numbers counts as a gutter."""

_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
_START = re.compile(r"""<([a-zA-Z][^\s/>]*)((?>[^<>"']+|"[^"]*"|'[^']*')*+)>""")
_TAG = re.compile(r"""</?[a-zA-Z](?>[^<>"']+|"[^"<]*"|'[^'<]*')*+>""")
_CODE_TAG = re.compile(rf"<(?:code|pre)\b[^<>]{{0,{MAX_TAG}}}>")
_ANNOTATION = re.compile(
    r"<(?:\w{1,20}:)?annotation\s[^<>]{0,300}?encoding\s*=\s*[\"']?[^\"'<>]{0,50}?tex[^<>]{0,300}>([^<]*)</(?:\w{1,20}:)?annotation",
    re.IGNORECASE,
)
_TEX_SCRIPT = re.compile(r"<script\b([^<>]*)>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
# One by one, since a pattern that begins with letters is searched for as fast as a word.
_DISPLAY = (
    re.compile(r"display(?<!\wdisplay)\s*=\s*[\"']?(?:block|true)"),
    re.compile(r"mode(?<!\wmode)\s*=\s*[\"']?display"),
    re.compile(r"katex-display"),
    re.compile(r"mwe-math-[\w-]{0,200}(?:display|block)"),
)
_RENDERING = re.compile(r"(?:^|\s)(?:MathJax|MJX)")
_HOLDER = re.compile(r"data-(?:latex|expr)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^<>]*>\s*\Z")
_STRUCTURED = re.compile(r"<(?!/?(?:span|code|a|b|i|em|strong|u|font|var|kbd|samp|tt|mark|pre)\b)", re.IGNORECASE)
_GUTTER = re.compile(
    r"class\s*=\s*[\"']?[^\"'<>]{0,200}?\b(?:linenos?|lineno|ln|lnt|line-?numbers?(?:-rows)?|gutter|hljs-ln\w*|copy|toolbar|ttc|de1)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^((?:<[^<>]*>){0,6})[ \t]{0,8}(\d{1,6})[ \t]{0,4}((?:</[^<>]*>){1,6})", re.MULTILINE)
_CODE_LINE = re.compile(r"^(?:\t|[ \u00a0]{2})|[{};]\s*$|^\s*(?:#include|import|def|return|function)\b")
_CODE_BOX = re.compile(r"class\s*=\s*[\"']?(?:fragment|syntaxhighlighter|crayon-syntax|mw-geshi|CodeMirror)\b")
_NUMBER_AND_BLANK = re.compile(r"<(span|a)\b[^<>]{0,200}?\blineno\b[^<>]{0,200}>[^<]{0,20}</\1>(?:&#160;|&nbsp;|\u00a0)")
_SCRIPT = re.compile(r"<(su[pb])\b[^<>]*>([^<]*)</su[pb]\s*>", re.IGNORECASE)
_RICH = re.compile(r"<(?:math|img|script|mjx-|\w++[^<>]*\b(?:katex|MathJax|mwe-math))", re.IGNORECASE)
_LINK = re.compile(r"<a\b[^<>]{0,1000}?\bhref\b[^<>]{0,5000}>", re.IGNORECASE)
_FORMULA_CLASS = re.compile(r"\bclass\s*=\s*[\"']?[^\"'<>]{0,200}\b(?:tex|formula)\b")
_ALT = re.compile(r"\salt\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_SRC = re.compile(r"\ssrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_MATH_HOLDER = re.compile(r"\b(?:math|equation)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a region stands.

    Parameters
    ----------
    before : str
        The source just before it.
    alone : bool
        It is all that its block holds.
    holder : str
        Start tag of the element around it; for code the tags of some, the nearest first.
    scripts : bool
        The page has formulas in ``script`` elements, so other forms of MathJax are renderings of these.
    phrases : bool
        Whether the alternative text of a picture here may stand in the text.
    """

    before: str = ""
    alone: bool = False
    holder: str = ""
    scripts: bool = False
    phrases: bool = True


def read_region(kind: int, source: str, place: Place) -> list[Piece]:
    """Read a region.

    Parameters
    ----------
    kind : Region
        What it is.
    source : str
        The element as the page has it, tags included.
    place : Place
        Where it stands.

    Returns
    -------
    list of Piece
        Prose, and pieces of kind ``code``, ``math`` and ``table``; empty where nothing of it is text.
    """
    return _READERS[kind](source, place)


def attributes(tag: str) -> dict[str, str]:
    """Attributes of the start tag that a source begins with: lower-case names, first values, entities decoded."""
    start = _START.match(tag)
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(start[2] if start else ""):
        name = match[1].lower()
        if name not in found:
            found[name] = unescape(match[2] or match[3] or match[4] or "")
    return found


def start_tag(source: str) -> str:
    """Return the start tag that a source begins with; empty where it begins with none that is whole."""
    start = _START.match(source)
    return start[0] if start else ""


def strip_tags(source: str) -> str:
    """Text of a source whose elements are all inline: tags go, entities are decoded."""
    return unescape(_TAG.sub("", source))


def read_math(source: str, place: Place) -> list[Piece]:
    """Read a formula once, from the best of its forms; a rendering of a script elsewhere on the page is nothing."""
    script = _TEX_SCRIPT.search(source) if "</script" in source or "</SCRIPT" in source else None
    if script is None and place.scripts and _RENDERING.search(attributes(source).get("class", "")):
        return []
    latex, shown = _plain_latex(source, script)
    if latex is None and "katex" in source and (held := _HOLDER.search(place.before)):
        latex = tidy(unescape(held[1] or held[2] or ""))
    if latex is not None:
        return [_formula(latex, shown or "katex-display" in place.before[-200:])]
    return _by_tree(source)


def _plain_latex(source: str, script: re.Match[str] | None) -> tuple[str | None, bool]:
    """LaTeX of a formula that holds it exactly once, in a script or an annotation; and whether it stands on its own."""
    if script is not None:
        kind = attributes(source[script.start() :]).get("type", "")
        return (tidy(script[2]), "mode=display" in kind) if kind.startswith("math/tex") else (None, False)
    annotations = _ANNOTATION.findall(source)
    if len(annotations) != 1:
        return None, False
    return tidy(unescape(annotations[0])), any(sign.search(source) for sign in _DISPLAY)


def _formula(latex: str, display: bool) -> Piece:
    delimiter = "$$" if display else "$"
    return Piece(f"{delimiter}{latex}{delimiter}", "math", True)


def _tree(source: str) -> HTMLTree:
    """Parse a piece of markup; of one that nests too deep only the text."""
    if len(source) > MAX_UNCHECKED:
        try:
            check_page(source, MAX_DEPTH)
        except PageRejected:
            source = escape(strip_tags(source))
    return HTMLTree.parse("<body>" + source)


def _by_tree(source: str) -> list[Piece]:
    """Read formulas, pictures, exponents and plain text of a piece of markup."""
    tree = _tree(source)
    blocks = Blocks()
    freeze_math(tree, source, blocks)
    write_images(tree, source, blocks)
    write_inline(tree, source)
    return blocks.thaw(text_of(tree.body)) if tree.body is not None else []


def code_language(source: str, around: str) -> str | None:
    """Return the language that a block of code states, as `udfs.html.text.codeblocks.language_of` does of an element.

    Parameters
    ----------
    source : str
        The block.
    around : str
        Start tags of the elements around it, the nearest first.
    """
    tags = [start_tag(source[:MAX_TAG])]
    if source.find("<code", 1) > 0 or source.find("<pre", 1) > 0:
        tags += [match[0] for match in islice(_CODE_TAG.finditer(source, 1, MAX_UNCHECKED), MAX_INNER)]
    for tag in reversed(tags):
        if "=" in tag and (found := _stated(tag, True)):
            return found
    for start in _START.finditer(around):
        if "=" in start[0] and (found := _stated(start[0], False)):
            return found
    return None


@lru_cache(maxsize=4_096)
def _stated(tag: str, sure: bool) -> str | None:
    """Language that a start tag states; the same tags stand on page after page."""
    return of_element(attributes(tag), sure=sure)


def read_code(source: str, place: Place) -> list[Piece]:
    """Read a block of code: without gutter, prompts of notebooks and buttons, otherwise as it is."""
    language = code_language(source, place.holder)
    source = _without_numbers(source)
    text = None
    start = _START.match(source)
    if start is not None and start[1].lower() == "pre" and not _STRUCTURED.search(source) and not _GUTTER.search(source):
        text = _TAG.sub("", source)
    text = _code_by_tree(source) if text is None or "<" in text else verbatim(unescape(text))
    return [Piece(text, "code", True, language)] if text else []


def _code_by_tree(source: str) -> str:
    tree = _tree(_NUMBER_AND_BLANK.sub("", source))
    blocks = Blocks()
    freeze_code(tree, source, blocks)
    if tree.body is None:
        return ""
    pieces = [piece.text for piece in blocks.thaw(text_of(tree.body)) if piece.kind == "code"]
    return "\n".join(pieces) if pieces else verbatim(text_of(tree.body))


def _without_numbers(source: str) -> str:
    """Take the line numbers out that stand in elements of their own before each line, whatever their class."""
    start = _START.match(source)
    if start is None or start[1].lower() != "pre":
        return source
    inner = source[start.end() :]
    found = _NUMBERED.findall(inner)
    if len(found) < MIN_NUMBERED or len(found) < len(strip_tags(inner).strip("\n").split("\n")):
        return source
    bare = _NUMBERED.sub(r"\1\3", inner)
    numbers = [int(number) for _, number, _ in found]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) or not strip_tags(bare).strip():
        return source
    return source[: start.end()] + bare


def read_table(source: str, _: Place) -> list[Piece]:
    """Read a data table: its caption as prose, then a row a line, cells joined by tabs; formulas stand in the cells."""
    tree = _tree(source)
    blocks = Blocks()
    freeze_math(tree, source, blocks)
    write_images(tree, source, blocks)
    if _CODE_BOX.search(source):
        return _cells_apart(tree, source, blocks)
    write_inline(tree, source)
    tables = select(tree, "table", 1)
    rows = rows_of(tables[0]) if tables else []
    if not rows:
        return blocks.thaw(text_of(tree.body)) if tree.body is not None else []
    listing = _listing(rows)
    if listing:
        return [Piece(listing, "code", True, code_language(source, ""))]
    title, text = table_text(tree, tables[0], rows, blocks)
    if is_one_column(text):
        return [Piece(f"{title}\n{text}".replace("\t", " ").strip())]
    return ([Piece(title + "\n")] if title and text else []) + ([Piece(text, "table", True)] if text else [])


def _cells_apart(tree: HTMLTree, source: str, blocks: Blocks) -> list[Piece]:
    """Read a table with blocks of code in it cell by cell, as a layout table is read."""
    freeze_code(tree, source, blocks)
    write_inline(tree, source)
    for cell in select(tree, "td, th, caption"):
        add_text(tree, cell, "\n")
    found = blocks.thaw(text_of(tree.body)) if tree.body is not None else []
    return [piece for piece in found if piece.verbatim or piece.text.strip()]


def _listing(rows: list[Row]) -> str | None:
    """Code of a table that is a listing: consecutive numbers beside lines, of which some are indented or end as code does."""
    if len(rows) <= MIN_NUMBERED or any(len(row) != 2 or row[0].tag == "th" for row in rows):
        return None
    numbers = [attribute(row[0], "data-line-number") or text_of(row[0]).strip() for row in rows]
    if not numbers[0].isdecimal() or numbers != [str(int(numbers[0]) + i) for i in range(len(rows))]:
        return None
    lines = [text_of(row[1]).strip("\r\n") for row in rows]
    coded = sum(_CODE_LINE.search(line) is not None for line in lines)
    return verbatim("\n".join(lines)) if 3 * coded >= len(rows) else None


def read_script(source: str, _: Place) -> list[Piece]:
    """Read ``sup`` and ``sub``: ``^{…}`` and ``_{…}``; ordinals and trade marks as text; marks of notes are nothing."""
    start = _START.match(source)
    if start is None:
        return []
    sign = "^" if start[1].lower() == "sup" else "_"
    inner = source[start.end() : max(start.end(), source.rfind("</"))]
    names = attributes(source).get("class", "") if start[2] else ""
    if "<" not in inner:
        return _script(sign, inner, names, None)
    if _RICH.search(inner):
        written = written_script(sign, "".join(piece.text for piece in _by_tree(inner)).strip())
        return [Piece(written)] if written else []
    for _level in range(MAX_NESTED):
        inner, changed = _SCRIPT.subn(_nested, inner)
        if not changed:
            break
    return _script(sign, _TAG.sub("", inner), names, _link_of(inner))


def _script(sign: str, source: str, names: str, link: tuple[str, str] | None) -> list[Piece]:
    """Write a raised or lowered text that has no more tags."""
    text = " ".join(unescape(source).split())
    if sign == "^" and is_note_mark(text, names, link):
        return []
    written = written_script(sign, text)
    return [Piece(written)] if written else []


def _nested(match: re.Match[str]) -> str:
    sign = "^" if match[1].lower() == "sup" else "_"
    return written_script(sign, " ".join(match[2].split()))


def _link_of(source: str) -> tuple[str, str] | None:
    link = _LINK.search(source)
    if link is None:
        return None
    found = attributes(link[0])
    return found.get("href", ""), found.get("role", "")


def may_be_formula(image: str) -> bool:
    """Whether the tag of a picture has anything that pictures of formulas have; false for nearly all pictures."""
    alt = unescape(_alt_of(image))
    if "\\" in image or "math" in image or "latex" in image or "mimetex" in image or "ql-img" in image or "cht=tx" in image:
        return True
    if ("tex" in image or "formula" in image) and _FORMULA_CLASS.search(image):
        return True
    return ("=" in alt or "^" in alt or "_" in alt or "{" in alt) and looks_like_latex(alt)


def _alt_of(image: str) -> str:
    match = _ALT.search(image)
    return (match[1] or match[2] or match[3] or "") if match else ""


def read_image(source: str, place: Place) -> list[Piece]:
    """Read a picture: its formula, or its alternative text where that is a phrase and may stand here."""
    if may_be_formula(source):
        found = attributes(source)
        alt, names = found.get("alt", "").strip(), found.get("class", "")
        latex = image_latex(found.get("src", ""), names, alt)
        if latex and (clean := tidy(latex)):
            own = "displayed" in names or latex.lstrip().startswith((r"\[", "$$"))
            return [_formula(clean, own or place.alone or _is_math_holder(place.holder))]
    else:
        alt = unescape(_alt_of(source))
    if not alt or not place.phrases or not is_phrase(alt) or repeats_name(alt, _source_of(source)):
        return []
    return [Piece(" ".join(alt.split()))]


def _source_of(image: str) -> str:
    match = _SRC.search(image)
    return unescape(match[1] or match[2] or match[3] or "") if match else ""


def _is_math_holder(tag: str) -> bool:
    return tag[:4].lower() == "<div" and _MATH_HOLDER.search(attributes(tag).get("class", "")) is not None


def _nothing(_: str, __: Place) -> list[Piece]:
    return []


_READERS: dict[int, Callable[[str, Place], list[Piece]]] = {
    Region.MATH: read_math,
    Region.CODE: read_code,
    Region.TABLE: read_table,
    Region.SCRIPT: read_script,
    Region.IMAGE: read_image,
    Region.RUBY: _nothing,
}
