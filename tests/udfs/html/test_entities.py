"""The compiled reader of character references, against the standard library's table and reader."""

from __future__ import annotations

import html
from html.entities import html5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.page.entities import decode


def unescape(text: str) -> str:
    """Decode all references of a text with `decode`."""
    page = text.encode("utf-8", "surrogatepass")
    source = np.frombuffer(page, np.uint8)
    out, at = bytearray(), 0
    while at < len(page):
        if page[at] != 38:
            out.append(page[at])
            at += 1
            continue
        first, second, after = decode(source, at, len(page))
        assert at < after <= len(page)
        if first < 0:
            out += page[at:after]
        else:
            out += (chr(first) + (chr(second) if second else "")).encode()
        at = after
    return out.decode("utf-8", "surrogatepass")


def test_every_name_of_the_standard() -> None:
    """Each name, with and without what may follow it, gives the characters of the standard's table."""
    for name, value in html5.items():
        assert unescape(f"&{name}") == value, name
        assert unescape(f"x&{name} y") == f"x{value} y", name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&", "&"),
        ("&&amp;&", "&&&"),
        ("&;", "&;"),
        ("&unknown;", "&unknown;"),
        ("&notit;", "¬it;"),
        ("&notin;", "∉"),
        ("&ampere", "&ere"),
        ("&NotEqualTilde;", "≂̸"),
        ("&#8212;&#x2014;&#X2014", "———"),
        ("&#128;&#150;&#129;", "€–\x81"),
        ("&#0;&#xD800;&#1114112;&#99999999999999999999;", "\ufffd\ufffd\ufffd\ufffd"),
        ("&#;&#x;&#xg;&#", "&#;&#x;&#xg;&#"),
        ("&#x41g", "Ag"),
        ("&" + "a" * 60_000, "&" + "a" * 60_000),
    ],
)
def test_cases(text: str, expected: str) -> None:
    """References at the edges of the standard's rules."""
    assert unescape(text) == expected


@given(
    st.lists(
        st.sampled_from(["&", "#", "x", ";", "amp", "no", "t", "in", "65", "9731", "ü", " ", "lt", "AMP", "CounterClockwise"])
    )
)
def test_agrees_with_the_standard_library(parts: list[str]) -> None:
    """Any mixture of names, numbers and signs is read as `html.unescape` reads it."""
    text = "".join(parts)
    assert unescape(text) == html.unescape(text)


def test_stops_at_the_end_of_its_range() -> None:
    """What lies behind the range is not part of the name."""
    source = np.frombuffer(b"&amp;nbsp;", np.uint8)
    assert decode(source, 0, 4) == (38, 0, 4)
    assert decode(source, 0, 1) == (-1, 0, 1)
