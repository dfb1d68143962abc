"""The scanner: which blocks, regions, elements and heads it sees, on small pages, hostile ones and real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.page.layout import Block, BlockFlag, Element, Head, PageTables, Piece, Region
from udfs.html.page.scanner import scan, text_of_block
from udfs.html.page.vocabulary import CUSTOM, Kind, Meaning, Tag, name_hash, whole_hash, word_hash

ROOT = Path(__file__).parents[3]


def scanned(page: str) -> PageTables:
    """Scan a page that has a document type."""
    return scan(("<!doctype html>" + page).encode())


def texts(page: str) -> list[str]:
    """Texts of a page's blocks."""
    tables = scanned(page)
    return [text_of_block(tables, block) for block in range(len(tables.blocks))]


def column(tables: PageTables, name: Block) -> list[int]:
    """One number of each block."""
    values: list[int] = tables.blocks[:, name].tolist()
    return values


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("", []),
        ("a", ["a"]),
        ("<p>a<p>b</p>c", ["a", "b", "c"]),
        ("<p>a<b>b</b> c<br>d", ["ab c d"]),
        ("<p>a<div>b</div>c", ["a", "b", "c"]),
        ("<ul><li>a<li>b<ul><li>c</ul>d</ul>e", ["a", "b", "c", "d", "e"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["a", "b", "c"]),
        ("<h1>a<h2>b</h1>c", ["a", "b", "c"]),
        ("a<hr>b", ["a", "b"]),
        ("a</p>b", ["a", "b"]),
        ("<div>a<my-box>b</my-box>c</div>", ["a", "b", "c"]),
        ("a<unknown>b</unknown>c", ["abc"]),
        ("<table><tr><td>a<td><p>b<table><tr><td>c</table>d</table>", ["a", "b", "c", "d"]),
        ("<td>a<tr>b", ["ab"]),
        ("<p>a<table><tr><td>b</table>c", ["a", "b", "c"]),
        ("<form>a<form>b</form>c</form>d", ["ab", "cd"]),
        ("<div><form><p>a</form>b</div>c", ["a", "b", "c"]),
    ],
)
def test_blocks(page: str, expected: list[str]) -> None:
    """Blocks begin and end where the standard's tree has block-level elements."""
    assert texts(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("a<script>if (a<b) '</p>'</script>b", ["ab"]),
        ("<script><!-- <script></script> --></script>a", ["a"]),
        ("<style>p{}</style><textarea><p>x</textarea>a", ["a"]),
        ("<noscript><p>x</noscript>a<iframe><p>x</iframe>b", ["ab"]),
        ("a<template><p>x</template>b<object><p>x</object>c", ["abc"]),
        ("a<svg><text>x</text><svg></svg></svg>b<svg/>c", ["abc"]),
        ("a<svg><p>b", ["a", "b"]),
        ("a<select><option>x<p>y</select>b", ["ab"]),
        ("a<video><p>x</p></video>b", ["ab"]),
        ("a<button>x</button>b<h2>c<button>d</button></h2>", ["ab", "cd"]),
        ("a<span hidden>x<span>y</span>z</span>b", ["ab"]),
        ("<p>a<span style='color:red; Display : NONE'>x<p>b", ["a", "b"]),
        ("a<!-- <p>x --!>b<!-->c<!--->d<?x>e</3>f<3", ["abcdef<3"]),
        ("<title>x</title>a", ["a"]),
        ("a<textarea>x", ["a"]),
        ("a<!-- x", ["a"]),
        ("a<b title='x", ["a"]),
    ],
)
def test_what_is_no_text(page: str, expected: list[str]) -> None:
    """Raw text, forms, drawings, comments and hidden inline elements give none and part no block."""
    assert texts(page) == expected


