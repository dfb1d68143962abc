"""The scanner against lexbor's tree: equal words in equal blocks, on real pages and on pages that were damaged at random."""

from __future__ import annotations

import base64
import json
import lzma
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("selectolax", reason="the oracle is a walk over selectolax's tree")
pytest.importorskip("udfs.html.page.scanner", reason="the scanner is what is compared")

from lexbor_walk import SPACE, Walked, walk

from udfs.html.page.layout import Block, BlockFlag, Element, PageTables
from udfs.html.page.scanner import scan, text_of_block
from udfs.html.page.vocabulary import Tag

SETS = ("scrapinghub", "readability", "fundus", "wcxb-dev")
EVERY = 3
"""One page in so many is compared."""

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


@cache
def pages(name: str) -> list[bytes]:
    """Some pages of a set, as UTF-8."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA does not name the data folder")
    with lzma.open(Path(data) / "extraction" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in islice(file, 0, None, EVERY)]
    texts = [base64.b64decode(row["html_b64"]).decode("utf-8", "replace") if "html_b64" in row else row["html"] for row in rows]
    return [text.encode("utf-8", "replace") for text in texts]


def scanned(page: bytes) -> list[Walked]:
    """Blocks of a page by the scanner, in the oracle's form."""
    tables = scan(page)
    found = []
    for row in range(len(tables.blocks)):
        words = tuple(word for word in SPACE.sub(" ", text_of_block(tables, row)).split(" ") if word)
        if words:
            found.append(_walked(tables, row, words))
    return found


def _walked(tables: PageTables, row: int, words: tuple[str, ...]) -> Walked:
    block = tables.blocks[row]
    names = []
    element = int(block[Block.ELEMENT])
    while element > 0:
        names.append(name_of(int(tables.elements[element, Element.TAG])))
        element = int(tables.elements[element, Element.PARENT])
    is_region = bool(block[Block.FLAGS] & BlockFlag.REGION)
    return Walked(words, name_of(int(block[Block.TAG])), frozenset(names), bool(block[Block.LINK_CHARS]), is_region)


def name_of(tag: int) -> str:
    """Name of a tag; ``-`` for every web component, since each page numbers them anew."""
    try:
        return "body" if Tag(tag) in (Tag.ROOT, Tag.BODY, Tag.HTML) else Tag(tag).name.lower()
    except ValueError:
        return "-"


def texts(blocks: list[Walked]) -> list[str]:
    """Words of each block; of a region the characters only, since nothing says where its cells part words."""
    visible = ((block, [word for word in (INVISIBLE.sub("", word) for word in block.words) if word]) for block in blocks)
    return [("" if block.is_region else " ").join(words) for block, words in visible if words]


def words(blocks: list[Walked]) -> list[str]:
    """All words of a page, whatever blocks they are in."""
    return " ".join(texts(blocks)).split()


