"""Keys of URLs: the rule table, idempotence, hosts and registered domains."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import defaultdict
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from udfs.urls import (
    ERROR,
    MAX_BYTES,
    canonical,
    host_of,
    is_public_suffix,
    is_top_level_domain,
    registered_domain,
    url_key,
)

DATA = os.environ.get("WOOLMILL_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="WOOLMILL_DATA is not set; it names the folder of the test data")

TROUBLE = """
http:// https:// HTTP:\\\\ example.com www. a.b . .. / // \\ % %2e %2E %41 %25 %zz ;jsessionid= (S( ) )) (X(1) ? & = # @ : 80
443 99999 é 日 index.html default.aspx INDEX.php utm_source=1 sid= + %20 [ ] ::1 xn-- xn--a 1 0x - _ * | ^ { co.uk com gov.uk
; jsession %3b 。 ﬀ ß %c3%a9 %00
"""
PARTS = [*TROUBLE.split(), "0" * 32, "\ud800", "\x00", " ", "\t", "\u200d"]


def data_rows(relative: str) -> list[str]:
    """Return the lines of a plain data file."""
    assert DATA
    return (Path(DATA) / relative).read_text(encoding="utf-8").split("\n")


@needs_data
def test_every_row_of_the_rule_table() -> None:
    """All 273 rows of the reference table get the key that was read row by row."""
    rows = [line.split("\t") for line in data_rows("urlnorm/cases.tsv")[1:] if line]
    wrong = [(note, key, canonical(json.loads(url))) for url, key, note in rows if canonical(json.loads(url)) != key]
    assert len(rows) == 273
    assert not wrong


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("HTTP://User:pw@WWW.Example.com.:80/a/./b/../index.html?utm_source=x#top", "https://example.com/a"),
        ("https://example.com/?b=2&a=1&fbclid=3", "https://example.com/?a=1&b=2"),
        ("https://example.com/?MC_CID=1&hsCtaTracking=2&ASPSESSIONIDX=3&q=1", "https://example.com/?q=1"),
        ("http://example.com/x;jsessionid=1/(S(abc))/.%2e/y", "https://example.com/x/y"),
        ("http://example.com/a/.;jsessionid=1./b", "https://example.com/a/b"),
        ("http://www.github.io/", "https://www.github.io/"),
        ("http://www.www.ck/", "https://www.ck/"),
        ("http://example.com/\ud800", "https://example.com/%EF%BF%BD"),
        ("http://exa\ud800mple.com/", "ERROR:host"),
        ("http://[::1", "ERROR:host"),
        ("http://[::1]:x/", "ERROR:port"),
        ("http://example.com:" + "9" * 5000, "ERROR:port"),
        ("http://example.com/" + "é" * 4000, "ERROR:length"),
        ("a" * 1_000_000, "ERROR:length"),
        ("\x00", "ERROR:empty"),
    ],
)
def test_rules_together_and_damage(url: str, key: str) -> None:
    """Rules that meet in one URL, and strings that are none, have one answer each."""
    assert canonical(url) == key


@given(st.lists(st.sampled_from(PARTS), max_size=14), st.booleans())
def test_a_key_is_its_own_key(parts: list[str], page: bool) -> None:
    """Whatever goes in, what comes out is an error or an ASCII key that is left as it is."""
    key = canonical(("http://example.com/" if page else "http://") + "".join(parts))
    assert key.startswith((ERROR, "https://"))
    if not key.startswith(ERROR):
        assert key.isascii()
        assert len(key) <= MAX_BYTES
        assert canonical(key) == key


@given(st.text())
def test_any_string_has_a_hash(url: str) -> None:
    """No string raises, and the hash fits Spark's bigint."""
    assert -(2**63) <= url_key(url) < 2**63
    assert isinstance(registered_domain(url), str)


@given(st.permutations(["a=1", "b=2", "c", "utm_medium=x", "a=0"]))
def test_order_of_parameters_does_not_matter(pairs: list[str]) -> None:
    """Every order of the same pairs is one key."""
    assert canonical("http://example.com/p?" + "&".join(pairs)) == "https://example.com/p?a=0&a=1&b=2&c="


def test_hash_is_of_the_key_or_of_the_damaged_string() -> None:
    """Captures of one page share a hash; two damaged strings do not."""
    expected = xxhash.xxh3_64_intdigest(b"https://example.com/a")
    assert url_key("http://www.example.com/a/") % 2**64 == expected
    assert url_key("mailto:a@example.com") != url_key("mailto:b@example.com")
    assert canonical("mailto:a@example.com") == canonical("mailto:b@example.com")


@pytest.mark.parametrize(
    ("url", "host", "domain"),
    [
        ("http://www.news.bbc.co.uk:8080/x", "news.bbc.co.uk", "bbc.co.uk"),
        ("https://alice.github.io/", "alice.github.io", "alice.github.io"),
        ("https://a.b.ck/", "a.b.ck", "a.b.ck"),
        ("https://x.y.www.ck/", "x.y.www.ck", "www.ck"),
        ("https://github.io/", "github.io", "github.io"),
        ("https://a.b.unlisted/", "a.b.unlisted", "b.unlisted"),
        ("http://bücher.公司.cn/", "xn--bcher-kva.xn--55qx5d.cn", "xn--bcher-kva.xn--55qx5d.cn"),
        ("http://192.0.2.1:8080/", "192.0.2.1", "192.0.2.1"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]", "[2001:db8::1]"),
        ("hello world", "", ""),
    ],
)
def test_host_and_registered_domain(url: str, host: str, domain: str) -> None:
    """The registered domain is the public suffix and one label; addresses and suffixes stand for themselves."""
    assert host_of(url) == host
    assert registered_domain(url) == domain


def test_public_suffixes() -> None:
    """Both sections of the list count, wildcards and exceptions too; only listed labels are top-level domains."""
    assert [is_public_suffix(h) for h in ("co.uk", "github.io", "b.ck", "www.ck", "bbc.co.uk")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert [is_top_level_domain(label) for label in ("com", "ck", "png", "co.uk")] == [True, True, False, False]


@needs_data
def test_the_test_crawl_merges_what_it_should() -> None:
    """Keys of the crawl never join two pages, and split variants only at a double slash, which is a rule."""
    assert DATA
    with gzip.open(Path(DATA) / "warc" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    pages = defaultdict(set)
    for row in rows:
        pages[canonical(row["url"])].add(row["canonical"])
    split = [row for row in rows if canonical(row["url"]) != canonical(row["canonical"])]
    assert all(len(names) == 1 for names in pages.values())
    assert {tuple(row["kind"]) for row in split} == {("url_variant", "double_slash")}


@needs_data
def test_speed() -> None:
    """At least 60,000 URLs a CPU second, as the reference implementation did."""
    urls = [json.loads(line.split("\t")[0]) for line in data_rows("urlnorm/cases.tsv")[1:] if line]
    urls = [url for url in urls if len(url) < 300] * 40
    canonical(urls[0])
    started = time.process_time()
    for url in urls:
        canonical(url)
    assert len(urls) / (time.process_time() - started) > 60_000


@pytest.mark.parametrize("unit", ["/(S(a))", ";jsessionid=1", "/index.html", "%", "&a=1", "a.", "www.", "/..", "@", "\t"])
def test_hostile_strings_are_quick(unit: str) -> None:
    """The longest string of any troublesome unit takes a few milliseconds."""
    url = ("http://example.com/?" if unit.startswith("&") else "http://example.com") + unit * (8100 // len(unit))
    started = time.process_time()
    canonical(url)
    assert time.process_time() - started < 0.05
