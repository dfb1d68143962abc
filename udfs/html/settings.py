"""How pages are read, and what reading gives, whoever reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from udfs.spans import Part, Span

Engine = Literal["woolmill", "resiliparse", "trafilatura"]
"""Who chooses a page's main content: the block model of this package, or one of two public extractors."""
Choice = Literal["keep", "drop", "auto"]
PageKind = Literal["article", "documentation", "service", "forum", "collection", "listing", "product", "other"]
TextSource = Literal["elements", "linked_data", "state", "noscript", "template", "frameset"]


@dataclass(frozen=True, slots=True)
class HtmlSettings:
    """How pages are read.

    Parameters
    ----------
    engine : {"woolmill", "resiliparse", "trafilatura"}
        Who chooses the main content.
    comments : {"keep", "drop", "auto"}
        Readers' comments; ``auto`` drops them unless the page consists of them.
    title, captions, bylines, tables : {"keep", "drop", "auto"}
        The headline of the page, captions of pictures, lines that name author and date, data tables; ``auto`` leaves each block
        to the model. Only for engine ``woolmill``.
    alt_texts : bool
        Whether alternative texts of pictures that say something are text (Llama 3 keeps them, section 3.1.1).
    max_page_bytes : int
        Bytes (characters of a decoded page) above which a page is rejected.
    max_depth : int
        Open elements above which a page is rejected by the engines that build a tree.
    """

    engine: Engine = "woolmill"
    comments: Choice = "auto"
    title: Choice = "auto"
    captions: Choice = "auto"
    bylines: Choice = "auto"
    tables: Choice = "auto"
    alt_texts: bool = True
    max_page_bytes: int = 10_000_000
    max_depth: int = 2_000


class StatedKind(NamedTuple):
    """The kind that a page's markup states (``other``: none), and whether that is to be relied on."""

    kind: PageKind
    sure: bool = True


class Main(NamedTuple):
    """The main content of a page.

    Parameters
    ----------
    text : str
        Plain text.
    spans : tuple of Span
        Code, mathematics and tables in it.
    outline : tuple of Part
        Lists and alternative texts in it.
    n_links : int
        Links in the whole page.
    link_chars : int
        Characters of the text that stand in links.
    kind : str
        What kind of page it is.
    confidence : float or None
        F1 that the choice of blocks is expected to have, 0 to 1; None from engines that do not say.
    text_source : str
        Where the text was found: in the page's ``elements``, or in data that it carries (`udfs.html.data_text`).
    """

    text: str
    spans: tuple[Span, ...]
    outline: tuple[Part, ...]
    n_links: int
    link_chars: int
    kind: PageKind
    confidence: float | None
    text_source: TextSource
