"""The pages of classes and languages are safe files that link to each other and say what the tables say."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_run import Lot, build

from jobs.reporting import breakable, build_pages, build_report, figure
from jobs.reporting import svg as drawing
from jobs.store import Run

VOID = {"meta", "wbr", "rect", "line"}
HOSTILE = "</p><script>alert('owned')</script>\x1b[2J\x00\u202e & {{ 7 * 7 }}"
RIGHT_TO_LEFT = "الحمل الزائد"
LONG = "w" * 400

LOTS = (
    Lot(60, "en", "general"),
    Lot(5, "en", "general", "filter", "gopher.word_count.low"),
    Lot(90, "de"),
    Lot(85, "fr", "code"),
    Lot(40, "th"),
    Lot(52, "th", "multilingual", "filter", "gopher.stop_words.low"),
    Lot(2, "ar", text=RIGHT_TO_LEFT, url=f"https://site.example/{LONG}"),
    Lot(1, '"><script>', "mul<b>ti", "filter", "<i>odd", text=HOSTILE, url='https://evil.example/"><img src=x onerror=alert(1)>'),
    Lot(1, "../../up", "multilingual"),
    Lot(1, None, "multilingual"),
)


class Page(HTMLParser):
    """Collects tags, text and ids, and checks that what is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

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

    @property
    def words(self) -> str:
        """All text, with single blanks."""
        return " ".join("".join(self.text).split())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of the lots above."""
    return build(tmp_path_factory.mktemp("runs") / "small", LOTS)


@pytest.fixture(scope="module")
def files(run: Run) -> dict[str, str]:
    """All its files."""
    return build_pages(run, 3)


@pytest.fixture(scope="module")
def pages(files: dict[str, str]) -> dict[str, Page]:
    """Its pages, parsed."""
    return {name: Page(text) for name, text in files.items() if name.endswith(".html")}


def test_every_group_with_documents_has_a_page_under_a_plain_name(files: dict[str, str]) -> None:
    """Codes name their files; what is no code is hashed, and never a path."""
    assert set(files) >= {"report.html", "overview.html", "overview.json", "class-code.html", "class-general.html"}
    assert set(files) >= {f"language-{code}.html" for code in ("en", "de", "fr", "th", "ar", "und")}
    assert "class-math.html" not in files
    assert all(re.fullmatch(r"[a-z0-9-]+\.(html|json)", name) for name in files)
    assert len([name for name in files if name.startswith("language-x-")]) == 2
    assert len([name for name in files if name.startswith("class-x-")]) == 1


def test_pages_are_well_formed_and_their_links_lead_somewhere(files: dict[str, str], pages: dict[str, Page]) -> None:
    """Ids are unique, fragments are on the page, files are among those written, headings do not skip a level."""
    for name, page in pages.items():
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids)), name
        for target in (str(a["href"]) for tag, a in page.tags if tag == "a"):
            assert target[1:] in ids if target.startswith("#") else target in files, (name, target)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert all(b - a <= 1 for a, b in pairwise(levels)), name
        assert [tag for tag, _ in page.tags].count("h1") == 1
    linked = {str(a["href"]) for tag, a in pages["overview.html"].tags if tag == "a"}
    assert {name for name in files if name.startswith(("class-", "language-"))} <= linked
    assert "overview.html" in {a.get("href") for tag, a in pages["report.html"].tags if tag == "a"}


def test_nothing_is_loaded_or_run_and_hostile_text_is_text(files: dict[str, str], pages: dict[str, Page]) -> None:
    """Names, reasons, addresses and texts of documents are shown as what they are."""
    for name, page in pages.items():
        assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "link", "object", "i", "b"}, name
        assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on") or a in ("src", "style")], name
        assert not re.search("[\x00-\x08\x1b\u202e]", files[name]), name
        assert "default-src 'none'" in files[name]
    (odd,) = (page for name, page in pages.items() if name.startswith("language-x-") and "evil.example" in page.words)
    assert "</p><script>alert('owned')</script>" in odd.words
    assert "{{ 7 * 7 }}" in odd.words
    assert "<i>odd" in odd.words


def test_the_warning_stands_on_top_and_on_the_languages_page(pages: dict[str, Page]) -> None:
    """With its numbers, its costliest reason and the rule; the report names the language among its alarms."""
    line = "th loses 56.5\u202f% of 92 documents at the stage filter".replace("\u202f", " ")
    for name in ("overview.html", "language-th.html"):
        assert line in pages[name].words, name
        assert "gopher.stop_words.low, which takes 56.5 %" in pages[name].words
        assert "more than 10 points above the median" in pages[name].words
    assert "loses 56.5" not in pages["language-de.html"].words
    assert "1 language loses more than the others: th." in pages["report.html"].words
    assert "too few to compare" in pages["language-ar.html"].words
    assert "too short to tell" in pages["language-und.html"].words


def test_samples_name_their_command_and_their_direction(pages: dict[str, Page]) -> None:
    """Each document comes with the command that explains it; its text finds its own direction, its address is left to right."""
    page = pages["language-ar.html"]
    assert re.search(r"woolmill explain small [0-9a-f]{32}", page.words)
    assert RIGHT_TO_LEFT in page.words
    texts = [a for tag, a in page.tags if "excerpt" in str(a.get("class"))]
    assert {a["dir"] for a in texts} == {"auto"}
    assert {a["dir"] for tag, a in page.tags if a.get("class") == "url"} == {"ltr"}


def test_the_figures_for_machines_are_those_of_the_pages(files: dict[str, str]) -> None:
    """Counts, funnels, outliers and the rule; no texts."""
    told = json.loads(files["overview.json"])
    thai = next(g for g in told["languages"] if g["name"] == "th")
    assert (thai["documents"], thai["kept"]) == (92, 40)
    assert thai["funnel"]["whole"]["lost"] == 52
    assert [(o["name"], o["step"]["stage"], o["worst"]["reason"]) for o in told["outliers"]] == [
        ("th", "filter", "gopher.stop_words.low")
    ]
    assert told["rule"] == {"least": 50, "peers": 2, "points": 0.1, "standard_errors": 2.0}
    assert "owned" not in files["overview.json"]


def test_equal_tables_give_equal_files(run: Run, files: dict[str, str]) -> None:
    """Byte for byte."""
    assert build_pages(run, 3) == files


def test_the_report_alone_links_to_no_other_file(run: Run) -> None:
    """Whoever asks for one file gets one that is whole."""
    page = Page(build_report(run, 1))
    assert all(str(a["href"]).startswith("#") for tag, a in page.tags if tag == "a")


@pytest.mark.parametrize("published", [("extract",), ("extract", "urls", "documents", "clean", "route"), ()])
def test_an_unfinished_run_has_pages_too(tmp_path: Path, published: tuple[str, ...]) -> None:
    """What is not there is left out."""
    run = build(tmp_path / "run", LOTS, published=published or ("report",))
    files = build_pages(run, 2)
    assert ("language-de.html" in files) is bool(published)
    for name, text in files.items():
        if name.endswith(".html"):
            Page(text)


def test_without_samples_no_document_is_shown(run: Run) -> None:
    """A report that must hold no text holds none."""
    files = build_pages(run, 0)
    assert "None are shown." in Page(files["language-th.html"]).words
    assert RIGHT_TO_LEFT not in "".join(files.values())


shares = st.lists(st.tuples(st.text(max_size=5), st.floats(0, 1)), max_size=400, unique_by=lambda group: group[0])


@settings(max_examples=40, deadline=None)
@given(shares, st.text(max_size=30), st.floats(0, 1))
@example([(str(n), 0.5) for n in range(300)], "299", 0.5)
def test_strips_stay_inside_their_frame(groups: list[tuple[str, float]], name: str, share: float) -> None:
    """Four hundred languages or none: every dot lies within the drawing, above the axis, and one is marked."""
    strip = drawing.Strip.of(groups)
    drawn = str(strip.draw(name, share))
    page = Page(drawn)
    dots = [a for tag, a in page.tags if tag == "circle"]
    assert len(dots) == len(groups) + 1
    assert sum("marked" in str(a["class"]) for a in dots) == 1
    for a in dots:
        x, y, r = (float(str(a[key])) for key in ("cx", "cy", "r"))
        assert r <= x <= 420 - r
        assert 20 <= y - r <= y + r <= 112


@pytest.mark.parametrize(("share", "anchor"), [(0.0, "start"), (0.5, "middle"), (1.0, "end")])
def test_labels_of_a_strip_grow_inwards(share: float, anchor: str) -> None:
    """At either end of the axis a label begins or ends at its dot; no other is put there."""
    drawn = drawing.Strip.of([("en", 0.4)]).draw("a-long-name", share)
    assert f'text-anchor="{anchor}">a-long-name' in drawn


def test_boxes_hold_their_quantiles() -> None:
    """From the least to the greatest value of either, box and line within the frame."""
    drawn = str(drawing.spread((-2.0, 0.0, 1.0, 5.0, 18.0), (0.0, 0.1, 0.2, 0.3, 0.4), "a & b"))
    spans = [(float(x), float(w)) for x, w in re.findall(r'x="([\d.]+)" y="\d" width="([\d.]+)"', drawn)]
    assert len(spans) == 4
    assert spans[0] == (0.0, 1000.0)
    assert spans[1] == (100.0, 250.0)
    assert all(x >= 0 and x + w <= 1000 for x, w in spans)
    assert "a &amp; b" in drawn


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (figure(0.0), "0.000"),
        (figure(0.0004), "<0.001"),
        (figure(0.87654), "0.877"),
        (figure(11.0304), "11.03"),
        (figure(-0.5), "-0.500"),
        (breakable("a.b_c"), "a.<wbr>b_<wbr>c"),
        (breakable("<i>\x00"), "&lt;i&gt;\ufffd"),
    ],
)
def test_scores_and_codes_are_written_for_people(shown: str, text: str) -> None:
    """Three decimals; what is there is never zero; codes may be broken after their dots."""
    assert shown == text
