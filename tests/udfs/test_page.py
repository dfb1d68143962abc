"""What extraction decides about a capture, in which order, and what it says."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from udfs.blocklist import BlockList, seed_folder
from udfs.fasttext import load
from udfs.html import HtmlSettings
from udfs.page import PageSettings, judge, judge_text
from udfs.warc import Capture

LID = Path(os.environ.get("WOOLMILL_LID", Path(__file__).resolve().parents[2] / "classifiers/models/lid.176.ftz"))
PAGE = (
    "<html lang=en><head><title>Wool</title>{head}</head><body><article><h1>Wool</h1><p>Wool is the textile fibre "
    "obtained from sheep and other mammals, and it has been spun and woven for thousands of years.</p></article></body></html>"
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    listed = tmp_path_factory.mktemp("lists") / "gambling.domains"
    listed.write_text("casino.example.com\n")
    if not LID.is_file():
        pytest.skip("the language model is not there: run `make models`")
    blocklist = BlockList.load([str(listed), str(Path(seed_folder()) / "adult.substrings.txt")])
    return PageSettings(frozenset({200}), True, False, False, HtmlSettings(), blocklist, load(str(LID)))


WHOLE = PAGE.format(head="")


def capture(body=WHOLE, **changes):
    given = {
        "kind": "response",
        "record_id": "<urn:uuid:1>",
        "offset": 0,
        "length": 1,
        "url": "https://example.org/wool",
        "date_us": 0,
        "status": 200,
        "headers": (("content-type", "text/html; charset=utf-8"),),
        "body": body.encode() if isinstance(body, str) else body,
        "truncated": False,
        "fault": None,
        "detail": "",
        "language": None,
    }
    return Capture(**(given | changes))


def with_head(head):
    return capture(PAGE.format(head=head))


@pytest.mark.parametrize(
    ("given", "action", "reason"),
    [
        (capture(), "keep", ""),
        (capture(fault="bad_gzip_member", detail="x"), "quarantine", "bad_gzip_member"),
        (capture(kind="revisit"), "drop", "revisit"),
        (capture(status=404), "drop", "http_status"),
        (capture(status=None), "drop", "http_status"),
        (capture(url="https://best.casino.example.com/"), "drop", "blocklist.gambling"),
        (capture(headers=(("x-robots-tag", "noai"),)), "drop", "optout"),
        (capture(b"\x89PNG\r\n\x1a\n" + b"\0" * 50), "drop", "not_html"),
        (capture('{"a": 1, "b": [1, 2, 3]}'), "drop", "not_html"),
        (capture(""), "drop", "empty"),
        (capture("Wool is a textile fibre obtained from sheep and other mammals, spun and woven for ages."), "keep", ""),
        (capture("User-agent: *\nDisallow: /", headers=(("content-type", "text/plain"),)), "drop", "not_html"),
        (with_head("<meta name=robots content='noai, noimageai'>"), "drop", "optout"),
        (with_head("<meta name=tdm-reservation content=1>"), "drop", "optout"),
        (with_head("<meta name=robots content=noindex>"), "keep", ""),
        (capture("<div>" * 5000 + "text" + "</div>" * 5000), "keep", ""),
        (capture("<p>" + "x " * 5_000_000), "quarantine", "too_large"),
        (capture("<html><body><script>render()</script></body></html>"), "drop", "script_only"),
    ],
)
def test_each_case_has_its_reason(settings, given, action, reason):
    """One capture a reason."""
    verdict = judge(given, settings)
    assert (verdict.action, verdict.reason) == (action, reason)


def test_what_is_hopeless_is_never_parsed(settings, monkeypatch):
    """Damage, other statuses, listed addresses, header opt-outs and non-HTML are decided without the page reader."""
    monkeypatch.setattr("udfs.page.extract", lambda *a, **k: pytest.fail("the page was read"))
    for given in (capture(fault="x"), capture(status=500), capture(url="https://casino.example.com/"), capture(b"%PDF-1.7")):
        assert judge(given, settings).action != "keep"


def test_a_kept_page_has_text_language_and_marks(settings):
    """The document carries its language and the wishes that were noted, not followed."""
    verdict = judge(with_head("<meta name=robots content=noindex>"), settings)
    assert verdict.document.lang == "en"
    assert "textile fibre" in verdict.document.text
    assert [reason for reason, _ in verdict.marks] == ["noindex"]


def test_a_substring_of_the_address_is_marked(settings):
    """Evidence names list and substring; the page stays, whether it is HTML or plain text."""
    url = "https://essexcamping.example/"
    assert judge(capture(url=url), settings).marks == (("url_substring.adult", "adult.substrings.txt: sexcam"),)
    text = "Wool is the textile fibre obtained from sheep. It has been spun for thousands of years."
    assert judge_text(text, None, url, settings).marks == (("url_substring.adult", "adult.substrings.txt: sexcam"),)
    assert judge_text(text, None, "https://example.org/", settings).marks == ()


def test_the_header_speaks_before_the_page(settings):
    """Where both reserve a page and reservations are only noted, the header is the evidence."""
    lenient = replace(settings, drop_optouts=False)
    both = replace(
        with_head("<meta name=robots content=noai>"), headers=(("content-type", "text/html"), ("tdm-reservation", "1"))
    )
    assert judge(both, lenient).marks == (("optout", "tdm-reservation: 1"),)
    assert judge(with_head("<meta name=robots content=noai>"), lenient).marks == (("optout", "robots: noai"),)


def test_an_opted_out_capture_still_competes_for_its_url(settings):
    """Its URL key counts, because older captures of the page go with it."""
    assert judge(capture(headers=(("x-robots-tag", "noai"),)), settings).opted_out
    assert not judge(capture(status=404), settings).opted_out


def test_a_foreign_canonical_is_not_believed(settings):
    """rel=canonical counts on the same host only."""
    believing = PageSettings(settings.statuses, True, False, True, settings.html, settings.blocklist, settings.language)
    for href, address in (
        ("https://example.org/other", "https://example.org/other"),
        ("https://evil.example/x", "https://example.org/wool"),
    ):
        verdict = judge(with_head(f"<link rel=canonical href='{href}'>"), believing)
        assert verdict.document.address == address


def test_texts_go_the_same_way(settings):
    """A text that is no page is cleaned, given a language, or dropped when it is empty."""
    text = "Wool is the textile fibre obtained from sheep.\r\nIt has been spun for thousands of years."
    assert "\r" not in judge_text(text, None, "", settings).document.text
    assert judge_text(text, "de", "", settings).document.lang == "de"
    assert judge_text("  ", None, "", settings).reason == "empty"
    assert judge_text(text, None, "https://casino.example.com/", settings).reason == "blocklist.gambling"
