"""Attributes of a start tag are those that a browser reads from it."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from udfs.html.page.layout import Head
from udfs.html.page.scanner import scan
from udfs.html.tags import attributes, by_kind, metas, unescape


@pytest.mark.parametrize(
    ("tag", "want"),
    [
        (b"", {}),
        (b"<", {}),
        (b"<a", {}),
        (b"<a>", {}),
        (b"<a b", {"b": ""}),
        (b"<A B='1' b=2 B=\"3\">", {"b": "1"}),
        (b"<a b = \"x>y\"  c=d/e/ f='' g>", {"b": "x>y", "c": "d/e/", "f": "", "g": ""}),
        (b"<a/b/c=d>", {"b": "", "c": "d"}),
        (b'<a b="it\'s" c=\'"q"\'>', {"b": "it's", "c": '"q"'}),
        (b"<a\nb\t=\r\n'c'>", {"b": "c"}),
        (b'<a b="cut', {"b": "cut"}),
        (b"<a href=?a=1&copy=2&amp;b&lt;&notit;&#x41;&#66>", {"href": "?a=1&copy=2&b<&notit;AB"}),
        (b"<a b='&#0;&#xD800;&#99999999999999;'>", {"b": "\ufffd\ufffd\ufffd"}),
        ("<a é='ü' b=\u3042>".encode(), {"é": "ü", "b": "\u3042"}),
        (b"<a b=\xff>", {"b": "\ufffd"}),
        (b"<a b='&#3 &#x3;'>", {"b": "\x03 \x03"}),
    ],
)
def test_attributes(tag, want):
    """Quotes or none, references, the first of equal names; nothing raises."""
    assert attributes(tag) == want


_VALUES = st.text(alphabet="ab&;#x3=\"'<> /é\n", max_size=12)


@given(st.lists(st.tuples(st.sampled_from(["id", "CLASS", "data-x", "href"]), _VALUES, st.sampled_from("\"'")), max_size=4))
def test_quoted_attributes_are_those_of_lexbor(given_attributes):
    """A parser that follows the standard reads the same names and values."""
    parts = [f"{name}={quote}{value.replace(quote, '')}{quote}" for name, value, quote in given_attributes]
    tag = "<p " + " ".join(parts) + ">"
    node = LexborHTMLParser(tag).css_first("p")
    assert attributes(tag.encode()) == {name: value or "" for name, value in node.attributes.items()}


@given(st.binary(max_size=200))
def test_any_bytes_are_read(tag):
    """Names are lower case and never empty, whatever the bytes."""
    assert all(name and name == name.lower() for name in attributes(tag))


def test_metas():
    """Name by the first of four attributes, content with its references decoded, those without a content left out."""
    source = (
        b"<META Name=a CONTENT='1 &amp; 2'><meta property=b content=2><meta http-equiv=c content=3><meta itemprop=d content=''>"
        b"<meta content=5><meta charset=x><meta name='' property=g content=7>"
    )
    found = metas(source, by_kind(scan(source).heads.tolist())[Head.META])
    assert found == [("a", "1 & 2"), ("b", "2"), ("c", "3"), ("d", ""), ("", "5"), ("g", "7")]


@given(st.lists(st.tuples(_VALUES, _VALUES), max_size=5))
def test_metas_read_together_are_as_read_alone(pairs):
    """Reading all tags in one go changes nothing."""
    tags = ["<meta name='{}' content='{}'>".format(*(value.replace("'", "") for value in pair)).encode() for pair in pairs]
    at = [sum(map(len, tags[:i])) for i in range(len(tags) + 1)]
    alone = [(tag["name"], tag["content"]) for tag in map(attributes, tags)]
    assert metas(b"".join(tags), [(at[i], at[i + 1]) for i in range(len(tags))]) == alone


def test_long_numbers_are_no_error():
    """A reference of five thousand digits is a character that does not exist."""
    assert unescape("a&#" + "9" * 5_000 + ";b&eacute;") == "a\ufffdbé"
    assert attributes(b"<a b='&#" + b"9" * 5_000 + b";'>")["b"].startswith("\ufffd")


@pytest.mark.parametrize(
    "tag",
    [
        b"<a " + b"b='" * 100_000,
        b"<a " + b"x=&" * 100_000,
        b"<a " + b" " * 300_000,
        b"<a b=" + b"&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 8_000,
        b"<a " + b" ".join(b"a%d=1" % i for i in range(20_000)) + b">",
        b"<a " + b"=" * 300_000,
    ],
)
def test_hostile_tags_take_linear_time(tag):
    """A tag of any length is read in a fraction of a second."""
    start = time.process_time()
    assert all(re.fullmatch(r"[^\s/>]+", name) for name in attributes(tag))
    assert time.process_time() - start < 0.5
