"""Blocks to text: entities, white space, invisible characters, what stands between two blocks, marks of regions."""

import html
import re
from html.entities import html5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.page.layout import Block, BlockFlag, Element, PageTables, Piece, Region
from udfs.html.page.render import render
from udfs.html.page.scanner import scan
from udfs.html.page.vocabulary import Tag

PADDING = bytes(16)


class Builder:
    """A page's tables by hand: ``element`` opens one below another, ``block`` puts pieces into it."""

    def __init__(self) -> None:
        self.source = b""
        self.blocks: list[list[int]] = []
        self.pieces: list[tuple[int, int, int]] = []
        self.regions: list[tuple[int, int, int, int]] = []
        self.elements: list[list[int]] = []
        self.element("body", -1)

    def element(self, tag: str, parent: int = 0) -> int:
        row = [0] * len(Element)
        row[Element.PARENT], row[Element.TAG] = parent, Tag[tag.upper()]
        self.elements.append(row)
        return len(self.elements) - 1

    def block(self, element: int, *pieces: str | Region | None, links: int = 0, flags: int = 0) -> None:
        row = [0] * len(Block)
        row[Block.TAG], row[Block.ELEMENT] = self.elements[element][Element.TAG], element
        row[Block.PIECE], row[Block.LINK_CHARS], row[Block.FLAGS] = len(self.pieces), links, flags
        for piece in pieces:
            if piece is None:
                self.pieces.append((Piece.BREAK, 0, 0))
            elif isinstance(piece, Region):
                self.pieces.append((Piece.REGION, len(self.regions), 0))
                self.regions.append((piece, 0, 0, len(self.blocks)))
            else:
                start = len(self.source)
                self.source += piece.encode("utf-8", "surrogatepass")
                self.pieces.append((Piece.TEXT, start, len(self.source)))
        self.blocks.append(row)

    def tables(self) -> PageTables:
        n = len(self.blocks)
        return PageTables(
            source=np.frombuffer(bytearray(self.source + PADDING), np.uint8),
            blocks=np.array(self.blocks, np.int32).reshape(n, len(Block)),
            bits=np.zeros((n, 2), np.uint64),
            hashes=np.zeros(n, np.uint64),
            pieces=np.array(self.pieces, np.int32).reshape(-1, 3),
            regions=np.array(self.regions, np.int32).reshape(-1, 4),
            words=np.zeros(0, np.uint32),
            elements=np.array(self.elements, np.int32),
            names=np.zeros(0, np.uint32),
            heads=np.zeros((0, 3), np.int32),
        )


def rendered(*pieces: str | Region | None) -> str:
    builder = Builder()
    builder.block(builder.element("p"), *pieces)
    return render(builder.tables(), np.ones(1, np.bool_))


@pytest.mark.parametrize(
    ("pieces", "want"),
    [
        (("  a \n\t b  ", " c "), "a b c"),
        (("a", "b"), "ab"),
        (("a &amp; b&nbsp;&nbsp;c &lt;d&gt; &#8212; &unknown; & &#1;e",), "a & b c <d> — &unknown; & e"),
        (("x\u00a0\u2003y\u202fz\u3000w",), "x y z w"),
        (("so\u00adft ze\u200bro \u202eturned\u202c \u2066i\u2069 \ufeff&shy;&#8203;e\x00\x07\x7f",), "soft zero turned i e"),
        (("a\u0080b &#x81;c\u009f wait\u0085what",), "ab c wait what"),
        (("Auf\u200clage é\u200ca \u200c \u200cb می\u200cروم",), "Auflage éa b می\u200cروم"),
        (("می\u200cروم 👩\u200d🚀",), "می\u200cروم 👩\u200d🚀"),
        (("a", None, "b", None, None, "c", None), "a\nb\n\nc"),
        ((None, "a ", None, " b"), "a\nb"),
        (("a\u2028b",), "a\nb"),
        (
            (
                "这个",
                "算法",
                "的\n  时间 复 O(n)，\n 适用\nfor\n它",
            ),
            "这个算法的时间 复 O(n)，适用 for 它",
        ),
        (
            (
                "これは\r\n",
                "本です。\nです",
            ),
            "これは本です。です",
        ),
        (("ภาษา\nไทย 한국\n말",), "ภาษาไทย 한국 말"),
        (("a ", Region.MATH, " b", Region.SCRIPT, "c"), "a \x010\x02 b\x011\x02c"),
        (("漢", Region.RUBY, "\n字"), "漢字"),
        (("x²①ｆｕｌｌ é",), "x²①ｆｕｌｌ é"),
        (("&nGt;",), "≫⃒"),
        (("&nbsp", " "), ""),
        ((), ""),
    ],
)
def test_text_of_a_block(pieces, want):
    """White space, entities, invisible characters and line breaks follow the conventions."""
    assert rendered(*pieces) == want


