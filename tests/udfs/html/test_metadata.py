"""What a page says of itself is read from its heads alone."""

import json
import time

import numpy as np
import pytest

from udfs.html.blocks.blockmodel import PAGE_TYPES
from udfs.html.main_content import kind_of
from udfs.html.metadata import Metadata, cc_licence, read_metadata
from udfs.html.page.scanner import scan
from udfs.html.settings import StatedKind


def read(head: str, body: str = "", url: str | None = None) -> Metadata:
    source = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()
    return read_metadata(source, scan(source).heads.tolist(), url)


def test_an_empty_page_says_nothing():
    """Without a head every field has its neutral value."""
    assert read_metadata(b"", [], None) == Metadata("", None, None, None, False, None, None, None, "other")


@pytest.mark.parametrize(
    ("head", "want"),
    [
        ("<title> A\n &amp;&eacute; </title>", "A &é"),
        ("<title>first</title><title>second</title>", "first"),
        ("<!-- <title>no</title> --><script>'<title>no</title>'</script><title>yes</title>", "yes"),
        ("<title>a <b>b</b></title>", "a <b>b</b>"),
        ("<title></title>", ""),
        ("<title>\u200bso\u00adft\x07 a\x85b\x9f &#8203;c\ufeff\u202e</title>", "soft a b c"),
    ],
)
def test_titles(head, want):
    """The first title, folded, its references decoded and its tags text."""
    assert read(head).title == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        (b"<html lang='de-AT'>", "de"),
        (b"<html xml:lang=PT_br>", "pt"),
        (b"<html lang=''><meta http-equiv=Content-Language content='fr, en'>", "fr"),
        (b"<html><meta property=og:locale content=ja_JP>", "ja"),
        (b"<html lang=english>", None),
        (b"<p>", None),
    ],
)
def test_languages(source, want):
    """The primary subtag of what the root or a meta states."""
    assert read_metadata(source, scan(source).heads.tolist(), None).language == want


