"""Code of a page, verbatim: gutters, prompts of notebooks and copy buttons go, nothing else does."""

from __future__ import annotations

import re

from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.code_languages import ATTRIBUTES, of_element
from udfs.html.text.dom import attribute, drop, older, put_pre, select, text_of
from udfs.html.text.marks import Blocks

MAX_BLOCK = 1_000_000
"""Characters of one block; the rest is cut."""
MAX_BR_BLOCKS = 500
_BREAK = "\x0b"
"""What stands for a ``br`` for a while."""
MAX_INNER = 4
"""Elements in a block of code that may state its language."""
WRAPPERS = 3
"""Elements around a block of code that may state its language."""

_NOTEBOOK = '[class*="jp-Cell"], [class*="jp-Input"], [class*="jp-Output"], [class*="jp-Rendered"], [class*="jp-CodeMirror"]'

_CHROME = (
    ".code-toolbar .toolbar, .syntaxhighlighter .toolbar, .gist-meta, .crayon-toolbar, .jp-InputPrompt, .jp-OutputPrompt, "
    "div.prompt, div[class*=language-] > span.lang, .highlight button, pre button, pre .copy, pre .toolbar"
)
_NUMBERS = (
    "pre .linenos, pre .lineno, pre a.linenos, pre .line-number, pre .line-numbers-rows, pre .lnt, pre span.ln, "
    "pre .gutter, div.fragment .lineno, div.fragment .ttc, pre .hljs-ln-numbers, pre textarea"
)
_PRE_TABLES = "table.highlighttable, table.codehilitetable, table.rouge-table, table.lntable"
_LINE_CONTAINERS = (
    ("table.hljs-ln", "td.hljs-ln-code"),
    ("table.js-file-line-container, .blob-wrapper table", "td.blob-code"),
    (".syntaxhighlighter", "td.code .line"),
    ("div.fragment", "div.line"),
    (".mw-geshi ol, pre ol", "li > div.de1"),
    (".CodeMirror", ".CodeMirror-line"),
    (".ace_editor", ".ace_line"),
    (".monaco-editor", ".view-line"),
)
_BR_CODE = "code br, tt br, samp br, div.code br, div.codeblock br"
_BR_OWNER = "code, tt, samp, div.code, div.codeblock"
_LINE_END = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_INDENT = re.compile(r"^[ \t]*[\r\n]+[ \t\r\n]*")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\x00]")


def verbatim(text: str) -> str:
    """Normalise code: line ends, no-break blanks, trailing blanks of lines, outer blank lines; nothing else."""
    text = _INVISIBLE.sub("", text[:MAX_BLOCK].replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " "))
    text = text.replace("\x0b", "\n").replace("\x0c", "\n")
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    first = next((i for i, line in enumerate(lines) if line), len(lines))
    return "\n".join(lines[first:])


def freeze_code(tree: HTMLTree, page: str, blocks: Blocks) -> None:
    """Put every code block of the tree behind marks.

    Parameters
    ----------
    tree : HTMLTree
        The page, changed in place.
    page : str
        Its source, searched for the names that some containers need.
    blocks : Blocks
        Where the blocks are kept.
    """
    drop(tree, _CHROME)
    drop(tree, _NUMBERS)
    if "jp-" in page:
        # Engines take these class names for those of a plug-in that lists related posts.
        for cell in select(tree, _NOTEBOOK):
            cell.delattr("class")
    _tables_of_lines(tree, page, blocks)
    for pre in select(tree, "pre, xmp, listing, plaintext"):
        if pre.parent is not None and pre.closest("pre pre, td pre pre") is None:
            _freeze(pre, _pre_text(tree, pre), blocks)
    _broken_lines(tree, blocks)


