"""Reservations are found in headers and in metas, and nothing else is taken for one."""

import gzip
import json
import os
from pathlib import Path

import pytest

from udfs.html import extract, header_noindex, header_optout
from udfs.html.optout import directives


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        ([("X-Robots-Tag", "noai, noimageai")], "X-Robots-Tag: noai, noimageai"),
        ([("x-robots-tag", "noarchive"), ("X-ROBOTS-TAG", "NoAI")], "X-ROBOTS-TAG: NoAI"),
        ([("X-Robots-Tag", "GPTBot: noindex")], "X-Robots-Tag: GPTBot: noindex"),
        ([("X-Robots-Tag", "otherbot: noai")], "X-Robots-Tag: otherbot: noai"),
        ([("X-Robots-Tag", "noai noimageai")], "X-Robots-Tag: noai noimageai"),
        ([("X-Robots-Tag", "otherbot: noindex, nofollow"), ("X-Robots-Tag", "CCBot: none")], "X-Robots-Tag: CCBot: none"),
        ([("X-Robots-Tag", "otherbot: nofollow, GPTBot: noarchive, noindex")],
         "X-Robots-Tag: otherbot: nofollow, GPTBot: noarchive, noindex"),
        ([("X-Robots-Tag", "GPTBot: nofollow, otherbot: noindex")], None),
        ([("X-Robots-Tag", "unavailable_after: Sunday, 06-Nov-94 08:49:37 GMT, noai")],
         "X-Robots-Tag: unavailable_after: Sunday, 06-Nov-94 08:49:37 GMT, noai"),
        ([("X-Robots-Tag", "max-snippet: 20, noai")], "X-Robots-Tag: max-snippet: 20, noai"),
        ([("X-Robots-Tag", "noairship, noai-not")], None),
        ([("TDM-Reservation", "1")], "TDM-Reservation: 1"),
        ([("tdm-reservation", " 1 "), ("tdm-policy", "https://a.example/policy.json")], "tdm-reservation: 1"),
        ([("tdm-reservation", "0"), ("tdm-reservation", "1")], "tdm-reservation: 1"),
        ([("tdm-reservation", "0, 1")], "tdm-reservation: 0, 1"),
        ([("tdm-reservation", "10")], None),
        ([("tdm-reservation", "true")], None),
        ([("tdm-policy", "https://a.example/policy.json")], None),
        ([("TDM-Reservation", "0")], None),
        ([("X-Robots-Tag", "noindex, nofollow")], None),
        ([("X-Robots-Tag", "noimageai")], None),
        ([("X-Robots-Tag", "otherbot: noindex")], None),
        ([("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST, noindex")], None),
        ([("Content-Type", "text/html; noai")], None),
        ([], None),
    ],
)  # fmt: skip
def test_headers(headers, want):
    """Repeated headers, any case, robots by name."""
    assert header_optout(headers) == want


def test_header_noindex():
    """Only what is said to all robots, or to the one that stands for search, is about the index."""
    assert header_noindex([("X-Robots-Tag", "nofollow, noindex")])
    assert header_noindex([("X-Robots-Tag", "none")])
    assert header_noindex([("X-Robots-Tag", "unavailable_after: Sunday, 06-Nov-94 08:49:37 GMT, noindex")])
    assert not header_noindex([("X-Robots-Tag", "GPTBot: noindex")])
    assert not header_noindex([("Robots", "noindex")])


def test_directives_belong_to_the_robot_before_them():
    """A name holds until the next one."""
    assert directives("a, GPTBot: b, c, other: d") == [
        ("", frozenset({"a"})),
        ("gptbot", frozenset({"b", "c"})),
        ("other", frozenset({"d"})),
    ]


@pytest.mark.parametrize(
    ("meta", "want", "noindex"),
    [
        ('<meta name="robots" content="noai, noimageai">', "robots: noai, noimageai", False),
        ('<META NAME="Robots" CONTENT="INDEX"><meta name=robots content="NOAI">', "robots: NOAI", False),
        ('<meta name="CCBot" content="none">', "CCBot: none", False),
        ('<meta name="gptbot" content="index, follow">', None, False),
        ('<meta name="GPTBot" content="noindex, nofollow">', "GPTBot: noindex, nofollow", False),
        ('<meta name="Google-Extended" content=" NoIndex ">', "Google-Extended: NoIndex", False),
        ('<meta name="robots" content="max-snippet:-1 ,noai">', "robots: max-snippet:-1 ,noai", False),
        ('<meta name="robots" content="noindex"><meta name="ClaudeBot" content="noai">', "ClaudeBot: noai", True),
        ('<meta http-equiv="X-Robots-Tag" content="GPTBot: noindex">', "X-Robots-Tag: GPTBot: noindex", False),
        ('<meta http-equiv="x-robots-tag" content="noindex, noai">', "x-robots-tag: noindex, noai", True),
        ('<meta http-equiv="x-robots-tag" content="otherbot: noindex">', None, False),
        ('<meta name="otherbot" content="noindex">', None, False),
        ('<meta name="tdm-reservation" content="0"><meta name="TDM-Reservation" content=" 1 ">', "TDM-Reservation: 1", False),
        ('<meta name="tdm-policy" content="https://a.example/policy.json">', None, False),
        ('<meta name="robots" content="none">', None, True),
        ('<meta name="tdm-reservation" content="1">', "tdm-reservation: 1", False),
        ('<meta name="tdm-reservation" content="0">', None, False),
        ('<meta name="robots" content="noindex,follow">', None, True),
        ('<meta name="robots" content="noimageai">', None, False),
        ('<meta name="description" content="noai">', None, False),
        ('<p>&lt;meta name="robots" content="noai"&gt;</p>', None, False),
    ],
)
def test_metas(meta, want, noindex):
    """The literal value is the evidence."""
    found = extract(f"<html><head>{meta}</head><body><p>Some text.</p></body></html>")
    assert (found.optout, found.noindex) == (want, noindex)


def test_reserved_pages_of_the_crawl():
    """Every page planted as reserved is found; one record of the crawl has no such statement in its bytes."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA is not set")
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    folder = Path(data) / "warc"
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for line in lines if (row := json.loads(line))["kind"][0] == "optout"]
    missed = []
    for row in rows:
        with (folder / row["file"]).open("rb") as file:
            file.seek(row["offset"])
            record = next(iter(ArchiveIterator(file, record_types=WarcRecordType.response, auto_decode="all")))
            headers, body = list(record.http_headers), record.reader.read()
        page = extract(body)
        reserved = header_optout(headers) or page.optout
        unlisted = header_noindex(headers) or page.noindex
        if not (unlisted if "noindex" in row["kind"][1] else reserved):
            missed.append(row["kind"][1])
    assert len(rows) == 90
    assert len(missed) <= 1
