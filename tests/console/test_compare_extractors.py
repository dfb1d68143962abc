"""Engines side by side on a small crawl: the sums, the agreement, the page of samples, the command."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from console import cli, compare, compare_page
from console.compare import ENGINES, CompareError, Page, Reading, f1, shingles
from udfs.html import PageRejected
from udfs.html.settings import Engine

PROSE = "The mill stood by the river for two hundred years, and nobody in the village could say who had built it first. "
HOSTILE = "</div><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} \x1b[2J \u202e turned"


def article(*paragraphs: str) -> str:
    """A page with a menu, an article and a footer."""
    body = "".join(f"<p>{p}</p>" for p in paragraphs)
    menu = "<nav><a href=/>Home</a></nav>"
    return f"<!DOCTYPE html><html><head><title>t</title></head><body>{menu}<article>{body}</article></body></html>"


def record(url: str, body: bytes, *, kind: str = "text/html; charset=utf-8", status: int = 200) -> bytes:
    """One response record as a gzip member."""
    http = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <{uuid.uuid5(uuid.NAMESPACE_URL, url).urn}>\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Date: 2026-03-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + http + b"\r\n\r\n")


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """Three pages, one of them hostile and one not UTF-8, among records that are no pages."""
    path = tmp_path / "small.warc.gz"
    path.write_bytes(
        record("https://a.example/1", article(PROSE * 3, PROSE * 2).encode())
        + record("https://a.example/picture", b"\x89PNG\r\n\x1a\n" + bytes(50), kind="image/png")
        + record("https://a.example/gone", article("Gone.").encode(), status=404)
        + record("https://b.example/2", article(PROSE * 2 + HOSTILE.replace("<", "&lt;"), PROSE).encode())
        + record("https://c.example/3", article("Ça coûte très peu. " * 20).encode("latin-1"), kind="text/html; charset=latin1")
    )
    return path


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command in this process: exit code, standard output, standard error."""
    code = cli.main(["compare-extractors", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_engines_are_those_of_the_one_list() -> None:
    """An engine that is added to `udfs.html.settings.Engine` is compared without a change here."""
    assert get_args(Engine) == ENGINES
    assert len(ENGINES) >= 2


def test_only_html_answers_are_pages(crawl: Path) -> None:
    """Other statuses and bodies are left out; the charset of the header comes along; the limit holds."""
    found = list(compare.pages([str(crawl)]))
    assert [(page.url, page.charset) for page in found] == [
        ("https://a.example/1", "utf-8"),
        ("https://b.example/2", "utf-8"),
        ("https://c.example/3", "latin1"),
    ]
    assert [page.url for page in compare.pages([str(crawl)], limit=1)] == ["https://a.example/1"]


def test_every_engine_reads_every_page(crawl: Path) -> None:
    """Words are those of the pages, in their charset; sums and pairs are complete."""
    found = compare.compare(compare.pages([str(crawl)]))
    assert found.pages == 3
    assert [one.engine for one in found.engines] == list(ENGINES)
    for one in found.engines:
        assert (one.pages, one.with_text, one.rejected, one.failed) == (3, 3, 0, 0)
        assert one.words >= 8 * len(PROSE.split()) + 20 * 4
        assert one.seconds > 0
    assert len(found.overlaps) == len(ENGINES) * (len(ENGINES) - 1) // 2
    assert all(0.5 < overlap.shingle_f1 <= 1 and overlap.pages == 3 for overlap in found.overlaps)


def fixed(texts: Sequence[str]) -> dict[Engine, Reading]:
    """Readings of the first engines, the last text for all others."""
    return {e: Reading(texts[min(i, len(texts) - 1)], 0.25) for i, e in enumerate(ENGINES)}


def test_sums_overlaps_and_samples_of_known_texts() -> None:
    """Two pages on which the engines differ, one on which they agree and one that is empty for all."""
    tally = compare._Tally(ENGINES[:2], 1)
    for url, texts in {
        "same": ("a b c d e", "a b c d e"),
        "half": ("a b c d e", "a b c d x"),
        "empty": ("", ""),
        "none": ("a b c d e", ""),
    }.items():
        tally.add(Page(None, url, b"", None), fixed(texts))
    found = tally.result()
    assert [(one.pages, one.with_text, one.words, one.seconds) for one in found.engines] == [(4, 3, 15, 1.0), (4, 2, 10, 1.0)]
    (overlap,) = found.overlaps
    assert overlap.pages == 3
    assert overlap.shingle_f1 == pytest.approx((1 + 0.5 + 0) / 3)
    assert overlap.equal == pytest.approx(1 / 3)
    assert [sample.url for sample in found.samples] == ["none"]


def test_samples_are_those_with_the_least_agreement_the_first_of_equals() -> None:
    """Ties go to the page that comes first in the crawl."""
    tally = compare._Tally(ENGINES[:2], 2)
    for url, right in (("x", "a b c d y"), ("y", "z"), ("z", "z"), ("w", "z")):
        tally.add(Page(None, url, b"", None), fixed(("a b c d e", right)))
    assert [sample.url for sample in tally.result().samples] == ["y", "z"]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_f1_is_symmetric_and_one_only_for_equal_shingles(left: list[str], right: list[str]) -> None:
    """It lies between 0 and 1."""
    a, b = shingles(left), shingles(right)
    assert f1(a, b) == f1(b, a)
    assert 0 <= f1(a, b) <= 1
    assert (f1(a, b) == 1) == (a == b)


@pytest.mark.parametrize(("raised", "fault"), [(PageRejected("nesting", "deep"), "rejected"), (IndexError("no"), "failed")])
def test_what_an_engine_raises_is_counted(raised: Exception, fault: str) -> None:
    """A page that is turned away is told from one on which the engine breaks."""

    def run(body: bytes, charset: str | None) -> str:
        raise raised

    reading = compare.read(run, Page(None, "u", b"", None))
    assert (reading.text, reading.fault) == ("", fault)


def test_lines_of_one_engine_alone_are_marked() -> None:
    """Bullets, white space and case make no difference."""
    sample = compare.Sample("u", 0.5, (("one", "Hello  World\nonly here\n\n• item"), ("two", "hello world\nitem")))
    first, second = compare_page.columns(sample)
    assert [(line.text, line.only) for line in first.lines] == [
        ("Hello  World", False),
        ("only here", True),
        ("", False),
        ("• item", False),
    ]
    assert not any(line.only for line in second.lines)


def test_long_texts_are_cut() -> None:
    """A sample shows the beginning and says that there is more."""
    sample = compare.Sample("u", 0.5, (("one", "x\n" * (compare_page.LINES + 1)), ("two", "y")))
    first, second = compare_page.columns(sample)
    assert (len(first.lines), first.cut, second.cut) == (compare_page.LINES, True, False)


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_of_samples_loads_and_runs_nothing(crawl: Path) -> None:
    """Texts of the crawl are escaped, nothing is fetched, and both colour schemes are there."""
    found = compare.compare(compare.pages([str(crawl)]))
    sample = compare.Sample("https://x.example/" + HOSTILE, 0.1, tuple((engine, HOSTILE) for engine in ENGINES))
    page = compare_page.render(compare.Comparison(found.pages, found.engines, found.overlaps, (sample,)), [HOSTILE])
    tags = Tags(page).found
    assert not {tag for tag, _ in tags} & {"script", "img", "link", "iframe", "a", "object", "form"}
    assert not any(name.startswith("on") or name in ("src", "href") for _, attributes in tags for name in attributes)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "url(" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7 * 7 }}" in page
    assert not re.search("[\x1b\u202e]", page)


