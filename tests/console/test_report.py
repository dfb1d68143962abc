"""The report is one safe file that says what the tables say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import conftest
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.reporting import amount, build_report, number, share, visible
from jobs.reporting import svg as drawing
from jobs.reporting.data import BINS, Histogram, gather
from jobs.store import Run

VOID = {"meta", "link", "img", "br", "hr", "input", "rect", "line"}


class Page(HTMLParser):
    """Collects tags, text and ids, and checks that what is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def html(tiny: Run) -> str:
    """The tiny run's report."""
    return build_report(tiny, 3)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    """The same, parsed."""
    return Page(html)


def test_the_page_is_well_formed_with_landmarks_and_one_title(page: Page) -> None:
    """Everything is closed, ids are unique, headings do not skip a level, and the page says its language."""
    assert page.open == []
    names = [tag for tag, _ in page.tags]
    assert [names.count(n) for n in ("html", "header", "nav", "main", "footer", "h1")] == [1] * 6
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    levels = [int(n[1]) for n in names if re.fullmatch(r"h[1-6]", n)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert next(a for t, a in page.tags if t == "html")["lang"] == "en"
    targets = {str(a["href"])[1:] for t, a in page.tags if t == "a"}
    assert targets <= set(ids)


def test_nothing_is_loaded_run_or_linked_outside(html: str, page: Page) -> None:
    """No script, no image, no handler, no address but fragments of the page itself; a policy forbids the rest."""
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "link", "object", "embed", "form", "base"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "action", "srcset", "style")], tag
        assert str(attributes.get("href", "#")).startswith("#")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "default-src 'none'" in html


def test_hostile_documents_are_shown_as_what_they_are(html: str, page: Page) -> None:
    """Markup of a page, its URL and its evidence is text; control characters and direction overrides do not get through."""
    text = "".join(page.text)
    assert "</p><script>alert('owned')</script>" in text
    assert conftest.HOSTILE_URL in text
    assert "<b>ft_quality</b>" in text
    assert "{{ 7 * 7 }}" in text
    assert not re.search("[\x00-\x08\x1b\u202e]", html)


def test_the_accounts_are_those_of_the_stages(tiny: Run, page: Page) -> None:
    """Each stage with what came in and what became of it, and its reasons; all balance."""
    found = gather(tiny, 1)
    for account in found.accounts:
        handed, left = conftest.reaching(account.stage), conftest.surviving(account.stage)
        assert (account.came_in, account.kept) == (len(handed), len(left))
        assert account.balanced
    text = " ".join("".join(page.text).split())
    assert text.count("balances") == len(conftest.STAGES)
    for *_, decision in conftest.RECORDS:
        assert decision is None or decision[2] in text


def test_figures_classes_languages_and_hosts_add_up(tiny: Run) -> None:
    """What the sections say follows from the records by counting."""
    found = gather(tiny, 3)
    kept = conftest.surviving("report")
    assert found.headline["records"] == len(conftest.RECORDS)
    assert found.headline["kept"] == len(kept)
    tokens = {n: conftest.about(n)["tokens"] * conftest.about(n)["copies"] for n in kept}
    assert found.headline["sampled_tokens"] == sum(tokens.values())
    shares = {c.name: c for c in found.classes}
    assert shares["math"].got == pytest.approx(tokens[4] / sum(tokens.values()))
    assert shares["math"].wanted == 0.25
    assert {row["lang"]: (row["extracted"], row["kept"]) for row in found.languages} == {"en": (9, 3), "ar": (1, 1)}
    assert found.hosts[0] == {"host": "spam.example", "records": 2, "lost": 2, "most": "clean: little_left"}
    assert [(f["file"], f["records"]) for f in found.files] == [("crawl/a.warc.gz", 6), ("crawl/b.warc.gz", 6)]


def test_samples_show_text_evidence_and_winner(tiny: Run) -> None:
    """Kept documents by class, lost ones by stage and reason, in the order of the stages; no text where none was extracted."""
    found = gather(tiny, 3)
    assert set(found.kept) == {"general", "math", "code", "multilingual"}
    assert list(found.lost) == sorted(found.lost, key=lambda k: (conftest.STAGES.index(k[0]), k[1]))
    near = found.lost["documents", "near"][0]
    assert near.winner == "https://news.example/story?id=1"
    assert near.excerpt == conftest.text_of(2)[:600]
    assert near.cut
    assert found.lost["extract", "optout.meta"][0].excerpt is None
    assert found.lost["filter", "gopher.n_words"][0].evidence == {"gopher.n_words": "n_words 12 < 50"}
    assert gather(tiny, 0).lost == {}