@pytest.mark.parametrize(
    ("page", "kinds", "expected"),
    [
        ("<p>a<pre>b\n <i>c</i></pre>d", [Region.CODE], ["a", "b c", "d"]),
        ("<p>a<code>b<br>c</code>d", [Region.CODE], ["a", "b c", "d"]),
        ("<p>a<code>b</code>d", [], ["abd"]),
        ("<div class='code'>a<br>b</div>", [Region.CODE], ["a b"]),
        ("<div class='code'>a</div>", [], ["a"]),
        ("<div class=fragment><div>a</div></div>", [Region.CODE], ["a"]),
        ("<table class=highlighttable><tr><td>1<td>a</table>", [Region.CODE], ["1 a"]),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>c", [Region.TABLE], ["a b 1 2", "c"]),
        ("<table><tr><td>a<td>b<tr><td>1<td>2<tr><td>3<td>4</table>", [Region.TABLE], ["a b 1 2 3 4"]),
        ("<table><tr><td>a<td>b<tr><td>1<td>2</table>", [], ["a", "b", "1", "2"]),
        ("<table><tr><th>a<th>b<tr><td>1<td>" + "x " * 1_001 + "</table>", [], ["a", "b", "1", ("x " * 1_001).strip()]),
        ("<table role=presentation><tr><th>a<th>b<tr><td>1<td>2</table>", [], ["a", "b", "1", "2"]),
        ("<table><tr><th>a<th>b<tr><td>1<td><h2>2</h2></table>", [], ["a", "b", "1", "2"]),
        ("<p>a<sup>2</sup>b<sub>3</sub>", [Region.SCRIPT, Region.SCRIPT], ["a2b3"]),
        ("<p>a<sup>2<p>b", [], ["a2", "b"]),
        ("<p>a <math><mi>x</mi></math> b", [Region.MATH], ["a x b"]),
        ("<p>a <span class='KaTeX'><span>x</span></span> b", [Region.MATH], ["a x b"]),
        ("<p>a <span class='math inline'>x</span><span class=math>y</span>", [Region.MATH], ["a xy"]),
        ("<p>a<div class='katex-display'><b>x</b></div>b", [Region.MATH], ["a", "x", "b"]),
        ("<p>a <script type='math/tex'>x<y</script> b", [Region.MATH], ["a x<y b"]),
        ("<p>a<mjx-container><mjx-math></mjx-math></mjx-container>b", [Region.MATH], ["ab"]),
        ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", [Region.RUBY] * 3, ["漢"]),
        ("<p><ruby>漢<rt>kan<rt>ji</ruby>字", [Region.RUBY] * 2, ["漢字"]),
        ("<p><img alt='x'><p><img alt=' '><p><img src='/latex.php?x'>", [Region.IMAGE] * 2, ["", ""]),
        ("<pre>a<p>b", [], ["a", "b"]),
    ],
)
def test_regions(page: str, kinds: list[Region], expected: list[str]) -> None:
    """Formulas, code, data tables and pictures are read whole; what has no end is an ordinary element."""
    tables = scanned(page)
    assert tables.regions[:, 0].tolist() == kinds
    assert [text_of_block(tables, block) for block in range(len(tables.blocks))] == expected
    for kind, start, stop, block in tables.regions.tolist():
        source = tables.source[start:stop].tobytes()
        assert source.startswith(b"<")
        assert kind == Region.RUBY or source.endswith(b">")
        whole = tables.blocks[block, Block.FLAGS] & BlockFlag.REGION
        assert bool(whole) == (kind in (Region.CODE, Region.TABLE))


def test_statistics_of_a_block() -> None:
    """Every count of one block, read off by hand."""
    tables = scanned(
        "<title>The Second</title><p> A <a href=x>b1,</a> c&eacute;t&#233; <b>Second</b>. 漢字<br><code>x_y</code>? <img src=x> "
    )
    assert [text_of_block(tables, block) for block in range(len(tables.blocks))] == ["A b1, cété Second. 漢字 x_y?"]
    row = tables.blocks[0]
    expected = {
        Block.TAG: Tag.P, Block.CHARS: 26, Block.WORDS: 7, Block.LINK_CHARS: 3, Block.LINKS: 1, Block.DIGITS: 1,
        Block.CAPITALS: 2, Block.COMMAS: 1, Block.STOPS: 2, Block.PUNCT: 0, Block.CJK: 2, Block.DEPTH: 1, Block.FLAGS: 0,
        Block.FIRST: ord("A"), Block.LAST: ord("?"), Block.REGIONS: 0, Block.IMAGES: 1, Block.CODE_CHARS: 3,
        Block.STRONG_CHARS: 6, Block.BREAKS: 1, Block.TITLE_WORDS: 1,
    }  # fmt: skip
    assert {name: int(row[name]) for name in expected} == expected
    words = ["a", "b1", "cété", "second", "漢", "字", "x_y"]
    assert tables.words.tolist() == [word_hash(word) for word in words]


def test_equal_texts_have_equal_hashes() -> None:
    """Hashes see words only: neither case nor tags nor signs."""
    tables = scanned("<p>One two<p>one <b>TWO</b>!<p>two one")
    assert tables.hashes[0] == tables.hashes[1] != tables.hashes[2]