def damaged(page: bytes, rng: random.Random, kind: str) -> bytes:
    """A page with one kind of damage."""
    if kind == "truncated":
        return page[: rng.randrange(len(page) + 1)]
    if kind == "bytes":
        damage = bytearray(page)
        for _ in range(len(page) // 1_000 + 1):
            damage[rng.randrange(len(damage))] = rng.choice(b"<>/\"'= &;!-ap0")
        return bytes(damage)
    pattern = rb"</[a-zA-Z][^>]*>" if kind == "end tags" else rb"</?[a-zA-Z][^>]*>"
    if kind == "swapped":
        parts = re.split(rb"(</?[a-zA-Z][^>]*>)", page)
        for at in range(len(parts) - 1):
            if rng.random() < 0.01:
                parts[at], parts[at + 1] = parts[at + 1], parts[at]
        return b"".join(parts)
    return re.sub(pattern, lambda found: b"" if rng.random() < 0.02 else found.group(), page)


@pytest.mark.parametrize("name", SETS)
def test_words_and_blocks_are_lexbors(name: str) -> None:
    """On all real pages but one a set the scanner finds the blocks that a parser by the standard finds, word for word."""
    same = [texts(scanned(page)) == texts(walk(page)) for page in pages(name)]
    assert len(same) > 40
    assert same.count(False) <= 1


@pytest.mark.parametrize("name", SETS)
def test_structure_is_lexbors(name: str) -> None:
    """Where the blocks are equal, so are their elements, what is above them, and whether there is a link in them."""
    total = tags = above = links = 0
    for page in pages(name):
        ours, theirs = scanned(page), walk(page)
        if texts(ours) != texts(theirs) or len(ours) != len(theirs):
            continue
        for mine, other in zip(ours, theirs, strict=True):
            total += 1
            tags += mine.is_region or mine.tag == ("-" if "-" in other.tag else other.tag)
            above += mine.is_region or mine.ancestors == {"-" if "-" in tag else tag for tag in other.ancestors}
            links += mine.is_region or mine.has_link == other.has_link
    assert total > 1_000
    assert tags >= 0.999 * total
    assert above >= 0.999 * total
    assert links >= 0.999 * total


def _close(page: bytes) -> bool:
    ours, theirs = words(scanned(page)), words(walk(page))
    if ours == theirs:
        return True
    left, right = Counter(ours), Counter(theirs)
    return sum((left & right).values()) >= 0.995 * max(len(ours), len(theirs))


@pytest.mark.parametrize("kind", ["end tags", "tags", "swapped", "bytes", "truncated"])
def test_damaged_pages_have_lexbors_words(kind: str) -> None:
    """With tags lost, tags moved, bytes changed or the end cut off, nearly all pages still have the same words."""
    rng = random.Random(11)
    some = [page for name in SETS[:2] for page in pages(name)][::4]
    close = [_close(damaged(page, rng, kind)) for page in some]
    assert len(close) > 20
    assert sum(close) >= 0.92 * len(close)


CASES: dict[str, str] = {
    "inline is no border": "<div>a<b>b</b> <x>c</x><span>d</span>e</div>",
    "blocks are": "a<p>b<div>c</div>d<ul><li>e<li>f</ul>g",
    "web components are": "<p>a<my-tag>b</my-tag>c",
    "br is a blank": "<p>a<br>b<br/>c",
    "hr parts": "<div>a<hr>b</div>",
    "skipped inside a block": "<div>a<script>x</script>b<svg><title>t</title><text>x</text></svg>c<select><option>o</select>d</div>",
    "skipped whole": "<style>x</style><template><p>t</template><textarea>x</textarea><iframe>y</iframe><noscript>z</noscript><p>a",
    "buttons": "<p>a<button>b</button>c<h2><button>d</button></h2><details><summary><button>e</button></summary>f</details>",
    "hidden blocks stay": "<div hidden>a</div><p style='display:none'>b</p><div aria-hidden=true>c</div>",
    "hidden inline goes": "<p>a<span hidden>b</span><i style='x:y; DISPLAY : none'>c</i><b aria-hidden=true>d</b>e",
    "code": "<div>a<pre>b\n  c</pre>d</div>",
    "code by class": "<table class=highlighttable><tr><td>1<td>x</table><div class='fragment'><div>a</div></div>",
    "code with breaks": "<p>a <code>b</code> c<code>d<br>e</code>f",
    "data table": "<table><tr><th>a<th>b<tr><td>1<td>2</table>c",
    "layout table": "<table><tr><td><h2>a</h2><td>b</table>c",
    "cells parted by layout": "<table><tr><td>a<td>b</table>c",
    "ruby": "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字",
    "links": "<p><a href=x>a</a> b<p>c<div><a href=y><p>d</p></a></div>",
    "implied ends": "<p>a<p>b<dl><dt>c<dd>d<dt>e</dl><ul><li>f<ul><li>g</ul>h<li>i</ul>",
    "stray ends": "a</p>b</div>c</span>d</h1>",
    "headings": "<h1>a<h2>b</h3>c",
    "entities": "<p>&lt;a&gt; &amp; &nbsp;b &#99; &hellip;&eacute;",
    "comments": "<p>a<!-- <p>b --> c<!-->d<!--->e<!-- x --!>f<?php x ?>g</3 h>i<3",
    "lists in paragraphs": "<p>a<ul><li>b</ul>c</p>d",
    "forms": "<form>a<form>b</form>c</form>d<fieldset><legend>e</legend><label>f<input></label></fieldset>",
    "text in the body's frame": "<!doctype html><html><head><title>t</title></head><body>a</body></html>b",
    "nothing": "",
    "broken off in a tag": "<p>a<div class='x",
}


@pytest.mark.parametrize("case", CASES)
def test_small_pages(case: str) -> None:
    """Each rule of the blocks, on the smallest page that shows it."""
    page = CASES[case].encode()
    assert texts(scanned(page)) == texts(walk(page))


WALKED = [
    ("<div>a<b>b</b> <x>c</x></div>", ["ab c"]),
    ("<div>a<my-tag>b</my-tag>c", ["a", "b", "c"]),
    ("<p>a<span hidden>b</span>c<p hidden>d", ["ac", "d"]),
    ("<table><tr><th>a<th>b<tr><td>1<td>2</table>c", ["ab12", "c"]),
    ("<p>a<button>b</button><h2><button>d</button></h2>", ["a", "d"]),
    ("<p>a <code>b</code> c<code>d<br>e</code>f", ["a b c", "de", "f"]),
]


@pytest.mark.parametrize(("page", "expected"), WALKED)
def test_the_oracle_itself(page: str, expected: list[str]) -> None:
    """The oracle follows the rules: what it says of small pages was worked out by hand."""
    assert texts(walk(page.encode())) == expected


PLANTED: dict[str, Callable[[list[str]], list[str]]] = {
    "block lost": lambda found: found[:-1],
    "word lost": lambda found: ["one", *found[1:]],
    "border lost": lambda found: ["one two three four", *found[2:]],
    "blocks swapped": lambda found: found[::-1],
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_planted_differences_are_seen(plant: Callable[[list[str]], list[str]]) -> None:
    """The comparison tells what it is there to tell from what the oracle says."""
    page = b"<p>one two<p>three four<p>five"
    assert texts(scanned(page)) == texts(walk(page))
    assert texts(scanned(page)) != plant(texts(walk(page)))
