"""Formulas of a page, each once, as LaTeX: ``$…$`` in a line, ``$$…$$`` on its own.

Rendered pages hold a formula up to four times (glyphs, MathML, an annotation, a script). The container is found, the
best source of its LaTeX is taken, the whole container is replaced, and nothing below it is looked at again.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.text.dom import attribute, put_text, select, text_of
from udfs.html.text.marks import Blocks
from udfs.html.text.mathml import to_latex

MAX_FORMULAS = 5_000
MAX_CHARACTERS = 10_000

_GATES = ("<math", "math/", "mjx-", "katex", "MathJax", "mwe-math", ":math")
_RENDERINGS = (
    ".MathJax_Preview, .MathJax, .MathJax_Display, .MathJax_SVG, .MathJax_SVG_Display, .MathJax_CHTML, .MJX_Assistive_MathML"
)
_PANDOC = "span.math.inline, span.math.display, .math-inline, .math-display"
_DISPLAYSTYLE = re.compile(r"^\{\s*\\(?:displaystyle|textstyle)\b\s*(.*)\}$", re.DOTALL)
_LAYOUT = re.compile(r"\\(?:displaystyle|textstyle|inline)(?![a-zA-Z])|\\dpi\{?\d+\}?|\\(?:bg|fn)_\w+")
_PAIRS = (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"), ("$", "$"))
_CDATA = re.compile(r"^\s*(?:%\s*)?<!\[CDATA\[(.*?)(?:%\s*)?\]\]>\s*$", re.DOTALL)


def tidy(latex: str) -> str | None:
    """Clean recovered LaTeX: layout commands, wrappers and delimiters go, white space is folded.

    Returns
    -------
    str or None
        None where nothing is left, braces do not balance or the formula is over ``MAX_CHARACTERS``.
    """
    if len(latex) > MAX_CHARACTERS:
        return None
    if cdata := _CDATA.match(latex):
        latex = cdata[1]
    latex = " ".join(latex.split())
    for opening, closing in _PAIRS:
        if len(latex) > len(opening + closing) and latex.startswith(opening) and latex.endswith(closing):
            latex = latex[len(opening) : -len(closing)].strip()
            break
    if wrapped := _DISPLAYSTYLE.match(latex):
        latex = wrapped[1]
    latex = _LAYOUT.sub("", latex).strip()
    bare = re.sub(r"\\[\\{}]", "", latex)
    return latex if latex and bare.count("{") == bare.count("}") else None


def freeze_formula(tree: HTMLTree, element: ElementNode, latex: str | None, blocks: Blocks, *, display: bool) -> bool:
    """Replace an element by a formula; False, and nothing is done, where there is no usable LaTeX."""
    clean = tidy(latex) if latex else None
    if clean is None or len(blocks.items) >= MAX_FORMULAS:
        return False
    delimiter = "$$" if display else "$"
    put_text(tree, element, blocks.freeze(f"{delimiter}{clean}{delimiter}", "math"), block=display)
    return True


def freeze_math(tree: HTMLTree, page: str, blocks: Blocks) -> None:
    """Replace every formula container of the tree by its LaTeX behind marks.

    Parameters
    ----------
    tree : HTMLTree
        The page, changed in place.
    page : str
        Its source, searched for the names that formula markup needs.
    blocks : Blocks
        Where the formulas are kept.
    """
    if any(gate in page for gate in _GATES):
        _scripts(tree, blocks)
        for element in select(tree, ".mwe-math-element"):
            image = element.query_selector("img")
            names = attribute(element, "class") + (attribute(image, "class") if image else "")
            latex = _annotation(element) or (attribute(image, "alt") if image else "")
            freeze_formula(tree, element, latex, blocks, display=bool(re.search("-(?:display|block)", names)))
        for element in select(tree, ".katex"):
            above = element.parent_element
            shown = above is not None and "katex-display" in attribute(above, "class")
            math = element.query_selector("math")
            shown = shown or (math is not None and attribute(math, "display") == "block")
            freeze_formula(tree, element, _annotation(element) or _attribute_above(element), blocks, display=shown)
        _mathjax(tree, blocks)
        _mathml(tree, blocks)
    if "math" in page:
        _pandoc(tree, blocks)


def _scripts(tree: HTMLTree, blocks: Blocks) -> None:
    """MathJax 2: the script holds the LaTeX, everything else on the page is a rendering of it."""
    scripts = select(tree, 'script[type^="math/tex"], script[type^="math/mml"]')
    if not scripts:
        return
    for element in select(tree, _RENDERINGS):
        if element.parent is not None and element.query_selector('script[type^="math/"]') is None:
            element.remove()
    for script in scripts:
        kind, source = attribute(script, "type"), text_of(script)
        if kind.startswith("math/mml"):
            math = HTMLTree.parse(source)
            _mathml_of(tree, script, math, blocks)
        else:
            freeze_formula(tree, script, source, blocks, display="mode=display" in kind)


def _mathjax(tree: HTMLTree, blocks: Blocks) -> None:
    for element in select(tree, "mjx-container"):
        math = element.query_selector("mjx-assistive-mml math")
        latex = attribute(element, "data-latex") or (_from_mathml(math) if math else None)
        freeze_formula(tree, element, latex, blocks, display=attribute(element, "display") == "true")
    for element in select(tree, ".MathJax[data-mathml]"):
        _mathml_of(tree, element, HTMLTree.parse(attribute(element, "data-mathml")), blocks)


def _mathml_of(tree: HTMLTree, element: ElementNode, source: HTMLTree, blocks: Blocks) -> None:
    for math in select(source, "math")[:1]:
        freeze_formula(tree, element, _from_mathml(math), blocks, display=attribute(math, "display") == "block")


def _mathml(tree: HTMLTree, blocks: Blocks) -> None:
    for math in select(tree, "math, m\\:math, mml\\:math"):
        shown = "block" in attribute(math, "display") or attribute(math, "mode") == "display"
        freeze_formula(tree, math, _from_mathml(math), blocks, display=shown)


def _pandoc(tree: HTMLTree, blocks: Blocks) -> None:
    """Wrap ``span.math`` of pandoc; text that brings its own delimiters stays as written."""
    for element in select(tree, _PANDOC):
        source = text_of(element).strip()
        if source and not source.startswith(("$", "\\(", "\\[", "\\begin")) and re.search(r"[\\^_=]|^\w$", source):
            freeze_formula(tree, element, source, blocks, display="display" in attribute(element, "class"))


def _from_mathml(math: ElementNode) -> str | None:
    return _annotation(math) or attribute(math, "data-latex") or to_latex(math)


def _annotation(element: ElementNode) -> str | None:
    """LaTeX that stands in the MathML of an element: its annotation, else its alternative text."""
    for annotation in select(element, "annotation"):
        if "tex" in attribute(annotation, "encoding").lower():
            return text_of(annotation)
    math = element if (element.tag or "").endswith("math") else element.query_selector("math")
    return (attribute(math, "alttext") or None) if math is not None else None


def _attribute_above(element: ElementNode) -> str | None:
    holder = element.closest("[data-latex], [data-expr]")
    return (attribute(holder, "data-latex") or attribute(holder, "data-expr")) if holder is not None else None


_MATH_CLASS = re.compile(r"(?:^|\s)(?:latex|math|tex|formula|mwe-math-fallback-image-\w+)(?:\s|$)")
_QUERY_SERVICES = re.compile(r"latex\.codecogs\.com|mathtex\.cgi|mimetex")


def image_latex(source: str, names: str, alt: str) -> str | None:
    """LaTeX of a picture of a formula, from its address, class or alternative text; None for other pictures."""
    if "latex.php?" in source:
        query = re.search(r"[?&;]latex=([^&]*)", source)
        return unquote_plus(query[1]) if query else alt or None
    if _QUERY_SERVICES.search(source):
        return unquote(source.partition("?")[2].replace("&space;", " "))
    if "chart.googleapis.com" in source and "cht=tx" in source:
        query = re.search(r"[?&;]chl=([^&]*)", source)
        return unquote(query[1]) if query else None
    if "ql-img-" in names or _MATH_CLASS.search(names) or "_images/math" in source or "/math/" in source:
        return alt or None
    return alt if looks_like_latex(alt) else None


_NO_FORMULA = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|avif|tiff?|bmp|pdf|html?|php|aspx?)(?:[?#]\S*)?\s*\Z"  # file names
    r"|://|^\s*www\.|[?&][\w\[\]]{2,40}=|^\s*[A-Za-z]:\\"  # addresses, paths
    r"|^\s*:[\w+-]+:\s*\Z|\{\{[^\\{}]*\}\}|^[^=^_\\]*\Z",  # emoji, templates, braces alone
    re.IGNORECASE,
)
_NAME = re.compile(r"[\w.:,@%~/-]*[^\W\d_]{3}[\w.:,@%~/-]*")
_INDEXED = re.compile(r"(?<!\w)[^\W\d_]_\w")


def looks_like_latex(text: str) -> bool:
    """Whether an alternative text is a formula: a command, a script in braces, or signs and no sentence, name or address."""
    if _NO_FORMULA.search(text):
        return False
    if re.search(r"\\[a-zA-Z]{2,}|[\^_]\{", text):
        return True
    if len(re.findall(r"[=^_\\{}]", text)) < 2 or re.search(r"[A-Za-z]{3,} [A-Za-z]{3,}", text):
        return False
    if not re.search(r"[=^\\{}]", text):
        # Names are joined by "_" too; only a single letter has an index.
        return _INDEXED.search(text) is not None and _NAME.fullmatch(text.strip()) is None
    return any(character.isalnum() for character in text)
