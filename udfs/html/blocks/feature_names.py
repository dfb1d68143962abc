"""The columns of a block that the block model reads, by name.

Each group is a named tuple whose fields hold the numbers of its columns: ``x[block, OWN.links]``. Compiled code reads them as
constants. Some two hundred more columns were measured and gave nothing out of fold beside these: other numbers of the block,
words of its own kind as columns, all other bits, more of the neighbours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from udfs.html.page.vocabulary import Kind, Meaning


class Own(NamedTuple):
    """What a block itself shows. Shares are of its characters, logarithms of one plus the number."""

    length: int
    words: int
    link_share: int
    links: int
    stops: int
    punctuation: int
    depth: int
    code: int
    hidden: int
    linked: int
    first: int
    last: int
    rank: int
    heading: int
    division: int
    title_share: int
    copies: int
    copy: int
    markup: int


class Place(NamedTuple):
    """Where in the page the block stands: shares of blocks, bytes and text, distances, headings, articles, comments."""

    share: int
    number: int
    from_end: int
    before: int
    good_before: int
    good_after: int
    byte: int
    h1: int
    title: int
    heading: int
    since_heading: int
    under_heading: int
    h1_total: int
    article_total: int
    article_before: int
    article_share: int
    comment_scope: int
    comment_share: int
    comment_after: int
    comment_count: int
    hidden_share: int


class Make(NamedTuple):
    """The block among those of one make: blocks, share of text, mean length, links and words' answer, spread over the page."""

    blocks: int
    share: int
    length: int
    links: int
    words: int
    spread: int


class Siblings(NamedTuple):
    """Repetition around the block's element: children of its parent, those of its tag; the same one level up."""

    all: int
    same: int
    above: int
    same_above: int


class Level(NamedTuple):
    """One element above the block."""

    share: int
    link_share: int
    blocks: int
    density: int
    score: int
    words: int
    names: int
    f1: int


class Near(NamedTuple):
    """One block before or after."""

    length: int
    rank: int
    words: int
    names: int


class Window(NamedTuple):
    """Means over the blocks around; ``before`` and ``after``: of names and words together, on one side."""

    link_share: int
    good: int
    words: int
    names: int
    before: int
    after: int


class Learned(NamedTuple):
    """Answers of the linear models, alone, summed, and beside those of the page."""

    names: int
    words: int
    headings: int
    both: int
    all: int
    heading_words: int
    heading_names: int
    names_above_mean: int
    words_above_mean: int
    names_below_best: int
    parent_below_best: int
    grand_below_best: int


class Whole(NamedTuple):
    """The page, the same for all of its blocks."""

    blocks: int
    length: int
    link_share: int
    good: int
    longest: int
    paragraphs: int
    headings: int
    items: int
    best: int
    comments: int
    prices: int
    dates: int
    names: int
    words: int
    certain: int
    f1: int


LEVELS: Final = 7
NEIGHBOURS: Final = (-3, -2, -1, 1, 2, 3)
WINDOWS: Final = (2, 6, 15)
KINDS: Final = (Kind.NAV, Kind.ASIDE, Kind.FOOTER, Kind.MAIN, Kind.FIGCAPTION, Kind.UL, Kind.HEADING, Kind.ROLE_MAIN)
MEANINGS: Final = (Meaning.RELATED, Meaning.COMMENT, Meaning.MODAL, Meaning.CARD)

_WIDTHS: Final = (
    len(Own._fields),
    len(Place._fields),
    len(KINDS) + len(MEANINGS),
    2 * len(Make._fields),
    len(Siblings._fields),
    LEVELS * len(Level._fields),
    len(NEIGHBOURS) * len(Near._fields),
    len(WINDOWS) * len(Window._fields),
    len(Learned._fields),
    len(Whole._fields),
)
_AT: Final = tuple(sum(_WIDTHS[:k]) for k in range(len(_WIDTHS) + 1))

OWN: Final = Own(*range(_AT[0], _AT[1]))
PLACE: Final = Place(*range(_AT[1], _AT[2]))
BITS: Final = _AT[2]
"""First of the columns of `KINDS` and then `MEANINGS`."""
MAKE: Final = _AT[3]
"""First of two times `Make`: blocks whose last four tags are the same, blocks whose last two tags and names are the same."""
SIBLINGS: Final = Siblings(*range(_AT[4], _AT[5]))
LEVEL: Final = Level(*range(_AT[5], _AT[5] + len(Level._fields)))
"""Columns of the block's own element; those of the next one up begin ``len(LEVEL)`` later."""
NEAR: Final = Near(*range(_AT[6], _AT[6] + len(Near._fields)))
"""Columns of the first of `NEIGHBOURS`."""
WINDOW: Final = Window(*range(_AT[7], _AT[7] + len(Window._fields)))
"""Columns of the first of `WINDOWS`."""
LEARNED: Final = Learned(*range(_AT[8], _AT[9]))
WHOLE: Final = Whole(*range(_AT[9], _AT[10]))
N_COLUMNS: Final = _AT[10]


def column_names() -> tuple[str, ...]:
    """Name of each column, ``group.field``."""
    names = [f"own.{name}" for name in Own._fields] + [f"place.{name}" for name in Place._fields]
    names += [f"kind.{kind.name}" for kind in KINDS] + [f"meaning.{meaning.name}" for meaning in MEANINGS]
    names += [f"{by}.{name}" for by in ("path", "named") for name in Make._fields]
    names += [f"siblings.{name}" for name in Siblings._fields]
    names += [f"level{level}.{name}" for level in range(LEVELS) for name in Level._fields]
    names += [f"near{shift:+d}.{name}" for shift in NEIGHBOURS for name in Near._fields]
    names += [f"window{width}.{name}" for width in WINDOWS for name in Window._fields]
    return (*names, *(f"learned.{name}" for name in Learned._fields), *(f"whole.{name}" for name in Whole._fields))