def between(outer: tuple[str, ...], one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Text of two blocks ``a`` and ``b`` at the end of two chains of elements below a common one."""
    builder = Builder()
    top = 0
    for tag in outer:
        top = builder.element(tag, top)
    for chain, content in ((one, "a"), (other, "b")):
        place = top
        for tag in chain:
            place = builder.element(tag, place)
        builder.block(place, content)
    return render(builder.tables(), np.ones(2, np.bool_))


@pytest.mark.parametrize(
    ("outer", "one", "other", "want"),
    [
        ((), ("p",), ("p",), "a\n\nb"),
        ((), ("h2",), ("div",), "a\n\nb"),
        ((), ("div",), ("div",), "a\nb"),
        (("ul",), ("li",), ("li",), "a\nb"),
        (("ul",), ("li", "p"), ("li", "p"), "a\nb"),
        (("ul", "li"), (), ("ul", "li"), "a\nb"),
        (("ul",), ("li", "div", "p"), ("li", "div", "p"), "a\n\nb"),
        ((), ("p",), ("ul", "li"), "a\n\nb"),
        (("dl",), ("dt",), ("dd",), "a\nb"),
        (("table", "tr"), ("td",), ("td",), "a\nb"),
        (("table",), ("tr", "td"), ("tr", "td"), "a\nb"),
        (("table", "tr"), ("td", "p"), ("td",), "a\n\nb"),
        (("div",), (), (), "a\nb"),
        ((), ("section", "div"), ("section", "div"), "a\n\nb"),
    ],
)
def test_distance_of_blocks(outer, one, other, want):
    """Paragraphs stand apart by an empty line, items of lists and cells by a line end."""
    assert between(outer, one, other) == want


@pytest.mark.parametrize(
    ("page", "want"),
    [
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div>a</div><div>NO</div><div>b</div>", "a\n\nb"),
        ("<div>a</div><div> NO </div>b", "a\n\nb"),
        ("<div>a</div><hr><div>b</div>", "a\n\nb"),
        ("<div>a<HR/>b</div>", "a\n\nb"),
        ("<div><div>a</div></div><div>b</div>", "a\nb"),
        ("<div><div>a</div></div><div><div>b</div></div>", "a\n\nb"),
        ("<ul><li>a<li>NO<li>b</ul>", "a\nb"),
        ("<ul><li><div>a</div><div>NO</div><div>b</div></ul>", "a\nb"),
        ("<ul><li><div><div>a</div></div><li><div><div>b</div></div></ul>", "a\nb"),
        ("<dl><dt>a<dd>NO<dd>b</dl>", "a\nb"),
        ("<table width=1><tr><td><div>a</div><td>NO<tr><td valign=top><div>b</div></table>", "a\nb"),
    ],
)
def test_what_lies_between_divisions(page, want):
    """A dropped block, a rule or containers of their own part texts by an empty line, but not in lists and tables."""
    tables = scan(f"<!doctype html><body>{page}".encode())
    kept = [b"NO" not in tables.source[row[Block.START] : row[Block.STOP]].tobytes() for row in tables.blocks]
    assert render(tables, np.array(kept)) == want


@pytest.mark.parametrize(
    ("content", "want"),
    [
        ("<span class='x_name'>Publisher</span><span class='x_value'>Houghton</span>", "Publisher Houghton"),
        ("<span class=key>A</span><SPAN id=q class='v'>b</SPAN>", "A b"),
        ("<label>W</label><label>L</label>", "W L"),
        ("<label for=a>W</label><label for=b>L</label>", "W L"),
        ("<span>T</span><span>he</span>", "The"),
        ("<span class=cap>T</span><span class=rest>he</span>", "The"),
        ("<span class=name>T</span><span class=name>he</span>", "The"),
        ("<span class=name>T</span>he", "The"),
        ("<span class=keyword>T</span><span class=surname>he</span>", "The"),
        ("<span class=title>T</span><span>he</span>", "The"),
        ("<span class=label>$</span><span class=value>5</span>", "$5"),
        ("<span class=value>5</span><span class=unit>,00</span>", "5,00"),
        ("<span class=label>", ""),
    ],
)
def test_names_and_values(content, want):
    """Labels side by side, and a name and its value, stand apart by a blank; other spans do not."""
    tables = scan(f"<body><p>{content}".encode())
    assert render(tables, np.ones(len(tables.blocks), np.bool_)) == want


def test_dropped_blocks_leave_nothing():
    """Only kept blocks are written, and empty ones leave no line."""
    builder = Builder()
    for content in ("a", "b", " \u200b ", "c"):
        builder.block(builder.element("p"), content)
    assert render(builder.tables(), np.array([True, False, True, True])) == "a\n\nc"
    assert render(builder.tables(), np.zeros(4, np.bool_)) == ""
    with pytest.raises(ValueError, match="4 blocks"):
        render(builder.tables(), np.ones(3, np.bool_))


def test_regions_that_are_blocks_stand_apart():
    """Code and tables have an empty line around them, wherever they stand."""
    builder = Builder()
    item = builder.element("li", builder.element("ul"))
    builder.block(item, "a")
    builder.block(builder.element("pre", item), Region.CODE, flags=int(BlockFlag.REGION))
    builder.block(item, "b")
    assert render(builder.tables(), np.ones(3, np.bool_)) == "a\n\n\x010\x02\n\nb"


@pytest.mark.parametrize(
    ("sign", "want"), [("¶", "Title"), (" # ", "Title"), ("§", "Title"), ("!", "Title!"), ("\uf0c1", "Title")]
)
def test_permalinks_of_headings_go(sign, want):
    """The sign of a heading's link to itself is no text; other signs, and the sign alone, stay."""
    builder = Builder()
    builder.block(builder.element("h2"), "Title", sign, links=1)
    builder.block(builder.element("h2"), "C", "#")
    assert render(builder.tables(), np.array([True, False])) == want
    assert render(builder.tables(), np.array([False, True])) == "C#"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text(content):
    """Any text is written as Python's own decoding and folding have it."""
    want = html.unescape(content)
    want = re.sub("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]", "", want)
    want = re.sub("[\u2028\u2029]", "\n", re.sub(r"[\s\u00a0]", lambda m: m[0] if m[0] in "\u2028\u2029" else " ", want))
    want = re.sub(r" *\n *", "\n", re.sub(" +", " ", want)).strip(" \n")
    want = re.sub("(?<![^\x00-\x7f\u00c0-\u027f])\u200c+", "", want)
    got = rendered(content.replace("\r", " ").replace("\n", " "))
    assert re.sub(r"\n+", "\n", got) == re.sub(r"\n+", "\n", want)


def test_every_entity():
    """All named references of the standard come out as Python has them, where they are printed at all."""
    for name, value in html5.items():
        if name.endswith(";") and value.strip() and "\u200b" not in value and value not in "\u00ad\u2060\u200c\u200e\u200f":
            assert rendered(f"a&{name}b").replace(" ", "") == f"a{value}b".replace("\u00a0", " ").replace(" ", ""), name


def test_long_texts_are_linear():
    """A million ampersands, marks or line breaks are written at once."""
    for part, want in (("&", "&"), ("a\u00ad", "a"), ("&lt;", "<"), ("\u4e00\n", "\u4e00"), ("&#", "&#"), ("&am", "&am")):
        assert rendered(part * 250_000) == want * 250_000


def test_lists_are_marked_where_asked():
    """A mark before the white space at each end of a list that is in no other; none at the end of the page."""
    tables = scan(b"<body>a<ul><li> b<ol><li>c</ol></ul>d<ul> <li>e")
    kept = np.ones(len(tables.blocks), np.bool_)
    marked = render(tables, kept, lists=True)
    assert marked == "a\x03\n\nb\nc\x03\n\nd\x03\n\ne"
    assert marked.replace("\x03", "") == render(tables, kept)


def test_broken_utf8_is_replaced():
    """A byte that is no UTF-8 is one U+FFFD, and the text goes on behind it."""
    builder = Builder()
    builder.block(builder.element("p"), "abcdef")
    tables = builder.tables()
    source = np.array(tables.source)
    source[:6] = list(b"\xe4\xb8a\xff\xc3b")
    assert render(tables._replace(source=source), np.ones(1, np.bool_)) == "��a��b"