@pytest.mark.parametrize(
    ("head", "url", "want"),
    [
        ("<link rel=canonical href=/a>", "https://x.org/b/c", "https://x.org/a"),
        ("<link REL='Canonical nofollow' HREF='https://y.org/?a=1&amp;b=2'>", None, "https://y.org/?a=1&b=2"),
        ("<base href=/docs/><link rel=canonical href=a>", "https://x.org/b/c", "https://x.org/docs/a"),
        ("<link rel=stylesheet href=canonical.css><link rel=canonical href='https://x.org/1'>", None, "https://x.org/1"),
        ("<link rel=canonical href=/a>", None, None),
        ("<link rel=canonical href='http://[bad'>", "https://x.org/", None),
        ("<link rel=canonical href='javascript:x'>", "https://x.org/", None),
        ("<link rel=canonical>", "https://x.org/", None),
    ],
)
def test_canonical_addresses(head, url, want):
    """Absolute addresses of pages only, resolved against the base."""
    assert read(head, url=url).canonical == want


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("<a rel='nofollow license' href='https://creativecommons.org/licenses/by-sa/4.0/'>x</a>", ("cc-by-sa-4.0", "rel")),
        ("<a rel=license href=/licence.html>x</a>", ("/licence.html", "rel")),
        ("<a href='https://creativecommons.org/licenses/by/3.0/us/'>x</a>", ("cc-by-3.0-us", "link")),
        ("<a href='https://creativecommons.org/publicdomain/mark/1.0/'>x</a>", ("pdm-1.0", "link")),
        ("<a href='https://creativecommons.org/licenses/by/3.0/'>x</a><a href='https://creativecommons.org/licenses/by/4.0/'>x</a>",
         ("mixed", "link")),
        ("creativecommons.org/publicdomain/zero/1.0/ <p a='creativecommons.org/publicdomain/zero/1.0/'>", (None, None)),
        ("<a href='/license'>x</a>", (None, None)),
        ("<a href='https://creativecommons.org/licenses/by/4.0/'>x</a>"
         '<script type="application/ld+json">{"@graph":[{"license":"https://creativecommons.org/licenses/by-nc/4.0/"}]}</script>',
         ("cc-by-nc-4.0", "jsonld")),
        ("<meta name=DC.rights content='https://creativecommons.org/licenses/by/2.5'>", ("cc-by-2.5", "jsonld")),
        ("<meta name=DC.Rights content='Copyright (c) 2020 A. Author'>"
         "<meta name=DC.Rights content='https://creativecommons.org/licenses/by/4.0'>", ("cc-by-4.0", "jsonld")),
        ("<meta name=DC.Rights content='All rights reserved'>", (None, None)),
        ("<meta name=dcterms.license content='https://a.example/mit'>", ("https://a.example/mit", "jsonld")),
        *((f"<a rel=license href='https://creativecommons.org/{path}'>x</a>", (name, "rel")) for path, name in (
            ("licenses/by-nc-sa/2.5/ca/deed.fr", "cc-by-nc-sa-2.5-ca"), ("licenses/by-nc-nd/4.0/deed.en", "cc-by-nc-nd-4.0"),
            ("licenses/by-nd/3.0/igo/", "cc-by-nd-3.0-igo"), ("licenses/by/4.0/legalcode", "cc-by-4.0"),
            ("Licenses/BY-SA/3.0/DE/", "cc-by-sa-3.0-de"), ("publicdomain/zero/1.0/deed.de", "cc0-1.0"),
        )),
        ("<link rel=license href='//creativecommons.org/licenses/by-nc/4.0/'>", ("cc-by-nc-4.0", "rel")),
        ("<a rel=license href='https://creativecommons.org/licenses/by/4.0/'>x</a>"
         "<a rel=license href='https://creativecommons.org/licenses/by/4.0/deed.de'>x</a>", ("cc-by-4.0", "rel")),
        ("<a rel=license href='https://creativecommons.org/licenses/by/4.0/'>x</a>"
         "<link rel=license href='https://creativecommons.org/licenses/by/3.0/us/'>", ("mixed", "rel")),
        ("<a rel=license href='https://creativecommons.org/licenses/by/4.0/'>x</a>"
         "<a href='https://creativecommons.org/licenses/by-nc/2.0/'>picture</a>", ("cc-by-4.0", "rel")),
        *((f'<script type="application/ld+json">{{"license":{value}}}</script>', want) for value, want in (
            ('"http://creativecommons.org/licenses/by/3.0/us/"', ("cc-by-3.0-us", "jsonld")),
            ('{"@type":"CreativeWork","@id":"https://creativecommons.org/licenses/by/4.0/"}', ("cc-by-4.0", "jsonld")),
            ('[{"url":"https://creativecommons.org/publicdomain/zero/1.0/"}]', ("cc0-1.0", "jsonld")),
            ('["https://creativecommons.org/licenses/by/4.0/","http://creativecommons.org/licenses/by/3.0/"]', ("mixed", "jsonld")),
            ("7", (None, None)), ("[null,{}]", (None, None)),
        )),
        ("<a href='https://creativecommons.org/licenses/'>x</a>", (None, None)),
    ],
)  # fmt: skip
def test_licences(body, want):
    """The strongest signal counts, and is named."""
    found = read("", body)
    assert (found.licence, found.licence_strength) == want
    assert cc_licence("no address") is None


