"""Many URLs at once: the compiled scan answers as the definition does, and both as comparing strings does."""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs.blocklist import BlockHit, BlockList
from udfs.blocklist.kernels.layout import ODD
from udfs.blocklist.kernels.urls import folds_to_ascii
from udfs.blocklist.lists import find_lists
from udfs.urls import ERROR, canonical, host_of_key, is_ip_address

DATA = os.environ.get("WOOLMILL_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="WOOLMILL_DATA is not set; it names the folder of the test data")

DOMAINS = [
    "bad.example", "deep.bad.example", "a.b.c.example", "192.0.2.7", "xn--bse-sna.example", "co.uk", "www.com", "b-d.example",
    "under_score.example", "www.github.io",
]  # fmt: skip
PATHS = [
    "host.example/bad", "host.example/bad/deep", "host.example/", "host.example/ask?q=1", "b.c.example/x/", "192.0.2.8/a",
    "github.io/a", "www.blogspot.com/a", "blogspot.com/b", "bad.example/good/but/listed", "host.example//twice", "[::1]/a",
    "host.example/bäd", "host.example/tilde~/a.b",
]  # fmt: skip
ALLOWED_DOMAINS = ["good.bad.example", "fine.example", "both.example"]
ALLOWED_PATHS = ["bad.example/good", "host.example/bad/fine", "wordy.example/porno"]
WORDS = ["porno", "casino7", "straße", "kino", "host:slots", "2g1c"]
SOFT = ["sexy", "tits", "fix"]

SCHEMES = st.sampled_from(
    ["http://", "https://", "HTTP://", "Https://", "http:/", "http:///", "ftp://", "", "http:\\\\", "//", " http://"]
)
LABELS = ["a", "b", "c", "bad", "good", "deep", "host", "fine", "both", "wordy", "www", "github", "blogspot", "co", "com", "uk", "io",
          "xn--bse-sna", "böse", "B-D", "under_score", "BAD", "-x", "x-", "7", "0x7", "slots", "slots9", "porno", "", "xn--", "ab--c",
          "a" * 63, "a" * 64, "K", "ß", "%41", "a b", "a$"]  # fmt: skip
ADDRESSES = ["192.0.2.7", "192.0.2.8", "3221225991", "192.0.519", "0xc0.0.2.7", "[::1]", "1.192.0.2.7", "192.0.2.7."]
HOSTS = st.one_of(
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=5).map(".".join),
    st.tuples(
        st.sampled_from(["", "", "www.", "WWW.", "www.www.", "sub.", "x.www."]), st.sampled_from([*DOMAINS, *ALLOWED_DOMAINS])
    ).map("".join),
    st.tuples(st.sampled_from(["", "", "www.", "sub."]), st.sampled_from(PATHS + ALLOWED_PATHS)).map("".join),
    st.sampled_from(ADDRESSES),
)
PORTS = st.sampled_from(["", "", "", ":", ":80", ":8080", ":65535", ":65536", ":00000080", ":8a", ":80@good.example", "."])
USERS = st.sampled_from(["", "", "", "", "me@", "me:pw@", "a.b/@"])
PIECES = [
    "/", "/", "//", "/a", "/bad", "/deep", "/fine", "/good", "/x", "/.", "/..", "/a/../bad", "/index.html", "/INDEX.php",
    "/default.asp", "/indexes", "?q=1", "?q=2", "?", "&utm_source=x", "#top", "#porno", ";jsessionid=1", "/(S(abc))", "%62ad",
    "%2F", "%", "%4", "%zz", "\\bad", " ", "\t", "\n", "\x00", "é", "bäd", "b%C3%A4d", "porno", "por%6Eo", "PORNO", "por\tno",
    "sexy", "-tits", "tits7", "_sexy_", "%66ix", "ﬁx", "%EF%AC%81x", "Kino", "%E2%84%AAino", "straße", "strasse", "STRASSE",
    "stra%C3%9Fe", "casino7", "casino", "2g1c", "kino1a", "~", "'", "\ud800", "\udcff", "𝐤𝐢𝐧𝐨", "x" * 70, "y" * 3000, "%20" * 2700,
]  # fmt: skip
TAILS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
URLS = st.one_of(
    st.tuples(SCHEMES, USERS, HOSTS, PORTS, TAILS).map("".join),
    st.tuples(st.just("http://"), HOSTS, TAILS).map("".join),
    st.text(max_size=40),
)


