"""WARC and WET captures out of a file or a byte range of one, with every damaged place named and stepped over.

Both public readers stop at the first damaged record. This one walks the gzip members itself, so that damage costs only
the record it hit: it goes on at the next member that inflates to ``WARC/1.``, or, in a plain file, at the next line
``WARC/1.`` with a valid header. FastWARC parses the header blocks. Format: ISO 28500 (WARC 1.0 and 1.1).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import BinaryIO, Final, Literal

from udfs import gzip_members as gzip
from udfs import http

Kind = Literal["response", "revisit", "conversion", "damage"]

BAD_GZIP_MEMBER: Final = "bad_gzip_member"
BAD_WARC_HEADER: Final = "bad_warc_header"
WRONG_WARC_LENGTH: Final = "wrong_warc_length"
TRUNCATED_RECORD: Final = "truncated_record"
FAULTS: Final = (
    BAD_GZIP_MEMBER,
    BAD_WARC_HEADER,
    WRONG_WARC_LENGTH,
    TRUNCATED_RECORD,
    http.BODY_TOO_LARGE,
    http.BAD_CONTENT_ENCODING,
    http.BAD_HTTP,
)

_KINDS: Final[dict[str, Kind]] = {"response": "response", "revisit": "revisit", "conversion": "conversion"}
_VERSION: Final = b"WARC/1."
_STORED_BLOCK: Final = 2**16  # RFC 1951: a stored block holds at most 65,535 bytes
_LOOK_BACK: Final = 16 * 2**20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single record may cost.

    Parameters
    ----------
    max_body_bytes : int
        Largest HTTP body (or WET text) in bytes, chunks and content codings undone.
    max_record_bytes : int
        Largest WARC record in bytes, its gzip member inflated. Larger ones are stepped over without being held. The
        reader's peak memory is about three times this and twice `max_body_bytes`.
    """

    max_body_bytes: int = 16 * 2**20
    max_record_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Capture:
    """One response, revisit or conversion record, or one damaged stretch.

    Parameters
    ----------
    kind : {"response", "revisit", "conversion", "damage"}
        Record type; ``damage`` is a damaged stretch without a readable record of the other types.
    record_id : str or None
        WARC-Record-ID as in the header, with angle brackets.
    offset, length : int
        Bytes of the gzip member (or plain record with the line ends behind it) in the file. Records that share a
        member share both. After damage the length runs to where reading went on.
    url : str
        WARC-Target-URI, without angle brackets.
    date_us : int or None
        WARC-Date in microseconds since 1970 UTC.
    status : int or None
        HTTP status code.
    headers : tuple of (str, str)
        HTTP header fields in order, names in lower case.
    body : bytes
        HTTP body, decoded; the text of a conversion record; empty for revisits and whenever there is a fault.
    truncated : bool
        An ordinary, usable page whose end is missing: WARC-Truncated, a larger HTTP Content-Length, or a chunked or
        compressed body that stops early.
    fault : str or None
        One of `FAULTS` when the record cannot be used.
    detail : str
        One line of evidence for the fault, else empty.
    language : str or None
        WARC-Identified-Content-Language of a conversion record.
    """

    kind: Kind
    record_id: str | None
    offset: int
    length: int
    url: str
    date_us: int | None
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    fault: str | None
    detail: str
    language: str | None


def read_warc(source: BinaryIO, *, start: int = 0, end: int | None = None, limits: Limits | None = None) -> Iterator[Capture]:
    """Read the captures whose gzip member, or plain record, begins in a byte range of a WARC file.

    Consecutive ranges together give what the whole file gives, each record once. A range that begins inside a record
    goes forward to the next one; the record that `end` falls into is read to its end. An archive that was captured as
    a page is told from the file's own records, if the record that holds it begins less than 16 MiB before the range.

    Parameters
    ----------
    source : BinaryIO
        Seekable binary file, gzip (one record a member, or any other partition) or plain. Read in blocks of 4 MiB.
    start, end : int, optional
        Half-open range in bytes of the file; `end` defaults to its size.
    limits : Limits, optional
        Largest record and body.

    Yields
    ------
    Capture
        In file order. Damage never raises; errors of the source itself do.
    """
    limits = limits or Limits()
    window = gzip.Window(source, source.seek(0, os.SEEK_END))
    stop = window.size if end is None else min(end, window.size)
    if _is_plain(source):
        yield from _records(_Stretch(window), _sync_record(window, start, stop) if start > 0 else 0, stop, limits)
    else:
        yield from _members(window, _next_member(window, start, stop) if start > 0 else 0, stop, limits)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Bytes that hold plain records, and where they come from."""

    window: gzip.Window
    place: tuple[int, int] | None = None  # offset and length of the member that was inflated to them
    cut_fault: str = TRUNCATED_RECORD  # what it means when they end inside a record
    ends_well: bool = True  # False: the record they end with is damaged, even if it looks complete
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class _Header:
    """A WARC header block, its names in lower case, and the place of the content behind it."""

    fields: dict[str, str]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A record to deliver: its header, its place in the file, and what is wrong with its framing."""

    header: _Header
    kind: Kind
    place: tuple[int, int]
    fault: str | None
    detail: str


