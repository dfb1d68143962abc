"""HTTP responses as a crawler stored them: the head parsed, the body taken out of its chunks and content codings.

Nothing a server says is trusted: lengths are wrong, codings are named that were never applied, and bodies inflate without
end. What the bytes are is found by looking at them; the header only says where looking is worth it (RFC 9110, 9112).
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import brotli
from fastwarc.warc import HeaderMap

BAD_HTTP: Final = "bad_http"
BAD_CONTENT_ENCODING: Final = "bad_content_encoding"
BODY_TOO_LARGE: Final = "body_too_large"

MAX_HEAD_BYTES: Final = 64 * 2**10

Fields = tuple[tuple[str, str], ...]

_STATUS_LINE: Final = re.compile(rb"(?:HTTP/[\d.]+|ICY)[ \t]+(\d{3})(?!\d)")
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")
_MAX_CHUNK_LINE: Final = 1024
_NOT_TEXT: Final = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_GZIP: Final = b"\x1f\x8b"
_STEP: Final = 16 * 2**10
_MAX_CODINGS: Final = 4
_NO_CODING: Final = frozenset({"", "identity", "none"})


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields of a response, names in lower case, and where its body begins in the block."""

    status: int
    fields: Fields
    end: int


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body; `truncated` when its end is missing; empty with a `fault` and its evidence when it is unusable."""

    data: bytes
    truncated: bool = False
    fault: str | None = None
    detail: str = ""


class _TooLargeError(Exception):
    pass


class _UndecodableError(Exception):
    pass


def head_end(data: bytes) -> tuple[int, int] | None:
    """Return where the header block that opens `data` ends and where its body begins; None when it has no end."""
    first = data.find(b"\n")
    marks = (b"\r\n\r\n", b"\n\n") if data[max(first - 1, 0) : first] == b"\r" else (b"\n\n", b"\r\n\r\n")
    for mark in marks:
        end = data.find(mark)
        if end >= 0:
            return end, end + len(mark)
    return None


def parse_fields(head: bytes) -> Fields | None:
    """Parse a header block without its blank line, status or version line first, with FastWARC.

    Values are decoded as UTF-8, else Latin-1; folded lines are joined. None when FastWARC refuses the block.
    """
    if b"\r\n" not in head:
        head = head.replace(b"\n", b"\r\n")
    fields = HeaderMap()
    try:
        fields.parse(io.BytesIO(head + b"\r\n\r\n"))
        return tuple((_text(name).lower(), _text(value)) for name, value in fields.items_bytes() if name)
    except (OSError, ValueError):
        return None
    except BaseException as panic:
        # A panic in FastWARC's Rust code is no Exception, and its class cannot be imported.
        if type(panic).__name__ != "PanicException":
            raise
        return None


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def first(fields: Fields, name: str) -> str | None:
    """Return the value of the first field of that (lower-case) name."""
    return next((value for key, value in fields if key == name), None)


def parse_length(value: str | None) -> int | None:
    """Return a Content-Length as a number; None for anything but up to 18 ASCII digits."""
    value = (value or "").strip()
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 18 else None


def read_head(block: bytes) -> Head | None:
    """Parse the head of a response; None when the block opens with no status line or the head does not end in 64 KiB.

    A block that is nothing but a head without its blank line is a response without a body.
    """
    opening = block[:MAX_HEAD_BYTES]
    status = _STATUS_LINE.match(opening)
    ends = head_end(opening) or ((len(block), len(block)) if len(block) < MAX_HEAD_BYTES else None)
    if status is None or ends is None:
        return None
    fields = parse_fields(opening[: ends[0]])
    return None if fields is None else Head(int(status[1]), fields, ends[1])


def read_body(head: Head, block: bytes, max_bytes: int) -> Body:
    """Decode the body of a response.

    Chunks are joined where Transfer-Encoding names them and the body has them. Content codings (gzip, zlib, raw
    deflate, brotli) are undone where Content-Encoding names any: which ones, the bytes decide, so a coding that was
    never applied leaves the body as it is. A body or stream that stops early keeps what is there.

    Parameters
    ----------
    head : Head
        From `read_head` of the same block.
    block : bytes
        The whole response.
    max_bytes : int
        Largest decoded body; no coding is undone beyond it.
    """
    data = block[head.end :]
    transfer = (first(head.fields, "transfer-encoding") or "").lower()
    truncated = False
    if "chunked" in transfer:
        data, complete = _join_chunks(data)
        truncated = not complete
    elif head.status >= 200 and head.status not in (204, 304):
        truncated = (parse_length(first(head.fields, "content-length")) or 0) > len(data)
    wire_bytes = len(data)
    try:
        for coding in _codings(head.fields):
            data, complete = _undo(data, coding, max_bytes)
            truncated |= not complete
    except _TooLargeError:
        return Body(b"", False, BODY_TOO_LARGE, f"{wire_bytes} bytes decode to more than {max_bytes}")
    except _UndecodableError as error:
        return Body(b"", False, BAD_CONTENT_ENCODING, f"{wire_bytes} bytes: {error}")
    if len(data) > max_bytes:
        return Body(b"", False, BODY_TOO_LARGE, f"{len(data)} bytes are more than {max_bytes}")
    return Body(data, truncated)


def _codings(fields: Fields) -> Sequence[str]:
    """Return the codings that the header names, the last applied first."""
    named = ",".join(value for name, value in fields if name == "content-encoding").lower().split(",")
    return [coding for name in reversed(named) if (coding := name.strip()) not in _NO_CODING][:_MAX_CODINGS]


def _join_chunks(data: bytes) -> tuple[bytes, bool]:
    """Join chunks (RFC 9112, 7.1); what never was chunked stays as it is. The flag: whether the last chunk is there."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line_end = data.find(b"\n", at, at + _MAX_CHUNK_LINE)
        size = _CHUNK_SIZE.fullmatch(data[at : max(line_end, at)].partition(b";")[0].strip())
        if size is None:
            return (b"".join(pieces), False) if pieces else (data, True)
        length = int(size[0], 16)
        if length == 0:
            return b"".join(pieces), True
        pieces.append(data[line_end + 1 : line_end + 1 + length])
        at = line_end + 1 + length
        at += 2 if data.startswith(b"\r\n", at) else data.startswith(b"\n", at)