@pytest.mark.parametrize(
    ("head", "want"),
    [
        ("<meta property='article:published_time' content='2024-05-06T07:08:09Z'>", "2024-05-06T07:08:09Z"),
        ("<meta name=date content='6 May'>"
         '<script type="application/ld+json">{"datePublished":"2023-01-02"}</script>', "2023-01-02"),
        ('<script type="application/ld+json"><![CDATA[ {"a":[{"datePublished":"2023-01-02"},]} ]]></script>', "2023-01-02"),
        ("<time datetime='2020-01-01'>a</time><time itemprop=datePublished datetime='2021-02-03'>b</time>", "2021-02-03"),
        ("<time pubdate datetime='2019-02-03T04:05'>b</time>", "2019-02-03T04:05"),
        ('<script type="application/ld+json">{"datePublished": nonsense</script>', None),
        ("<time datetime='2020-01-01'>", "2020-01-01"),
        ("<time datetime='2020-01-01'></time><time datetime='2021-01-01'>", None),
        ("<meta name=date content='2020-01-01 10:20:30'>", "2020-01-01T10:20:30"),
        ("<meta name=date content='2020-01-01 10:20:30 +0200'>", "2020-01-01T10:20:30+0200"),
        ("<meta name=date content='2020-01-01 at noon'>", "2020-01-01"),
        ("<abbr itemprop='datePublished' title='2020-01-02'>", "2020-01-02"),
        ("<span class=d itemprop=datePublished content='2020-01-02'>", "2020-01-02"),
        ("<span itemprop=datePublished>2020-01-02</span>", None),
        ("<body><meta itemprop=datePublished content='2020-01-03'>", "2020-01-03"),
        ('<script type="application/ld+json">{"a": "b"c", "datePublished" : "2020-01-04T01:02:03Z"}</script>', "2020-01-04T01:02:03Z"),
        ('<script>x = {"datePublished":"2020-01-04"}</script>', None),
    ],
)  # fmt: skip
def test_dates(head, want):
    """Metas, then linked data, mended once where it is invalid, then elements marked as the date of publication."""
    assert read(head).published == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("<head><meta name=generator content='phpBB 3'><body>", "forum"),
        ("<html itemscope itemtype='https://schema.org/QAPage'><body>", "forum"),
        ("<body class='node topic page'>", "forum"),
        ('<body><script type="application/ld+json">{"@type": ["QAPage"]}</script>', "forum"),
        ("<head><meta name=generator content='Docutils 0.20'><body>", "documentation"),
        ("<head><script src='../_static/doctools.js'></script><body>", "documentation"),
        ("<body class='rustdoc mod'>", "documentation"),
        ("<head><meta property=og:type content=Article><body>", "article"),
        ('<head><script type="application/ld+json">[{"@type" : "NewsArticle"}]</script><body>', "article"),
        ("<body><p>schema.org", "other"),
    ],
)
def test_kinds(source, want):
    """Hints of markup, forum before documentation before article."""
    assert read_metadata(source.encode(), scan(source.encode()).heads.tolist(), None).kind == want


@pytest.mark.parametrize(
    ("head", "want"),
    [
        ("<meta property=og:type content=article>", False),
        ('<meta property=og:type content=article><script type="application/ld+json">{"@type":"Article"}</script>', True),
        ("<meta name=generator content=Sphinx>", True),
        ("", True),
    ],
)
def test_weak_kinds(head, want):
    """``og:type`` alone is weak: blog software prints it on every page."""
    assert read(head).kind_sure is want


@pytest.mark.parametrize(
    ("stated", "article", "product", "want"),
    [
        (StatedKind("article", False), 0.1, 0.8, "product"),
        (StatedKind("article", False), 0.25, 0.7, "article"),
        (StatedKind("article", False), 0.1, 0.4, "other"),
        (StatedKind("article", True), 0.0, 0.9, "article"),
        (StatedKind("other"), 0.9, 0.0, "article"),
    ],
)
def test_the_model_may_contradict_weak_markup(stated, article, product, want):
    """A kind from weak markup counts only where the model finds it plausible."""
    likely = np.zeros(len(PAGE_TYPES), np.float32)
    likely[PAGE_TYPES.index("article")], likely[PAGE_TYPES.index("product")] = article, product
    assert kind_of(stated, likely) == want


def test_reservations():
    """Wishes in metas are read by the rules of `udfs.html.optout`."""
    found = read("<meta name=robots content='NoIndex, noai'><meta name=viewport content=x>")
    assert (found.optout, found.noindex) == ("robots: NoIndex, noai", True)


def test_floods_take_linear_time():
    """Twenty thousand of each head, attributes without end, deep and long linked data: a second at most."""
    flood = "<meta name=a content=b><link rel=canonical><time datetime=x><a href=license></a>" * 20_000
    deep = '<script type="application/ld+json">' + '{"license":[' * 100_000 + "</script>"
    wide = '<script type="application/ld+json">' + json.dumps({"datePublished": [1] * 400_000}) + "</script>"
    many = "<body " + " ".join(f"a{i}=1" for i in range(20_000)) + ">"
    for source in (flood, deep, wide, many, "<title>" + "&" * 500_000, "<link rel=license href='" + "&amp;" * 100_000 + "'>"):
        heads = scan(source.encode()).heads.tolist()
        start = time.process_time()
        assert read_metadata(source.encode(), heads, "https://x.org").licence_strength in (None, "rel")
        assert time.process_time() - start < 1
