"""Blocks of a kind that the settings keep or drop whatever the model says: comments, headline, captions, bylines, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from udfs.html.page.layout import Block, BlockFlag, PageTables, Region
from udfs.html.page.vocabulary import Kind, Meaning, Tag
from udfs.html.settings import HtmlSettings

Flags = NDArray[np.bool_]

LINE = 160
"""Characters of the longest byline."""
AROUND = 8
"""Blocks before and after the kept ones in which a kind that is to be kept is looked for."""


def chosen(tables: PageTables, keep: Flags, settings: HtmlSettings) -> Flags:
    """Return which blocks are kept when the settings have their way.

    Parameters
    ----------
    tables : PageTables
        The scanned page.
    keep : ndarray of bool, (n_blocks,)
        What the model keeps.
    settings : HtmlSettings
        ``keep`` adds the blocks of a kind among the kept ones and shortly before and after them; comments wherever they are.

    Returns
    -------
    ndarray of bool, (n_blocks,)
    """
    for name, role in _ROLES.items():
        choice = getattr(settings, name)
        if choice == "drop":
            keep = keep & ~role(tables)
        elif choice == "keep":
            keep = keep | (role(tables) & (_near(keep) if name != "comments" else True))
    return keep


def comments(tables: PageTables) -> Flags:
    """Find the blocks inside an element whose names say that it holds comments."""
    return _means(tables, Meaning.COMMENT)


def title(tables: PageTables) -> Flags:
    """Find the headline: ``h1``, or a heading before all text that says what the page's title says."""
    blocks = tables.blocks
    heading = _is(tables, Kind.HEADING) & (blocks[:, Block.TITLE_WORDS] >= 3)
    return np.asarray((blocks[:, Block.TAG] == Tag.H1) | (heading & (2 * blocks[:, Block.TITLE_WORDS] > blocks[:, Block.WORDS])))


def captions(tables: PageTables) -> Flags:
    """Find captions of pictures, by their element or its names."""
    return _is(tables, Kind.FIGCAPTION) | (_means(tables, Meaning.CAPTION | Meaning.CREDIT) & _short(tables))


def bylines(tables: PageTables) -> Flags:
    """Find short lines inside elements that are named for author, date or both."""
    return _means(tables, Meaning.BYLINE | Meaning.AUTHOR | Meaning.DATE) & _short(tables)


def data_tables(tables: PageTables) -> Flags:
    """Find the blocks that are a data table."""
    found = np.zeros(len(tables.blocks), np.bool_)
    found[tables.regions[tables.regions[:, 0] == Region.TABLE, 3]] = True
    return np.asarray(found & ((tables.blocks[:, Block.FLAGS] & int(BlockFlag.REGION)) != 0))


_ROLES: Mapping[str, Callable[[PageTables], Flags]] = {
    "comments": comments,
    "title": title,
    "captions": captions,
    "bylines": bylines,
    "tables": data_tables,
}


def _is(tables: PageTables, kinds: Kind) -> Flags:
    return np.asarray((tables.bits[:, 0] & np.uint64(int(kinds))) != 0)


def _means(tables: PageTables, meanings: int) -> Flags:
    return np.asarray((tables.bits[:, 1] & np.uint64(int(meanings))) != 0)


def _short(tables: PageTables) -> Flags:
    return np.asarray(tables.blocks[:, Block.CHARS] <= LINE)


def _near(keep: Flags) -> Flags:
    """Mark the blocks from shortly before the first kept one to shortly after the last."""
    near = np.zeros(len(keep), np.bool_)
    kept = np.flatnonzero(keep)
    if len(kept):
        near[max(0, kept[0] - AROUND) : kept[-1] + AROUND + 1] = True
    return near