# Plain records: of a file, or of what a member inflates to.


def _records(stretch: _Stretch, at: int, stop: int, limits: Limits) -> Iterator[Capture]:
    window, begun = stretch.window, False
    # A stretch without a header belongs to the range of the record before it: the next range cannot know where it began.
    while at < stop or (begun and at < window.size and _read_header(window, at) is None):
        begun = True
        header = _read_header(window, at)
        follows = _following(stretch, header.end) if header else None
        fault, detail = None, ""
        if follows is None:
            found = _next_record(window, header.begin if header else at + 1, window.size)
            follows = window.size if found is None else found
            fault, detail = _framing_fault(stretch, at, header, found)
        place = stretch.place or (at, follows - at)
        kind = _delivered_kind(window, header) if header else None
        if header and kind:
            yield _capture(window, _Found(header, kind, place, fault, detail), limits)
        elif fault:
            yield _damage(place, fault, detail)
        at = follows


def _following(stretch: _Stretch, at: int) -> int | None:
    """Return where reading goes on behind a record that ends at `at`; None when its length must be wrong.

    The format wants two line ends and the next record. Other numbers of line ends are let pass before a record; where
    there are the right two, what comes next may be anything: then it is that which is damaged.
    """
    if at > stretch.window.size:
        return None
    behind = stretch.window.read(at, 64)
    follows = at + len(behind) - len(behind.lstrip(b"\r\n"))
    if follows == stretch.window.size:
        return follows if stretch.ends_well else None
    if stretch.window.read(follows, len(_VERSION)) == _VERSION:
        return follows
    return at + 4 if stretch.ends_well and behind.startswith(b"\r\n\r\n") else None


def _framing_fault(stretch: _Stretch, at: int, header: _Header | None, found: int | None) -> tuple[str, str]:
    size = stretch.window.size
    if found is None and not stretch.ends_well:
        return stretch.cut_fault, stretch.evidence
    behind = size if found is None else found
    if header is None:
        open_end = not stretch.place and found is None and size - at < http.MAX_HEAD_BYTES
        cut = open_end and stretch.window.read(at, len(_VERSION)) == _VERSION
        return TRUNCATED_RECORD if cut else BAD_WARC_HEADER, f"no valid WARC header in {behind - at} bytes"
    detail = f"WARC Content-Length {header.end - header.begin}, but {behind - header.begin} bytes follow the header"
    return stretch.cut_fault if found is None and header.end > size else WRONG_WARC_LENGTH, detail


def _is_plain(source: BinaryIO) -> bool:
    source.seek(0)
    head = source.read(http.MAX_HEAD_BYTES)
    return head.startswith(_VERSION) or (not head.startswith(gzip.MAGIC) and b"\n" + _VERSION in head)


def _read_header(window: gzip.Window, at: int) -> _Header | None:
    """Parse the WARC header at `at`; None without a version line, type or length in its first 64 KiB."""
    opening = window.read(at, http.MAX_HEAD_BYTES)
    ends = http.head_end(opening) if opening.startswith(_VERSION) else None
    fields = http.parse_fields(opening[: ends[0]]) if ends else None
    if not ends or not fields:
        return None
    by_name = dict(reversed(fields))
    length = http.parse_length(by_name.get("content-length"))
    if length is None or "warc-type" not in by_name:
        return None
    return _Header(by_name, at + ends[1], at + ends[1] + length)


def _next_record(window: gzip.Window, at: int, stop: int) -> int | None:
    """Return the first line in ``at:stop`` that opens a record with a valid header."""
    at = max(at - 1, 0)
    while (line_end := window.find(b"\n" + _VERSION, at, stop - 1)) is not None:
        if _read_header(window, line_end + 1):
            return line_end + 1
        at = line_end + 1
    return None


def _sync_record(window: gzip.Window, at: int, stop: int) -> int:
    """Return the first record in ``at:stop`` that is the file's own, or `stop`."""

    def end_of(begin: int) -> int | None:
        header = _read_header(window, begin)
        return _following(_Stretch(window), header.end) if header else None

    while (found := _next_record(window, at, stop)) is not None:
        if not _is_covered(found, partial(_next_record, window), end_of):
            return found
        at = found + 1
    return stop


# Gzip members


def _members(window: gzip.Window, at: int, stop: int, limits: Limits) -> Iterator[Capture]:
    most, begun = limits.max_record_bytes + http.MAX_HEAD_BYTES, False
    # As for plain records, damage without a header belongs to the range of the member before it.
    while at < stop or (begun and at < window.size and not gzip.opens_with(window, at, _VERSION)):
        begun = True
        member = gzip.inflate(window, at, most)
        if member and member[0].startswith(_VERSION):
            data, end = member
            inner = gzip.Window(io.BytesIO(data), len(data))
            yield from _records(_Stretch(inner, (at, end - at), WRONG_WARC_LENGTH), 0, len(data), limits)
        else:
            end = yield from _odd_member(window, at, limits)
        at = end