def _undo(data: bytes, coding: str, most: int) -> tuple[bytes, bool]:
    """Undo one coding if the bytes have one; the flag: whether the stream was complete."""
    if not data:
        return data, True
    if data.startswith(_GZIP):
        try:
            return _inflate(data, 31, most)
        except zlib.error as error:
            raise _UndecodableError(f"gzip, {error}") from None
    attempts = [15] if len(data) > 1 and data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0 else []
    attempts += [-15] if coding == "deflate" else []
    for window_bits in attempts:
        try:
            out, complete = _inflate(data, window_bits, most)
        except zlib.error:
            continue
        if complete or len(out) > len(data):
            return out, complete
    if coding == "br":
        try:
            return _unbrotli(data, most)
        except brotli.error:
            pass
    if coding not in ("gzip", "x-gzip") and _NOT_TEXT.search(data[:512]):
        raise _UndecodableError(f"neither plain text nor {coding[:40]!r}")
    return data, True


def _inflate(data: bytes, window_bits: int, most: int) -> tuple[bytes, bool]:
    out = bytearray()
    inflater = zlib.decompressobj(window_bits)
    at = 0
    while at < len(data):
        piece = data[at : at + _STEP]
        out += inflater.decompress(piece, most + 1 - len(out))
        if len(out) > most:
            raise _TooLargeError
        at += len(piece) - len(inflater.unused_data)
        if inflater.eof:
            if window_bits != 31 or not data.startswith(_GZIP, at):
                return bytes(out), True
            inflater = zlib.decompressobj(window_bits)
    return bytes(out), False


def _unbrotli(data: bytes, most: int) -> tuple[bytes, bool]:
    stream = brotli.Decompressor()
    out = stream.process(data, output_buffer_limit=most + 1)
    if len(out) > most:
        raise _TooLargeError
    if not stream.is_finished() and len(out) <= len(data):
        raise brotli.error("stops early")
    return out, stream.is_finished()
