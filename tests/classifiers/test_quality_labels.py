"""The pages labelled for quality are in the data folder, keep their splits apart, and are as many as their README says."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from classifiers.labelled import Key, Row
from classifiers.quality import pages
from udfs.urls import registered_domain

DATA = pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="the labelled pages are read from WOOLMILL_DATA")
FIELDS = {"source", "id", "kind", "extraction", "score", "label", "flags", "sure", "split"}
KINDS = {"article", "service", "listing", "product", "collection", "forum", "documentation", "web", "crawl"}
MOST_OF_A_DOMAIN = 3


def readme() -> str:
    """Return the text that documents the labels."""
    return resources.files(pages.__package__).joinpath("README.md").read_text(encoding="utf-8")


@cache
def found() -> dict[Key, pages.Page]:
    """Return every labelled page that the data folder has, without extracting it."""
    wanted: dict[Key, Row] = {(row["source"], row["id"]): row for row in pages.labels()}
    return dict(pages.find(Path(os.environ["WOOLMILL_DATA"]), wanted))


def test_rows_have_allowed_values() -> None:
    """Each row has all fields, with values that are allowed, a label that follows from its score, and a key of its own."""
    rows = pages.labels()
    for row in rows:
        assert set(row) == FIELDS
        assert row["source"] in {*pages.FILES, pages.WARC}
        assert row["kind"] in KINDS
        assert (row["kind"] == "crawl") == (row["source"] == pages.WARC)
        assert row["extraction"] in ("main", "whole")
        assert row["score"] in range(6)
        assert row["label"] == pages.label_of(row["score"])
        assert set(row["flags"]) <= pages.FLAGS
        assert row["flags"] == sorted(row["flags"])
        assert row["sure"] in (True, False)
        assert row["split"] in ("exam", "train")
    assert len({(row["source"], row["id"]) for row in rows}) == len(rows)


def test_every_flag_is_in_the_guidelines() -> None:
    """The guidelines name each flag that a row may have."""
    text = resources.files(pages.__package__).joinpath("guidelines.md").read_text(encoding="utf-8")
    assert {flag for flag in pages.FLAGS if f"`{flag}`" in text} == pages.FLAGS


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("all", lambda row: True),
        ("`extraction_train`", lambda row: row["source"] == "extraction_train"),
        ("`extraction_pages`", lambda row: row["source"] == "extraction_pages"),
        ("`warc`", lambda row: row["source"] == "warc"),
        ("`wcxb-dev`", lambda row: row["source"] == "wcxb-dev"),
        ("`fundus`, `scrapinghub`", lambda row: row["source"] in ("fundus", "scrapinghub")),
        ("`whole`", lambda row: row["extraction"] == "whole"),
        ("sure", lambda row: row["sure"]),
    ],
)
def test_counts_are_those_of_the_readme(name: str, chosen: object) -> None:
    """The table of the README gives the numbers of the file."""
    assert callable(chosen)
    counts = Counter((row["split"], row["label"]) for row in pages.labels() if chosen(row))
    told = [counts[split, label] for split in ("exam", "train") for label in ("high", "mid", "low")]
    assert f"| {name} | {' | '.join(map(str, told))} |" in readme()


def test_there_is_enough_to_examine() -> None:
    """There are 300 pages and more, among them 100 low ones in either split that are no spam, and 40 at the border of high."""
    rows = pages.labels()
    assert len(rows) == int(re.findall(r"^(\d+) pages", readme(), re.MULTILINE)[0]) >= 300
    low = Counter(row["split"] for row in rows if row["label"] == "low" and "spam" not in row["flags"])
    assert min(low["exam"], low["train"]) >= 100
    assert sum(row["score"] in (2, 3) and not row["sure"] for row in rows) >= 40


@pytest.mark.parametrize("domain", ["", "python.org", "xn--bcher-kva.example", "\ud800", "a" * 10_000])
def test_every_domain_has_one_split(domain: str) -> None:
    """Any string is on one side, always the same."""
    assert pages.split_of(domain) in ("exam", "train")
    assert pages.split_of(domain) == pages.split_of(domain)


@DATA
def test_every_label_has_its_page() -> None:
    """All labelled pages are in the data folder, with an address."""
    assert found().keys() == {(row["source"], row["id"]) for row in pages.labels()}
    assert all(page.url and page.body for page in found().values())


@DATA
def test_no_domain_is_in_both_splits() -> None:
    """A page is in the split of its registered domain, so none is in both; no domain has more than three pages."""
    splits: dict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for row in pages.labels():
        domain = registered_domain(found()[row["source"], row["id"]].url)
        assert row["split"] == pages.split_of(domain)
        splits[domain].add(row["split"])
        counts[domain] += 1
    assert all(len(split) == 1 for split in splits.values())
    assert max(counts.values()) <= MOST_OF_A_DOMAIN
    domains = Counter(next(iter(split)) for split in splits.values())
    assert f"{domains['exam']} domains in the exam, {domains['train']} in training" in readme()


@DATA
def test_pages_are_extracted_as_they_were_read() -> None:
    """The main content of a page is within all of its text, roughly; a few pages of each source are read by both ways."""
    by_source: dict[str, list[pages.Page]] = defaultdict(list)
    for (source, _), page in sorted(found().items(), key=lambda item: item[0]):
        by_source[source].append(page)
    assert by_source.keys() == {*pages.FILES, pages.WARC}
    for some in by_source.values():
        for page in some[:2]:
            main, whole = (set(pages.text_of(page, kind).split()) for kind in ("main", "whole"))
            assert len(main) > 5
            assert len(main - whole) <= 0.1 * len(main)


@DATA
def test_reading_gives_labels_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages come in the order of the labels, with address, domain, text and language; one that is not there is an error."""
    data = Path(os.environ["WOOLMILL_DATA"])
    some = [row for row in pages.labels("exam") if row["source"] == "fundus"][:3]
    monkeypatch.setattr(pages, "labels", lambda split=None: tuple(some))
    monkeypatch.setattr(pages, "find", lambda data, wanted: [(key, found()[key]) for key in wanted if key in found()])
    read = pages.read(data, "exam")
    assert [page.row for page in read] == some
    assert all(page.domain == registered_domain(page.url) and len(page.text) > 200 and page.language for page in read)
    some.append(some[0] | {"id": "no such page"})
    with pytest.raises(LookupError, match="1 labelled pages are not in"):
        pages.read(data, "exam")
