"""Pages are decoded as their bytes say; labels help where bytes are silent, and lie often."""

import codecs
import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.charset import REPAIRED, codec_of, decode, meta_label

RUSSIAN = "Это довольно длинный русский текст, в котором достаточно букв, чтобы узнать кодировку страницы."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy, a přesto nikdo v celém městě nevěděl, co to znamená."
KOREAN = "서울은 대한민국의 수도이자 최대 도시이다. 한강을 끼고 있으며 오래된 궁궐과 현대적인 건물이 함께 있다."
CHINESE = "北京是中华人民共和国的首都，也是全国的政治、文化中心。这座城市有三千多年的历史，人口超过两千万。"
TAIWANESE = "臺北是臺灣的首都，也是政治、經濟與文化的中心。這座城市有許多夜市與博物館，每年吸引大量旅客。"
ARABIC = "القاهرة هي عاصمة جمهورية مصر العربية وأكبر مدنها، وتقع على ضفاف نهر النيل في شمال البلاد."
HEBREW = "ירושלים היא עיר הבירה של מדינת ישראל והעיר הגדולה בה, ובה שוכנים מוסדות השלטון."
THAI = "กรุงเทพมหานครเป็นเมืองหลวงและนครที่มีประชากรมากที่สุดของประเทศไทย เป็นศูนย์กลางการปกครอง"
GREEK = "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας και η μεγαλύτερη πόλη της χώρας, με μακρά ιστορία."
HUNGARIAN = "Az árvíztűrő tükörfúrógép működése egyszerű, de a szövegben sok ékezetes betű fordul elő különösen."
FRENCH = "L’été dernier, nous avons visité un château près de la forêt – c’était très agréable « vraiment »."
JAPANESE = "これは文字コードの判定を試すために書いた、少し長めの日本語の文章です。"


@pytest.mark.parametrize(
    ("text", "codec"),
    [(RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (CZECH, "cp1250"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"),
     (JAPANESE, "iso2022_jp"), (JAPANESE, "utf-8"), (KOREAN, "euc-kr"), (CHINESE, "gbk"), (TAIWANESE, "big5"), (ARABIC, "cp1256"),
     (HEBREW, "cp1255"), (THAI, "cp874"), (GREEK, "cp1253"), (FRENCH, "cp1252"), (RUSSIAN, "cp866"), (JAPANESE, "utf-16-be"),
     (CZECH, "utf-16"), (CZECH, "utf-16-le"), (CZECH, "utf-8-sig")],
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


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (HUNGARIAN, "cp1250", "windows-1250"),
        (HUNGARIAN, "iso8859-2", "iso-8859-2"),
        (THAI, "cp874", "tis-620"),
        (CHINESE, "gb18030", "gb2312"),
        (JAPANESE, "cp932", "x-sjis"),
        (KOREAN, "cp949", "ks_c_5601-1987"),
    ],
)
def test_a_label_outlives_damage_and_an_unsure_detector(text, codec, label):
    """A cut last character, or one bad byte, does not make a rightly labelled page Western."""
    body = f"<html><body><p>{text}".encode(codec)
    assert decode(body, label)[0].endswith(text)
    assert decode(body[:-1], label)[0].rstrip("\ufffd").endswith(text[-20:-1])
    assert decode((body + b" ") * 4 + b"\xff", label)[0].count(text) == 4


def test_a_cut_text_is_still_detected():
    """Half a character at the end does not rule its encoding out."""
    body = f"<p>{CHINESE}".encode("gb18030")[:-1]
    assert decode(body, "utf-8") == (body.decode("gb18030", "replace"), "gb18030")


def test_latin_text_is_not_read_by_an_asian_label():
    """Accented letters between ASCII ones form valid Shift JIS and GBK pairs; the text still decides."""
    body = f"<p>{FRENCH}</p>".encode("cp1252")
    for label in ("shift_jis", "gbk", "windows-1251", "big5"):
        assert decode(body, label) == (f"<p>{FRENCH}</p>", "cp1252")


def test_every_byte_of_windows_1252_means_something():
    """Five bytes that Python's codec refuses are control characters, as the standard says."""
    body = "caf\xe9 d\xe9j\xe0 \x81\x8d\x8f\x90\x9d".encode("latin-1")
    assert decode(body, "latin1") == ("café déjà \x81\x8d\x8f\x90\x9d", "cp1252")


def twice(text: str) -> bytes:
    """Encode a text, take the bytes for windows-1252, and encode them again."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode()).encode()


@pytest.mark.parametrize("text", [RUSSIAN, CZECH, JAPANESE, FRENCH, "It’s the user’s “quoted” text — don’t ask", "😀 ©® ü 😀"])
def test_text_encoded_twice_is_read_twice(text):
    """All of it is read, what surrounds it stays, and the codec says that it was repaired."""
    assert decode(b"<p>a b</p>" + twice(text)) == ("<p>a b</p>" + text, REPAIRED)


@pytest.mark.parametrize(
    "text",
    [
        "The text â€™ appears as ’ and â€œ as “, Ã© is é, and â€” is — in such pages.",
        "voilà\xa0» et à\xa0«\xa0" * 20,
        "NÃO, ATENÇÃO: Â e Ã são letras.",
        "Größe, Straße\xad, Stoß\xad, Fuß\xad, Gruß\xad",
        "a Â© b",
        FRENCH * 3 + "Ã©" * 4,
        "Ð ÐÐ\x80ÐÐ",
    ],
)
def test_what_only_looks_encoded_twice_is_left(text):
    """Pages about the damage, letters before no-break spaces and soft hyphens, and single cases."""
    assert decode(text.encode()) == (text, "utf-8")


def test_written_replacement_characters_are_no_damage():
    """A page that says U+FFFD a hundred times, and has one bad byte, is UTF-8."""
    text, codec = decode("naïve \ufffd ".encode() * 100 + b"\xe9 ")
    assert (codec, text.count("\ufffd")) == ("utf-8", 101)


def test_damaged_utf8_stays_utf8():
    """One broken sequence among thousands is marked, and costs no more than itself."""
    body = (JAPANESE * 100).encode() + b"\xff" + JAPANESE.encode()
    text, codec = decode(body, "utf-8")
    assert codec == "utf-8"
    assert text.count("\ufffd") == 1
    assert decode("naïve café – déjà vu, ".encode() * 3 + b"\xe9t\xc3") == (
        "naïve café – déjà vu, " * 3 + "\ufffdt\ufffd",
        "utf-8",
    )


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
    assert meta_label(b" " * 4_096 + b"<meta charset=gbk>") is None
    assert decode(b'<meta charset="utf-16"><p>caf\xe9')[0].endswith("café")


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("latin1", "cp1252"), ("us-ascii", "cp1252"), ("iso-8859-9", "cp1254"), ("gb2312", "gb18030"), ("x-sjis", "cp932"),
        ("ks_c_5601-1987", "cp949"), ("Big5", "big5hkscs"), (" TIS-620 ", "cp874"), ("'koi8-r'", "koi8-r"), ("iso-2022-kr", None),
    ],
)  # fmt: skip
def test_labels_mean_what_the_standard_says(label, codec):
    """A name stands for the superset that browsers use."""
    assert codec_of(label) == codec


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