@pytest.fixture(scope="module")
def blocklist(tmp_path_factory: pytest.TempPathFactory) -> BlockList:
    """A list of every kind."""
    folder = tmp_path_factory.mktemp("lists")
    for name, entries in {
        "adult.domains": DOMAINS, "gambling.urls": PATHS, "allow.domains": ALLOWED_DOMAINS, "sexual_education.urls": ALLOWED_PATHS,
        "adult.words.txt": WORDS, "adult.soft_words.txt": SOFT, "gambling.domains": ["both.example", "bad.example"],
    }.items():  # fmt: skip
        (folder / name).write_text("\n".join(entries) + "\n", encoding="utf-8")
    return BlockList.load([str(folder)])


def numbers_of(blocklist: BlockList, urls: list[str]) -> list[int]:
    """Return what `match_all` has to answer, from `match`."""
    named = {(source.list, source.category): number for number, source in enumerate(blocklist.lists)}
    hits = [blocklist.match(url) for url in urls]
    return [-1 if hit is None else named[hit.list, hit.category] for hit in hits]


def entry_by_strings(url: str) -> str | None:
    """Return the widest entry that holds a URL, found without hashes; empty where it is allowed."""
    key = canonical(url)
    if key.startswith(ERROR):
        return None
    host, path = host_of_key(key), key[key.index("/", 8) :]
    parents = [host] if is_ip_address(host) else [host.split(".", n)[-1] for n in range(host.count("."))][::-1]
    bare = path.partition("?")[0]
    prefixes = [path[:i] for i in range(1, len(bare)) if path[i] == "/"] + [p for p in (bare, path) if p != "/" or path == "/"]
    probes = parents + [host + prefix for prefix in prefixes]

    def canonical_entry(entry: str) -> str:
        made = canonical(f"http://{entry}")
        name = host_of_key(made)
        return name + made[made.index("/", 8) :] if "/" in entry else name

    allowed = {canonical_entry(entry) for entry in ALLOWED_DOMAINS + ALLOWED_PATHS}
    blocked = {canonical_entry(entry) for entry in DOMAINS + PATHS + ["both.example"]}
    if any(probe in allowed for probe in probes):
        return ""
    return next((probe for probe in probes if probe in blocked), None)


@settings(max_examples=500, deadline=None)
@given(st.lists(URLS, max_size=8))
@example(["http://www.bad.example/good", "http://host.example", "http://www.github.io/a", "http://www.blogspot.com/b"])
def test_many_are_answered_as_one(blocklist: BlockList, urls: list[str]) -> None:
    """The scan never disagrees with the definition, whatever the URL looks like."""
    assert blocklist.match_all(urls).tolist() == numbers_of(blocklist, urls)


@settings(max_examples=500, deadline=None)
@given(URLS)
def test_one_is_answered_as_strings_answer(blocklist: BlockList, url: str) -> None:
    """Hashes find the entry that comparing strings finds, and allow what it allows."""
    hit, entry = blocklist.match(url), entry_by_strings(url)
    if entry:
        assert hit is not None
        assert hit.entry == entry
    else:
        assert hit is None or (entry is None and hit.list == "adult.soft_words.txt+adult.words.txt")


@pytest.mark.parametrize(
    ("url", "python"),
    [
        ("http://plain.example/a/b.html?x=1#y", False),
        ("https://WWW.Plain.Example:8443/%C3%A9t%C3%A9/", False),
        ("http://host.example/some/page.html", False),
        ("http://bad.example/good/page", False),
        ("http://host.example/some/page?q=1", True),
        ("http://me@plain.example/", True),
        ("http://192.0.2.9/", True),
        ("http://xn--bcher-kva.example/", True),
        ("http://bücher.example/", True),
        ("http://plain.example/porno", True),
        ("http://plain.example./", True),
    ],
)
def test_what_is_left_to_python(blocklist: BlockList, url: str, python: bool) -> None:
    """Plain URLs, and plain paths of hosts that have entries with paths, never leave the kernel."""
    assert (blocklist.scan([url])[0] == ODD) == python