def test_words_ignore_soft_hyphens_and_run_through_tags() -> None:
    """A word is what a reader sees as one."""
    tables = scanned("<p>ex&shy;tra<b>or</b>di\u200bnary <p>a&nbsp;b\u2014c")
    assert tables.words.tolist() == [word_hash(word) for word in ("extraordinary", "a", "b", "c")]


def test_elements() -> None:
    """Rows of the elements: parents, blocks inside, bytes, children."""
    page = "<div><p>a</div><section>b</section>"
    tables = scan(page.encode())
    expected = [
        [-1, Tag.ROOT, 0, 2, 0, 0, len(page), 2],
        [0, Tag.DIV, 0, 1, 0, 0, 15, 1],
        [1, Tag.P, 0, 1, 0, 5, 9, 0],
        [0, Tag.SECTION, 1, 2, 0, 15, len(page), 0],
    ]
    assert tables.elements.tolist() == expected
    assert column(tables, Block.ELEMENT) == [2, 3]


def test_names_and_bits() -> None:
    """Words and whole names of class, id, role and itemprop, and the bits that they and the ancestors give."""
    tables = scanned("<nav class='blogPost d-none' id=x9><ul role=search itemprop=articleBody><li>a</ul></nav><p>b")
    names = tables.names[tables.elements[1, Element.NAME] : tables.elements[2, Element.NAME]].tolist()
    words, wholes = ("blog", "post", "d", "none", "x9"), ("blogPost", "d-none", "x9")
    assert set(names) == {name_hash(word) for word in words} | {whole_hash(name) for name in wholes}
    kinds, meanings = (int(bits) for bits in tables.bits[0])
    assert kinds == Kind.NAV | Kind.UL | Kind.LI | Kind.ROLE_SEARCH | Kind.PROP_BODY
    assert meanings & (Meaning.POST | Meaning.HIDDEN | Meaning.SEARCH) == Meaning.POST | Meaning.HIDDEN | Meaning.SEARCH
    assert [int(bits) for bits in tables.bits[1]] == [Kind.P, 0]


def test_flags() -> None:
    """Hidden, linked and continued blocks."""
    tables = scanned("<div hidden><p>a</div><p><a href=x>b</a> <a>c</a><div>d<p>e</p>f</div><div aria-hidden=true>g</div>")
    wanted = [BlockFlag.HIDDEN, BlockFlag.LINKED, 0, 0, BlockFlag.CONTINUES, 0]
    assert column(tables, Block.FLAGS) == wanted


def test_unknown_names_are_told_apart() -> None:
    """Names with a hyphen get numbers by their order on the page."""
    tables = scanned("<x-a>1</x-a><x-b>2</x-b><x-a>3</x-a>")
    assert column(tables, Block.TAG) == [CUSTOM, CUSTOM + 1, CUSTOM]


def test_heads() -> None:
    """Tags that speak of the whole page, in its order."""
    page = (
        "<html lang=de><head><base href=x><meta charset=utf-8><title>T&amp;</title><link rel=license>"
        "<script type='application/ld+json'>{}</script><script src=x></script><script id=__NEXT_DATA__>1</script>"
        "<script>window.__INITIAL_STATE__ = {}</script><body><a rel=license href=x>c</a><time datetime=1>x</time>"
        "<noscript>n</noscript>"
    )
    tables = scan(page.encode())
    found = [(kind, page[start:stop]) for kind, start, stop in tables.heads.tolist()]
    assert found == [
        (Head.HTML, "<html lang=de>"),
        (Head.BASE, "<base href=x>"),
        (Head.META, "<meta charset=utf-8>"),
        (Head.TITLE, "T&amp;"),
        (Head.LINK, "<link rel=license>"),
        (Head.JSON_LD, "{}"),
        (Head.SCRIPT, "<script src=x>"),
        (Head.DATA, "1"),
        (Head.DATA, "window.__INITIAL_STATE__ = {}"),
        (Head.BODY, "<body>"),
        (Head.LICENCE, "<a rel=license href=x>"),
        (Head.TIME, "<time datetime=1>"),
        (Head.NOSCRIPT, "n"),
    ]