def test_the_same_tables_give_the_same_page(tiny: Run, html: str) -> None:
    """No time of the day, no order of a hash table."""
    assert build_report(tiny, 3) == html


def test_what_should_worry_is_an_alarm(tmp_path: Path) -> None:
    """A stage that loses most documents, one that does not balance, a class without tokens, a stage that is missing."""
    run = conftest.build_run(tmp_path / "run", published=conftest.STAGES[:-2])
    tables = conftest.rows_of("urls")
    tables["accounts"] = [
        {"stage": "urls", "outcome": outcome, "reason": reason, "documents": n}
        for outcome, reason, n in (("in", "", 10), ("kept", "", 2), ("dropped", "superseded", 7))
    ]
    conftest.write_stage(run, "urls", tables)
    alarms = "\n".join(gather(run, 0).alarms)
    assert "mix has not been published" in alarms
    assert "urls has lost 70 % of its 10 documents; most of them: superseded" in alarms
    assert "urls: the accounts do not balance" in alarms
    assert "documents: the accounts do not balance" in alarms
    text = " ".join("".join(Page(build_report(run, 1)).text).split())
    assert "1 unaccounted for" in text
    assert "handed 2" in text


def test_a_class_without_tokens_is_an_alarm(tiny: Run) -> None:
    """Code has a document, but no copy of it."""
    assert gather(tiny, 0).alarms == ("Class code has no tokens in the mixture; its share should be 17 %.",)


def test_a_run_that_has_only_begun_still_has_a_report(tmp_path: Path) -> None:
    """Sections without tables say so."""
    run = conftest.build_run(tmp_path / "run", published=("extract",))
    text = "".join(Page(build_report(run, 2)).text)
    assert "There is no mixture yet." in text
    assert "No scores have been computed." in text


counts = st.lists(st.integers(0, 10**7), min_size=BINS, max_size=BINS).map(tuple)


@settings(max_examples=50, deadline=None)
@given(counts, counts, st.floats(-5, 5), st.floats(0.1, 10))
def test_histograms_stay_inside_their_frame(kept: tuple[int, ...], lost: tuple[int, ...], low: float, width: float) -> None:
    """Whatever the counts, bars lie within the axis and a bin with a document is visible."""
    drawn = str(drawing.histogram(Histogram("s", "a score", low, low + width, kept, lost)))
    assert Page(drawn).open == []
    boxes = [tuple(map(float, b)) for b in re.findall(r'y="([\d.-]+)" width="[\d.]+" height="([\d.]+)"', drawn)]
    assert len(boxes) == sum(n > 0 for n in kept + lost)
    assert all(height >= 1 and y >= 0 and y + height <= 96.2 for y, height in boxes)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["kept", "dropped"]), st.floats(0, 1e9)), max_size=5), st.text())
def test_bars_are_well_formed_whatever_they_are_called(parts: list[tuple[str, float]], title: str) -> None:
    """A title is escaped, and a whole of nothing draws nothing."""
    assert Page(str(drawing.bar(parts, sum(v for _, v in parts), visible(title)))).open == []
    assert "<rect" not in drawing.bar(parts, 0, "empty")


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (number(1234567.0), "1\u202f234\u202f567"),
        (number(None), "–"),
        (share(1, 8), "12.5\u202f%"),
        (share(1, 0), "–"),
        (share(1, 7824), "<0.1\u202f%"),
        (share(0, 5), "0.0\u202f%"),
        (amount(90.04, "s"), "90.0 s"),
        (amount(600, "s"), "10.0 min"),
        (amount(2.5e9, "bytes"), "2.5 GB"),
        (amount(12, "bytes"), "12 B"),
        (amount(3, ""), "3"),
        (amount(None, "s"), "–"),
    ],
)
def test_numbers_are_written_for_people(shown: str, text: str) -> None:
    """Units step up, thousands are set apart, nothing is a dash."""
    assert shown == text