@pytest.mark.parametrize(
    ("url", "blocked"),
    [
        ("http://" + "a." * 121 + "bad.example/", True),
        ("http://" + "a." * 122 + "bad.example/", False),
        ("http://" + "a" * 63 + ".bad.example/", True),
        ("http://" + "a" * 64 + ".bad.example/", False),
        ("http://a..bad.example/", False),
        ("http://.bad.example/", False),
        ("http://bad.example:65535/", True),
        ("http://bad.example:65536/", False),
        ("http://bad.example:8a/", False),
        ("http://bad.example:80@x.example/", False),
        ("http://x.example:80@bad.example/", True),
        ("http://bad.example\\x/", True),
        ("http://bad.example?q", True),
        ("http://bad.example#top", True),
        ("http:///bad.example/", False),
        ("http:/bad.example/", False),
        ("http://deep.bad.example/" + " " * 2_600 + "x", True),
        ("http://deep.bad.example/" + " " * 2_720 + "x", True),
        ("http://deep.bad.example/" + " " * 2_730 + "x", False),
        ("http://host.example/y/../bad", True),
        ("http://host.example/y/./../bad/x", True),
        ("http://host.example/y/%2e%2e/bad", True),
        ("http://host.example/index.html", True),
        ("http://host.example/Default.asp", True),
        ("http://host.example/indexes.html", False),
        ("http://host.example/bad/", True),
        ("http://host.example/bad/fine/", False),
        ("http://host.example//twice/a", True),
        ("http://www.host.example/bad", True),
        ("http://www.www.host.example/bad", True),
        ("http://www.github.io/b", True),
        ("http://www.blogspot.com/b", False),
        ("http://www.blogspot.com/a", True),
        ("http://x.example/por\tno", True),
        ("http://x.example/por\x01no", False),
        ("http://x.example/a#porno", False),
        ("http://x.example/ﬁx-sexy", True),
        ("http://slots.example/", True),
        ("http://x.example/slots", False),
    ],
)
def test_edges_of_what_is_plain(blocklist: BlockList, url: str, blocked: bool) -> None:
    """At every limit the scan says what the definition says, and both what is right."""
    assert (blocklist.match(url) is not None, int(blocklist.match_all([url])[0]) >= 0) == (blocked, blocked)


def test_arrow_arrays(blocklist: BlockList) -> None:
    """Arrays of both widths, slices, chunks, nulls and nothing at all are read."""
    urls = ["http://x.example/", "http://bad.example/", None, "http://fine.example/", "http://sub.both.example/", ""]
    want = numbers_of(blocklist, [url or "" for url in urls])
    assert want == [-1, want[1], -1, -1, -1, -1]
    for kind in (pa.string(), pa.large_string()):
        array = pa.array(urls, type=kind)
        assert blocklist.match_all(array).tolist() == want
        assert blocklist.match_all(array[1:4]).tolist() == want[1:4]
        assert blocklist.match_all(pa.chunked_array([array[:2], array[2:]])).tolist() == want
    assert blocklist.match_all([]).tolist() == blocklist.match_all(pa.array([], type=pa.string())).tolist() == []
    assert blocklist.match_all(pa.nulls(2)).tolist() == [-1, -1]


def test_characters_that_fold_to_ascii_are_known() -> None:
    """Every character whose folded form holds an ASCII letter is left to Python; no other two bytes need be known."""
    odd = [c for c in map(chr, range(128, sys.maxunicode + 1)) if any(f.isascii() and f.isalnum() for f in c.casefold())]
    assert len(odd) > 10
    for char in odd:
        encoded = char.encode()
        assert folds_to_ascii(np.uint8(encoded[-2]), np.uint8(encoded[-1])), hex(ord(char))


def test_numbers_name_lists(blocklist: BlockList) -> None:
    """A number leads to list and category of the decision."""
    number = int(blocklist.match_all(["http://host.example/bad"])[0])
    assert blocklist.lists[number].list == "gambling.urls"
    assert blocklist.match("http://host.example/bad") == BlockHit("gambling.urls", "gambling", "host.example/bad")


def test_hostile_urls_take_linear_time(blocklist: BlockList) -> None:
    """A megabyte of dots, slashes, escapes or digits is answered."""
    urls = ["http://" + char * 1_000_000 + ".example/" + char * 1_000_000 for char in (".", "/", "%41", "1", "a.", "@", ":")]
    assert blocklist.match_all(urls).tolist() == [-1] * len(urls)


@needs_data
def test_real_urls_and_lists() -> None:
    """UT1's lists over the crawl's URLs, the cases of normalisation, and hosts made from the lists: the same answers."""
    assert DATA
    folder = Path(DATA)
    blocklist = BlockList.load([str(folder / "blocklists" / "ut1"), str(folder / "blocklists" / "url_words")], None)
    with gzip.open(folder / "warc" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        urls = [json.loads(line)["url"] for line in lines]
    cases = (folder / "urlnorm" / "cases.tsv").read_text(encoding="utf-8", errors="replace")
    urls += [cell for line in cases.splitlines() for cell in line.split("\t")]
    entries = [
        entry for file in find_lists([str(folder / "blocklists")], None) if file.kind == "urls" for entry in file.entries()
    ]
    drawn = random.Random(1).sample(entries, 5_000)
    urls += [f"http://{entry}" for entry in drawn] + [f"http://www.{entry}/below" for entry in drawn]
    found = blocklist.match_all(urls)
    assert found.tolist() == numbers_of(blocklist, urls)
    assert (found >= 0).sum() > 1000