def test_the_command_writes_a_table_and_a_page(crawl: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal has a row an engine and one a pair; the folder is made."""
    code, out, err = called(capsys, str(crawl), "--out", str(tmp_path / "a" / "b"))
    assert (code, err) == (0, "")
    assert "3 HTML pages" in out
    assert all(re.search(rf"^{engine} +3 +100.0%", out, re.MULTILINE) for engine in ENGINES)
    assert out.splitlines()[-1].endswith("index.html")
    page = (tmp_path / "a" / "b" / "index.html").read_text("utf-8")
    assert all(engine in page for engine in ENGINES)


def test_the_command_prints_json(crawl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers, the slowest engine at 1, and no text of the crawl."""
    code, out, _ = called(capsys, str(crawl), "--limit", "2", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["pages"] == 2
    assert min(one["times_the_slowest"] for one in found["engines"]) == 1
    assert len(found["overlaps"]) == len(ENGINES) * (len(ENGINES) - 1) // 2


def test_help_has_an_example() -> None:
    """Help says what the options do and begins its example with the command."""
    done = CliRunner().invoke(cli.app, ["compare-extractors", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0
    assert "Example: woolmill compare-extractors" in done.output
    assert all(option in done.output for option in ("--limit", "--out", "--samples", "--json"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "WARC"),
        (("{tmp}/none.warc.gz",), 2, "none.warc.gz"),
        (("{tmp}/empty.warc",), 1, "no HTML page"),
        (("{crawl}", "--limit", "0"), 2, "--limit"),
        (("{crawl}", "--out", "{crawl}"), 2, "small.warc.gz"),
    ],
)
def test_mistakes_are_one_line(
    words: tuple[str, ...], code: int, said: str, crawl: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong call is 2, a crawl without pages 1."""
    (tmp_path / "empty.warc").write_bytes(b"")
    seen, out, err = called(capsys, *(word.format(tmp=tmp_path, crawl=crawl) for word in words))
    assert (seen, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    if words and said != "--limit":
        assert len(err.strip().splitlines()) == 1


def test_nothing_to_compare_has_an_error_of_its_own() -> None:
    """It is said before any figure is made of no page."""
    with pytest.raises(CompareError, match="no HTML page"):
        compare.compare([])
