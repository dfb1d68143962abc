"""Data tables of a page as text: a row a line, cells joined by tabs; layout tables are left to the engine."""

from __future__ import annotations

import re
import statistics

from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.text.dom import add_text, attribute, drop, put_pre, put_text, select, text_of
from udfs.html.text.marks import Blocks

MAX_TABLES = 2_000
MAX_ROWS = 2_000
MAX_COLUMNS = 200
MAX_CELL = 60
"""Median characters of a cell in a table that nothing else marks as data."""

_LAYOUT = "table, pre, form, input, select, textarea, iframe, article, section, h1, h2, h3"
_DATA = "th, caption, thead, [scope]"
_DATA_CLASS = re.compile(r"wikitable|datatable|infobox|docutils|table-bordered|table-striped", re.IGNORECASE)
_CHROME = "nav, header, footer, [role=navigation], .navheader, .navfooter"
_BREAKS = "br, p, div, li, dt, dd"

Row = list[ElementNode]


def freeze_tables(tree: HTMLTree, page: str, blocks: Blocks) -> None:
    """Put every data table of the tree behind marks.

    Parameters
    ----------
    tree : HTMLTree
        The page, changed in place.
    page : str
        Its source; nothing is done where it has no table.
    blocks : Blocks
        Where the tables are kept.
    """
    if "<table" not in page and "<TABLE" not in page:
        return
    for table in select(tree, "table", MAX_TABLES):
        if table.parent is None or table.query_selector(_LAYOUT) is not None:
            continue
        rows = rows_of(table)
        if not is_data(table, rows) or table.closest(_CHROME) is not None:
            continue
        title, text = table_text(tree, table, rows, blocks)
        if is_one_column(text):
            put_text(tree, table, f"{title}\n{text}".replace("\t", " "), block=True)
        elif text:
            put_pre(tree, table, (title + "\n" if title else "") + blocks.freeze(text, "table"))


def rows_of(table: ElementNode) -> list[Row]:
    """Rows of a table that have cells, and their cells, up to the limits."""
    rows = [select(row, "td, th") for row in select(table, "tr", MAX_ROWS)]
    return [row[:MAX_COLUMNS] for row in rows if row]


def table_text(tree: HTMLTree, table: ElementNode, rows: list[Row], blocks: Blocks) -> tuple[str, str]:
    """Return the caption and the lines of a table; the tree is changed. Empty where no cell holds anything."""
    caption = table.query_selector("caption")
    title = " ".join(text_of(caption).split()) if caption is not None else ""
    for element in select(table, _BREAKS):
        add_text(tree, element, " ") if element.tag != "br" else _blank(tree, element)
    drop(table, "script, style")
    text = "\n".join(grid(rows, blocks))
    return title, text if text.strip() else ""


def is_one_column(text: str) -> bool:
    """Whether of the columns of a table only one holds anything, as where a picture stands beside a note."""
    filled = {column for line in text.split("\n") for column, cell in enumerate(line.split("\t")) if cell.strip()}
    return "\t" in text and len(filled) == 1


def is_data(table: ElementNode, rows: list[Row]) -> bool:
    """Whether a table without nested blocks holds data and not a page's layout (rules of the structure notes, 7)."""
    if len(rows) < 2 or max(len(row) for row in rows) < 2 or attribute(table, "role") in ("presentation", "none"):
        return False
    texts = [text_of(cell) for row in rows for cell in row]
    total = sum(map(len, texts))
    linked = sum(len(text_of(link)) for link in select(table, "a[href]"))
    if table.query_selector(_DATA) is not None or _DATA_CLASS.search(attribute(table, "class")):
        return True
    if linked > 0.6 * total or "valign" in attribute(table, "width"):
        return False
    return len(rows) >= 3 and len({len(row) for row in rows}) == 1 and statistics.median(map(len, texts)) <= MAX_CELL


def grid(rows: list[Row], blocks: Blocks) -> list[str]:
    """Lines of a table; what spans columns or rows stands once, and empty cells keep the columns in line."""
    lines: list[str] = []
    pending: dict[int, int] = {}
    for row in rows:
        cells: list[str] = []
        for cell in row:
            _fill(cells, pending)
            text = " ".join(blocks.plain(text_of(cell)).split())
            width, height = _size(cell, "colspan"), _size(cell, "rowspan")
            for column in range(len(cells), len(cells) + width):
                if height > 1:
                    pending[column] = height - 1
            cells += [text] + [""] * (width - 1)
        _fill(cells, pending)
        lines.append("\t".join(cells[:MAX_COLUMNS]))
    return lines


def _fill(cells: list[str], pending: dict[int, int]) -> None:
    while pending.get(len(cells), 0) and len(cells) < MAX_COLUMNS:
        pending[len(cells)] -= 1
        cells.append("")


def _size(cell: ElementNode, name: str) -> int:
    value = attribute(cell, name).strip()
    return min(int(value), MAX_COLUMNS) if value.isascii() and value.isdigit() and len(value) < 6 and int(value) else 1


def _blank(tree: HTMLTree, element: ElementNode) -> None:
    node = tree.create_text_node(" ")
    if node is not None:
        element.replace_with(node)
