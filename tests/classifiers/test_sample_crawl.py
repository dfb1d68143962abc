"""The sample crawl that ships: it reads, it may be copied, it exercises every stage, and its truth is right."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastwarc import ArchiveIterator, WarcRecordType

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "data" / "sample_crawl"
FILES = ("sample-2026-10-00000.warc.gz", "sample-2026-10-plain.warc", "sample-2026-14-00000.warc.gz")
PERMISSIVE = {
    *("apache2-doc", "cmake-doc", "libboost1.81-doc", "llvm-15-doc", "lua5.1-doc", "lua5.2-doc", "nodejs-doc", "made-up"),
    *("postgresql-doc-15", "python-sympy-doc", "python3.11-doc", "rust-doc", "sqlite3-doc"),
}


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    with gzip.open(FOLDER / "truth.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def record_at(row: dict[str, Any]) -> bytes:
    with (FOLDER / row["file"]).open("rb") as file:
        file.seek(row["offset"])
        data: bytes = file.read(row["length"])
    return data


def test_every_record_reads_where_the_truth_says_it_is(truth: list[dict[str, Any]]) -> None:
    """Each row of the truth points at one whole record of its id and address; only the damaged one does not inflate."""
    failed = []
    for row in truth:
        try:
            record = next(ArchiveIterator(BytesIO(record_at(row)), parse_http=False))
            body = record.reader.read()
        except OSError:
            failed.append(row["reason"])
            continue
        assert record.record_id == row["record_id"]
        assert record.headers["WARC-Target-URI"] == row["url"]
        assert len(body) == record.content_length
    assert failed == ["bad_gzip_member"]


def test_files_hold_nothing_but_the_records_of_the_truth(truth: list[dict[str, Any]]) -> None:
    """A file is its warcinfo record and then the records of the truth, without gap."""
    for name in FILES:
        rows = [row for row in truth if row["file"] == name]
        head = (FOLDER / name).read_bytes()[: rows[0]["offset"]]
        assert [r.record_type for r in ArchiveIterator(BytesIO(head), parse_http=False)] == [WarcRecordType.warcinfo]
        ends = [rows[0]["offset"], *(row["offset"] + row["length"] for row in rows)]
        assert [row["offset"] for row in rows] == ends[:-1]
        assert ends[-1] == (FOLDER / name).stat().st_size


def test_only_what_may_be_copied_is_copied(truth: list[dict[str, Any]]) -> None:
    """Sources are permissive ones, quoted benchmarks are under MIT, and NOTICE names each package, version and licence."""
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for row in truth:
        assert row["source"] in PERMISSIVE
        assert row.get("benchmark") in {None, "gsm8k", "humaneval", "svamp", "bbh", "cruxeval"}
        if row["source"] != "made-up":
            line = next(ln for ln in notice.splitlines() if ln.startswith(f"  {row['source']} {row['source_version']}"))
            assert line.split("  ")[-1].strip() == row["licence"]


def test_size() -> None:
    """The sample is small enough to lie in the repository."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 700_000


@pytest.mark.parametrize(
    ("reason", "least"),
    [
        *(("http_status", 5), ("not_html", 3), ("json", 3), ("binary", 5), ("optout", 4), ("js_only", 4), ("empty", 2)),
        *(("revisit", 1), ("dup_url", 10), ("superseded_capture", 5), ("dup_doc_exact", 15), ("near_dup", 5)),
        *(("contaminated", 10), ("spam", 10), ("adult", 5), ("gibberish", 5), ("log", 5), ("lorem_ipsum", 3), ("mojibake", 2)),
        *(("number_table", 3), ("keyword_stuffed", 3), ("navigation_only", 3), ("soft404", 5), ("login_wall", 4)),
        *(("cookie_wall", 4), ("short", 5), ("pii_masked", 5), ("zip_bomb", 1), ("nesting", 1), ("bad_gzip_member", 1)),
    ],
)
def test_every_stage_finds_something(truth: list[dict[str, Any]], reason: str, least: int) -> None:
    """For each thing that a stage has to find, there are enough records."""
    assert sum(row["reason"] == reason for row in truth) >= least


def test_kept_documents_of_every_class(truth: list[dict[str, Any]]) -> None:
    """Mathematics, code, prose and languages other than English all have documents to keep."""
    kept = [row for row in truth if row["expect"] == "keep"]
    categories = Counter(row["category"] for row in kept if row["lang"] == "en")
    assert categories["math"] >= 3
    assert categories["code"] >= 15
    assert categories["manual"] >= 15
    languages = Counter(row["lang"] for row in kept)
    assert len(languages) >= 7
    assert sum(languages.values()) - languages["en"] >= 20


def test_survivors_of_duplicates_are_there(truth: list[dict[str, Any]]) -> None:
    """The record that outlives a duplicate is in the sample, and following it ends at one that is no duplicate."""
    rows = {row["record_id"]: row for row in truth}
    for row in truth:
        seen = [row["record_id"]]
        while "dup_of" in row:
            row = rows[row["dup_of"]]
            assert row["record_id"] not in seen
            seen.append(row["record_id"])
        assert len(seen) == 1 or row["expect"] in {"keep", "either"}


def test_template_lines_repeat(truth: list[dict[str, Any]]) -> None:
    """Some made-up sites have more than six pages that survive deduplication, so that their frame repeats often enough."""
    past = [r for r in truth if r["expect"] in {"keep", "either"} or r["reason"] == "contaminated"]
    pages = Counter(row.get("template") for row in past)
    assert sum(count > 6 for site, count in pages.items() if site) >= 3


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "benchmarks" / "make_sample_crawl.py"
    return subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)


def test_the_script_makes_the_same_bytes(tmp_path: Path) -> None:
    """Made again from the full test crawl, the sample is what ships, byte for byte."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA is not set: the full test crawl is not here")
    assert make("--data", data, "--out", str(tmp_path)).returncode == 0
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {p.name: p.read_bytes() for p in FOLDER.iterdir()}


def test_a_missing_crawl_is_one_line(tmp_path: Path) -> None:
    """Without the test crawl the script names the file it looked for and fails."""
    done = make("--data", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "truth.jsonl.gz is not there" in done.stderr