def _tables_of_lines(tree: HTMLTree, page: str, blocks: Blocks) -> None:
    """Containers that hold code line by line, or beside a column of numbers, become one ``pre``."""
    if "crayon-" in page:
        for box in select(tree, ".crayon-syntax"):
            plain = box.query_selector("textarea.crayon-plain")
            lines = [plain] if plain is not None else select(box, ".crayon-line")
            _replace(tree, box, [text_of(line) for line in lines], blocks)
    for table in select(tree, _PRE_TABLES):
        bodies = select(table, "td.code pre, td.rouge-code pre") or select(table, "td:last-child pre")
        if bodies:
            _replace(tree, table, [_pre_text(tree, bodies[-1])], blocks)
    for container, line in _LINE_CONTAINERS:
        for box in select(tree, container):
            _replace(tree, box, [text_of(row).strip("\n") for row in select(box, line)], blocks)


def _replace(tree: HTMLTree, box: ElementNode, lines: list[str], blocks: Blocks) -> None:
    text = verbatim("\n".join(lines))
    if text:
        outer = box.closest("pre")
        put_pre(tree, outer if outer is not None else box, blocks.freeze(text, "code", language_of(box)))


def _freeze(element: ElementNode, text: str, blocks: Blocks) -> None:
    text = verbatim(blocks.plain(text))
    if text:
        element.text = blocks.freeze(text, "code", language_of(element))


def language_of(element: ElementNode) -> str | None:
    """Return the language that a block of code states: in what it holds, itself, or what is around it, the nearest first."""
    for inner in (*select(element, "code, pre", MAX_INNER)[::-1], element):
        if found := of_element({name: attribute(inner, name) for name in ATTRIBUTES}):
            return found
    for outer in older(element, WRAPPERS):
        if found := of_element({name: attribute(outer, name) for name in ATTRIBUTES}, sure=False):
            return found
    return None


def _pre_text(tree: HTMLTree, pre: ElementNode) -> str:
    """Text of a preformatted element: ``br`` is a line end, and so is the end of a ``div`` where nothing else is."""
    if _frozen(pre):
        return ""
    for mark in select(pre, "br"):
        after = mark.next_sibling
        follows = after is not None and text_of(after).startswith("\n") if after is not None else False
        node = tree.create_text_node("" if follows else "\n")
        if node is not None:
            mark.replace_with(node)
    text = text_of(pre)
    if "\n" not in text.strip("\n"):
        rows = select(pre, "div")
        if len(rows) > 1 and sum(len(text_of(row)) for row in rows) == len(text):
            return "\n".join(text_of(row) for row in rows)
    return text


def _br_text(tree: HTMLTree, owner: ElementNode) -> str:
    """Text of an inline element with ``br``: line ends of the source are blanks, and its indentation is nothing.

    Where the source has more lines than its ``br`` make, a style sheet keeps them, as in ``pre``.
    """
    if _frozen(owner):
        return ""
    for mark in select(owner, "br"):
        node = tree.create_text_node(_BREAK)
        if node is not None:
            mark.replace_with(node)
    lines = text_of(owner).split(_BREAK)
    if sum(line.strip().count("\n") for line in lines) >= len(lines):
        return _BREAK.join(lines).replace(_BREAK + "\n", "\n").replace(_BREAK, "\n")
    return "\n".join(_LINE_END.sub(" ", _INDENT.sub("", line)) for line in lines)


def _frozen(element: ElementNode) -> bool:
    """Whether the element's text is behind marks already, as a whole."""
    text = text_of(element).strip()
    return text.startswith("\U0010ff00") and text.endswith("\U0010ff02") and element.child_element_count == 0


def _broken_lines(tree: HTMLTree, blocks: Blocks) -> None:
    """Inline code elements whose lines end in ``br`` are blocks of code."""
    body = tree.body
    for _ in range(MAX_BR_BLOCKS):
        mark = body.query_selector(_BR_CODE) if body is not None else None
        owner = mark.closest(_BR_OWNER) if mark is not None else None
        if owner is None:
            return
        outer = owner.parent_element
        if outer is not None and "code" in attribute(outer, "class") and outer.child_element_count == 1:
            owner = outer
        text = verbatim(blocks.plain(_br_text(tree, owner)))
        put_pre(tree, owner, blocks.freeze(text, "code", language_of(owner)) if text else "")
