"""Tests of the WARC reader: made-up archives with every kind of damage, and the test crawl with its ground truth."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import random
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import brotli
import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs import http
from udfs.warc import FAULTS, Capture, Limits, read_warc

PAGE = b"<!DOCTYPE html><html><body><p>Grammar of the oat grass family.</p></body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def response(body: bytes = PAGE, fields: bytes = b"", head: bytes = HEAD) -> bytes:
    """Make an HTTP response."""
    return head + fields + b"\r\n" + body


def record(
    block: bytes,
    name: str = "a",
    *,
    kind: str = "response",
    media: str = "application/http; msgtype=response",
    fields: str = "",
    longer: int = 0,
) -> bytes:
    """Make a WARC record."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:x:{name}>\r\nWARC-Date: 2026-03-05T23:48:14Z\r\n"
        f"WARC-Target-URI: http://example.org/{name}\r\nContent-Type: {media}\r\n{fields}"
        f"Content-Length: {len(block) + longer}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def zipped(data: bytes, level: int = 6) -> bytes:
    """Make a gzip member."""
    return gzip.compress(data, level, mtime=0)


def read(data: bytes, start: int = 0, end: int | None = None, limits: Limits | None = None) -> list[Capture]:
    """Read an archive in memory."""
    return list(read_warc(io.BytesIO(data), start=start, end=end, limits=limits))


def read_in_ranges(data: bytes, cuts: Iterable[int]) -> list[Capture]:
    """Read an archive range by range."""
    bounds = [0, *sorted(cuts), len(data)]
    return [c for start, end in pairwise(bounds) for c in read(data, start, end)]


def names(captures: Iterable[Capture]) -> str:
    """Letters of the records, in upper case where they have a fault, ``!`` for damage without a record."""
    letters = ((c.record_id or "<urn:x:!>")[-2] for c in captures)
    return "".join(x.upper() if c.fault else x for x, c in zip(letters, captures, strict=True))


def made_up(kind: str, count: int = 4) -> tuple[bytes, list[int]]:
    """Make an archive of a few records, and where they begin."""
    parts = [record(response(PAGE + b"%d" % i), "abcdef"[i]) for i in range(count)]
    if kind == "gzip":
        parts = [zipped(part) for part in parts]
    return b"".join(parts), [sum(map(len, parts[:i])) for i in range(count)]


def test_a_response_is_delivered_with_all_its_fields() -> None:
    """Every field of a capture comes from its place in the record."""
    http_block = response(fields=b"X-Robots-Tag: noai\r\nx-robots-tag: noindex\r\n")
    data = zipped(record(b"software: x", "w", kind="warcinfo", media="application/warc-fields")) + zipped(record(http_block))
    (capture,) = read(data)
    offset = len(zipped(record(b"software: x", "w", kind="warcinfo", media="application/warc-fields")))
    assert capture == Capture(
        kind="response",
        record_id="<urn:x:a>",
        offset=offset,
        length=len(data) - offset,
        url="http://example.org/a",
        date_us=1_772_754_494_000_000,
        status=200,
        headers=(("content-type", "text/html"), ("x-robots-tag", "noai"), ("x-robots-tag", "noindex")),
        body=PAGE,
        truncated=False,
        fault=None,
        detail="",
        language=None,
    )


def test_wet_records_come_as_conversions_with_their_language() -> None:
    """A conversion record has the text as its body and no HTTP."""
    data = zipped(
        record("Añada.".encode(), kind="conversion", media="text/plain", fields="WARC-Identified-Content-Language: spa\r\n")
    )
    (capture,) = read(data)
    assert (capture.kind, capture.body.decode(), capture.language) == ("conversion", "Añada.", "spa")
    assert (capture.status, capture.headers, capture.fault) == (None, (), None)


