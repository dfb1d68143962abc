"""Pages that are too large, too deep, too wide or no pages: an answer, or a rejection with its reason, in two seconds."""

import re
import time
from functools import cache

import pytest

from udfs.html import HtmlSettings, PageRejected, extract

PROSE = "<p>The chapter explains how the result is found and why the simple way taken before does not lead to it.</p>"
REASONS = (None, "too_large", "nesting", "elements", "attributes")
MANY = 200_000


def flood(name: str) -> str | bytes:
    """Build one hostile page."""
    builders = {
        "10 MB of prose": lambda: PROSE * (10_000_000 // len(PROSE) + 1),
        "7 MB of prose": lambda: PROSE * (7_000_000 // len(PROSE)),
        "7 MB in one word": lambda: "<p>" + "a" * 7_000_000,
        "7 MB of script": lambda: "<script>" + "var a = '<p>';" * 500_000 + "</script>" + PROSE,
        "open tags": lambda: "<div>" * MANY + "text",
        "open formatting": lambda: "<b><i>" * (MANY // 2) + "text",
        "open tables": lambda: "<table><tr><td>" * (MANY // 3) + "text",
        "open custom elements": lambda: "<x-y>" * MANY + "text",
        "end tags": lambda: "</div>" * MANY + PROSE,
        "open links": lambda: PROSE + "<a href=x>" * MANY,
        "links": lambda: PROSE + "<a href=/x>link</a> " * MANY,
        "attributes": lambda: "<div " + " ".join(f"a{i}=1" for i in range(20_000)) + ">" + PROSE,
        "attributes of a pre": lambda: "<pre " + " ".join(f"a{i}=1" for i in range(20_000)) + ">x = 1</pre>" + PROSE,
        "classes": lambda: f"<div class='{' '.join(f'c{i}' for i in range(20_000))}'>" + PROSE,
        "unclosed attribute": lambda: PROSE + '<a href="' + "x" * 1_000_000,
        "unclosed comment": lambda: PROSE + "<!--" + "<p>x" * MANY,
        "many unclosed comments": lambda: PROSE + "<!-" * MANY,
        "bold in a pre": lambda: "<pre>" + "<b>" * 50_000 + "x</pre>" + PROSE,
        "fonts in a pre": lambda: "<pre>" + "".join(f"<font size={i}>" for i in range(20_000)) + "x</pre>" + PROSE,
        "rows in a pre of a table": lambda: "<table class=highlighttable><tr><td><pre>" + "<i>" * 50_000 + "</table>" + PROSE,
        "formulas": lambda: "<p>" + "<math><mi>x</mi></math> " * 20_000,
        "deep formula": lambda: PROSE + "<math>" + "<mrow>" * 50_000 + "<mi>x</mi>" + "</mrow>" * 50_000 + "</math>",
        "exponents": lambda: "<p>" + "x<sup>2</sup> " * 40_000,
        "data tables": lambda: "<table><tr><th>a<th>b<tr><td>1<td>2</table>" * 10_000,
        "one data table": lambda: "<table>" + "<tr><td>1</td><td>2</td></tr>" * 60_000 + "</table>",
        "nested lists": lambda: "<ul><li>item" * 50_000,
        "pictures": lambda: "<p>" + "<img alt='a map of the old town' src=x> " * 50_000,
        "metas": lambda: "<meta name=robots content=index>" * MANY + PROSE,
        "noscripts": lambda: "<noscript>x</noscript>" * 100_000 + PROSE,
        "linked data": lambda: '<script type="application/ld+json">' + '{"a":[' * 200_000 + "</script>" + PROSE,
        "entities": lambda: "<p>" + "&amp;" * 500_000,
        "bare ampersands": lambda: "<p>" + "&" * 1_000_000,
        "less-than signs": lambda: "<p>" + "<" * 1_000_000,
        "line ends": lambda: "<pre>" + "\n" * 1_000_000 + "</pre>" + PROSE,
        "lone surrogates": lambda: "<p>\ud800abc\udfff " * 50_000,
        "NULs": lambda: b"<p>a\x00b " * 50_000,
        "only NULs": lambda: b"\x00" * 100_000,
        "noise": lambda: bytes(range(256)) * 4_000,
    }
    return builders[name]()


FLOODS = re.findall(r'^ {8}"([^"]+)": lambda', open(__file__, encoding="utf-8").read(), re.MULTILINE)  # noqa: SIM115


@cache
def warm() -> None:
    """Compile and load what the first page of a process pays for."""
    extract(f"<html><body>{PROSE * 5}<pre>x = 1</pre><table><tr><th>a<th>b<tr><td>1<td>2</table></body></html>")


@pytest.mark.parametrize("name", FLOODS)
def test_floods(name):
    """Every page is read or rejected within two seconds; what is read is clean and has its spans inside."""
    warm()
    source = flood(name)
    start = time.process_time()
    try:
        found, reason = extract(source), None
    except PageRejected as rejected:
        found, reason = None, rejected.reason
    assert time.process_time() - start < 2
    assert reason in REASONS
    if found is not None:
        assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\U0010ff00-\U0010ff02]", found.text)
        assert all(0 <= span.start < span.end <= len(found.text) for span in found.spans)


@pytest.mark.parametrize(
    "source",
    [
        "<html><frameset cols='20%,80%'><frame src=a.html><frame src=b.html><noframes>Frames.</noframes></frameset></html>",
        f"<html><body><noscript>{PROSE}</noscript></body></html>",
        '{"title": "no page", "items": [1, 2, 3]}',
        "<html><body><div id=root></div><script src=app.js></script></body></html>",
        '<body><script type="application/ld+json">{"@type":"Article","articleBody":"'
        + "Some words. " * 40
        + '"}</script></body>',
        '<body><div id=__next></div><script id="__NEXT_DATA__" type="application/json">{"a":"'
        + "Some words. " * 40
        + '"}</script>',
        "<",
        "<!",
        "<p",
        "&#",
        "<a href='",
        "</",
        "\ufeff",
        b"\xff\xfe",
        b"\xfe\xff<",
        b"\x1b$B",
        "\ud800",
        "<pre>",
        "<table>",
        "<math>",
        "<script>",
        "<!--",
        "<title>",
        "<plaintext>",
        "<svg><title>x</title><p>y",
    ],
)
def test_little_pages(source):
    """Pages without elements of their own, and beginnings of pages, have an answer."""
    found = extract(source)
    assert found == extract(source)
    assert found.text.strip() or found.reason in ("empty", "script_only")


def test_size_is_checked_before_anything_else():
    """A page over the limit costs nothing, and says so."""
    for page in (b"x" * 1_001, "x" * 1_001):
        with pytest.raises(PageRejected, match="too_large"):
            extract(page, settings=HtmlSettings(max_page_bytes=1_000))
    assert extract("<p>" + "x" * 900, settings=HtmlSettings(max_page_bytes=1_000)).text


def test_honest_pages_are_not_rejected():
    """Thousands of open paragraphs, items, rows, links and line breaks are common and cost nothing."""
    for part in ("<p>one", "<li>one", "<tr><td>one", "<a href=x>one</a> ", "one<br>", "<b>one</b> ", "<div>one</div>"):
        assert extract(part * 5_000).text.count("one") >= 4_000
