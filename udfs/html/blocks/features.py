"""A page's tables as what its models read: columns of each block and statistics of the page, in one compiled call.

The columns follow what made block classifiers good since Kohlschütter et al. (2010): length, density of links, and the same of
the neighbours; to them come the place in the page, the repetition of the same make, the elements above, Readability's score of
those, and the answers of two linear models (`udfs.html.blocks.linear`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.html.blocks.feature_blocks import bit_columns, copy_columns, learned_columns, near_columns, own_columns, window_columns
from udfs.html.blocks.feature_elements import describe_elements, level_columns, make_columns, makes, sibling_columns
from udfs.html.blocks.feature_names import MAKE, N_COLUMNS, Make
from udfs.html.blocks.feature_scopes import article_columns, comment_columns, heading_columns, place_columns
from udfs.html.blocks.linear import Linear
from udfs.html.blocks.measures import Array, add_up, measure
from udfs.html.blocks.page_features import N_PAGE, find_patterns, page_vector, whole_columns
from udfs.html.compiled import entry
from udfs.html.page.layout import PADDING, PageTables

_N_MAKE = len(Make._fields)


class Features(NamedTuple):
    """What the models read.

    Parameters
    ----------
    blocks : ndarray of float32, (n_blocks, N_COLUMNS)
        Named by `udfs.html.blocks.feature_names.column_names`; no NaN.
    page : ndarray of float32, (N_PAGE,)
        Named by `udfs.html.blocks.page_features.page_names`; zeros for a page without blocks.
    """

    blocks: NDArray[np.float32]
    page: NDArray[np.float32]


@entry
def compute(t: PageTables, linear: Linear) -> tuple[Array, Array]:
    """Return the columns and the statistics of a page; the compiled form of `features`.

    The columns lie one after the other, not the blocks: the trees read them so.
    """
    n = t.blocks.shape[0]
    x, page = np.zeros((N_COLUMNS, n), np.float32).T, np.zeros(N_PAGE, np.float32)
    if n == 0:
        return x, page
    m = measure(t.blocks, t.elements, t.names, t.words, linear)
    sums = add_up(m)
    own_columns(t.blocks, m, x)
    bit_columns(t.bits, x)
    copy_columns(t.hashes, x)
    place_columns(t.blocks, m, sums, t.source.shape[0] - PADDING, x)
    heading_columns(t.blocks, m, sums, x)
    articles = article_columns(t.blocks, t.elements, sums, x)
    comments = comment_columns(t.blocks, t.elements, t.names, sums, x)
    total: Any = max(1.0, sums.length[n])
    paths, named = makes(t.blocks, t.elements, t.names)
    make_columns(paths, m, total, MAKE, x)
    make_columns(named, m, total, MAKE + _N_MAKE, x)
    sibling_columns(t.blocks, t.elements, x)
    table, top = describe_elements(t.blocks, t.elements, sums, m)
    learned_columns(m, sums, x)
    level_columns(t.blocks, t.elements, table, x)
    near_columns(t.blocks, m, x)
    window_columns(sums, n, x)
    found = find_patterns(t.source, t.blocks, t.pieces)
    whole_columns(t.blocks, m, sums, table, top, comments, found, x)
    page_vector(t, m, found, articles, x, page)
    return x, page


def features(tables: PageTables, linear: Linear) -> Features:
    """Describe a page's blocks and the page.

    Parameters
    ----------
    tables : PageTables
        The scanned page.
    linear : Linear
        The linear models whose answers are columns.

    Returns
    -------
    Features
    """
    return Features(*compute(tables, linear))