@pytest.mark.parametrize(
    ("block", "kind", "media", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "request", "application/http; msgtype=request", []),
        (b"fetchTimeMs: 3", "metadata", "application/warc-fields", []),
        (b"x", "resource", "text/html", []),
        (b"20260305 a.example A 192.0.2.1", "response", "text/dns", []),
        (response(), "response", "text/html", ["response"]),
        (HEAD + b"\r\n", "revisit", "application/http; msgtype=response", ["revisit"]),
        (b"", "revisit", "application/http; msgtype=response", ["revisit"]),
    ],
)
def test_only_captures_are_delivered(block: bytes, kind: str, media: str, expected: list[str]) -> None:
    """Requests, metadata, resources and DNS answers are stepped over; a revisit has no body and no fault."""
    found = [c for c in read(zipped(record(block, kind=kind, media=media))) if not c.fault]
    assert [c.kind for c in found] == expected


@pytest.mark.parametrize(
    ("date", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:02", 2_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_microseconds(date: str, microseconds: int | None) -> None:
    """WARC 1.0 and 1.1 dates become microseconds since 1970, anything else None."""
    data = record(response()).replace(b"2026-03-05T23:48:14Z", date.encode())
    assert read(data)[0].date_us == microseconds


def raw_deflate(data: bytes) -> bytes:
    """Deflate without a frame, as some servers understand the word."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def chunked(data: bytes, size: int = 10, end: bytes = b"0\r\n\r\n") -> bytes:
    """Cut into chunks."""
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(p), p) for i in range(0, len(data), size) if (p := data[i : i + size])) + end


CHUNKED = b"Transfer-Encoding: chunked\r\n"
LONG = b"".join(b"<p>%d green hills</p>" % i for i in range(2000))
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x02\x03"


def coding(name: bytes) -> bytes:
    """Make a Content-Encoding field."""
    return b"Content-Encoding: " + name + b"\r\n"


BODIES = {
    "plain": (b"", PAGE, PAGE, False),
    "gzip": (coding(b"gzip"), zipped(PAGE), PAGE, False),
    "x-gzip": (coding(b"X-GZip"), zipped(PAGE), PAGE, False),
    "gzip in two members": (coding(b"gzip"), zipped(PAGE) + zipped(PAGE), PAGE * 2, False),
    "gzip and zero padding": (coding(b"gzip"), zipped(PAGE) + b"\0" * 9, PAGE, False),
    "deflate is zlib": (coding(b"deflate"), zlib.compress(PAGE), PAGE, False),
    "deflate is raw": (coding(b"deflate"), raw_deflate(PAGE), PAGE, False),
    "brotli": (coding(b"br"), brotli.compress(PAGE), PAGE, False),
    "two codings": (coding(b"deflate, gzip"), zipped(zlib.compress(PAGE)), PAGE, False),
    "gzip called deflate": (coding(b"deflate"), zipped(PAGE), PAGE, False),
    "zlib called gzip": (coding(b"gzip"), zlib.compress(PAGE), PAGE, False),
    "gzip that never was": (coding(b"gzip"), PAGE, PAGE, False),
    "deflate that never was": (coding(b"deflate"), PAGE, PAGE, False),
    "brotli that never was": (coding(b"br"), PAGE, PAGE, False),
    "a picture that is no gzip": (coding(b"gzip"), PNG, PNG, False),
    "text that looks like zlib": (coding(b"gzip"), b"x^2 + y^2", b"x^2 + y^2", False),
    "a charset as a coding": (coding(b"utf-8"), PAGE, PAGE, False),
    "an archive is no coding": (b"", zipped(PAGE), zipped(PAGE), False),
    "an old name is no coding": (b"X-Crawl-Content-Encoding: gzip\r\n", PAGE, PAGE, False),
    "coded but empty": (coding(b"gzip"), b"", b"", False),
    "gzip cut short": (coding(b"gzip"), zipped(LONG)[:-20], None, True),
    "raw deflate cut short": (coding(b"deflate"), raw_deflate(LONG)[:-20], None, True),
    "brotli cut short": (coding(b"br"), brotli.compress(LONG)[:-20], None, True),
    "chunks": (CHUNKED, chunked(PAGE), PAGE, False),
    "chunks with line feeds": (CHUNKED, chunked(PAGE).replace(b"\r\n", b"\n"), PAGE, False),
    "chunks of gzip": (CHUNKED + coding(b"gzip"), chunked(zipped(PAGE)), PAGE, False),
    "chunks without an end": (CHUNKED, chunked(PAGE, end=b""), PAGE, True),
    "a chunk cut short": (CHUNKED, b"ffff\r\n" + PAGE, PAGE, True),
    "garbage behind a chunk": (CHUNKED, chunked(PAGE, end=b"?!"), PAGE, True),
    "chunks that never were": (CHUNKED, PAGE, PAGE, False),
    "Content-Length too small": (b"Content-Length: 3\r\n", PAGE, PAGE, False),
    "Content-Length too large": (b"Content-Length: 9999\r\n", PAGE, PAGE, True),
    "Content-Length of chunks": (CHUNKED + b"Content-Length: 9999\r\n", chunked(PAGE), PAGE, False),
    "Content-Length is no number": (b"Content-Length: \xb2, 10000000000000000000000\r\n", PAGE, PAGE, False),
}


@pytest.mark.parametrize(("fields", "body", "expected", "truncated"), BODIES.values(), ids=BODIES.keys())
def test_bodies_are_decoded_by_what_they_are(fields: bytes, body: bytes, expected: bytes | None, truncated: bool) -> None:
    """The bytes decide which coding is undone, the header only whether to look; what is there is kept."""
    (capture,) = read(zipped(record(response(body, fields))))
    assert (capture.fault, capture.truncated) == (None, truncated)
    if expected is None:
        assert capture.body
        assert LONG.startswith(capture.body)
    else:
        assert capture.body == expected


@pytest.mark.parametrize(
    ("block", "fault", "status"),
    [
        (response(zipped(PAGE)[:-8] + b"\1" * 8, coding(b"gzip")), http.BAD_CONTENT_ENCODING, 200),
        (response(brotli.compress(PAGE)[:20] + b"\x01\x02\xff" * 30, coding(b"br")), http.BAD_CONTENT_ENCODING, 200),
        (response(b"\x28\xb5\x2f\xfd\x04\x00", coding(b"zstd")), http.BAD_CONTENT_ENCODING, 200),
        (response(b"a" * 1001), http.BODY_TOO_LARGE, 200),
        (response(zipped(b"a" * 1001), coding(b"gzip")), http.BODY_TOO_LARGE, 200),
        (response(brotli.compress(b"a" * 1001), coding(b"br")), http.BODY_TOO_LARGE, 200),
        (response(b"a" * 6000), http.BODY_TOO_LARGE, 200),
        (b"", http.BAD_HTTP, None),
        (b"\x00\x01 garbage", http.BAD_HTTP, None),
        (b"HTTP/1.1 OK\r\n\r\nx", http.BAD_HTTP, None),
        (b"HTTP/1.1 2000 OK\r\n\r\nx", http.BAD_HTTP, None),
        (HEAD + b"A: " + b"a" * 70_000 + b"\r\n\r\nx", http.BODY_TOO_LARGE, None),
    ],
)
def test_unusable_responses_are_faults(block: bytes, fault: str, status: int | None) -> None:
    """A body that can't be decoded or is too large, or a block that is no HTTP, keeps its record and loses its body."""
    limits = Limits(max_body_bytes=1000, max_record_bytes=5000)
    (capture,) = read(zipped(record(block)), limits=limits)
    assert (capture.fault, capture.status, capture.record_id, capture.body) == (fault, status, "<urn:x:a>", b"")
    assert capture.detail
    assert "\n" not in capture.detail


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (b"HTTP/2 200\r\nA: b\r\n\r\nx", (("a", "b"),)),
        (b"ICY 200 OK\r\nA: b\r\n\r\nx", (("a", "b"),)),
        (b"HTTP/1.1 200\nA: b\n\nx", (("a", "b"),)),
        (b"HTTP/1.1 200 \xff\r\nA: \xe9\r\n: none\r\nB:c\r\n d\r\n\r\nx", (("a", "é"), ("b", "c d"))),
    ],
)
def test_strange_heads_are_read(block: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    """Heads that break the rules in known ways are read as browsers read them."""
    (capture,) = read(zipped(record(block)))
    assert (capture.status, capture.headers, capture.body, capture.fault) == (200, headers, b"x", None)


def test_bodiless_statuses_are_not_truncated() -> None:
    """A 304 may name the length of the page that it does not carry."""
    (capture,) = read(record(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"))
    assert (capture.status, capture.truncated, capture.fault) == (304, False, None)


def test_warc_truncated_marks_the_page() -> None:
    """What the crawler cut is an ordinary page."""
    (capture,) = read(record(response(), fields="WARC-Truncated: length\r\n"))
    assert (capture.truncated, capture.fault, capture.body) == (True, None, PAGE)


@pytest.mark.parametrize("kind", ["gzip", "plain"])
def test_any_flipped_byte_costs_at_most_its_own_record(kind: str) -> None:
    """Whatever byte of the second record is hit, the others come back, and the hit one is not passed off as sound."""
    data, places = made_up(kind, 3)
    sound = read(data)
    for at in range(places[1], places[2]):
        hit = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        captures = read(hit)
        if kind == "gzip":
            # In the gzip header alone a byte may say nothing about the content: time, flags and system.
            assert captures == sound or [c.record_id for c in captures if not c.fault] == ["<urn:x:a>", "<urn:x:c>"]
            assert at < places[1] + 10 or captures != sound
        else:
            # Nothing in a plain file proves its content; only the frame can be seen to be damaged.
            assert [captures[0].body, captures[-1]] == [sound[0].body, sound[2]] or at >= places[2] - 4
        assert sum(c.length for c in captures) == len(data) or kind == "plain"  # an unknown record type is stepped over


@pytest.mark.parametrize("kind", ["gzip", "plain"])
def test_a_file_may_end_anywhere(kind: str) -> None:
    """A cut file gives the records before the cut as they are, and the one it hits, if any, as truncated."""
    data, places = made_up(kind, 2)
    first = read(data)[0]
    for size in range(places[1] + 1, len(data)):
        captures = read(data[:size])
        assert captures[0] == first
        assert len(captures) == 2
        last = captures[1]
        assert last.offset + last.length == size
        complete = kind == "plain" and size >= len(data) - 4
        opened = data[places[1] : size].startswith(b"WARC/1.") or kind == "gzip"
        if not complete and opened:
            assert last.fault == "truncated_record"
        else:
            assert last.fault == (None if complete else "bad_warc_header")


DAMAGED = {
    "member in the middle": (
        lambda a, b, c: a + b[:200] + b"\0\0\0\0" + b[204:] + c,
        "aBc",
        "bad_gzip_member",
    ),
    "checksum only": (lambda a, b, c: a + b[:-8] + b"\1\2\3\4" + b[-4:] + c, "aBc", "bad_gzip_member"),
    "member without its head": (lambda a, b, c: a + b[20:] + c, "a!c", "bad_gzip_member"),
    "lost start of the file": (lambda a, b, c: a[5:] + b + c, "!bc", "bad_gzip_member"),
    "junk between members": (lambda a, b, c: a + b"junk" * 99 + b + c, "a!bc", "bad_gzip_member"),
    "a member of something else": (lambda a, b, c: a + zipped(b"hello") + b + c, "a!bc", "bad_warc_header"),
    "two of something else": (lambda a, b, c: a + zipped(b"x") + zipped(b"y") + b + c, "a!bc", "bad_warc_header"),
    "two damaged": (lambda a, b, c: a[:-3] + b"???" + b[:-3] + b"???" + c, "ABc", "bad_gzip_member"),
    "last member": (lambda a, b, c: a + b + c[:-8] + b"\0" * 8, "abC", "bad_gzip_member"),
    "an undelivered record": (
        lambda a, b, c: a + zipped(record(b"x" * 99, "m", kind="metadata"))[:-6] + b"??????" + c,
        "a!c",
        "bad_gzip_member",
    ),
}


@pytest.mark.parametrize(("damage", "expected", "fault"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damage_costs_its_own_stretch(damage, expected: str, fault: str) -> None:  # type: ignore[no-untyped-def]
    """Each damaged stretch gives one row with its place; reading goes on behind it, in ranges as in one go."""
    parts = [zipped(record(response(PAGE + x), x.decode())) for x in (b"a", b"b", b"c")]
    data = damage(*parts)
    captures = read(data)
    assert names(captures) == expected
    faulty = [c for c in captures if c.fault]
    assert {c.fault for c in faulty} == {fault}
    assert all(c.detail and not c.body for c in faulty)
    assert [c.offset for c in captures] == [sum(x.length for x in captures[:i]) for i in range(len(captures))]
    assert sum(c.length for c in captures) == len(data)
    for cut in range(1, len(data)):
        assert read_in_ranges(data, [cut]) == captures


@pytest.mark.parametrize("longer", [-40, -1, 1, 5, 500, 10**6, 10**17])
@pytest.mark.parametrize("kind", ["gzip", "plain", "one member"])
def test_a_wrong_warc_length_is_found(kind: str, longer: int) -> None:
    """A Content-Length that does not lead to the next record is a fault of its own record only."""
    parts = [record(response(), "a"), record(response(), "b", longer=longer), record(response(), "c")]
    data = b"".join(map(zipped, parts)) if kind == "gzip" else b"".join(parts)
    captures = read(zipped(data) if kind == "one member" else data)
    within_line_ends = longer in (1,)
    assert names(captures) == ("abc" if within_line_ends else "aBc")
    assert within_line_ends or captures[1].fault == "wrong_warc_length"
    assert captures[1].status == 200


@pytest.mark.parametrize("cuts", [[], [1], [700]])
def test_one_member_may_hold_many_records(cuts: list[int]) -> None:
    """A file that is one gzip member gives all its records, once, with the member's place."""
    plain, _ = made_up("plain", 6)
    data = zipped(plain) + zipped(record(response(), "g"))
    captures = read_in_ranges(data, cuts)
    assert names(captures) == "abcdefg"
    assert {(c.offset, c.length) for c in captures[:6]} == {(0, len(zipped(plain)))}
    assert [c.body for c in captures[:6]] == [c.body for c in read(plain)]


def test_a_damaged_member_of_many_records_gives_those_before_the_damage() -> None:
    """Records that were inflated before the error are delivered; the one it hits is the fault."""
    noise = random.Random(5)  # a flipped byte may also come out as other sound bytes: not these
    parts = [record(response(noise.randbytes(300)), name) for name in "abcdef"]
    data = bytearray(zipped(b"".join(parts)))
    data[len(data) // 2] ^= 0xFF
    captures = read(bytes(data) + zipped(record(response(), "g")))
    assert captures[-1].record_id == "<urn:x:g>"
    assert captures[-1].fault is None
    assert captures[-2].fault == "bad_gzip_member"
    sound = [c for c in captures[:-2] if not c.fault]
    assert len(sound) >= 1
    assert [c.record_id for c in sound] == [f"<urn:x:{name}>" for name in "abcdef"[: len(sound)]]


def test_a_member_too_large_to_hold_is_read_all_the_same() -> None:
    """Many records above the limit together are delivered; a single one above it is a fault and is never held."""
    many = b"".join(record(response(b"%06d" % i * 500), "abcdef"[i]) for i in range(6))
    limits = Limits(max_body_bytes=4000, max_record_bytes=4000)
    assert names(read(zipped(many * 6), limits=limits)) == "abcdef" * 6
    bomb = record(response(b"\0" * 50_000_000), "x") + record(response(), "y")
    member = zipped(bomb, 1)
    del bomb
    for data in (member, member + zipped(record(response(), "z"))):
        tracemalloc.start()
        captures = read(data, limits=Limits(10**6, 10**6))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert names(captures) == "Xyz"[: len(captures)]
        assert captures[0].fault == "body_too_large"
        assert captures[0].status == 200
        assert peak < 25_000_000


def stored_archive() -> tuple[bytes, bytes]:
    """Make a gzip and a plain archive with a page that is itself an archive, verbatim in the file."""
    inside = b"".join(zipped(record(response(os.urandom(200)), "x")) for _ in range(30))
    packed = [zipped(record(response(), "a")), zipped(record(response(inside), "b"), 0), zipped(record(response(), "c"))]
    inside = b"".join(record(response(), "x") for _ in range(30))
    return b"".join(packed), b"".join([record(response(), "a"), record(response(inside), "b"), record(response(), "c")])


@pytest.mark.parametrize("which", [0, 1], ids=["gzip", "plain"])
def test_an_archive_inside_a_record_is_not_read(which: int) -> None:
    """A page that is an archive stays a page, wherever the file is cut."""
    data = stored_archive()[which]
    captures = read(data)
    assert names(captures) == "abc"
    for cut in range(1, len(data), 37):
        assert read_in_ranges(data, [cut]) == captures


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["gzip", "plain"]))
def test_any_cut_points_give_the_same_records(data: st.DataObject, kind: str) -> None:
    """Ranges that cover a file, whole or damaged, give exactly what the file gives."""
    archive, places = made_up(kind, 4)
    archive = bytearray(archive)
    for at in data.draw(st.lists(st.integers(0, len(archive) - 1), max_size=3), "damage"):
        archive[at] ^= 0xA5
    cut = data.draw(st.integers(0, len(archive)), "size")
    archive = bytes(archive[:cut]) if data.draw(st.booleans(), "short") else bytes(archive)
    cuts = data.draw(st.lists(st.one_of(st.integers(0, len(archive)), st.sampled_from(places)), max_size=8), "cuts")
    if kind == "plain" and not archive.startswith(b"WARC/1."):
        return
    assert read_in_ranges(archive, [min(cut, len(archive)) for cut in cuts]) == read(archive)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\x1f\x8b\x08", b"WARC/1.0\r\n", zipped(record(response()))]))
@example(b"\0" * 300, b"WARC/1.0\r\n")
def test_any_bytes_are_accounted_for(junk: bytes, start: bytes) -> None:
    """No bytes make the reader raise or lose count of them."""
    data = start + junk
    captures = read(data)
    assert sum(c.length for c in captures) == len(data) or data.startswith(b"WARC/1.")
    assert all(c.fault in (None, *FAULTS) for c in captures)


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08" * 30_000,
        b"\nWARC/1.0" * 3_000,
        record(response(b"0\n" * 100_000, CHUNKED)),
        record(response(b"1\na" * 100_000, CHUNKED)),
        record(response(zipped(b"") * 20_000, coding(b"gzip"))),
        record(response(b"\n" * 500_000)),
        record(b"HTTP/1.1 200 OK\r\n" + b"A:\r\n" * 15_000 + b"\r\n"),
        b"WARC/1.0\r\n" + b"a" * 500_000,
    ],
    ids=range(8),
)
def test_hostile_bytes_take_linear_time(data: bytes) -> None:
    """What would make a careless reader slow is read at once (a quadratic one would take minutes)."""
    assert len(read(data)) == 1


class Counting(io.BytesIO):
    """A source that counts what it is asked."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


def test_the_source_is_read_in_large_blocks() -> None:
    """A remote file sees one request in four MiB, not one a record."""
    data = b"".join(zipped(record(response(os.urandom(2000)), "a")) for _ in range(5000))
    source = Counting(data)
    assert sum(1 for _ in read_warc(source)) == 5000
    assert source.reads <= len(data) // (4 * 2**20) + 3


def test_a_source_that_fails_is_not_damage() -> None:
    """An error of the network is passed on, so that the task is tried again."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 0:
                raise OSError("connection reset")
            return super().read(10)

    with pytest.raises(OSError, match="reset"):
        list(read_warc(Failing(made_up("gzip")[0])))


def test_a_panic_in_the_parser_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastWARC's panic, which is no Exception, costs a record; an interrupt still ends the program."""

    class PanicException(BaseException):
        pass

    class Broken:
        error: type[BaseException] = PanicException

        def parse(self, reader: object) -> None:
            raise self.error

    monkeypatch.setattr(http, "HeaderMap", Broken)
    data = zipped(record(response()))
    assert [c.fault for c in read(data)] == ["bad_warc_header"]
    Broken.error = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        read(data)


# --- the test crawl

DATA = os.environ.get("WOOLMILL_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="WOOLMILL_DATA does not name the data folder")
EXPECTED_FAULTS = {
    "bad_gzip_member": "bad_gzip_member",
    "wrong_warc_length": "wrong_warc_length",
    "zip_bomb": "body_too_large",
    "truncated_last_record": "truncated_record",
}


@pytest.fixture(scope="module")
def crawl() -> dict[tuple[str, int], Capture]:
    """Read the whole test crawl once."""
    files = sorted((Path(DATA or "") / "warc").glob("*.warc*"))
    out = {}
    for path in files:
        with path.open("rb") as source:
            for capture in read_warc(source):
                assert (path.name, capture.offset) not in out
                out[path.name, capture.offset] = capture
    return out


@pytest.fixture(scope="module")
def truth() -> dict[tuple[str, int], dict[str, object]]:
    """Read the truth of the test crawl."""
    with gzip.open(Path(DATA or "") / "warc" / "truth.jsonl.gz") as lines:
        rows = [json.loads(line) for line in lines]
    return {(row["file"], row["offset"]): row for row in rows}


@needs_data
def test_every_record_of_the_crawl_is_delivered_once(crawl, truth) -> None:  # type: ignore[no-untyped-def]
    """All 7,824 records, the 907 behind damage among them, come at their place with their id, URL, date and status."""
    assert len(truth) == 7824
    assert crawl.keys() == truth.keys()
    for place, row in truth.items():
        capture = crawl[place]
        assert (capture.record_id, capture.length, capture.url) == (row["record_id"], row["length"], row["url"])
        assert capture.kind == ("revisit" if row["kind"][0] == "revisit" else "response")
        assert capture.status == row["status"] or capture.fault == "bad_gzip_member"
    behind = Counter(
        file
        for file, offset in crawl
        if offset > {"CC-TEST-2026-10-00004.warc.gz": 1189451, "CC-TEST-2026-10-00005.warc.gz": 860046}.get(file, 10**9)
    )
    assert sorted(behind.values()) == [389, 518]


@needs_data
def test_exactly_the_planted_damage_is_a_fault(crawl, truth) -> None:  # type: ignore[no-untyped-def]
    """The four damaged records have the faults that were planted, and no other record has one."""
    planted = {place: EXPECTED_FAULTS[mark] for place, row in truth.items() for mark in row["kind"] if mark in EXPECTED_FAULTS}
    assert {place: c.fault for place, c in crawl.items() if c.fault} == planted
    assert len(planted) == 4
    truncated = {place for place, c in crawl.items() if c.truncated}
    assert truncated == {p for p, row in truth.items() if {"truncated", "wrong_http_length_long"} & set(row["kind"])}


@needs_data
def test_bodies_are_the_bytes_that_were_captured(crawl, truth) -> None:  # type: ignore[no-untyped-def]
    """Uncoded bodies have the digest in their WARC header; the decoded ones are pages again."""
    name = "CC-TEST-2026-10-00001.warc.gz"
    checked = 0
    for warc in ArchiveIterator(str(Path(DATA or "") / "warc" / name), parse_http=False):
        row = truth.get((name, warc.stream_pos))
        if row and row.get("http_encoding") in (None, "identity"):
            digest = base64.b32encode(hashlib.sha1(crawl[name, warc.stream_pos].body).digest()).decode()
            checked += warc.headers.get("WARC-Payload-Digest") == f"sha1:{digest}"
    coded = [crawl[place] for place, row in truth.items() if row["kind"][0] == "content_coding"]
    assert checked > 700
    assert len(coded) == 150
    assert all(b"<html" in c.body[:4000].lower() or b"<body" in c.body[:4000].lower() for c in coded)


@needs_data
@pytest.mark.parametrize("name", ["CC-TEST-2026-10-00004.warc.gz", "CC-TEST-2026-10-00005.warc.gz", "CC-TEST-2026-10-tiny.warc"])
@pytest.mark.parametrize("step", [400_003, 30_011])
def test_ranges_of_the_crawl_give_the_same_records(crawl, name: str, step: int) -> None:  # type: ignore[no-untyped-def]
    """Real files, two of them damaged, read in ranges give what they give in one go."""
    path = Path(DATA or "") / "warc" / name
    places = [offset for file, offset in crawl if file == name]
    cuts = [*range(step, path.stat().st_size, step), *places[5:9], places[20 % len(places)] + 1, places[-1]]
    captures = read_in_ranges(path.read_bytes(), cuts)
    assert captures == [c for (file, _), c in crawl.items() if file == name]