def test_quirks() -> None:
    """Without a document type a table does not end a paragraph."""
    assert len(scan(b"<p>a<table><tr><td>b</table>").elements) == 6
    table = scan(b"<p>a<table><tr><td>b</table>").elements[2]
    assert table[Element.PARENT] == 1
    assert scanned("<p>a<table><tr><td>b</table>").elements[2, Element.PARENT] == 0


HOSTILE = {
    "empty": b"",
    "nul": b"\0" * 100_000,
    "not utf-8": bytes(range(256)) * 400,
    "brackets": b"<" * 1_000_000,
    "ampersands": b"&" * 1_000_000,
    "div": b"<div>x" * 200_000,
    "b": b"<b>x" * 200_000,
    "table": b"<table><tr><td>x" * 200_000,
    "list": b"<ul><li>x" * 200_000,
    "p": b"<p>x" * 200_000,
    "sup": b"<sup>x" * 200_000,
    "code": b"<code>x<br>" * 100_000,
    "pre": b"<pre>x" * 100_000,
    "math": b"<math>x<svg>" * 100_000,
    "svg": b"<svg><style><title>" * 100_000,
    "hidden": b"<span hidden>x<div>" * 100_000,
    "custom": b"".join(b"<x-%d>" % number for number in range(100_000)),
    "one line": b"x" * 5_000_000,
    "attribute": b"<a href='" + b"x" * 5_000_000 + b"'>y",
    "open quote": b"<p>a<b title='" + b"<p>" * 1_000_000,
    "open comment": b"<p>a<!--" + b"-" * 2_000_000,
    "open comments": b"<!--->" * 300_000,
    "open script": b"<p>a<script>" + b"<!--<script>" * 200_000,
    "end tags": b"</div></a" * 200_000,
    "class": b"<p class='" + b"aB " * 500_000 + b"'>x",
    "select": b"<select><title>" * 100_000,
    "div code": b"<div class=code>" * 50_000,
    "form": b"<form><p></form>" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages(name: str) -> None:
    """Any bytes give tables, in time that grows with their number."""
    scan(b"<p>warm")
    start = time.process_time()
    tables = scan(HOSTILE[name])
    assert time.process_time() - start < 2
    assert len(tables.source) == len(HOSTILE[name]) + 16


@given(st.binary(max_size=300))
def test_any_bytes(page: bytes) -> None:
    """Nothing raises, and no block is empty of both text and regions."""
    tables = scan(page)
    for block in range(len(tables.blocks)):
        assert tables.blocks[block, Block.CHARS] or tables.blocks[block, Block.REGIONS]


@given(
    st.lists(
        st.sampled_from(["a", "Bc ", " ", "<b>", "</b>", "&amp;", "é", "漢", "<br>", ",", "\u00ad", "1", "<i>", "&nbsp;"]),
        max_size=30,
    )
)
def test_counts_are_those_of_the_text(parts: list[str]) -> None:
    """Characters and words of a block are those of its text."""
    tables = scanned("<p>" + "".join(parts))
    for block in range(len(tables.blocks)):
        text = text_of_block(tables, block)
        assert tables.blocks[block, Block.CHARS] == len(text)
        assert tables.blocks[block, Block.CAPITALS] == sum("A" <= sign <= "Z" for sign in text)
        assert tables.blocks[block, Block.CJK] == text.count("漢")
        assert tables.blocks[block, Block.FIRST] == ord(text[0])
        assert tables.blocks[block, Block.LAST] == ord(text[-1])


def test_tables_are_the_same_every_time() -> None:
    """Two scans of a page agree in every number."""
    page = HOSTILE["not utf-8"] + b"<p>a<table><tr><th>x<th>y<tr><td>1<td>2</table>" * 50
    for one, other in zip(scan(page), scan(page), strict=True):
        assert np.array_equal(one, other)


def test_pieces_hold_the_text() -> None:
    """Pieces of a block are in order and hold its text, its break and its region."""
    tables = scanned("<p>a<br>b<!-- -->c<sup>2</sup>")
    assert tables.pieces[:, 0].tolist() == [Piece.TEXT, Piece.BREAK, Piece.TEXT, Piece.TEXT, Piece.REGION]


@pytest.mark.slow
def test_fuzz_under_bounds_checks(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A short run of the fuzzer, compiled with bounds checks, finds no fault."""
    cache = Path(os.environ.get("WOOLMILL_FUZZ_CACHE") or tmp_path_factory.mktemp("numba"))
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    script = str(Path(__file__).with_name("fuzz_scanner.py"))
    run = subprocess.run([sys.executable, script, "1500"], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
