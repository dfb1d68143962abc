"""Examples from files of one's own: listed pages against random ones, and labels with their texts."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifiers.sources import SourceError, labelled, referenced, rows

Row = dict[str, Any]


def page(site: int, number: int) -> Row:
    url = f"https://site{site}.org/page/{number}"
    return {"id": f"{site}-{number}", "url": url, "text": f"Page {number} of site {site}.", "language": "en"}


PAGES = [page(site, number) for site in range(6) for number in range(10)]


def written(path: Path, lines: list[Row]) -> Path:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(lines), path)
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def urls(tmp_path: Path) -> Path:
    """A list that names the first eight pages of two sites, in other spellings, and one page that is nowhere."""
    lines = (
        ["# references", ""] + [f"HTTPS://SITE{s}.org:443/page/{n}#part" for s in (0, 1) for n in range(8)] + ["https://no.org/"]
    )
    path = tmp_path / "urls.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["texts.jsonl", "texts.jsonl.gz", "texts.parquet"])
def test_listed_pages_against_random_ones(name: str, urls: Path, tmp_path: Path) -> None:
    """Listed pages are positives in whatever spelling; both classes are capped by domain, and the order of the file is nothing."""
    found = referenced(written(tmp_path / name, PAGES), urls, per_domain=5)
    assert Counter((one.label, one.group) for one in found if one.label == "yes") == {
        ("yes", "site0.org"): 5,
        ("yes", "site1.org"): 5,
    }
    negatives = Counter(one.group for one in found if one.label == "no")
    assert sum(negatives.values()) == 10
    assert max(negatives.values()) <= 5
    assert all(one.language == "en" and one.text.startswith("Page") for one in found)
    assert found == referenced(written(tmp_path / f"turned-{name}", PAGES[::-1]), urls, per_domain=5)


def test_a_folder_is_read_whole(urls: Path, tmp_path: Path) -> None:
    """All files of a folder are read, but those that begin with an underscore."""
    folder = tmp_path / "stage"
    folder.mkdir()
    written(folder / "a.jsonl", PAGES[:30])
    written(folder / "b.parquet", PAGES[30:])
    (folder / "_SUCCESS").write_text("x", encoding="utf-8")
    assert len(list(rows(folder))) == 60
    assert referenced(folder, urls) == referenced(written(tmp_path / "all.jsonl", PAGES), urls)


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        (PAGES[20:], r"of 40 pages none of the 17 URLs of .*urls\.txt is among them"),
        (PAGES[:8], "of 8 pages all are among the URLs"),
    ],
)
def test_one_side_alone_is_an_error(pages: list[Row], said: str, urls: Path, tmp_path: Path) -> None:
    """Without listed pages, or without others, there is nothing to tell apart."""
    with pytest.raises(SourceError, match=said):
        referenced(written(tmp_path / "texts.jsonl", pages), urls)


@pytest.mark.parametrize("texts", [None, "texts.jsonl", "texts.parquet"])
def test_labels_with_texts_or_beside_them(texts: str | None, tmp_path: Path) -> None:
    """Labels are words, truths or scores; what is between teaches neither; texts are in the file or found by id or URL."""
    lines: list[Row] = [
        {"id": "0-0", "label": "high"},
        {"id": "0-1", "label": True},
        {"url": PAGES[12]["url"], "score": 3},
        {"id": "2-3", "score": 0.5},
        {"id": "3-3", "label": "low"},
        {"id": "4-4", "label": "mid"},
        {"id": "4-5", "score": 2},
        {"id": "5-1", "label": 5, "status": "ok"},
        {"id": "5-2", "status": "refused", "label": None},
    ]
    if texts is None:
        known = {one["id"]: one for one in PAGES} | {one["url"]: one for one in PAGES}
        lines = [known[line.get("id") or line["url"]] | line for line in lines]
    found = labelled(written(tmp_path / "labels.jsonl", lines), written(tmp_path / texts, PAGES) if texts else None)
    assert [(one.label, one.group) for one in found] == [
        ("yes", "site0.org"),
        ("yes", "site0.org"),
        ("yes", "site1.org"),
        ("no", "site2.org"),
        ("no", "site3.org"),
        ("yes", "site5.org"),
    ]
    assert [one.text for one in found][2] == "Page 2 of site 1."


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"id": "a", "text": "x", "label": "high"}] * 3, "needs labels of two classes, all 3 that are clear are 'yes'"),
        ([{"id": "a", "text": "x", "label": "mid"}], "none is clear"),
        ([{"id": "a", "text": "x"}], "a has neither label nor score"),
        ([{"id": "a", "label": True}, {"id": "b", "label": False}], "there is no text for a; give the texts"),
        ([{"label": 5}, {"text": "x", "label": 0}], "neither id nor url"),
        (["x"], "line 1 is no JSON object"),
    ],
)
def test_labels_that_cannot_be_trained_on(lines: list[Any], said: str, tmp_path: Path) -> None:
    """One class only, no label, no text: each is one line that names the file."""
    with pytest.raises(SourceError, match=rf"labels\.jsonl.*{said}"):
        labelled(written(tmp_path / "labels.jsonl", lines))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """A line that is no JSON, a Parquet file that is none, and an empty folder are named."""
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n{', encoding="utf-8")
    with pytest.raises(SourceError, match=r"bad\.jsonl, line 2 is no JSON"):
        list(rows(tmp_path / "bad.jsonl"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match=r"bad\.parquet is no Parquet file"):
        list(rows(tmp_path / "bad.parquet"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no files"):
        list(rows(tmp_path / "empty"))


def test_ids_of_tables_are_hexadecimal_in_labels(tmp_path: Path) -> None:
    """The tables hold ids as bytes, labels as text: they meet."""
    pq.write_table(
        pa.table({"id": [b"\xab\x01", b"\xab\x02"], "url": ["https://a.org/", "https://b.org/"], "text": ["A.", "B."]}),
        tmp_path / "t.parquet",
    )
    labels = written(tmp_path / "labels.jsonl", [{"id": "ab01", "label": 4}, {"id": "ab02", "label": 0}])
    assert [(one.text, one.label, one.group) for one in labelled(labels, tmp_path / "t.parquet")] == [
        ("A.", "yes", "a.org"),
        ("B.", "no", "b.org"),
    ]
