"""Pages are decoded as their bytes say; labels help where bytes are silent, and lie often."""

import codecs
import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.charset import codec_of, decode, meta_label

RUSSIAN = "Это довольно длинный русский текст, в котором достаточно букв, чтобы узнать кодировку страницы."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy, a přesto nikdo v celém městě nevěděl, co to znamená."
JAPANESE = "これは文字コードの判定を試すために書いた、少し長めの日本語の文章です。"


@pytest.mark.parametrize(
    ("text", "codec"),
    [(RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (CZECH, "cp1250"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"),
     (JAPANESE, "iso2022_jp"), (JAPANESE, "utf-8"), (CZECH, "utf-16"), (CZECH, "utf-16-le"), (CZECH, "utf-8-sig")],
)  # fmt: skip
@pytest.mark.parametrize("label", [None, "iso-8859-1", "utf-8", "utf-7", "nonsense", ""])
def test_labels_that_lie_or_lack(text, codec, label):
    """Whatever the header says, the text is the one that was written."""
    body = f"<html><body><p>{text}</p></body></html>".encode(codec)
    assert text in decode(body, label)[0]


def test_valid_utf8_beats_its_label():
    """A page that is valid UTF-8 is UTF-8, though header and meta say otherwise."""
    body = '<meta charset="windows-1251"><p>naïve café – déjà vu</p>'.encode()
    assert decode(body, "shift_jis") == (body.decode(), "utf-8")


def test_label_decides_where_detection_cannot():
    """Of a few letters no detector knows the language; a label that fits is taken."""
    assert decode("Größe".encode("cp1252"), "iso-8859-1")[0] == "Größe"
    assert decode(b'<meta charset="iso-8859-7"><p>' + "ώρα".encode("iso8859-7"))[0].endswith("ώρα")


def test_damaged_utf8_stays_utf8():
    """One broken sequence among thousands is marked, and costs no more than itself."""
    body = (JAPANESE * 100).encode() + b"\xff" + JAPANESE.encode()
    text, codec = decode(body, "utf-8")
    assert codec == "utf-8"
    assert text.count("\ufffd") == 1


@pytest.mark.parametrize("label", ["utf-7", "unicode-escape", "idna", "base64", "rot13", "hz-gb-2312", "x" * 5000, None, ""])
def test_python_codecs_are_no_labels(label):
    """Only names of the WHATWG table are looked up."""
    assert codec_of(label) is None


def test_meta_label():
    """The declaration is found late, in any form, and not in a comment."""
    assert meta_label(b"<!-- <meta charset=koi8-r> -->" + b" " * 2000 + b'<meta charset="gbk">') == "gbk"
    assert meta_label(b'<meta http-equiv=x content="text/html; charset=euc-jp">') == "euc-jp"
    assert meta_label(b'<?xml version="1.0" encoding="iso-8859-2"?>') == "iso-8859-2"
    assert meta_label(b"<p>charset=gbk</p>") is None


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["gbk", "latin1", "big5"])))
def test_any_bytes_decode(body, label):
    """There is always a text, and always the name of a codec that exists."""
    text, codec = decode(body, label)
    assert isinstance(text, str)
    codecs.lookup(codec)


def test_pages_of_the_crawl():
    """Of the crawl's 194 recoded pages at least 193 decode exactly; the other is windows-1258 without any hint of it."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA is not set")
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    folder = Path(data) / "warc"
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for line in lines if (row := json.loads(line)).get("true_charset") and row["kind"][0] == "charset"]
    right = 0
    for row in rows:
        with (folder / row["file"]).open("rb") as file:
            file.seek(row["offset"])
            record = next(iter(ArchiveIterator(file, record_types=WarcRecordType.response, auto_decode="all")))
            label = (record.http_headers.get("Content-Type") or "").lower().partition("charset=")[2] or None
            body = record.reader.read()
        right += decode(body, label)[0].lstrip("\ufeff") == body.decode(row["true_charset"], "replace").lstrip("\ufeff")
    assert len(rows) == 194
    assert right >= 193
