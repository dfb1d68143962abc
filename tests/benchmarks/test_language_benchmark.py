"""The tables of languages count what they say they count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.languages import Named, Page, identify_report, interval, keep_report, paragraphs
from udfs.spans import Span

GERMAN = "Dieser Absatz ist lang genug, dass er gezählt wird, und steht auf einer deutschen Seite."
ENGLISH = "This paragraph is long enough to be counted, and it stands on an English page as well."
HINDI = "यह अनुच्छेद इतना लंबा है कि इसे गिना जाए और यह हिंदी के एक पृष्ठ पर है जो आधा अंग्रेज़ी में है।"


def page(text: str, lang: str, spans: tuple[Span, ...] = (), **more: Any) -> tuple[str, tuple[Span, ...], dict[str, Any]]:
    """A page with its truth."""
    return text, spans, {"lang": lang, "lang_declared": lang, "expect_alone": "keep"} | more


def test_paragraphs_of_known_languages() -> None:
    """What stands on an English page, too, is not taken for German; code, short lines and half-English pages don't count."""
    pages = [
        page(f"{GERMAN}\n{ENGLISH}\nkurz", "de", en_share=0.1),
        page(ENGLISH, "en"),
        page(GERMAN.replace("Absatz", "Satz"), "de", en_share=0.5),
        page(GERMAN.replace("Absatz", "Text"), "de", spans=(Span(0, len(GERMAN), "code"),), en_share=0.0),
        page(f"{HINDI}\n{ENGLISH.replace('paragraph', 'line')}", "hi", en_share=0.6),
        page(GERMAN.replace("Absatz", "Müll"), "de", en_share=0.0, expect_alone="drop"),
    ]
    found = {(one.text, one.language) for one in paragraphs(pages)}
    assert found == {(ENGLISH, "en"), (GERMAN, "de"), (HINDI, "hi")}


def test_scores() -> None:
    """Precision, recall and F1 follow from the counts, and a macro-F1 below what is asked is missed."""
    named = Named({("de", "de", 0): 8, ("de", "en", 0): 2, ("en", "en", 0): 10, ("fr", "fr", 1): 4, ("en", "fr", 1): 4})
    assert named.of("de") == (10, 1.0, 0.8, pytest.approx(16 / 18))
    assert named.of("fr") == (4, 0.5, 1.0, pytest.approx(8 / 12))
    assert named.of("it") == (0, 0.0, 0.0, 0.0)
    assert named.wrong("de") == [("en", 2)]
    table, missed = identify_report(named)
    assert missed == [f"macro-F1 is {(16 / 18 + 8 / 12) / 2:.4f}"]
    assert "| de / en | 2 |" in table


def made(language: str, kept: int, lost: int) -> Iterator[Page]:
    """Pages of a language, each a translation of another."""
    for i in range(kept + lost):
        yield Page(language, f"p{i}", "" if i < kept else "rule", duplicate=False, short=False)


def test_keep_rates_against_the_same_pages() -> None:
    """A language is held against the English pages of its own ids; duplicates are in neither rate."""
    pages = [*made("en", 30, 10), *made("de", 27, 3), Page("de", "p0", "near_duplicate", duplicate=True, short=False)]
    table, missed = keep_report(pages, "Pages")
    assert "| de | 30 | 1 | 90.0 % | 74-97 | 100.0 % of 30 | -10.0 | rule 3 |" in table
    assert missed == []
    _, missed = keep_report([*made("en", 30, 10), *made("de", 26, 4)], "Pages")
    assert missed == ["Pages: de is 13.3 points below English"]


def test_few_english_pages_are_no_measure() -> None:
    """With fewer than twenty English pages of the same ids all of them are the measure."""
    table, _ = keep_report([*made("en", 30, 10), *made("de", 5, 0)], "Pages")
    assert "75.0 % of 40 (all)" in table


@pytest.mark.parametrize(("kept", "n", "low", "high"), [(0, 0, 0, 100), (10, 10, 72, 100), (0, 10, 0, 28), (50, 100, 40, 60)])
def test_interval(kept: int, n: int, low: float, high: float) -> None:
    """Wilson's interval at some known points."""
    assert interval(kept, n) == (pytest.approx(low, abs=0.5), pytest.approx(high, abs=0.5))