def _odd_member(window: gzip.Window, at: int, limits: Limits) -> Generator[Capture, None, int]:
    """Read a member that is damaged, cut, too large to hold or no WARC; return where the next one begins."""
    extent = gzip.extent(window, at)
    readable = extent.size > 0 and gzip.opens_with(window, at, _VERSION)
    fault, ends_well, end = WRONG_WARC_LENGTH, True, extent.end
    if extent.how != "whole" or not readable:
        ends_well, end = False, _next_member(window, at + 1, window.size)
        cut = extent.how == "cut" and end == window.size
        fault = TRUNCATED_RECORD if cut else BAD_WARC_HEADER if extent.how == "whole" else BAD_GZIP_MEMBER
    why = extent.why or ("the file ends inside the member" if extent.how == "cut" else "no WARC record")
    detail = "" if ends_well else f"{why}; {end - at} bytes gave {extent.size}"
    if readable:
        inner = gzip.Window(gzip.Inflated(partial(gzip.pieces, window, at, extent.fragile)), extent.size)
        yield from _records(_Stretch(inner, (at, end - at), fault, ends_well, detail), 0, extent.size, limits)
    else:
        yield _damage((at, end - at), fault, detail)
    return end


def _next_member(window: gzip.Window, at: int, stop: int) -> int:
    """Return the first member in ``at:stop`` that opens one of the file's own records, or `stop`."""
    end_of = partial(gzip.member_end, window)
    while (found := window.find(gzip.MAGIC, at, stop)) is not None:
        if gzip.opens_with(window, found, _VERSION) and (
            _chain_holds(window, found) or not _is_covered(found, partial(window.find, gzip.MAGIC), end_of)
        ):
            return found
        at = found + 1
    return stop


def _chain_holds(window: gzip.Window, at: int) -> bool:
    """Whether whole members follow one another from `at` for longer than deflate can store bytes verbatim."""
    goal = min(at + _STORED_BLOCK, window.size)
    while at < goal:
        end = gzip.member_end(window, at)
        if end is None:
            return False
        at = end
    return True


def _is_covered(at: int, opening: Callable[[int, int], int | None], end_of: Callable[[int], int | None]) -> bool:
    """Whether `at` lies inside a sound record (or member) that begins up to 16 MiB before: an archive in an archive."""
    before = max(0, at - _LOOK_BACK)
    while (begin := opening(before, at)) is not None:
        end = end_of(begin)
        if end is not None and end > at:
            return True
        before = begin + 1 if end is None else end
    return False


# Captures


def _delivered_kind(window: gzip.Window, header: _Header) -> Kind | None:
    kind = _KINDS.get(header.fields["warc-type"].strip().lower())
    if kind == "response" and "application/http" not in header.fields.get("content-type", "").lower():
        return kind if window.read(header.begin, 5) == b"HTTP/" else None
    return kind


def _capture(window: gzip.Window, found: _Found, limits: Limits) -> Capture:
    header, kind, fault, detail = found.header, found.kind, found.fault, found.detail
    fields, size = header.fields, header.end - header.begin
    url = fields.get("warc-target-uri", "").strip().removeprefix("<").removesuffix(">")
    if fault is None and not url:
        fault, detail = BAD_WARC_HEADER, "no WARC-Target-URI"
    if fault is None and size > limits.max_record_bytes:
        fault, detail = http.BODY_TOO_LARGE, f"a record of {size} bytes is more than {limits.max_record_bytes}"
    block = window.read(header.begin, size if fault is None else min(size, http.MAX_HEAD_BYTES))
    head = None if kind == "conversion" else http.read_head(block)
    content = http.Body(b"", False, fault, detail)
    if fault is None:
        content = _content(kind, head, block, limits.max_body_bytes)
    return Capture(
        kind=kind,
        record_id=fields.get("warc-record-id", "").strip() or None,
        offset=found.place[0],
        length=found.place[1],
        url=url,
        date_us=_microseconds(fields.get("warc-date", "")),
        status=head.status if head else None,
        headers=head.fields if head else (),
        body=content.data,
        truncated=content.truncated or "warc-truncated" in fields,
        fault=content.fault,
        detail=content.detail,
        language=fields.get("warc-identified-content-language") if kind == "conversion" else None,
    )


def _content(kind: Kind, head: http.Head | None, block: bytes, most: int) -> http.Body:
    if kind == "revisit":
        return http.Body(b"")
    if kind == "conversion":
        too_large = http.Body(b"", False, http.BODY_TOO_LARGE, f"{len(block)} bytes are more than {most}")
        return http.Body(block) if len(block) <= most else too_large
    if head is None:
        return http.Body(b"", False, http.BAD_HTTP, f"no HTTP head in {len(block)} bytes, they begin {block[:40]!r}")
    return http.read_body(head, block, most)


def _microseconds(date: str) -> int | None:
    try:
        moment = datetime.fromisoformat(date.strip())
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _damage(place: tuple[int, int], fault: str, detail: str) -> Capture:
    return Capture("damage", None, *place, "", None, None, (), b"", False, fault, detail, None)
