"""Pages of a package become a WARC that the reader reads and a truth that names their translations."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.add_language_pages import PagesError, Source, main
from classifiers.registry import path_of
from udfs.fasttext import ModelMissing
from udfs.warc import read_warc

THAI = "คู่มือผู้ใช้นี้อธิบายการใช้งานทั่วไปของเดสก์ท็อป เนื้อหาจะครอบคลุมถึงเรื่องพาเนล เมนู การจัดการแฟ้ม และการปรับแต่งค่าต่าง ๆ ของระบบ"
ENGLISH = "This manual describes how the desktop is used, with its panels and menus, and how files are managed."


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with two pages in Thai, of which one has not been translated, in English, and one that is in English only."""
    try:
        path_of("lid.176")
    except ModelMissing as error:
        pytest.skip(str(error))
    texts = {"th/a": THAI, "th/b/c": ENGLISH, "C/a": ENGLISH, "C/b/c": ENGLISH, "C/d": ENGLISH}
    for name, text in texts.items():
        file = tmp_path / "help" / f"{name}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<html><body><h1>{name}</h1>{f'<p>{text}</p>' * 4}</body></html>", "utf-8")
    return tmp_path


def arguments(package: Path, languages: str = "th,C=en") -> list[str]:
    """What is given on the command line."""
    return [str(package / "out"), "--pages", f"{package}/help/{{lang}}/{{page}}.html", "https://x.org/{lang}/{page}", languages]


def test_pages(package: Path) -> None:
    """The translated page is taken with its original, and nothing else; equal pages give equal bytes."""
    assert main(arguments(package)) == 0
    out = package / "out"
    truth = [json.loads(line) for line in gzip.decompress((out / "truth.jsonl.gz").read_bytes()).decode().splitlines()]
    assert [(row["url"], row["lang"], row["parallel_id"]) for row in truth] == [
        ("https://x.org/C/a", "en", "https://x.org//a"),
        ("https://x.org/th/a", "th", "https://x.org//a"),
    ]
    assert [row.get("en_share") for row in truth] == [None, 0.0]
    first = (out / "pages.warc.gz").read_bytes()
    with (out / "pages.warc.gz").open("rb") as file:
        captures = list(read_warc(file))
    assert [one.url for one in captures] == [row["url"] for row in truth]
    assert [one.record_id for one in captures] == [row["record_id"] for row in truth]
    assert all(one.status == 200 and b"<h1>" in one.body for one in captures)
    assert main(arguments(package)) == 0
    assert (out / "pages.warc.gz").read_bytes() == first


@pytest.mark.parametrize(
    ("languages", "said"),
    [("th", "name the folder of the English pages"), ("xx,C=en", "no file"), ("th,D=en", "no file")],
)
def test_what_is_not_there(package: Path, languages: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A language without pages, or no English, ends with one line that says so."""
    assert main(arguments(package, languages)) == 2
    assert said in capsys.readouterr().err


def test_placeholders_are_needed() -> None:
    """A pattern or an address without both placeholders is refused."""
    with pytest.raises(PagesError, match="both have"):
        Source.of("help/{lang}/a.html", "https://x.org/{lang}/{page}", "th,en")
