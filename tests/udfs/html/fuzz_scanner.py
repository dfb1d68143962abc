"""Throw damaged pages at the scanner: ``python tests/udfs/html/fuzz_scanner.py [CASES [SEED]]``; exit 1 on a fault.

Run it with ``NUMBA_BOUNDSCHECK=1`` and a ``NUMBA_CACHE_DIR`` of its own: compiled code checks no bounds otherwise, and what was
compiled without the checks stays without them.
"""

from __future__ import annotations

import random
import sys
import traceback
from collections.abc import Iterator

import numpy as np

from udfs.html.page.layout import Block, Element, PageTables, Piece
from udfs.html.page.scanner import scan, text_of_block

TAG_NAMES = (
    "p div table tr td th tbody thead caption colgroup col ul ol li dl dt dd a b span code pre sup sub br hr img svg math select "
    "option textarea script style title template object button form h1 h2 h3 section article x-y mjx-container noscript iframe "
    "ruby rt rp tt samp video foreignobject plaintext xmp html head body meta link base time details summary fieldset legend font"
)
TAGS = TAG_NAMES.split()
ATTRIBUTES = (
    'class="code"', 'class="katex a bC"', 'class="math inline"', "class=fragment",
    'class="hljs-ln"', "hidden", "aria-hidden=true",
    'style="color:red;display : none"', "id=main", 'role="navigation"', "itemprop=articleBody itemtype=x", "href=x rel=license",
    'alt="x y"', "src='latex.php?x'", "type=math/tex", 'type="application/ld+json"', "datetime=1", "scope=row", 'class="wikitable"',
    "a", "a=", 'a="', "a='", "=", '""', "/",
)  # fmt: skip
TEXTS = (
    "x", "word two", " ", "\n\t", "&amp;", "&#8212;", "&nbsp", "&", "é", "漢字かな", "ไทย", "\u00ad", "\u200b", "\0", "<", "</", "<!",
    "<!--", "-->", "--!>", "<!doctype html>", "<![CDATA[", "]]>", "<?", ">", '"', "'", "1,2.3!", "，。",
    "</ ", "<3", "\x80", "\U0001f600",
)  # fmt: skip


def soup(chance: random.Random) -> bytes:
    """Tags, ends of tags, attributes and texts in any order."""
    parts: list[str] = []
    favourites = chance.sample(TAGS, chance.randint(1, 12))
    for _ in range(chance.choice((3, 10, 40, 200))):
        kind = chance.random()
        tag = chance.choice(favourites if chance.random() < 0.8 else TAGS)
        if kind < 0.35:
            attributes = "".join(" " + chance.choice(ATTRIBUTES) for _ in range(chance.choice((0, 0, 0, 1, 2))))
            parts.append(f"<{tag}{attributes}>")
        elif kind < 0.6:
            parts.append(f"</{tag}>")
        else:
            parts.append(chance.choice(TEXTS))
    return "".join(parts).encode("utf-8", "surrogatepass")


def damaged(page: bytes, chance: random.Random) -> bytes:
    """Cut, doubled, swapped and overwritten bytes of a page."""
    data = bytearray(page)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            del data[at : at + chance.choice((1, 5, 50))]
        elif kind == 1:
            data[at:at] = data[at : at + chance.choice((1, 20, 200))]
        elif kind == 2:
            data[at:at] = bytes(chance.choice(b"<>&'\"/=- \0\xff\xe2ap") for _ in range(chance.randint(1, 4)))
        else:
            data = data[: max(at, len(data) - 40)]
    return bytes(data)


def cases(count: int, seed: int) -> Iterator[bytes]:
    """Seeded pages: soup, and soup that was damaged."""
    chance = random.Random(seed)
    for number in range(count):
        page = soup(chance)
        yield page if number % 3 else damaged(page, chance)


def check(page: bytes, tables: PageTables) -> None:
    """Raise AssertionError where the tables contradict themselves or each other."""
    size = len(page)
    blocks, elements, pieces = tables.blocks, tables.elements, tables.pieces
    assert len(tables.bits) == len(blocks) == len(tables.hashes)
    for column, rows in ((Block.PIECE, len(pieces)), (Block.WORD, len(tables.words))):
        assert (np.diff(blocks[:, column], append=rows) >= 0).all(), column.name
    assert len(blocks) == 0 or (blocks[0, Block.PIECE] == 0 and blocks[0, Block.WORD] == 0)
    assert (np.diff(blocks[:, Block.WORD], append=len(tables.words)) == blocks[:, Block.WORDS]).all()
    assert ((blocks[:, Block.START] >= 0) & (blocks[:, Block.STOP] <= size)).all()
    assert (blocks[:, [Block.CHARS, Block.WORDS, Block.LINKS, Block.LINK_CHARS, Block.DEPTH]] >= 0).all()
    assert (blocks[:, Block.LINK_CHARS] <= blocks[:, Block.CHARS]).all()
    assert ((blocks[:, Block.ELEMENT] >= 0) & (blocks[:, Block.ELEMENT] < len(elements))).all()
    assert (elements[1:, Element.PARENT] < np.arange(1, len(elements))).all()
    assert (elements[1:, Element.PARENT] >= 0).all()
    assert (np.diff(elements[:, Element.NAME], append=len(tables.names)) >= 0).all()
    assert (elements[:, Element.BLOCK] <= elements[:, Element.BLOCK_END]).all()
    assert (elements[:, Element.BLOCK_END] <= len(blocks)).all()
    assert (elements[:, Element.START] <= elements[:, Element.STOP]).all()
    assert (elements[:, Element.STOP] <= size).all()
    for rows in (pieces[pieces[:, 0] == Piece.TEXT], tables.regions, tables.heads):
        assert ((rows[:, 1] >= 0) & (rows[:, 1] <= rows[:, 2]) & (rows[:, 2] <= size)).all()
    told = pieces[pieces[:, 0] == Piece.REGION]
    assert (told[:, 1] == np.arange(len(tables.regions))).all()
    assert ((tables.regions[:, 3] >= 0) & (tables.regions[:, 3] < len(blocks))).all()


def main(count: int, seed: int) -> int:
    """Run the cases; print the first page at fault."""
    for number, page in enumerate(cases(count, seed)):
        try:
            tables = scan(page)
            check(page, tables)
            for block in range(len(tables.blocks)):
                text_of_block(tables, block)
        except Exception:
            traceback.print_exc()
            print(f"case {number}: {page!r}")
            return 1
    print(f"{count} cases, no fault")
    return 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:3]]
    sys.exit(main(given[0] if given else 1_000, given[1] if len(given) > 1 else 7))
